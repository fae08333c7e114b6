/**
 * Downloads a dataset of the catalog into a folder. Every file is verified by the SHA-256 of its
 * uncompressed content before it gets its name, or with the archive that it is in; what arrived
 * before a connection broke is kept as `<file>.gz.part` and continued from where the server allows
 * it.
 */

import { LotteryError } from "../errors.ts";
import { isGzip } from "../formats/gzip.ts";
import type { Storage } from "../storage/storage.ts";
import type { PublishedArchive, PublishedFile, PublishedFiles } from "./published.ts";
import { isUnpacked, unpackArchive } from "./archive.ts";
import { type FileSource, readVerified, SourceError, verifiedContent } from "./file_source.ts";
import { idxCandidates } from "./files/folder.ts";
import { transfer } from "./transfer.ts";

/** Time limit of a mirror, and how much longer a source may take, which shows no progress. */
const TIMEOUT_MS = 30_000;
export const SOURCE_PATIENCE = 5;

/** No mirror gave a file that is what it should be. */
export class DownloadError extends LotteryError {}

/** How far the file under way has come. */
export interface DownloadProgress {
  /** Name of the file, without `.gz` where it is one of several. */
  file: string;
  /** Compressed bytes held so far, those of an earlier attempt included. */
  bytes: number;
  /** Compressed bytes of the whole file, or null if the server does not say. */
  total: number | null;
}

export interface DownloadOptions {
  storage: Storage;
  /** Folder that receives the files. */
  folder: string;
  dataset:
    | Pick<PublishedFiles, "name" | "files" | "mirrors">
    | Pick<PublishedArchive, "name" | "archive" | "mirrors">;
  /** Asked before the mirrors, if there is one. */
  source?: FileSource;
  /** Stands in for the platform's `fetch`. */
  fetch?: typeof fetch;
  /**
   * Gives a mirror up after this many milliseconds without a byte, 30,000 unless given; the source
   * after five times as many.
   */
  timeoutMs?: number;
  /** Stops the download; what arrived is kept. */
  signal?: AbortSignal;
  onProgress?: (progress: DownloadProgress) => void;
  /** Receives one line about each file moved aside, mirror given up, and part continued. */
  onNotice?: (line: string) => void;
}

/**
 * Makes the folder hold every file of the dataset, verified. Files that are there and right are
 * left alone; one that is there and wrong is renamed to `<file>.wrong`, so that nothing loads it.
 *
 * @throws DownloadError if a file can be had from no mirror, with each mirror's reason
 * @throws StorageError  if the folder cannot be read or written
 * @throws the signal's reason if it was aborted
 */
export async function downloadDataset(options: DownloadOptions): Promise<void> {
  // The mirror that worked last is tried first: a dead one costs its timeout once.
  const { dataset } = options, mirrors = [...dataset.mirrors];
  if ("archive" in dataset) {
    const { archive } = dataset;
    if (await isUnpacked(options, archive)) return;
    return await downloadFile(options, {
      ...{ name: archive.name, remote: archive.name, maxBytes: archive.maxBytes },
      files: "its files",
      flag: "--data-location",
      take: (bytes) => unpackArchive(options, archive, bytes),
    }, mirrors);
  }
  let source = options.source;
  for (const file of dataset.files) {
    if (await isPresent(options, file)) continue;
    if (source && await isCopied(options, file, source)) continue;
    source = undefined;
    await downloadFile(options, {
      ...{ name: file.name, remote: `${file.name}.gz` },
      // Gzip never grows content by more than a small fraction.
      maxBytes: file.bytes + 1024 + Math.floor(file.bytes / 1000),
      files: "the four files",
      flag: "--mnist-location",
      take: (bytes) => keepFile(options, file, bytes),
    }, mirrors);
  }
}

/** A file to fetch. */
interface Wanted {
  /** Its name in messages. */
  name: string;
  /** Its name on a mirror. */
  remote: string;
  /** More cannot be right. */
  maxBytes: number;
  /** The files to put into the folder by hand instead, and the flag that names one. */
  files: string;
  flag: string;
  /** Verifies and stores it; the reason if it is another one. */
  take(bytes: Uint8Array): Promise<string | null>;
}

/** Whether the source gave the file. */
async function isCopied(
  { storage, folder, onNotice, timeoutMs = TIMEOUT_MS }: DownloadOptions,
  file: PublishedFile,
  source: FileSource,
): Promise<boolean> {
  let content: Uint8Array;
  try {
    content = await readVerified(source, file, SOURCE_PATIENCE * timeoutMs);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    onNotice?.(error.message);
    return false;
  }
  await storage.write(`${folder}/${file.name}`, content);
  return true;
}

/** Whether the file that a loader would read is the right one; wrong ones are moved aside. */
async function isPresent(options: DownloadOptions, file: PublishedFile): Promise<boolean> {
  const { storage, folder, onNotice } = options;
  for (const name of idxCandidates(file.name)) {
    const path = `${folder}/${name}`;
    if (!await storage.exists(path)) continue;
    const content = await verifiedContent(await storage.read(path), path, file);
    if (typeof content !== "string") return true;
    await storage.remove(`${path}.wrong`);
    await storage.rename(path, `${path}.wrong`);
    onNotice?.(`${content}; it is now ${path}.wrong`);
  }
  return false;
}

/** Downloads one file; leaves the mirror that gave it at the front of `mirrors`. */
async function downloadFile(
  options: DownloadOptions,
  wanted: Wanted,
  mirrors: string[],
): Promise<void> {
  const { storage, folder, onNotice, dataset } = options, { name, remote, files, flag } = wanted;
  const partPath = `${folder}/${remote}.part`;
  const reasons: string[] = [];
  for (const mirror of [...mirrors]) {
    const failure = await tryMirror(options, wanted, `${mirror}${remote}`, partPath);
    if (failure === null) {
      mirrors.unshift(...mirrors.splice(mirrors.indexOf(mirror), 1));
      return;
    }
    reasons.push(`${mirror}: ${failure}`);
    onNotice?.(`${name}: ${mirror} failed: ${failure}`);
  }
  const kept = await storage.exists(partPath) ? "run the same again to continue, " : "";
  throw new DownloadError(
    `cannot download ${remote} of ${dataset.name} (${reasons.join("; ")}); check the network, ` +
      `${kept}put ${files} into ${folder} by hand, or name a folder that has them with ${flag}`,
  );
}

/** Downloads, verifies and stores one file; the reason if this mirror does not give it. */
async function tryMirror(
  options: DownloadOptions,
  wanted: Wanted,
  url: string,
  partPath: string,
): Promise<string | null> {
  const { storage, onNotice, onProgress } = options, { name, maxBytes } = wanted;
  const held = await storage.exists(partPath) ? await storage.read(partPath) : new Uint8Array();
  if (held.length > 0) onNotice?.(`${name}: continuing after ${held.length} bytes`);
  const { bytes, resumed, failure } = await transfer({
    url,
    held,
    maxBytes,
    // A browser's own fetch refuses to be called as a method of these options.
    fetch: options.fetch ?? ((...request) => fetch(...request)),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    signal: options.signal,
    onProgress: (bytes, total) => onProgress?.({ file: name, bytes, total }),
  });
  if (failure !== null) {
    if (bytes.length > held.length) await storage.write(partPath, bytes);
    options.signal?.throwIfAborted();
    return failure;
  }
  const reason = await wanted.take(bytes);
  await storage.remove(partPath);
  // The part kept from before may be what is wrong, not this mirror.
  return reason !== null && resumed ? await tryMirror(options, wanted, url, partPath) : reason;
}

/** Stores one of several files if it is the right one, else returns the reason. */
async function keepFile(
  { storage, folder }: DownloadOptions,
  file: PublishedFile,
  bytes: Uint8Array,
): Promise<string | null> {
  const content = await verifiedContent(bytes, `${file.name}.gz`, file);
  if (typeof content === "string") return content;
  // A server that declares the archive's compression makes a browser's fetch undo it.
  const name = isGzip(bytes) ? `${file.name}.gz` : file.name;
  await storage.write(`${folder}/${name}`, bytes);
  return null;
}
