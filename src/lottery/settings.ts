/** The settings of runs that a protocol asks for. */

import type { Activation } from "../engine/layer_spec.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { type OptimizerSpec, optimizerSpec } from "../engine/optimizers.ts";
import type { Protocol } from "./protocols.ts";
import type { RunSettings } from "../runs/run_config.ts";
import { fcLayers } from "../foundations/model_fc.ts";
import { iterationsOf } from "../foundations/trainer.ts";

/** What decides the settings of an experiment's runs. */
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
  const { validationSize, trainingLength, batchSize, initializer } = protocol;
  const hidden = protocol.layers.map((units): [number, Activation] => [units, "relu"]);
  return {
    seed,
    layers: fcLayers(
      { layers: [...hidden, [data.sets.classes, null]] },
      data.sets.train.features,
    ),
    optimizer: optimizerOf(protocol),
    batchSize,
    iterations: iterationsOf(trainingLength, data.sets.train.count - validationSize, batchSize),
    validationSize,
    validateInterval: protocol.validateInterval,
    testInterval: protocol.testInterval,
    ...(initializer !== "glorot" && { initializer }),
    normalization: protocol.normalization,
    dataset: data.record,
    permuteLabels,
    trainOrderSeed,
  };
}

/** The optimizer of a protocol, with its constants. */
export function optimizerOf(protocol: Protocol): OptimizerSpec {
  const { optimizer: { kind }, learningRate, momentum } = protocol;
  return optimizerSpec(kind, learningRate, { momentum });
}
