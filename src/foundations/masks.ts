/**
 * Masks: for each layer an array of its weights' shape, 1 where a weight lives and 0 where it is
 * pruned. Makes, checks and counts them.
 */
import { InputError } from "../errors.ts";
import type { LayerSpec } from "../engine/layer_spec.ts";
import type { Tensor } from "../formats/tensor.ts";
import { checkBinary, checkKnownNames, checkShape, type Network } from "./network.ts";

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
export function onesMasks(network: Network): Masks {
  return Object.fromEntries(
    Object.entries(network).map(([name, { shape }]) => [name, onesMask(shape)]),
  );
}

/**
 * Checks masks against the layers that they are for; layers without a mask are allowed.
 *
 * @throws InputError naming the layer, the index and the value
 */
export function validateMasks(masks: Masks, layers: readonly LayerSpec[]): void {
  checkKnownNames(masks, layers.map(({ name }) => name), "mask");
  for (const { name, inputs, units } of layers) {
    if (!Object.hasOwn(masks, name)) continue;
    checkShape(masks[name], [inputs, units], `mask of ${name}`);
    checkBinary(masks[name], `mask of ${name}`);
  }
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
 * @throws InputError if there is no weight to count
 */
export function density(masks: Masks): Density & { layers: Record<string, Density> } {
  const layers = Object.fromEntries(
    Object.entries(masks).map(([name, { data }]) => {
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
