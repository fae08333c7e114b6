/**
 * The parameters of a network: the arrays that are trained, masked, saved, checkpointed and
 * exported. Whatever does not compute with a network knows these, and not its layers.
 */

import {
  isDense,
  type LayerSpec,
  weightedLayers,
  type WeightedSpec,
  weightShape,
} from "../engine/layer_spec.ts";

/** An array that is trained. */
export interface Parameter {
  /** That of its layer; a layer's biases have the name of its weights, and their own folder. */
  readonly name: string;
  /**
   * As it is saved: (inputs, units) of a dense layer's weights, (height, width, channels, filters)
   * of a kernel, (units) or (filters) of biases.
   */
  readonly shape: readonly number[];
  /** Rows of the matrix that it is to the kernels. */
  readonly rows: number;
  /** Columns of that matrix. */
  readonly columns: number;
  /** Weights can be pruned, biases cannot. */
  readonly isPrunable: boolean;
}

/**
 * The parameters of some layers, in their order: weights, then biases where the layer has them.
 * Pooling layers have none.
 */
export function parametersOf(layers: readonly LayerSpec[]): Parameter[] {
  return weightedLayers(layers).flatMap((layer) => {
    const { name, useBias } = layer, { inputs: rows, units: columns } = weightShape(layer);
    return [
      { name, shape: weightAxes(layer), rows, columns, isPrunable: true },
      ...(useBias ? [{ name, shape: [columns], rows: 1, columns, isPrunable: false }] : []),
    ];
  });
}

/** The shape of a layer's weights: (inputs, units), or (height, width, channels, filters). */
export function weightAxes(layer: WeightedSpec): number[] {
  if (isDense(layer)) return [layer.inputs, layer.units];
  return [...layer.kernel, layer.image[2], layer.filters];
}

/** The parameters that can be pruned: the weights. */
export function prunableOf(parameters: readonly Parameter[]): Parameter[] {
  return parameters.filter(({ isPrunable }) => isPrunable);
}

/** How many values the parameters that can be pruned have. */
export function weightCount(parameters: readonly Parameter[]): number {
  return prunableOf(parameters).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
}
