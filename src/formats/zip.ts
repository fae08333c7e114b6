/**
 * Zip archives of many files, which need not be in memory at once: writes one file after the other,
 * reads any of them from a `Blob`. What an archive says of itself is not trusted.
 */

import { Zip, ZipDeflate } from "../npm/fflate.ts";
import { FormatError } from "../errors.ts";
import { crc32 } from "./digests/crc32.ts";
import { concatenate } from "./gzip.ts";

/** The first moment that the format can express: archives hold no time, to be comparable. */
const NO_TIME = new Date(1980, 0, 1);

/** An archive that is being written. */
export class ZipWriter {
  readonly #parts: Blob[] = [];
  #failure: Error | null = null;
  readonly #zip = new Zip((error, chunk) => {
    if (error) this.#failure = error;
    // The browser keeps the parts of a blob on the disk where they are large.
    else this.#parts.push(new Blob([chunk as Uint8Array<ArrayBuffer>]));
  });

  /** @param path in the archive, with `/` */
  add(path: string, bytes: Uint8Array): void {
    const file = new ZipDeflate(path, { level: 6 });
    file.mtime = NO_TIME;
    this.#zip.add(file);
    file.push(bytes, true);
    if (this.#failure) throw this.#failure;
  }

  /** The whole archive. */
  end(): Blob {
    this.#zip.end();
    if (this.#failure) throw this.#failure;
    return new Blob(this.#parts, { type: "application/zip" });
  }
}

/** A file in an archive. */
export interface ZipEntry {
  /** As the archive has it: not to be trusted as a path. */
  name: string;
  /** Of the content. */
  bytes: number;
  packedBytes: number;
  crc: number;
  isPacked: boolean;
  /** Where it begins in the archive. */
  offset: number;
}

const LOCAL = 0x04034b50, ENTRY = 0x02014b50, END = 0x06054b50;
const LOCAL_BYTES = 30, ENTRY_BYTES = 46, END_BYTES = 22, MOST_COMMENT = 65535;
/** Deflate packs at most this many bytes into one. */
const MAX_EXPANSION = 1032;
const ENCRYPTED = 1;
const STORED = 0, DEFLATED = 8;

/**
 * The files of an archive, folders left out.
 *
 * @param where the archive's name, for errors
 * @throws FormatError if it is damaged or encrypted, or claims more than its bytes can hold
 */
export async function readZipEntries(archive: Blob, where: string): Promise<ZipEntry[]> {
  const damaged = (what: string) =>
    new FormatError(`${where}: ${what}; make the zip archive anew (zip -r, or Python's zipfile)`);
  const tail = await viewOf(archive, Math.max(0, archive.size - END_BYTES - MOST_COMMENT));
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw damaged("not a whole zip archive");
  const count = tail.getUint16(end + 10, true);
  const size = tail.getUint32(end + 12, true), start = tail.getUint32(end + 16, true);
  if (count === 0xffff || start === 0xffffffff) {
    throw damaged("an archive of over 65534 files or 4 GB (zip64) is not read");
  }
  if (start + size > archive.size) throw damaged("its directory is damaged");
  const view = await viewOf(archive, start, start + size);
  const entries: ZipEntry[] = [];
  let at = 0, packed = 0;
  for (let left = count; left > 0; left--) {
    if (at + ENTRY_BYTES > view.byteLength || view.getUint32(at, true) !== ENTRY) {
      throw damaged("its directory is damaged");
    }
    const short = (offset: number) => view.getUint16(at + offset, true);
    const long = (offset: number) => view.getUint32(at + offset, true);
    const nameBytes = new Uint8Array(view.buffer, at + ENTRY_BYTES).subarray(0, short(28));
    const entry: ZipEntry = {
      name: new TextDecoder().decode(nameBytes),
      bytes: long(24),
      packedBytes: long(20),
      crc: long(16),
      isPacked: short(10) === DEFLATED,
      offset: long(42),
    };
    const shown = JSON.stringify(entry.name.slice(0, 80));
    if (short(8) & ENCRYPTED) throw damaged(`${shown} is encrypted`);
    if (short(10) !== STORED && short(10) !== DEFLATED) {
      throw damaged(`${shown} is packed by a method that is not read`);
    }
    packed += entry.packedBytes;
    const isPossible = entry.bytes <= entry.packedBytes * MAX_EXPANSION &&
      entry.offset + LOCAL_BYTES + entry.packedBytes <= archive.size &&
      // Files that share bytes are how a small archive unpacks to a very large one.
      packed <= archive.size;
    if (!isPossible) throw damaged(`${shown} claims to be larger than it can be`);
    if (!entry.name.endsWith("/")) entries.push(entry);
    at += ENTRY_BYTES + short(28) + short(30) + short(32);
  }
  return entries;
}

/** Tells whether a file can be what its beginning says, before the rest is unpacked. */
type CheckStart = (start: Uint8Array, entry: ZipEntry) => void;

/** So much of a file is unpacked before its beginning is looked at, or all of it. */
const START_BYTES = 65536;

/**
 * The content of a file; never more than its entry says.
 *
 * @throws FormatError if it is damaged; what `checkStart` throws
 */
export async function readZipEntry(
  archive: Blob,
  entry: ZipEntry,
  where: string,
  checkStart?: CheckStart,
): Promise<Uint8Array> {
  const damaged = () =>
    new FormatError(
      `${where}: ${JSON.stringify(entry.name.slice(0, 80))} is damaged; get the archive anew`,
    );
  const head = await viewOf(archive, entry.offset, entry.offset + LOCAL_BYTES);
  if (head.byteLength < LOCAL_BYTES || head.getUint32(0, true) !== LOCAL) throw damaged();
  const first = entry.offset + LOCAL_BYTES + head.getUint16(26, true) + head.getUint16(28, true);
  const packed = archive.slice(first, first + entry.packedBytes);
  const read = (most: number) =>
    entry.isPacked
      ? inflate(packed, most).catch(() => null)
      : packed.slice(0, most).arrayBuffer().then((buffer) => new Uint8Array(buffer));
  const start = checkStart && await read(Math.min(START_BYTES, entry.bytes));
  if (start) checkStart(start, entry);
  const content = await read(entry.bytes);
  if (content?.length !== entry.bytes || crc32(content) !== entry.crc) throw damaged();
  return content;
}

/** One slice is unpacked in memory at once: at most 17 MB. */
const SLICE_BYTES = 16384;

/** Its bytes in slices: `Blob.stream` may give all of them at once. */
function slicesOf(blob: Blob): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  return new ReadableStream({
    async pull(controller) {
      if (offset >= blob.size) return controller.close();
      const slice = blob.slice(offset, offset += SLICE_BYTES);
      controller.enqueue(new Uint8Array(await slice.arrayBuffer()));
    },
  });
}

/** At most `size` bytes, and the rest of the slice. */
async function inflate(packed: Blob, most: number): Promise<Uint8Array> {
  const slices = slicesOf(packed);
  const reader = slices.pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    length += next.value.length;
    if (length <= most) continue;
    await reader.cancel().catch(() => {});
    break;
  }
  return concatenate(parts, length);
}

async function viewOf(blob: Blob, start: number, end = blob.size): Promise<DataView> {
  return new DataView(await blob.slice(start, end).arrayBuffer());
}
