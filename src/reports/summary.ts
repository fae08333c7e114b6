/**
 * Summarizes a lottery experiment: means over trials by level, and a line for each run.
 * `verdict.ts` says whether the last level's ticket won.
 */

import type { AdapterDescription } from "../engine/mod.ts";
import { fractionText, percentText } from "../analysis/percent.ts";
import type { RunKind } from "../runs/run_config.ts";
import { rank, type RunSummary } from "../runs/run_summary.ts";

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
