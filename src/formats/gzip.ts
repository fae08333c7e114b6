/**
 * Gzip-compressed bytes to the bytes inside, through the platform's own `DecompressionStream`.
 */

import { FormatError } from "../errors.ts";

/** Largest content unpacked unless the caller says otherwise: 2 GiB. */
const DEFAULT_MAX_BYTES = 2 ** 31;
/** Deflate expands at most 1032-fold, so what one slice of input unpacks to stays under 17 MB. */
const SLICE_BYTES = 16384;
/** A member's header, checksum and length, around at least two bytes. */
const MIN_MEMBER_BYTES = 20;
/** The one way of compression. */
const DEFLATE = 8;
/** Of an empty member: the last of its content's bytes, its checksum and length. */
const MAX_OWN_ZEROS = 9;
/** Places at which a member is looked for to end: content can look like the beginning of one. */
const MAX_ATTEMPTS = 64;
/** Bytes to unpack before the content's header tells its length: more than any header. */
const START_BYTES = 2 ** 17;

/** Whether the bytes start as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The content of a gzip file: that of its members one after the other. Zeros after a member are
 * padding, as for gzip and Python.
 *
 * @param where    the file's path, for error messages
 * @param maxBytes largest content accepted; more is refused without being held in memory. A
 *   function is
 *                 given the content's beginning, 128 KiB or more, to tell from its header
 * @throws FormatError if the bytes are corrupt, cut short or followed by others, or hold too much
 */
export async function gunzip(
  bytes: Uint8Array,
  where: string,
  maxBytes: number | ((start: Uint8Array) => number) = DEFAULT_MAX_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  let content: Content = { parts: [], length: 0 }, start = 0;
  const limit = new Limit(maxBytes, where);
  do {
    const { after, end } = await unpackMember(bytes, start, content, limit);
    if (after === null) {
      throw new FormatError(notWhole(where));
    }
    content = after;
    start = end;
    while (bytes[start] === 0) start++;
  } while (start < bytes.length);
  return concatenate(content.parts, content.length);
}

/** The bytes unpacked so far. */
interface Content {
  parts: readonly Uint8Array[];
  length: number;
}

/** How much may be unpacked. */
class Limit {
  #bytes: number | null;

  constructor(
    private readonly max: number | ((start: Uint8Array) => number),
    private readonly where: string,
  ) {
    this.#bytes = typeof max === "number" ? max : null;
  }

  /** Throws FormatError if the content is too long. */
  check({ parts, length }: Content): void {
    if (this.#bytes === null && length >= START_BYTES && typeof this.max === "function") {
      this.#bytes = this.max(concatenate(parts, length));
    }
    if (length <= (this.#bytes ?? START_BYTES)) return;
    throw new FormatError(
      `${this.where}: unpacks to more than ${this.#bytes} bytes; this is not the file it should ` +
        "be, fetch it anew",
    );
  }
}

/** The content with that of the member that begins at `start`, or null; and the member's end. */
async function unpackMember(
  bytes: Uint8Array,
  start: number,
  before: Content,
  limit: Limit,
): Promise<{ after: Content | null; end: number }> {
  let attempts = 0;
  for (const end of memberEnds(bytes, start)) {
    const after = await unpack(bytes.subarray(start, end), before, limit);
    if (after !== null) return { after, end };
    if (++attempts === MAX_ATTEMPTS) break;
  }
  return { after: null, end: start };
}

/**
 * Where a member may end, as its length stands nowhere: at the end of the file or before the next
 * bytes that begin one, with or without zeros before these. The checksum tells which is right.
 */
function* memberEnds(bytes: Uint8Array, start: number): Generator<number> {
  yield* endsBefore(bytes, start, bytes.length);
  const first = start + MIN_MEMBER_BYTES;
  for (let at = bytes.indexOf(0x1f, first); at !== -1; at = bytes.indexOf(0x1f, at + 1)) {
    if (isGzip(bytes.subarray(at)) && bytes[at + 2] === DEFLATE) {
      yield* endsBefore(bytes, start, at);
    }
  }
}

function* endsBefore(bytes: Uint8Array, start: number, end: number): Generator<number> {
  yield end;
  let zeros = end;
  while (zeros > start && bytes[zeros - 1] === 0) zeros--;
  // A member may end with zeros of its own.
  for (let at = zeros; at < Math.min(end, zeros + MAX_OWN_ZEROS + 1); at++) yield at;
}

/** The content with that of one member; null if the bytes are not exactly one. */
async function unpack(bytes: Uint8Array, before: Content, limit: Limit): Promise<Content | null> {
  const reader = slices(bytes).pipeThrough(new DecompressionStream("gzip")).getReader();
  const parts = [...before.parts];
  let { length } = before;
  for (;;) {
    // The stream's errors do not say which of the faults it is.
    const next = await reader.read().catch(() => null);
    if (next === null) return null;
    if (next.done) return { parts, length };
    parts.push(next.value);
    length += next.value.length;
    try {
      limit.check({ parts, length });
    } catch (error) {
      // Abandoning the stream may report the very fault that no longer matters.
      await reader.cancel().catch(() => {});
      throw error;
    }
  }
}

function slices(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(new Uint8Array(bytes.subarray(offset, offset + SLICE_BYTES)));
      offset += SLICE_BYTES;
    },
  });
}

/**
 * The content of a gzip file of one member, part by part: what is too large to be held.
 *
 * @param where the file's path, for error messages
 * @throws FormatError, maybe after some parts, if the bytes are not exactly one member
 */
export async function* gunzipChunks(bytes: Uint8Array, where: string): AsyncGenerator<Uint8Array> {
  const reader = slices(bytes).pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (;;) {
      const next = await reader.read().catch(() => null);
      if (next === null) throw new FormatError(notWhole(where));
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Whoever has read enough leaves the rest.
    await reader.cancel().catch(() => {});
  }
}

function notWhole(where: string): string {
  return `${where}: not a whole gzip file (corrupt or cut short); fetch it anew`;
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
