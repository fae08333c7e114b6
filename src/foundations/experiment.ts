/**
 * The lottery ticket experiment (the original's experiment.py; section 2 of the paper): train, then
 * for each level prune by the final weights, rewind the survivors to their initial values, and train
 * again. Takes four functions and the number of levels; gives what the last level came to.
 */

import type { DatasetBase } from "./dataset_base.ts";
import type { Masks } from "./masks.ts";
import type { ModelBase } from "./model.ts";
import type { Network } from "./network.ts";

/** What `trainModel` gives back, as far as the experiment needs it. */
export interface LevelResult {
  initial: Network;
  initialBiases?: Network;
  final: Network;
  masks: Masks;
}

/** What a level's network starts from. */
export interface LevelStart {
  masks?: Masks;
  presets?: Network;
  presetBiases?: Network;
}

/** The four functions of an experiment. Dataset and model are made anew for every level. */
export interface ExperimentFunctions<
  Dataset extends DatasetBase,
  Model extends ModelBase,
  Result extends LevelResult,
> {
  makeDataset(level: number): Dataset | Promise<Dataset>;
  makeModel(level: number, dataset: Dataset, start: LevelStart): Model | Promise<Model>;
  trainModel(level: number, dataset: Dataset, model: Model): Promise<Result>;
  /** New masks from the current ones and the final weights of the level that they were used in. */
  pruneMasks(masks: Masks, finalWeights: Network): Masks | Promise<Masks>;
  /** How many times to prune; 0 trains the dense network alone. */
  iterations: number;
  /** What level 0 starts from. Default: the initializer's weights and no pruning. */
  start?: LevelStart;
}

/** Runs one trial and gives its levels' results, level 0 first. */
export async function experiment<
  Dataset extends DatasetBase,
  Model extends ModelBase,
  Result extends LevelResult,
>(functions: ExperimentFunctions<Dataset, Model, Result>): Promise<Result[]> {
  const { makeDataset, makeModel, trainModel, pruneMasks, iterations, start = {} } = functions;
  const runLevel = async (level: number, from: LevelStart) => {
    const dataset = await makeDataset(level);
    return await trainModel(level, dataset, await makeModel(level, dataset, from));
  };
  const results = [await runLevel(0, start)];
  const { initial, initialBiases } = results[0];
  for (let level = 1; level <= iterations; level++) {
    const { masks, final } = results[level - 1];
    const pruned = await pruneMasks(masks, final);
    results.push(
      await runLevel(level, {
        masks: pruned,
        presets: initial,
        presetBiases: initialBiases,
      }),
    );
  }
  return results;
}
