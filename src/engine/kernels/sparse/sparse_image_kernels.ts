/**
 * The sources of the kernels that go through the images of a sparse network (convolutions with live
 * weights, pools), one function each. The header of each file of `shaders/` gives shapes and
 * meaning.
 */

import convProduct from "../../../../shaders/sparse_conv_product.wgsl" with { type: "text" };
import finishBackward from "../../../../shaders/sparse_finish_backward.wgsl" with { type: "text" };
import finishForward from "../../../../shaders/sparse_finish_forward.wgsl" with { type: "text" };
import poolForward from "../../../../shaders/sparse_pool_forward.wgsl" with { type: "text" };
import poolGradient from "../../../../shaders/sparse_pool_gradient.wgsl" with { type: "text" };
import weightsOfInputs from "../../../../shaders/sparse_weights_inputs.wgsl" with { type: "text" };
import weightsOfUnits from "../../../../shaders/sparse_weights_units.wgsl" with { type: "text" };
import type { Activation, Conv2dSpec, PoolSpec } from "../../layer_spec.ts";
import type { KernelSource } from "../kernel.ts";
import { activationWgsl } from "../activation_wgsl.ts";
import { loadWgsl, type Matrix, matrixBinding, storeWgsl } from "../matrix.ts";
import type { Tiles } from "../tiles.ts";
import { type FeatureMap, featureRows } from "./feature_maps.ts";
import { listParts, type SparseWeights } from "./sparse_kernels.ts";
import { backwardPlaces, type Blocks, forwardPlaces, poolPlaces } from "./sparse_places.ts";
import type { Columns } from "./sparse_row_kernels.ts";

/** Most workgroups along one axis of a grid. */
const MAX_GROUPS = 32768;
/**
 * Filters or channels that an invocation computes at most, one after the other, at each of its
 * places: 4 take llvmpipe 1.1 to 3 times as long as 64.
 */
export const CHANNELS_EACH = 64;

/** outputs = activation(inputs ∗ live weights + biases) of layer `index`, a convolution. */
export function sparseConvForwardSource(
  index: number,
  conv: Conv2dSpec,
  shape: Columns,
  tiles: Tiles,
  weights: SparseWeights,
  { inputs, outputs }: { inputs: Matrix; outputs: Matrix },
): KernelSource {
  const { layout } = weights, layer = layout.layers[index];
  const lists = listParts(weights, 2), { blocks, wgsl } = forwardPlaces(layer, conv);
  return product(`forward ${layer.name}`, shape, tiles, blocks, {
    replicas: layout.replicas,
    template: [
      lists.template,
      weightsOfUnits.replaceAll("_of_group", "_of"),
      activationWgsl(layer.activation),
      finishForward,
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors: shape.columns }),
      storeWgsl({ name: "outputs", binding: 1, matrix: outputs, vectors: shape.columns }),
      wgsl,
    ],
    constants: {
      ...lists.constants,
      ENTRIES: 4,
      LISTS: layer.units,
      CLASSES: 1,
      START: layout.unitLists[index],
      IN_ROWS: featureRows(layer.from.rows),
      OUT_ROWS: featureRows(layer.to.rows),
      OUT_STEP: layer.units,
    },
    bindings: [matrixBinding(inputs, "read"), matrixBinding(outputs, "write"), ...lists.bindings],
  });
}

/** Gradient at the pre-activations of the layer below layer `index`, a convolution. */
export function sparseConvBackwardSource(
  index: number,
  conv: Conv2dSpec,
  shape: Columns,
  tiles: Tiles,
  weights: SparseWeights,
  { deltas, activations, below }: { deltas: Matrix; activations: Matrix; below: Matrix },
): KernelSource {
  const { layout } = weights, layer = layout.layers[index], vectors = shape.columns;
  const lists = listParts(weights, 2), { blocks, wgsl } = backwardPlaces(layer, conv);
  return product(`activation gradient ${layer.name}`, shape, tiles, blocks, {
    replicas: layout.replicas,
    template: [
      lists.template,
      weightsOfInputs.replaceAll("_of_pair", "_of"),
      activationWgsl(layer.belowActivation),
      finishBackward,
      loadWgsl({ name: "inputs", binding: 0, matrix: deltas, vectors }),
      storeWgsl({ name: "outputs", binding: 1, matrix: below, vectors }),
      loadWgsl({ name: "activations", binding: 4, matrix: activations, vectors }),
      wgsl,
    ],
    constants: {
      ...lists.constants,
      ENTRIES: 2,
      LISTS: layer.sources,
      CLASSES: layer.classes,
      START: layout.inputLists[index],
      IN_ROWS: featureRows(layer.to.rows),
      OUT_ROWS: featureRows(layer.from.rows),
      OUT_STEP: layer.sources,
    },
    bindings: [
      matrixBinding(deltas, "read"),
      matrixBinding(below, "write"),
      ...lists.bindings,
      matrixBinding(activations, "read"),
    ],
  });
}

function product(
  label: string,
  { columns, tiles: tileCount }: Columns,
  tiles: Tiles,
  { each, count }: Blocks,
  parts: {
    replicas: number;
    template: string[];
    constants: Record<string, number>;
    bindings: KernelSource["bindings"];
  },
): KernelSource {
  const across = Math.min(tiles.sparse.lanes, columns);
  return {
    label,
    template: [...parts.template, convProduct].join("\n"),
    constants: {
      ...parts.constants,
      LANES: across,
      VECTORS: columns / across,
      UNITS_EACH: CHANNELS_EACH,
      EACH: each,
      BLOCKS: count,
      TILES: tileCount,
    },
    bindings: parts.bindings,
    grid: [
      Math.ceil(parts.constants.LISTS / CHANNELS_EACH),
      Math.min(count, MAX_GROUPS),
      parts.replicas * tileCount,
    ],
  };
}

/** A pool's images: those below it and its own. */
interface PoolMaps {
  from: FeatureMap;
  to: FeatureMap;
}

/** The maximum or mean of each window of each channel. */
export function sparsePoolForwardSource(
  pool: PoolSpec,
  { from, to }: PoolMaps,
  { columns, tiles: tileCount }: Columns,
  tiles: Tiles,
  replicas: number,
  { inputs, outputs }: { inputs: Matrix; outputs: Matrix },
): KernelSource {
  return {
    label: `forward ${pool.name}`,
    template: [
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors: columns }),
      storeWgsl({ name: "outputs", binding: 1, matrix: outputs, vectors: columns }),
      poolForward,
    ].join("\n"),
    ...poolParts(pool, { from, to }, columns, tiles),
    bindings: [matrixBinding(inputs, "read"), matrixBinding(outputs, "write")],
    grid: poolGrid(to, replicas * tileCount),
  };
}

/** Gradient at the pre-activations of the layer below a pool. */
export function sparsePoolGradientSource(
  pool: PoolSpec,
  below: Activation,
  { from, to }: PoolMaps,
  { columns, tiles: tileCount }: Columns,
  tiles: Tiles,
  replicas: number,
  buffers: { inputs: Matrix; deltas: Matrix; below: Matrix },
): KernelSource {
  const { inputs, deltas } = buffers, vectors = columns;
  return {
    label: `activation gradient ${pool.name}`,
    template: [
      activationWgsl(below),
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors }),
      loadWgsl({ name: "deltas", binding: 1, matrix: deltas, vectors }),
      storeWgsl({ name: "below", binding: 2, matrix: buffers.below, vectors }),
      poolGradient,
    ].join("\n"),
    ...poolParts(pool, { from, to }, columns, tiles),
    bindings: [
      matrixBinding(inputs, "read"),
      matrixBinding(deltas, "read"),
      matrixBinding(buffers.below, "write"),
    ],
    grid: poolGrid(from, replicas * tileCount),
  };
}

function poolParts(pool: PoolSpec, { from, to }: PoolMaps, columns: number, tiles: Tiles) {
  const across = Math.min(tiles.sparse.lanes, columns), isMax = pool.kind === "maxPool2d";
  return {
    constants: {
      ...poolPlaces(pool, from, to),
      IN_ROWS: featureRows(from.rows),
      OUT_ROWS: featureRows(to.rows),
      IS_MAX: isMax ? 1 : 0,
      IS_MEAN: isMax ? 0 : 1,
      LANES: across,
      VECTORS: columns / across,
    },
  };
}

/** A workgroup for each pixel, or some of them. */
function poolGrid({ image: [height, width] }: FeatureMap, tiles: number) {
  return [Math.min(height * width, MAX_GROUPS), 1, tiles] as const;
}
