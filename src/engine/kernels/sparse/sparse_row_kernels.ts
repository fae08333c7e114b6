/**
 * The layout of a sparse network's examples, and the sources of the kernels that go through them
 * (gather, evaluation). The header of each file of `shaders/` gives shapes and meaning.
 */

import common from "../../../../shaders/common.wgsl" with { type: "text" };
import logitsLoaded from "../../../../shaders/sparse_logits_loaded.wgsl" with { type: "text" };
import batchFlat from "../../../../shaders/sparse_batch_flat.wgsl" with { type: "text" };
import batchImage from "../../../../shaders/sparse_batch_image.wgsl" with { type: "text" };
import sparseEvaluate from "../../../../shaders/sparse_evaluate.wgsl" with { type: "text" };
import sparseGather from "../../../../shaders/sparse_gather.wgsl" with { type: "text" };
import sparseWords from "../../../../shaders/sparse_words.wgsl" with { type: "text" };
import sparseSoftmax from "../../../../shaders/sparse_softmax.wgsl" with { type: "text" };
import type { GpuExamples } from "../../examples/dataset.ts";
import { dynamicUniform, type KernelSource, read, write } from "../kernel.ts";
import { isTexture, loadWgsl, type Matrix, matrixBinding, storeWgsl } from "../matrix.ts";
import { type GatherFrom, gatherParts, WINDOW_BYTES } from "../gather_kernels.ts";
import { featureRows } from "./feature_maps.ts";
import type { SparseLayout } from "./sparse_layout.ts";

/** Most workgroups among which the words of a batch are split. */
const GATHER_CHUNKS = 8;

/** A batch as the sparse kernels have it: tiles of columns of four examples. */
export interface Columns {
  /** Columns of a tile, a multiple of 8. */
  columns: number;
  /** Tiles of one replica's batch. */
  tiles: number;
}

/** How a batch of `rows` examples lies: tiles of 64 examples, or one of 32 that holds them all. */
export function columnsFor(rows: number): Columns {
  const columns = rows <= 32 ? 8 : 16;
  return { columns, tiles: Math.ceil(rows / (4 * columns)) };
}

/** Examples of a batch, padding included. */
export function paddedExamples({ columns, tiles }: Columns): number {
  return 4 * columns * tiles;
}

/** Fills a batch with the rows of the current training iteration, or of a window. */
export function sparseGatherSource(
  from: GatherFrom,
  shape: Columns,
  { layout, words, ...buffers }: {
    layout: SparseLayout;
    words: GPUBuffer;
    examples: GpuExamples;
    replicas: GPUBuffer;
    batch: Matrix;
    labels: GPUBuffer;
  },
): KernelSource {
  const { columns, tiles } = shape, lanes = 8, ahead = "train" in from ? from.train.ahead ?? 1 : 1;
  const groups = ahead * layout.replicas * tiles * columns / lanes;
  // Each workgroup finds its examples anew: llvmpipe, which has textures, wants few.
  const chunks = isTexture(buffers.batch) ? Math.ceil(GATHER_CHUNKS / groups) : GATHER_CHUNKS;
  const { head, positions, constants, bindings } = gatherParts(from, layout.replicas, buffers);
  const { batch } = buffers, { image: [height, width, channels], ...map } = layout.batch;
  const isFlat = map.rows === height * width * channels;
  return {
    label: "train" in from ? "gather" : "gather window",
    template: [
      head,
      storeWgsl({ name: "batch", binding: 4, matrix: batch, vectors: columns }),
      positions,
      isFlat ? batchFlat : batchImage,
      sparseWords,
      sparseGather,
    ].join("\n"),
    constants: {
      ...constants,
      LANES: lanes,
      CHUNKS: chunks,
      TILES: tiles,
      COLUMNS: columns,
      ROWS: featureRows(map.rows),
      ...(!isFlat && {
        IMAGE_WIDTH: width,
        IMAGE_CHANNELS: channels,
        TOP: map.top,
        LEFT: map.left,
        PITCH: map.pitch,
      }),
    },
    bindings: [...bindings, read(words)],
    grid: [chunks, tiles * columns / lanes, ahead * layout.replicas],
    ahead,
  };
}

/** Loss and predicted class of each example of an evaluation window. */
export function sparseEvaluateSource(
  sizes: { classes: number; replicas: number; span: number },
  { columns, tiles }: Columns,
  buffers: { logits: Matrix; labels: GPUBuffer; rows: GPUBuffer; windows: GPUBuffer },
): KernelSource {
  const { logits } = buffers, lanes = 8;
  return {
    label: "evaluate",
    template: [
      common,
      loadWgsl({ name: "outputs", binding: 0, matrix: logits, vectors: columns }),
      logitsLoaded,
      sparseSoftmax,
      sparseEvaluate,
    ].join("\n"),
    constants: {
      LANES: lanes,
      COLUMNS: columns,
      TILES: tiles,
      CLASSES: sizes.classes,
      LOGIT_ROWS: featureRows(sizes.classes),
      SPAN: sizes.span,
    },
    bindings: [
      matrixBinding(logits, "read"),
      read(buffers.labels),
      write(buffers.rows),
      dynamicUniform(buffers.windows, WINDOW_BYTES),
    ],
    grid: [tiles * columns / lanes, 1, sizes.replicas],
  };
}
