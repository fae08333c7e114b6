/** The shape of a network program and what tells its replicas apart. */

import type { GpuExamples } from "../dataset.ts";
import { canReadStorageTextures, type Gpu } from "../device.ts";
import type { LayerSpec } from "../layer_spec.ts";
import { pitch } from "./layout.ts";
import { type BatchFormat, COLUMN_BYTES, type MatrixStorage } from "./matrix.ts";
import type { UpdateRule } from "../optimizers.ts";
import type { Key } from "../random.ts";
import { paddedRows, tilesFor } from "./tiles.ts";
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
  /**
   * The masks of each replica by layer, (inputs, units) each: train with kernels that touch live
   * weights only. Null or absent: with those for dense matrices.
   */
  sparse?: readonly (readonly Float32Array[])[] | null;
}

/** A set of examples that can be evaluated whole. */
export type Split = "train" | "validate" | "test";

/** All splits. */
export const SPLITS: readonly Split[] = ["train", "validate", "test"];

/** Parameters of one layer: weights and mask (inputs, units), biases (units). */
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
  /** In the order of the layers. */
  layers: LayerState[];
}

/** Everything that distinguishes one replica from another. */
export interface ReplicaParameters {
  layers: LayerParameters[];
  /** Key of the order in which training examples are visited. */
  orderKey: Key;
  /** Key of the training/validation split; null leaves the examples in their order. */
  splitKey: Key | null;
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

/** Widths of the activation matrices: the inputs, then each layer's units. */
export function layerWidths(layers: LayerSpec[]): number[] {
  return [layers[0].inputs, ...layers.map((layer) => layer.units)];
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
  return pitch(layerWidths(spec.layers)[index]) / 4 * COLUMN_BYTES[activationFormat(spec, index)];
}

/** Textures of the weight gradient's kernel: inputs, deltas, mask, weights before and after. */
export const UPDATE_TEXTURES = 5;

/** Where this adapter has the matrices of a program: textures have their own limits. */
export function matrixStorage(gpu: Gpu, spec: ProgramSpec): MatrixStorage {
  const tiles = tilesFor(gpu.adapter), { replicas, layers } = spec;
  if (tiles.storage === "buffers" || !canReadStorageTextures()) return "buffers";
  const rows = Math.max(
    paddedRows(spec.batchSize, tiles),
    tiles.window,
    ...layers.map((layer) => pitch(layer.inputs)),
  );
  const vectors = Math.max(...layerWidths(layers).map(pitch)) / 4;
  const { maxTextureDimension2D, maxStorageTexturesPerShaderStage } = gpu.device.limits;
  return Math.max(replicas * rows, vectors) <= maxTextureDimension2D &&
      maxStorageTexturesPerShaderStage >= UPDATE_TEXTURES
    ? "textures"
    : "buffers";
}

/** The same of a sparse network's matrices. */
export function sparseStorage(gpu: Gpu, spec: ProgramSpec): MatrixStorage {
  const { storage } = tilesFor(gpu.adapter);
  if (storage === "buffers" || !canReadStorageTextures()) return "buffers";
  const tiles = Math.ceil(spec.batchSize / 64);
  const rows = spec.replicas * tiles *
    Math.max(...layerWidths(spec.layers).map((width) => width + 4));
  const { maxTextureDimension2D, maxStorageTexturesPerShaderStage } = gpu.device.limits;
  return rows <= maxTextureDimension2D && maxStorageTexturesPerShaderStage >= UPDATE_TEXTURES
    ? "textures"
    : "buffers";
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
