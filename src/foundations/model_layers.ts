/** Says what the layers of a model are made of, and checks it. */
import { InputError } from "../errors.ts";
import type { Activation, Conv2dSpec, Extent, WeightedSpec } from "../engine/layer_spec.ts";
import type { Initializer } from "../models/initializers.ts";
import { weightAxes } from "../models/parameters.ts";

/** Choices of a layer with weights. */
export interface DenseOptions {
  /** Applied to the sums; null for the last layer, whose sums are logits. Default: null. */
  activation?: Activation;
  /** Whether a bias is added to each sum. Default: true. */
  useBias?: boolean;
  /** Draws the weights where there is no preset. Default: Gaussian Glorot. */
  kernelInitializer?: Initializer;
}

/** Choices of a convolution. */
export interface Conv2dOptions extends DenseOptions {
  /** Height and width of a kernel; one number for both. */
  kernel: Extent | number;
  /** Steps of the kernel along height and width. Default: 1. */
  stride?: Extent | number;
  /**
   * "same": zeros around the image, so that with stride 1 the output has its size; "valid": kernels
   * lie within the image. Default: "same".
   */
  padding?: Conv2dSpec["padding"];
}

/** A value in the network: the input, or the output of a layer. */
export interface Node {
  /** How many numbers it is. */
  readonly features: number;
  /** (features), or (height, width, channels) of an image. */
  readonly shape: readonly number[];
}

const ACTIVATIONS: readonly Activation[] = ["relu", "tanh", "sigmoid", null];

/** Most weights of one layer: 1 GiB of 32-bit floats. */
const MOST_WEIGHTS = 2 ** 28;

/** A value of this shape. */
export function nodeOf(shape: readonly number[]): Node {
  return { features: shape.reduce((a, b) => a * b, 1), shape: [...shape] };
}

/** The same along height and width, where one number is given. */
export function extentOf(sizes: Extent | number): Extent {
  return typeof sizes === "number" ? [sizes, sizes] : sizes;
}

/** InputError if a layer has more weights than can be held. */
export function checkSize(spec: WeightedSpec): void {
  const shape = weightAxes(spec);
  if (shape.reduce((a, b) => a * b, 1) <= MOST_WEIGHTS) return;
  throw new InputError(
    `${spec.name} would have ${shape.join(" x ")} weights; at most ${MOST_WEIGHTS} can be held: ` +
      `use fewer ${spec.kind === "conv2d" ? "filters" : "units"}`,
  );
}

/** InputError unless it is a whole number from 1 on. */
export function checkCount(value: number, what: string, of: string): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new InputError(`${what} cannot have ${value} ${of}: give an integer of at least 1`);
}

/** InputError unless the activation is one of those that there are. */
export function checkActivation(name: string, activation: Activation): void {
  if (ACTIVATIONS.includes(activation)) return;
  throw new InputError(
    `${name} has the unknown activation "${activation}": use relu, tanh, sigmoid or null`,
  );
}
