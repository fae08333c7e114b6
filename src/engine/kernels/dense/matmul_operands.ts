/**
 * The operands of a dense layer's forward and activation gradient, which are the same whatever the
 * kernels' tiles: WGSL that reaches them, bindings, constants, and the work.
 */

import common from "../../../../shaders/common.wgsl" with { type: "text" };
import batchAhead from "../../../../shaders/batch_ahead.wgsl" with { type: "text" };
import batchAlone from "../../../../shaders/batch_alone.wgsl" with { type: "text" };
import { read, type Work } from "../kernel.ts";
import type { DenseSpec } from "../../layer_spec.ts";
import { pitch } from "../layout.ts";
import { type BatchFormat, loadWgsl, type Matrix, matrixBinding, storeWgsl } from "../matrix.ts";

/** Batches that are gathered at once, and what says which of them is this iteration's. */
export interface Ahead {
  batches: number;
  clocks: GPUBuffer;
}

/** Inputs of a forward. */
export interface ForwardOperands {
  inputs: Matrix;
  format?: BatchFormat;
  /** Where the inputs are the batches of several iterations, one after the other. */
  ahead?: Ahead | null;
  weights: Matrix;
}

/** Inputs of an activation gradient, and its output. */
export interface GradientOperands {
  deltas: Matrix;
  weights: Matrix;
  activations: Matrix;
  below: Matrix;
}

const vectorsOf = ({ inputs, units }: DenseSpec) => ({
  inVectors: pitch(inputs) / 4,
  outVectors: pitch(units) / 4,
});

/** The operands of a forward: bindings 0, 1, 2 (its result) and 4. */
export function forwardOperands(
  layer: DenseSpec,
  { inputs, format, ahead = null, weights }: ForwardOperands,
) {
  const { inVectors, outVectors } = vectorsOf(layer);
  return {
    inVectors,
    outVectors,
    wgsl: [
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors: inVectors, format }),
      loadWgsl({ name: "weights", binding: 1, matrix: weights, vectors: outVectors }),
    ].join("\n"),
    /** Which of the batches in the inputs is meant. */
    batchWgsl: ahead ? [common, batchAhead].join("\n") : batchAlone,
    constants: { ...(ahead && { AHEAD: ahead.batches }) },
    bindings: (result: Matrix) => [
      matrixBinding(inputs, "read"),
      matrixBinding(weights, "read"),
      matrixBinding(result, "write"),
      null,
      ahead && read(ahead.clocks),
    ],
  };
}

/** The constants of finish_forward.wgsl. */
export function finishing(layer: DenseSpec, isLast: boolean) {
  // The logits feed no layer: no column of theirs is the constant 1.
  return { UNITS: layer.units, ONES_COLUMN: isLast ? pitch(layer.units) : layer.units };
}

/** The operands of an activation gradient: bindings 0 to 3. */
export function gradientOperands(
  layer: DenseSpec,
  { deltas, weights, activations, below }: GradientOperands,
) {
  const { inVectors, outVectors } = vectorsOf(layer);
  return {
    inVectors,
    outVectors,
    wgsl: [
      loadWgsl({ name: "deltas", binding: 0, matrix: deltas, vectors: outVectors }),
      loadWgsl({ name: "weights", binding: 1, matrix: weights, vectors: outVectors }),
      loadWgsl({ name: "activations", binding: 2, matrix: activations, vectors: inVectors }),
      storeWgsl({ name: "below", binding: 3, matrix: below, vectors: inVectors }),
    ].join("\n"),
    bindings: [
      matrixBinding(deltas, "read"),
      matrixBinding(weights, "read"),
      matrixBinding(activations, "read"),
      matrixBinding(below, "write"),
    ],
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

/** Floats that forward reads and writes, of each replica. */
export function forwardFloats(
  layer: DenseSpec,
  { rows }: { rows: number },
  { format }: { format?: BatchFormat },
): number {
  return layer.inputs * layer.units +
    rows * (layer.inputs * (format === "u8" ? 0.25 : 1) + layer.units);
}

/** Floats that an activation gradient reads and writes, of each replica. */
export function gradientFloats({ inputs, units }: DenseSpec, { rows }: { rows: number }): number {
  return inputs * units + rows * (2 * inputs + units);
}
