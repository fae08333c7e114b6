/**
 * What is seen at a moment of a step, in numbers: the value and the presence of each connection,
 * the histogram, the threshold and the control. Pure: the drawings only place it.
 */

import { BINS, BINS_PER_SCALE, edge, type RunWeights } from "../../weights/sample.ts";
import type { Step } from "./story.ts";

/** A moment. */
export interface Scene {
  /** By connection. */
  values: Float32Array;
  /** By connection, from 0 (not there) to 1. */
  presence: Float32Array;
  /** By connection, from 0 to 1: how far it is marked as one that is cut. */
  marked: Float32Array;
  /** By connection: where it began, in the full network's first frame. */
  begun: Float32Array;
  /** (BINS) live weights of the first layer by value. */
  bins: Float32Array;
  /** Values nearer to zero than this are cut; null where none are, or not by their size. */
  threshold: number | null;
  /** Live weights of the whole first layer. */
  live: number;
  /** The count at the top of the histogram. */
  top: number;
  /** The control's where it is shown; and how far it has come beside the ticket, 0 to 1. */
  control: { values: Float32Array; bins: Float32Array; share: number } | null;
  /** Updates made to what is shown. */
  iteration: number;
}

/** Slow at both ends. */
export function eased(part: number): number {
  return part < 0.5 ? 4 * part ** 3 : 1 - (2 - 2 * part) ** 3 / 2;
}

/** How far `part` is from `from` to `to`, eased, from 0 to 1. */
const within = (part: number, from: number, to: number) =>
  eased(Math.min(1, Math.max(0, (part - from) / (to - from))));

const mix = (a: number, b: number, share: number) =>
  share === 0 ? a : share === 1 ? b : a + (b - a) * share;

/** Between two arrays; at either end exactly that one. */
function mixed(a: ArrayLike<number>, b: ArrayLike<number>, share: number): Float32Array {
  return Float32Array.from(a, (value, i) => mix(value, b[i], share));
}

/** The frame at an iteration, between those that are known. */
export function frameAt(
  { frames }: Pick<RunWeights, "frames">,
  iteration: number,
): { iteration: number; values: Float32Array; bins: Float32Array } {
  const next = frames.findIndex((frame) => frame.iteration >= iteration);
  const b = next === -1 ? frames.at(-1)! : frames[next];
  const a = next > 0 ? frames[next - 1] : b;
  const share = a === b ? 0 : Math.min(1, (iteration - a.iteration) / (b.iteration - a.iteration));
  return {
    iteration: mix(a.iteration, b.iteration, share),
    values: mixed(a.values, b.values, share),
    bins: mixed(a.bins, b.bins, share),
  };
}

const lastOf = ({ frames }: RunWeights) => frames.at(-1)!.iteration;

/** The last iteration that a step of training shows. */
function endOf({ run, control }: Step): number {
  return Math.max(lastOf(run.weights), control ? lastOf(control.weights) : 0);
}

/** The last iteration that is known of what a step of training shows: training may go on. */
export function knownOf({ run, control }: Step): number {
  return lastOf((control ?? run).weights);
}

/**
 * The part of a training at an iteration: quick changes come first, so the square root of it, by
 * which time goes slowly there.
 */
export function partAt(step: Step, iteration: number): number {
  const end = endOf(step);
  return end === 0 ? 0 : Math.sqrt(Math.min(1, iteration / end));
}

/**
 * The threshold where it parts the sampled weights that were cut from those that were kept: where
 * something else than their size decided, there is no line to draw.
 */
export function thresholdOf(before: RunWeights, after: RunWeights, first: number): number | null {
  const { threshold } = after, values = before.frames.at(-1)!.values;
  if (threshold === null) return null;
  const slack = 1e-3 * threshold;
  for (let i = 0; i < first; i++) {
    if (before.live[i] === 0) continue;
    const size = Math.abs(values[i]);
    if (after.live[i] === 0 ? size > threshold + slack : size < threshold - slack) return null;
  }
  return threshold;
}

/** The largest count of any of a run's bins. */
function topOf({ frames }: RunWeights): number {
  return Math.max(1, ...frames.map(({ bins }) => Math.max(...bins)));
}

/** The share of a histogram's bin that lies nearer to zero than a threshold. */
function shareWithin(bin: number, threshold: number, scale: number): number {
  const low = edge({ scale }, bin), high = edge({ scale }, bin + 1);
  const inside = Math.min(high, threshold) - Math.max(low, -threshold);
  return Math.min(1, Math.max(0, inside / (high - low)));
}

/** Makes the scene of a step after a part of it, from 0 to 1. */
export function sceneAt(step: Step, part: number, first: number): Scene {
  const { kind, run: { weights }, before, control } = step;
  const { frames, live, sample } = weights;
  const previous = (before ?? step.run).weights;
  const present = Float32Array.from(live), none = new Float32Array(live.length);
  const still = (frame: ReturnType<typeof frameAt>): Scene => ({
    ...{ values: frame.values, presence: present, marked: none, bins: frame.bins },
    ...{ begun: frames[0].values, threshold: null, control: null, iteration: frame.iteration },
    ...{ live: weights.liveOfFirst, top: topOf(weights) },
  });
  if (kind === "start") {
    return {
      ...still(frameAt(weights, 0)),
      presence: present.map((x) => x * within(part, 0, 0.6)),
    };
  }
  if (kind === "train") return still(frameAt(weights, endOf(step) * part ** 2));
  if (kind === "cut") {
    const end = frameAt(previous, Infinity), threshold = thresholdOf(previous, weights, first);
    const swept = threshold === null ? null : threshold * within(part, 0.1, 0.6);
    const fading = within(part, 0.65, 1);
    const isCut = (i: number) => previous.live[i] === 1 && live[i] === 0;
    // Each layer has its own threshold: connections of the others are marked with the time.
    const isReached = (i: number) =>
      i < first && swept !== null ? Math.abs(end.values[i]) <= swept : part >= 0.6;
    return {
      ...still(end),
      begun: previous.frames[0].values,
      live: mix(previous.liveOfFirst, weights.liveOfFirst, fading),
      top: topOf(previous),
      presence: Float32Array.from(previous.live, (is, i) => isCut(i) ? 1 - fading : is),
      marked: Float32Array.from(previous.live, (_, i) => isCut(i) && isReached(i) ? 1 : 0),
      bins: threshold === null
        ? mixed(end.bins, frames[0].bins, fading)
        : end.bins.map((count, bin) =>
          count * (1 - fading * shareWithin(bin, threshold, sample.scale))
        ),
      threshold: swept,
    };
  }
  if (kind === "rewind") {
    const end = frameAt(previous, Infinity), start = frameAt(weights, 0);
    const threshold = thresholdOf(previous, weights, first), share = within(part, 0.1, 0.85);
    const left = threshold === null
      ? start.bins
      : end.bins.map((count, bin) => count * (1 - shareWithin(bin, threshold, sample.scale)));
    return {
      ...still(start),
      values: mixed(end.values, start.values, share),
      bins: mixed(left, start.bins, share),
      top: mix(topOf(previous), topOf(weights), share),
    };
  }
  const other = control!.weights;
  if (kind === "control") {
    const share = within(part, 0.1, 0.85), start = frameAt(weights, 0);
    const begun = frameAt(other, 0);
    const values = mixed(start.values, begun.values, share);
    return {
      ...still(start),
      top: mix(topOf(weights), Math.max(topOf(weights), topOf(other)), share),
      control: { values, bins: mixed(start.bins, begun.bins, share), share },
    };
  }
  const iteration = endOf(step) * part ** 2;
  const ticket = frameAt(weights, iteration), rival = frameAt(other, iteration);
  const top = Math.max(topOf(weights), topOf(other));
  return { ...still(ticket), top, control: { values: rival.values, bins: rival.bins, share: 1 } };
}

/** The scene of a cut that was not made. */
export type TriedCut = Scene;

/** The cut of a step by size: its share of the first layer's live weights; null: something else. */
export function cutOf(
  { run: { weights }, before }: Step,
  first: number,
): { share: number; live: number } | null {
  const previous = before!.weights;
  if (thresholdOf(previous, weights, first) === null) return null;
  return { share: 1 - weights.liveOfFirst / previous.liveOfFirst, live: previous.liveOfFirst };
}

/** How near to zero a share of a histogram lies: within a bin, in proportion. */
export function thresholdAt(bins: ArrayLike<number>, scale: number, share: number): number {
  const half = bins.length / 2, total = Array.from(bins).reduce((sum, count) => sum + count, 0);
  let inside = 0;
  for (let out = 0; out < half; out++) {
    const more = bins[half + out] + bins[half - 1 - out],
      width = edge({ scale }, half + out + 1) -
        edge({ scale }, half + out);
    if (inside + more >= share * total && more > 0) {
      return edge({ scale }, half + out) + width * (share * total - inside) / more;
    }
    inside += more;
  }
  return edge({ scale }, bins.length);
}

/** What a cut of another share would take: in each layer the values nearest to zero. */
export function triedCut(step: Step, share: number, first: number): TriedCut {
  const previous = step.before!.weights, { live, sample } = previous;
  const end = frameAt(previous, Infinity), threshold = thresholdAt(end.bins, sample.scale, share);
  const marked = new Float32Array(live.length);
  let from = 0;
  for (const { rows, columns } of sample.layers) {
    const layer = Array.from({ length: rows.length * columns.length }, (_, i) => from + i);
    from += layer.length;
    const sizes = layer.filter((i) => live[i] === 1).sort((a, b) =>
      Math.abs(end.values[a]) - Math.abs(end.values[b])
    );
    const isFirst = layer[0] < first;
    sizes.forEach((i, rank) => {
      const isCut = isFirst
        ? Math.abs(end.values[i]) <= threshold
        : rank < Math.round(share * sizes.length);
      marked[i] = Number(isCut);
    });
  }
  return {
    ...{ values: end.values, presence: Float32Array.from(live), marked, bins: end.bins, threshold },
    ...{ begun: previous.frames[0].values, live: previous.liveOfFirst, top: topOf(previous) },
    ...{ control: null, iteration: end.iteration },
  };
}

/** Bars lower than this part of the highest may lie beyond the axis. */
const SEEN = 0.05;
/** The axis is never shorter, in units of the histogram's. */
const LEAST_REACH = 4;

/** The largest value, either way, that any frame of some runs shows: where the axis ends. */
export function reachOf(runs: readonly RunWeights[], first: number): number {
  let reach = 0;
  for (const { frames, live, sample } of runs) {
    for (const { values, bins } of frames) {
      for (let i = 0; i < first; i++) {
        if (live[i] === 1) reach = Math.max(reach, Math.abs(values[i]));
      }
      const seen = SEEN * Math.max(...bins);
      const low = bins.findIndex((count) => count > seen);
      const high = bins.findLastIndex((count) => count > seen);
      if (low < 0) continue;
      reach = Math.max(reach, Math.abs(edge(sample, low)), Math.abs(edge(sample, high + 1)));
    }
  }
  const scale = runs[0]?.sample.scale ?? 1;
  return Math.min(1.04 * Math.max(reach, LEAST_REACH * scale), BINS / 2 * scale / BINS_PER_SCALE);
}
