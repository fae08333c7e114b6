/**
 * The sources of the kernel that trains the two last layers of a sparse network at once, where a
 * dispatch costs as much as the work of a layer, and of the one that sums its metrics. The header
 * of each file of `shaders/` gives shapes and meaning.
 */

import common from "../../../../shaders/common.wgsl" with { type: "text" };
import logitsPrivate from "../../../../shaders/sparse_logits_private.wgsl" with { type: "text" };
import sparseMetrics from "../../../../shaders/sparse_metrics.wgsl" with { type: "text" };
import sparseSoftmax from "../../../../shaders/sparse_softmax.wgsl" with { type: "text" };
import sparseTop from "../../../../shaders/sparse_top.wgsl" with { type: "text" };
import weightsOfInputs from "../../../../shaders/sparse_weights_inputs.wgsl" with { type: "text" };
import weightsOfUnits from "../../../../shaders/sparse_weights_units.wgsl" with { type: "text" };
import { isDense } from "../../layer_spec.ts";
import { type KernelSource, read, uniform, write } from "../kernel.ts";
import { loadWgsl, type Matrix, matrixBinding, type MatrixStorage, storeWgsl } from "../matrix.ts";
import { activationWgsl } from "../activation_wgsl.ts";
import { MAX_BURST } from "../program_spec.ts";
import { featureRows } from "./feature_maps.ts";
import { isHeadFused, trainConstants, type TrainSizes } from "./sparse_head_kernel.ts";
import { listParts, type SparseWeights } from "./sparse_kernels.ts";
import type { SparseLayout } from "./sparse_layout.ts";
import type { Columns } from "./sparse_row_kernels.ts";

/** Lanes of a workgroup of the two last layers in one: a vector of llvmpipe. */
const TOP_LANES = 8;
/** Bytes of workgroup memory that every device has. */
const WORKGROUP_BYTES = 16384;
/** Of more networks the dispatches that it spares weigh less than its slower reads (3% at 8). */
const MOST_REPLICAS = 4;

/** Whether `sparseTopSource` computes the two last layers. */
export function isTopFused(
  { layers, replicas }: SparseLayout,
  { tiles }: Columns,
  storage: MatrixStorage,
): boolean {
  const [hidden, last] = layers.slice(-2);
  return storage === "textures" && replicas <= MOST_REPLICAS && tiles === 1 && last !== undefined &&
    last.index === hidden.index + 1 &&
    isDense(hidden.spec) && isHeadFused(last.units) &&
    16 * TOP_LANES * featureRows(hidden.units) <= WORKGROUP_BYTES;
}

/** Results of `sparseTopSource` that other kernels finish. */
export interface Unfinished {
  /** (R) Clocks after the iteration, which its last update moves to where they belong. */
  latest: GPUBuffer;
  /** (MAX_BURST, R, columns) vec2f: losses and correct predictions of four examples. */
  partials: GPUBuffer;
}

/** The two last layers in training: forward, loss, and the gradient down to the layer below. */
export function sparseTopSource(
  train: TrainSizes,
  { columns }: Columns,
  weights: SparseWeights,
  buffers: Unfinished & {
    /** Of the hidden layer. */
    inputs: Matrix;
    outputs: Matrix;
    gradient: Matrix;
    labels: GPUBuffer;
    /** Of the last layer. */
    deltas: Matrix;
    /** Null if nothing learns below the hidden layer. */
    below: Matrix | null;
    metrics: GPUBuffer;
    clocks: GPUBuffer;
    burst: GPUBuffer;
  },
): KernelSource {
  const { layout } = weights, { inputs, outputs, gradient, deltas, below } = buffers;
  const index = layout.layers.length - 2, [layer, last] = layout.layers.slice(index);
  const lists = listParts(weights, 4), vectors = columns;
  const stores = [
    { name: "deltas", binding: 7, matrix: deltas },
    { name: "outputs", binding: 8, matrix: outputs },
    { name: "gradient", binding: 9, matrix: gradient },
    ...(below ? [{ name: "below", binding: 10, matrix: below }] : []),
  ];
  return {
    label: `forward ${layer.name} to loss to its gradient`,
    template: [
      common,
      lists.template,
      weightsOfUnits,
      weightsOfInputs,
      logitsPrivate,
      activationWgsl(layer.activation),
      // That of the layer below is another function.
      below ? activationWgsl(layer.belowActivation).replaceAll(/\bfn \w+/g, "$&_below") : "",
      loadWgsl({ name: "inputs", binding: 6, matrix: inputs, vectors }),
      ...stores.map((use) => storeWgsl({ ...use, vectors })),
      sparseSoftmax,
      sparseTop,
    ].join("\n"),
    constants: {
      ...lists.constants,
      ...trainConstants(train, layout.replicas),
      LANES: TOP_LANES,
      COLUMNS: columns,
      UNITS: layer.units,
      CLASSES: last.units,
      INPUTS: layer.sources,
      ROWS: featureRows(layer.to.rows),
      HIDDEN: TOP_LANES * featureRows(layer.to.rows),
      IN_ROWS: featureRows(layer.from.rows),
      DELTA_ROWS: featureRows(last.to.rows),
      UNIT_START: layout.unitLists[index],
      INPUT_START: layout.inputLists[index],
      CLASS_START: layout.unitLists[index + 1],
      UNIT_INPUT_START: layout.inputLists[index + 1],
      IS_BATCH: Number(layer.index === 0),
      HAS_BELOW: Number(below !== null),
    },
    bindings: [
      read(buffers.labels),
      read(buffers.metrics),
      read(buffers.clocks),
      uniform(buffers.burst),
      ...lists.bindings,
      matrixBinding(inputs, "read"),
      matrixBinding(deltas, "write"),
      matrixBinding(outputs, "write"),
      matrixBinding(gradient, "write"),
      below && matrixBinding(below, "write"),
      write(buffers.latest),
      write(buffers.partials),
    ],
    grid: [columns / TOP_LANES, 1, layout.replicas],
  };
}

/** The metrics of a burst from what `sparseTopSource` left of its iterations. */
export function sparseMetricsSource(
  train: TrainSizes,
  { columns }: Columns,
  replicas: number,
  buffers: { partials: GPUBuffer; clocks: GPUBuffer; metrics: GPUBuffer; burst: GPUBuffer },
): KernelSource {
  return {
    label: "metrics",
    template: [common, sparseMetrics].join("\n"),
    constants: { ...trainConstants(train, replicas), LANES: TOP_LANES, COLUMNS: columns },
    bindings: [
      read(buffers.partials),
      read(buffers.clocks),
      write(buffers.metrics),
      uniform(buffers.burst),
    ],
    grid: [Math.ceil(MAX_BURST / TOP_LANES), 1, replicas],
  };
}
