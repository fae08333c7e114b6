/**
 * Trains one run (the original's trainer.train). Takes a model, a dataset and how to train; gives the
 * weights before and after, the masks and the curves. A run always trains to its end; the early-stop
 * iteration is found afterwards.
 */

import type { CurvePoint, Curves, LayerSpec, OptimizerSpec } from "../engine/mod.ts";
import { DivergedError, InputError } from "../errors.ts";
import type { DatasetBase } from "./dataset_base.ts";
import type { Masks } from "./masks.ts";
import type { ModelBase } from "./model.ts";
import type { Network } from "./network.ts";
import type { RunQueue, TrainRequest } from "./run_queue.ts";

/** Length of a run: training iterations, or passes over the training set. */
export type TrainingLength = { iterations: number } | { epochs: number };

/** A trained run. */
export interface TrainedRun {
  layers: LayerSpec[];
  initial: Network;
  initialBiases: Network;
  final: Network;
  finalBiases: Network;
  masks: Masks;
  iterations: number;
  curves: Curves;
}

/** Iterations of a run: an epoch is ceil(examples / batch) of them, the last batch may be short. */
export function iterationsOf(
  length: TrainingLength,
  trainCount: number,
  batchSize: number,
): number {
  const iterations = "iterations" in length
    ? length.iterations
    : length.epochs * Math.ceil(trainCount / batchSize);
  if (Number.isSafeInteger(iterations) && iterations >= 0) return iterations;
  throw new InputError(`training length of ${iterations} iterations: give an integer, 0 or more`);
}

/** What to train and for how long. */
export interface TrainOptions {
  model: ModelBase;
  dataset: DatasetBase;
  optimizer: OptimizerSpec;
  /** Examples per iteration; the last batch of an epoch may be shorter. */
  batchSize: number;
  length: TrainingLength;
  /** Iterations between two evaluations on the validation split; null for none. Default: null. */
  validateInterval?: number | null;
  /** The same for the test set. */
  testInterval?: number | null;
  /** Names the run in error messages: "ticket, trial 1, level 3". */
  name?: string;
}

/** What the queue is asked for. */
export function trainRequest(options: TrainOptions): TrainRequest {
  const { model, dataset, optimizer, batchSize, length } = options;
  const { validateInterval = null, testInterval = null } = options;
  const iterations = iterationsOf(length, dataset.trainCount, batchSize);
  const plan = { iterations, validateInterval, testInterval };
  return { model, dataset, optimizer, batchSize, plan };
}

/**
 * Trains one run on the queue.
 *
 * @throws DivergedError naming the first iteration whose loss is not finite
 */
export async function train(queue: RunQueue, options: TrainOptions): Promise<TrainedRun> {
  const { model, optimizer, name = "run" } = options;
  const request = trainRequest(options);
  const { iterations } = request.plan;
  const { curves, divergedAt, final } = await queue.train(request);
  const isFinite = final.every(({ weights, biases }) =>
    weights.every(Number.isFinite) && biases.every(Number.isFinite)
  );
  if (divergedAt !== null || !isFinite) {
    const iteration = divergedAt ?? iterations;
    throw new DivergedError(
      `${name}: training diverged, the loss is not finite at iteration ${iteration}; ` +
        `use a learning rate below ${optimizer.learningRate}`,
      iteration,
    );
  }
  const byLayer = (what: "weights" | "biases", shape: (layer: LayerSpec) => number[]): Network =>
    Object.fromEntries(
      model.layers.flatMap((layer, i) =>
        what === "biases" && !layer.useBias
          ? []
          : [[layer.name, { shape: shape(layer), data: final[i][what] }]]
      ),
    );
  return {
    layers: model.layers,
    initial: model.weights,
    initialBiases: model.biases,
    final: byLayer("weights", ({ inputs, units }) => [inputs, units]),
    finalBiases: byLayer("biases", ({ units }) => [units]),
    masks: model.masks,
    iterations,
    curves,
  };
}

/** The early-stop point of a run: that of the smallest validation loss, the first of equals. */
export function earlyStop(curves: Curves): CurvePoint | null {
  return curves.validate.reduce<CurvePoint | null>(
    (best, point) => best === null || point.loss < best.loss ? point : best,
    null,
  );
}
