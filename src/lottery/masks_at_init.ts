/**
 * The masks that a lottery pruned at initialization makes before it trains, and those that the same
 * scores give when they are inverted (a check of Frankle et al. 2021).
 */

import type { ExampleSets } from "../datasets/examples.ts";
import { InputError } from "../errors.ts";
import type { DatasetBase } from "../foundations/dataset_base.ts";
import type { ModelBase } from "../foundations/model.ts";
import { type InitCriterionName, scoredMasksAtInit } from "../foundations/pruning/init_criteria.ts";
import { liveByLevel } from "../foundations/pruning/pruning.ts";
import type { Scores } from "../foundations/pruning/selection.ts";
import type { RunQueue } from "../foundations/queue/run_queue.ts";
import { runKey } from "../foundations/seeds.ts";
import { density, type Masks } from "../models/masks.ts";
import { parametersOf } from "../models/parameters.ts";
import { restoreRun } from "../records/saved_run.ts";
import type { Storage } from "../storage/storage.ts";
import { datasetOf, modelOf } from "../runs/from_config.ts";
import type { RunConfig } from "../runs/schema.ts";

/** A lottery's level 0, ready to be trained. */
export interface FullNetwork {
  /** Of its ticket of level 0, pruned at initialization. */
  config: RunConfig;
  model: ModelBase;
  /** The examples as level 0 sees them. */
  dataset: DatasetBase;
}

/**
 * Masks of the levels from 1 on, at the densities of the usual levels, and the scores.
 *
 * @param isInverted whether the weights with the smallest scores stay
 * @throws InputError as `masksAtInit`
 */
export async function levelMasks(
  queue: RunQueue,
  { config, model, dataset }: FullNetwork,
  levels: number,
  isInverted = false,
): Promise<{ scores: Scores; masks: Masks[] }> {
  const { id: { trial }, training: { seed, batchSize } } = config;
  const { criterion, scope, percents, scoreBatches: batches = 1 } = config.pruning!;
  const keyFor = (layer: number) => runKey({ seed, purpose: "scores", trial, layer });
  const start = Object.entries(density(model.masks).layers).map(([name, { live }]) => [name, live]);
  const targets = liveByLevel(Object.fromEntries(start), percents, levels)
    .map((live) => ({ scope, live }));
  return await queue.onGpu((gpu) =>
    scoredMasksAtInit(
      { gpu, model, dataset, scores: { batches, batchSize }, keyFor },
      criterion as InitCriterionName,
      targets,
      { isInverted },
    )
  );
}

/** @throws InputError unless a ticket's lottery was pruned at initialization */
export function checkInvertible({ folder, config }: { folder: string; config: RunConfig }): void {
  if (config.pruning?.at === "init") return;
  throw new InputError(
    `${folder} belongs to a lottery that scores trained weights, and inverted scores are those ` +
      "of run-lottery --prune-at init: name such an experiment, or leave inverted out of --places",
  );
}

/**
 * The masks of a lottery on disk by its inverted scores, level 0's first.
 *
 * @param full its trial's ticket of level 0, whose initial weights are scored
 * @throws StorageError, FormatError if that cannot be read; InputError as `levelMasks`
 */
export async function invertedMasks(
  { storage, queue, sets }: { storage: Storage; queue: RunQueue; sets: ExampleSets },
  { folder, config }: { folder: string; config: RunConfig },
  levels: number,
): Promise<Masks[]> {
  const saved = await restoreRun(storage, folder, parametersOf(config.network.layers));
  const { masks, initial: presets, initialBiases: presetBiases } = saved;
  const model = modelOf(config, { masks, presets, presetBiases });
  const full = { config, model, dataset: datasetOf(config, sets) };
  const { masks: inverted } = await levelMasks(queue, full, levels, true);
  return [model.masks, ...inverted];
}
