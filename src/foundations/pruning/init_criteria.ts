/**
 * INIT_CRITERIA, the table of the ways to prune a network before it is trained: of its weights,
 * those with the largest scores stay (compared by Frankle et al., "Pruning neural networks at
 * initialization: why are we missing the mark?", 2021).
 */

import type { Gpu } from "../../engine/device.ts";
import { weightedLayers } from "../../engine/layer_spec.ts";
import { type Key, RandomStream } from "../../engine/random.ts";
import type { Masks } from "../../models/masks.ts";
import type { Network } from "../../models/network.ts";
import type { DatasetBase } from "../dataset_base.ts";
import type { ModelBase } from "../model.ts";
import { CRITERIA } from "./criteria.ts";
import { erdosRenyiCounts } from "./erdos_renyi.ts";
import { hessianGradientProducts, lossGradients } from "./gradients.ts";
import type { BatchChoice } from "./host_batches.ts";
import { synflow, synflowMasks } from "./output_flow.ts";
import { type PruningTarget, type Scores, selectByScore, targetGroups } from "./selection.ts";

/** A network to prune before it is trained, and what scores its weights. */
export interface InitContext {
  /** Computes gradients. */
  gpu: Gpu;
  /** The network at its initial weights. */
  model: Pick<ModelBase, "layers" | "weights" | "biases" | "masks">;
  /** The examples that it will be trained on. */
  dataset: DatasetBase;
  /** Which training batches the scores are means over. */
  scores: BatchChoice;
  /** The key of a layer's random numbers, by its place among those with weights. */
  keyFor: (layer: number) => Key;
}

/** A criterion. */
interface InitCriterion {
  /** Completes a sentence of `--help`: which weights stay. */
  help: string;
  /** Whether its scores depend on training examples. */
  needsData: boolean;
  /** Whether weights compete over all layers, if nothing else is asked for; null: not by scope. */
  isGlobal: boolean | null;
  /** Scores the weights, once for any number of targets. */
  scores(context: InitContext): Scores | Promise<Scores>;
  /** The target as the criterion shares it out. Default: as it is. */
  targetOf?(target: PruningTarget, masks: Masks): PruningTarget;
  /** Prunes in rounds, each by scores of what is left. Default: once. */
  inRounds?(model: InitContext["model"], target: PruningTarget): Promise<Masks>;
}

/** Scores by one of the criteria between levels, the network being the same before and after. */
function scoresBy(criterion: "magnitude" | "random", { model, keyFor }: InitContext): Scores {
  return Object.fromEntries(
    weightedLayers(model.layers).map(({ name }, i) => {
      const { data } = model.weights[name], stream = new RandomStream(keyFor(i));
      return [name, CRITERIA[criterion].score({ initial: data, final: data, stream })];
    }),
  );
}

async function snipScores({ gpu, model, dataset, scores }: InitContext): Promise<Scores> {
  const products = weightTimes(model, await lossGradients(gpu, model, dataset, scores));
  return Object.fromEntries(
    Object.entries(products).map(([name, values]) => [name, values.map(Math.abs)]),
  );
}

async function graspScores({ gpu, model, dataset, scores }: InitContext): Promise<Scores> {
  return weightTimes(model, await hessianGradientProducts(gpu, model, dataset, scores));
}

/** The products of weights and what belongs to them. Exact in 64 bits: none vanishes. */
function weightTimes(
  { weights }: InitContext["model"],
  others: Network,
): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data }]) => {
      const products = new Float64Array(data.length), other = others[name].data;
      for (let i = 0; i < data.length; i++) products[i] = data[i] * other[i];
      return [name, products];
    }),
  );
}

/** The same target in all, shared by the layers as `erdosRenyiCounts` does. */
function shared(target: PruningTarget, masks: Masks): PruningTarget {
  const live = { ...target.live };
  for (const { layers, after } of targetGroups({ ...target, scope: "global" }, masks)) {
    const kept = layers.filter(({ mayEmpty }) => !mayEmpty);
    const shapes = kept.map(({ name }) => [name, masks[name].shape]);
    Object.assign(live, erdosRenyiCounts(Object.fromEntries(shapes), after));
  }
  return { scope: "layer", live };
}

/** To add a criterion is to add a row. */
export const INIT_CRITERIA = {
  magnitude: {
    help: "largest initial magnitude",
    needsData: false,
    isGlobal: true,
    scores: (context: InitContext): Scores => scoresBy("magnitude", context),
  },
  random: {
    help: "chosen at random",
    needsData: false,
    isGlobal: true,
    scores: (context: InitContext): Scores => scoresBy("random", context),
  },
  erdos_renyi: {
    help: "chosen at random, a smaller fraction of wider layers (Mocanu et al. 2018)",
    needsData: false,
    isGlobal: null,
    scores: (context: InitContext): Scores => scoresBy("random", context),
    targetOf: shared,
  },
  snip: {
    help: "largest |weight · gradient| (Lee et al. 2019)",
    needsData: true,
    isGlobal: true,
    scores: snipScores,
  },
  grasp: {
    help: "largest weight · (Hessian · gradient), which keeps gradients large (Wang et al. 2020)",
    needsData: true,
    isGlobal: true,
    scores: graspScores,
  },
  synflow: {
    help: "most of the flow from inputs to outputs, in 100 rounds (Tanaka et al. 2020)",
    needsData: false,
    isGlobal: true,
    scores: ({ model }: InitContext): Scores => synflow(model),
    inRounds: synflowMasks,
  },
} as const satisfies Record<string, InitCriterion>;

/** The name of a way to prune before training. */
export type InitCriterionName = keyof typeof INIT_CRITERIA;
/** All of them. */
export const INIT_CRITERION_NAMES = Object.keys(INIT_CRITERIA) as InitCriterionName[];

/** How masks are made. */
export interface InitOptions {
  /**
   * Whether the weights with the smallest scores stay instead (a check of Frankle et al. 2021): of
   * synflow those of the whole network, without rounds. Default: false.
   */
  isInverted?: boolean;
}

/**
 * Masks of a network that is not trained yet, one set per target; its weights are scored once for
 * all targets. Of equal scores, those of the lowest index go. A layer keeps at least one weight
 * unless its target is 0.
 *
 * ```ts
 * import { DatasetBase, masksAtInit, ModelFc, openGpu } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const points = { inputs: [1, 2, -1, 3], labels: [0, 1], count: 2, features: 2 };
 * const dataset = new DatasetBase({ name: "two points", classes: 2, train: points, test: points });
 * const model = new ModelFc({ layers: [[3, "tanh"], [2, null]] }, 2, { seed: 1 });
 * const gpu = await openGpu();
 * const context = { gpu, model, dataset, scores: { batches: 1, batchSize: 2 } };
 * const live = { layer0: 3, layer1: 4 };
 * const [masks] = await masksAtInit({ ...context, keyFor: (layer) => [layer, 0] }, "snip", [
 *   { scope: "layer", live },
 * ]);
 * assertEquals(masks.layer0.data.reduce((sum, mask) => sum + mask), 3);
 * gpu.destroy();
 * ```
 *
 * @throws InputError for a target that cannot be met, scores that cannot be sorted, and as
 *   `lossGradients`
 */
export async function masksAtInit(
  context: InitContext,
  criterion: InitCriterionName,
  targets: readonly PruningTarget[],
  options: InitOptions = {},
): Promise<Masks[]> {
  return (await scoredMasksAtInit(context, criterion, targets, options)).masks;
}

/**
 * The same with the scores that they are made by: of several rounds, those of the first. Throws as
 * `masksAtInit`.
 */
export async function scoredMasksAtInit(
  context: InitContext,
  criterion: InitCriterionName,
  targets: readonly PruningTarget[],
  { isInverted = false }: InitOptions = {},
): Promise<{ scores: Scores; masks: Masks[] }> {
  const { model } = context, { masks } = model;
  for (const target of targets) targetGroups(target, masks);
  const { scores: score, targetOf, inRounds }: InitCriterion = INIT_CRITERIA[criterion];
  const scores = await score(context), used = isInverted ? negated(scores) : scores;
  const found: Masks[] = [];
  for (const target of targets) {
    found.push(
      inRounds && !isInverted
        ? await inRounds(model, target)
        : selectByScore(used, masks, targetOf?.(target, masks) ?? target),
    );
  }
  return { scores, masks: found };
}

function negated(scores: Scores): Scores {
  return Object.fromEntries(
    Object.entries(scores).map(([name, values]) => [name, values.map((score) => -score)]),
  );
}
