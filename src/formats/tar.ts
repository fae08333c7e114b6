/**
 * Reads a tar archive (POSIX ustar) file by file, as its bytes arrive. Folders, links, and the
 * extensions that hold longer names are passed over.
 */

import { FormatError } from "../errors.ts";
import { concatenate } from "./gzip.ts";

/** A file of an archive. */
export interface TarFile {
  /** Its path in the archive. */
  name: string;
  bytes: Uint8Array;
}

/** Headers are blocks; contents are padded to whole ones. */
const BLOCK = 512;
/**
 * Where a header has its fields: the name, what stands before it in a path, the content's length,
 * the header's own checksum.
 */
const NAME = [0, 100], PREFIX = [345, 500], LENGTH = [124, 136], CHECKSUM = [148, 156];
/** Headers of POSIX have it; others have no prefix. */
const MAGIC = [257, 265], POSIX = "ustar";
const KIND = 156;
/** A file is of kind "0", or 0 in archives older than POSIX. */
const FILES = [0x30, 0];
const SPACE = 0x20;

/**
 * The files of an archive, in its order.
 *
 * @param chunks   its bytes
 * @param where    its path, for error messages
 * @param maxBytes by a file's path, the longest content that is accepted; of a path that has none
 *   the content is passed over
 * @throws FormatError if the archive is damaged, cut short, or holds a longer file
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  where: string,
  maxBytes: ReadonlyMap<string, number>,
): AsyncGenerator<TarFile> {
  const input = new Input(chunks, where);
  for (;;) {
    const header = await input.take(BLOCK);
    if (header.every((byte) => byte === 0)) return await input.end();
    if (octal(header, CHECKSUM) !== checksum(header)) {
      throw new FormatError(`${where}: not a tar archive, or damaged; fetch it anew`);
    }
    const name = pathOf(header), length = octal(header, LENGTH);
    if (!Number.isSafeInteger(length)) {
      throw new FormatError(`${where}: the length of ${name} cannot be read; fetch it anew`);
    }
    const most = FILES.includes(header[KIND]) ? maxBytes.get(name) : undefined;
    if (most !== undefined && length > most) {
      throw new FormatError(
        `${where}: ${name} holds ${length} bytes instead of at most ${most}; fetch it anew`,
      );
    }
    if (most !== undefined) yield { name, bytes: await input.take(length) };
    else await input.pass(length);
    await input.pass((BLOCK - length % BLOCK) % BLOCK);
  }
}

/** The bytes that have arrived and are not used yet. */
class Input {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #left = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>, private readonly where: string) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next bytes. */
  async take(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    await this.#next(length, (part) => parts.push(part));
    return parts.length === 1 ? parts[0] : concatenate(parts, length);
  }

  /** Leaves the next bytes out. */
  async pass(length: number): Promise<void> {
    await this.#next(length, () => {});
  }

  /** Reads to the end, where the checksum of a compressed archive is. */
  async end(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }

  async #next(length: number, use: (part: Uint8Array) => void): Promise<void> {
    while (length > 0) {
      if (this.#left.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) throw new FormatError(`${this.where}: cut short; fetch it anew`);
        this.#left = new Uint8Array(next.value);
      }
      const part = this.#left.subarray(0, length);
      this.#left = this.#left.subarray(part.length);
      length -= part.length;
      use(part);
    }
  }
}

function text(header: Uint8Array, [start, end]: readonly number[]): string {
  return new TextDecoder().decode(header.subarray(start, end)).split("\0")[0];
}

function pathOf(header: Uint8Array): string {
  const prefix = text(header, MAGIC) === POSIX ? text(header, PREFIX) : "";
  return `${prefix}${prefix === "" ? "" : "/"}${text(header, NAME)}`;
}

/** NaN for a field that holds no octal number. */
function octal(header: Uint8Array, field: readonly number[]): number {
  const digits = text(header, field).trim();
  return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
}

/** The sum of a header's bytes, its own field as spaces. */
function checksum(header: Uint8Array): number {
  const [start, end] = CHECKSUM;
  return header.reduce((sum, byte, i) => sum + (i >= start && i < end ? SPACE : byte), 0);
}
