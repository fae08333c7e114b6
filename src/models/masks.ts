/**
 * Masks: for each layer an array of its weights' shape, 1 where a weight lives and 0 where it is
 * pruned. Makes, checks and counts them.
 */
import { InputError } from "../errors.ts";
import type { Tensor } from "../formats/tensor.ts";
import {
  checkKnownNames,
  checkShape,
  formatIndex,
  type GivenNetwork,
  type Network,
  toMask,
  toNetwork,
  toTensor,
} from "./network.ts";
import { type Parameter, prunableOf } from "./parameters.ts";

/** Masks by layer name. */
export type Masks = Network;

/** How many weights live. */
export interface Density {
  /** Weights whose mask is 1. */
  live: number;
  /** All weights. */
  total: number;
  /** Weights remaining in percent, the paper's Pm. */
  percent: number;
}

/** A mask that prunes nothing. */
export function onesMask(shape: readonly number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape: [...shape], data: new Float32Array(size).fill(1) };
}

/** Masks that prune nothing of a network: those of level 0. */
export function onesMasks(network: GivenNetwork): Masks {
  return Object.fromEntries(
    Object.entries(toNetwork(network, toTensor, "array")).map((
      [name, { shape }],
    ) => [name, onesMask(shape)]),
  );
}

/**
 * Checks masks against the layers that they are for; layers without a mask are allowed.
 *
 * @throws InputError naming the layer, the index and the value
 */
export function validateMasks(masks: Masks, parameters: readonly Parameter[]): void {
  const weights = prunableOf(parameters);
  checkKnownNames(masks, weights.map(({ name }) => name), "mask");
  for (const { name, shape } of weights) {
    if (!Object.hasOwn(masks, name)) continue;
    checkShape(toMask(masks[name], `mask of ${name}`), shape, `mask of ${name}`);
  }
}

/**
 * The masks that a pruning rule made of others.
 *
 * @param what names them in errors: "masks of level 2"
 * @throws InputError unless there is one of each layer, of its shape, of 0 and 1, and with a 1 only
 *   where the mask before has one
 */
export function shrunkMasks(before: Masks, given: GivenNetwork, what: string): Masks {
  const after = toNetwork(given, toMask, what);
  checkKnownNames(after, Object.keys(before), what);
  for (const [name, { shape, data }] of Object.entries(before)) {
    if (!Object.hasOwn(after, name)) {
      throw new InputError(`${what} lack ${name}, whose weights would all live: give each layer's`);
    }
    checkShape(after[name], shape, `${what} of ${name}`);
    const grown = after[name].data.findIndex((live, i) => live > data[i]);
    if (grown === -1) continue;
    throw new InputError(
      `${what} of ${name} hold 1 at ${formatIndex(grown, shape)}, where the weight is pruned: a ` +
        "pruning rule keeps what it is given or prunes it",
    );
  }
  return after;
}

/**
 * Counts the live weights, in all and per layer.
 *
 * ```ts
 * import { density } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const masks = {
 *   layer0: { shape: [2, 2], data: Float32Array.of(1, 0, 0, 0) },
 *   layer1: { shape: [2, 1], data: Float32Array.of(1, 1) },
 * };
 * const { live, total, percent, layers } = density(masks);
 * assertEquals([live, total, percent, layers.layer0.percent], [3, 6, 50, 25]);
 * ```
 *
 * @throws InputError if there is no weight to count, or a mask cannot be used
 */
export function density(masks: GivenNetwork): Density & { layers: Record<string, Density> } {
  const layers = Object.fromEntries(
    Object.entries(toNetwork(masks, toMask, "mask")).map(([name, { data }]) => {
      return [
        name,
        count(data.reduce((live, value) => live + (value === 0 ? 0 : 1), 0), data.length),
      ];
    }),
  );
  const all = Object.values(layers);
  const total = all.reduce((sum, layer) => sum + layer.total, 0);
  if (total === 0) throw new InputError("there is no mask to count: give at least one layer's");
  return { ...count(all.reduce((sum, layer) => sum + layer.live, 0), total), layers };
}

function count(live: number, total: number): Density {
  return { live, total, percent: total === 0 ? 0 : 100 * live / total };
}
