/**
 * Histograms of the scores by which a lottery prunes: how many weights of each score stayed and
 * went, and the score at which they part.
 */

import type { Scope } from "../foundations/pruning/pruning.ts";
import type { Masks } from "../models/masks.ts";

/** A pruning. */
export interface ScoredMasks {
  /** By layer, not NaN; -Infinity comes before all others. */
  scores: Readonly<Record<string, ArrayLike<number>>>;
  /** Weights that lived before. */
  before: Masks;
  /** Those that were left. */
  after: Masks;
  /** Where they competed. */
  scope: Scope;
}

/** The live weights of a layer by their scores. */
export interface ScoreHistogram {
  layer: string;
  /** Whether the steps are equal on a logarithmic scale. */
  isLog: boolean;
  /** (bins + 1) ascending. */
  edges: number[];
  /** (bins) with a score from an edge to the next; those beyond the ends are in the end bins. */
  kept: number[];
  pruned: number[];
  /** Those with the score -Infinity, which are in no bin. */
  infinite: { kept: number; pruned: number };
  /**
   * The largest score that was pruned, with scope "global" of all layers. Null where none is
   * finite, or where more than these scores decided, as in SynFlow's rounds after its first.
   */
  threshold: number | null;
}

const BINS = 48;
/** Scores that decide where an axis ends: sorting all would take longer than counting them. */
const SAMPLE = 20_000;
/** 2 in 1,000 scores lie beyond the ends: outliers would leave no room for the others. */
const TAIL = 0.001;
/** How far the largest score is above the median where no linear axis can show both. */
const LOG_FROM = 20;
/** How far above the threshold, which was pruned, the edge lies, in bins. */
const EDGE = 1e-6;
/** The least share of the largest score that a logarithmic axis shows. */
const LOG_LEAST = 1e-6;

/** The histogram of each layer with a live weight, in the order of `scores`. */
export function scoreHistograms(masks: ScoredMasks, bins = BINS): ScoreHistogram[] {
  const layers = Object.keys(masks.scores)
    .filter((layer) => masks.before[layer].data.includes(1));
  const groups = masks.scope === "global" && layers.length > 0
    ? [layers]
    : layers.map((layer) => [layer]);
  return groups.flatMap((group) => {
    const threshold = thresholdOf(masks, group), axis = axisOf(masks, group, threshold, bins);
    return group.map((layer) => ({ ...count(masks, layer, axis), threshold }));
  });
}

function thresholdOf(
  { scores, before, after, scope }: ScoredMasks,
  layers: readonly string[],
): number | null {
  let largest = -Infinity, keptBelow = 0;
  for (const layer of layers) {
    const values = scores[layer], was = before[layer].data, is = after[layer].data;
    for (let i = 0; i < was.length; i++) {
      if (was[i] !== 0 && is[i] === 0 && values[i] > largest) largest = values[i];
    }
  }
  for (const layer of layers) {
    const values = scores[layer], is = after[layer].data;
    for (let i = 0; i < is.length; i++) if (is[i] !== 0 && values[i] < largest) keptBelow++;
  }
  // A layer keeps its last weight, whatever the others' scores.
  const most = scope === "global" ? layers.length : 0;
  return Number.isFinite(largest) && keptBelow <= most ? largest : null;
}

/** Equal steps, of logarithms where `isLog`. */
interface Axis {
  isLog: boolean;
  start: number;
  step: number;
  bins: number;
}

function axisOf(
  { scores, before }: ScoredMasks,
  layers: readonly string[],
  threshold: number | null,
  bins: number,
): Axis {
  const size = layers.reduce((sum, layer) => sum + scores[layer].length, 0);
  const stride = Math.max(1, Math.floor(size / SAMPLE)), found: number[] = [];
  let least = Infinity;
  for (const layer of layers) {
    const values = scores[layer], mask = before[layer].data;
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] === 0 || values[i] === -Infinity) continue;
      if (values[i] < least) least = values[i];
      if (i % stride === 0) found.push(values[i]);
    }
  }
  if (threshold !== null) found.push(threshold);
  const sorted = Float64Array.from(found).sort();
  if (sorted.length === 0) return { isLog: false, start: 0, step: 1 / bins, bins };
  const at = (values: Float64Array, share: number) =>
    values[Math.round(share * (values.length - 1))];
  const positive = sorted.subarray(sorted.findIndex((value) => value > 0));
  const most = at(sorted, 1 - TAIL);
  const isLog = least >= 0 && most > LOG_FROM * at(positive, 0.5) && most > 0;
  const scale = isLog ? Math.log : (value: number) => value;
  const ends = isLog ? [Math.max(at(positive, TAIL), LOG_LEAST * most), most] : [
    at(sorted, TAIL),
    most,
  ];
  if (threshold !== null && (threshold > 0 || !isLog)) ends.push(threshold);
  let low = scale(Math.min(...ends)), high = scale(Math.max(...ends));
  if (high === low) {
    const half = isLog ? 1 : Math.abs(low) / 2 || 1;
    [low, high] = [low - half, high + half];
  }
  const step = (high - low) / bins;
  if (threshold === null || (isLog && threshold <= 0)) return { isLog, start: low, step, bins };
  // An edge lies at the threshold, so close above it that no bar is of both sides.
  const edge = scale(threshold) + EDGE * step, below = Math.max(1, Math.ceil((edge - low) / step));
  return { isLog, start: edge - below * step, step, bins };
}

function count(
  { scores, before, after }: ScoredMasks,
  layer: string,
  { isLog, start, step, bins }: Axis,
): Omit<ScoreHistogram, "threshold"> {
  const values = scores[layer], was = before[layer].data, is = after[layer].data;
  // Counts of the pruned, then of the kept; the last of each are those without a bin.
  const counts = new Uint32Array(2 * (bins + 1));
  for (let i = 0; i < was.length; i++) {
    if (was[i] === 0) continue;
    const score = values[i];
    let bin = bins;
    if (score > -Infinity) {
      const place = Math.floor(((isLog ? Math.log(score) : score) - start) / step);
      bin = place < 0 ? 0 : place < bins ? place : bins - 1;
    }
    counts[(is[i] === 0 ? 0 : bins + 1) + bin]++;
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => start + i * step);
  return {
    layer,
    isLog,
    edges: isLog ? edges.map(Math.exp) : edges,
    pruned: [...counts.subarray(0, bins)],
    kept: [...counts.subarray(bins + 1, 2 * bins + 1)],
    infinite: { pruned: counts[bins], kept: counts[2 * bins + 1] },
  };
}
