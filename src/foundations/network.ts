/**
 * A network's arrays by layer name (weights, masks or biases), and the checks that everything which
 * takes one shares.
 */
import { InputError } from "../errors.ts";
import type { Tensor } from "../formats/tensor.ts";

/** Arrays by layer name. */
export type Network = Record<string, Tensor>;

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

/** InputError unless the shape is `expected`; `what` names the array: "preset of layer0". */
export function checkShape(tensor: Tensor, expected: readonly number[], what: string): void {
  if (!sameShape(tensor.shape, expected)) {
    throw new InputError(
      `${what} has the shape ${formatShape(tensor.shape)} where the network's is ` +
        `${formatShape(expected)}: use files of a network with the same layers`,
    );
  }
  const size = expected.reduce((a, b) => a * b, 1);
  if (tensor.data.length !== size) {
    throw new InputError(
      `${what} has ${tensor.data.length} values where ${formatShape(expected)} takes ${size}`,
    );
  }
}

/** InputError naming the first value that is NaN or infinite. */
export function checkFinite(tensor: Tensor, what: string): void {
  const i = tensor.data.findIndex((value) => !Number.isFinite(value));
  if (i === -1) return;
  throw new InputError(
    `${what} holds ${tensor.data[i]} at ${formatIndex(i, tensor.shape)}: ` +
      "weights must be finite numbers; use those of a run that did not diverge",
  );
}

/** InputError naming the first value of a mask that is neither 0 nor 1. */
export function checkBinary(tensor: Tensor, what: string): void {
  const i = tensor.data.findIndex((value) => value !== 0 && value !== 1);
  if (i === -1) return;
  throw new InputError(
    `${what} holds ${tensor.data[i]} at ${formatIndex(i, tensor.shape)}: ` +
      "a mask has only 0 (pruned) and 1 (kept); use the masks of a finished run",
  );
}

/** InputError if `network` has a name that is not among `names`. */
export function checkKnownNames(network: Network, names: readonly string[], what: string): void {
  const unknown = Object.keys(network).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new InputError(
    `${what} of unknown layer "${unknown}": the network's layers are ${names.join(", ")}`,
  );
}
