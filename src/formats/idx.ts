/**
 * IDX, the format of the MNIST files: bytes ⇄ an array of unsigned bytes. Two zero bytes, a type
 * byte (8: unsigned byte, the only one read), the number of axes, each axis as a big-endian u32,
 * then the elements row-major. Format: the MNIST page of LeCun, Cortes and Burges.
 */

import { FormatError, InputError } from "../errors.ts";

/** A decoded IDX file. */
export interface IdxArray {
  /** Lengths of the 1 to 4 axes. */
  shape: number[];
  /** The elements, row-major; a view of the bytes that were decoded. */
  data: Uint8Array;
}

const UNSIGNED_BYTE = 8;
const MAX_RANK = 4;

/**
 * The array in the bytes of an IDX file, without copying it.
 *
 * @param where the file's path, for error messages
 * @throws FormatError if the bytes are not exactly one IDX array of unsigned bytes
 */
export function decodeIdx(bytes: Uint8Array, where: string): IdxArray {
  const rank = bytes[3];
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) {
    const start = Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, "0"));
    throw new FormatError(
      `${where}: not an IDX file (starts with "${start.join(" ")}", not 00 00 08); fetch it anew`,
    );
  }
  if (bytes[2] !== UNSIGNED_BYTE) {
    throw new FormatError(
      `${where}: IDX element type 0x${bytes[2].toString(16).padStart(2, "0")} is not supported; ` +
        `save unsigned bytes (0x08), or .npy files`,
    );
  }
  if (rank < 1 || rank > MAX_RANK) {
    throw new FormatError(
      `${where}: ${rank} IDX axes are not supported; use 1 to ${MAX_RANK}`,
    );
  }
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw new FormatError(
      `${where}: the IDX header is cut short (${bytes.length} of ${start} bytes); fetch it anew`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const needed = shape.reduce((product, length) => product * length, 1);
  const held = bytes.length - start;
  if (needed !== held) {
    throw new FormatError(
      `${where}: shape (${shape}) takes ${needed} bytes but ${held} follow the header: the file ` +
        `is ${held < needed ? "cut short" : "longer than its header says"}; fetch it anew`,
    );
  }
  return { shape, data: bytes.subarray(start) };
}

/**
 * Bytes of the file that begins so, as its header says; of a header that says nothing of the kind,
 * no more than the header itself.
 */
export function idxFileSize(start: Uint8Array): number {
  const rank = start[3] ?? 0, header = 4 + 4 * rank;
  if (rank < 1 || rank > MAX_RANK || start.length < header) return header;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const axes = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  return header + axes.reduce((product, length) => product * length, 1);
}

/**
 * The bytes of an IDX file.
 *
 * @throws InputError if the shape cannot be written or disagrees with the number of elements
 */
export function encodeIdx(shape: number[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const count = shape.reduce((product, length) => product * length, 1);
  const writable = shape.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32);
  if (shape.length < 1 || shape.length > MAX_RANK || !writable || count !== data.length) {
    throw new InputError(
      `cannot write ${data.length} bytes as IDX of shape (${shape}): it needs 1 to ${MAX_RANK} ` +
        `axes whose product is the number of bytes`,
    );
  }
  const start = 4 + 4 * shape.length;
  const bytes = new Uint8Array(start + data.length);
  bytes.set([0, 0, UNSIGNED_BYTE, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((length, axis) => view.setUint32(4 + 4 * axis, length));
  bytes.set(data, start);
  return bytes;
}
