/**
 * The parameters of a network: the arrays that are trained, masked, saved, checkpointed and
 * exported. Whatever does not compute with a network knows these, and not its layers.
 */

import type { DenseSpec } from "../engine/layer_spec.ts";

/** An array that is trained. */
export interface Parameter {
  /** That of its layer; a layer's biases have the name of its weights, and their own folder. */
  readonly name: string;
  /** As it is saved: (inputs, units) of weights, (units) of biases. */
  readonly shape: readonly number[];
  /** Rows of the matrix that it is to the kernels. */
  readonly rows: number;
  /** Columns of that matrix. */
  readonly columns: number;
  /** Weights can be pruned, biases cannot. */
  readonly isPrunable: boolean;
}

/** The parameters of some layers, in their order: weights, then biases where the layer has them. */
export function parametersOf(layers: readonly DenseSpec[]): Parameter[] {
  return layers.flatMap(({ name, inputs, units, useBias }) => [
    { name, shape: [inputs, units], rows: inputs, columns: units, isPrunable: true },
    ...(useBias ? [{ name, shape: [units], rows: 1, columns: units, isPrunable: false }] : []),
  ]);
}

/** The parameters that can be pruned: the weights. */
export function prunableOf(parameters: readonly Parameter[]): Parameter[] {
  return parameters.filter(({ isPrunable }) => isPrunable);
}

/** How many values the parameters that can be pruned have. */
export function weightCount(parameters: readonly Parameter[]): number {
  return prunableOf(parameters).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
}
