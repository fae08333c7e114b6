/**
 * The lottery ticket experiment (the original's experiment.py; section 2 of the paper): train, then
 * for each level prune, rewind the survivors, and train again. Five functions say how.
 */

import { InputError } from "../errors.ts";
import type { DatasetBase } from "./dataset_base.ts";
import { type Masks, shrunkMasks } from "../models/masks.ts";
import type { ModelBase } from "./model.ts";
import type { GivenNetwork, Network } from "../models/network.ts";

/** The part of `trainModel`'s result that the experiment needs. */
export interface LevelResult {
  /** Weights before training. */
  initial: Network;
  /** Biases before training; 0 if absent. */
  initialBiases?: Network;
  /** Weights after training. */
  final: Network;
  /** Biases after training. */
  finalBiases?: Network;
  /** The masks that it was trained with. */
  masks: Masks;
}

/** The start of a level's network. */
export interface LevelStart {
  /** Masks by layer name; no pruning without. */
  masks?: Masks;
  /** Initial weights; drawn where they are absent. */
  presets?: Network;
  /** Initial biases; 0 where they are absent. */
  presetBiases?: Network;
}

/** The values to which a level's survivors return. */
export type Rewound = Pick<LevelStart, "presets" | "presetBiases">;

/** The paper's rewinding (section 2): every survivor starts from its initial value at level 0. */
export function rewindToStart([{ initial, initialBiases }]: readonly LevelResult[]): Rewound {
  return { presets: initial, presetBiases: initialBiases };
}

/** The five functions of an experiment. Dataset and model are made anew for every level. */
export interface ExperimentFunctions<
  Dataset extends DatasetBase,
  Model extends ModelBase,
  Result extends LevelResult,
> {
  /** The examples that a level sees. */
  makeDataset(level: number): Dataset | Promise<Dataset>;
  /** The network of a level, from masks and initial weights. */
  makeModel(level: number, dataset: Dataset, start: LevelStart): Model | Promise<Model>;
  /** Trains a network; `train` does, and so may anything else. */
  trainModel(level: number, dataset: Dataset, model: Model): Promise<Result>;
  /**
   * The next level's masks, from everything that the level before came to: one of each layer, with
   * a 1 only where the current one has it.
   */
  pruneMasks(result: NoInfer<Result>): GivenNetwork | Promise<GivenNetwork>;
  /**
   * The values from which the next level's survivors start, from the results of all levels so far,
   * level 0 first, and the next level's masks. Default: level 0's initial ones, the paper's
   * rewinding.
   */
  rewind?(results: readonly NoInfer<Result>[], masks: Masks): Rewound | Promise<Rewound>;
  /** How many times to prune; 0 trains the dense network alone. */
  iterations: number;
  /** The start of level 0. Default: the initializer's weights and no pruning. */
  start?: LevelStart;
}

/**
 * Runs one trial and returns its levels' results, level 0 first.
 *
 * ```ts
 * import { DatasetBase, experiment, type LevelStart, ModelFc } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * // What the experiment does, seen with a "training" that adds 1 to each weight.
 * const one = { inputs: Float32Array.of(1), labels: Uint8Array.of(0), count: 1, features: 1 };
 * const results = await experiment({
 *   iterations: 2,
 *   makeDataset: () => new DatasetBase({ name: "one", classes: 4, train: one, test: one }),
 *   makeModel: (_level, _dataset, start: LevelStart) =>
 *     new ModelFc({ layers: [[4, null]] }, 1, start),
 *   trainModel: (_level, _dataset, { weights, masks }) => {
 *     const { shape, data } = weights.layer0;
 *     const final = { layer0: { shape, data: data.map((weight) => weight + 1) } };
 *     return Promise.resolve({ initial: weights, final, masks });
 *   },
 *   // Prunes the first weight that is left.
 *   pruneMasks: ({ masks: { layer0: { shape, data } } }) => {
 *     const first = data.indexOf(1);
 *     return { layer0: { shape, data: data.map((live, i) => i === first ? 0 : live) } };
 *   },
 * });
 * const masks = results.map(({ masks }) => [...masks.layer0.data].join(""));
 * assertEquals(masks, ["1111", "0111", "0011"]);
 * // The survivors are back at their initial values.
 * assertEquals(results[2].initial.layer0.data[3], results[0].initial.layer0.data[3]);
 * ```
 *
 * @throws InputError if the number of iterations is no such number, if pruned masks cannot be used,
 *   or a network does not have them; what the five functions throw
 */
export async function experiment<
  Dataset extends DatasetBase,
  Model extends ModelBase,
  Result extends LevelResult,
>(functions: ExperimentFunctions<Dataset, Model, Result>): Promise<Result[]> {
  const { makeDataset, makeModel, trainModel, pruneMasks, iterations, start = {} } = functions;
  const rewind = functions.rewind ?? rewindToStart;
  if (!Number.isSafeInteger(iterations) || iterations < 0) {
    throw new InputError(`${iterations} pruning iterations: give an integer, 0 or more`);
  }
  const runLevel = async (level: number, from: LevelStart) => {
    const dataset = await makeDataset(level);
    const model = await makeModel(level, dataset, from);
    checkMasked(model, from.masks ?? {}, level);
    return await trainModel(level, dataset, model);
  };
  const results = [await runLevel(0, start)];
  for (let level = 1; level <= iterations; level++) {
    const last = results[level - 1];
    const masks = shrunkMasks(last.masks, await pruneMasks(last), `masks of level ${level}`);
    results.push(await runLevel(level, { masks, ...await rewind(results, masks) }));
  }
  return results;
}

/** A network made without the level's masks would train as if nothing were pruned. */
function checkMasked(model: ModelBase, masks: Masks, level: number): void {
  for (const [name, { data }] of Object.entries(masks)) {
    const used = model.masks[name]?.data;
    if (used && data.every((live, i) => live === used[i])) continue;
    throw new InputError(
      `the network of level ${level} does not have the mask of ${name} that its level starts ` +
        "from: makeModel must pass its third argument on to the model",
    );
  }
}
