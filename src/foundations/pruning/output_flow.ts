/**
 * SynFlow (Tanaka et al. 2020): scores weights by how much they carry of the network's flow,
 * without data, and prunes by them in many rounds.
 */

import { type DenseSpec, isDense, type LayerSpec } from "../../engine/layer_spec.ts";
import { InputError } from "../../errors.ts";
import type { Masks } from "../../models/masks.ts";
import type { ModelBase } from "../model.ts";
import { type PruningTarget, shrink, targetGroups } from "./selection.ts";

/** Rounds of pruning (the paper, section 6). */
const ROUNDS = 100;

/**
 * SynFlow's score of every weight, |w · dR/dw|, as a fraction of R: the sum of the outputs for
 * inputs of ones where every weight w is |w|, without biases and activations. The scores of each
 * layer add up to R (the paper, theorem 2), so fractions of it neither overflow nor vanish, however
 * deep the network is. All are 0 where R is.
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
 * @returns by layer, (inputs, units) in 64-bit floats
 * @throws InputError for a network with convolutions or pooling
 */
export function synflow(
  { layers: all, weights, masks }: Pick<ModelBase, "layers" | "weights" | "masks">,
): Record<string, Float64Array> {
  const layers = denseOf(all);
  const sizes = layers.map(({ name }) => {
    const { data } = weights[name], mask = masks[name].data, sizes = new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) sizes[i] = mask[i] === 0 ? 0 : Math.abs(data[i]);
    return sizes;
  });
  const scores = flow(layers, sizes);
  return Object.fromEntries(layers.map(({ name }, i) => [name, scores[i]]));
}

/**
 * Masks by SynFlow: in 100 rounds the number of live weights falls exponentially to the target,
 * each time those with the smallest scores of the network that is left go. LeNet-300-100 takes
 * 0.5 to 1 s on one core.
 *
 * @throws InputError for a target that cannot be met
 */
export function synflowMasks(
  model: Pick<ModelBase, "layers" | "weights" | "masks">,
  target: PruningTarget,
): Masks {
  const masks = structuredClone(model.masks), groups = targetGroups(target, masks);
  for (let round = 1; round <= ROUNDS; round++) {
    const scores = synflow({ ...model, masks });
    for (const group of groups) {
      const { before, after } = group;
      const falling = before * (Math.max(1, after) / before) ** (round / ROUNDS);
      shrink(masks, scores, group, round === ROUNDS ? after : Math.round(falling));
    }
  }
  return masks;
}

/**
 * Of each layer, |w[i, u]| · into[i] · from[u] by the sum of that over the layer: `into` is what
 * flows from the network's inputs to the layer's, `from` what flows from its outputs to the
 * network's.
 */
function flow(layers: readonly DenseSpec[], sizes: readonly Float64Array[]): Float64Array[] {
  const froms: Float64Array[] = [];
  let from = new Float64Array(layers.at(-1)!.units).fill(1);
  for (let l = layers.length - 1; l >= 0; l--) {
    froms[l] = from;
    from = scaled(timesColumn(layers[l], sizes[l], from));
  }
  let into = new Float64Array(layers[0].inputs).fill(1);
  return layers.map((layer, l) => {
    const { inputs, units } = layer, size = sizes[l], from = froms[l];
    const out = rowTimes(layer, size, into), scores = new Float64Array(size.length);
    const sum = out.reduce((sum, value, u) => sum + value * from[u], 0);
    for (let i = 0, at = 0; i < inputs; i++) {
      const share = sum === 0 ? 0 : into[i] / sum;
      for (let u = 0; u < units; u++, at++) scores[at] = size[at] * share * from[u];
    }
    into = scaled(out);
    return scores;
  });
}

function denseOf(layers: readonly LayerSpec[]): DenseSpec[] {
  return layers.map((layer) => {
    if (isDense(layer)) return layer;
    throw new InputError(
      `synflow: ${layer.name} is no dense layer, and its flow is not computed; use another ` +
        "criterion",
    );
  });
}

/** matrix · column */
function timesColumn(
  { inputs, units }: DenseSpec,
  matrix: Float64Array,
  column: Float64Array,
): Float64Array<ArrayBuffer> {
  const product = new Float64Array(inputs);
  for (let i = 0, at = 0; i < inputs; i++) {
    for (let u = 0; u < units; u++, at++) product[i] += matrix[at] * column[u];
  }
  return product;
}

/** row · matrix */
function rowTimes(
  { inputs, units }: DenseSpec,
  matrix: Float64Array,
  row: Float64Array,
): Float64Array<ArrayBuffer> {
  const product = new Float64Array(units);
  for (let i = 0, at = 0; i < inputs; i++) {
    for (let u = 0; u < units; u++, at++) product[u] += row[i] * matrix[at];
  }
  return product;
}

/** Values by the largest of them; zeros stay zeros. */
function scaled(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  return most === 0 ? values : values.map((value) => value / most);
}
