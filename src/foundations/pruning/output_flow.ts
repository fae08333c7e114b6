/**
 * SynFlow (Tanaka et al. 2020): scores weights by how much they carry of the network's flow,
 * without data, and prunes by them in many rounds.
 */

import type { Masks } from "../../models/masks.ts";
import type { ModelBase } from "../model.ts";
import { flowLayers } from "./flow_layers.ts";
import { type PruningTarget, shrink, targetGroups } from "./selection.ts";

/** Rounds of pruning (the paper, section 6). */
const ROUNDS = 100;

/**
 * SynFlow's score of every weight, |w · dR/dw|, as a fraction of R: the sum of the outputs for
 * inputs of ones where every weight w is |w|, without biases and activations; of equal values the
 * maximum of a pool is the first. The scores of each layer add up to R (the paper, theorem 2), so
 * fractions of it neither overflow nor vanish, however deep the network is. All are 0 where R is.
 *
 * ```ts
 * import { ModelFc, synflow } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const presets = {
 *   layer0: { shape: [1, 2], data: [1, -2] },
 *   layer1: { shape: [2, 1], data: [4, 2] },
 * };
 * // R = 1 · 4 + 2 · 2
 * const scores = synflow(new ModelFc({ layers: [[2, "relu"], [1, null]] }, 1, { presets }));
 * assertEquals(scores.layer0, Float64Array.of(0.5, 0.5));
 * ```
 *
 * @returns by layer, in the shape of its weights, in 64-bit floats
 */
export function synflow(
  model: Pick<ModelBase, "layers" | "weights" | "masks">,
): Record<string, Float64Array> {
  return scorer(model)(model.masks);
}

/**
 * Masks by SynFlow: in 100 rounds the number of live weights falls exponentially to the target,
 * each time those with the smallest scores of the network that is left go. Between rounds other
 * work gets its turn. On one core LeNet-300-100 and LeNet-5 take 1 s, conv-2 8 s, conv-6 14 s.
 *
 * @throws InputError for a target that cannot be met
 */
export async function synflowMasks(
  model: Pick<ModelBase, "layers" | "weights" | "masks">,
  target: PruningTarget,
): Promise<Masks> {
  const masks = structuredClone(model.masks), groups = targetGroups(target, masks);
  const score = scorer(model);
  for (let round = 1; round <= ROUNDS; round++) {
    const scores = score(masks);
    for (const group of groups) {
      const { before, after } = group;
      const falling = before * (Math.max(1, after) / before) ** (round / ROUNDS);
      shrink(masks, scores, group, round === ROUNDS ? after : Math.round(falling));
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return masks;
}

/** Scores the weights of a network under masks, each time in the same arrays. */
function scorer(
  { layers: specs, weights }: Pick<ModelBase, "layers" | "weights">,
): (masks: Masks) => Record<string, Float64Array> {
  const { layers, ones } = flowLayers(specs);
  const arrays = layers.map(({ name }) => {
    const length = name === null ? 0 : weights[name].data.length;
    return { sizes: new Float64Array(length), scores: new Float64Array(length) };
  });
  const byName = Object.fromEntries(
    layers.flatMap(({ name }, l) => name === null ? [] : [[name, arrays[l].scores]]),
  );
  return (masks) => {
    const intos = [ones];
    const outs = layers.map((layer, l) => {
      const { sizes } = arrays[l];
      if (layer.name !== null) liveSizes(sizes, weights[layer.name].data, masks[layer.name].data);
      const out = layer.forward(intos[l], sizes);
      intos.push(scaled(out));
      return out;
    });
    let from = new Float64Array(outs.at(-1)!.length).fill(1);
    for (let l = layers.length - 1; l >= 0; l--) {
      const { sizes, scores } = arrays[l];
      const total = outs[l].reduce((sum, value, i) => sum + value * from[i], 0);
      from = scaled(layers[l].back(intos[l], sizes, from, total, scores));
    }
    return byName;
  };
}

/** Sets `sizes` to |w|, where a weight is masked to 0. */
function liveSizes(sizes: Float64Array, weights: Float32Array, mask: Float32Array): void {
  for (let i = 0; i < sizes.length; i++) sizes[i] = mask[i] === 0 ? 0 : Math.abs(weights[i]);
}

/** Values by the largest of them; zeros stay zeros. */
function scaled(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  return most === 0 ? values : values.map((value) => value / most);
}
