/**
 * Gzip-compressed bytes to the bytes inside, through the platform's own `DecompressionStream`.
 */

import { FormatError } from "../errors.ts";

/** Largest content unpacked unless the caller says otherwise: 2 GiB. */
const DEFAULT_MAX_BYTES = 2 ** 31;
/** Deflate expands at most 1032-fold, so what one slice of input unpacks to stays under 17 MB. */
const SLICE_BYTES = 16384;
/** What is unpacked before its own header is asked how long it is. */
const START_BYTES = 64;

/** Whether the bytes start as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The content of a gzip file of one member.
 *
 * @param where    the file's path, for error messages
 * @param maxBytes largest content accepted; more is refused without being held in memory. A function is
 *                 given the content's beginning, at least 64 bytes, to tell from its header
 * @throws FormatError if the bytes are corrupt, cut short or followed by others, or hold too much
 */
export async function gunzip(
  bytes: Uint8Array,
  where: string,
  maxBytes: number | ((start: Uint8Array) => number) = DEFAULT_MAX_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  let limit = typeof maxBytes === "number" ? maxBytes : START_BYTES;
  let isKnown = typeof maxBytes === "number";
  let offset = 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(new Uint8Array(bytes.subarray(offset, offset + SLICE_BYTES)));
      offset += SLICE_BYTES;
    },
  });
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length <= limit) {
    const { done, value } = await reader.read().catch(() => {
      throw new FormatError(
        `${where}: not a whole gzip file (corrupt or cut short); fetch it anew`,
      );
    });
    if (done) return concatenate(parts, length);
    parts.push(value);
    length += value.length;
    if (!isKnown && length >= START_BYTES) {
      limit = (maxBytes as (start: Uint8Array) => number)(concatenate(parts, length));
      isKnown = true;
    }
  }
  // Abandoning the stream may report the very fault that no longer matters.
  await reader.cancel().catch(() => {});
  throw new FormatError(
    `${where}: unpacks to more than ${limit} bytes; this is not the file it should be, fetch it anew`,
  );
}

/** The content of a gzip file, or the bytes themselves if they do not start as one. */
export function maybeGunzip(
  bytes: Uint8Array,
  where: string,
  maxBytes: number | ((start: Uint8Array) => number) = DEFAULT_MAX_BYTES,
): Promise<Uint8Array> {
  return isGzip(bytes) ? gunzip(bytes, where, maxBytes) : Promise.resolve(bytes);
}

/** The parts joined; `length` is the sum of theirs. */
export function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
