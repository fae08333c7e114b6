/**
 * Describes the layers of a network to the engine, and checks that they chain. An image is (height,
 * width, channels), row-major; a dense layer takes the image below it as it is.
 */

import { InputError } from "../errors.ts";

/** An elementwise nonlinearity; `null` is the identity. */
export type Activation = "relu" | "tanh" | "sigmoid" | null;

/** One layer of a network. */
export type LayerSpec = DenseSpec | Conv2dSpec | PoolSpec;

/** A layer that has weights. */
export type WeightedSpec = DenseSpec | Conv2dSpec;

/** A fully connected layer: `units = activation(inputs · (weights ⊙ mask) + biases)`. */
export interface DenseSpec {
  /** Absent: the layers that there were first have no name of their kind. */
  kind?: undefined;
  /** By this name masks and presets are found. */
  name: string;
  /** Width of the layer's input. */
  inputs: number;
  /** Width of the layer's output. */
  units: number;
  /** Applied to the sums. */
  activation: Activation;
  /** Whether biases are trained; without it they stay 0. */
  useBias: boolean;
}

/** (height, width, channels). */
export type LayerImage = readonly [height: number, width: number, channels: number];

/** Something along the height of an image, and along its width. */
export type Extent = readonly [alongHeight: number, alongWidth: number];

/**
 * A convolution (cross-correlation, as everywhere in the field): `output(y, x, f) = activation(Σ
 * input(y·stride + i, x·stride + j, c) · weights(i, j, c, f) + biases(f))`. Its weights are
 * (height, width, channels, filters).
 */
export interface Conv2dSpec {
  /** Its kind. */
  kind: "conv2d";
  /** By this name masks and presets are found. */
  name: string;
  /** The shape of its input. */
  image: LayerImage;
  /** Of its weights. */
  kernel: Extent;
  /** From one place of the kernel to the next. */
  stride: Extent;
  /**
   * "valid": kernels lie within the image. "same": it is surrounded by zeros, so that with stride 1
   * the output has its size; of an odd number of them, the smaller half comes first (TensorFlow).
   */
  padding: "same" | "valid";
  /** Channels of the output. */
  filters: number;
  /** Applied to the sums. */
  activation: Activation;
  /** Whether biases are trained; without it they stay 0. */
  useBias: boolean;
}

/** The maximum or mean of each window of each channel; windows that do not fit are left out. */
export interface PoolSpec {
  /** Maximum or mean. */
  kind: "maxPool2d" | "avgPool2d";
  /** Its name in messages. */
  name: string;
  /** The shape of its input. */
  image: LayerImage;
  /** Of a window. */
  size: Extent;
  /** From one window to the next. */
  stride: Extent;
}

/** Whether a layer is fully connected. */
export function isDense(layer: LayerSpec): layer is DenseSpec {
  return layer.kind === undefined;
}

/** Whether a layer is a convolution. */
export function isConv2d(layer: LayerSpec): layer is Conv2dSpec {
  return layer.kind === "conv2d";
}

/** Whether a layer is a pool, which has no weights. */
export function isPool(layer: LayerSpec): layer is PoolSpec {
  return layer.kind === "maxPool2d" || layer.kind === "avgPool2d";
}

/** The layers that have weights, in their order. */
export function weightedLayers(layers: readonly LayerSpec[]): WeightedSpec[] {
  return layers.filter((layer) => !isPool(layer));
}

/** Values of a layer's input. */
export function inputSize(layer: LayerSpec): number {
  return isDense(layer) ? layer.inputs : product(layer.image);
}

/** The shape of a layer's output: (height, width, filters), or (units). */
export function outputShape(layer: LayerSpec): number[] {
  if (isDense(layer)) return [layer.units];
  const { image: [height, width, channels], stride: [down, right] } = layer;
  if (isConv2d(layer) && layer.padding === "same") {
    return [Math.ceil(height / down), Math.ceil(width / right), layer.filters];
  }
  const [tall, wide] = isConv2d(layer) ? layer.kernel : layer.size;
  return [
    Math.floor((height - tall) / down) + 1,
    Math.floor((width - wide) / right) + 1,
    isConv2d(layer) ? layer.filters : channels,
  ];
}

/** Values of a layer's output. */
export function outputSize(layer: LayerSpec): number {
  return product(outputShape(layer));
}

/** Zeros above and to the left of a convolution's image. */
export function paddingBefore(layer: Conv2dSpec): Extent {
  if (layer.padding === "valid") return [0, 0];
  const output = outputShape(layer);
  const before = (axis: 0 | 1) => {
    const { image, kernel, stride } = layer;
    const covered = (output[axis] - 1) * stride[axis] + kernel[axis];
    return Math.floor(Math.max(0, covered - image[axis]) / 2);
  };
  return [before(0), before(1)];
}

/** The matrix of a layer's weights: (inputs, units), or (height · width · channels, filters). */
export function weightShape(layer: WeightedSpec): { inputs: number; units: number } {
  if (isDense(layer)) return { inputs: layer.inputs, units: layer.units };
  return { inputs: product(layer.kernel) * layer.image[2], units: layer.filters };
}

/** A layer's nonlinearity; null without one. */
export function activationOf(layer: LayerSpec): Activation {
  return isPool(layer) ? null : layer.activation;
}

/**
 * Checks that layers chain and end with logits.
 *
 * @throws InputError naming the layer and what does not fit it
 */
export function checkLayers(layers: readonly LayerSpec[]): void {
  if (layers.length === 0) throw new InputError("network: no layers; give at least one");
  layers.forEach((layer, i) => {
    checkSizes(layer);
    if (i > 0) checkChain(layers[i - 1], layer);
  });
  const last = layers.at(-1)!;
  if (!isDense(last)) {
    throw new InputError(
      `${last.name}: the last layer computes the logits of a softmax; add a dense layer to the ` +
        `${sizesText(outputShape(last))} values of this one`,
    );
  }
  if (last.activation !== null) {
    throw new InputError(
      `${last.name}: the last layer computes the logits of a softmax; use the activation null ` +
        `for it, not "${last.activation}"`,
    );
  }
}

/** Sizes in words: "28×28×1". */
export function sizesText(sizes: readonly number[]): string {
  return sizes.join("×");
}

function checkSizes(layer: LayerSpec): void {
  const { name } = layer;
  if (isDense(layer)) {
    checkWhole(`${name}: inputs`, layer.inputs);
    checkWhole(`${name}: units`, layer.units);
    return;
  }
  const { image, stride } = layer, window = isConv2d(layer) ? layer.kernel : layer.size;
  const windowName = isConv2d(layer) ? "kernel" : "size";
  checkEach(name, "image", image, 3);
  checkEach(name, windowName, window, 2);
  checkEach(name, "stride", stride, 2);
  if (isConv2d(layer)) {
    checkWhole(`${name}: filters`, layer.filters);
    if (layer.padding === "same") return;
    if (layer.padding !== "valid") {
      throw new InputError(`${name}: padding "${layer.padding}" is unknown: use same or valid`);
    }
  }
  if (window[0] > image[0] || window[1] > image[1]) {
    throw new InputError(
      `${name}: a ${windowName} of ${sizesText(window)} does not fit into its image of ` +
        `${sizesText(image)}; use a smaller one${isConv2d(layer) ? ' or the padding "same"' : ""}`,
    );
  }
}

function checkChain(below: LayerSpec, layer: LayerSpec): void {
  const given = outputShape(below);
  if (isDense(layer)) {
    if (layer.inputs === product(given)) return;
    const values = given.length === 1 ? "" : ` (${sizesText(given)})`;
    throw new InputError(
      `${layer.name}: takes ${layer.inputs} inputs, but the layer below has ${product(given)} ` +
        `outputs${values}; make them equal`,
    );
  }
  if (layer.image.every((size, axis) => size === given[axis]) && given.length === 3) return;
  throw new InputError(
    `${layer.name}: takes an image of ${sizesText(layer.image)}, but the layer below, ` +
      `${below.name}, gives ${
        given.length === 3 ? `one of ${sizesText(given)}` : `${given[0]} values`
      }`,
  );
}

function checkEach(name: string, what: string, sizes: readonly number[], count: number): void {
  if (!Array.isArray(sizes) || sizes.length !== count) {
    throw new InputError(`${name}: ${what} ${JSON.stringify(sizes)} is not ${count} numbers`);
  }
  for (const size of sizes) checkWhole(`${name}: ${what}`, size);
}

function checkWhole(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > Number.MAX_SAFE_INTEGER) {
    throw new InputError(
      `${name}: ${value} is not a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`,
    );
  }
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
