/**
 * The source of the kernel that trains sparse networks of dense layers for several iterations in
 * one dispatch. The header of shaders/sparse_iterations.wgsl gives shapes and meaning. Its stages
 * are those of the kernels that do one each, with names of their own for each layer.
 */

import batchFlat from "../../../../shaders/sparse_batch_flat.wgsl" with { type: "text" };
import finishBackward from "../../../../shaders/sparse_finish_backward.wgsl" with { type: "text" };
import finishForward from "../../../../shaders/sparse_finish_forward.wgsl" with { type: "text" };
import gatherEpoch from "../../../../shaders/gather_epoch.wgsl" with { type: "text" };
import logitsLoaded from "../../../../shaders/sparse_logits_loaded.wgsl" with { type: "text" };
import sparseGroup from "../../../../shaders/sparse_group.wgsl" with { type: "text" };
import sparseIterations from "../../../../shaders/sparse_iterations.wgsl" with { type: "text" };
import sparseLists from "../../../../shaders/sparse_lists.wgsl" with { type: "text" };
import sparseLoss from "../../../../shaders/sparse_loss.wgsl" with { type: "text" };
import sparseProduct from "../../../../shaders/sparse_product.wgsl" with { type: "text" };
import sparseSoftmax from "../../../../shaders/sparse_softmax.wgsl" with { type: "text" };
import sparseWords from "../../../../shaders/sparse_words.wgsl" with { type: "text" };
import weightsOfInputs from "../../../../shaders/sparse_weights_inputs.wgsl" with { type: "text" };
import weightsOfUnits from "../../../../shaders/sparse_weights_units.wgsl" with { type: "text" };
import { UNIFORM_STRIDE } from "../../buffers.ts";
import { stateCount, updateWgsl as optimizerWgsl } from "../../optimizers.ts";
import { dynamicUniform, type KernelSource, read, uniform, write } from "../kernel.ts";
import { activationWgsl } from "../activation_wgsl.ts";
import { loadWgsl, updateWgsl } from "../matrix.ts";
import type { ProgramSpec } from "../program_spec.ts";
import { exampleParts } from "../gather_kernels.ts";
import { iterationWork } from "./iterations_work.ts";
import { featureRows, onesRow } from "./feature_maps.ts";
import { trainConstants } from "./sparse_head_kernel.ts";
import { LIST_WIDTH } from "./sparse_kernels.ts";
import type { SparseLayout } from "./sparse_layout.ts";
import { placesWgsl } from "./sparse_places.ts";
import type { Columns } from "./sparse_row_kernels.ts";

/** Storage buffers of the kernel beside the optimizer's. */
const STORAGE_BUFFERS = 8;

/** Storage buffers that the kernel has. */
export function iterationBuffers({ optimizer }: Pick<ProgramSpec, "optimizer">): number {
  return STORAGE_BUFFERS + stateCount(optimizer);
}

/** Bytes of workgroup memory: of each example its place and label, of each column two sums. */
export function iterationWorkgroupBytes({ columns, tiles }: Columns): number {
  return columns * tiles * (4 * 2 * 4 + 8);
}

/** A dispatch takes whole numbers at dynamic offsets: those of iterations. */
export function numberOffset(value: number): number {
  return value * UNIFORM_STRIDE;
}

/** Where the matrices of a network lie in the one buffer that has them all, in vec4s. */
export interface WorkLayout {
  /** The batch, then each layer's outputs. */
  activations: number[];
  /** By layer: gradient at its pre-activations. */
  deltas: number[];
  /** vec4s in all. */
  vectors: number;
}

/** Lays the matrices of `replicas` networks; `widths` are those of the inputs and of each layer. */
export function workLayout(
  widths: readonly number[],
  replicas: number,
  { columns, tiles }: Columns,
): WorkLayout {
  let vectors = 0;
  const lay = (width: number) => {
    const at = vectors;
    vectors += replicas * tiles * featureRows(width) * columns;
    return at;
  };
  const activations = widths.map(lay), deltas = widths.slice(1).map(lay);
  return { activations, deltas, vectors };
}

/** Training iterations of all networks, as many as a dispatch is told. */
export function sparseIterationsSource(
  { examples, optimizer, batchSize, trainCount, augment }: ProgramSpec,
  shape: Columns,
  /** Lanes of a workgroup, and most of them along a tile's columns. */
  { lanes, across: most }: { lanes: number; across: number },
  layout: SparseLayout,
  buffers: {
    records: GPUBuffer;
    values: GPUBuffer;
    state: GPUBuffer[];
    replicas: GPUBuffer;
    metrics: GPUBuffer;
    burst: GPUBuffer;
    work: GPUBuffer;
    workLayout: WorkLayout;
    /** Structs of the numbers from 0 on. */
    numbers: GPUBuffer;
    /** vec4s of the records before the words, columns of a tile. */
    sizes: GPUBuffer;
  },
): KernelSource {
  const { columns, tiles } = shape, { layers, replicas } = layout, last = layers.length - 1;
  const { state, workLayout: { activations, deltas } } = buffers;
  const across = Math.min(most, columns), [first] = layers;
  const widths = [first.from.rows, ...layers.map(({ to }) => to.rows)];
  const parts = exampleParts(
    examples,
    augment ?? null,
    { batchSize, trainCount },
    buffers.replicas,
  );
  const vectors = LIST_WIDTH, values = { name: "values", binding: 5, matrix: buffers.values };
  return {
    label: "iterations",
    template: [
      parts.head,
      gatherEpoch,
      loadWgsl({ name: "records", binding: 4, matrix: buffers.records, vectors, format: "u32" }),
      updateWgsl({ ...values, vectors }, { ...values, vectors }),
      sparseLists,
      weightsOfUnits,
      weightsOfInputs,
      optimizerWgsl(optimizer),
      ...activations.map((base, i) => accessWgsl(`activations_${i}`, base)),
      ...deltas.map((base, i) => accessWgsl(`deltas_${i}`, base)),
      sparseWords,
      renamed(batchFlat, { store_batch: "store_activations_0", ROWS: "ROWS_0" }),
      ...layers.map((_, l) => forwardWgsl(layout, l)),
      renamed([logitsLoaded, sparseSoftmax, sparseLoss].join("\n"), {
        load_outputs: `load_activations_${last + 1}`,
        store_deltas: `store_deltas_${last}`,
        DELTA_ROWS: `ROWS_${last + 1}`,
      }),
      ...layers.slice(1).map((_, b) => backwardWgsl(layout, last - b, b)),
      ...layers.map((_, l) => groupWgsl(layout, l)),
      sparseIterations,
    ].join("\n"),
    constants: {
      ...parts.constants,
      ...trainConstants({ batchSize, trainCount }, replicas),
      LIST_WIDTH,
      RECORDS: layout.lists,
      LANES: lanes,
      ACROSS: across,
      VECTORS: columns / across,
      COLUMNS: columns,
      TILES: tiles,
      BATCH_COLUMNS: columns * tiles,
      EXAMPLES: 4 * columns * tiles,
      LAYERS: layers.length,
      BACKWARD: last,
      CLASSES: layers[last].units,
      ...{ IS_FUSED: 0, IS_LOADED: 1, IS_BATCH: 0, HAS_BELOW: 0 },
      ...numbered("ROWS", widths.map(featureRows)),
      ...numbered("ONES", widths.map(onesRow)),
      ...numbered("UNITS", layers.map(({ units }) => units)),
      ...numbered("UNIT_START", layout.unitLists),
      ...numbered("SOURCES", layers.slice(1).map(({ sources }) => sources).reverse()),
      ...numbered("INPUT_START", layout.inputLists.slice(1).reverse()),
    },
    bindings: [
      ...parts.bindings,
      read(buffers.records),
      write(buffers.values),
      ...[0, 1].map((i) => state[i] ? write(state[i]) : null),
      write(buffers.metrics),
      write(buffers.work),
      uniform(buffers.burst),
      dynamicUniform(buffers.numbers, 4),
      dynamicUniform(buffers.numbers, 4),
      uniform(buffers.sizes),
    ],
    grid: [replicas, 1, 1],
    work: iterationWork(layout, shape, { lanes, across, states: state.length }),
    // Where nothing else is asked for, one iteration.
    offsets: [numberOffset(0), numberOffset(1)],
  };
}

/** Outputs of layer `l`: `forward_l`. */
function forwardWgsl({ layers }: SparseLayout, l: number): string {
  const text = [activationWgsl(layers[l].activation), finishForward, sparseProduct].join("\n");
  return renamed(text, {
    ...own(["activate", "derivative", "curvature", "finish"], `_forward_${l}`),
    product: `forward_${l}`,
    rows_of: "rows_of_group",
    weights_of: "weights_of_group",
    load_inputs: `load_activations_${l}`,
    store_outputs: `store_activations_${l + 1}`,
    ENTRIES: "4",
    START: `UNIT_START_${l}`,
    LISTS: `UNITS_${l}`,
    IN_ROWS: `ROWS_${l}`,
    OUT_ROWS: `ROWS_${l + 1}`,
  });
}

/** Gradient below layer `l`: `backward_b`, the `b`th of these. */
function backwardWgsl({ layers }: SparseLayout, l: number, b: number): string {
  const text = [activationWgsl(layers[l].belowActivation), finishBackward, sparseProduct];
  return renamed(text.join("\n"), {
    ...own(["activate", "derivative", "curvature", "finish"], `_backward_${b}`),
    product: `backward_${b}`,
    rows_of: "rows_of_pair",
    weights_of: "weights_of_pair",
    load_inputs: `load_deltas_${l}`,
    load_activations: `load_activations_${l}`,
    store_outputs: `store_deltas_${l - 1}`,
    ENTRIES: "2",
    START: `INPUT_START_${b}`,
    LISTS: `SOURCES_${b}`,
    IN_ROWS: `ROWS_${l + 1}`,
    OUT_ROWS: `ROWS_${l}`,
  });
}

/** Update of a group of layer `l`: `train_group_l`. */
function groupWgsl({ layers }: SparseLayout, l: number): string {
  // The template's first layer is this one.
  const text = [placesWgsl(layers[l], 0), sparseGroup.replaceAll("${l}", "0")];
  return renamed(text.join("\n"), {
    ...own(["train_group", "sum"], `_${l}`),
    place_0: `place_${l}`,
    load_inputs_0: `load_activations_${l}`,
    load_deltas_0: `load_deltas_${l}`,
    LAYERS: "1",
    FIRST_LAYER: `${l}u`,
    IN_ROWS_0: `ROWS_${l}`,
    OUT_ROWS_0: `ROWS_${l + 1}`,
    ONES_0: `ONES_${l}`,
    IS_BATCH_0: "0u",
    PLACES_0: "1u",
  });
}

/** `load_NAME` and `store_NAME` of a matrix that begins at vec4 `base` of `work`. */
function accessWgsl(name: string, base: number): string {
  const at = `work[${base}u + row * COLUMNS + column]`;
  return [
    `fn load_${name}(row: u32, column: u32) -> vec4f { return ${at}; }`,
    `fn store_${name}(row: u32, column: u32, value: vec4f) { ${at} = value; }`,
  ].join("\n");
}

/** WGSL with other names. */
function renamed(wgsl: string, names: Readonly<Record<string, string>>): string {
  return wgsl.replace(/\b[A-Za-z]\w*/g, (name) => Object.hasOwn(names, name) ? names[name] : name);
}

/** Names with an ending. */
function own(names: readonly string[], ending: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, name + ending]));
}

function numbered(name: string, values: readonly number[]): Record<string, number> {
  return Object.fromEntries(values.map((value, i) => [`${name}_${i}`, value]));
}
