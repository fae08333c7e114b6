/**
 * The sources of the matrix kernels in their usual form: forward and activation gradient, one
 * function each. The header of each file of `shaders/` gives shapes and meaning.
 */

import activationGradient from "../../../../shaders/activation_gradient.wgsl" with { type: "text" };
import forward from "../../../../shaders/forward.wgsl" with { type: "text" };
import stepsAll from "../../../../shaders/steps_all.wgsl" with { type: "text" };
import stepsListed from "../../../../shaders/steps_listed.wgsl" with { type: "text" };
import type { Activation, DenseSpec } from "../../layer_spec.ts";
import { activationWgsl } from "../activation_wgsl.ts";
import { type KernelSource, read } from "../kernel.ts";
import { type BatchFormat, type Matrix, storeWgsl } from "../matrix.ts";
import type { Tiles } from "../tiles.ts";
import {
  finishing,
  forwardFloats,
  type ForwardOperands,
  forwardOperands,
  gradientFloats,
  type GradientOperands,
  gradientOperands,
  matmulWork,
} from "./matmul_operands.ts";

/** outputs = activation(inputs · weights). */
export function forwardSource(
  layer: DenseSpec,
  isLast: boolean,
  sizes: { replicas: number; rows: number },
  tiles: Tiles,
  { outputs, lists = null, ...operands }: ForwardOperands & {
    /** The lists of words of `nonzeroSource`; null: all words count. */
    lists?: GPUBuffer | null;
    outputs: Matrix;
  },
): KernelSource {
  const { format } = operands;
  const { inVectors, outVectors, wgsl, batchWgsl, constants, bindings } = forwardOperands(
    layer,
    operands,
  );
  const vectors = tileVectors(outVectors, tiles.forwardVectors, tiles);
  const grid = plainGrid(outVectors, vectors, sizes, tiles);
  return {
    label: `forward ${layer.name}`,
    template: [
      activationWgsl(layer.activation),
      wgsl,
      storeWgsl({ name: "outputs", binding: 2, matrix: outputs, vectors: outVectors }),
      lists ? stepsListed : stepsAll,
      batchWgsl,
      forward,
    ].join("\n"),
    constants: {
      LANES: tiles.lanes,
      ROWS: tiles.rows,
      VECTORS: vectors,
      IN_PITCH: 4 * inVectors,
      STEPS: inVectors,
      OUT_VECTORS: outVectors,
      ...finishing(layer, isLast),
      ...constants,
    },
    bindings: [...bindings(outputs), lists && read(lists)],
    grid,
    work: {
      ...matmulWork(layer, sizes, forwardFloats(layer, sizes, operands)),
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
  operands: GradientOperands,
): KernelSource {
  const { inVectors, outVectors, wgsl, bindings } = gradientOperands(layer, operands);
  const vectors = tileVectors(inVectors, tiles.backwardVectors, tiles);
  const grid = plainGrid(inVectors, vectors, sizes, tiles);
  return {
    label: `activation gradient ${layer.name}`,
    template: [activationWgsl(below), wgsl, activationGradient].join("\n"),
    constants: {
      LANES: tiles.lanes,
      ROWS: tiles.rows,
      VECTORS: vectors,
      INPUTS: layer.inputs,
      IN_PITCH: 4 * inVectors,
      IN_VECTORS: inVectors,
      OUT_VECTORS: outVectors,
    },
    bindings,
    grid,
    work: {
      ...matmulWork(layer, sizes, gradientFloats(layer, sizes)),
      groupBytes: groupBytes(grid, 4 * outVectors, {
        ...{ rows: tiles.rows, vectors: Math.min(inVectors, tiles.lanes * vectors) },
      }),
      loads: outVectors,
    },
  };
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
