/**
 * Measures what a ticket is made of, from masks and weights: where its live weights are, how they
 * moved, and how two tickets compare.
 */

import { InputError } from "../errors.ts";
import { density, type Masks } from "../models/masks.ts";
import {
  checkFinite,
  checkKnownNames,
  checkShape,
  type GivenNetwork,
  type GivenTensor,
  type Network,
  ownArray,
  toMask,
  toTensor,
} from "../models/network.ts";
import type { Tensor } from "../formats/tensor.ts";
import { type Parameter, prunableOf } from "../models/parameters.ts";

/**
 * Live weights of each input of a layer: of the first layer, one number for each pixel.
 *
 * @param mask (inputs, units) of 0 and 1
 * @returns (inputs)
 * @throws InputError if it is no mask of a layer
 */
export function outDegrees(mask: GivenTensor): Uint32Array<ArrayBuffer> {
  return byInput(toMatrix(mask));
}

function byInput({ shape: [inputs, units], data }: Tensor): Uint32Array<ArrayBuffer> {
  const degrees = new Uint32Array(inputs);
  for (let input = 0, i = 0; input < inputs; input++) {
    let live = 0;
    for (const end = i + units; i < end; i++) live += data[i] === 0 ? 0 : 1;
    degrees[input] = live;
  }
  return degrees;
}

/**
 * Live weights of each unit of a layer.
 *
 * @param mask (inputs, units) of 0 and 1
 * @returns (units)
 * @throws InputError if it is no mask of a layer
 */
export function inDegrees(mask: GivenTensor): Uint32Array<ArrayBuffer> {
  return byUnit(toMatrix(mask));
}

function byUnit({ shape: [, units], data }: Tensor): Uint32Array<ArrayBuffer> {
  const degrees = new Uint32Array(units);
  for (let i = 0; i < data.length;) {
    for (let unit = 0; unit < units; unit++, i++) degrees[unit] += data[i] === 0 ? 0 : 1;
  }
  return degrees;
}

function toMatrix(given: GivenTensor): Tensor {
  const mask = toMask(given, "mask");
  if (mask.shape.length === 2) return mask;
  throw new InputError(`mask has ${mask.shape.length} axes: give one of (inputs, units)`);
}

/** A network without the neurons that have no live inputs or no live outputs. */
export interface EffectiveNetwork {
  /** Masks without the weights of dropped neurons. */
  masks: Masks;
  /** Hidden neurons that are left and that were there, by layer. */
  neurons: Record<string, { left: number; all: number }>;
  /** Weights that are left, in percent of all: the effective density (Vysogorets & Kempe 2023). */
  percent: number;
}

/**
 * Drops, again and again, the hidden neurons without a live weight from below or without one to
 * above, with all their weights. A neuron without live inputs outputs its bias alone, whatever the
 * network sees.
 *
 * @param parameters in their order; each that can be pruned has a mask
 * @throws InputError if a layer has no mask, or one of another shape
 */
export function effectiveNetwork(
  masks: GivenNetwork,
  parameters: readonly Parameter[],
): EffectiveNetwork {
  const chain = prunableOf(parameters);
  const left: Masks = Object.fromEntries(chain.map(({ name, shape }) => {
    const what = `mask of ${name}`;
    const mask = toMask(ownArray(masks, name, what), what);
    checkShape(mask, shape, what);
    return [name, { shape: [...shape], data: mask.data.slice() }];
  }));
  const isDropped = chain.map(({ columns }) => new Uint8Array(columns));
  for (let changes = 1; changes > 0;) {
    changes = 0;
    chain.slice(0, -1).forEach(({ name, columns: units }, l) => {
      const below = left[name], above = left[chain[l + 1].name];
      const fed = byUnit(below), feeds = byInput(above);
      for (let unit = 0; unit < units; unit++) {
        if (isDropped[l][unit] || (fed[unit] > 0 && feeds[unit] > 0)) continue;
        isDropped[l][unit] = 1;
        changes++;
        for (let i = unit; i < below.data.length; i += units) below.data[i] = 0;
        const width = above.shape[1];
        above.data.fill(0, unit * width, (unit + 1) * width);
      }
    });
  }
  const neurons = Object.fromEntries(
    chain.slice(0, -1).map(({ name, columns: units }, l) => {
      const dropped = isDropped[l].reduce((sum, bit) => sum + bit, 0);
      return [name, { left: units - dropped, all: units }];
    }),
  );
  return { masks: left, neurons, percent: density(left).percent };
}

/** How two masks of one shape overlap. */
export interface Overlap {
  /** Weights live in both, of those live in one of them: the Jaccard index, 0 to 1. */
  jaccard: number;
  /** The average for masks of these densities at random places. */
  byChance: number;
}

/**
 * The overlap of two masks. Independent masks of densities a and b share ab of all weights, of the
 * a + b − ab that are live in one of them: the ratio of the expectations, which for layers of more
 * than a few weights is the expected ratio.
 *
 * @throws InputError if their shapes differ, or neither has a live weight
 */
export function overlap(mask: GivenTensor, other: GivenTensor): Overlap {
  const { shape, data } = toMask(mask, "the mask");
  checkShape(toMask(other, "the other mask"), shape, "the other mask");
  let both = 0, one = 0, live = 0, otherLive = 0;
  for (let i = 0; i < data.length; i++) {
    const a = data[i] === 0 ? 0 : 1, b = other.data[i] === 0 ? 0 : 1;
    both += a & b;
    one += a | b;
    live += a;
    otherLive += b;
  }
  if (one === 0) {
    throw new InputError(
      "two masks without a live weight have no overlap: give masks that keep some",
    );
  }
  const a = live / data.length, b = otherLive / data.length;
  return { jaccard: both / one, byChance: a * b / (a + b - a * b) };
}

/** How the live weights of a layer moved in training. */
export interface Movement {
  /** Root of the sum of squared changes. */
  distance: number;
  /** Mean of |final − initial|. */
  meanChange: number;
  /** Share whose final sign is the initial one, 0 to 1; a weight of 0 has none. */
  signsKept: number;
}

/**
 * How the live weights of a layer moved.
 *
 * @param initial (inputs, units)
 * @param final   (inputs, units)
 * @param mask    (inputs, units) of 0 and 1
 * @throws InputError if shapes differ, a value cannot be used, or no weight is live
 */
export function movement(
  initial: GivenTensor,
  final: GivenTensor,
  mask: GivenTensor,
): Movement {
  const { shape } = toFinite(initial, "initial weights");
  checkShape(toFinite(final, "final weights"), shape, "final weights");
  checkShape(toMask(mask, "mask"), shape, "mask");
  let live = 0, squares = 0, changes = 0, kept = 0;
  for (let i = 0; i < mask.data.length; i++) {
    if (mask.data[i] === 0) continue;
    const before = initial.data[i], after = final.data[i];
    live++;
    squares += (after - before) ** 2;
    changes += Math.abs(after - before);
    kept += before * after > 0 ? 1 : 0;
  }
  if (live === 0) {
    throw new InputError(
      "a layer without a live weight has not moved: give a mask that keeps some",
    );
  }
  return { distance: Math.sqrt(squares), meanChange: changes / live, signsKept: kept / live };
}

/** Counts of values between edges. */
export interface Histogram {
  /** (n + 1) in rising order. */
  edges: number[];
  /** (n) of values from an edge (included) to the next (not, but for the last). */
  counts: number[];
}

/**
 * A histogram of `bins` equal steps from the least value to the greatest, or over a given range,
 * outside of which values are left out.
 *
 * @throws InputError if there is no value and no range, the range is none, a value is not finite,
 *   or `bins` is no whole number from 1
 */
export function histogram(
  values: ArrayLike<number>,
  bins: number,
  range?: readonly [number, number],
): Histogram {
  if (!Number.isSafeInteger(bins) || bins < 1) {
    throw new InputError(`a histogram of ${bins} bins: give a whole number from 1 on`);
  }
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new InputError(`value ${i} of a histogram is ${values[i]}: give finite numbers`);
  }
  let [least, greatest] = range ?? [Infinity, -Infinity];
  if (range === undefined) {
    for (let i = 0; i < values.length; i++) {
      least = Math.min(least, values[i]);
      greatest = Math.max(greatest, values[i]);
    }
  }
  if (!(least <= greatest && Number.isFinite(greatest - least))) {
    throw new InputError(
      `a histogram from ${least} to ${greatest}: give a value or a range whose width is finite`,
    );
  }
  const step = (greatest - least) / bins || 1;
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    if (values[i] < least || values[i] > greatest) continue;
    counts[Math.min(bins - 1, Math.floor((values[i] - least) / step))]++;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => least + i * step), counts };
}

/**
 * The values of a layer's live weights, and of its pruned ones.
 *
 * @throws InputError if the mask is none, or of another shape
 */
export function splitByMask(
  weights: GivenTensor,
  mask: GivenTensor,
): { survivors: Float32Array<ArrayBuffer>; pruned: Float32Array<ArrayBuffer> } {
  const { shape, data } = toTensor(weights, "weights");
  checkShape(toMask(mask, "mask"), shape, "mask");
  return {
    survivors: Float32Array.from(data.filter((_, i) => mask.data[i] !== 0)),
    pruned: Float32Array.from(data.filter((_, i) => mask.data[i] === 0)),
  };
}

/**
 * The network on the straight line between two: (1 − at)·one + at·other.
 *
 * @throws InputError if they do not have the same layers, or a weight there is not finite
 */
export function interpolate(one: GivenNetwork, other: GivenNetwork, at: number): Network {
  if (!Number.isFinite(at)) throw new InputError(`the place ${at} on a line: give a finite number`);
  checkKnownNames(other, Object.keys(one), "other network");
  return Object.fromEntries(
    Object.entries(one).map(([name, given]) => {
      const { shape, data } = toTensor(given, `one network, layer ${name},`);
      const what = `other network, layer ${name},`;
      const end = toTensor(ownArray(other, name, what), what);
      checkShape(end, shape, what);
      const between = data.map((w, i) => (1 - at) * w + at * end.data[i]);
      const tensor = { shape: [...shape], data: between };
      checkFinite(tensor, `the network at ${at} on a line, layer ${name},`);
      return [name, tensor];
    }),
  );
}

/**
 * The height of the loss between two networks over the straight line between their own losses, at
 * its highest (Frankle et al. 2020, "linear mode connectivity"); 0 if the path never rises over it.
 *
 * @param losses at equal steps from the one network to the other, both included
 */
export function lossBarrier(losses: readonly number[]): number {
  if (losses.length < 2) {
    throw new InputError("a barrier lies between two losses: give at least two");
  }
  const bad = losses.findIndex((loss) => !Number.isFinite(loss));
  if (bad !== -1) {
    throw new InputError(`loss ${bad} on a line is ${losses[bad]}: give finite losses`);
  }
  const last = losses.length - 1;
  return Math.max(
    0,
    ...losses.map((loss, i) => loss - (losses[0] + (losses[last] - losses[0]) * i / last)),
  );
}

/** Share of examples to which two networks give different classes, 0 to 1. */
export function disagreement(one: ArrayLike<number>, other: ArrayLike<number>): number {
  if (one.length !== other.length || one.length === 0) {
    throw new InputError(
      `${one.length} and ${other.length} predictions: give as many of each, of the same examples`,
    );
  }
  let different = 0;
  for (let i = 0; i < one.length; i++) different += Number(one[i] !== other[i]);
  return different / one.length;
}

function toFinite(given: GivenTensor, what: string): Tensor {
  const tensor = toTensor(given, what);
  checkFinite(tensor, what);
  return tensor;
}
