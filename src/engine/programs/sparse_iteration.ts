/**
 * One training iteration of networks as lists of live weights, and one evaluation window of them:
 * their buffers, and their kernels in order.
 */

import { CapacityError, OutOfMemoryError } from "../../errors.ts";
import type { BufferPool } from "../buffers.ts";
import { bufferLimit, sizeText } from "../buffer_limit.ts";
import type { Gpu } from "../device.ts";
import { type EvaluationBuffers, windowShare, type WindowSources } from "./evaluation.ts";
import type { KernelSource } from "../kernels/kernel.ts";
import { createMatrix, type Matrix, type MatrixStorage, writeMatrix } from "../kernels/matrix.ts";
import { allocateLoopBuffers, type LoopBuffers } from "./network_memory.ts";
import {
  activationOf,
  isConv2d,
  isDense,
  isPool,
  type LayerSpec,
  weightedLayers,
} from "../layer_spec.ts";
import { stateCount } from "../optimizers.ts";
import {
  classesOf,
  evaluationSpan,
  MAX_BURST,
  type ProgramSpec,
  sparseStorage,
  WINDOW_FLOATS,
} from "../kernels/program_spec.ts";
import {
  type FeatureMap,
  featureMaps,
  featureRows,
  onesRow,
} from "../kernels/sparse/feature_maps.ts";
import {
  sparseConvBackwardSource,
  sparseConvForwardSource,
  sparsePoolForwardSource,
  sparsePoolGradientSource,
} from "../kernels/sparse/sparse_image_kernels.ts";
import {
  type Ahead,
  isHeadFused,
  LIST_WIDTH,
  sparseBackwardSource,
  sparseForwardSource,
  sparseHeadSource,
  sparseUpdateSource,
  type SparseWeights,
} from "../kernels/sparse/sparse_kernels.ts";
import {
  isTopFused,
  sparseMetricsSource,
  sparseTopSource,
  type Unfinished,
} from "../kernels/sparse/sparse_top_kernels.ts";
import { mostSteps } from "../kernels/loop_steps.ts";
import { longestLoops, topSteps } from "../kernels/sparse/loop_steps.ts";
import { groupsOf, sparseLayout } from "../kernels/sparse/sparse_layout.ts";
import {
  type Columns,
  columnsFor,
  paddedExamples,
  sparseEvaluateSource,
  sparseGatherSource,
} from "../kernels/sparse/sparse_row_kernels.ts";
import { CLOCK_WORDS } from "../kernels/row_kernels.ts";
import type { Tiles } from "../kernels/tiles.ts";

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
function featureMatrix(
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
  const { groups, records } = layout, storage = sparseStorage(gpu, spec);
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
  const buffers: SparseBuffers = {
    ...allocateLoopBuffers(pool, replicas),
    layout,
    storage,
    records: list("records", records.length / 4, "u32"),
    values: list("values", groups, "f32"),
    words: pool.storage("live words", layout.words.byteLength),
    updated: pool.storage("live weights", 16 * groups),
    state: Array.from(
      { length: stateCount(optimizer) },
      () => pool.storage("optimizer state", 16 * groups),
    ),
    ahead,
    activations: (isHeadFused(classesOf(spec)) ? maps.slice(0, -1) : maps).map((map, i) =>
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
    deltas: layers.map(({ name }, i) =>
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
  };
  writeMatrix(gpu, buffers.records, 0, LIST_WIDTH, padded, "u32");
  gpu.device.queue.writeBuffer(buffers.words, 0, layout.words);
  return buffers;
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

/** A layer of such a network: its outputs from its inputs. */
function forwardSource(
  { layers, replicas }: ProgramSpec,
  index: number,
  shape: Columns,
  tiles: Tiles,
  weights: SparseWeights,
  activations: readonly Matrix[],
  /** Of the batches that the first layer takes. */
  ahead: Ahead | null = null,
): KernelSource {
  const layer = layers[index], l = weightedLayers(layers.slice(0, index)).length;
  const buffers = { inputs: activations[index], outputs: activations[index + 1] };
  if (isPool(layer)) {
    return sparsePoolForwardSource(layer, mapsAt(layers, index), shape, tiles, replicas, buffers);
  }
  return isConv2d(layer)
    ? sparseConvForwardSource(l, layer, shape, tiles, weights, buffers)
    : sparseForwardSource(l, shape, tiles, weights, {
      ...buffers,
      ahead: index === 0 ? ahead : null,
    });
}

/** The gradient at the layer below it. */
function backwardSource(
  { layers, replicas }: ProgramSpec,
  index: number,
  shape: Columns,
  tiles: Tiles,
  { activations, deltas, ...weights }: SparseBuffers,
): KernelSource {
  const layer = layers[index], l = weightedLayers(layers.slice(0, index)).length;
  const inputs = activations[index], below = deltas[index - 1];
  if (isPool(layer)) {
    const maps = mapsAt(layers, index), activation = activationOf(layers[index - 1]);
    const buffers = { inputs, deltas: deltas[index], below };
    return sparsePoolGradientSource(layer, activation, maps, shape, tiles, replicas, buffers);
  }
  const buffers = { deltas: deltas[index], activations: inputs, below };
  return isConv2d(layer)
    ? sparseConvBackwardSource(l, layer, shape, tiles, weights, buffers)
    : sparseBackwardSource(l, shape, tiles, weights, buffers);
}

function mapsAt(layers: readonly LayerSpec[], index: number) {
  const maps = featureMaps(layers);
  return { from: maps[index], to: maps[index + 1] };
}

/** The kernels of one training iteration, in order. */
export function sparseIterationSources(
  gpu: Gpu,
  spec: ProgramSpec,
  pool: BufferPool,
  buffers: SparseBuffers,
): KernelSource[] {
  const { optimizer, batchSize, trainCount, examples, layers } = spec;
  const { activations, deltas, layout, unfinished } = buffers;
  const tiles = gpu.tuned, shape = columnsFor(batchSize), last = layers.length - 1;
  // Layers from here on are trained by one kernel from forward to the gradient below them.
  const top = unfinished ? last - 1 : isHeadFused(classesOf(spec)) ? last : last + 1;
  // Nothing learns from the gradient below the first layer that has weights.
  const [{ index: lowest }] = layout.layers;
  const { ahead } = buffers, sizes = { batchSize, trainCount, ahead };
  const train = { ...sizes, augment: spec.augment, clocks: buffers.clocks };
  const ofWeights = {
    ...buffers,
    ...(unfinished && { clocks: unfinished.latest }),
    activations: layout.layers.map(({ index }) => activations[index]),
    deltas: layout.layers.map(({ index }) => deltas[index]),
  };
  const together = updatedTogether(gpu, buffers);
  const below = top <= last && top > lowest ? deltas[top - 1] : null;
  return [
    sparseGatherSource({ train }, shape, { ...buffers, examples, batch: activations[0] }),
    ...layers.slice(0, top).map((_, i) =>
      forwardSource(spec, i, shape, tiles, buffers, activations, {
        batches: ahead,
        clocks: buffers.clocks,
      })
    ),
    unfinished
      ? sparseTopSource(sizes, shape, buffers, {
        ...buffers,
        ...unfinished,
        inputs: activations[top],
        outputs: activations[last],
        gradient: deltas[top],
        deltas: deltas[last],
        below,
      })
      : sparseHeadSource(sizes, shape, buffers, {
        ...buffers,
        inputs: activations.at(-1)!,
        deltas: deltas[last],
        below,
      }),
    ...layers.slice(0, top).flatMap((_, i) =>
      i > lowest ? [backwardSource(spec, i, shape, tiles, buffers)] : []
    ).reverse(),
    ...together.flatMap((some, i) => {
      const isLast = i === together.length - 1, done = unfinished && isLast ? buffers.clocks : null;
      const [first, end] = groupsOf(layout, some[0], some.at(-1)!);
      if (first === end && !done) return [];
      const range = pool.uniform("groups", new Uint32Array([first, end, shape.columns, 0]));
      const group = { layers: some, groups: end - first, range };
      return [
        sparseUpdateSource(optimizer, shape, tiles, buffers, group, { ...ofWeights, done }),
      ];
    }),
  ];
}

/** The kernels that end a burst. */
export function sparseEndSources(
  { batchSize, trainCount, replicas }: ProgramSpec,
  { unfinished, ...buffers }: SparseBuffers,
): KernelSource[] {
  if (!unfinished) return [];
  const shape = columnsFor(batchSize), { partials } = unfinished;
  const sizes = { batchSize, trainCount };
  return [sparseMetricsSource(sizes, shape, replicas, { ...buffers, partials })];
}

/** Which layers one dispatch updates: all dense ones, where it may have as many textures. */
function updatedTogether(
  { device: { limits } }: Gpu,
  { storage, layout: { layers } }: SparseBuffers,
): number[][] {
  const indices = layers.map((_, i) => i);
  const dense = indices.filter((i) => isDense(layers[i].spec));
  const images = indices.filter((i) => !isDense(layers[i].spec)).map((i) => [i]);
  const textures = 2 + 2 * dense.length;
  return storage === "textures" && textures <= limits.maxStorageTexturesPerShaderStage
    ? [...images, dense]
    : indices.map((i) => [i]);
}

/** The kernels that evaluate a window. */
export function sparseWindowSources(
  gpu: Gpu,
  spec: ProgramSpec,
  pool: BufferPool,
  shape: Columns,
  program: SparseBuffers & EvaluationBuffers,
): WindowSources {
  const { replicas, layers } = spec, { storage } = program, classes = classesOf(spec);
  const tiles = gpu.tuned;
  const activations = featureMaps(layers).map((map, i) =>
    featureMatrix(gpu, spec, pool, storage, shape, `window ${i}`, map)
  );
  const labels = pool.storage("window labels", 4 * replicas * paddedExamples(shape));
  return {
    gather: (examples) =>
      sparseGatherSource({ windows: program.windows }, shape, {
        ...program,
        examples,
        batch: activations[0],
        labels,
      }),
    forward: [
      layers.map((_, i) => forwardSource(spec, i, shape, tiles, program, activations)),
    ],
    evaluate: sparseEvaluateSource({ classes, replicas, span: evaluationSpan(spec) }, shape, {
      ...program,
      logits: activations.at(-1)!,
      labels,
    }),
  };
}
