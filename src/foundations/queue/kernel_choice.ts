/**
 * Chooses the kernels of a network by its share of live multiplications: what counts of a
 * convolution is that each of its weights is used at all places of its kernel, so a dense layer
 * with most of the weights, as in Conv-2, may have few of the multiplications.
 */

import { isDense, type KernelKind, type LayerSpec, weightedLayers } from "../../engine/mod.ts";
import type { AdapterDescription } from "../../engine/adapter.ts";
import { mostSteps } from "../../engine/kernels/loop_steps.ts";
import { longestLoops } from "../../engine/kernels/sparse/loop_steps.ts";
import { outputShape } from "../../engine/layer_spec.ts";
import type { Tuned } from "../../engine/kernels/tiles.ts";
import { density, type Masks } from "../../models/masks.ts";

/**
 * The share of a network's multiplications that have live weights.
 *
 * @param layers none, or dense ones only: all weights are used once
 */
export function liveShare(masks: Masks, layers: readonly LayerSpec[]): number {
  if (layers.every(isDense)) return density(masks).percent / 100;
  const sizes = density(masks).layers;
  let live = 0, total = 0;
  for (const layer of weightedLayers(layers)) {
    const places = isDense(layer) ? 1 : outputShape(layer)[0] * outputShape(layer)[1];
    live += places * sizes[layer.name].live;
    total += places * sizes[layer.name].total;
  }
  return live / total;
}

/** Whether an adapter gets to the end of all loops over lists of a network's live weights. */
function endLists(
  masks: Masks,
  layers: readonly LayerSpec[],
  { adapter, batchSize }: ListedOn,
): boolean {
  const sizes = density(masks).layers;
  const live = weightedLayers(layers).map(({ name }) => sizes[name].live);
  return longestLoops(layers, live, batchSize).steps <= mostSteps(adapter);
}

/** Fewest steps, of four inputs each, of a part of a sum. */
const LEAST_STEPS = 8;
/** Most rows of a batch for sums in parts: with more there are invocations enough. */
const MOST_ROWS = 256;

/**
 * Parts in which the first layer's sums are made on an adapter: one of short sums, of lists, of
 * large batches, and where the first layer takes an image.
 *
 * @param asked so many, whatever is fast there
 */
export function forwardPartsOf(
  kernels: KernelKind,
  [first]: readonly LayerSpec[],
  batchSize: number,
  { forwardParts }: Pick<Tuned, "forwardParts">,
  asked?: number,
): number {
  if (kernels === "sparse" || first === undefined || !isDense(first)) return 1;
  if (asked === undefined && batchSize > MOST_ROWS) return 1;
  return asked ?? Math.max(1, Math.min(forwardParts, Math.floor(first.inputs / 4 / LEAST_STEPS)));
}

/** What runs the lists. */
export interface ListedOn {
  adapter: AdapterDescription;
  batchSize: number;
}

/**
 * The faster kernels on an adapter: lists only if it gets to the end of their loops at this batch.
 * All layers of a network have the same. Convolutions as whole matrices below dense layers as lists
 * would gain little, and were not built: of an iteration of LeNet-5 or Conv-2 the dense layers are
 * a sixth, and lists of theirs win only where lists of the convolutions are about to (llvmpipe,
 * Conv-2: 1.1 times as long as whole matrices with 33% of the weights, 0.6 times with 11%).
 */
export function fasterKernels(
  masks: Masks,
  layers: readonly LayerSpec[],
  { sparse }: Pick<Tuned, "sparse">,
  on?: ListedOn,
): KernelKind {
  const below = layers.every(isDense) ? sparse.below : sparse.belowImages;
  if (liveShare(masks, layers) >= below) return "dense";
  return on && layers.length > 0 && !endLists(masks, layers, on) ? "dense" : "sparse";
}
