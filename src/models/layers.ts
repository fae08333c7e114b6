/** The layers of networks: makes them from what flags and users give, and checks that they fit. */

import {
  type Activation,
  checkLayers,
  type DenseSpec,
  inputSize,
  isDense,
  type LayerImage,
  type LayerSpec,
  outputShape,
  outputSize,
  sizesText,
  weightedLayers,
} from "../engine/layer_spec.ts";
import { InputError } from "../errors.ts";
import { type HiddenLayer, hiddenOf, layerText, needsImages } from "./hidden_layers.ts";

/** (units, activation) of each layer; the last one computes the logits: [classes, null]. */
export type FcLayers = readonly [units: number, activation: Activation][];

/** The layers of a network over examples of `features` values, named layer0, layer1, … */
export function fcLayers(layers: FcLayers, features: number): DenseSpec[] {
  return layers.map(([units, activation], i) => ({
    name: `layer${i}`,
    inputs: i === 0 ? features : layers[i - 1][0],
    units,
    activation,
    useBias: true,
  }));
}

/**
 * The layers of a network with these hidden layers, all of them ReLU layers: those with weights are
 * named layer0, layer1, …, the others pool0, pool1, …
 *
 * ```ts
 * import { networkLayers, parametersOf, parseHidden } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const hidden = parseHidden("conv5x5v:20,pool,conv5x5v:50,pool,500");
 * const layers = networkLayers(hidden, [28, 28], 10);
 * assertEquals(layers.map(({ name }) => name).slice(0, 3), ["layer0", "pool0", "layer1"]);
 * const weights = parametersOf(layers).filter(({ isPrunable }) => isPrunable);
 * assertEquals(weights.map(({ shape }) => shape), [
 *   [5, 5, 1, 20],
 *   [5, 5, 20, 50],
 *   [4 * 4 * 50, 500],
 *   [500, 10],
 * ]);
 * ```
 *
 * @param shape   of an example: (features), or (height, width) or (height, width, channels) of an
 *   image
 * @param classes units of the output layer
 * @throws InputError naming the layer that does not fit the examples or the layer before it
 */
export function networkLayers(
  hidden: readonly HiddenLayer[],
  shape: readonly number[],
  classes: number,
): LayerSpec[] {
  const layers: LayerSpec[] = [];
  let below = needsImages(hidden) ? imageOf(shape, hidden) : [...shape];
  for (const layer of [...hidden, classes]) {
    const weighted = weightedLayers(layers).length, isLast = layers.length === hidden.length;
    const isPool = typeof layer !== "number" && layer.kind !== "conv2d";
    const name = isPool ? `pool${layers.length - weighted}` : `layer${weighted}`;
    const spec = specOf(layer, name, below, isLast ? null : "relu");
    checkLayer(spec);
    layers.push(spec);
    below = outputShape(spec);
  }
  return layers;
}

function specOf(
  layer: HiddenLayer,
  name: string,
  below: readonly number[],
  activation: Activation,
): LayerSpec {
  if (typeof layer === "number") {
    return { name, inputs: sizeOf(below), units: layer, activation, useBias: true };
  }
  const image = asImage(below, `${name} (${layerText(layer)})`);
  if (layer.kind === "conv2d") {
    const { kind, kernel, stride, padding, filters } = layer;
    return { kind, name, image, kernel, stride, padding, filters, activation, useBias: true };
  }
  if (layer.kind === "globalAvgPool2d") {
    const [height, width] = image;
    return { kind: "avgPool2d", name, image, size: [height, width], stride: [height, width] };
  }
  const { kind, size, stride } = layer;
  return { kind, name, image, size, stride };
}

/** The images that examples of a shape are: grey ones have one channel. */
function imageOf(shape: readonly number[], hidden: readonly HiddenLayer[]): number[] {
  if (shape.length === 3) return [...shape];
  if (shape.length === 2) return [...shape, 1];
  throw new InputError(
    `layers ${hidden.map(layerText).join(",")} take images, and the examples have the shape ` +
      `(${
        shape.join(", ")
      }): use dense layers such as 300,100, or examples of (height, width) or ` +
      "(height, width, channels)",
  );
}

/**
 * The image that the layer below gives.
 *
 * @param name of the layer that takes it, for the error
 * @throws InputError if it gives none
 */
export function asImage(below: readonly number[], name: string): LayerImage {
  if (below.length === 3) return [below[0], below[1], below[2]];
  throw new InputError(
    `${name} takes an image, and the layer below gives ${sizesText(below)} values: put ` +
      "convolutions and pooling before dense layers",
  );
}

/** InputError naming the size of a layer that it cannot have. */
export function checkLayer(layer: LayerSpec): void {
  // The engine checks whole networks.
  const logits = { name: "logits", inputs: outputSize(layer), units: 1, useBias: false };
  checkLayers([layer, { ...logits, activation: null }]);
}

/** Why layers are no network from examples to classes; null if they are one. */
export function layersFault(
  layers: readonly LayerSpec[],
  features: number,
  classes: number,
): string | null {
  return (layers.every(isDense) ? chainFault(layers, features, classes) : imagesFault(layers, {
    features,
    classes,
  })) ?? (new Set(layers.map(({ name }) =>
      name
    )).size < layers.length
    ? "two layers have one name"
    : null);
}

function chainFault(
  layers: readonly DenseSpec[],
  features: number,
  classes: number,
): string | null {
  let inputs = features, from = "the features of its examples";
  for (const [l, layer] of layers.entries()) {
    if (layer.inputs !== inputs) {
      return `network.layers[${l}].inputs is ${layer.inputs}, not ${inputs} as ${from}`;
    }
    inputs = layer.units;
    from = `network.layers[${l}].units`;
  }
  return inputs < classes
    ? `${from} is ${inputs}, less than the ${classes} classes of its examples`
    : null;
}

function imagesFault(
  layers: readonly LayerSpec[],
  { features, classes }: { features: number; classes: number },
): string | null {
  try {
    checkLayers(layers);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return `network.layers: ${error.message}`;
  }
  const [first] = layers, outputs = outputSize(layers.at(-1)!);
  if (inputSize(first) !== features) {
    return `network.layers[0] takes ${inputSize(first)} values, not ${features} as the features ` +
      "of its examples";
  }
  return outputs < classes
    ? `network.layers[${layers.length - 1}].units is ${outputs}, less than the ${classes} ` +
      "classes of its examples"
    : null;
}

/** The hidden layers in words: "300-100", "conv5x5v:20-pool-500"; "none" without one. */
export function hiddenText(layers: readonly LayerSpec[]): string {
  return layers.slice(0, -1).map(specText).join("-") || "none";
}

/** A network in words, with its inputs and outputs: "784-300-100-10". */
export function networkText(layers: readonly LayerSpec[]): string {
  const [first] = layers;
  const inputs = isDense(first) ? `${first.inputs}` : sizesText(first.image);
  return [inputs, ...layers.map(specText)].join("-");
}

function specText(layer: LayerSpec): string {
  return layerText(hiddenOf(layer));
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
