/**
 * The GPU memory of networks as lists of live weights: the lists, their batches and gradients, and
 * whether all of it fits.
 */

import { CapacityError, OutOfMemoryError } from "../../../errors.ts";
import type { BufferPool } from "../../buffers.ts";
import { bufferLimit, sizeText } from "../../buffer_limit.ts";
import type { Gpu } from "../../device.ts";
import { windowShare } from "../evaluation.ts";
import {
  createMatrix,
  isTexture,
  type Matrix,
  type MatrixStorage,
  writeMatrix,
} from "../../kernels/matrix.ts";
import { allocateLoopBuffers, type LoopBuffers } from "../network_memory.ts";
import { allocateIterations, type IterationBuffers } from "./several_iterations.ts";
import { isDense } from "../../layer_spec.ts";
import { stateCount } from "../../optimizers.ts";
import {
  classesOf,
  MAX_BURST,
  type ProgramSpec,
  sparseStorage,
  WINDOW_FLOATS,
} from "../../kernels/program_spec.ts";
import {
  type FeatureMap,
  featureMaps,
  featureRows,
  onesRow,
} from "../../kernels/sparse/feature_maps.ts";
import { iterationsChoice } from "../../kernels/sparse/iterations_choice.ts";
import { isHeadFused } from "../../kernels/sparse/sparse_head_kernel.ts";
import { LIST_WIDTH, type SparseWeights } from "../../kernels/sparse/sparse_kernels.ts";
import { isTopFused, type Unfinished } from "../../kernels/sparse/sparse_top_kernels.ts";
import { mostSteps } from "../../kernels/loop_steps.ts";
import { longestLoops, topSteps } from "../../kernels/sparse/loop_steps.ts";
import { sparseLayout } from "../../kernels/sparse/sparse_layout.ts";
import {
  type Columns,
  columnsFor,
  paddedExamples,
} from "../../kernels/sparse/sparse_row_kernels.ts";
import { CLOCK_WORDS } from "../../kernels/row_kernels.ts";

/** The buffers of sparse training. */
export interface SparseBuffers extends LoopBuffers, SparseWeights {
  storage: MatrixStorage;
  words: GPUBuffer;
  /** (groups) vec4f: weights, to be updated. */
  updated: GPUBuffer;
  /** (groups) vec4f each: the optimizer's. */
  state: GPUBuffer[];
  /** Batches of iterations, then each layer's outputs; the last's where its head is not fused. */
  activations: Matrix[];
  /** Batches that are gathered at once. */
  ahead: number;
  /** By layer: gradient at its pre-activations. */
  deltas: Matrix[];
  labels: GPUBuffer;
  /** Where one kernel trains the two last layers; else null. */
  unfinished: Unfinished | null;
  /** Where one kernel does whole iterations, instead of the batch's and the layers' matrices. */
  several: IterationBuffers | null;
}

/** The layout of an evaluation window: as many tiles as memory is well used for, or fit. */
export function windowShape(gpu: Gpu, spec: ProgramSpec): Columns {
  const { layers, replicas } = spec, { window } = gpu.tuned.sparse;
  const largest = Math.max(...featureMaps(layers).map(({ rows }) => featureRows(rows)));
  const shape = columnsFor(windowShare(gpu, spec, window));
  const fit = layers.every(isDense)
    ? gpu.device.limits.maxTextureDimension2D / largest / replicas
    : WINDOW_FLOATS / largest / 4 / shape.columns;
  return { ...shape, tiles: Math.max(1, Math.min(shape.tiles, Math.floor(fit))) };
}

/** Most batches that are gathered at once, of all networks: more leave the processor's cache. */
const MOST_AHEAD = 4;

/**
 * How many batches are gathered at once: one of images, or where a dispatch costs little, else as
 * many as fit into a texture.
 */
function batchesAhead(
  { device: { limits } }: Gpu,
  { layers, replicas }: ProgramSpec,
  storage: MatrixStorage,
  { tiles }: Columns,
): number {
  if (!isDense(layers[0]) || storage === "buffers") return 1;
  const rows = replicas * tiles * featureRows(featureMaps(layers)[0].rows);
  const most = Math.min(MOST_AHEAD / replicas, limits.maxTextureDimension2D / rows);
  return Math.max(1, Math.floor(most));
}

/** A matrix of features for each tile, whose last row is the constant 1. */
export function featureMatrix(
  gpu: Gpu,
  spec: ProgramSpec,
  pool: BufferPool,
  storage: MatrixStorage,
  { columns, tiles }: Columns,
  label: string,
  { rows: width }: FeatureMap,
): Matrix {
  const rows = featureRows(width), count = spec.replicas * tiles;
  const matrix = createMatrix(pool, storage, label, { rows: count * rows, vectors: columns });
  const ones = new Float32Array(4 * columns).fill(1);
  for (let tile = 0; tile < count; tile++) {
    writeMatrix(gpu, matrix, tile * rows + onesRow(width), columns, ones);
  }
  return matrix;
}

/** Allocates them from `pool`. */
export function allocateSparse(gpu: Gpu, spec: ProgramSpec, pool: BufferPool): SparseBuffers {
  const { replicas, optimizer, batchSize, layers } = spec;
  checkLoops(gpu, spec);
  const layout = sparseLayout(layers, spec.sparse!);
  const choice = iterationsChoice(gpu, spec, mostLive(spec));
  const { groups, words } = layout, storage = choice ? "buffers" : sparseStorage(gpu, spec);
  // The kernel of whole iterations finds the words behind the records.
  const records = choice ? joined(layout.records, words) : layout.records;
  const shape = columnsFor(batchSize), maps = featureMaps(layers);
  const rowsOf = (map: FeatureMap) => replicas * shape.tiles * featureRows(map.rows);
  checkFits(gpu, replicas, "lists of live weights", records.byteLength);
  checkFits(gpu, replicas, "rows of features", 16 * shape.columns * Math.max(...maps.map(rowsOf)));
  const ahead = batchesAhead(gpu, spec, storage, shape);
  const list = (label: string, vectors: number, format: "f32" | "u32") => {
    const rows = Math.ceil(vectors / LIST_WIDTH);
    return createMatrix(pool, storage, label, { rows, vectors: LIST_WIDTH, format });
  };
  const padded = new Uint32Array(4 * LIST_WIDTH * Math.ceil(records.length / 4 / LIST_WIDTH));
  padded.set(records);
  const values = list("values", groups, "f32");
  const buffers: SparseBuffers = {
    ...allocateLoopBuffers(pool, replicas),
    layout,
    storage,
    records: list("records", records.length / 4, "u32"),
    values,
    words: pool.storage("live words", words.byteLength),
    // A kernel that reads all weights and updates them has them once.
    updated: choice && !isTexture(values) ? values : pool.storage("live weights", 16 * groups),
    state: Array.from(
      { length: stateCount(optimizer) },
      () => pool.storage("optimizer state", 16 * groups),
    ),
    ahead,
    activations: choice
      ? []
      : (isHeadFused(classesOf(spec)) ? maps.slice(0, -1) : maps).map((map, i) =>
        featureMatrix(
          gpu,
          spec,
          pool,
          storage,
          i === 0 ? { ...shape, tiles: ahead * shape.tiles } : shape,
          `activations ${i}`,
          map,
        )
      ),
    deltas: choice
      ? []
      : layers.map(({ name }, i) =>
        createMatrix(pool, storage, `deltas ${name}`, {
          rows: rowsOf(maps[i + 1]),
          vectors: shape.columns,
        })
      ),
    labels: pool.storage("batch labels", 4 * ahead * replicas * paddedExamples(shape)),
    unfinished: isTopFused(layout, shape, storage) &&
        topSteps(layers, mostLive(spec)) <= mostSteps(gpu.adapter)
      ? {
        latest: pool.storage("latest clocks", 4 * CLOCK_WORDS * replicas),
        partials: pool.storage("partial metrics", 8 * MAX_BURST * replicas * shape.columns),
      }
      : null,
    several: choice && allocateIterations(gpu, pool, spec, layout, shape, choice),
  };
  writeMatrix(gpu, buffers.records, 0, LIST_WIDTH, padded, "u32");
  gpu.device.queue.writeBuffer(buffers.words, 0, words);
  return buffers;
}

/** Whole numbers one after the other. */
function joined(
  first: Uint32Array<ArrayBuffer>,
  then: Uint32Array<ArrayBuffer>,
): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(first.length + then.length);
  all.set(first);
  all.set(then, first.length);
  return all;
}

/** By layer that has weights: the most live weights of a network. */
function mostLive({ sparse }: ProgramSpec): number[] {
  const counts = sparse!.map((masks) => masks.map((mask) => mask.filter((m) => m !== 0).length));
  return counts[0].map((_, l) => Math.max(...counts.map((count) => count[l])));
}

/** @throws CapacityError if the adapter would end a loop before its end */
function checkLoops(gpu: Gpu, spec: ProgramSpec): void {
  const { layers, batchSize } = spec, most = mostSteps(gpu.adapter);
  const { what, steps } = longestLoops(layers, mostLive(spec), batchSize);
  if (steps <= most) return;
  throw new CapacityError(
    `${what} takes ${steps} steps as lists of live weights at a batch of ${batchSize}, and ` +
      `"${gpu.adapter.name}" takes at most ${most}; use a smaller batch or --kernels dense`,
  );
}

/** @throws OutOfMemoryError if so much does not fit into one buffer */
function checkFits(gpu: Gpu, replicas: number, what: string, bytes: number): void {
  if (bytes <= bufferLimit(gpu)) return;
  throw new OutOfMemoryError(
    `the ${what} of ${replicas === 1 ? "1 network" : `${replicas} networks`} take ` +
      `${sizeText(bytes)}, and "${gpu.adapter.name}" holds at most ` +
      `${sizeText(bufferLimit(gpu))} in one buffer; use ` +
      `${replicas === 1 ? "" : "fewer replicas, or "}--kernels dense`,
  );
}
