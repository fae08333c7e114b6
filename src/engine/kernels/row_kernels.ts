/**
 * The sources of the kernels that go through a batch row by row (loss, evaluation), one function
 * each. The header of each file of `shaders/` gives shapes and meaning.
 */

import common from "../../../shaders/common.wgsl" with { type: "text" };
import evaluate from "../../../shaders/evaluate.wgsl" with { type: "text" };
import loss from "../../../shaders/loss.wgsl" with { type: "text" };
import reduce from "../../../shaders/reduce.wgsl" with { type: "text" };
import softmax from "../../../shaders/softmax.wgsl" with { type: "text" };
import { dynamicUniform, type KernelSource, read, uniform, write } from "./kernel.ts";
import { pitch } from "./layout.ts";
import { loadWgsl, type Matrix, matrixBinding, storeWgsl } from "./matrix.ts";
import { placesWgsl, WINDOW_BYTES } from "./gather_kernels.ts";

/** Bytes of the `Slot` struct of reduce.wgsl. */
const SLOT_BYTES = 8;
/** u32 words of the gather kernel's `Replica`: two keys, a flag, padding, the label map, a key. */
export const REPLICA_WORDS = 6 + 256 + 2;
/** u32 words of common.wgsl's `Clock` struct. */
export const CLOCK_WORDS = 3;

/** Invocations of the row-wise kernels. */
const LOSS_LANES = 64;

/** Softmax cross-entropy, metrics and the gradient at the logits. */
export function lossSource(sizes: {
  classes: number;
  replicas: number;
  rows: number;
  batchSize: number;
  trainCount: number;
  /** Batches whose labels lie one after the other. Default: 1. */
  ahead?: number;
}, buffers: {
  logits: Matrix;
  labels: GPUBuffer;
  deltas: Matrix;
  metrics: GPUBuffer;
  clocks: GPUBuffer;
  burst: GPUBuffer;
}): KernelSource {
  const { logits, deltas } = buffers, vectors = pitch(sizes.classes) / 4;
  return {
    label: "loss",
    template: [
      common,
      loadWgsl({ name: "logits", binding: 0, matrix: logits, vectors }),
      storeWgsl({ name: "deltas", binding: 2, matrix: deltas, vectors }),
      softmax,
      loss,
    ].join("\n"),
    constants: {
      LANES: LOSS_LANES,
      CLASSES: sizes.classes,
      VECTORS: vectors,
      ROWS: sizes.rows,
      BATCH: sizes.batchSize,
      BATCHES: Math.ceil(sizes.trainCount / sizes.batchSize),
      TRAIN: sizes.trainCount,
      REPLICAS: sizes.replicas,
      AHEAD: sizes.ahead ?? 1,
    },
    bindings: [
      matrixBinding(logits, "read"),
      read(buffers.labels),
      matrixBinding(deltas, "write"),
      write(buffers.metrics),
      write(buffers.clocks),
      uniform(buffers.burst),
    ],
    grid: [1, 1, sizes.replicas],
  };
}

/** Loss and predicted class of each row of an evaluation window. */
export function evaluateSource(
  sizes: { classes: number; replicas: number; rows: number; span: number },
  buffers: {
    logits: Matrix;
    labels: GPUBuffer;
    rows: GPUBuffer;
    windows: GPUBuffer;
    /** As of `gatherEvaluateSource`. */
    places?: GPUBuffer | null;
  },
): KernelSource {
  const { logits, places = null } = buffers, vectors = pitch(sizes.classes) / 4;
  return {
    label: "evaluate",
    template: [
      common,
      loadWgsl({ name: "logits", binding: 0, matrix: logits, vectors }),
      softmax,
      evaluate,
      placesWgsl(places),
    ].join("\n"),
    constants: {
      LANES: LOSS_LANES,
      CLASSES: sizes.classes,
      ROWS: sizes.rows,
      SPAN: sizes.span,
    },
    bindings: [
      matrixBinding(logits, "read"),
      read(buffers.labels),
      write(buffers.rows),
      dynamicUniform(buffers.windows, WINDOW_BYTES),
      ...places ? [null, null, null, read(places)] : [],
    ],
    grid: [Math.ceil(sizes.rows / LOSS_LANES), 1, sizes.replicas],
  };
}

/** Sums of a split's losses and correct predictions. */
export function reduceSource(
  sizes: { replicas: number; span: number },
  buffers: { rows: GPUBuffer; totals: GPUBuffer; slots: GPUBuffer },
): KernelSource {
  return {
    label: "reduce",
    template: reduce,
    constants: { LANES: LOSS_LANES, SPAN: sizes.span, REPLICAS: sizes.replicas },
    bindings: [
      read(buffers.rows),
      write(buffers.totals),
      dynamicUniform(buffers.slots, SLOT_BYTES),
    ],
    grid: [1, 1, sizes.replicas],
  };
}
