/**
 * The sources of the kernels that update a convolution's weights: gradients in slices, their sum.
 */

import common from "../../../../shaders/common.wgsl" with { type: "text" };
import convUpdate from "../../../../shaders/conv_update.wgsl" with { type: "text" };
import convWeightGradient from "../../../../shaders/conv_weight_gradient.wgsl" with {
  type: "text",
};
import { type Conv2dSpec, weightShape } from "../../layer_spec.ts";
import { type UpdateRule, updateWgsl } from "../../optimizers.ts";
import { type KernelSource, read, write } from "../kernel.ts";
import { maskWords } from "../layout.ts";
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
import {
  columnGroups,
  convWork,
  divisor,
  geometryOf,
  type ImageMatrix,
  inputsOf,
  type Sizes,
} from "./conv_geometry.ts";
import { mostExamples } from "../loop_steps.ts";

/** Most vec4s of all slices of a gradient, unless a loop grew too long: a GPU's invocations. */
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
  const examples = Math.min(Math.ceil(batchSize / most), mostExamples(layer));
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

/** Most workgroups along x of either. */
export function updateGroups(layer: Conv2dSpec, batchSize: number, tiles: Tiles): number {
  const { constants, rowVectors } = geometryOf(layer), { images } = tiles;
  const tilesOfSlice = columnGroups(rowVectors, images.weightRowVectors).groups *
    columnGroups(constants.OUT_VECTORS, images.weightVectors).groups;
  const items = [tilesOfSlice * gradientSlices(layer, batchSize).slices, updateItems(layer)];
  return Math.ceil(Math.max(...items) / tiles.lanes);
}
