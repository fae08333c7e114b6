/**
 * What a lottery experiment found. Takes its finished runs, gives a summary of each and the means over
 * trials by level; `verdict.ts` says whether the last level's ticket won.
 */

import type { AdapterDescription, Curves } from "../engine/mod.ts";
import { fractionText, percentText } from "../analysis/percent.ts";
import { density, type Masks } from "../models/masks.ts";
import { resultsOf } from "../records/trained_run.ts";
import { RUN_KINDS, type RunConfig, type RunId, type RunKind } from "../runs/run_config.ts";

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

function rank({ kind }: Pick<RunId, "kind">): number {
  return RUN_KINDS.indexOf(kind);
}

/** A finished run as one line of progress. */
export function describeSummary(summary: RunSummary): string {
  const { kind, trial, level, run, percent, earlyStopAccuracy, finalAccuracy, found } = summary;
  const what = kind === "ticket" || kind === "train"
    ? `level ${level}`
    : `${kind} ${run} at level ${level}`;
  const accuracy = fractionText(earlyStopAccuracy ?? finalAccuracy);
  return `trial ${trial}  ${what}  ${percentText(percent)} of the weights  ` +
    `test accuracy ${accuracy}${found ? "  (finished before)" : ""}`;
}

/** An adapter in words. */
export function adapterText({ name, isSoftware }: AdapterDescription): string {
  return isSoftware ? `${name}, software on the processor` : name;
}

/** A mean of iterations; a dash where there is none. */
export function iterationText(iteration: number | null): string {
  return iteration === null ? "–" : `${Math.round(iteration)}`;
}

/** The runs of one level and kind; means over them. Accuracies are fractions of the test set. */
export interface LevelSummary {
  kind: RunKind;
  level: number;
  /** Different trials among them. */
  trials: number;
  runs: number;
  /** Weights remaining in percent. */
  percent: number;
  /** Null without a validation split. */
  earlyStopIteration: number | null;
  /** Null too where the test set was not evaluated at that iteration. */
  earlyStopAccuracy: number | null;
  finalAccuracy: number;
}

/** Levels in order, tickets before the control. */
export function summarizeLevels(runs: readonly RunSummary[]): LevelSummary[] {
  const groups = Map.groupBy(runs, ({ kind, level }) => `${kind} ${level}`);
  const levels = [...groups.values()].map((group): LevelSummary => ({
    kind: group[0].kind,
    level: group[0].level,
    trials: new Set(group.map(({ trial }) => trial)).size,
    runs: group.length,
    percent: mean(group.map((run) => run.percent)),
    earlyStopIteration: meanOrNull(group.map((run) => run.earlyStopIteration)),
    earlyStopAccuracy: meanOrNull(group.map((run) => run.earlyStopAccuracy)),
    finalAccuracy: mean(group.map((run) => run.finalAccuracy)),
  }));
  return levels.sort((a, b) => a.level - b.level || rank(a) - rank(b));
}

function mean(values: number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function meanOrNull(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === values.length ? mean(known) : null;
}
