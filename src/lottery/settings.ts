/** The settings of runs that a protocol asks for. */

import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { type OptimizerSpec, optimizerSpec } from "../engine/optimizers.ts";
import type { Protocol, TrainingPoint } from "./protocols.ts";
import { augmentationOf, statisticsOf } from "../foundations/dataset_base.ts";
import { DYNAMIC } from "../foundations/pruning/dynamic.ts";
import { INIT_CRITERIA, type InitCriterionName } from "../foundations/pruning/init_criteria.ts";
import type { Pruning } from "../foundations/pruning/pruning_spec.ts";
import { checkRewinding, type Rewinding } from "../foundations/rewinding.ts";
import { networkLayers } from "../models/layers.ts";
import { iterationsOf } from "../foundations/trainer.ts";
import type { RunSettings } from "../runs/schema.ts";
import { checkSchedule } from "../engine/schedules.ts";

/** Options of `settingsFor`. */
export interface SettingsOptions {
  protocol: Protocol;
  data: LoadedDataset;
  seed: number;
  permuteLabels?: boolean;
  /** Seed of the data order alone, the same in every run; from `seed` if absent. */
  trainOrderSeed?: number;
}

/** The settings of the runs that a protocol asks for on these examples. */
export function settingsFor(options: SettingsOptions): RunSettings {
  const { protocol, data, seed, permuteLabels = false, trainOrderSeed = null } = options;
  const { validationSize, trainingLength, batchSize, normalization } = protocol;
  const augment = augmentationOf(protocol.augment, data.sets);
  const iterations = iterationsOf(
    trainingLength,
    data.sets.train.count - validationSize,
    batchSize,
  );
  const { schedule: kind, warmup, milestones, gamma } = protocol;
  const schedule = { kind, warmup, milestones: [...milestones], gamma };
  checkSchedule(schedule, iterations);
  return {
    network: {
      layers: networkLayers(protocol.layers, data.record.shape, data.sets.classes),
      initializer: protocol.initializer,
    },
    training: {
      ...{ seed, trainOrderSeed },
      ...{ optimizer: optimizerOf(protocol), schedule, batchSize, iterations },
      validateInterval: protocol.validateInterval,
      testInterval: protocol.testInterval,
    },
    dataset: {
      ...data.record,
      normalization,
      ...(normalization === "standardize" && { statistics: statisticsOf(data.sets) }),
      ...{ validationSize, permuteLabels },
      ...(augment && { augment: [...augment.names] }),
    },
  };
}

/** How a protocol prunes. */
export function pruningOf(protocol: Protocol, oneShot: boolean): Pruning & { oneShot: boolean } {
  const { criterion, scope, prunePercents: percents, pruneAt, scoreBatches } = protocol;
  const { dynamic: rule, dynamicInterval: interval, dynamicFraction: fraction } = protocol;
  if (rule !== null) {
    const dynamic = { rule, interval, ...(DYNAMIC[rule].share && { fraction }) };
    return { criterion, scope, percents, oneShot, dynamic };
  }
  if (pruneAt === "end") return { criterion, scope, percents, oneShot };
  const { needsData } = INIT_CRITERIA[criterion as InitCriterionName];
  return {
    ...{ criterion, scope, percents, oneShot, at: pruneAt },
    ...(needsData && { scoreBatches }),
  };
}

/** The rewinding of a protocol, its points in iterations of these runs. */
export function rewindingOf(protocol: Protocol, { training, dataset }: RunSettings): Rewinding {
  const { rewind, rewindLearningRate: rate, survivors, iterationsPerLevel } = protocol;
  const at = (point: TrainingPoint) =>
    `${iterationsOf(point, dataset.trainCount - dataset.validationSize, training.batchSize)}`;
  const rewinding: Rewinding = {
    to: rewind === "final" ? rewind : at(rewind),
    ...(rewind === "final" && { rate: rate === "last" ? rate : at(rate) }),
    survivors,
    ...(iterationsPerLevel !== null && { iterations: iterationsPerLevel }),
  };
  // That of records which have none.
  if (rewinding.rate === "0") delete rewinding.rate;
  checkRewinding(rewinding, training.iterations);
  return rewinding;
}

/** The optimizer of a protocol, with its constants. */
export function optimizerOf(protocol: Protocol): OptimizerSpec {
  const { optimizer: { kind }, learningRate, momentum, weightDecay } = protocol;
  return optimizerSpec(kind, learningRate, { momentum, weightDecay });
}
