/**
 * DYNAMIC, the table of the rules that change masks while a run is trained: at which iterations,
 * which weights of a layer die, and which grow.
 */

import type { LayerState, LayerValues } from "../../engine/mod.ts";
import type { RandomStream } from "../../engine/random.ts";
import { InputError } from "../../errors.ts";

/** The name of a rule. */
export type DynamicName = "gmp" | "set" | "rigl";

/** How masks change, as run.json has it. */
export interface DynamicSpec {
  /** Decides which weights die and grow. */
  rule: DynamicName;
  /** Iterations between two updates of the masks. */
  interval: number;
  /** Share of a layer's live weights that an update replaces; absent with gmp. */
  fraction?: number;
  /** Live weights at the end, by layer; with set and rigl, throughout. */
  live: Readonly<Record<string, number>>;
}

/** A layer at an update of its mask. */
export interface DynamicLayer {
  /** (inputs, units), exactly 0 where dead. */
  weights: Float32Array;
  /** (inputs, units) of 0 and 1. */
  mask: Float32Array;
  /** (inputs, units) gradient of the loss, of dead weights too; null for rules that need none. */
  gradient: Float32Array | null;
  /** Live weights when the run began. */
  start: number;
  /** Live weights when it ends. */
  end: number;
  /** Random numbers of this layer and update. */
  stream: RandomStream;
}

/** How far a run is at an update. */
export interface Moment {
  /** Updates of the weights that were made. */
  iteration: number;
  /** Of the whole run. */
  iterations: number;
}

/** How much changes at an update. */
interface Amount {
  /** Of the updates of masks, how far they have come: iteration by that of the last one. */
  progress: number;
  /** Share of live weights that is replaced; 0 with rules that replace none. */
  share: number;
}

/** Places in a layer whose weights die, and then those that grow, ascending. */
export interface MaskChange {
  died: Uint32Array;
  grown: Uint32Array;
}

/** A rule. */
interface DynamicRule {
  /** Completes a sentence of `--help`. */
  help: string;
  /** Whether it looks at the gradients of dead weights. */
  needsGradients: boolean;
  /** Whether a run begins with the dense network, else at random places with its final counts. */
  startsDense: boolean;
  /** The share of a run in which masks change, and whether they may at its very end. */
  until: number;
  isEndIncluded: boolean;
  /** Share of live weights that an update replaces; absent where it replaces none. */
  share?(fraction: number, moment: Moment): number;
  /** The places that change. */
  change(layer: DynamicLayer, amount: Amount): MaskChange;
}

const NOWHERE = new Uint32Array();

/** The share of the run after which gmp and rigl leave the masks alone (Evci et al., section 3). */
const UNTIL = 0.75;

/** The usual iterations between two updates (Evci et al., section 4). */
export const USUAL_INTERVAL = 100;
/** The usual share that is replaced (Mocanu et al.; Evci et al.). */
export const USUAL_FRACTION = 0.3;

/** To add a rule is to add a row, and its name above. */
export const DYNAMIC: { readonly [K in DynamicName]: DynamicRule } = {
  gmp: {
    help: "start dense; the smallest weights of each layer die, until 3/4 of the run " +
      "(gradual magnitude pruning, Zhu & Gupta 2017)",
    needsGradients: false,
    startsDense: true,
    until: UNTIL,
    isEndIncluded: true,
    change: ({ weights, mask, start, end }, { progress }) => {
      const live = placesOf(mask, 1), count = live.length - gradualCount(start, end, progress);
      return { died: smallest(live, (i) => Math.abs(weights[i]), count), grown: NOWHERE };
    },
  },
  set: {
    help: "start from random masks; the smallest weights of each layer die and as many grow at " +
      "random (SET, Mocanu et al. 2018)",
    needsGradients: false,
    startsDense: false,
    until: 1,
    isEndIncluded: false,
    share: (fraction) => fraction,
    change: (layer, { share }) => {
      const { died } = dyingWeights(layer, share);
      // Those that were dead before: what has just died stays so until the next update.
      return { died, grown: drawn(placesOf(layer.mask, 0), died.length, layer.stream) };
    },
  },
  rigl: {
    help: "the same, but weights grow where the gradient is largest, fewer and fewer until " +
      "3/4 of the run (RigL, Evci et al. 2020)",
    needsGradients: true,
    startsDense: false,
    until: UNTIL,
    isEndIncluded: false,
    share: (fraction, { iteration, iterations }) =>
      fraction / 2 * (1 + Math.cos(Math.PI * iteration / (UNTIL * iterations))),
    change: (layer, { share }) => {
      const { died, kept } = dyingWeights(layer, share), { gradient } = layer;
      if (!gradient) throw new Error("RigL without gradients");
      // As in the paper's algorithm 1, what has just died is among those that can grow.
      const candidates = placesOf(kept, 0);
      return { died, grown: smallest(candidates, (i) => -Math.abs(gradient[i]), died.length) };
    },
  },
};

/** The names of all rules. */
export const DYNAMIC_NAMES = Object.keys(DYNAMIC) as DynamicName[];

/**
 * The iteration of the last change of the masks; 0 where there is none. Masks change at every
 * multiple of the interval up to there: with set before the end of the run, with gmp and rigl in
 * its first 3/4.
 */
export function lastUpdate(rule: DynamicName, interval: number, iterations: number): number {
  const { until, isEndIncluded } = DYNAMIC[rule], steps = until * iterations / interval;
  return interval * Math.max(0, isEndIncluded ? Math.floor(steps) : Math.ceil(steps) - 1);
}

/**
 * Live weights of gradual pruning: from `start` to `end` as sparsity rises with 1 - (1 - x)³, where
 * x from 0 to 1 is how far pruning has come (Zhu & Gupta 2017, equation 1).
 */
export function gradualCount(start: number, end: number, x: number): number {
  return Math.round(end + (start - end) * (1 - x) ** 3);
}

/**
 * The places at which a layer's mask changes. With set and rigl as many grow as die: no more than
 * there were dead weights before, so that a dense layer stays as it is.
 */
export function maskChange(
  { rule, interval, fraction = 0 }: DynamicSpec,
  layer: DynamicLayer,
  moment: Moment,
): MaskChange {
  const { share, change } = DYNAMIC[rule];
  return change(layer, {
    progress: moment.iteration / lastUpdate(rule, interval, moment.iterations),
    share: share ? share(fraction, moment) : 0,
  });
}

/**
 * A layer after a change, and its mask. What has died is 0 in the weights and in every matrix of
 * the optimizer, and so is what has grown, also where it died at the same update.
 */
export function changedLayer(
  layer: LayerState,
  mask: Float32Array,
  { died, grown }: MaskChange,
): { layer: LayerState; mask: Float32Array } {
  const changed = mask.slice();
  for (const i of died) changed[i] = 0;
  for (const i of grown) changed[i] = 1;
  const cleared = ({ weights, biases }: LayerValues): LayerValues => {
    const values = weights.slice();
    for (const i of died) values[i] = 0;
    for (const i of grown) values[i] = 0;
    return { weights: values, biases };
  };
  return {
    layer: { ...cleared(layer), optimizer: layer.optimizer.map(cleared) },
    mask: changed,
  };
}

/**
 * @param sizes how many weights each layer has
 * @throws InputError naming the setting that a run of so many iterations cannot have
 */
export function checkDynamic(
  { rule, interval, fraction, live }: DynamicSpec,
  sizes: Readonly<Record<string, number>>,
  iterations: number,
): void {
  const refuse = (what: string) => {
    throw new InputError(`dynamic training: ${what}`);
  };
  if (!Object.hasOwn(DYNAMIC, rule)) {
    refuse(`rule "${rule}" is unknown: use ${DYNAMIC_NAMES.join(", ")}`);
  }
  if (!(Number.isSafeInteger(interval) && interval >= 1)) {
    refuse(`an interval of ${interval} iterations: give an integer, 1 or more`);
  }
  if (lastUpdate(rule, interval, iterations) === 0) {
    refuse(
      `an interval of ${interval} leaves ${rule} no update in a run of ${iterations} iterations: ` +
        "give a shorter one, or train longer",
    );
  }
  const isShare = fraction !== undefined && fraction > 0 && fraction <= 1;
  if (DYNAMIC[rule].share ? !isShare : fraction !== undefined) {
    refuse(`a fraction of ${fraction} with ${rule}: ${fractionAdvice(rule)}`);
  }
  for (const name of new Set([...Object.keys(sizes), ...Object.keys(live)])) {
    const count = live[name], size = sizes[name] ?? 0;
    if (Number.isSafeInteger(count) && count >= 1 && count <= size) continue;
    refuse(
      `${count} live weights of ${name}, which has ${size}: give an integer from 1 to ${size}`,
    );
  }
}

/** The fraction that a rule takes, in words. */
export function fractionAdvice(rule: DynamicName): string {
  return DYNAMIC[rule].share
    ? "give a number above 0, at most 1"
    : "it replaces no weights, so leave it out";
}

/** The places that die of a layer that keeps its number of live weights, and the rest's mask. */
function dyingWeights({ weights, mask }: DynamicLayer, share: number) {
  const live = placesOf(mask, 1);
  const count = Math.min(Math.round(share * live.length), mask.length - live.length);
  const died = smallest(live, (i) => Math.abs(weights[i]), count), kept = mask.slice();
  for (const i of died) kept[i] = 0;
  return { died, kept };
}

/** The places where a mask has this value, ascending. */
function placesOf(mask: Float32Array, value: 0 | 1): Uint32Array {
  const places = new Uint32Array(mask.length);
  let count = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] === value) places[count++] = i;
  return places.slice(0, count);
}

/** Of some places the `count` with the smallest scores, ties by lowest index; ascending. */
function smallest(
  places: Uint32Array,
  score: (place: number) => number,
  count: number,
): Uint32Array {
  if (count <= 0) return NOWHERE;
  const scores = Float32Array.from(places, score);
  const limit = scores.slice().sort()[count - 1];
  let ties = count;
  for (const value of scores) if (value < limit) ties--;
  return places.filter((_, i) => scores[i] < limit || (scores[i] === limit && ties-- > 0));
}

/** Some of these places at random; ascending. */
function drawn(places: Uint32Array, count: number, stream: RandomStream): Uint32Array {
  const left = places.slice();
  // The first steps of Fisher and Yates.
  for (let i = 0; i < count; i++) {
    const other = i + stream.integerBelow(left.length - i);
    [left[i], left[other]] = [left[other], left[i]];
  }
  return left.slice(0, count).sort();
}
