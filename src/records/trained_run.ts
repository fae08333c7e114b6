/** A trained run, its early-stop point, and its results in a few numbers. */

import type { CurvePoint, Curves, KernelKind, LayerSpec } from "../engine/mod.ts";
import { density, type Masks } from "../models/masks.ts";
import type { MaskStep } from "../models/mask_history.ts";
import type { Network } from "../models/network.ts";
import type { AdapterDescription } from "../engine/adapter.ts";

/** A trained run. */
export interface TrainedRun {
  /** The shape of the network. */
  layers: LayerSpec[];
  /** Weights before training, (inputs, units) by layer. */
  initial: Network;
  /** Biases before training, (units) by layer. */
  initialBiases: Network;
  /** Weights after training. */
  final: Network;
  /** Biases after training. */
  finalBiases: Network;
  /** Masks that it was trained with; where they changed, the last ones. */
  masks: Masks;
  /** Where they changed: all of them, those of its start first. */
  history?: readonly MaskStep[];
  /** How many updates were made. */
  iterations: number;
  /** How the kernels that trained it stored the network. */
  kernels: KernelKind;
  /** Parts in which they made the first layer's sums. */
  forwardParts: number;
  /** The adapters that trained it, each from an iteration on: one, unless resumed elsewhere. */
  adapters: AdapterUse[];
  /** Loss and accuracy by iteration. */
  curves: Curves;
}

/** How a run's sums were made, which decides last bits. */
export type KernelsUsed = Pick<TrainedRun, "kernels" | "forwardParts">;

/**
 * The early-stop point of a run: that of the smallest validation loss, the first of equals. A loss
 * that is NaN is not the smallest.
 */
export function earlyStop(curves: Curves): CurvePoint | null {
  return curves.validate.filter(({ loss }) => !Number.isNaN(loss)).reduce<CurvePoint | null>(
    (best, point) => best === null || point.loss < best.loss ? point : best,
    null,
  );
}

/** A finished run in numbers, as its record has them. Accuracies are fractions, 0 to 1. */
export interface RunResults {
  /** Live weights by layer. */
  live: Record<string, number>;
  /** Iteration of the smallest validation loss; null without a validation split. */
  earlyStopIteration: number | null;
  /** Whether it is the last at which that loss was measured: it might have come later still. */
  isStopLast: boolean;
  /** On the test set, at that iteration; null if there is none, or no evaluation then. */
  earlyStopAccuracy: number | null;
  /** On the test set, after the last iteration. */
  finalAccuracy: number;
  /**
   * On the last 100 batches, each before its update: the training set is not evaluated whole. Null
   * of a run without updates.
   */
  finalTrainAccuracy: number | null;
  /**
   * On the test set, before the first update: what a ticket can do without training (Zhou et al.
   * 2019). Null where it is not known: records of earlier versions lack it.
   */
  initialAccuracy: number | null;
}

const LAST_BATCHES = 100;

/** The results of a run with these masks and curves. */
export function resultsOf({ masks, curves }: Pick<TrainedRun, "masks" | "curves">): RunResults {
  const { train, validate, test } = curves, stop = earlyStop(curves);
  const last = train.slice(-LAST_BATCHES);
  return {
    live: Object.fromEntries(
      Object.entries(density(masks).layers).map(([name, { live }]) => [name, live]),
    ),
    earlyStopIteration: stop?.iteration ?? null,
    isStopLast: stop !== null && stop === validate.at(-1),
    earlyStopAccuracy:
      (stop && test.find(({ iteration }) => iteration === stop.iteration)?.accuracy) ?? null,
    finalAccuracy: test.at(-1)!.accuracy,
    finalTrainAccuracy: last.length === 0
      ? null
      : last.reduce((sum, { accuracy }) => sum + accuracy, 0) / last.length,
    initialAccuracy: test[0].accuracy,
  };
}

/** The adapter that trained a run from an iteration on. */
export interface AdapterUse {
  /** The first of its iterations. */
  iteration: number;
  /** Its description. */
  adapter: AdapterDescription;
}
