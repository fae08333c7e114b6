/**
 * A dense array of 32-bit floats with its shape: the form in which weights and masks move between
 * files and the engine.
 */

import { FormatError } from "../errors.ts";
import type { NpyArray } from "./npy.ts";

/** Row-major values; `data.length` is the product of `shape`. */
export interface Tensor {
  /** Lengths of the axes; [] for a single value. */
  shape: number[];
  /** The values in C order. */
  data: Float32Array;
}

/**
 * The values of a `.npy` array as 32-bit floats: booleans become 0 and 1, wider numbers are rounded
 * to the nearest.
 *
 * @param where the file's path, for error messages
 * @throws FormatError if a value is not finite as a 32-bit float
 */
export function tensorFromNpy(npy: NpyArray, where: string): Tensor {
  const data = npy.data instanceof Float32Array ? npy.data : Float32Array.from(npy.data);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new FormatError(
      `${where}: element ${bad} is ${npy.data[bad]}, not a finite 32-bit float; save it without ` +
        `NaN, infinite or larger values`,
    );
  }
  return { shape: npy.shape, data };
}
