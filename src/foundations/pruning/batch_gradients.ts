/**
 * The gradient of the loss by all weights of a network, the dead too, on the batch that training
 * takes next: in 64-bit floats on the host. A batch through LeNet-300-100 takes some 50 ms.
 */

import type { ExampleArrays, LayerSpec, NetworkState, Normalization } from "../../engine/mod.ts";
import { epochKey, permute } from "../../engine/random.ts";
import type { DatasetBase } from "../dataset_base.ts";

/**
 * Computes, of a network in training, the (inputs, units) gradient of each layer on the next batch.
 */
export type Gradients = (state: NetworkState) => Promise<Float32Array[]>;

/** A batch as a network sees it. */
interface Batch {
  /** (count, features). */
  inputs: Float64Array;
  labels: Uint8Array;
  count: number;
}

/** The gradients of a run on this dataset. */
export function batchGradients(
  layers: readonly LayerSpec[],
  dataset: DatasetBase,
  batchSize: number,
): Gradients {
  return ({ iteration, layers: values }) => {
    const batch = batchAt(dataset, batchSize, iteration);
    return Promise.resolve(gradientsOn(batch, layers, values));
  };
}

/** The examples of an iteration, in the order of shaders/gather_train.wgsl. */
function batchAt(dataset: DatasetBase, batchSize: number, iteration: number): Batch {
  const { sets: { train }, trainCount, orderKey, splitKey, labelMap, normalization } = dataset;
  const size = Math.min(batchSize, trainCount), batches = Math.ceil(trainCount / size);
  const key = epochKey(orderKey, Math.floor(iteration / batches));
  const first = iteration % batches * size, count = Math.min(size, trainCount - first);
  const inputs = new Float64Array(count * train.features), labels = new Uint8Array(count);
  for (let row = 0; row < count; row++) {
    const ordered = permute(first + row, trainCount, key);
    const example = splitKey ? permute(ordered, train.count, splitKey) : ordered;
    inputs.set(normalized(train, example, normalization), row * train.features);
    const label = train.labels[example];
    labels[row] = labelMap ? labelMap[label] : label;
  }
  return { inputs, labels, count };
}

/** An example's inputs as the engine normalizes them (src/engine/dataset.ts). */
function normalized(
  { inputs, features, isUnit = false }: ExampleArrays,
  example: number,
  how: Normalization,
): Float64Array {
  const row = Float64Array.from(inputs.subarray(example * features, (example + 1) * features));
  if (inputs instanceof Float32Array && !(isUnit && how === "l2")) return row;
  const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
  const divisor = how === "l2" ? norm : how === "unit" || isUnit ? 255 : 1;
  return row.map((value) => value / divisor);
}

function gradientsOn(
  { inputs: x, labels, count }: Batch,
  layers: readonly LayerSpec[],
  values: NetworkState["layers"],
): Float32Array[] {
  const outputs: Float64Array[] = [];
  layers.forEach(({ inputs, units, activation }, l) => {
    const { weights, biases } = values[l], from = l === 0 ? x : outputs[l - 1];
    const output = new Float64Array(count * units);
    for (let b = 0; b < count; b++) {
      const row = output.subarray(b * units, (b + 1) * units);
      row.set(biases);
      for (let i = 0; i < inputs; i++) {
        const value = from[b * inputs + i];
        if (value === 0) continue;
        for (let u = 0, w = i * units; u < units; u++, w++) row[u] += value * weights[w];
      }
    }
    outputs.push(activation === null ? output : output.map(FUNCTIONS[activation].of));
  });
  let delta = lossGradient(outputs[layers.length - 1], labels, count);
  const gradients: Float32Array[] = [];
  for (let l = layers.length - 1; l >= 0; l--) {
    const { inputs, units, activation } = layers[l], { weights } = values[l];
    const from = l === 0 ? x : outputs[l - 1], sums = new Float64Array(inputs * units);
    if (activation !== null) {
      const { slope } = FUNCTIONS[activation];
      delta = delta.map((value, i) => value * slope(outputs[l][i]));
    }
    const below = new Float64Array(l === 0 ? 0 : count * inputs);
    for (let b = 0; b < count; b++) {
      const row = delta.subarray(b * units, (b + 1) * units);
      for (let i = 0; i < inputs; i++) {
        const value = from[b * inputs + i];
        let sum = 0;
        for (let u = 0, w = i * units; u < units; u++, w++) {
          sums[w] += value * row[u];
          sum += weights[w] * row[u];
        }
        if (l > 0) below[b * inputs + i] = sum;
      }
    }
    gradients.unshift(Float32Array.from(sums));
    delta = below;
  }
  return gradients;
}

/** The activations, and their slopes by their values. */
const FUNCTIONS = {
  relu: { of: (z: number) => Math.max(z, 0), slope: (y: number) => y > 0 ? 1 : 0 },
  tanh: { of: (z: number) => Math.tanh(z), slope: (y: number) => 1 - y * y },
  sigmoid: { of: (z: number) => 1 / (1 + Math.exp(-z)), slope: (y: number) => y * (1 - y) },
};

/** (count, classes) gradient of the mean cross-entropy by the logits. */
function lossGradient(logits: Float64Array, labels: Uint8Array, count: number): Float64Array {
  const classes = logits.length / count, gradient = new Float64Array(logits.length);
  for (let b = 0; b < count; b++) {
    const row = logits.subarray(b * classes, (b + 1) * classes);
    const largest = row.reduce((most, value) => Math.max(most, value), -Infinity);
    const exps = row.map((value) => Math.exp(value - largest));
    const total = exps.reduce((sum, value) => sum + value, 0);
    for (let c = 0; c < classes; c++) {
      gradient[b * classes + c] = (exps[c] / total - (c === labels[b] ? 1 : 0)) / count;
    }
  }
  return gradient;
}
