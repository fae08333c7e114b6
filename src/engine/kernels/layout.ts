/**
 * How matrices lie in GPU memory. A layer of K inputs and N units keeps its weights as P(K) × P(N)
 * floats, P(n) the smallest multiple of 8 above n: rows 0..K-1 are the weights, row K the biases,
 * the rest zeros. The activation matrix below it has P(K) columns, column K constantly 1, so that
 * one matmul computes inputs·weights + biases. Padding is masked, hence 0 at all times.
 */

import type { LayerSpec } from "../layer_spec.ts";

/** Columns of an activation matrix of `units` columns: with the constant 1, in whole vec4 pairs. */
export function pitch(units: number): number {
  return 8 * Math.ceil((units + 1) / 8);
}

/** u32 words of a mask row of `columnPitch` columns, one bit per weight. */
export function maskWords(columnPitch: number): number {
  return Math.ceil(columnPitch / 32);
}

/** Floats of one replica's weight matrix. */
export function matrixSize(layer: LayerSpec): number {
  return pitch(layer.inputs) * pitch(layer.units);
}

/** Lays out one layer's weights (inputs, units) ⊙ mask and biases (units) for the kernels. */
export function packWeights(
  layer: LayerSpec,
  weights: Float32Array,
  biases: Float32Array,
  mask: Float32Array | null,
): Float32Array<ArrayBuffer> {
  const columns = pitch(layer.units);
  const packed = new Float32Array(matrixSize(layer));
  for (let k = 0; k < layer.inputs; k++) {
    for (let n = 0; n < layer.units; n++) {
      const at = k * layer.units + n;
      if (mask === null || mask[at] !== 0) packed[k * columns + n] = weights[at];
    }
  }
  if (layer.useBias) packed.set(biases, layer.inputs * columns);
  return packed;
}

/** The inverse of `packWeights`. */
export function unpackWeights(
  layer: LayerSpec,
  packed: Float32Array,
): { weights: Float32Array<ArrayBuffer>; biases: Float32Array<ArrayBuffer> } {
  const columns = pitch(layer.units);
  const weights = new Float32Array(layer.inputs * layer.units);
  for (let k = 0; k < layer.inputs; k++) {
    weights.set(packed.subarray(k * columns, k * columns + layer.units), k * layer.units);
  }
  const biasRow = layer.inputs * columns;
  return { weights, biases: packed.slice(biasRow, biasRow + layer.units) };
}

/** Lays out a mask (inputs, units) of 0 and 1 as bits; the bias row is live if there are biases. */
export function packMask(layer: LayerSpec, mask: Float32Array): Uint32Array<ArrayBuffer> {
  const words = maskWords(pitch(layer.units));
  const packed = new Uint32Array(pitch(layer.inputs) * words);
  const setBit = (k: number, n: number) => packed[k * words + (n >>> 5)] |= 1 << (n & 31);
  for (let k = 0; k < layer.inputs; k++) {
    for (let n = 0; n < layer.units; n++) {
      if (mask[k * layer.units + n] !== 0) setBit(k, n);
    }
  }
  if (layer.useBias) { for (let n = 0; n < layer.units; n++) setBit(layer.inputs, n); }
  return packed;
}
