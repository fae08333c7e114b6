/**
 * The sources of the kernels that go through a sparse network's lists of live weights, one function
 * each. The header of each file of `shaders/` gives shapes and meaning. No constant depends on the
 * masks, so all levels of an experiment share their pipelines.
 */

import common from "../../../../shaders/common.wgsl" with { type: "text" };
import batchAhead from "../../../../shaders/sparse_batch_ahead.wgsl" with { type: "text" };
import batchFirst from "../../../../shaders/sparse_batch_first.wgsl" with { type: "text" };
import finishBackward from "../../../../shaders/sparse_finish_backward.wgsl" with { type: "text" };
import finishForward from "../../../../shaders/sparse_finish_forward.wgsl" with { type: "text" };
import sparseLists from "../../../../shaders/sparse_lists.wgsl" with { type: "text" };
import sparseGroup from "../../../../shaders/sparse_group.wgsl" with { type: "text" };
import sparseLayer from "../../../../shaders/sparse_layer.wgsl" with { type: "text" };
import sparseProduct from "../../../../shaders/sparse_product.wgsl" with { type: "text" };
import sparseUpdate from "../../../../shaders/sparse_update.wgsl" with { type: "text" };
import weightsOfInputs from "../../../../shaders/sparse_weights_inputs.wgsl" with { type: "text" };
import weightsOfUnits from "../../../../shaders/sparse_weights_units.wgsl" with { type: "text" };
import { type KernelSource, read, uniform, write } from "../kernel.ts";
import { loadWgsl, type Matrix, matrixBinding, storeWgsl } from "../matrix.ts";
import { activationWgsl } from "../activation_wgsl.ts";
import { isDense } from "../../layer_spec.ts";
import { type UpdateRule, updateWgsl } from "../../optimizers.ts";
import type { Columns } from "./sparse_row_kernels.ts";
import { placesOf, placesWgsl } from "./sparse_places.ts";
import { featureRows, onesRow } from "./feature_maps.ts";
import type { SparseLayout } from "./sparse_layout.ts";
import type { Tiles } from "../tiles.ts";

/** vec4s in a row of the matrices of records and values, a power of two. */
export const LIST_WIDTH = 1024;
/** Most workgroups along one axis of an update's grid. */
const MAX_GROUPS = 32768;

/** The lists and the weights in them. */
export interface SparseWeights {
  layout: SparseLayout;
  /** vec4u, `LIST_WIDTH` to a row. */
  records: Matrix;
  /** vec4f, `LIST_WIDTH` to a row. */
  values: Matrix;
}

/** Constants and WGSL of the lists, `records` and `values` bound from `binding` on. */
export function listParts(
  { layout, records, values }: SparseWeights,
  binding: number,
  writes = false,
) {
  const vectors = LIST_WIDTH,
    named = { name: "values", binding: binding + 1, matrix: values, vectors };
  return {
    template: [
      loadWgsl({ name: "records", binding, matrix: records, vectors, format: "u32" }),
      writes ? storeWgsl(named) : loadWgsl(named),
      sparseLists,
    ].join("\n"),
    constants: { LIST_WIDTH, RECORDS: layout.lists },
    bindings: [matrixBinding(records, "read"), matrixBinding(values, writes ? "write" : "read")],
  };
}

/** Of a first layer whose inputs are those of several iterations, one batch after the other. */
export interface Ahead {
  batches: number;
  clocks: GPUBuffer;
}

/** outputs = activation(inputs · live weights + biases) of layer `index`, a dense one. */
export function sparseForwardSource(
  index: number,
  shape: Columns,
  tiles: Tiles,
  weights: SparseWeights,
  { inputs, outputs, ahead }: { inputs: Matrix; outputs: Matrix; ahead?: Ahead | null },
): KernelSource {
  const { layout } = weights, layer = layout.layers[index];
  const lists = listParts(weights, 2), columns = shape.columns;
  return product(`forward ${layer.name}`, shape, tiles, layout.replicas, {
    lists: layer.units,
    template: [
      lists.template,
      weightsOfUnits.replaceAll("_of_group", "_of"),
      activationWgsl(layer.activation),
      finishForward,
      ahead ? [common, batchAhead].join("\n") : batchFirst,
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors: columns }),
      storeWgsl({ name: "outputs", binding: 1, matrix: outputs, vectors: columns }),
    ],
    constants: {
      ...lists.constants,
      ENTRIES: 4,
      START: layout.unitLists[index],
      IN_ROWS: featureRows(layer.from.rows),
      OUT_ROWS: featureRows(layer.to.rows),
      ...(ahead && { AHEAD: ahead.batches, REPLICAS: layout.replicas }),
    },
    bindings: [
      matrixBinding(inputs, "read"),
      matrixBinding(outputs, "write"),
      ...lists.bindings,
      null,
      ahead ? read(ahead.clocks) : null,
    ],
  });
}

/** Gradient at the pre-activations of the layer below layer `index`, a dense one. */
export function sparseBackwardSource(
  index: number,
  shape: Columns,
  tiles: Tiles,
  weights: SparseWeights,
  buffers: { deltas: Matrix; activations: Matrix; below: Matrix },
): KernelSource {
  const { layout } = weights, layer = layout.layers[index];
  const { deltas, activations, below } = buffers;
  const lists = listParts(weights, 2), columns = shape.columns;
  return product(`activation gradient ${layer.name}`, shape, tiles, layout.replicas, {
    lists: layer.sources,
    template: [
      lists.template,
      weightsOfInputs.replaceAll("_of_pair", "_of"),
      activationWgsl(layer.belowActivation),
      finishBackward,
      batchFirst,
      loadWgsl({ name: "inputs", binding: 0, matrix: deltas, vectors: columns }),
      storeWgsl({ name: "outputs", binding: 1, matrix: below, vectors: columns }),
      loadWgsl({ name: "activations", binding: 4, matrix: activations, vectors: columns }),
    ],
    constants: {
      ...lists.constants,
      ENTRIES: 2,
      START: layout.inputLists[index],
      IN_ROWS: featureRows(layer.to.rows),
      OUT_ROWS: featureRows(layer.from.rows),
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
  replicas: number,
  parts: {
    lists: number;
    template: string[];
    constants: Record<string, number>;
    bindings: KernelSource["bindings"];
  },
): KernelSource {
  const { lanes, unitLanes, unitsEach } = tiles.sparse;
  const across = Math.min(lanes, columns);
  return {
    label,
    template: [...parts.template, sparseProduct, sparseLayer].join("\n"),
    constants: {
      ...parts.constants,
      LISTS: parts.lists,
      LANES: across,
      VECTORS: columns / across,
      UNIT_LANES: unitLanes,
      UNITS_EACH: unitsEach,
      TILES: tileCount,
    },
    bindings: parts.bindings,
    grid: [Math.ceil(parts.lists / (unitLanes * unitsEach)), 1, replicas * tileCount],
  };
}

/** Gradients of the live weights of some layers, and the optimizer's update. */
export function sparseUpdateSource(
  optimizer: UpdateRule,
  { columns, tiles: tileCount }: Columns,
  tiles: Tiles,
  weights: SparseWeights,
  some: {
    /** Indices of the layers, which follow one another. */
    layers: readonly number[];
    /** Their groups in all, and a uniform: the first one, the end, a tile's columns. */
    groups: number;
    range: GPUBuffer;
  },
  buffers: {
    /** By layer: its inputs. */
    activations: readonly Matrix[];
    /** By layer. */
    deltas: readonly Matrix[];
    /** (groups) vec4f: values that are updated; `values` gets a copy. */
    updated: GPUBuffer;
    clocks: GPUBuffer;
    state: GPUBuffer[];
    /** Where the last update of an iteration copies `clocks` to; see `sparseTopSource`. */
    done?: GPUBuffer | null;
    /** Batches that lie one after the other in the first layer's inputs. Default: 1. */
    ahead?: number;
  },
): KernelSource {
  const { updated, clocks, state, done = null, ahead = 1 } = buffers;
  const lists = listParts(weights, 8, true);
  // The few weights of a convolution have long sums, so they are spread.
  const isDenseOnly = some.layers.every((index) => isDense(weights.layout.layers[index].spec));
  const lanes = isDenseOnly ? tiles.sparse.updateLanes : tiles.sparse.lanes;
  const invocations = Math.max(some.groups, done ? weights.layout.replicas : 1);
  const workgroups = Math.ceil(invocations / lanes), across = Math.min(workgroups, MAX_GROUPS);
  const sources = some.layers.map((index, l) => ({
    layer: weights.layout.layers[index],
    inputs: {
      name: `inputs_${l}`,
      binding: 10 + 2 * l,
      matrix: buffers.activations[index],
      vectors: columns,
    },
    deltas: {
      name: `deltas_${l}`,
      binding: 11 + 2 * l,
      matrix: buffers.deltas[index],
      vectors: columns,
    },
  }));
  return {
    label: `weight gradient ${sources.map(({ layer }) => layer.name).join(", ")}`,
    template: [
      common,
      updateWgsl(optimizer),
      lists.template,
      ...sources.flatMap(({ layer, inputs, deltas }, l) => [
        loadWgsl(inputs),
        loadWgsl(deltas),
        placesWgsl(layer, l),
      ]),
      sparseGroup,
      sparseUpdate,
    ].join("\n"),
    constants: {
      ...lists.constants,
      LANES: lanes,
      LAYERS: sources.length,
      MOVES_CLOCKS: Number(done !== null),
      REPLICAS: weights.layout.replicas,
      AHEAD: ahead,
      FIRST_LAYER: some.layers[0],
      TILES: tileCount,
      COLUMNS: columns,
      ...Object.fromEntries(sources.flatMap(({ layer }, l) => [
        [`IN_ROWS_${l}`, featureRows(layer.from.rows)],
        [`OUT_ROWS_${l}`, featureRows(layer.to.rows)],
        [`IS_BATCH_${l}`, Number(layer.index === 0)],
        [`ONES_${l}`, onesRow(layer.from.rows)],
        [`PLACES_${l}`, placesOf(layer)],
      ])),
    },
    bindings: [
      write(updated),
      read(clocks),
      uniform(some.range),
      done && write(done),
      null,
      null,
      ...[0, 1].map((i) => state[i] ? write(state[i]) : null),
      ...lists.bindings,
      ...sources.flatMap(({ inputs, deltas }) => [
        matrixBinding(inputs.matrix, "read"),
        matrixBinding(deltas.matrix, "read"),
      ]),
    ],
    grid: [across, Math.ceil(workgroups / across), 1],
  };
}
