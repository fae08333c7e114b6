/**
 * The sources of the matrix kernels in their usual form: forward and activation gradient, one
 * function each. The header of each file of `shaders/` gives shapes and meaning.
 */

import common from "../../../../shaders/common.wgsl" with { type: "text" };
import activationGradient from "../../../../shaders/activation_gradient.wgsl" with { type: "text" };
import activationNone from "../../../../shaders/activation_none.wgsl" with { type: "text" };
import activationRelu from "../../../../shaders/activation_relu.wgsl" with { type: "text" };
import activationSigmoid from "../../../../shaders/activation_sigmoid.wgsl" with { type: "text" };
import activationTanh from "../../../../shaders/activation_tanh.wgsl" with { type: "text" };
import batchAhead from "../../../../shaders/batch_ahead.wgsl" with { type: "text" };
import batchAlone from "../../../../shaders/batch_alone.wgsl" with { type: "text" };
import forward from "../../../../shaders/forward.wgsl" with { type: "text" };
import stepsAll from "../../../../shaders/steps_all.wgsl" with { type: "text" };
import stepsListed from "../../../../shaders/steps_listed.wgsl" with { type: "text" };
import { type KernelSource, read, type Work } from "../kernel.ts";
import type { Activation, DenseSpec } from "../../layer_spec.ts";
import { pitch } from "../layout.ts";
import { type BatchFormat, loadWgsl, type Matrix, matrixBinding, storeWgsl } from "../matrix.ts";
import type { Tiles } from "../tiles.ts";

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
  const grid = plainGrid(outVectors, vectors, sizes, tiles);
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
    grid,
    work: {
      ...matmulWork(
        layer,
        sizes,
        layer.inputs * layer.units +
          sizes.rows * (layer.inputs * (format === "u8" ? 0.25 : 1) + layer.units),
      ),
      groupBytes: groupBytes(grid, 4 * inVectors, {
        ...{ rows: tiles.rows, vectors: Math.min(outVectors, tiles.lanes * vectors), format },
      }),
      loads: inVectors,
    },
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
  const grid = plainGrid(inVectors, vectors, sizes, tiles);
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
    grid,
    work: {
      ...matmulWork(
        layer,
        sizes,
        layer.inputs * layer.units + sizes.rows * (2 * layer.inputs + layer.units),
      ),
      groupBytes: groupBytes(grid, 4 * outVectors, {
        ...{ rows: tiles.rows, vectors: Math.min(inVectors, tiles.lanes * vectors) },
      }),
      loads: outVectors,
    },
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

/** The grid of tiles of `tiles.rows` rows, for a result of `width` vec4 columns. */
function plainGrid(
  width: number,
  vectors: number,
  { rows, replicas }: { rows: number; replicas: number },
  tiles: Tiles,
): [number, number, number] {
  return [columnGroups(width, vectors, tiles), rows / tiles.rows, replicas];
}

/**
 * Bytes that the workgroups of a grid read, each a tile of `rows` rows of the left matrix and
 * `vectors` vec4 columns of the right one, along `steps` columns and rows of these.
 */
export function groupBytes(
  [x, y, z]: readonly [number, number, number],
  steps: number,
  { rows, vectors, format }: { rows: number; vectors: number; format?: BatchFormat },
): number {
  return x * y * z * steps * (rows * (format === "u8" ? 1 : 4) + 16 * vectors);
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
