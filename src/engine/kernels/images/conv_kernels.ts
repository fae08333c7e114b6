/**
 * The sources of the kernels of convolutions, forward and the gradient by inputs, one function each
 * (conv_update_kernels.ts has those of their weights). The header of each file of `shaders/` gives
 * shapes and meaning.
 */

import convActivationGradient from "../../../../shaders/conv_activation_gradient.wgsl" with {
  type: "text",
};
import convForward from "../../../../shaders/conv_forward.wgsl" with { type: "text" };
import type { Activation, Conv2dSpec } from "../../layer_spec.ts";
import type { KernelSource } from "../kernel.ts";
import { imageVectors } from "../layout.ts";
import { activationWgsl } from "../activation_wgsl.ts";
import { type BatchFormat, loadWgsl, type Matrix, matrixBinding, storeWgsl } from "../matrix.ts";
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

/** Most workgroups along x of either. */
export function convGroups(layer: Conv2dSpec, tiles: Tiles): number {
  const { constants } = geometryOf(layer), { images } = tiles;
  const items = [
    constants.OUT_PIXELS * columnGroups(constants.OUT_VECTORS, images.forwardVectors).groups,
    constants.IN_PIXELS * columnGroups(constants.IN_VECTORS, images.backwardVectors).groups,
  ];
  return Math.ceil(Math.max(...items) / tiles.lanes);
}
