/**
 * The sources of the kernels of pools, one function each. The header of each file of `shaders/`
 * gives shapes and meaning.
 */

import poolForward from "../../../../shaders/pool_forward.wgsl" with { type: "text" };
import poolGradient from "../../../../shaders/pool_gradient.wgsl" with { type: "text" };
import poolGradientApart from "../../../../shaders/pool_gradient_apart.wgsl" with { type: "text" };
import type { Activation, PoolSpec } from "../../layer_spec.ts";
import type { ImageMatrix } from "./conv_geometry.ts";
import { poolSizes } from "./image_sizes.ts";
import type { KernelSource } from "../kernel.ts";
import { channelVectors, imageVectors } from "../layout.ts";
import { activationWgsl } from "../activation_wgsl.ts";
import {
  type BatchFormat,
  loadWgsl,
  type Matrix,
  matrixBinding,
  storeWgsl,
  updateWgsl,
} from "../matrix.ts";
import type { Tiles } from "../tiles.ts";

interface Sizes {
  replicas: number;
  rows: number;
}

/** outputs = the maximum or mean of each window. */
export function poolForwardSource(
  layer: PoolSpec,
  { replicas, rows }: Sizes,
  tiles: Tiles,
  buffers: {
    inputs: Matrix;
    format?: BatchFormat;
    outputs: ImageMatrix;
    /** Whether a dense layer takes the outputs. */
    hasOnes: boolean;
  },
): KernelSource {
  const { inputs, format, outputs, hasOnes } = buffers, constants = constantsOf(layer);
  const vectors = imageVectors(layer.image);
  const items = constants.OUT_PIXELS * constants.VECTORS + (hasOnes ? 1 : 0);
  return {
    label: `forward ${layer.name}`,
    template: [
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors, format }),
      storeWgsl({ name: "outputs", binding: 1, ...outputs }),
      poolForward,
    ].join("\n"),
    constants: { ...constants, LANES: tiles.lanes, HAS_ONES: hasOnes ? 1 : 0 },
    bindings: [matrixBinding(inputs, "read"), matrixBinding(outputs.matrix, "write")],
    grid: [Math.ceil(items / tiles.lanes), rows, replicas],
  };
}

/**
 * Gradient at the pre-activations of the layer below, whose activation is `below`. Where the pool
 * has `blocksOf`, a buffer of inputs may be that of the gradient too: each is read, then
 * overwritten.
 */
export function poolGradientSource(
  layer: PoolSpec,
  below: Activation,
  { replicas, rows }: Sizes,
  tiles: Tiles,
  buffers: { inputs: Matrix; deltas: ImageMatrix; below: Matrix },
): KernelSource {
  const { inputs, deltas } = buffers, vectors = imageVectors(layer.image);
  const isInPlace = inputs === buffers.below;
  const before = { name: "inputs", binding: 1, matrix: inputs, vectors };
  const after = { name: "below", binding: 2, matrix: buffers.below, vectors };
  const blocks = blocksOf(layer), { VECTORS } = constantsOf(layer);
  const items = blocks ? blocks.BLOCKS_Y * blocks.BLOCKS_X * VECTORS : vectors;
  return {
    label: `activation gradient ${layer.name}`,
    template: [
      activationWgsl(below),
      loadWgsl({ name: "deltas", binding: 0, ...deltas }),
      ...(isInPlace ? [updateWgsl(before, after)] : [loadWgsl(before), storeWgsl(after)]),
      blocks ? poolGradientApart : poolGradient,
    ].join("\n"),
    constants: { ...constantsOf(layer), ...blocks, LANES: tiles.lanes },
    bindings: [
      matrixBinding(deltas.matrix, "read"),
      ...(isInPlace ? [] : [matrixBinding(inputs, "read")]),
      matrixBinding(buffers.below, "write"),
    ],
    grid: [Math.ceil(items / tiles.lanes), rows, replicas],
  };
}

/** Blocks of a pool's images with a window each; null where windows overlap or means are taken. */
export function blocksOf({ kind, image, size, stride }: PoolSpec) {
  if (kind !== "maxPool2d" || size.some((side, axis) => side > stride[axis])) return null;
  const [BLOCKS_Y, BLOCKS_X] = stride.map((step, axis) => Math.ceil(image[axis] / step));
  return { BLOCKS_Y, BLOCKS_X };
}

/** Most workgroups along x of any of a layer's kernels. */
export function poolGroups(layer: PoolSpec, tiles: Tiles): number {
  return Math.ceil((imageVectors(layer.image) + 1) / tiles.lanes);
}

function constantsOf(layer: PoolSpec) {
  return { ...poolSizes(layer), VECTORS: channelVectors(layer.image[2]) };
}
