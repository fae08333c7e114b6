/**
 * Trains one run (the original's trainer.train). Takes a model, a dataset and how to train; gives the
 * weights before and after, the masks and the curves. A run always trains to its end; the early-stop
 * iteration is found afterwards.
 */

import type { CurvePoint, Curves, LayerSpec } from "../engine/mod.ts";
import { DivergedError, InputError } from "../errors.ts";
import type { Masks } from "./masks.ts";
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

/**
 * Trains one run on the queue.
 *
 * @param name of the run in error messages: "ticket, trial 1, level 3"
 * @throws DivergedError naming the first iteration whose loss is not finite
 */
export async function train(
  queue: RunQueue,
  request: TrainRequest,
  name = "run",
): Promise<TrainedRun> {
  const { model, optimizer, plan: { iterations } } = request;
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
