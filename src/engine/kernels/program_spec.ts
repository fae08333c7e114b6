/** The shape of a network program and what tells its replicas apart. */

import type { Augmentation } from "../examples/augment.ts";
import type { GpuExamples } from "../examples/dataset.ts";
import { canReadStorageTextures, type Gpu } from "../device.ts";
import { inputSize, isDense, type LayerImage, type LayerSpec, outputSize } from "../layer_spec.ts";
import { activationVectors, layerMatrices, matrixRows, pitch } from "./layout.ts";
import { type BatchFormat, COLUMN_BYTES, type MatrixStorage, textureSize } from "./matrix.ts";
import type { UpdateRule } from "../optimizers.ts";
import type { Key } from "../random.ts";
import { featureMaps } from "./sparse/feature_maps.ts";
import { paddedRows, type Tiles } from "./tiles.ts";
import type { Rate } from "../schedules.ts";

/** Whether kernels work on whole matrices or on lists of live weights; the last bits differ. */
export type KernelKind = "dense" | "sparse";

/** The network, sizes and adapter choices that a program is compiled for. */
export interface ProgramSpec {
  layers: LayerSpec[];
  optimizer: UpdateRule;
  batchSize: number;
  /** Training and validation examples; each replica splits them by its own key. */
  examples: GpuExamples;
  test: GpuExamples;
  /** Of these examples, those to train on; the rest is the validation split. */
  trainCount: number;
  replicas: number;
  /** How training images are changed; null or absent: not. Evaluation has them as they are. */
  augment?: Augmentation | null;
  /**
   * The masks of each replica by layer, (inputs, units) each: train with kernels that touch live
   * weights only. Null or absent: with those for dense matrices.
   */
  sparse?: readonly (readonly Float32Array[])[] | null;
  /**
   * Parts in which the first layer's sums are made in training, where it is dense and so are the
   * kernels; they decide last bits. Default: 1. Evaluations, which have rows enough, make them
   * whole.
   */
  forwardParts?: number;
}

/** Most parts of a sum. */
export const MOST_PARTS = 64;

/** Parts in which a program makes the first layer's sums. */
export function partsOf(
  { layers: [first], sparse, forwardParts = 1 }: Omit<ProgramSpec, "replicas">,
): number {
  return isDense(first) && !sparse ? forwardParts : 1;
}

/** A set of examples that can be evaluated whole. */
export type Split = "train" | "validate" | "test";

/** All splits. */
export const SPLITS: readonly Split[] = ["train", "validate", "test"];

/** Parameters of one layer that has weights: weights and mask (inputs, units), biases (units). */
export interface LayerParameters extends LayerValues {
  mask: Float32Array;
}

/** A matrix of weights (inputs, units) and biases (units), or of an optimizer's values for them. */
export interface LayerValues {
  /** (inputs, units), row-major. */
  weights: Float32Array;
  /** (units). */
  biases: Float32Array;
}

/** One layer of a network in training. */
export interface LayerState extends LayerValues {
  /** The optimizer's matrices: none, velocity, or the two moments. */
  optimizer: LayerValues[];
}

/** A network between two iterations: the state from which training continues to the same bits. */
export interface NetworkState {
  /** Updates made. */
  iteration: number;
  /** Of the layers that have weights, in their order. */
  layers: LayerState[];
}

/** Everything that distinguishes one replica from another. */
export interface ReplicaParameters {
  /** Of the layers that have weights, in their order. */
  layers: LayerParameters[];
  /** Key of the order in which training examples are visited. */
  orderKey: Key;
  /** Key of the training/validation split; null leaves the examples in their order. */
  splitKey: Key | null;
  /** Key of its crops and mirrorings, where the program augments. Default: [0, 0]. */
  augmentKey?: Key;
  /** labelMap[label] replaces each label; null leaves them. */
  labelMap: Uint8Array | null;
  /** The same throughout, or by iteration. */
  learningRate: number | Rate;
  /** Of weights; see `OptimizerSpec`. Default: 0. */
  weightDecay?: number;
  /** Whether pruned weights stay what they are loaded as. Default: they are 0. */
  keepsPruned?: boolean;
}

/** Most iterations of one burst. */
export const MAX_BURST = 1000;

/** Values of a row of each activation matrix: the inputs, then each layer's outputs. */
export function layerWidths(layers: readonly LayerSpec[]): number[] {
  return [inputSize(layers[0]), ...layers.map(outputSize)];
}

/** How many classes the last layer tells apart. */
export function classesOf({ layers }: Pick<ProgramSpec, "layers">): number {
  return outputSize(layers[layers.length - 1]);
}

/** The shape of an example where the first layer takes an image; null where it is dense. */
export function exampleImage({ layers: [first] }: Pick<ProgramSpec, "layers">): LayerImage | null {
  return isDense(first) ? null : first.image;
}

/** Floats of a window's widest matrix in a network that takes images: 8 MB. */
export const WINDOW_FLOATS = 2e6;

/** Rows of an evaluation window: of large images as many as memory is well used for. */
export function windowRows(
  { layers, batchSize }: Pick<ProgramSpec, "layers" | "batchSize">,
  tiles: Tiles,
): number {
  if (layers.every(isDense)) return tiles.window;
  const widest = 4 * Math.max(...activationVectors(layers));
  const few = tiles.rows * Math.floor(WINDOW_FLOATS / widest / tiles.rows);
  return Math.min(tiles.window, Math.max(few, paddedRows(batchSize, tiles)));
}

/** How batches lie in memory: bytes where all examples allow it. */
export function batchFormat(
  { examples, test }: Pick<ProgramSpec, "examples" | "test">,
): BatchFormat {
  return examples.isPacked && test.isPacked ? "u8" : "f32";
}

/** How activation matrix `index` lies in memory (0: the batch). */
export function activationFormat(spec: Omit<ProgramSpec, "replicas">, index: number): BatchFormat {
  return index === 0 ? batchFormat(spec) : "f32";
}

/** Bytes of activation matrix `index` (0: the batch) per row. */
export function activationBytes(spec: Omit<ProgramSpec, "replicas">, index: number): number {
  return activationVectors(spec.layers)[index] * COLUMN_BYTES[activationFormat(spec, index)];
}

/** Textures of the weight gradient's kernel: inputs, deltas, mask, weights before and after. */
export const UPDATE_TEXTURES = 5;

/** Whether this adapter can have the matrices of programs in textures. */
export function mayUseTextures({ device }: Gpu): boolean {
  return canReadStorageTextures() &&
    device.limits.maxStorageTexturesPerShaderStage >= UPDATE_TEXTURES;
}

/** Where this adapter has the matrices of a program: textures have their own limits. */
export function matrixStorage(gpu: Gpu, spec: ProgramSpec): MatrixStorage {
  const tiles = gpu.tuned, { replicas, layers } = spec;
  if (tiles.storage === "buffers" || !mayUseTextures(gpu)) return "buffers";
  const { maxTextureDimension2D: most } = gpu.device.limits;
  const batchRows = Math.max(paddedRows(spec.batchSize, tiles), windowRows(spec, tiles));
  const matrices: [rows: number, vectors: number][] = [
    ...activationVectors(layers).map((vectors): [number, number] => [batchRows, vectors]),
    ...layerMatrices(layers).map((matrix): [number, number] => [
      matrixRows(matrix),
      pitch(matrix.units) / 4,
    ]),
  ];
  // Dense layers alone keep to the storage with which they were measured.
  const areAbreast = !layers.every(isDense);
  const fits = matrices.every(([rows, vectors]) => {
    const all = replicas * rows;
    const size = areAbreast ? textureSize(all, vectors, most) : [vectors, all];
    return Math.max(...size) <= most;
  });
  return fits ? "textures" : "buffers";
}

/** Columns of four examples of a tile. */
const COLUMNS = 16;

/** The same of a sparse network's matrices. */
export function sparseStorage(gpu: Gpu, spec: ProgramSpec): MatrixStorage {
  const { storage } = gpu.tuned;
  if (storage === "buffers" || !mayUseTextures(gpu)) return "buffers";
  const { replicas, batchSize, layers } = spec, tiles = Math.ceil(batchSize / 64);
  const widths = featureMaps(layers).map((map) => map.rows + 4);
  const rows = replicas * tiles * Math.max(...widths);
  const { maxTextureDimension2D: most } = gpu.device.limits;
  // The rows of images may lie side by side.
  const size = layers.every(isDense) ? [rows] : textureSize(rows, COLUMNS, most);
  return Math.max(...size) <= most ? "textures" : "buffers";
}

/** Examples of a split. */
export function splitCount(spec: Omit<ProgramSpec, "replicas">, split: Split): number {
  const { examples, test, trainCount } = spec;
  return { train: trainCount, validate: examples.count - trainCount, test: test.count }[split];
}

/** Rows of the buffer of row-wise losses: examples of the largest split. */
export function evaluationSpan(spec: Omit<ProgramSpec, "replicas">): number {
  return Math.max(...SPLITS.map((split) => splitCount(spec, split)));
}
