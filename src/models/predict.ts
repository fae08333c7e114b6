/**
 * Computes class probabilities for a few examples on the processor. For one image that costs less
 * than a dispatch; training and evaluation are the engine's.
 */

import type { Activation, ChannelStatistics, LayerSpec, Normalization } from "../engine/mod.ts";
import { describe } from "../engine/numbers.ts";
import { InputError } from "../errors.ts";
import { checkFinite, checkShape, type GivenNetwork, ownArray, toTensor } from "./network.ts";

const ACTIVATIONS: Record<NonNullable<Activation>, (x: number) => number> = {
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/**
 * Probabilities of the classes for each example; in 64-bit floats.
 *
 * @param layers  in their order
 * @param weights (inputs, units) by layer name; pruned ones are 0
 * @param biases  (units) by layer name, of layers that have them
 * @param inputs  one array of the first layer's inputs per example, normalized as in training
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
  const arrays = layers.map(({ name, inputs, units, useBias }): LayerArrays => ({
    weights: take(weights, name, "weights", [inputs, units]),
    biases: useBias ? take(biases, name, "biases", [units]) : null,
  }));
  return inputs.map((input, i) => {
    if (input.length !== layers[0].inputs) {
      throw new InputError(
        `example ${i} has ${input.length} values, but the network takes ${layers[0].inputs}`,
      );
    }
    let values = Float64Array.from(input, (value, k) => {
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw new InputError(
        `example ${i} has ${describe(value)} at feature ${k}: give finite numbers`,
      );
    });
    layers.forEach((layer, l) => values = forward(layer, arrays[l], values));
    return softmax(Array.from(values));
  });
}

interface LayerArrays {
  weights: Float32Array;
  biases: Float32Array | null;
}

/** The activations of a layer. */
function forward(
  { units, activation }: LayerSpec,
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
  return activation === null ? sums : sums.map(ACTIVATIONS[activation]);
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
  const divisor = normalization === "unit" ? 255 : Math.hypot(...values) || 1;
  return values.map((value) => value / divisor);
}
