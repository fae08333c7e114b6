/** The kernels of one layer of a network, whatever its kind: forward, and backward with update. */

import { convActivationGradientSource, convForwardSource } from "../kernels/images/conv_kernels.ts";
import { convUpdateSources } from "../kernels/images/conv_update_kernels.ts";
import type { KernelSource } from "../kernels/kernel.ts";
import { activationVectors, feedsDense, layerMatrices, paddedInputs } from "../kernels/layout.ts";
import { activationGradientSource, forwardSource } from "../kernels/dense/matmul_kernels.ts";
import type { Ahead } from "../kernels/dense/matmul_operands.ts";
import { weightGradientSource } from "../kernels/dense/weight_kernels.ts";
import type { BatchFormat, Matrix } from "../kernels/matrix.ts";
import { forwardInPartsSources } from "../kernels/dense/parts_kernels.ts";
import { poolForwardSource, poolGradientSource } from "../kernels/images/pool_kernels.ts";
import {
  type GroupLimits,
  tiledActivationGradientSource,
  tiledForwardSource,
} from "../kernels/dense/tiled_kernels.ts";
import type { Tiles } from "../kernels/tiles.ts";
import {
  activationOf,
  type DenseSpec,
  isConv2d,
  isPool,
  type LayerSpec,
  weightedLayers,
} from "../layer_spec.ts";
import type { UpdateRule } from "../optimizers.ts";

/** A layer in its network, and the sizes of what passes through it. */
export interface LayerPlace {
  layers: readonly LayerSpec[];
  index: number;
  sizes: { replicas: number; rows: number; limits: GroupLimits };
  tiles: Tiles;
  /** Of the batch, which the first layer takes. */
  batchFormat: BatchFormat;
}

/** The same in training. */
export interface TrainedPlace extends LayerPlace {
  sizes: LayerPlace["sizes"] & { batchSize: number };
}

/** Its outputs from its inputs. */
export function layerForwardSources(
  { layers, index, sizes, tiles, batchFormat }: LayerPlace,
  buffers: {
    activations: readonly Matrix[];
    /** Of the layers that have weights. */
    weights: readonly Matrix[];
    /** Of a dense first layer: see `forwardSource`. */
    lists: GPUBuffer | null;
    ahead?: Ahead | null;
    /** Of a dense first layer: see `forwardInPartsSources`. Default: its sums are whole. */
    parts?: { count: number; sums: Matrix } | null;
  },
): KernelSource[] {
  const layer = layers[index], inputs = buffers.activations[index];
  const format = index === 0 ? batchFormat : "f32", weights = buffers.weights[place(layers, index)];
  const matrix = buffers.activations[index + 1], vectors = activationVectors(layers)[index + 1];
  const images = {
    inputs,
    format,
    weights,
    outputs: { matrix, vectors },
    hasOnes: feedsDense(layers, index),
  } as const;
  if (isPool(layer)) return [poolForwardSource(layer, sizes, tiles, images)];
  if (isConv2d(layer)) return [convForwardSource(layer, sizes, tiles, images)];
  const dense = asMatrix(layers, index), isLast = index === layers.length - 1;
  const isFirst = index === 0, lists = isFirst ? buffers.lists : null;
  const ahead = isFirst ? buffers.ahead : null, parts = isFirst ? buffers.parts : null;
  const operands = { inputs, format, weights, outputs: matrix, ahead };
  if (parts) {
    const { count, sums } = parts;
    return forwardInPartsSources(dense, isLast, sizes, tiles, count, { ...operands, sums });
  }
  return [
    tiles.groupRows > 0 && !lists
      ? tiledForwardSource(dense, isLast, sizes, tiles, operands)
      : forwardSource(dense, isLast, sizes, tiles, { ...operands, lists }),
  ];
}

/** The gradient at the layer below, then the update: it needs the weights from before that. */
export function layerBackwardSources(
  { layers, index, sizes, tiles, batchFormat }: TrainedPlace,
  optimizer: UpdateRule,
  buffers: {
    activations: readonly Matrix[];
    deltas: readonly Matrix[];
    /** Those of the layers that have weights, as the following. */
    weights: readonly Matrix[];
    updated: readonly Matrix[];
    masks: readonly Matrix[];
    state: readonly GPUBuffer[][];
    clocks: GPUBuffer;
    /** Of convolutions: see `convUpdateSources`. */
    partials: GPUBuffer | null;
    /** Of a dense first layer: see `weightGradientSource`. */
    lists: GPUBuffer | null;
    ahead: number;
  },
): KernelSource[] {
  const layer = layers[index], at = place(layers, index), isFirst = index === 0;
  const inputs = buffers.activations[index], vectors = activationVectors(layers)[index + 1];
  const matrix = buffers.deltas[index], deltas = { matrix, vectors };
  const weights = buffers.weights[at];
  const below = isFirst ? null : buffers.deltas[index - 1];
  const belowActivation = isFirst ? null : activationOf(layers[index - 1]);
  if (isPool(layer)) {
    if (!below) return [];
    return [poolGradientSource(layer, belowActivation, sizes, tiles, { inputs, deltas, below })];
  }
  const operands = {
    inputs,
    format: isFirst ? batchFormat : "f32",
    mask: buffers.masks[at],
    weights,
    updated: buffers.updated[at],
    clocks: buffers.clocks,
    state: buffers.state[at],
  } as const;
  const activations = inputs;
  if (isConv2d(layer)) {
    const update = convUpdateSources(layer, optimizer, sizes, tiles, {
      ...operands,
      deltas,
      partials: buffers.partials!,
    });
    if (!below) return update;
    const gradients = { deltas, weights, activations, below };
    return [
      convActivationGradientSource(layer, belowActivation, sizes, tiles, gradients),
      ...update,
    ];
  }
  const dense = asMatrix(layers, index);
  const update = weightGradientSource(dense, optimizer, sizes, tiles, {
    ...operands,
    deltas: matrix,
    lists: isFirst ? buffers.lists : null,
    ahead: isFirst ? buffers.ahead : 1,
  });
  if (!below) return [update];
  const gradients = { deltas: matrix, weights, activations, below };
  const gradientSource = tiles.groupRows > 0
    ? tiledActivationGradientSource
    : activationGradientSource;
  return [gradientSource(dense, belowActivation, sizes, tiles, gradients), update];
}

/** Where a layer is among those that have weights. */
function place(layers: readonly LayerSpec[], index: number): number {
  return weightedLayers(layers.slice(0, index)).length;
}

/** A dense layer whose inputs are what lies below it, an image's padded channels among them. */
function asMatrix(layers: readonly LayerSpec[], index: number): DenseSpec {
  const matrix = layerMatrices(layers)[place(layers, index)];
  return { ...layers[index] as DenseSpec, inputs: paddedInputs(matrix) };
}
