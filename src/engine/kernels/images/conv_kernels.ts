/**
 * The sources of the kernels of convolutions (forward, gradients and updates), one function each.
 * The header of each file of `shaders/` gives shapes and meaning.
 */

import common from "../../../../shaders/common.wgsl" with { type: "text" };
import convActivationGradient from "../../../../shaders/conv_activation_gradient.wgsl" with {
  type: "text",
};
import convForward from "../../../../shaders/conv_forward.wgsl" with { type: "text" };
import convUpdate from "../../../../shaders/conv_update.wgsl" with { type: "text" };
import convWeightGradient from "../../../../shaders/conv_weight_gradient.wgsl" with {
  type: "text",
};
import { type Activation, type Conv2dSpec, outputSize, weightShape } from "../../layer_spec.ts";
import { type UpdateRule, updateWgsl } from "../../optimizers.ts";
import { convSizes } from "./image_sizes.ts";
import { type KernelSource, read, type Work, write } from "../kernel.ts";
import { channelVectors, imageVectors, maskWords, matrixRows, pitch } from "../layout.ts";
import { activationWgsl } from "../matmul_kernels.ts";
import {
  type BatchFormat,
  isTexture,
  loadWgsl,
  type Matrix,
  matrixBinding,
  storeWgsl,
  updateWgsl as updateMatrixWgsl,
} from "../matrix.ts";
import type { Tiles } from "../tiles.ts";

/** Replicas, and rows of the batch (a multiple of the tiles' rows). */
interface Sizes {
  replicas: number;
  rows: number;
}

/** A matrix of images, and vec4s of its rows. */
export interface ImageMatrix {
  matrix: Matrix;
  vectors: number;
}

/** outputs = activation(inputs ∗ weights + biases). */
export function convForwardSource(
  layer: Conv2dSpec,
  sizes: Sizes,
  tiles: Tiles,
  buffers: {
    inputs: Matrix;
    format?: BatchFormat;
    weights: Matrix;
    outputs: ImageMatrix;
    /** Whether a dense layer takes the outputs. */
    hasOnes: boolean;
  },
): KernelSource {
  const { inputs, format, weights, outputs, hasOnes } = buffers;
  const { constants, columns } = geometryOf(layer);
  const { vectors, groups } = columnGroups(constants.OUT_VECTORS, tiles.images.forwardVectors);
  const items = constants.OUT_PIXELS * groups, rows = divisor(sizes.rows, tiles.images.rows);
  return {
    label: `forward ${layer.name}`,
    template: [
      activationWgsl(layer.activation),
      loadWgsl(inputsOf(layer, inputs, format)),
      loadWgsl({ name: "weights", binding: 1, matrix: weights, vectors: columns }),
      storeWgsl({ name: "outputs", binding: 2, ...outputs }),
      convForward,
    ].join("\n"),
    constants: {
      ...constants,
      LANES: tiles.lanes,
      ROWS: rows,
      VECTORS: vectors,
      GROUPS: groups,
      FILTERS: layer.filters,
      HAS_ONES: hasOnes ? 1 : 0,
    },
    bindings: [
      matrixBinding(inputs, "read"),
      matrixBinding(weights, "read"),
      matrixBinding(outputs.matrix, "write"),
    ],
    grid: [Math.ceil(items / tiles.lanes), sizes.rows / rows, sizes.replicas],
    work: convWork(layer, sizes, 1, 1),
  };
}

/** Gradient at the pre-activations of the layer below, whose activation is `below`. */
export function convActivationGradientSource(
  layer: Conv2dSpec,
  below: Activation,
  sizes: Sizes,
  tiles: Tiles,
  buffers: { deltas: ImageMatrix; weights: Matrix; activations: Matrix; below: Matrix },
): KernelSource {
  const { deltas, weights, activations } = buffers;
  const { constants, columns } = geometryOf(layer), inVectors = imageVectors(layer.image);
  const { vectors, groups } = columnGroups(constants.IN_VECTORS, tiles.images.backwardVectors);
  const items = constants.IN_PIXELS * groups, rows = divisor(sizes.rows, tiles.images.rows);
  return {
    label: `activation gradient ${layer.name}`,
    template: [
      activationWgsl(below),
      loadWgsl({ name: "deltas", binding: 0, ...deltas }),
      loadWgsl({ name: "weights", binding: 1, matrix: weights, vectors: columns }),
      loadWgsl({ name: "activations", binding: 2, matrix: activations, vectors: inVectors }),
      storeWgsl({ name: "below", binding: 3, matrix: buffers.below, vectors: inVectors }),
      convActivationGradient,
    ].join("\n"),
    constants: {
      ...constants,
      LANES: tiles.lanes,
      ROWS: rows,
      VECTORS: vectors,
      GROUPS: groups,
      REACH_Y: Math.ceil(layer.kernel[0] / layer.stride[0]),
      REACH_X: Math.ceil(layer.kernel[1] / layer.stride[1]),
    },
    bindings: [
      matrixBinding(deltas.matrix, "read"),
      matrixBinding(weights, "read"),
      matrixBinding(activations, "read"),
      matrixBinding(buffers.below, "write"),
    ],
    grid: [Math.ceil(items / tiles.lanes), sizes.rows / rows, sizes.replicas],
    work: convWork(layer, sizes, 2, 1),
  };
}

/** Most vec4s of all slices of a gradient: a GPU's invocations. */
const PARTIALS = 16384;

/**
 * The slices of a batch in which a layer's gradient is summed, and their examples. They depend on
 * the network alone, so that its bits do not on the adapter.
 */
export function gradientSlices(
  layer: Conv2dSpec,
  batchSize: number,
): { slices: number; examples: number } {
  const { constants: { OUT_VECTORS }, rowVectors } = geometryOf(layer);
  const most = Math.max(1, Math.floor(PARTIALS / (rowVectors * OUT_VECTORS)));
  const examples = Math.ceil(batchSize / most);
  return { slices: Math.ceil(batchSize / examples), examples };
}

/** Bytes of one replica's slices of gradients. */
export function partialBytes(layer: Conv2dSpec, batchSize: number): number {
  const { constants: { OUT_VECTORS }, rowVectors } = geometryOf(layer);
  return 64 * gradientSlices(layer, batchSize).slices * rowVectors * OUT_VECTORS;
}

/** The weight gradient in slices, then their sum and the optimizer's update of live weights. */
export function convUpdateSources(
  layer: Conv2dSpec,
  optimizer: UpdateRule,
  sizes: Sizes & { batchSize: number },
  tiles: Tiles,
  buffers: {
    inputs: Matrix;
    format?: BatchFormat;
    deltas: ImageMatrix;
    /** Of `partialBytes` for each replica, or more. */
    partials: GPUBuffer;
    mask: Matrix;
    weights: Matrix;
    /** Where updated weights go; buffers are updated in place. */
    updated: Matrix;
    clocks: GPUBuffer;
    state: GPUBuffer[];
  },
): KernelSource[] {
  const { inputs, format, deltas, partials, mask, weights, updated, state } = buffers;
  const { constants, columns, rowVectors } = geometryOf(layer), { images } = tiles;
  const { slices, examples } = gradientSlices(layer, sizes.batchSize);
  const { vectors, groups } = columnGroups(constants.OUT_VECTORS, images.weightVectors);
  const rowsEach = columnGroups(rowVectors, images.weightRowVectors);
  const all = { ...constants, LANES: tiles.lanes, K_VECTORS: rowVectors, SLICES: slices };
  const ofPartials = { name: "partials", vectors: constants.OUT_VECTORS, matrix: partials };
  const ofMask = { vectors: maskWords(4 * columns), format: "u8" } as const;
  const ofWeights = { name: "weights", vectors: columns };
  const gradient: KernelSource = {
    label: `weight gradient ${layer.name}`,
    template: [
      loadWgsl(inputsOf(layer, inputs, format)),
      loadWgsl({ name: "deltas", binding: 1, ...deltas }),
      storeWgsl({ ...ofPartials, binding: 2 }),
      convWeightGradient,
    ].join("\n"),
    constants: {
      ...all,
      VECTORS: vectors,
      GROUPS: groups,
      K_TILE: rowsEach.vectors,
      K_TILES: rowsEach.groups,
      SLICE: examples,
      UNROLL: divisor(constants.OUT_WIDTH, images.unroll),
      BATCH: sizes.batchSize,
      BATCH_ROWS: sizes.rows,
    },
    bindings: [
      matrixBinding(inputs, "read"),
      matrixBinding(deltas.matrix, "read"),
      write(partials),
    ],
    grid: [Math.ceil(rowsEach.groups * groups * slices / tiles.lanes), 1, sizes.replicas],
    work: convWork(layer, sizes, 1, slices),
  };
  const floats = weightShape(layer).inputs * weightShape(layer).units;
  const update: KernelSource = {
    label: `update ${layer.name}`,
    template: [
      common,
      updateWgsl(optimizer),
      loadWgsl({ ...ofPartials, binding: 0 }),
      loadWgsl({ name: "mask", binding: 2, matrix: mask, ...ofMask }),
      updateMatrixWgsl(
        { ...ofWeights, binding: 3, matrix: weights },
        { ...ofWeights, binding: 8, matrix: updated },
      ),
      convUpdate,
    ].join("\n"),
    constants: { ...all, COLUMN_VECTORS: columns },
    bindings: [
      read(partials),
      null,
      matrixBinding(mask, "read"),
      matrixBinding(weights, isTexture(weights) ? "read" : "write"),
      read(buffers.clocks),
      null,
      ...[0, 1].map((i) => state[i] ? write(state[i]) : null),
      isTexture(updated) ? matrixBinding(updated, "write") : null,
    ],
    grid: [Math.ceil(updateItems(layer) / tiles.lanes), 1, sizes.replicas],
    work: {
      flops: sizes.replicas * slices * floats,
      bytes: 4 * sizes.replicas * floats * (slices + 2 + 2 * state.length + 1 / 32),
    },
  };
  return [gradient, update];
}

/** Invocations of the update. */
function updateItems(layer: Conv2dSpec): number {
  const { constants: { DEPTH, OUT_VECTORS }, rowVectors } = geometryOf(layer);
  return rowVectors * DEPTH * OUT_VECTORS;
}

/** Most workgroups along x of any of a layer's kernels. */
export function convGroups(layer: Conv2dSpec, batchSize: number, tiles: Tiles): number {
  const { constants, rowVectors } = geometryOf(layer), { images } = tiles;
  const items = [
    constants.OUT_PIXELS * columnGroups(constants.OUT_VECTORS, images.forwardVectors).groups,
    constants.IN_PIXELS * columnGroups(constants.IN_VECTORS, images.backwardVectors).groups,
    columnGroups(rowVectors, images.weightRowVectors).groups *
    columnGroups(constants.OUT_VECTORS, images.weightVectors).groups *
    gradientSlices(layer, batchSize).slices,
    updateItems(layer),
  ];
  return Math.ceil(Math.max(...items) / tiles.lanes);
}

/** A layer's sizes as its kernels name them, and vec4s of a row and a column of its weights. */
function geometryOf(layer: Conv2dSpec) {
  const { image: [, , channels], padding, filters, useBias } = layer;
  const matrix = { ...weightShape(layer), useBias, channels }, sizes = convSizes(layer);
  return {
    columns: pitch(filters) / 4,
    /** With that of the biases. */
    rowVectors: sizes.TAPS * channelVectors(channels) + 1,
    constants: {
      ...sizes,
      IN_VECTORS: channelVectors(channels),
      OUT_VECTORS: channelVectors(filters),
      IS_PADDED: padding === "same" ? 1 : 0,
      DEPTH: Math.min(4, channels),
      K_PITCH: matrixRows(matrix),
    },
  };
}

function inputsOf({ image }: Conv2dSpec, matrix: Matrix, format: BatchFormat = "f32") {
  return { name: "inputs", binding: 0, matrix, vectors: imageVectors(image), format };
}

/** Columns of a tile: the fewest vec4s that cut `width` into as few groups as `most` would. */
function columnGroups(width: number, most: number): { vectors: number; groups: number } {
  const groups = Math.ceil(width / most), vectors = Math.ceil(width / groups);
  return { vectors, groups: Math.ceil(width / vectors) };
}

/** The largest divisor of a number that is at most `most`. */
function divisor(of: number, most: number): number {
  let largest = Math.min(of, most);
  while (of % largest !== 0) largest--;
  return largest;
}

/** Images are read `passes` times and outputs once, weights `weightPasses` times. */
function convWork(
  layer: Conv2dSpec,
  { rows, replicas }: Sizes,
  passes: number,
  weightPasses: number,
): Work {
  const { inputs, units } = weightShape(layer), [height, width, channels] = layer.image;
  const outputs = outputSize(layer);
  const floats = weightPasses * inputs * units +
    rows * (passes * height * width * channels + outputs);
  return { flops: 2 * replicas * rows * outputs * inputs, bytes: 4 * replicas * floats };
}
