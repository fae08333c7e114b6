/**
 * The ways in which a lottery's trial comes to the masks of its levels: from each level's weights,
 * from those of level 0 alone, before training, or within each run.
 */

import type { DatasetBase } from "../foundations/dataset_base.ts";
import {
  experiment,
  type ExperimentFunctions,
  type LevelResult,
} from "../foundations/experiment.ts";
import type { ModelBase } from "../foundations/model.ts";
import type { Scores } from "../foundations/pruning/selection.ts";
import { type Masks, shrunkMasks } from "../models/masks.ts";
import type { ScoredPruning } from "../runs/provide.ts";

/** The result of a trained level. */
type Level = LevelResult & { level: number };

/** A pruning of the trial. */
export type PrunedLevel = Omit<ScoredPruning, "trial" | "scope">;

type Shared = Omit<
  ExperimentFunctions<DatasetBase, ModelBase, Level>,
  "iterations" | "pruneMasks"
>;

/** The functions of a trial. */
export interface TrialFunctions extends Shared {
  /** Scores a trained level's weights. */
  score(result: Level): Record<string, Float32Array>;
  /** The next level's masks by these scores. */
  prune(masks: Masks, scores: Readonly<Record<string, Float32Array>>): Promise<Masks>;
  /** Receives each pruning, as soon as it is done. */
  onPruned(pruned: PrunedLevel): void;
  /** Carries out what does not wait for each other. */
  sideBySide(parts: readonly (() => Promise<unknown>)[]): Promise<PromiseSettledResult<unknown>[]>;
  /** Keeps the scores of a pruning; called once the run that was scored is saved. */
  keep(pruned: PrunedLevel): Promise<void>;
}

/** Trains the tickets of a trial; returns the masks of its last level. */
export async function lastMasks(functions: TrialFunctions, levels: number): Promise<Masks> {
  const pruneMasks = async (result: Level) => {
    const { level, masks: before } = result, scores = functions.score(result);
    const after = await functions.prune(before, scores);
    const pruned = { level, next: level + 1, scores, before, after };
    functions.onPruned(pruned);
    await functions.keep(pruned);
    return after;
  };
  return (await experiment({ ...functions, pruneMasks, iterations: levels })).at(-1)!.masks;
}

/**
 * The same where level 0 alone decides the masks: the levels are then trained side by side. Pruning
 * the same weights level by level takes as many from each layer as the usual experiment does, and
 * of those that are left always the smallest: the masks of pruning once.
 */
export async function oneShotMasks(functions: TrialFunctions, levels: number): Promise<Masks> {
  const { makeDataset, makeModel, trainModel, rewind } = functions;
  const dataset = await makeDataset(0);
  const full = await trainModel(0, dataset, await makeModel(0, dataset, functions.start ?? {}));
  const masks = [full.masks];
  if (levels > 0) {
    const scores = functions.score(full);
    for (let level = 1; level <= levels; level++) {
      const last = masks[level - 1], pruned = await functions.prune(last, scores);
      masks.push(shrunkMasks(last, pruned, `masks of level ${level}`));
    }
    const pruned = { level: 0, next: levels, scores, before: full.masks, after: masks[levels] };
    functions.onPruned(pruned);
    await functions.keep(pruned);
  }
  await allOf(
    functions,
    masks.slice(1).map((masks, i) => async () => {
      const level = i + 1, dataset = await makeDataset(level);
      const start = { masks, ...await rewind!([full], masks) };
      return await trainModel(level, dataset, await makeModel(level, dataset, start));
    }),
  );
  return masks[levels];
}

/**
 * The same where nothing is trained for the masks: all levels are trained side by side.
 *
 * @param masksOf makes the masks of all levels from 1 on
 */
export async function masksBeforeTraining(
  functions: TrialFunctions,
  masksOf: (model: ModelBase, dataset: DatasetBase) => Promise<{ scores: Scores; masks: Masks[] }>,
): Promise<Masks> {
  const { makeDataset, makeModel, trainModel, rewind, start = {}, onPruned, keep } = functions;
  const dataset = await makeDataset(0), full = await makeModel(0, dataset, start);
  const { weights, biases, masks: before } = full;
  const untrained = {
    ...{ level: 0, initial: weights, initialBiases: biases, final: weights, masks: before },
  };
  const { scores, masks: levels } = await masksOf(full, dataset), after = levels.at(-1);
  const pruned = after && { level: 0, next: levels.length, scores, before, after };
  if (pruned) onPruned(pruned);
  await allOf(functions, [
    async () => {
      await trainModel(0, dataset, full);
      if (pruned) await keep(pruned);
    },
    ...levels.map((masks, i) => async () => {
      const level = i + 1, dataset = await makeDataset(level);
      const start = { masks, ...await rewind!([untrained], masks) };
      return await trainModel(level, dataset, await makeModel(level, dataset, start));
    }),
  ]);
  return after ?? before;
}

/**
 * The same where each level makes its own masks in its one run: all are trained side by side, from
 * the random weights of level 0 (`openLottery` refuses another start).
 */
export async function dynamicMasks(functions: TrialFunctions, levels: number): Promise<Masks> {
  const { makeDataset, makeModel, trainModel } = functions;
  let last: Masks = {};
  const runs = Array.from({ length: levels + 1 }, (_, level) => async () => {
    const dataset = await makeDataset(level);
    const { masks } = await trainModel(level, dataset, await makeModel(level, dataset, {}));
    if (level === levels) last = masks;
  });
  await allOf(functions, runs);
  return last;
}

/** Waits for all, also where one fails: that one's error is thrown then. */
async function allOf(
  { sideBySide }: TrialFunctions,
  runs: readonly (() => Promise<unknown>)[],
): Promise<void> {
  for (const result of await sideBySide(runs)) {
    if (result.status === "rejected") throw result.reason;
  }
}
