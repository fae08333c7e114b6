/**
 * The matrix kernels (forward, gradients and updates), one function each: takes sizes, tile shapes and
 * buffers, gives the source that `createKernels` compiles. Shapes and meaning are in the header of each
 * file of `shaders/`.
 */

import activationGradient from "../../shaders/activation_gradient.wgsl" with { type: "text" };
import activationNone from "../../shaders/activation_none.wgsl" with { type: "text" };
import activationRelu from "../../shaders/activation_relu.wgsl" with { type: "text" };
import activationSigmoid from "../../shaders/activation_sigmoid.wgsl" with { type: "text" };
import activationTanh from "../../shaders/activation_tanh.wgsl" with { type: "text" };
import forward from "../../shaders/forward.wgsl" with { type: "text" };
import inputsF32 from "../../shaders/inputs_f32.wgsl" with { type: "text" };
import inputsU8 from "../../shaders/inputs_u8.wgsl" with { type: "text" };
import nonzeroRows from "../../shaders/nonzero_rows.wgsl" with { type: "text" };
import rowsAll from "../../shaders/rows_all.wgsl" with { type: "text" };
import rowsListed from "../../shaders/rows_listed.wgsl" with { type: "text" };
import weightGradient from "../../shaders/weight_gradient.wgsl" with { type: "text" };
import { type KernelSource, read, write } from "./kernel.ts";
import type { Activation, LayerSpec } from "./layer_spec.ts";
import { maskWords, pitch } from "./layout.ts";
import { type OptimizerSpec, updateWgsl } from "./optimizers.ts";
import type { InputFormat } from "./program_spec.ts";
import type { Tiles } from "./tiles.ts";

const ACTIVATIONS = { relu: activationRelu, tanh: activationTanh, sigmoid: activationSigmoid };
const INPUTS = { f32: inputsF32, u8: inputsU8 };

function activationWgsl(activation: Activation): string {
  return activation === null ? activationNone : ACTIVATIONS[activation];
}

/** outputs = activation(inputs · weights). */
export function forwardSource(
  layer: LayerSpec,
  isLast: boolean,
  sizes: { replicas: number; rows: number },
  tiles: Tiles,
  buffers: { inputs: GPUBuffer; format?: InputFormat; weights: GPUBuffer; outputs: GPUBuffer },
): KernelSource {
  const outPitch = pitch(layer.units);
  const vectors = tileVectors(outPitch / 4, tiles.forwardVectors, tiles);
  return {
    label: `forward ${layer.name}`,
    template: [activationWgsl(layer.activation), INPUTS[buffers.format ?? "f32"], forward].join(
      "\n",
    ),
    constants: {
      LANES: tiles.lanes,
      ROWS: tiles.rows,
      VECTORS: vectors,
      IN_PITCH: pitch(layer.inputs),
      IN_VECTORS: pitch(layer.inputs) / 4,
      OUT_VECTORS: outPitch / 4,
      UNITS: layer.units,
      // The logits feed no layer: no column of theirs is the constant 1.
      ONES_COLUMN: isLast ? outPitch : layer.units,
    },
    bindings: [read(buffers.inputs), read(buffers.weights), write(buffers.outputs)],
    grid: [columnGroups(outPitch / 4, vectors, tiles), sizes.rows / tiles.rows, sizes.replicas],
  };
}

/** Gradient at the pre-activations of the layer below, whose activation is `below`. */
export function activationGradientSource(
  layer: LayerSpec,
  below: Activation,
  sizes: { replicas: number; rows: number },
  tiles: Tiles,
  buffers: { deltas: GPUBuffer; weights: GPUBuffer; activations: GPUBuffer; below: GPUBuffer },
): KernelSource {
  const inPitch = pitch(layer.inputs);
  const vectors = tileVectors(inPitch / 4, tiles.backwardVectors, tiles);
  return {
    label: `activation gradient ${layer.name}`,
    template: `${activationWgsl(below)}\n${activationGradient}`,
    constants: {
      LANES: tiles.lanes,
      ROWS: tiles.rows,
      VECTORS: vectors,
      INPUTS: layer.inputs,
      IN_PITCH: inPitch,
      IN_VECTORS: inPitch / 4,
      OUT_VECTORS: pitch(layer.units) / 4,
    },
    bindings: [
      read(buffers.deltas),
      read(buffers.weights),
      read(buffers.activations),
      write(buffers.below),
    ],
    grid: [columnGroups(inPitch / 4, vectors, tiles), sizes.rows / tiles.rows, sizes.replicas],
  };
}

/** Masked weight gradient and the optimizer's update. */
export function weightGradientSource(
  layer: LayerSpec,
  optimizer: OptimizerSpec,
  sizes: { replicas: number; rows: number },
  tiles: Tiles,
  buffers: {
    inputs: GPUBuffer;
    format?: InputFormat;
    deltas: GPUBuffer;
    mask: GPUBuffer;
    weights: GPUBuffer;
    steps: GPUBuffer;
    /** The lists of `nonzeroRowsSource`; null: every batch row counts. */
    lists: GPUBuffer | null;
    state: GPUBuffer[];
  },
): KernelSource {
  const inVectors = pitch(layer.inputs) / 4, outPitch = pitch(layer.units);
  const { rowVectors, count } = weightTiles(layer, tiles);
  const vectors = tileVectors(outPitch / 4, tiles.backwardVectors, tiles);
  return {
    label: `weight gradient ${layer.name}`,
    template: [
      updateWgsl(optimizer),
      INPUTS[buffers.format ?? "f32"],
      buffers.lists ? rowsListed : rowsAll,
      weightGradient,
    ].join(
      "\n",
    ),
    constants: {
      LANES: tiles.lanes,
      VECTORS: vectors,
      TILE_VECTORS: rowVectors,
      TILE: 4 * rowVectors * vectors,
      TILES: count,
      UNROLL: unrollFor(sizes.rows, tiles),
      BATCH_ROWS: sizes.rows,
      IN_PITCH: 4 * inVectors,
      IN_VECTORS: inVectors,
      OUT_VECTORS: outPitch / 4,
      MASK_WORDS: maskWords(outPitch),
    },
    bindings: [
      read(buffers.inputs),
      read(buffers.deltas),
      read(buffers.mask),
      write(buffers.weights),
      read(buffers.steps),
      buffers.lists && read(buffers.lists),
      ...buffers.state.map(write),
    ],
    grid: [
      columnGroups(outPitch / 4, vectors, tiles),
      Math.ceil(inVectors / rowVectors),
      sizes.replicas,
    ],
  };
}

/** The weight gradient's tiles along a layer's inputs: their vec4s, and how many there are. */
function weightTiles(layer: LayerSpec, tiles: Tiles): { rowVectors: number; count: number } {
  const inVectors = pitch(layer.inputs) / 4;
  const rowVectors = Math.min(tiles.weightRowVectors, inVectors);
  return { rowVectors, count: Math.ceil(inVectors / rowVectors) };
}

/** u32 words of one replica's lists of nonzero rows. */
export function nonzeroRowsWords(layer: LayerSpec, rows: number, tiles: Tiles): number {
  return weightTiles(layer, tiles).count * (rows + 1);
}

/** Lists the batch rows that count in each tile of the weight gradient. */
export function nonzeroRowsSource(
  layer: LayerSpec,
  sizes: { replicas: number; rows: number },
  tiles: Tiles,
  buffers: { inputs: GPUBuffer; format?: InputFormat; lists: GPUBuffer },
): KernelSource {
  const { rowVectors, count } = weightTiles(layer, tiles);
  return {
    label: `nonzero rows ${layer.name}`,
    template: `${INPUTS[buffers.format ?? "f32"]}\n${nonzeroRows}`,
    constants: {
      LANES: tiles.lanes,
      TILES: count,
      TILE_VECTORS: rowVectors,
      IN_VECTORS: pitch(layer.inputs) / 4,
      BATCH_ROWS: sizes.rows,
      UNROLL: unrollFor(sizes.rows, tiles),
    },
    bindings: [read(buffers.inputs), write(buffers.lists)],
    grid: [Math.ceil(count / tiles.lanes), 1, sizes.replicas],
  };
}

/** Workgroups along a matrix of `width` vec4 columns, `vectors` of them per invocation. */
function columnGroups(width: number, vectors: number, tiles: Tiles): number {
  return Math.ceil(width / vectors / tiles.lanes);
}

/** vec4 columns per invocation: the fewest that fill as few workgroups as `most` would. */
function tileVectors(width: number, most: number, tiles: Tiles): number {
  const groups = Math.ceil(width / (most * tiles.lanes));
  return Math.ceil(width / (groups * tiles.lanes));
}

/** The largest step of the weight gradient that divides a batch's rows. */
function unrollFor(rows: number, tiles: Tiles): number {
  let unroll = tiles.unroll;
  while (rows % unroll !== 0) unroll--;
  return unroll;
}
