/**
 * Takes a dataset's files out of the archive in which they are published. The archive is verified
 * by its MD5; a list of the files' SHA-256 stays beside them, by which they are verified from then
 * on.
 */

import { FormatError } from "../errors.ts";
import { gunzipChunks, maybeGunzip } from "../formats/gzip.ts";
import { md5Hex } from "../formats/digests/md5.ts";
import { sha256Hex } from "../formats/digests/sha256.ts";
import { readTar } from "../formats/tar.ts";
import type { Storage } from "../storage/storage.ts";
import type { ArchiveFile } from "./published.ts";

/** Where the files go. */
export interface ArchivePlace {
  storage: Storage;
  folder: string;
  /** Receives a line about each file moved aside. */
  onNotice?: (line: string) => void;
}

/** The list of digests, in the form of `sha256sum`. */
function listPath(folder: string, archive: ArchiveFile): string {
  return `${folder}/${archive.name}.sha256`;
}

/** Whether the folder holds every file as the archive did. */
export async function isUnpacked(
  { storage, folder }: ArchivePlace,
  archive: ArchiveFile,
): Promise<boolean> {
  const list = listPath(folder, archive);
  if (!await storage.exists(list)) return false;
  const lines = new Set(new TextDecoder().decode(await storage.read(list)).trim().split("\n"));
  for (const file of archive.files) {
    const path = `${folder}/${file}`;
    if (!await storage.exists(path)) return false;
    if (!lines.has(`${await sha256Hex(await storage.read(path))}  ${file}`)) return false;
  }
  return true;
}

/**
 * Writes the files of a verified archive; the last one last, so that an interrupted call leaves no
 * folder that seems whole. Files that are there already and differ are renamed to `<file>.wrong`.
 *
 * @param bytes the archive
 * @returns why it is not the archive; null if it is
 */
export async function unpackArchive(
  place: ArchivePlace,
  archive: ArchiveFile,
  bytes: Uint8Array,
): Promise<string | null> {
  const { name, md5, folder: inside, files, fileBytes } = archive;
  const digest = md5Hex(bytes);
  if (digest !== md5) return `${name}: content has MD5 ${digest} instead of ${md5}`;
  const paths = new Map(files.map((file) => [`${inside}/${file}`, fileBytes]));
  const lines: string[] = [], last = files.at(-1)!;
  let held: Uint8Array | null = null;
  try {
    for await (const entry of readTar(gunzipChunks(bytes, name), name, paths)) {
      const file = entry.name.slice(inside.length + 1);
      lines.push(`${await sha256Hex(entry.bytes)}  ${file}\n`);
      if (file === last) held = entry.bytes;
      else await put(place, file, entry.bytes);
    }
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  if (lines.length < files.length || held === null) {
    return `${name}: holds ${lines.length} of the ${files.length} files ${files.join(", ")}`;
  }
  await put(place, last, held);
  const list = new TextEncoder().encode(lines.join(""));
  await place.storage.write(listPath(place.folder, archive), list);
  return null;
}

/** Writes a file, and moves aside what a loader would read instead. */
async function put(
  { storage, folder, onNotice }: ArchivePlace,
  file: string,
  bytes: Uint8Array,
): Promise<void> {
  for (const path of [`${folder}/${file}`, `${folder}/${file}.gz`]) {
    if (!await storage.exists(path) || await holds(storage, path, bytes)) continue;
    await storage.remove(`${path}.wrong`);
    await storage.rename(path, `${path}.wrong`);
    onNotice?.(`${path} is not the published file; it is now ${path}.wrong`);
  }
  await storage.write(`${folder}/${file}`, bytes);
}

async function holds(storage: Storage, path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    const content = await maybeGunzip(await storage.read(path), path, bytes.length);
    return content.length === bytes.length && content.every((byte, i) => byte === bytes[i]);
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}
