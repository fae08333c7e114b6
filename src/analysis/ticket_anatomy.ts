/**
 * The anatomy of all tickets of a study, level by level, as rows for tables and figures. anatomy.ts
 * says what the numbers mean.
 */

import { density, type Masks } from "../models/masks.ts";
import type { Network } from "../models/network.ts";
import {
  effectiveNetwork,
  inDegrees,
  movement,
  outDegrees,
  overlap,
  splitByMask,
} from "./anatomy.ts";
import { type Parameter, prunableOf } from "../models/parameters.ts";

/** A ticket with its arrays. */
export interface TicketArrays {
  trial: string;
  level: number;
  /** Weights remaining, the paper's Pm. */
  percent: number;
  masks: Masks;
  initial: Network;
  final: Network;
}

/**
 * One layer of one ticket. Percentages are of the layer's weights, neurons or live weights. What
 * belongs to single neurons and their connections is null in networks with convolutions, whose
 * filters each make many outputs.
 */
export interface LayerRow {
  trial: string;
  level: number;
  percent: number;
  layer: string;
  live: number;
  /** Live weights, in percent. */
  density: number;
  /** Weights that are left once neurons that nothing reaches or uses are dropped, in percent. */
  effectiveDensity: number | null;
  /** Neurons of the layer; of a convolution, filters. */
  units: number;
  /** Neurons without a live input. */
  noInput: number | null;
  /** Neurons without a live output; null for the output layer. */
  noOutput: number | null;
  /**
   * Inputs of the layer (pixels, or the neurons below; of a convolution, of one output), and how
   * many of them it does not use.
   */
  inputs: number;
  unusedInputs: number | null;
  /** Root of the summed squared changes of live weights in training. */
  distance: number;
  /** Mean of their |final − initial|. */
  meanChange: number;
  /** Live weights whose final sign is the initial one, in percent. */
  signsKept: number;
  /** Live weights of a neuron: mean, 5% and 95% quantile. */
  inDegree: Spread | null;
  /** Live weights that read one input of the layer. */
  outDegree: Spread | null;
}

/** Mean, and the values below which 5% and 95% lie. */
export interface Spread {
  mean: number;
  low: number;
  high: number;
}

/**
 * The layers of a ticket. A layer without a live weight has moved by 0 and kept no sign.
 *
 * @throws InputError if arrays do not fit the layers
 */
export function layerRows(
  ticket: TicketArrays,
  parameters: readonly Parameter[],
): LayerRow[] {
  const { trial, level, percent, masks, initial, final } = ticket;
  const weights = prunableOf(parameters), left = density(masks).layers;
  const neurons = weights.every(({ shape }) => shape.length === 2)
    ? neuronsOf(masks, parameters)
    : null;
  return weights.map(({ name, rows: inputs, columns: units }) => {
    const { live, percent: density } = left[name];
    const moved = live > 0
      ? movement(initial[name], final[name], masks[name])
      : { distance: 0, meanChange: 0, signsKept: 0 };
    return {
      ...{ trial, level, percent, layer: name, live, density, units, inputs },
      ...(neurons ? neurons[name] : NOT_OF_NEURONS),
      distance: moved.distance,
      meanChange: moved.meanChange,
      signsKept: 100 * moved.signsKept,
    };
  });
}

/** Neurons, and those without connections. */
type OfNeurons = Pick<
  LayerRow,
  "effectiveDensity" | "noInput" | "noOutput" | "unusedInputs" | "inDegree" | "outDegree"
>;

const NOT_OF_NEURONS: OfNeurons = {
  ...{ effectiveDensity: null, noInput: null, noOutput: null, unusedInputs: null },
  ...{ inDegree: null, outDegree: null },
};

/** Counts neurons and connections in each layer of a chain of dense layers. */
function neuronsOf(masks: Masks, parameters: readonly Parameter[]): Record<string, OfNeurons> {
  const effective = density(effectiveNetwork(masks, parameters).masks).layers;
  const names = prunableOf(parameters).map(({ name }) => name);
  const degrees = names.map((name) => ({
    into: inDegrees(masks[name]),
    out: outDegrees(masks[name]),
  }));
  const zeros = (values: Uint32Array) => values.reduce((sum, n) => sum + Number(n === 0), 0);
  return Object.fromEntries(names.map((name, i) => {
    const { into, out } = degrees[i], above = degrees[i + 1]?.out;
    return [name, {
      effectiveDensity: effective[name].percent,
      noInput: zeros(into),
      noOutput: above ? zeros(above) : null,
      unusedInputs: zeros(out),
      inDegree: spreadOf(into),
      outDegree: spreadOf(out),
    }];
  }));
}

function spreadOf(values: Uint32Array<ArrayBuffer>): Spread {
  const sorted = values.slice().sort(), last = sorted.length - 1;
  return {
    mean: values.reduce((sum, n) => sum + n, 0) / values.length,
    low: sorted[Math.round(0.05 * last)],
    high: sorted[Math.round(0.95 * last)],
  };
}

/** How the masks of one layer of two tickets overlap. */
export interface OverlapRow {
  /** Two trials at one level, a ticket and its one-shot counterpart, or two levels of a trial. */
  between: "trials" | "iterative and one-shot" | "levels";
  /** The sparser ticket's. */
  level: number;
  percent: number;
  layer: string;
  one: string;
  other: string;
  jaccard: number;
  byChance: number;
}

/**
 * The overlap of two tickets layer by layer; layers in which neither has a live weight are left
 * out.
 */
export function overlapRows(
  between: OverlapRow["between"],
  one: TicketArrays,
  other: TicketArrays,
): OverlapRow[] {
  const isAlive = (ticket: TicketArrays, layer: string) =>
    ticket.masks[layer].data.some((bit) => bit !== 0);
  const name = ({ trial, level }: TicketArrays) => `trial ${trial}, level ${level}`;
  return Object.keys(one.masks).filter((layer) => isAlive(one, layer) || isAlive(other, layer))
    .map((layer) => ({
      between,
      level: Math.max(one.level, other.level),
      percent: Math.min(one.percent, other.percent),
      layer,
      one: name(one),
      other: name(other),
      ...overlap(one.masks[layer], other.masks[layer]),
    }));
}

/**
 * Pairs of trials whose masks are compared: each with the next, in a ring, so that every trial
 * counts twice and twenty trials cost twenty comparisons, not 190.
 */
export function ringPairs<T>(trials: readonly T[]): [T, T][] {
  if (trials.length < 2) return [];
  if (trials.length === 2) return [[trials[0], trials[1]]];
  return trials.map((one, i) => [one, trials[(i + 1) % trials.length]]);
}

/** Weights of a layer, by what became of them. */
export interface WeightGroups {
  layer: string;
  /** Initial weights of the full network that this ticket still has, and those that it lost. */
  initial: { survivors: Float32Array; pruned: Float32Array };
  /** The weights that the full network's training ended with. */
  full: { survivors: Float32Array; pruned: Float32Array };
  /** The ticket's own final weights. */
  ticket: Float32Array;
}

/** The full network's weights, divided by whether a ticket of the same trial still has them. */
export function weightGroups(full: TicketArrays, ticket: TicketArrays): WeightGroups[] {
  return Object.keys(ticket.masks).map((layer) => {
    const mask = ticket.masks[layer];
    return {
      layer,
      initial: splitByMask(full.initial[layer], mask),
      full: splitByMask(full.final[layer], mask),
      ticket: splitByMask(ticket.final[layer], mask).survivors,
    };
  });
}
