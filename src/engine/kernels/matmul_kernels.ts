/**
 * The sources of the matrix kernels (forward, gradients and updates), one function each. The header
 * of each file of `shaders/` gives shapes and meaning.
 */

import common from "../../../shaders/common.wgsl" with { type: "text" };
import activationGradient from "../../../shaders/activation_gradient.wgsl" with { type: "text" };
import activationNone from "../../../shaders/activation_none.wgsl" with { type: "text" };
import activationRelu from "../../../shaders/activation_relu.wgsl" with { type: "text" };
import activationSigmoid from "../../../shaders/activation_sigmoid.wgsl" with { type: "text" };
import activationTanh from "../../../shaders/activation_tanh.wgsl" with { type: "text" };
import batchAhead from "../../../shaders/batch_ahead.wgsl" with { type: "text" };
import batchAlone from "../../../shaders/batch_alone.wgsl" with { type: "text" };
import forward from "../../../shaders/forward.wgsl" with { type: "text" };
import nonzero from "../../../shaders/nonzero.wgsl" with { type: "text" };
import stepsAll from "../../../shaders/steps_all.wgsl" with { type: "text" };
import stepsListed from "../../../shaders/steps_listed.wgsl" with { type: "text" };
import weightGradient from "../../../shaders/weight_gradient.wgsl" with { type: "text" };
import weightGradientRow from "../../../shaders/weight_gradient_row.wgsl" with { type: "text" };
import { type KernelSource, read, type Work, write } from "./kernel.ts";
import type { Activation, DenseSpec } from "../layer_spec.ts";
import { maskWords, pitch } from "./layout.ts";
import {
  type BatchFormat,
  isTexture,
  loadWgsl,
  type Matrix,
  matrixBinding,
  storeWgsl,
  updateWgsl as updateMatrixWgsl,
} from "./matrix.ts";
import { type UpdateRule, updateWgsl } from "../optimizers.ts";
import type { Tiles } from "./tiles.ts";

/** Workgroups along an axis that WebGPU promises. */
const MOST_GROUPS = 65535;

const ACTIVATIONS = { relu: activationRelu, tanh: activationTanh, sigmoid: activationSigmoid };

/** The WGSL of an activation and its derivative. */
export function activationWgsl(activation: Activation): string {
  return activation === null ? activationNone : ACTIVATIONS[activation];
}

/** Batches that are gathered at once, and what says which of them is this iteration's. */
export interface Ahead {
  batches: number;
  clocks: GPUBuffer;
}

/** outputs = activation(inputs · weights). */
export function forwardSource(
  layer: DenseSpec,
  isLast: boolean,
  sizes: { replicas: number; rows: number },
  tiles: Tiles,
  buffers: {
    inputs: Matrix;
    format?: BatchFormat;
    /** The lists of words of `nonzeroSource`; null: all words count. */
    lists?: GPUBuffer | null;
    /** Where the inputs are the batches of several iterations, one after the other. */
    ahead?: Ahead | null;
    weights: Matrix;
    outputs: Matrix;
  },
): KernelSource {
  const { inputs, format, lists = null, ahead = null, weights, outputs } = buffers;
  const inVectors = pitch(layer.inputs) / 4, outVectors = pitch(layer.units) / 4;
  const vectors = tileVectors(outVectors, tiles.forwardVectors, tiles);
  return {
    label: `forward ${layer.name}`,
    template: [
      activationWgsl(layer.activation),
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors: inVectors, format }),
      loadWgsl({ name: "weights", binding: 1, matrix: weights, vectors: outVectors }),
      storeWgsl({ name: "outputs", binding: 2, matrix: outputs, vectors: outVectors }),
      lists ? stepsListed : stepsAll,
      ahead ? [common, batchAhead].join("\n") : batchAlone,
      forward,
    ].join("\n"),
    constants: {
      LANES: tiles.lanes,
      ROWS: tiles.rows,
      VECTORS: vectors,
      IN_PITCH: 4 * inVectors,
      STEPS: inVectors,
      OUT_VECTORS: outVectors,
      UNITS: layer.units,
      // The logits feed no layer: no column of theirs is the constant 1.
      ONES_COLUMN: isLast ? 4 * outVectors : layer.units,
      ...(ahead && { AHEAD: ahead.batches }),
    },
    bindings: [
      matrixBinding(inputs, "read"),
      matrixBinding(weights, "read"),
      matrixBinding(outputs, "write"),
      null,
      ahead && read(ahead.clocks),
      lists && read(lists),
    ],
    grid: [columnGroups(outVectors, vectors, tiles), sizes.rows / tiles.rows, sizes.replicas],
    work: matmulWork(
      layer,
      sizes,
      layer.inputs * layer.units +
        sizes.rows * (layer.inputs * (format === "u8" ? 0.25 : 1) + layer.units),
    ),
  };
}

/** Gradient at the pre-activations of the layer below, whose activation is `below`. */
export function activationGradientSource(
  layer: DenseSpec,
  below: Activation,
  sizes: { replicas: number; rows: number },
  tiles: Tiles,
  buffers: { deltas: Matrix; weights: Matrix; activations: Matrix; below: Matrix },
): KernelSource {
  const { deltas, weights, activations } = buffers;
  const inVectors = pitch(layer.inputs) / 4, outVectors = pitch(layer.units) / 4;
  const vectors = tileVectors(inVectors, tiles.backwardVectors, tiles);
  return {
    label: `activation gradient ${layer.name}`,
    template: [
      activationWgsl(below),
      loadWgsl({ name: "deltas", binding: 0, matrix: deltas, vectors: outVectors }),
      loadWgsl({ name: "weights", binding: 1, matrix: weights, vectors: outVectors }),
      loadWgsl({ name: "activations", binding: 2, matrix: activations, vectors: inVectors }),
      storeWgsl({ name: "below", binding: 3, matrix: buffers.below, vectors: inVectors }),
      activationGradient,
    ].join("\n"),
    constants: {
      LANES: tiles.lanes,
      ROWS: tiles.rows,
      VECTORS: vectors,
      INPUTS: layer.inputs,
      IN_PITCH: 4 * inVectors,
      IN_VECTORS: inVectors,
      OUT_VECTORS: outVectors,
    },
    bindings: [
      matrixBinding(deltas, "read"),
      matrixBinding(weights, "read"),
      matrixBinding(activations, "read"),
      matrixBinding(buffers.below, "write"),
    ],
    grid: [columnGroups(inVectors, vectors, tiles), sizes.rows / tiles.rows, sizes.replicas],
    work: matmulWork(
      layer,
      sizes,
      layer.inputs * layer.units + sizes.rows * (2 * layer.inputs + layer.units),
    ),
  };
}

/** Masked weight gradient and the optimizer's update. */
export function weightGradientSource(
  layer: DenseSpec,
  optimizer: UpdateRule,
  sizes: { replicas: number; rows: number },
  tiles: Tiles,
  buffers: {
    inputs: Matrix;
    format?: BatchFormat;
    deltas: Matrix;
    mask: Matrix;
    weights: Matrix;
    /** Where updated weights go; buffers are updated in place. */
    updated: Matrix;
    clocks: GPUBuffer;
    /** The lists of rows of `nonzeroSource`; null: every batch row counts. */
    lists: GPUBuffer | null;
    /** Batches that lie one after the other in the inputs. Default: 1. */
    ahead?: number;
    state: GPUBuffer[];
  },
): KernelSource {
  const { inputs, format, deltas, mask, weights, updated, lists } = buffers;
  const inVectors = pitch(layer.inputs) / 4, outVectors = pitch(layer.units) / 4;
  const { rowVectors, count } = weightTiles(layer, tiles);
  const isOfRows = tiles.weightRowVectors < 1 && 4 * inVectors <= MOST_GROUPS;
  const vectors = tileVectors(outVectors, tiles.weightVectors, tiles);
  const ofMask = { vectors: maskWords(4 * outVectors), format: "u8" } as const;
  const ofWeights = { name: "weights", vectors: outVectors };
  return {
    label: `weight gradient ${layer.name}`,
    template: [
      common,
      updateWgsl(optimizer),
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors: inVectors, format }),
      loadWgsl({ name: "deltas", binding: 1, matrix: deltas, vectors: outVectors }),
      loadWgsl({ name: "mask", binding: 2, matrix: mask, ...ofMask }),
      updateMatrixWgsl(
        { ...ofWeights, binding: 3, matrix: weights },
        { ...ofWeights, binding: 8, matrix: updated },
      ),
      lists ? stepsListed : stepsAll,
      isOfRows ? weightGradientRow : weightGradient,
    ].join("\n"),
    constants: {
      LANES: tiles.lanes,
      VECTORS: vectors,
      TILE_VECTORS: rowVectors,
      TILE: 4 * rowVectors * vectors,
      TILES: count,
      UNROLL: unrollFor(sizes.rows, tiles),
      BATCH_ROWS: sizes.rows,
      AHEAD: buffers.ahead ?? 1,
      REPLICAS: sizes.replicas,
      STEPS: sizes.rows,
      INPUTS: layer.inputs,
      IN_PITCH: 4 * inVectors,
      IN_VECTORS: inVectors,
      OUT_VECTORS: outVectors,
    },
    bindings: [
      matrixBinding(inputs, "read"),
      matrixBinding(deltas, "read"),
      matrixBinding(mask, "read"),
      matrixBinding(weights, isTexture(weights) ? "read" : "write"),
      read(buffers.clocks),
      lists && read(lists),
      ...[0, 1].map((i) => buffers.state[i] ? write(buffers.state[i]) : null),
      isTexture(updated) ? matrixBinding(updated, "write") : null,
    ],
    grid: [
      columnGroups(outVectors, vectors, tiles),
      isOfRows ? 4 * inVectors : Math.ceil(inVectors / rowVectors),
      sizes.replicas,
    ],
    work: matmulWork(
      layer,
      sizes,
      // Weights and state are read and written; a mask is a bit per weight.
      layer.inputs * layer.units * (2 + 2 * buffers.state.length + 1 / 32) +
        sizes.rows * (layer.inputs * (format === "u8" ? 0.25 : 1) + layer.units),
    ),
  };
}

/**
 * The weight gradient's tiles along a layer's inputs: their vec4s, and how many there are. Tiles of
 * a single row share the list of their vec4.
 */
function weightTiles(layer: DenseSpec, tiles: Tiles): { rowVectors: number; count: number } {
  const inVectors = pitch(layer.inputs) / 4;
  const rowVectors = Math.min(Math.ceil(tiles.weightRowVectors), inVectors);
  return { rowVectors, count: Math.ceil(inVectors / rowVectors) };
}

/** u32 words of one replica's lists of nonzero rows. */
export function rowListWords(layer: DenseSpec, rows: number, tiles: Tiles): number {
  return weightTiles(layer, tiles).count * (rows + 1);
}

/** u32 words of one replica's lists of nonzero words. */
export function wordListWords(layer: DenseSpec, rows: number, tiles: Tiles): number {
  return rows / tiles.rows * (pitch(layer.inputs) / 4 + 1);
}

/** Lists what of a batch counts in each tile of forward and, if wanted, of the weight gradient. */
export function nonzeroSource(
  layer: DenseSpec,
  sizes: { replicas: number; rows: number; ahead?: number },
  tiles: Tiles,
  buffers: {
    inputs: Matrix;
    format?: BatchFormat;
    wordLists: GPUBuffer;
    rowLists: GPUBuffer | null;
  },
): KernelSource {
  const { inputs, format = "f32", wordLists, rowLists } = buffers, { ahead = 1 } = sizes;
  const { rowVectors, count } = weightTiles(layer, tiles);
  const weightTileCount = rowLists ? count : 0, rowTiles = sizes.rows / tiles.rows;
  const vectors = pitch(layer.inputs) / 4;
  const value = {
    f32: "any(load_inputs(row, k) != vec4f())",
    u8: "load_inputs_word(row, k) != 0u",
  };
  return {
    label: `nonzero ${layer.name}`,
    template: [
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors, format }),
      `fn is_nonzero(row: u32, k: u32) -> bool { return ${value[format]}; }`,
      nonzero,
    ].join("\n"),
    constants: {
      LANES: tiles.lanes,
      LISTS_ROWS: rowLists ? 1 : 0,
      WEIGHT_TILES: weightTileCount,
      ROW_TILES: rowTiles,
      TILE_ROWS: tiles.rows,
      TILE_VECTORS: rowVectors,
      IN_VECTORS: vectors,
      ROWS: sizes.rows,
      UNROLL: unrollFor(sizes.rows, tiles),
    },
    bindings: [
      matrixBinding(inputs, "read"),
      write(wordLists),
      rowLists && write(rowLists),
    ],
    // Batches of several iterations are as those of more replicas.
    grid: [Math.ceil((weightTileCount + rowTiles) / tiles.lanes), 1, ahead * sizes.replicas],
    ahead,
  };
}

/** A product of (rows, inputs) and (inputs, units) per replica; `floats` are read and written. */
export function matmulWork(
  { inputs, units }: DenseSpec,
  { rows, replicas }: { rows: number; replicas: number },
  floats: number,
): Work {
  return { flops: 2 * replicas * rows * inputs * units, bytes: 4 * replicas * floats };
}

/** Workgroups along a matrix of `width` vec4 columns, `vectors` of them per invocation. */
export function columnGroups(width: number, vectors: number, tiles: Tiles): number {
  return Math.ceil(width / vectors / tiles.lanes);
}

/** vec4 columns per invocation: the fewest that fill as few workgroups as `most` would. */
export function tileVectors(width: number, most: number, tiles: Tiles): number {
  const groups = Math.ceil(width / (most * tiles.lanes));
  return Math.ceil(width / (groups * tiles.lanes));
}

/** The largest step of the weight gradient that divides a batch's rows. */
function unrollFor(rows: number, tiles: Tiles): number {
  let unroll = tiles.unroll;
  while (rows % unroll !== 0) unroll--;
  return unroll;
}
