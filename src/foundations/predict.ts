/**
 * What a trained network says of a few examples, on the processor: takes layers, weights, biases and
 * inputs, gives class probabilities. For one image it costs less than a dispatch; training and evaluation
 * are the engine's.
 */

import type { Activation, LayerSpec, Normalization } from "../engine/mod.ts";
import { InputError } from "../errors.ts";
import { checkShape, type Network } from "./network.ts";

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
 * @throws InputError if shapes do not fit the layers
 */
export function predict(
  layers: readonly LayerSpec[],
  weights: Network,
  biases: Network,
  inputs: readonly ArrayLike<number>[],
): number[][] {
  for (const { name, inputs: features, units, useBias } of layers) {
    checkShape(own(weights, name, "weights"), [features, units], `weights of ${name}`);
    if (useBias) checkShape(own(biases, name, "biases"), [units], `biases of ${name}`);
  }
  return inputs.map((input, i) => {
    if (input.length !== layers[0].inputs) {
      throw new InputError(
        `example ${i} has ${input.length} values, but the network takes ${layers[0].inputs}`,
      );
    }
    let values: ArrayLike<number> = input;
    for (const layer of layers) values = forward(layer, weights, biases, values);
    return softmax(Array.from(values));
  });
}

/** The activations of a layer. */
function forward(
  { name, units, activation, useBias }: LayerSpec,
  weights: Network,
  biases: Network,
  inputs: ArrayLike<number>,
): Float64Array {
  const { data } = weights[name];
  const sums = new Float64Array(units);
  if (useBias) sums.set(biases[name].data);
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i];
    if (input === 0) continue;
    for (let unit = 0; unit < units; unit++) sums[unit] += input * data[i * units + unit];
  }
  return activation === null ? sums : sums.map(ACTIVATIONS[activation]);
}

function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** An image of bytes as the network sees it: the same as the engine's gather kernels do. */
export function normalizeImage(
  bytes: ArrayLike<number>,
  normalization: Normalization,
): Float64Array {
  const values = Float64Array.from(bytes);
  if (normalization === "none") return values;
  const divisor = normalization === "unit" ? 255 : Math.hypot(...values) || 1;
  return values.map((value) => value / divisor);
}

function own(network: Network, name: string, what: string) {
  if (Object.hasOwn(network, name)) return network[name];
  throw new InputError(`there are no ${what} of ${name}: give those of every layer`);
}
