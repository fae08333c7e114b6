/**
 * Zip archives as NumPy's `.npz` files are: bytes ⇄ files by name. Equal content gives equal bytes.
 */

import { type UnzipFileInfo, unzipSync, zipSync } from "fflate";
import { FormatError } from "../errors.ts";
import { crc32 } from "./crc32.ts";

/** Files by their path in the archive. */
export type ArchiveFiles = Record<string, Uint8Array>;

/** The first moment that the format can express: archives hold no time, so that they can be compared. */
const NO_TIME = new Date(1980, 0, 1);

/** Largest content unpacked unless the caller says otherwise: 2 GiB. */
const DEFAULT_MAX_BYTES = 2 ** 31;

/** Deflate packs at most this many bytes into one. */
const MAX_EXPANSION = 1032;

/** A compressed archive of these files, in their order. */
export function encodeNpz(files: ArchiveFiles): Uint8Array<ArrayBuffer> {
  return new Uint8Array(zipSync(files, { mtime: NO_TIME, level: 6 }));
}

/**
 * The files of an archive.
 *
 * @param where    the file's path, for error messages
 * @param maxBytes largest content accepted, all files together
 * @throws FormatError if it is not a whole zip archive, or holds too much
 */
export function decodeNpz(
  bytes: Uint8Array,
  where: string,
  maxBytes = DEFAULT_MAX_BYTES,
): ArchiveFiles {
  let total = 0;
  const entries: UnzipFileInfo[] = [];
  const filter = (file: UnzipFileInfo) => {
    total += file.originalSize;
    entries.push(file);
    // What the directory claims is allocated: no more than the archive can hold.
    return !file.name.endsWith("/") && file.originalSize <= bytes.length * MAX_EXPANSION &&
      total <= maxBytes;
  };
  let files: ArchiveFiles | null = null;
  try {
    files = unzipSync(bytes, { filter });
  } catch {
    // fflate throws errors of several kinds; all mean the same here.
  }
  if (total > maxBytes) {
    throw new FormatError(
      `${where}: its files take ${total} bytes, and ${maxBytes} are read at most; give a smaller one`,
    );
  }
  const wanted = entries.filter(({ name }) => !name.endsWith("/"));
  const checksums = files && directoryChecksums(bytes);
  const isWhole = files !== null && checksums !== null &&
    Object.keys(files).length === wanted.length &&
    wanted.every(({ name }) =>
      Object.hasOwn(files, name) && checksums.get(name) === crc32(files[name])
    );
  if (files === null || !isWhole) {
    throw new FormatError(
      `${where}: not a whole zip archive (corrupt, cut short or encrypted); write it with numpy.savez`,
    );
  }
  return files;
}

/** Signatures of the format: of an entry of the directory at the end of the archive, and of its end. */
const ENTRY = 0x02014b50, END = 0x06054b50;
const ENTRY_BYTES = 46, END_BYTES = 22;

/**
 * The CRC-32 of each file by name, from the archive's directory: fflate does not compare them. Null if
 * the directory cannot be read.
 */
function directoryChecksums(bytes: Uint8Array): Map<string, number> | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - END_BYTES;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) return null;
  const checksums = new Map<string, number>();
  let position = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (position + ENTRY_BYTES > bytes.length || view.getUint32(position, true) !== ENTRY) {
      return null;
    }
    const [name, extra, comment] = [28, 30, 32].map((at) => view.getUint16(position + at, true));
    const start = position + ENTRY_BYTES;
    const text = new TextDecoder().decode(bytes.subarray(start, start + name));
    checksums.set(text, view.getUint32(position + 16, true));
    position = start + name + extra + comment;
  }
  return checksums;
}
