/** One training iteration of a network program: its buffers, and its kernels in order. */

import { BufferPool } from "../buffers.ts";
import type { Gpu } from "../device.ts";
import type { KernelSource } from "../kernels/kernel.ts";
import { nonzeroSource, rowListWords, wordListWords } from "../kernels/dense/weight_kernels.ts";
import { gatherTrainSource } from "../kernels/gather_kernels.ts";
import { lossSource } from "../kernels/row_kernels.ts";
import { partialSumVectors } from "../kernels/dense/parts_kernels.ts";
import { partialBytes } from "../kernels/images/conv_update_kernels.ts";
import { blocksOf } from "../kernels/images/pool_kernels.ts";
import { isConv2d, isDense, isPool, type LayerSpec } from "../layer_spec.ts";
import {
  activationVectors,
  feedsDense,
  layerMatrices,
  maskWords,
  matrixRows,
  matrixSize,
  pitch,
} from "../kernels/layout.ts";
import { layerBackwardSources, layerForwardSources } from "./layer_sources.ts";
import { stateCount } from "../optimizers.ts";
import { allocateLoopBuffers, type LoopBuffers } from "./network_memory.ts";
import {
  createMatrix,
  isTexture,
  type Matrix,
  type MatrixFormat,
  type MatrixStorage,
} from "../kernels/matrix.ts";
import {
  activationFormat,
  batchFormat,
  classesOf,
  exampleImage,
  matrixStorage,
  partsOf,
  type ProgramSpec,
} from "../kernels/program_spec.ts";
import { paddedRows, tilesForBatch } from "../kernels/tiles.ts";

/** The buffers of training, each with a leading axis R unless said. */
export interface IterationBuffers extends LoopBuffers {
  /** By layer that has weights: one matrix, updated in place, or two that are updated in turn. */
  weights: Matrix[][];
  /** By layer that has weights. */
  masks: Matrix[];
  /** By layer that has weights: the optimizer's matrices. */
  state: GPUBuffer[][];
  /** The batch, then each layer's outputs. */
  activations: Matrix[];
  /** By layer: gradient at its pre-activations. */
  deltas: Matrix[];
  labels: GPUBuffer;
  /** Slices of the gradient of one convolution after the other; null: there is none. */
  partials: GPUBuffer | null;
  /** Batches of iterations that are gathered at once. */
  ahead: number;
  /** Parts of the batch that count in the first layer's forward and weight gradient; null: all. */
  lists: { words: GPUBuffer; rows: GPUBuffer } | null;
  /** Parts of the first layer's sums, where they are made in parts; null: they are not. */
  sums: Matrix | null;
}

/** Allocates them from `pool`. */
export function allocateIteration(gpu: Gpu, spec: ProgramSpec, pool: BufferPool): IterationBuffers {
  const { layers, replicas } = spec;
  const tiles = tilesForBatch(gpu.tuned, spec.batchSize);
  const rows = paddedRows(spec.batchSize, tiles);
  const words = (label: string, count: number) => pool.storage(label, 4 * replicas * count);
  const matrices = layerMatrices(layers), vectors = activationVectors(layers);
  const storage = matrixStorage(gpu, spec), convolutions = layers.filter(isConv2d);
  const partials = convolutions.map((layer) => partialBytes(layer, spec.batchSize));
  const matrix = (
    label: string,
    rows: number,
    vectors: number,
    format: MatrixFormat = "f32",
    where = storage,
  ) => createMatrix(pool, where, label, { rows: replicas * rows, vectors, format });
  const [first] = layers, ahead = batchesAhead(gpu, spec, storage);
  const overwrites = (i: number) => overwritesOutputs(layers, i, storage);
  const activations = vectors.map((width, i) =>
    matrix(
      `activations ${i}`,
      i === 0 ? ahead * rows : rows,
      width,
      activationFormat(spec, i),
      overwrites(i - 1) ? "buffers" : storage,
    )
  );
  const deltas = allocateDeltas(
    layers,
    activations,
    (i) => matrix(`deltas ${layers[i].name}`, rows, vectors[i + 1]),
    overwrites,
  );
  return {
    weights: matrices.map((shape) =>
      Array.from(
        { length: storage === "textures" ? 2 : 1 },
        () => matrix(`weights ${shape.name}`, matrixRows(shape), pitch(shape.units) / 4),
      )
    ),
    masks: matrices.map((shape) =>
      matrix(`mask ${shape.name}`, matrixRows(shape), maskWords(pitch(shape.units)), "u8")
    ),
    state: matrices.map((shape) =>
      Array.from(
        { length: stateCount(spec.optimizer) },
        () => words(`optimizer state ${shape.name}`, matrixSize(shape)),
      )
    ),
    activations,
    deltas,
    labels: words("batch labels", ahead * rows),
    ahead,
    partials: partials.length > 0
      ? pool.storage("partial gradients", replicas * Math.max(...partials))
      : null,
    ...allocateLoopBuffers(pool, replicas),
    sums: isDense(first) && partsOf(spec) > 1
      ? matrix("parts of sums", rows, partialSumVectors(first, partsOf(spec)), "f32", "buffers")
      : null,
    // Float inputs are rarely 0.
    lists: isDense(first) && tiles.skipsZeros && !spec.examples.isFloat
      ? {
        words: words("nonzero words", ahead * wordListWords(first, rows, tiles)),
        rows: words("nonzero rows", ahead * rowListWords(first, rows, tiles)),
      }
      : null,
  };
}

/** Most batches that are gathered at once, of all networks: more leave the processor's cache. */
const MOST_AHEAD = 4;

/**
 * How many batches are gathered at once: one of images, or where a dispatch costs little, else as
 * many as fit into a texture.
 */
function batchesAhead(
  { tuned, device: { limits } }: Gpu,
  { layers, replicas, batchSize }: ProgramSpec,
  storage: MatrixStorage,
): number {
  if (!isDense(layers[0]) || storage === "buffers") return 1;
  const rows = replicas * paddedRows(batchSize, tilesForBatch(tuned, batchSize));
  const most = Math.min(MOST_AHEAD / replicas, limits.maxTextureDimension2D / rows);
  return Math.max(1, Math.floor(most));
}

/**
 * Whether the gradient at a layer's pre-activations takes the place of its outputs: a pool above
 * it, of maxima of windows that do not overlap, reads an output only to write the gradient there.
 * In a texture nothing is overwritten. There, of the first layer alone the outputs are in a buffer,
 * which costs an iteration of LeNet-5 7% on llvmpipe and saves 2.8 of 17.2 MB (of the second layer
 * too: 16%, and 0.1 MB more).
 */
function overwritesOutputs(
  layers: readonly LayerSpec[],
  index: number,
  storage: MatrixStorage,
): boolean {
  const above = layers[index + 1];
  return index >= 0 && above !== undefined && isPool(above) && blocksOf(above) !== null &&
    (storage === "buffers" || index === 0);
}

/** A matrix and the columns that it has room for. */
interface Memory {
  matrix: Matrix;
  width: number;
}

/**
 * By layer, the memory of the gradients at its pre-activations: that of its outputs where it
 * `overwrites` them, else that of an activation or gradient which backward has passed, where one is
 * wide enough, else that which `allocate` makes.
 */
function allocateDeltas(
  layers: readonly LayerSpec[],
  activations: readonly Matrix[],
  allocate: (layer: number) => Matrix,
  overwrites: (layer: number) => boolean,
): Matrix[] {
  const vectors = activationVectors(layers), deltas: Memory[] = [];
  /** What nothing reads any more before it is written again. */
  const passed: Memory[] = [];
  for (let i = layers.length - 1; i >= 0; i--) {
    const wanted = vectors[i + 1];
    const fits = ({ matrix, width }: Memory) =>
      width === wanted || (width > wanted && !(isTexture(matrix) && matrix.abreast > 1));
    const outputs = { matrix: activations[i + 1], width: wanted };
    if (overwrites(i)) {
      deltas[i] = outputs;
    } else {
      const [narrowest] = passed.filter(fits).sort((a, b) => a.width - b.width);
      if (narrowest) passed.splice(passed.indexOf(narrowest), 1);
      deltas[i] = narrowest ?? { matrix: allocate(i), width: wanted };
    }
    // The kernels of layer i come next: they read its inputs and deltas[i], to make deltas[i - 1].
    if (i < layers.length - 1) passed.push(deltas[i + 1]);
    // Of an image below a dense layer, columns stay 0 that forward does not write.
    if (!overwrites(i) && (isDense(layers[i]) || !feedsDense(layers, i))) passed.push(outputs);
  }
  return deltas.map(({ matrix }) => matrix);
}

/** Bytes of GPU memory that training takes, evaluation and examples left out. */
export function iterationBytes(gpu: Gpu, spec: ProgramSpec): number {
  const pool = new BufferPool(gpu);
  try {
    allocateIteration(gpu, spec, pool);
    return pool.bytes;
  } finally {
    pool.destroy();
  }
}

/** The kernels of one training iteration, in order; `side` is where the weights are before it. */
export function iterationSources(
  gpu: Gpu,
  spec: ProgramSpec,
  buffers: IterationBuffers,
  side: number,
): KernelSource[] {
  const { layers, optimizer, batchSize, trainCount, replicas } = spec;
  const tiles = tilesForBatch(gpu.tuned, batchSize), last = layers.length - 1;
  const format = batchFormat(spec);
  const sizes = {
    format,
    image: exampleImage(spec),
    replicas,
    batchSize,
    trainCount,
    augment: spec.augment,
    ahead: buffers.ahead,
    rows: paddedRows(batchSize, tiles),
    classes: classesOf(spec),
    limits: gpu.device.limits,
  };
  const { activations, deltas, lists } = buffers, [first] = layers;
  const weights = buffers.weights.map((sides) => sides[side]);
  const updated = buffers.weights.map((sides) => sides[(side + 1) % sides.length]);
  const at = (index: number) => ({ layers, index, sizes, tiles, batchFormat: format });
  const parts = buffers.sums && { count: partsOf(spec), sums: buffers.sums };
  const forward = layers.flatMap((_, i) =>
    layerForwardSources(at(i), {
      activations,
      weights,
      lists: lists?.words ?? null,
      ahead: { batches: buffers.ahead, clocks: buffers.clocks },
      parts,
    })
  );
  const backward = layers.map((_, i) =>
    layerBackwardSources(at(i), optimizer, {
      ...buffers,
      weights,
      updated,
      lists: lists?.rows ?? null,
    })
  ).reverse().flat();
  return [
    gatherTrainSource(sizes, { ...buffers, examples: spec.examples, batch: activations[0] }),
    ...(lists && isDense(first)
      ? [
        nonzeroSource(first, sizes, tiles, {
          inputs: activations[0],
          format,
          wordLists: lists.words,
          rowLists: lists.rows,
        }),
      ]
      : []),
    ...forward,
    lossSource(sizes, { ...buffers, logits: activations[last + 1], deltas: deltas[last] }),
    ...backward,
  ];
}
