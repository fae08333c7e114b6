/** A finished run in figures, and the order in which runs are listed. */

import type { Curves } from "../engine/curves.ts";
import { density, type Masks } from "../models/masks.ts";
import { RUN_KINDS, type RunConfig, type RunId } from "./run_config.ts";
import { resultsOf } from "../records/trained_run.ts";

/** A finished run in figures. Accuracies are fractions of the test set. */
export interface RunSummary extends RunId {
  folder: string;
  /** Whether it was finished before this experiment started. */
  found: boolean;
  live: number;
  total: number;
  /** Weights remaining, the paper's Pm. */
  percent: number;
  /** Iteration of the smallest validation loss; null without a validation split. */
  earlyStopIteration: number | null;
  earlyStopAccuracy: number | null;
  finalAccuracy: number;
  /** Classes that the network tells apart. */
  classes: number;
}

/**
 * A finished run in figures.
 *
 * @param found whether it was finished before this experiment started
 */
export function summarizeRun(
  { kind, trial, level, run, layers }: RunId & Pick<RunConfig, "layers">,
  folder: string,
  { masks, curves }: { masks: Masks; curves: Curves },
  found: boolean,
): RunSummary {
  const { live, total, percent } = density(masks);
  const { earlyStopIteration, earlyStopAccuracy, finalAccuracy } = resultsOf({ masks, curves });
  return {
    kind,
    trial,
    level,
    run,
    folder,
    found,
    live,
    total,
    percent,
    earlyStopIteration,
    earlyStopAccuracy,
    finalAccuracy,
    classes: layers.at(-1)!.units,
  };
}

/** Compares runs as they are listed: tickets, then controls, by level, then by trial and number. */
export function inOrder(a: RunId, b: RunId): number {
  return rank(a) - rank(b) || a.level - b.level || a.trial - b.trial || a.run - b.run;
}

export function rank({ kind }: Pick<RunId, "kind">): number {
  return RUN_KINDS.indexOf(kind);
}
