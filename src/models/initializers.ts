/** Draws the initial weights of a layer, in row-major order. */
import type { Numbers } from "../engine/numbers.ts";
import type { RandomStream } from "../engine/random.ts";

/**
 * Makes the (inputs, units) weights of a layer, in an array of any number type; those that are not
 * random ignore the stream.
 */
export type Initializer = (shape: [number, number], stream: RandomStream) => Numbers;

/**
 * Gaussian Glorot: normal with mean 0 and σ = sqrt(2 / (inputs + units)) (Glorot & Bengio 2010; the
 * paper, section 2).
 */
export function glorotNormal(
  [inputs, units]: [number, number],
  stream: RandomStream,
): Float32Array {
  const sigma = Math.sqrt(2 / (inputs + units));
  return new Float32Array(inputs * units).map(() => sigma * stream.normal());
}

/** Where the normal of `truncatedGlorotNormal` is cut, in standard deviations. */
const CUT = 2;

/**
 * The original library's (TensorFlow 1's Xavier initializer): normal with mean 0 and σ² = 1.3 · 2 /
 * (inputs + units), drawn again beyond 2σ. The cut takes nearly as much from the variance as the
 * factor 1.3 adds.
 */
export function truncatedGlorotNormal(
  [inputs, units]: [number, number],
  stream: RandomStream,
): Float32Array {
  const sigma = Math.sqrt(1.3 * 2 / (inputs + units));
  return new Float32Array(inputs * units).map(() => {
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
export function zeros([inputs, units]: [number, number]): Float32Array {
  return new Float32Array(inputs * units);
}

/** All weights `value`. */
export function constant(value: number): Initializer {
  return ([inputs, units]) => new Float32Array(inputs * units).fill(value);
}
