/**
 * How many loop steps an invocation may take: Mesa's llvmpipe ends all loops of an invocation after
 * 65,535 steps in all, without an error, and what is left of a sum is missing from it
 * (LP_MAX_TGSI_LOOP_ITERATIONS of src/gallium/auxiliary/gallivm in Mesa 22.3). That a loop is at
 * its end takes one more step, as measured: 77 examples of 28×28 pixels are summed up, 80 are not.
 */

import { type Conv2dSpec, outputShape } from "../layer_spec.ts";
import type { AdapterDescription } from "../adapter.ts";
import { adapterClass } from "./tiles.ts";

/** Most loop steps of an invocation on every adapter. */
export const SAFE_STEPS = 65_535;

/** Most loop steps of an invocation on this adapter. */
export function mostSteps(adapter: AdapterDescription): number {
  return adapterClass(adapter) === "llvmpipe" ? SAFE_STEPS : Infinity;
}

/** Steps of the loops over a convolution's outputs of an example, `unroll` of a row to a step. */
export function imageSteps(layer: Conv2dSpec, unroll = 1): number {
  const [height, width] = outputShape(layer);
  return 1 + (height + 1) + height * (Math.ceil(width / unroll) + 1);
}

/** Most examples that one loop over a convolution's outputs goes through: one at least. */
export function mostExamples(layer: Conv2dSpec): number {
  return Math.max(1, Math.floor((SAFE_STEPS - 1) / imageSteps(layer)));
}
