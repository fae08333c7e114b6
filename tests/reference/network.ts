/**
 * The f64 oracle of a network: forward, loss and backward, written to be read rather than to be
 * fast; convolutions and pools are in images.ts. Takes and gives row-major Float64Arrays; the GPU
 * kernels are tested against it.
 */

import { imageBackward, imageForward, imageSizes, type OracleImageLayer } from "./images.ts";

/** A dense layer: post = activation(x · (weights ⊙ mask) + biases). */
export interface OracleLayer {
  kind?: undefined;
  inputs: number;
  units: number;
  activation: "relu" | "tanh" | "sigmoid" | "none";
  /** (inputs, units) */
  weights: Float64Array;
  /** (units); ignored where `useBias` is false */
  biases: Float64Array;
  /** (inputs, units) of 0 and 1 */
  mask: Float64Array;
  useBias: boolean;
}

/** A layer of any kind. */
export type OracleAnyLayer = OracleLayer | OracleImageLayer;

/** Values of an input of a layer. */
export function oracleInputs(layer: OracleAnyLayer): number {
  return isImage(layer) ? imageSizes(layer).inputs : layer.inputs;
}

function isImage(layer: OracleAnyLayer): layer is OracleImageLayer {
  return layer.kind !== undefined;
}

/** Values of every layer for one batch, each (batch, outputs): before and after the activation. */
export interface ForwardResult {
  pre: Float64Array[];
  post: Float64Array[];
}

export interface LossResult {
  /** Mean cross-entropy over the batch. */
  loss: number;
  /** Fraction of the batch whose largest logit (lowest index on ties) is the label's. */
  accuracy: number;
  /** The number behind `accuracy`. */
  correct: number;
  /** (batch) cross-entropy of each example. */
  losses: Float64Array;
  /** (batch, classes) gradient of the mean loss by the logits. */
  gradient: Float64Array;
}

/** Gradients of one layer's parameters, and by its values before the activation. */
export interface LayerGradient {
  /** As the layer's, exactly 0 where the mask is 0 */
  weights: Float64Array;
  /** (units), 0 where the layer has no biases */
  biases: Float64Array;
  /** (batch, units) */
  delta: Float64Array;
}

function activate(kind: OracleLayer["activation"], z: number): number {
  switch (kind) {
    case "relu":
      return Math.max(z, 0);
    case "tanh":
      return Math.tanh(z);
    case "sigmoid":
      return 1 / (1 + Math.exp(-z));
    case "none":
      return z;
  }
}

/** Derivative of the activation at `z`; that of relu at 0 is 0. */
function slope(kind: OracleLayer["activation"], z: number): number {
  switch (kind) {
    case "relu":
      return z > 0 ? 1 : 0;
    case "tanh":
      return 1 - Math.tanh(z) ** 2;
    case "sigmoid": {
      const value = activate("sigmoid", z);
      return value * (1 - value);
    }
    case "none":
      return 1;
  }
}

/** What a dense layer makes of `input` (batch, inputs), before its activation. */
function denseForward(layer: OracleLayer, input: Float64Array, batch: number): Float64Array {
  const { inputs, units, weights, biases, mask, useBias } = layer;
  const z = new Float64Array(batch * units);
  for (let b = 0; b < batch; b++) {
    for (let u = 0; u < units; u++) {
      let sum = useBias ? biases[u] : 0;
      for (let i = 0; i < inputs; i++) {
        sum += input[b * inputs + i] * weights[i * units + u] * mask[i * units + u];
      }
      z[b * units + u] = sum;
    }
  }
  return z;
}

/** Runs `x` (batch, inputs of the first layer) through the layers. */
export function forward(layers: OracleAnyLayer[], x: Float64Array, batch: number): ForwardResult {
  const pre: Float64Array[] = [], post: Float64Array[] = [];
  let input = x;
  for (const layer of layers) {
    const z = isImage(layer)
      ? imageForward(layer, input, batch)
      : denseForward(layer, input, batch);
    input = z.map((value) => activate(layer.activation, value));
    pre.push(z);
    post.push(input);
  }
  return { pre, post };
}

/** Loss, accuracy and gradient of logits (batch, classes) against integer labels (batch). */
export function softmaxCrossEntropy(
  logits: Float64Array,
  labels: ArrayLike<number>,
  batch: number,
  classes: number,
): LossResult {
  const gradient = new Float64Array(batch * classes), losses = new Float64Array(batch);
  let correct = 0;
  for (let b = 0; b < batch; b++) {
    const row = logits.subarray(b * classes, (b + 1) * classes);
    const largest = row.reduce((a, c) => Math.max(a, c), -Infinity);
    const exps = row.map((value) => Math.exp(value - largest));
    const total = exps.reduce((a, c) => a + c, 0);
    losses[b] = Math.log(total) - (row[labels[b]] - largest);
    if (row.indexOf(largest) === labels[b]) correct++;
    for (let c = 0; c < classes; c++) {
      const target = c === labels[b] ? 1 : 0;
      gradient[b * classes + c] = (exps[c] / total - target) / batch;
    }
  }
  const loss = losses.reduce((a, c) => a + c, 0) / batch;
  return { loss, accuracy: correct / batch, correct, losses, gradient };
}

/**
 * Gradients of every layer, given the `forward` result of the same layers and `x`, and the gradient
 * of the loss by the last layer's output (batch, units).
 */
export function backward(
  layers: OracleAnyLayer[],
  x: Float64Array,
  batch: number,
  { pre, post }: ForwardResult,
  outputGradient: Float64Array,
): LayerGradient[] {
  const gradients: LayerGradient[] = [];
  let upstream = outputGradient;
  for (let l = layers.length - 1; l >= 0; l--) {
    const layer = layers[l], input = l === 0 ? x : post[l - 1];
    const delta = upstream.map((value, i) => value * slope(layer.activation, pre[l][i]));
    if (isImage(layer)) {
      const { weights, biases, input: below } = imageBackward(layer, input, batch, delta);
      gradients.unshift({ weights, biases, delta });
      upstream = below;
      continue;
    }
    const { inputs, units, weights, mask, useBias } = layer;
    const gradient: LayerGradient = {
      weights: new Float64Array(inputs * units),
      biases: new Float64Array(units),
      delta,
    };
    const inputGradient = new Float64Array(batch * inputs);
    for (let b = 0; b < batch; b++) {
      for (let u = 0; u < units; u++) {
        const d = delta[b * units + u];
        if (useBias) gradient.biases[u] += d;
        for (let i = 0; i < inputs; i++) {
          const w = i * units + u;
          if (mask[w] === 0) continue;
          gradient.weights[w] += d * input[b * inputs + i];
          inputGradient[b * inputs + i] += d * weights[w];
        }
      }
    }
    gradients.unshift(gradient);
    upstream = inputGradient;
  }
  return gradients;
}
