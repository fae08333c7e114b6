/**
 * NumPy's `.npy` format: bytes ⇄ an array in memory. Reads versions 1 to 3, either byte order, C or
 * Fortran order; writes what `numpy.save` writes: version 1.0, little-endian, C order. Format:
 * numpy.lib.format in NumPy's documentation.
 *
 * Typed arrays are little-endian on every platform that has WebGPU, so bytes are copied as they
 * are.
 */

import { FormatError, InputError } from "../errors.ts";
import { halvesToFloats } from "./half.ts";

/** The element types that are written and read as they are, by NumPy's kind and size code. */
const ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
} as const;

/** Those that are read into an array of another type. */
const CONVERTED = ["b1", "f2", "i8", "u8"] as const;

/** Elements of an array, row-major (C order). */
export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** A decoded `.npy` file. */
export interface NpyArray {
  /** Lengths of the axes; `[]` for a single value. */
  shape: number[];
  /** The element type as the file writes it, such as `<f4`. */
  dtype: string;
  /**
   * The elements in C order, in the typed array of `dtype`; booleans are a `Uint8Array` of 0 and 1,
   * 16-bit floats a `Float32Array`, 64-bit integers a `Float64Array` of whole numbers.
   */
  data: NpyData;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy pads the header so that the data start at a multiple of this. */
const ALIGNMENT = 64;
/** NumPy leaves room for the first axis to grow to this many digits without moving the data. */
const GROWTH_DIGITS = 21;
/** A header of a numeric array is far shorter; NumPy itself refuses more than 10,000 characters. */
const MAX_HEADER_BYTES = 65535;
/** The most axes of any NumPy release. */
const MAX_RANK = 64;

/**
 * The bytes that `numpy.save` writes for this array.
 *
 * @throws InputError if the shape and the number of elements disagree
 */
export function encodeNpy(array: { shape: number[]; data: NpyData }): Uint8Array<ArrayBuffer> {
  const { shape, data } = array;
  const count = shape.reduce((product, length) => product * length, 1);
  if (shape.length > MAX_RANK || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new InputError(
      `cannot write an array of shape (${shape}): axes are whole numbers, at most ${MAX_RANK}`,
    );
  }
  if (count !== data.length) {
    throw new InputError(
      `cannot write an array of shape (${shape}): it has ${data.length} elements instead of ` +
        `${count}`,
    );
  }
  const code = Object.entries(ARRAYS).find(([, array]) => data instanceof array)![0];
  const descr = (data.BYTES_PER_ELEMENT === 1 ? "|" : "<") + code;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  let header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  if (shape.length > 0) header += " ".repeat(GROWTH_DIGITS - String(shape[0]).length);
  const prefix = MAGIC.length + 4;
  header += " ".repeat(ALIGNMENT - ((prefix + header.length + 1) % ALIGNMENT)) + "\n";

  const start = prefix + header.length;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set(MAGIC);
  bytes.set([1, 0, header.length & 0xff, header.length >>> 8], MAGIC.length);
  bytes.set(new TextEncoder().encode(header), prefix);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}

/**
 * The array that the bytes of a `.npy` file hold. Allocates no more than a small multiple of the
 * bytes given, whatever their header claims.
 *
 * @param where the file's path, for error messages
 * @throws FormatError if the bytes are not a whole `.npy` file, or hold anything but real numbers
 */
export function decodeNpy(bytes: Uint8Array, where: string): NpyArray {
  const { descr, fortranOrder, shape, dataStart } = checkNpySize(bytes, bytes.length, where);
  const type = parseDescr(descr, where);
  const raw = new Uint8Array(bytes.subarray(dataStart));
  if (type.bigEndian) reverseEach(raw, type.size);
  const data = viewElements(raw.buffer, type.code, where);
  return { shape, dtype: descr, data: fortranOrder ? fromFortranOrder(data, shape) : data };
}

/** So many bytes hold the whole header of every `.npy` file that is read. */
export const NPY_HEADER_BYTES = 12 + MAX_HEADER_BYTES;

/**
 * Reads the header of a `.npy` file from its first bytes.
 *
 * @param start the file's first `NPY_HEADER_BYTES`, or all of a smaller one
 * @throws FormatError as `decodeNpy`
 */
export function checkNpySize(start: Uint8Array, fileBytes: number, where: string): Header {
  const header = parseHeader(start, where), { descr, shape, dataStart } = header;
  const needed = elementCount(shape) * parseDescr(descr, where).size, held = fileBytes - dataStart;
  if (needed === held) return header;
  const fault = held < needed ? "cut short" : "longer than its header says";
  throw new FormatError(
    `${where}: shape (${shape}) of ${descr} takes ${needed} bytes but ${held} follow the header: ` +
      `the file is ${fault}; write or copy it anew`,
  );
}

/**
 * Bytes of the file that begins so, as its header says.
 *
 * @throws FormatError as `decodeNpy` where the header is not whole or cannot be used
 */
export function npyFileSize(start: Uint8Array, where: string): number {
  const { descr, shape, dataStart } = parseHeader(start, where);
  return dataStart + parseDescr(descr, where).size * elementCount(shape);
}

/**
 * The shape in the header of a `.npy` file.
 *
 * @param start the file's first `NPY_HEADER_BYTES`, or all of a smaller one
 * @throws FormatError as `decodeNpy`
 */
export function npyShape(start: Uint8Array, where: string): number[] {
  return parseHeader(start, where).shape;
}

function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, length) => product * length, 1);
}

/** The header: everything before the elements. */
export interface Header {
  descr: string;
  fortranOrder: boolean;
  shape: number[];
  /** Offset of the first element in the file. */
  dataStart: number;
}

/** One `'key': value` of the header's dictionary, with a string, a boolean or a tuple as value. */
const ENTRY =
  /\s*(?:'(\w+)'|"(\w+)")\s*:\s*(?:'([^']*)'|"([^"]*)"|(True|False)|\(([^()]*)\))\s*(?:,|$)/y;

function parseHeader(bytes: Uint8Array, where: string): Header {
  if (bytes.length < MAGIC.length || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new FormatError(
      `${where}: not a NumPy .npy file (it does not start with \\x93NUMPY); write it with ` +
        `numpy.save`,
    );
  }
  const major = bytes[6];
  const lengthBytes = major === 1 ? 2 : 4;
  const headerStart = 8 + lengthBytes;
  if (bytes.length >= 8 && (major < 1 || major > 3)) {
    throw new FormatError(
      `${where}: .npy version ${major}.${
        bytes[7]
      } is unknown (known: 1 to 3); write it with numpy.save`,
    );
  }
  let headerLength = 0;
  for (let i = lengthBytes - 1; i >= 0; i--) headerLength = headerLength * 256 + bytes[8 + i];
  if (!(headerStart + headerLength <= bytes.length)) {
    throw new FormatError(
      `${where}: the .npy header is cut short (the file has ${bytes.length} bytes); copy it anew`,
    );
  }
  if (headerLength > MAX_HEADER_BYTES) {
    throw new FormatError(
      `${where}: a .npy header of ${headerLength} bytes is more than ${MAX_HEADER_BYTES}; ` +
        `save a plain numeric array`,
    );
  }
  const dataStart = headerStart + headerLength;
  // Only field names of structured types need UTF-8, and those types are refused.
  const text = new TextDecoder("latin1").decode(bytes.subarray(headerStart, dataStart)).trim();
  if (/(['"])descr\1\s*:\s*[[(]/.test(text)) {
    throw new FormatError(`${where}: holds records (a structured dtype); save one plain array`);
  }
  const malformed = (what: string) =>
    new FormatError(`${where}: the .npy header ${what}; write it with numpy.save`);
  if (!text.startsWith("{") || !text.endsWith("}")) throw malformed("is not a dictionary");

  const body = text.slice(1, -1).trimEnd();
  let descr: string | undefined, fortranOrder: boolean | undefined, shape: number[] | undefined;
  for (let position = 0; position < body.length; position = ENTRY.lastIndex) {
    ENTRY.lastIndex = position;
    const entry = ENTRY.exec(body);
    if (entry === null) throw malformed(`cannot be read at character ${position + 1}`);
    const key = entry[1] ?? entry[2], string = entry[3] ?? entry[4];
    if (key === "descr" && string !== undefined) descr = string;
    else if (key === "fortran_order" && entry[5]) fortranOrder = entry[5] === "True";
    else if (key === "shape" && entry[6] !== undefined) shape = parseShape(entry[6], where);
    else throw malformed(`has an unexpected entry '${key}'`);
  }
  if (descr === undefined || fortranOrder === undefined || shape === undefined) {
    throw malformed("lacks 'descr', 'fortran_order' or 'shape'");
  }
  return { descr, fortranOrder, shape, dataStart };
}

/** The axes of a tuple's text, such as `3, 4`, `3,` or nothing. */
function parseShape(text: string, where: string): number[] {
  const unusable = (why: string) =>
    new FormatError(
      `${where}: shape (${text.slice(0, 60)}) ${why}; write the array with numpy.save`,
    );
  const parts = text.split(",").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  else if (parts.length === 1) throw unusable("is not a tuple");
  if (parts.length > MAX_RANK) throw unusable(`has more than ${MAX_RANK} axes`);
  return parts.map((part) => {
    // Python 2 wrote long integers as 12L.
    if (!/^-?\d+L?$/.test(part)) throw unusable("is not a tuple of whole numbers");
    const length = Number(part.replace("L", ""));
    if (length < 0 || !Number.isSafeInteger(length)) throw unusable(`has an axis of ${part}`);
    return length;
  });
}

interface ElementType {
  /** Kind and size. */
  code: keyof typeof ARRAYS | (typeof CONVERTED)[number];
  /** Bytes per element. */
  size: number;
  bigEndian: boolean;
}

function parseDescr(descr: string, where: string): ElementType {
  if (/^[|<>=]?O/.test(descr)) {
    throw new FormatError(
      `${where}: holds Python objects (dtype ${descr}), which are never loaded; ` +
        `save numbers, as in numpy.save(path, array.astype('float32'))`,
    );
  }
  const match = /^([<>|])([bfiu][1248])$/.exec(descr);
  const code = match?.[2] ?? "";
  const known = Object.hasOwn(ARRAYS, code) || (CONVERTED as readonly string[]).includes(code);
  const size = Number(code[1]);
  if (!match || !known || (match[1] === "|" && size > 1)) {
    throw new FormatError(
      `${where}: dtype ${descr.slice(0, 40)} is not supported (supported: bool, integers and ` +
        `floats of 2, 4 or 8 bytes); save it with array.astype('float32')`,
    );
  }
  return { code: code as ElementType["code"], size, bigEndian: match[1] === ">" };
}

/** Reverses the bytes of each element in place: big-endian to little-endian. */
function reverseEach(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size) {
    bytes.subarray(start, start + size).reverse();
  }
}

function viewElements(buffer: ArrayBuffer, code: ElementType["code"], where: string): NpyData {
  if (code === "b1") return new Uint8Array(buffer).map((byte) => byte === 0 ? 0 : 1);
  if (code === "f2") return halvesToFloats(new Uint16Array(buffer));
  if (code !== "i8" && code !== "u8") return new ARRAYS[code](buffer);
  const integers = code === "i8" ? new BigInt64Array(buffer) : new BigUint64Array(buffer);
  const data = new Float64Array(integers.length);
  for (let i = 0; i < data.length; i++) {
    data[i] = Number(integers[i]);
    if (!Number.isSafeInteger(data[i])) {
      throw new FormatError(
        `${where}: element ${i} is ${integers[i]}, beyond the ±2^53 that are read exactly; ` +
          `save it with array.astype('float64')`,
      );
    }
  }
  return data;
}

/** The same array with its last axis varying fastest instead of its first. */
function fromFortranOrder(data: NpyData, shape: number[]): NpyData {
  const result = data.slice();
  const strides: number[] = [];
  shape.reduce((stride, length) => (strides.push(stride), stride * length), 1);
  const index = shape.map(() => 0);
  let source = 0;
  for (let target = 0; target < data.length; target++) {
    result[target] = data[source];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++index[axis] < shape[axis]) break;
      source -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}
