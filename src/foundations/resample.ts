/** Draws initial weights from given values, with replacement (the original's reinitialize.py). */
import type { RandomStream } from "../engine/random.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../formats/tensor.ts";
import { checkShape, formatIndex, formatShape } from "../models/network.ts";

/**
 * Checks that a set of values is one: a single axis, not empty.
 *
 * @param what names it in the error: "values of layer0"
 * @throws InputError otherwise
 */
export function checkValueSet({ shape, data }: Tensor, what: string): void {
  if (shape.length !== 1) {
    throw new InputError(
      `${what} have the shape ${formatShape(shape)}: give a one-dimensional array, ` +
        "such as numpy.ravel makes of it",
    );
  }
  if (data.length === 0) throw new InputError(`${what} are an empty array: give at least one`);
}

/**
 * Weights of a shape drawn from `values` (reuse).
 *
 * @param values (n) the set
 * @param what names the set in errors: "values of layer0"
 * @throws InputError if the set is empty or not one-dimensional
 */
export function resample(
  values: Tensor,
  shape: readonly number[],
  stream: RandomStream,
  what: string,
): Tensor {
  checkValueSet(values, what);
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
    .map(() => values.data[stream.integerBelow(values.data.length)]);
  return { shape: [...shape], data };
}

/**
 * Weights of the shape of `signs`, each drawn from the values of its own sign there (reuse_sign).
 * Where the mask is 0 the weight is 0.
 *
 * @param values (n) the set
 * @param signs  (inputs, units) weights whose signs are kept
 * @param mask   (inputs, units) of 0 and 1
 * @param layer  names the layer in errors
 * @throws InputError if a live weight has no sign, or the set has no value of a sign that is needed
 */
export function resampleWithSigns(
  values: Tensor,
  signs: Tensor,
  mask: Tensor,
  stream: RandomStream,
  layer: string,
): Tensor {
  checkValueSet(values, `values of ${layer}`);
  checkShape(signs, mask.shape, `same-sign network, ${layer},`);
  const positive = values.data.filter((value) => value > 0);
  const negative = values.data.filter((value) => value < 0);
  const data = signs.data.map((sign, i) => {
    // Drawn for pruned weights too: what a weight is does not depend on how many before it are
    // pruned.
    const draw = stream.uniform();
    if (mask.data[i] === 0) return 0;
    if (sign === 0) {
      throw new InputError(
        `same-sign network, ${layer}, holds 0 at ${formatIndex(i, signs.shape)}, where the mask ` +
          "keeps the weight: give the initial weights of the run that the masks are from",
      );
    }
    const [candidates, name] = sign > 0 ? [positive, "positive"] : [negative, "negative"];
    if (candidates.length === 0) {
      throw new InputError(
        `values of ${layer} hold no ${name} value, and the weight at ` +
          `${formatIndex(i, signs.shape)} needs one: give a set with values of both signs`,
      );
    }
    return candidates[Math.floor(draw * candidates.length)];
  });
  return { shape: [...signs.shape], data };
}
