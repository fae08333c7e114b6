/**
 * Magnitude pruning by percentage (the original's pruning.py). The selection runs on the GPU
 * (src/engine/programs/prune.ts) and is exact.
 */

import { type Gpu, type PruneJob, pruneSmallest } from "../engine/mod.ts";
import { InputError } from "../errors.ts";
import type { Masks } from "../models/masks.ts";
import {
  checkFinite,
  checkShape,
  type GivenNetwork,
  toMask,
  toNetwork,
  toTensor,
} from "../models/network.ts";

/** Fraction in [0, 1] of a layer's live weights to prune, by layer name. */
export type Percents = Readonly<Record<string, number>>;

/**
 * Of each named layer's live weights prunes round(percent · live), those with the smallest final
 * magnitude, ties by lowest index. A layer keeps at least one weight unless its percent is 1;
 * layers that `percents` does not name keep their masks. Masks only shrink.
 *
 * ```ts
 * import { openGpu, pruneByPercent } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const gpu = await openGpu();
 * const masks = { layer0: { shape: [2, 2], data: Float32Array.of(1, 1, 1, 0) } };
 * const final = { layer0: { shape: [2, 2], data: Float32Array.of(-3, 0.5, 2, 0) } };
 * const pruned = await pruneByPercent(gpu, { layer0: 1 / 3 }, masks, final);
 * assertEquals(pruned.layer0.data, Float32Array.of(1, 0, 1, 0));
 * gpu.destroy();
 * ```
 *
 * @throws InputError for a percent outside [0, 1], an unknown layer, and masks or weights that
 *   cannot be used
 */
export async function pruneByPercent(
  gpu: Gpu,
  percents: Percents,
  masks: GivenNetwork,
  finalWeights: GivenNetwork,
): Promise<Masks> {
  const names = Object.keys(percents), current = toNetwork(masks, toMask, "mask");
  const jobs = names.map((name): PruneJob => {
    const percent = percents[name];
    if (!(percent >= 0 && percent <= 1)) {
      throw new InputError(`prune percent of ${name} is ${percent}: give a fraction from 0 to 1`);
    }
    if (!Object.hasOwn(current, name) || !Object.hasOwn(finalWeights, name)) {
      throw new InputError(
        `prune percent of unknown layer "${name}": the layers are ${
          Object.keys(current).join(", ")
        }`,
      );
    }
    const mask = current[name];
    const weights = toTensor(finalWeights[name], `final weights of ${name}`);
    checkShape(weights, mask.shape, `final weights of ${name}`);
    checkFinite(weights, `final weights of ${name}`);
    return { weights: weights.data, mask: mask.data, prune: pruneCount(mask.data, percent) };
  });
  const pruned = await pruneSmallest(gpu, jobs);
  const changed = names.map((name, i) => [name, { shape: current[name].shape, data: pruned[i] }]);
  return { ...current, ...Object.fromEntries(changed) };
}

function pruneCount(mask: Float32Array, percent: number): number {
  const live = mask.reduce((sum, value) => sum + value, 0);
  const most = percent === 1 ? live : Math.max(0, live - 1);
  return Math.min(Math.round(percent * live), most);
}
