/**
 * run.json: everything needed to repeat a run, and the SHA-256 of each of its files and of the
 * record itself. Writes it, reads it, and checks whether a folder still holds those files.
 */

import { FormatError, type LotteryError, NotFoundError, StorageError } from "../errors.ts";
import { isShallow } from "./json_depth.ts";
import { sha256Hex } from "../formats/digests/sha256.ts";
import type { Storage } from "../storage/storage.ts";

/** A record as it was read. */
export interface RunRecord extends Record<string, unknown> {
  /** SHA-256 of each file by its path in the run's folder. */
  files: Record<string, string>;
}

/** A fault of a file. */
export interface FileFault {
  path: string;
  /** Completes a sentence: "is missing". */
  fault: string;
}

/**
 * The fault of a file or folder that cannot be read: it is damaged, whatever the reason.
 *
 * @throws the error if it is none of storage, or the system and not the file is at fault
 */
export function unreadable(path: string, error: unknown): FileFault {
  if (!(error instanceof StorageError) || error.isOfSystem) throw error;
  if (error instanceof NotFoundError) return { path, fault: "is missing" };
  const { message } = error, colon = message.indexOf(`${path}: `);
  const why = colon < 0 ? message : message.slice(colon + path.length + 2);
  return { path, fault: `cannot be read (${why.replace(/;[^;]*$/, "")})` };
}

/** The error of whoever needs a run that is damaged. */
export function damageError({ path, fault }: FileFault): LotteryError {
  const next = "run the command that trained it again, which repairs it";
  const why = /^cannot be read \((.*)\)$/.exec(fault);
  return why
    ? new StorageError(`cannot read ${path}: ${why[1]}; ${next}`)
    : new FormatError(`${path} ${fault}: ${next}`);
}

/** No record is larger. */
export const MAX_RECORD_BYTES = 2 ** 24;
/** No file of a run is larger. */
const MAX_FILE_BYTES = 2 ** 32;

/** Reads a file of a run, whose content is not to be trusted. Throws as `Storage.read`. */
export async function readRunFile(storage: Storage, path: string): Promise<Uint8Array> {
  return await storage.read(path, { maxBytes: MAX_FILE_BYTES });
}

/** The record at a path, or what is wrong with it: that it cannot be read, too. */
export async function readRecordFile(storage: Storage, path: string): Promise<RunRecord | string> {
  try {
    return await decodeRecord(await storage.read(path, { maxBytes: MAX_RECORD_BYTES }));
  } catch (error) {
    return unreadable(path, error).fault;
  }
}

/** The fault of a record without the digests of its files. */
export const NO_CHECKSUMS = "has no checksums (an earlier version wrote it)";

/** The record's bytes; its last field is the digest of all before it. */
export async function encodeRecord(
  record: Record<string, unknown>,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Uint8Array> {
  const digests: Record<string, string> = {};
  for (const [path, bytes] of files) digests[path] = await sha256Hex(bytes);
  return await sealed({ ...record, files: digests });
}

/** The record in these bytes, or what is wrong with them. */
export async function decodeRecord(bytes: Uint8Array): Promise<RunRecord | string> {
  let record: unknown;
  try {
    record = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return bytes.length === 0 ? "is empty" : "is not JSON";
  }
  if (!isObject(record) || !isShallow(record)) return "is not a run's record";
  const { sha256, ...rest } = record;
  if (typeof sha256 !== "string" || !isObject(rest.files)) {
    return NO_CHECKSUMS;
  }
  const names = Object.keys(rest.files);
  if (names.some((path) => /^[/\\]|^[a-z]:|(^|[/\\])\.\.([/\\]|$)/i.test(path))) {
    return "names files outside of its folder";
  }
  if (names.some((path) => path === "" || /\p{Cc}/u.test(path))) {
    return "names files with control characters or without a name";
  }
  if (Object.values(rest.files).some((digest) => typeof digest !== "string")) {
    return "names files without their checksums";
  }
  // Written anew it must be the same to the byte: a changed blank counts too.
  const again = await sealed(rest);
  if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i])) {
    return "has changed since it was written";
  }
  return rest as RunRecord;
}

/** Compares the files of a folder with their digests. */
export async function compareFiles(
  storage: Storage,
  folder: string,
  files: Record<string, string>,
): Promise<FileFault[]> {
  const faults: FileFault[] = [];
  for (const [file, digest] of Object.entries(files)) {
    const path = within(folder, file);
    try {
      const bytes = await readRunFile(storage, path);
      if (await sha256Hex(bytes) === digest) continue;
      const fault = bytes.length === 0 ? "is empty" : "has changed since it was written";
      faults.push({ path, fault });
    } catch (error) {
      faults.push(unreadable(path, error));
    }
  }
  return faults;
}

/** The path of a file in a folder. */
export function within(folder: string, file: string): string {
  return folder === "" || folder.endsWith("/") ? folder + file : `${folder}/${file}`;
}

/** A text as bytes. */
export function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function sealed(record: Record<string, unknown>): Promise<Uint8Array> {
  const sha256 = await sha256Hex(encodeText(JSON.stringify(record)));
  return encodeText(JSON.stringify({ ...record, sha256 }, null, 2) + "\n");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
