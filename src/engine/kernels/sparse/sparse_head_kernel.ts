/**
 * The source of the kernel of a sparse network's last layer in training: loss, metrics and
 * gradient. The header of shaders/sparse_head.wgsl gives shapes and meaning.
 */

import common from "../../../../shaders/common.wgsl" with { type: "text" };
import sparseHead from "../../../../shaders/sparse_head.wgsl" with { type: "text" };
import sparseLoss from "../../../../shaders/sparse_loss.wgsl" with { type: "text" };
import logitsLoaded from "../../../../shaders/sparse_logits_loaded.wgsl" with { type: "text" };
import logitsPrivate from "../../../../shaders/sparse_logits_private.wgsl" with { type: "text" };
import sparseSoftmax from "../../../../shaders/sparse_softmax.wgsl" with { type: "text" };
import weightsOfInputs from "../../../../shaders/sparse_weights_inputs.wgsl" with { type: "text" };
import weightsOfUnits from "../../../../shaders/sparse_weights_units.wgsl" with { type: "text" };
import { type KernelSource, read, uniform, write } from "../kernel.ts";
import { loadWgsl, type Matrix, matrixBinding, storeWgsl } from "../matrix.ts";
import { activationWgsl } from "../activation_wgsl.ts";
import type { Columns } from "./sparse_row_kernels.ts";
import { featureRows } from "./feature_maps.ts";
import { listParts, type SparseWeights } from "./sparse_kernels.ts";

/** Most classes of a head that is one kernel. */
export const FUSED_CLASSES = 32;

/** Whether one kernel computes a last layer of this many classes. */
export function isHeadFused(classes: number): boolean {
  return classes <= FUSED_CLASSES;
}

/** Sizes of a training. */
export interface TrainSizes {
  batchSize: number;
  trainCount: number;
  /** Batches that are gathered at once. Default: 1. */
  ahead?: number;
}

/** Constants of the kernels that see the end of a batch. */
export function trainConstants({ batchSize, trainCount, ahead = 1 }: TrainSizes, replicas: number) {
  return {
    BATCH: batchSize,
    BATCHES: Math.ceil(trainCount / batchSize),
    TRAIN: trainCount,
    REPLICAS: replicas,
    AHEAD: ahead,
  };
}

/** The last layer in training: loss, metrics, gradient; fused, also logits and gradient below. */
export function sparseHeadSource(
  train: TrainSizes,
  { columns, tiles }: Columns,
  weights: SparseWeights,
  buffers: {
    /** The last layer's inputs if it is fused, else its logits. */
    inputs: Matrix;
    labels: GPUBuffer;
    deltas: Matrix;
    /** Null if there is no layer below, or the head is not fused. */
    below: Matrix | null;
    metrics: GPUBuffer;
    clocks: GPUBuffer;
    burst: GPUBuffer;
  },
): KernelSource {
  const { layout } = weights, { inputs, deltas, below } = buffers;
  const index = layout.layers.length - 1, layer = layout.layers[index];
  const isFused = isHeadFused(layer.units), vectors = columns;
  const lists = listParts(weights, 4);
  const input = (name: string) => loadWgsl({ name, binding: 6, matrix: inputs, vectors });
  return {
    label: `loss ${layer.name}`,
    template: [
      common,
      ...(isFused
        ? [lists.template, weightsOfUnits, weightsOfInputs, input("inputs"), logitsPrivate]
        : [input("outputs"), logitsLoaded]),
      below ? activationWgsl(layer.belowActivation) : "",
      storeWgsl({ name: "deltas", binding: 7, matrix: deltas, vectors }),
      below ? storeWgsl({ name: "below", binding: 8, matrix: below, vectors }) : "",
      sparseSoftmax,
      sparseLoss,
      sparseHead,
    ].join("\n"),
    constants: {
      ...lists.constants,
      LANES: columns,
      COLUMNS: columns,
      TILES: tiles,
      CLASSES: layer.units,
      INPUTS: layer.sources,
      START: layout.unitLists[index],
      INPUT_START: layout.inputLists[index],
      IN_ROWS: featureRows(layer.from.rows),
      DELTA_ROWS: featureRows(layer.to.rows),
      IS_FUSED: Number(isFused),
      IS_LOADED: Number(!isFused),
      IS_BATCH: Number(layer.index === 0),
      HAS_BELOW: Number(below !== null),
      ...trainConstants(train, layout.replicas),
    },
    bindings: [
      read(buffers.labels),
      write(buffers.metrics),
      write(buffers.clocks),
      uniform(buffers.burst),
      ...(isFused ? lists.bindings : [null, null]),
      matrixBinding(inputs, "read"),
      matrixBinding(deltas, "write"),
      below && matrixBinding(below, "write"),
    ],
    grid: [1, 1, layout.replicas],
  };
}
