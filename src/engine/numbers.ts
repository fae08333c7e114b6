/**
 * Converts a caller's arrays of numbers to what the engine computes with: bytes or 32-bit floats.
 * Returns the array itself if it is one of these; refuses a value that would become another one.
 */

import { InputError } from "../errors.ts";

/** An array, or a typed array of anything but 64-bit integers. */
export type Numbers = ArrayLike<number>;

/** Types whose values are whole numbers. */
export type IntegerType = "Int8" | "Uint8" | "Int16" | "Uint16" | "Int32" | "Uint32";

/** How an array holds its numbers; an `Array` has 64-bit floats, bytes are "Uint8" either way. */
export type NumberType = IntegerType | "Float16" | "Float32" | "Float64";

/**
 * How an array holds its numbers. By its own tag, not by `instanceof`: an array may come from
 * another frame of a page.
 *
 * @param what names the array in the error: "training labels"
 * @throws InputError if it is no array of numbers
 */
export function numberType(values: unknown, what: string): NumberType {
  if (Array.isArray(values)) return "Float64";
  const tag = ArrayBuffer.isView(values) && !(values instanceof DataView)
    ? (values as Uint8Array)[Symbol.toStringTag] as string
    : null;
  if (tag === null || tag.startsWith("Big")) {
    throw new InputError(
      `${what}: ${
        describe(tag ?? values)
      } is not an array of numbers: give an array, or a typed array ` +
        "such as Float32Array or Uint8Array",
    );
  }
  return tag.replace(/(Clamped)?Array$/, "") as NumberType;
}

/** A value of any kind in a few characters, for an error. */
export function describe(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return Object.prototype.toString.call(value).slice("[object ".length, -1);
  }
  const text = typeof value === "bigint" ? `${value}n` : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** The same bytes as a `Uint8Array`: the array itself, or a view of a clamped one. */
export function bytesOf(values: Numbers): Uint8Array {
  if (values instanceof Uint8Array) return values;
  const { buffer, byteOffset, byteLength } = values as Uint8ClampedArray;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * 32-bit floats, others rounded to the nearest.
 *
 * @param refuse throws of the first value, at `index`, that is no number or too large for a 32-bit
 *   float; NaN and infinity are the caller's to judge
 */
export function floatsOf(values: Numbers, refuse: (index: number) => never): Float32Array {
  if (values instanceof Float32Array) return values;
  const floats = new Float32Array(values.length);
  for (let i = 0; i < floats.length; i++) {
    const value = values[i];
    if (typeof value !== "number") refuse(i);
    floats[i] = value;
    if (!Number.isFinite(floats[i]) && Number.isFinite(value)) refuse(i);
  }
  return floats;
}

/** Index of the first value that is NaN or infinite; -1 if there is none. */
export function firstNotFinite(values: Float32Array): number {
  // Adding 0 · x is many times faster than asking each value.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += 0 * values[i];
  return sum === 0 ? -1 : values.findIndex((value) => !Number.isFinite(value));
}
