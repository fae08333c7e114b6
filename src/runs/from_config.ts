/** Makes the dataset, the network and the training options of a run from its configuration. */

import { weightedLayers } from "../engine/layer_spec.ts";
import type { ExampleSets } from "../datasets/examples.ts";
import { DatasetBase } from "../foundations/dataset_base.ts";
import type { LevelStart } from "../foundations/experiment.ts";
import type { Dynamic } from "../foundations/dynamic_training.ts";
import { DYNAMIC } from "../foundations/pruning/dynamic.ts";
import { randomMasks } from "../foundations/pruning/random_masks.ts";
import type { Masks } from "../models/masks.ts";
import { INITIALIZERS } from "../models/initializers.ts";
import type { ModelBase } from "../foundations/model.ts";
import { ModelConv } from "../foundations/model_conv.ts";
import { runKey } from "../foundations/seeds.ts";
import type { TrainOptions } from "../foundations/trainer.ts";
import { workOf, type WorkRequest } from "../foundations/queue/train_request.ts";
import { describeRun } from "../records/run_id.ts";
import type { RunConfig } from "./schema.ts";
import { KINDS } from "../records/kinds.ts";
import { type FinishedRun, finishedRun } from "../records/finished_run.ts";
import type { RunResults } from "../records/trained_run.ts";
import { parametersOf } from "../models/parameters.ts";
import { trainedPart } from "./config.ts";
import { CONSTANT, rateOf } from "../engine/schedules.ts";

/** The examples as this run sees them. */
export function datasetOf(config: RunConfig, sets: ExampleSets): DatasetBase {
  const { id: { trial, level, run }, training: { seed, trainOrderSeed }, dataset } = config;
  return new DatasetBase(sets, {
    normalization: dataset.normalization,
    validationSize: dataset.validationSize,
    augment: dataset.augment,
    // Of each run its own, whatever --train-order-seed says of the order.
    augmentKey: runKey({ seed, purpose: "augment", trial, level, run }),
    splitKey: runKey({ seed, purpose: "split", trial }),
    labelKey: dataset.permuteLabels ? runKey({ seed, purpose: "labels" }) : null,
    orderKey: trainOrderSeed === null
      ? runKey({ seed, purpose: "order", trial, level, run })
      : runKey({ seed: trainOrderSeed, purpose: "order" }),
  });
}

/**
 * The network of this run. All levels of a trial's lottery draw the same weights. A run whose masks
 * change draws those that it starts from, where none are given.
 */
export function modelOf(config: RunConfig, start: LevelStart): ModelBase {
  const { id: { kind, trial, level, run }, network, training: { seed }, prunedWeights } = config;
  const { layers, initializer } = network, kernelInitializer = INITIALIZERS[initializer];
  return new ModelConv({ layers, kernelInitializer }, {
    ...{ ...start, prunedWeights },
    masks: start.masks ?? startingMasks(config),
    keyFor: (layer) =>
      KINDS[kind].weights === "drawn"
        ? runKey({ seed, purpose: "reinit", trial, level, run, layer })
        : runKey({ seed, purpose: "init", trial, layer }),
  });
}

/** Masks at random places, of a run whose masks change and that does not begin with all weights. */
function startingMasks(
  { id: { trial, level, run }, network, training: { seed }, dynamic }: RunConfig,
): Masks | undefined {
  if (!dynamic || DYNAMIC[dynamic.rule].startsDense) return undefined;
  const names = weightedLayers(network.layers).map(({ name }) => name);
  return randomMasks(
    parametersOf(network.layers),
    dynamic.live,
    (name) => runKey({ seed, purpose: "sparsity", trial, level, run, layer: names.indexOf(name) }),
  );
}

/** How the masks of this run change; null where they stay. */
function dynamicOf(
  { id: { trial, level, run }, training: { seed }, dynamic }: RunConfig,
): Dynamic | null {
  if (!dynamic) return null;
  return { ...dynamic, key: runKey({ seed, purpose: "growth", trial, level, run }) };
}

/** The fields that decide the shape of a run's program, and its work. */
export function workRequestOf(config: RunConfig, sets: ExampleSets): WorkRequest {
  const { network, training } = config, { start, stop: iterations } = trainedPart(config);
  const { optimizer, batchSize, validateInterval, testInterval } = training;
  return {
    model: network,
    dataset: datasetOf(config, sets),
    ...{ optimizer, batchSize },
    plan: { ...(start > 0 && { start }), iterations, validateInterval, testInterval },
  };
}

/** The work of runs to come, as `workOf` counts it. */
export function workOfRuns(configs: readonly RunConfig[], sets: ExampleSets): number {
  return configs.reduce((sum, config) => sum + workOf(workRequestOf(config, sets)), 0);
}

/** The options with which `train` trains this run. */
export function trainOptionsOf(
  config: RunConfig,
  dataset: DatasetBase,
  model: ModelBase,
): TrainOptions {
  const { optimizer, batchSize, validateInterval, testInterval } = config.training;
  const { start, stop, isLastRate } = trainedPart(config);
  const dynamic = dynamicOf(config);
  const { schedule, iterations: scheduleLength } = config.training, { learningRate } = optimizer;
  const rates = isLastRate
    ? {
      schedule: CONSTANT,
      optimizer: {
        ...optimizer,
        learningRate: rateOf(schedule, learningRate, scheduleLength)(scheduleLength - 1),
      },
    }
    : { schedule, optimizer, scheduleLength };
  return {
    ...{ model, dataset, ...rates, batchSize, validateInterval, testInterval },
    ...{ start, length: { iterations: stop } },
    ...(dynamic && { dynamic }),
    name: describeRun(config.id),
  };
}

/** A finished run in figures, from its configuration and results. */
export function finishedOf(
  { id, network }: RunConfig,
  folder: string,
  results: RunResults,
  found: boolean,
): FinishedRun {
  return finishedRun(id, parametersOf(network.layers), folder, results, found);
}
