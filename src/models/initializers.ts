/** Draws the initial weights of a layer, in row-major order. */
import type { Numbers } from "../engine/numbers.ts";
import type { RandomStream } from "../engine/random.ts";

/**
 * Makes the weights of a layer, (inputs, units) or (height, width, channels, filters), in an array
 * of any number type; those that are not random ignore the stream.
 */
export type Initializer = (shape: readonly number[], stream: RandomStream) => Numbers;

/**
 * Gaussian Glorot: normal with mean 0 and σ = sqrt(2 / (fan-in + fan-out)) (Glorot & Bengio 2010;
 * the paper, section 2). Of a dense layer these are inputs and units; of a kernel the products of
 * height and width with the channels, and with the filters.
 */
export function glorotNormal(shape: readonly number[], stream: RandomStream): Float32Array {
  const sigma = Math.sqrt(2 / fansOf(shape));
  return new Float32Array(sizeOf(shape)).map(() => sigma * stream.normal());
}

/** Where the normal of `truncatedGlorotNormal` is cut, in standard deviations. */
const CUT = 2;

/**
 * The original library's (TensorFlow 1's Xavier initializer): normal with mean 0 and σ² = 1.3 · 2 /
 * (fan-in + fan-out), drawn again beyond 2σ. The cut takes nearly as much from the variance as the
 * factor 1.3 adds.
 */
export function truncatedGlorotNormal(
  shape: readonly number[],
  stream: RandomStream,
): Float32Array {
  const sigma = Math.sqrt(1.3 * 2 / fansOf(shape));
  return new Float32Array(sizeOf(shape)).map(() => {
    let z = stream.normal();
    while (Math.abs(z) > CUT) z = stream.normal();
    return sigma * z;
  });
}

/** The initializers that protocols choose from, by their names in flags and records. */
export const INITIALIZERS = {
  glorot: glorotNormal,
  truncated: truncatedGlorotNormal,
} as const satisfies Record<string, Initializer>;

/** Name of one of them. */
export type InitializerName = keyof typeof INITIALIZERS;

/** All names. */
export const INITIALIZER_NAMES = Object.keys(INITIALIZERS) as InitializerName[];

/** All weights 0. */
export function zeros(shape: readonly number[]): Float32Array {
  return new Float32Array(sizeOf(shape));
}

/** All weights `value`. */
export function constant(value: number): Initializer {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

/** Fan-in and fan-out together: weights of one output, and of one input. */
function fansOf(shape: readonly number[]): number {
  const [inputs, outputs] = shape.slice(-2), window = sizeOf(shape.slice(0, -2));
  return window * inputs + window * outputs;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
