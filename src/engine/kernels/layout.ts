/**
 * How matrices lie in GPU memory. A layer of K inputs and N units keeps its weights as P(K) × P(N)
 * floats, P(n) the smallest multiple of 8 above n: rows 0..K-1 are the weights, row K the biases,
 * the rest zeros. The activation matrix below it has P(K) columns, column K constantly 1, so that
 * one matmul computes inputs·weights + biases. Padding is masked, hence 0 at all times.
 *
 * Images lie pixel by pixel, the channels of a pixel padded to whole vec4s; so do the rows of the
 * weights that take an image: a kernel's taps, or a dense layer's pixels, one after the other. An
 * image has a constant 1 only where a dense layer takes it.
 */

import {
  inputSize,
  isConv2d,
  isDense,
  isPool,
  type LayerImage,
  type LayerSpec,
  outputShape,
  weightShape,
} from "../layer_spec.ts";

/** A matrix of weights and a row of biases. */
export interface WeightMatrix {
  /** Rows of the weights outside of the GPU. */
  inputs: number;
  units: number;
  useBias: boolean;
  /** Channels of the image that they take: as many rows follow one another. Absent: no image. */
  channels?: number;
}

/** That of a layer, by the layer's name. */
export interface LayerMatrix extends WeightMatrix {
  name: string;
}

/** vec4s of a pixel. */
export function channelVectors(channels: number): number {
  return Math.ceil(channels / 4);
}

/** vec4s of an image. */
export function imageVectors([height, width, channels]: LayerImage): number {
  return height * width * channelVectors(channels);
}

/** The matrices of the layers that have weights, in their order. */
export function layerMatrices(layers: readonly LayerSpec[]): LayerMatrix[] {
  return layers.flatMap((layer, i) => {
    if (isPool(layer)) return [];
    const { name, useBias } = layer, shape = { name, useBias, ...weightShape(layer) };
    if (isConv2d(layer)) return [{ ...shape, channels: layer.image[2] }];
    const [channels] = i === 0 || isDense(layers[i - 1]) ? [] : outputShape(layers[i - 1]).slice(2);
    return [channels === undefined ? shape : { ...shape, channels }];
  });
}

/** vec4s of a row of each activation matrix: the batch's, then each layer's outputs. */
export function activationVectors(layers: readonly LayerSpec[]): number[] {
  const first = layers[0];
  const batch = isDense(first) ? pitch(inputSize(first)) / 4 : imageVectors(first.image);
  return [
    batch,
    ...layers.map((layer, i) => {
      if (isDense(layer)) return pitch(layer.units) / 4;
      const [height, width, channels] = outputShape(layer);
      const vectors = imageVectors([height, width, channels]);
      return feedsDense(layers, i) ? pitch(4 * vectors) / 4 : vectors;
    }),
  ];
}

/** Whether a layer's outputs are what a dense layer takes. */
export function feedsDense(layers: readonly LayerSpec[], index: number): boolean {
  const above = layers[index + 1];
  return above !== undefined && isDense(above);
}

/** Columns of an activation matrix of `units` columns: with the constant 1, in whole vec4 pairs. */
export function pitch(units: number): number {
  return 8 * Math.ceil((units + 1) / 8);
}

/** u32 words of a mask row of `columnPitch` columns, one bit per weight. */
export function maskWords(columnPitch: number): number {
  return Math.ceil(columnPitch / 32);
}

/** Rows of weights in GPU memory, without that of the biases. */
export function paddedInputs({ inputs, channels }: WeightMatrix): number {
  return channels === undefined ? inputs : inputs / channels * 4 * channelVectors(channels);
}

/** The row in GPU memory of row `k`. */
function paddedRow({ channels }: WeightMatrix, k: number): number {
  if (channels === undefined) return k;
  return Math.floor(k / channels) * 4 * channelVectors(channels) + k % channels;
}

/** Rows of one replica's weight matrix. */
export function matrixRows(matrix: WeightMatrix): number {
  return pitch(paddedInputs(matrix));
}

/** Floats of one replica's weight matrix. */
export function matrixSize(matrix: WeightMatrix): number {
  return matrixRows(matrix) * pitch(matrix.units);
}

/** Lays out one layer's weights (inputs, units) ⊙ mask and biases (units) for the kernels. */
export function packWeights(
  matrix: WeightMatrix,
  weights: Float32Array,
  biases: Float32Array,
  mask: Float32Array | null,
): Float32Array<ArrayBuffer> {
  const { inputs, units, useBias } = matrix, columns = pitch(units);
  const packed = new Float32Array(matrixSize(matrix));
  for (let k = 0; k < inputs; k++) {
    const row = paddedRow(matrix, k) * columns;
    for (let n = 0; n < units; n++) {
      const at = k * units + n;
      if (mask === null || mask[at] !== 0) packed[row + n] = weights[at];
    }
  }
  if (useBias) packed.set(biases, paddedInputs(matrix) * columns);
  return packed;
}

/** The inverse of `packWeights`. */
export function unpackWeights(
  matrix: WeightMatrix,
  packed: Float32Array,
): { weights: Float32Array<ArrayBuffer>; biases: Float32Array<ArrayBuffer> } {
  const { inputs, units } = matrix, columns = pitch(units);
  const weights = new Float32Array(inputs * units);
  for (let k = 0; k < inputs; k++) {
    const row = paddedRow(matrix, k) * columns;
    weights.set(packed.subarray(row, row + units), k * units);
  }
  const biasRow = paddedInputs(matrix) * columns;
  return { weights, biases: packed.slice(biasRow, biasRow + units) };
}

/** Lays out a mask (inputs, units) of 0 and 1 as bits; the bias row is live if there are biases. */
export function packMask(matrix: WeightMatrix, mask: Float32Array): Uint32Array<ArrayBuffer> {
  const { inputs, units, useBias } = matrix, words = maskWords(pitch(units));
  const packed = new Uint32Array(matrixRows(matrix) * words);
  const setBit = (row: number, n: number) => packed[row * words + (n >>> 5)] |= 1 << (n & 31);
  for (let k = 0; k < inputs; k++) {
    const row = paddedRow(matrix, k);
    for (let n = 0; n < units; n++) {
      if (mask[k * units + n] !== 0) setBit(row, n);
    }
  }
  if (useBias) { for (let n = 0; n < units; n++) setBit(paddedInputs(matrix), n); }
  return packed;
}
