/**
 * The sources of the kernels that fill a batch with examples, one function each, and what other
 * kernels that read examples share with them. The header of each file of `shaders/` gives shapes
 * and meaning.
 */

import batchF32 from "../../../shaders/batch_f32.wgsl" with { type: "text" };
import batchImageF32 from "../../../shaders/batch_image_f32.wgsl" with { type: "text" };
import batchImageU8 from "../../../shaders/batch_image_u8.wgsl" with { type: "text" };
import batchU8 from "../../../shaders/batch_u8.wgsl" with { type: "text" };
import common from "../../../shaders/common.wgsl" with { type: "text" };
import examplesF32 from "../../../shaders/examples_f32.wgsl" with { type: "text" };
import examplesU8 from "../../../shaders/examples_u8.wgsl" with { type: "text" };
import gather from "../../../shaders/gather.wgsl" with { type: "text" };
import gatherExamples from "../../../shaders/gather_examples.wgsl" with { type: "text" };
import gatherEvaluate from "../../../shaders/gather_evaluate.wgsl" with { type: "text" };
import gatherEpoch from "../../../shaders/gather_epoch.wgsl" with { type: "text" };
import gatherTrain from "../../../shaders/gather_train.wgsl" with { type: "text" };
import normalizeChannels from "../../../shaders/normalize_channels.wgsl" with { type: "text" };
import normalizeExample from "../../../shaders/normalize_example.wgsl" with { type: "text" };
import normalizeWindows from "../../../shaders/normalize_windows.wgsl" with { type: "text" };
import placeCounted from "../../../shaders/place_counted.wgsl" with { type: "text" };
import placeListed from "../../../shaders/place_listed.wgsl" with { type: "text" };
import permute from "../../../shaders/permute.wgsl" with { type: "text" };
import viewAugmented from "../../../shaders/view_augmented.wgsl" with { type: "text" };
import viewWhole from "../../../shaders/view_whole.wgsl" with { type: "text" };
import viewWordsF32 from "../../../shaders/view_words_f32.wgsl" with { type: "text" };
import viewWordsU8 from "../../../shaders/view_words_u8.wgsl" with { type: "text" };
import { type Augmentation, FRAME } from "../examples/augment.ts";
import type { GpuExamples } from "../examples/dataset.ts";
import { type Binding, dynamicUniform, type KernelSource, read, write } from "./kernel.ts";
import type { LayerImage } from "../layer_spec.ts";
import { channelVectors, imageVectors, pitch } from "./layout.ts";
import { type BatchFormat, type Matrix, matrixBinding, storeWgsl } from "./matrix.ts";

/** Bytes of the `Window` struct (common.wgsl). */
export const WINDOW_BYTES = 16;

/** Invocations of a gather kernel. */
const GATHER_LANES = 8;

const BATCHES = { f32: batchF32, u8: batchU8 };
const IMAGE_BATCHES = { f32: batchImageF32, u8: batchImageU8 };

/** Where the rows of a batch come from. */
export type GatherFrom =
  | {
    train: {
      batchSize: number;
      trainCount: number;
      augment?: Augmentation | null;
      clocks: GPUBuffer;
      /** Iterations whose batches are gathered at once. Default: 1. */
      ahead?: number;
    };
  }
  | {
    windows: GPUBuffer;
    /** (R, rows) where rows lie in their split; null: one after the other. Default: null. */
    places?: GPUBuffer | null;
  };

/** The WGSL of where rows of a window lie. */
export function placesWgsl(places: GPUBuffer | null): string {
  return places ? placeListed : placeCounted;
}

/** Common to kernels that read examples: WGSL of these, constants, bindings 0 to 3. */
export function exampleParts(
  examples: GpuExamples,
  augment: Augmentation | null,
  train: { batchSize: number; trainCount: number } | null,
  replicas: GPUBuffer,
) {
  return {
    head: [
      ...[common, permute, gatherExamples, examples.isFloat ? examplesF32 : examplesU8],
      ...(augment ? [viewAugmented, examples.isFloat ? viewWordsF32 : viewWordsU8] : [viewWhole]),
      normalizeWgsl(examples, augment),
    ].join("\n"),
    constants: {
      FEATURES: examples.features,
      WORDS: Math.ceil(examples.features / 4),
      ...(examples.channels !== null && { CHANNELS: examples.channels }),
      POOL: examples.count,
      ...(train && {
        BATCH: train.batchSize,
        BATCHES: Math.ceil(train.trainCount / train.batchSize),
        TRAIN: train.trainCount,
      }),
      ...(augment && augmentConstants(augment)),
    },
    bindings: [
      read(examples.inputs),
      read(examples.labels),
      read(examples.scales),
      read(replicas),
    ] as Binding[],
  };
}

/** Common to gather kernels: WGSL around the batch's own, constants, bindings 0 to 6 or 7. */
export function gatherParts(
  from: GatherFrom,
  replicas: number,
  buffers: { examples: GpuExamples; replicas: GPUBuffer; batch: Matrix; labels: GPUBuffer },
) {
  const { examples, batch, labels } = buffers, train = "train" in from ? from.train : null;
  const parts = exampleParts(examples, train?.augment ?? null, train, buffers.replicas);
  const places = "windows" in from ? from.places ?? null : null;
  return {
    head: parts.head,
    positions: (train ? [gatherTrain, gatherEpoch] : [gatherEvaluate, placesWgsl(places)]).join(
      "\n",
    ),
    constants: {
      ...parts.constants,
      ...(train && { AHEAD: train.ahead ?? 1, REPLICAS: replicas }),
    },
    bindings: [
      ...parts.bindings,
      matrixBinding(batch, "write"),
      write(labels),
      "train" in from ? read(from.train.clocks) : dynamicUniform(from.windows, WINDOW_BYTES),
      ...places ? [read(places)] : [],
    ] as Binding[],
  };
}

function normalizeWgsl(
  { channels, hasWindows }: GpuExamples,
  augment: Augmentation | null,
): string {
  if (channels !== null) return normalizeChannels;
  return hasWindows && augment?.names.includes("crop") ? normalizeWindows : normalizeExample;
}

function augmentConstants({ names, image: [height, width, depth] }: Augmentation) {
  return {
    IMAGE_HEIGHT: height,
    IMAGE_WIDTH: width,
    IMAGE_DEPTH: depth,
    PADDING: names.includes("crop") ? FRAME : 0,
    FLIPS: names.includes("flip") ? 1 : 0,
  };
}

/** Fills a batch with the rows of the current training iteration. */
export function gatherTrainSource(sizes: {
  replicas: number;
  rows: number;
  /** Of the batch; "u8" only for examples that are packed. */
  format?: BatchFormat;
  /** Of an example, where the first layer takes an image; null: it is dense. */
  image?: LayerImage | null;
  batchSize: number;
  trainCount: number;
  augment?: Augmentation | null;
  /** Iterations whose batches are gathered at once. Default: 1. */
  ahead?: number;
}, { clocks, ...buffers }: {
  examples: GpuExamples;
  replicas: GPUBuffer;
  batch: Matrix;
  labels: GPUBuffer;
  clocks: GPUBuffer;
}): KernelSource {
  return gatherSource("gather", { train: { ...sizes, clocks } }, sizes, buffers);
}

/** Fills a batch with the rows of one evaluation window. */
export function gatherEvaluateSource(sizes: {
  replicas: number;
  rows: number;
  format?: BatchFormat;
  image?: LayerImage | null;
}, { windows, places, ...buffers }: {
  examples: GpuExamples;
  replicas: GPUBuffer;
  batch: Matrix;
  labels: GPUBuffer;
  windows: GPUBuffer;
  places?: GPUBuffer | null;
}): KernelSource {
  return gatherSource("gather window", { windows, places }, sizes, buffers);
}

function gatherSource(
  label: string,
  from: GatherFrom,
  sizes: { replicas: number; rows: number; format?: BatchFormat; image?: LayerImage | null },
  buffers: { examples: GpuExamples; replicas: GPUBuffer; batch: Matrix; labels: GPUBuffer },
): KernelSource {
  const { format = "f32", image = null } = sizes, { features } = buffers.examples;
  const vectors = image ? imageVectors(image) : pitch(features) / 4;
  const ahead = "train" in from ? from.train.ahead ?? 1 : 1;
  const { head, positions, constants, bindings } = gatherParts(from, sizes.replicas, buffers);
  return {
    label,
    template: [
      head,
      gather,
      storeWgsl({ name: "batch", binding: 4, matrix: buffers.batch, vectors, format }),
      (image ? IMAGE_BATCHES : BATCHES)[format],
      positions,
    ].join("\n"),
    constants: {
      ...constants,
      LANES: GATHER_LANES,
      ROWS: sizes.rows,
      VECTORS: vectors,
      ...(image && { IMAGE_CHANNELS: image[2], CHANNEL_VECTORS: channelVectors(image[2]) }),
    },
    bindings,
    grid: [sizes.rows, 1, ahead * sizes.replicas],
    ahead,
  };
}
