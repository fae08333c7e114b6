/**
 * Computes class probabilities for a few examples on the processor. For one image that costs less
 * than a dispatch; training and evaluation are the engine's.
 */

import type { Activation, ChannelStatistics, Normalization } from "../engine/mod.ts";
import {
  activationOf,
  type Conv2dSpec,
  type DenseSpec,
  type Extent,
  inputSize,
  isConv2d,
  isPool,
  type LayerSpec,
  outputShape,
  outputSize,
  paddingBefore,
  type PoolSpec,
  weightedLayers,
} from "../engine/layer_spec.ts";
import { describe } from "../engine/numbers.ts";
import { InputError } from "../errors.ts";
import { checkFinite, checkShape, type GivenNetwork, ownArray, toTensor } from "./network.ts";
import { weightAxes } from "./parameters.ts";

const ACTIVATIONS: Record<NonNullable<Activation>, (x: number) => number> = {
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/**
 * Probabilities of the classes for each example; in 64-bit floats.
 *
 * @param layers  in their order
 * @param weights (inputs, units) or (height, width, channels, filters) by layer name; pruned ones
 *   are 0
 * @param biases  (units) or (filters) by layer name, of layers that have them
 * @param inputs  one array of the first layer's inputs per example, normalized as in training;
 *   images are (height, width, channels), row-major
 * @throws InputError if shapes do not fit the layers, or a value is not finite
 */
export function predict(
  layers: readonly LayerSpec[],
  weights: GivenNetwork,
  biases: GivenNetwork,
  inputs: readonly ArrayLike<number>[],
): number[][] {
  const take = (network: GivenNetwork, name: string, what: string, shape: number[]) => {
    const where = `${what} of ${name}`;
    const array = toTensor(ownArray(network, name, where), where);
    checkShape(array, shape, where);
    checkFinite(array, where);
    return array.data;
  };
  const arrays = new Map(
    weightedLayers(layers).map((layer): [string, LayerArrays] => {
      const { name, useBias } = layer, shape = weightAxes(layer);
      return [name, {
        weights: take(weights, name, "weights", shape),
        biases: useBias ? take(biases, name, "biases", shape.slice(-1)) : null,
      }];
    }),
  );
  const features = inputSize(layers[0]);
  return inputs.map((input, i) => {
    if (input.length !== features) {
      throw new InputError(
        `example ${i} has ${input.length} values, but the network has ${features} inputs; give as many`,
      );
    }
    let values = Float64Array.from(input, (value, k) => {
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw new InputError(
        `example ${i} has ${describe(value)} at feature ${k}: give finite numbers`,
      );
    });
    for (const layer of layers) {
      const sums = sumsOf(layer, arrays, values), activation = activationOf(layer);
      values = activation === null ? sums : sums.map(ACTIVATIONS[activation]);
    }
    return softmax(Array.from(values));
  });
}

interface LayerArrays {
  weights: Float32Array;
  biases: Float32Array | null;
}

/** The sums to which a layer's nonlinearity is applied. */
function sumsOf(
  layer: LayerSpec,
  arrays: ReadonlyMap<string, LayerArrays>,
  inputs: Float64Array,
): Float64Array<ArrayBuffer> {
  if (isPool(layer)) return pool(layer, inputs);
  const own = arrays.get(layer.name)!;
  return isConv2d(layer) ? convolve(layer, own, inputs) : multiply(layer, own, inputs);
}

function multiply(
  { units }: DenseSpec,
  { weights, biases }: LayerArrays,
  inputs: Float64Array,
): Float64Array<ArrayBuffer> {
  const sums = new Float64Array(units);
  if (biases) sums.set(biases);
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i];
    if (input === 0) continue;
    for (let unit = 0; unit < units; unit++) sums[unit] += input * weights[i * units + unit];
  }
  return sums;
}

function convolve(
  layer: Conv2dSpec,
  { weights, biases }: LayerArrays,
  inputs: Float64Array,
): Float64Array<ArrayBuffer> {
  const { filters, kernel, image: [, , channels] } = layer;
  const sums = new Float64Array(outputSize(layer));
  if (biases) { for (let i = 0; i < sums.length; i++) sums[i] = biases[i % filters]; }
  overWindows(layer, kernel, paddingBefore(layer), (output, pixel, place) => {
    for (let c = 0, w = place * channels * filters; c < channels; c++) {
      const input = inputs[pixel * channels + c];
      for (let f = 0; f < filters; f++, w++) sums[output * filters + f] += input * weights[w];
    }
  });
  return sums;
}

function pool(layer: PoolSpec, inputs: Float64Array): Float64Array<ArrayBuffer> {
  const { kind, size, image: [, , channels] } = layer, isMax = kind === "maxPool2d";
  const values = new Float64Array(outputSize(layer)).fill(isMax ? -Infinity : 0);
  overWindows(layer, size, [0, 0], (output, pixel) => {
    for (let c = 0; c < channels; c++) {
      const at = output * channels + c, input = inputs[pixel * channels + c];
      values[at] = isMax ? Math.max(values[at], input) : values[at] + input / (size[0] * size[1]);
    }
  });
  return values;
}

/**
 * Visits the pixels under each window: with the position of the output, of the pixel, and of the
 * pixel in the window, each counted row by row.
 */
function overWindows(
  layer: Conv2dSpec | PoolSpec,
  [tall, wide]: Extent,
  [top, left]: Extent,
  visit: (output: number, pixel: number, place: number) => void,
): void {
  const { image: [height, width], stride: [down, right] } = layer;
  const [rows, columns] = outputShape(layer);
  for (let output = 0; output < rows * columns; output++) {
    const firstRow = Math.floor(output / columns) * down - top;
    const firstColumn = output % columns * right - left;
    for (let place = 0; place < tall * wide; place++) {
      const row = firstRow + Math.floor(place / wide), column = firstColumn + place % wide;
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      visit(output, row * width + column, place);
    }
  }
}

function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/**
 * An image of bytes as the network sees it: the same as the engine's gather kernels do.
 *
 * @param statistics of the training pool, for "standardize"
 */
export function normalizeImage(
  bytes: ArrayLike<number>,
  normalization: Normalization,
  statistics: ChannelStatistics = { means: [0], deviations: [1] },
): Float64Array {
  const values = Float64Array.from(bytes);
  if (normalization === "standardize") {
    const { means, deviations } = statistics, channels = means.length;
    return values.map((value, k) => (value / 255 - means[k % channels]) / deviations[k % channels]);
  }
  if (normalization === "none") return values;
  const divisor = normalization === "unit" ? 255 : lengthOf(values) || 1;
  return values.map((value) => value / divisor);
}

/** The L2 norm. Bytes: no square is too large, and an image may have too many for `Math.hypot`. */
function lengthOf(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
