/**
 * The safetensors format (huggingface/safetensors, its README's "Format"): bytes ⇄ tensors by name
 * and a dictionary of texts. Writes 32-bit floats, names sorted, so that equal content gives equal
 * bytes; reads floats of 16 to 64 bits, integers and booleans.
 */

import { FormatError, InputError } from "../errors.ts";
import { halvesToFloats } from "./half.ts";
import { type Tensor, tensorFromNpy } from "./tensor.ts";
import type { NpyData } from "./npy.ts";

/** The content of a file. */
export interface SafetensorsContent {
  tensors: Record<string, Tensor>;
  /** Texts by name, the format's `__metadata__`. */
  metadata: Record<string, string>;
}

const METADATA = "__metadata__";
/** The size of the header comes first, as a 64-bit integer. */
const PREFIX_BYTES = 8;
/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;
/** The data start at a multiple of this, so that they can be mapped into memory. */
const ALIGNMENT = 8;

/**
 * The bytes of a file with these tensors.
 *
 * @throws InputError if a shape and its number of values disagree, or a tensor is called
 *   __metadata__
 */
export function encodeSafetensors(content: SafetensorsContent): Uint8Array<ArrayBuffer> {
  const names = Object.keys(content.tensors).sort();
  const header: [string, unknown][] = [[METADATA, content.metadata]];
  let length = 0;
  for (const name of names) {
    const { shape, data } = content.tensors[name];
    if (name === METADATA || product(shape) !== data.length) {
      throw new InputError(
        `cannot write tensor ${
          JSON.stringify(name)
        } of shape (${shape}) and ${data.length} values: ` +
          "give it as many values as its shape has, and another name than __metadata__",
      );
    }
    const offsets = [length, length += data.byteLength];
    header.push([name, { dtype: "F32", shape, data_offsets: offsets }]);
  }
  // Object.fromEntries keeps a tensor named __proto__.
  let text = JSON.stringify(Object.fromEntries(header));
  const unpadded = PREFIX_BYTES + new TextEncoder().encode(text).length;
  text += " ".repeat((ALIGNMENT - unpadded % ALIGNMENT) % ALIGNMENT);
  const headerBytes = new TextEncoder().encode(text);
  const bytes = new Uint8Array(PREFIX_BYTES + headerBytes.length + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes.length), true);
  bytes.set(headerBytes, PREFIX_BYTES);
  let offset = PREFIX_BYTES + headerBytes.length;
  for (const name of names) {
    const { data } = content.tensors[name];
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** Element types by their names in the header. */
const TYPES: Record<string, { size: number; read(bytes: ArrayBuffer): NpyData }> = {
  F64: { size: 8, read: (bytes) => new Float64Array(bytes) },
  F32: { size: 4, read: (bytes) => new Float32Array(bytes) },
  F16: { size: 2, read: (bytes) => halvesToFloats(new Uint16Array(bytes)) },
  BF16: { size: 2, read: bfloatToFloat },
  I64: { size: 8, read: (bytes) => Float64Array.from(new BigInt64Array(bytes), Number) },
  I32: { size: 4, read: (bytes) => new Int32Array(bytes) },
  I16: { size: 2, read: (bytes) => new Int16Array(bytes) },
  I8: { size: 1, read: (bytes) => new Int8Array(bytes) },
  U8: { size: 1, read: (bytes) => new Uint8Array(bytes) },
  BOOL: { size: 1, read: (bytes) => new Uint8Array(bytes).map((byte) => byte === 0 ? 0 : 1) },
};

/**
 * The tensors of a file, as 32-bit floats.
 *
 * @param where the file's path, for error messages
 * @throws FormatError if it is not a whole safetensors file, or holds what is not finite numbers
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): SafetensorsContent {
  const { header, dataStart } = parseHeader(bytes, where);
  const held = bytes.length - dataStart;
  const entries: { name: string; what: string; entry: Entry }[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) {
      if (!isObject(entry) || !Object.values(entry).every((text) => typeof text === "string")) {
        throw new FormatError(`${where}: its __metadata__ is not texts by name; write it anew`);
      }
      metadata = entry as Record<string, string>;
      continue;
    }
    const what = `${where}: tensor ${JSON.stringify(name.slice(0, 60))}`;
    const parsed = parseEntry(entry, what), { type, shape, from, to } = parsed;
    if (to > held) {
      throw new FormatError(
        `${what} ends at byte ${to} of the data but the file has ${held}: it is cut short; copy ` +
          `it anew`,
      );
    }
    if (product(shape) * type.size !== to - from) {
      throw new FormatError(
        `${what} of shape (${shape}) does not take ${to - from} bytes; write the file anew`,
      );
    }
    entries.push({ name, what, entry: parsed });
  }
  // Tensors that share bytes are how a small file fills the memory: none is read before this is
  // known.
  entries.sort(({ entry: a }, { entry: b }) => a.from - b.from || a.to - b.to);
  let end = 0;
  for (const { what, entry: { from, to } } of entries) {
    if (from !== end) {
      const fault = from < end ? "shares bytes with" : "leaves a gap after";
      throw new FormatError(`${what} ${fault} the tensor before it; write the file anew`);
    }
    end = to;
  }
  if (end !== held) {
    throw new FormatError(
      `${where}: ${held} bytes of data where its tensors take ${end}; write it anew`,
    );
  }
  const tensors = entries.map(({ name, what, entry: { type, shape, from, to } }) => {
    const data = type.read(bytes.slice(dataStart + from, dataStart + to).buffer);
    return [name, tensorFromNpy({ shape, dtype: "", data }, what)] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

function parseHeader(
  bytes: Uint8Array,
  where: string,
): { header: Record<string, unknown>; dataStart: number } {
  const length = bytes.length < PREFIX_BYTES
    ? Infinity
    : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const dataStart = PREFIX_BYTES + length;
  if (dataStart > bytes.length || length > MAX_HEADER_BYTES) {
    throw new FormatError(`${where}: not a whole safetensors file; write or copy it anew`);
  }
  let header: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(
      bytes.subarray(PREFIX_BYTES, dataStart),
    );
    header = JSON.parse(text);
  } catch {
    header = null;
  }
  if (isObject(header)) return { header, dataStart };
  throw new FormatError(
    `${where}: not a safetensors file (its header is not JSON); write it with a safetensors ` +
      `library`,
  );
}

/** Where a tensor's values lie among the data, and what they are. */
interface Entry {
  type: typeof TYPES[string];
  shape: number[];
  from: number;
  to: number;
}

function parseEntry(entry: unknown, what: string): Entry {
  if (!isObject(entry)) {
    throw new FormatError(`${what} is not described in the header; write the file anew`);
  }
  const { dtype, shape, data_offsets: offsets } = entry;
  const type = typeof dtype === "string" && Object.hasOwn(TYPES, dtype) ? TYPES[dtype] : null;
  if (type === null) {
    throw new FormatError(
      `${what} has the type ${JSON.stringify(dtype)?.slice(0, 20)}; known are ` +
        `${Object.keys(TYPES).join(", ")}: convert it`,
    );
  }
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw new FormatError(
      `${what} has a shape or offsets that are no numbers; write the file anew`,
    );
  }
  return { type, shape, from: offsets[0], to: offsets[1] };
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= 64 &&
    value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** The upper halves of 32-bit floats. */
function bfloatToFloat(bytes: ArrayBuffer): Float32Array {
  const words = Uint32Array.from(new Uint16Array(bytes), (bits) => bits << 16);
  return new Float32Array(words.buffer);
}
