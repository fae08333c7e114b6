/** A network's arrays by layer name (weights, masks or biases), and the checks of all users. */
import { describe, firstNotFinite, floatsOf, type Numbers, numberType } from "../engine/numbers.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../formats/tensor.ts";

/** Arrays by layer name. */
export type Network = Record<string, Tensor>;

/** An array as callers may give it: its values in an array of any number type. */
export interface GivenTensor {
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** The values in C order. */
  readonly data: Numbers;
}

/** Arrays of any number type, by layer name. */
export type GivenNetwork = Readonly<Record<string, GivenTensor>>;

/**
 * An array of 32-bit floats: the same array if it is one already, else rounded to the nearest.
 * NaN and infinity are for `checkFinite`.
 *
 * @param what names it in errors: "preset of layer0"
 * @throws InputError if it is no array, or not as long as its shape says; naming the value that is
 *   no number or too large
 */
export function toTensor(given: GivenTensor, what: string): Tensor {
  const isTensor = typeof given === "object" && given !== null && Array.isArray(given.shape);
  if (!isTensor || !given.shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new InputError(
      `${what} is ${
        describe(given)
      }: give { shape, data } with the lengths of the axes and the values`,
    );
  }
  const { shape } = given;
  numberType(given.data, what);
  const size = shape.reduce((a, b) => a * b, 1);
  if (given.data.length !== size) {
    throw new InputError(
      `${what} has ${given.data.length} values where ${formatShape(shape)} takes ${size}`,
    );
  }
  const data = floatsOf(given.data, (i) => {
    throw new InputError(
      `${what} holds ${describe(given.data[i])} at ${formatIndex(i, shape)}: give numbers that a ` +
        "32-bit float can hold",
    );
  });
  return data === given.data ? given as Tensor : { shape: [...shape], data };
}

/**
 * A mask of 32-bit floats: the same array if it is one already.
 *
 * @throws InputError as `toTensor`; naming the first value that is neither 0 nor 1
 */
export function toMask(given: GivenTensor, what: string): Tensor {
  const mask = toTensor(given, what);
  // As it was given: rounding would make a mask of what is none.
  checkBinary(given, what);
  return mask;
}

/**
 * A network of 32-bit floats: the same object if it is one already.
 *
 * @param toArray `toTensor` or `toMask`
 * @param what    names its arrays in errors: "preset"
 * @throws InputError if it is no dictionary; as `toArray`
 */
export function toNetwork(
  given: GivenNetwork,
  toArray: (given: GivenTensor, what: string) => Tensor,
  what: string,
): Network {
  // A Map, a list or a promise would pass for a dictionary without layers.
  if (describe(given) !== "Object") {
    throw new InputError(
      `${what}: ${
        describe(given)
      } is not a dictionary of arrays: give { layer0: { shape, data }, … }`,
    );
  }
  const layers = Object.entries(given);
  const converted = layers.map(([name, array]) => [name, toArray(array, `${what} of ${name}`)]);
  const isRight = converted.every(([, array], i) => array === layers[i][1]);
  return isRight ? given as Network : Object.fromEntries(converted);
}

/** `(784, 300)`, as NumPy writes a shape. */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

/** Where element `flat` of an array of this shape lies: `[3, 7]`. */
export function formatIndex(flat: number, shape: readonly number[]): string {
  const index: number[] = [];
  for (const size of shape.toReversed()) {
    index.unshift(flat % size);
    flat = Math.floor(flat / size);
  }
  return `[${index.join(", ")}]`;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** InputError unless the axes are `expected`; `what` names the array: "preset of layer0". */
export function checkAxes(
  shape: readonly number[],
  expected: readonly number[],
  what: string,
): void {
  if (sameShape(shape, expected)) return;
  throw new InputError(
    `${what} has the shape ${formatShape(shape)} where the network's is ` +
      `${formatShape(expected)}: use files of a network with the same layers`,
  );
}

/** InputError unless shape and number of values are as `expected`; `what` as for `checkAxes`. */
export function checkShape(tensor: GivenTensor, expected: readonly number[], what: string): void {
  checkAxes(tensor.shape, expected, what);
  const size = expected.reduce((a, b) => a * b, 1);
  if (tensor.data.length !== size) {
    throw new InputError(
      `${what} has ${tensor.data.length} values where ${formatShape(expected)} takes ${size}`,
    );
  }
}

/** InputError naming the first value that is NaN or infinite. */
export function checkFinite(tensor: Tensor, what: string): void {
  const i = firstNotFinite(tensor.data);
  if (i === -1) return;
  throw new InputError(
    `${what} holds ${tensor.data[i]} at ${formatIndex(i, tensor.shape)}: ` +
      "weights must be finite numbers; use those of a run that did not diverge",
  );
}

/** InputError naming the first value of a mask that is neither 0 nor 1. */
export function checkBinary({ shape, data }: GivenTensor, what: string): void {
  let i = 0;
  while (i < data.length && (data[i] === 0 || data[i] === 1)) i++;
  if (i === data.length) return;
  throw new InputError(
    `${what} holds ${describe(data[i])} at ${formatIndex(i, shape)}: ` +
      "a mask has only 0 (pruned) and 1 (kept); use the masks of a finished run",
  );
}

/** The array of a layer; InputError if there is none. `what` names it: "weights of layer1". */
export function ownArray(network: GivenNetwork, name: string, what: string): GivenTensor {
  if (Object.hasOwn(network, name)) return network[name];
  throw new InputError(`${what}: there is no such array; give one for every layer`);
}

/** InputError if `network` has a name that is not among `names`. */
export function checkKnownNames(
  network: Readonly<Record<string, unknown>>,
  names: readonly string[],
  what: string,
): void {
  const unknown = Object.keys(network).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new InputError(
    `${what} of unknown layer "${unknown}": the network's layers are ${names.join(", ")}`,
  );
}
