/**
 * Selects weights by their scores so that exact numbers of them stay, by the rule of pruning.ts,
 * with scores in 64-bit floats.
 */

import { InputError } from "../../errors.ts";
import type { Masks } from "../../models/masks.ts";
import { checkKnownNames, formatIndex } from "../../models/network.ts";
import { lastToGo, type Scope } from "./pruning.ts";

/** How many weights are to stay, and where they compete. */
export interface PruningTarget {
  /** "layer": each layer keeps exactly its number; "global": as many as these stay in all. */
  scope: Scope;
  /** Weights to stay, of every layer. One that is to keep all its weights is left alone. */
  live: Readonly<Record<string, number>>;
}

/** Scores of weights by layer name: those with the largest stay. */
export type Scores = Readonly<Record<string, Float32Array | Float64Array>>;

/** Layers whose weights compete, and how many of these live and are to. */
export interface TargetGroup {
  layers: { name: string; mayEmpty: boolean }[];
  before: number;
  after: number;
}

/**
 * The groups of layers that are to lose weights.
 *
 * @throws InputError unless there is a whole number for each layer, at most its live weights
 */
export function targetGroups({ scope, live }: PruningTarget, masks: Masks): TargetGroup[] {
  const names = Object.keys(masks);
  checkKnownNames(live, names, "number of live weights");
  const groups = names.map((name) => {
    const before = liveCount(masks[name].data), after = live[name];
    if (!Number.isInteger(after) || after < 0 || after > before) {
      throw new InputError(
        `${name} cannot keep ${after} of ${before} live weights: give a whole number from 0 to ` +
          before,
      );
    }
    return { layers: [{ name, mayEmpty: after === 0 }], before, after };
  }).filter(({ before, after }) => after < before);
  if (scope === "layer" || groups.length === 0) return groups;
  const sum = (of: "before" | "after") => groups.reduce((sum, group) => sum + group[of], 0);
  const layers = groups.flatMap(({ layers }) => layers);
  return [{ layers, before: sum("before"), after: sum("after") }];
}

/**
 * Masks of the weights with the largest scores, of equals those of the highest index; they lie
 * within `masks`. A layer keeps at least one weight unless its target is 0.
 *
 * @throws InputError for a target that cannot be met, and a score that is NaN
 */
export function selectByScore(scores: Scores, masks: Masks, target: PruningTarget): Masks {
  const selected = structuredClone(masks);
  for (const group of targetGroups(target, masks)) shrink(selected, scores, group, group.after);
  return selected;
}

/** Prunes the lowest scores of a group until `keep` weights are left of it; changes `masks`. */
export function shrink(masks: Masks, scores: Scores, { layers }: TargetGroup, keep: number): void {
  const parts = layers.map(({ name, mayEmpty }) => {
    checkScores(scores[name], masks[name].shape, name);
    const kept = mayEmpty ? -1 : lastToGo(scores[name], masks[name].data);
    return { scores: scores[name], mask: masks[name].data, kept };
  });
  const live = parts.reduce((sum, { mask }) => sum + liveCount(mask), 0);
  const candidates = new Float64Array(live);
  let count = 0;
  for (const { scores, mask, kept } of parts) {
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] !== 0 && i !== kept) candidates[count++] = scores[i];
    }
  }
  const prune = Math.min(count, live - keep);
  if (prune <= 0) return;
  const threshold = smallest(candidates.subarray(0, count), prune - 1);
  let ties = prune;
  for (let i = 0; i < count; i++) if (candidates[i] < threshold) ties--;
  for (const { scores, mask, kept } of parts) {
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] === 0 || i === kept || scores[i] > threshold) continue;
      if (scores[i] < threshold || ties-- > 0) mask[i] = 0;
    }
  }
}

function liveCount(mask: Float32Array): number {
  let count = 0;
  for (let i = 0; i < mask.length; i++) count += mask[i];
  return count;
}

function checkScores(scores: Scores[string], shape: readonly number[], name: string): void {
  let stray = 0;
  while (stray < scores.length && !Number.isNaN(scores[stray])) stray++;
  if (stray === scores.length) return;
  const place = formatIndex(stray, shape);
  throw new InputError(
    `scores of ${name} hold NaN at ${place}: weights cannot be sorted by them; ` +
      "use smaller initial weights, or scale the inputs down",
  );
}

/**
 * Element `rank` of the values in ascending order, from 0 (Hoare's quickselect); reorders them. Of
 * 266,200 values 4 ms on one core, where the GPU's exact selection takes llvmpipe 18 ms on two.
 */
function smallest(values: Float64Array, rank: number): number {
  let low = 0, high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >>> 1];
    let i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      [values[i], values[j]] = [values[j], values[i]];
      i++;
      j--;
    }
    if (rank <= j) high = j;
    else if (rank >= i) low = i;
    else break;
  }
  return values[rank];
}
