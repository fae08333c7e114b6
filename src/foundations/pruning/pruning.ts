/**
 * Pruning by percentage (the original's pruning.py), by magnitude or another criterion, in each
 * layer or over all. The selection runs on the GPU (src/engine/programs/prune.ts) and is exact.
 */

import { type Gpu, type PruneJob, pruneSmallest } from "../../engine/mod.ts";
import { InputError } from "../../errors.ts";
import type { Masks } from "../../models/masks.ts";
import {
  checkFinite,
  checkShape,
  type GivenNetwork,
  toMask,
  toNetwork,
  toTensor,
} from "../../models/network.ts";
import { CRITERIA, type CriterionName } from "./criteria.ts";
import { type Key, RandomStream } from "../../engine/random.ts";
import type { LevelResult } from "../experiment.ts";
import { pruneLowest, type ScoreJob } from "../../engine/programs/prune.ts";

/** Fraction in [0, 1] of a layer's live weights to prune, by layer name. */
export type Percents = Readonly<Record<string, number>>;

/**
 * Of each named layer's live weights prunes round(percent · live), those with the smallest final
 * magnitude, ties by lowest index. A layer keeps at least one weight unless its percent is 1;
 * layers that `percents` does not name keep their masks. Masks only shrink.
 *
 * ```ts
 * import { openGpu, pruneByPercent } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const gpu = await openGpu();
 * const masks = { layer0: { shape: [2, 2], data: Float32Array.of(1, 1, 1, 0) } };
 * const final = { layer0: { shape: [2, 2], data: Float32Array.of(-3, 0.5, 2, 0) } };
 * const pruned = await pruneByPercent(gpu, { layer0: 1 / 3 }, masks, final);
 * assertEquals(pruned.layer0.data, Float32Array.of(1, 0, 1, 0));
 * gpu.destroy();
 * ```
 *
 * @throws InputError for a percent outside [0, 1], an unknown layer, and masks or weights that
 *   cannot be used
 */
export async function pruneByPercent(
  gpu: Gpu,
  percents: Percents,
  masks: GivenNetwork,
  finalWeights: GivenNetwork,
): Promise<Masks> {
  const names = Object.keys(percents), current = toNetwork(masks, toMask, "mask");
  const jobs = names.map((name): PruneJob => {
    const percent = percents[name];
    if (!(percent >= 0 && percent <= 1)) {
      throw new InputError(`prune percent of ${name} is ${percent}: give a fraction from 0 to 1`);
    }
    if (!Object.hasOwn(current, name) || !Object.hasOwn(finalWeights, name)) {
      throw new InputError(
        `prune percent of unknown layer "${name}": the layers are ${
          Object.keys(current).join(", ")
        }`,
      );
    }
    const mask = current[name];
    const weights = toTensor(finalWeights[name], `final weights of ${name}`);
    checkShape(weights, mask.shape, `final weights of ${name}`);
    checkFinite(weights, `final weights of ${name}`);
    return {
      weights: weights.data,
      mask: mask.data,
      prune: pruneCount(liveCount(mask.data), percent),
    };
  });
  const pruned = await pruneSmallest(gpu, jobs);
  const changed = names.map((name, i) => [name, { shape: current[name].shape, data: pruned[i] }]);
  return { ...current, ...Object.fromEntries(changed) };
}

/** Where weights compete: in each layer, or in all layers together. */
export const SCOPES = ["layer", "global"] as const;
/** One of these. */
export type Scope = typeof SCOPES[number];

/** The part of a level's result that weights are scored by. */
type ScoredResult = Pick<LevelResult, "masks" | "initial" | "final">;

/**
 * The scores of the layers that lose weights; those of dead weights decide nothing.
 *
 * @param keyFor returns the key of a layer's random numbers, by its place in `masks`
 * @returns by layer name, (inputs, units)
 * @throws InputError for final weights that are not finite, and a criterion of untrained weights
 */
export function scoreWeights(
  { criterion, percents }: { criterion: string; percents: Percents },
  { masks, initial, final }: ScoredResult,
  keyFor: (layer: number) => Key,
): Record<string, Float32Array> {
  if (!isBetweenLevels(criterion)) {
    throw new InputError(
      `${criterion} scores weights before training alone: prune at initialization (--prune-at init)`,
    );
  }
  const names = Object.keys(masks);
  return Object.fromEntries(
    names.filter((name) => percents[name] > 0).map((name) => {
      checkFinite(final[name], `final weights of ${name}`);
      const stream = new RandomStream(keyFor(names.indexOf(name)));
      const layer = { initial: initial[name].data, final: final[name].data, stream };
      return [name, CRITERIA[criterion].score(layer)];
    }),
  );
}

/**
 * The next level's masks. With scope "layer" each layer with scores loses round(percent · live)
 * weights, those with the smallest scores, ties by lowest index; with "global" as many in all go
 * with the smallest scores of all these layers. A layer keeps at least one weight unless its
 * percent is 1.
 */
export async function pruneScored(
  gpu: Gpu,
  { scope, percents }: { scope: Scope; percents: Percents },
  masks: Masks,
  scores: Readonly<Record<string, Float32Array>>,
): Promise<Masks> {
  const names = Object.keys(scores);
  const jobs = names.map((name): ScoreJob => {
    const { data: mask } = masks[name];
    return { scores: scores[name], mask, prune: pruneCount(liveCount(mask), percents[name]) };
  });
  const pruned = scope === "layer" || jobs.length === 0
    ? await pruneLowest(gpu, jobs)
    : await pruneOverAll(gpu, jobs, names.map((name) => percents[name] === 1));
  const changed = names.map((name, i) => [name, { shape: masks[name].shape, data: pruned[i] }]);
  return { ...masks, ...Object.fromEntries(changed) };
}

function isBetweenLevels(criterion: string): criterion is CriterionName {
  return Object.hasOwn(CRITERIA, criterion);
}

/**
 * Live weights by layer at each level from 1 on, as pruning level by level leaves them; of scope
 * "global" their sum.
 *
 * @param start live weights by layer at level 0
 */
export function liveByLevel(
  start: Readonly<Record<string, number>>,
  percents: Percents,
  levels: number,
): Record<string, number>[] {
  const live = Object.entries(start)
    .map(([name, count]) => ({ name, percent: percents[name] ?? 0, count }));
  return Array.from({ length: levels }, () => {
    for (const layer of live) layer.count -= pruneCount(layer.count, layer.percent);
    return Object.fromEntries(live.map(({ name, count }) => [name, count]));
  });
}

/** @param mayEmpty whether a layer may lose its last weight */
async function pruneOverAll(
  gpu: Gpu,
  jobs: readonly ScoreJob[],
  mayEmpty: readonly boolean[],
): Promise<Float32Array[]> {
  const total = jobs.reduce((sum, { mask }) => sum + mask.length, 0);
  const all = { scores: new Float32Array(total), mask: new Float32Array(total) };
  const starts = jobs.map((_, i) => jobs.slice(0, i).reduce((sum, j) => sum + j.mask.length, 0));
  const kept: number[] = [];
  jobs.forEach(({ scores, mask }, i) => {
    all.scores.set(scores, starts[i]);
    all.mask.set(mask, starts[i]);
    // The weight of a layer that would go last is no candidate.
    const last = mayEmpty[i] ? -1 : lastToGo(scores, mask);
    if (last >= 0) kept.push(starts[i] + last);
  });
  for (const i of kept) all.mask[i] = 0;
  const candidates = all.mask.reduce((sum, live) => sum + live, 0);
  const prune = Math.min(candidates, jobs.reduce((sum, job) => sum + job.prune, 0));
  const [pruned] = await pruneLowest(gpu, [{ ...all, prune }]);
  for (const i of kept) pruned[i] = 1;
  return jobs.map(({ mask }, i) => pruned.slice(starts[i], starts[i] + mask.length));
}

/** The live weight with the largest score, the last of equals; -1 without a live weight. */
export function lastToGo(scores: ArrayLike<number>, mask: Float32Array): number {
  let last = -1;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== 0 && (last < 0 || scores[i] >= scores[last])) last = i;
  }
  return last;
}

function liveCount(mask: Float32Array): number {
  return mask.reduce((sum, value) => sum + value, 0);
}

/** Of so many live weights, those that a pruning takes. */
function pruneCount(live: number, percent: number): number {
  const most = percent === 1 ? live : Math.max(0, live - 1);
  return Math.min(Math.round(percent * live), most);
}
