/**
 * Summarizes a lottery experiment: means over trials by level, and a line for each run.
 * `verdict.ts` says whether the last level's ticket won.
 */

import type { AdapterDescription } from "../../engine/mod.ts";
import { fractionText, percentText } from "../../analysis/percent.ts";
import { rank } from "../../records/run_id.ts";
import type { FinishedRun } from "../../records/finished_run.ts";
import { levelsOf, meanOverTrials } from "../../analysis/study.ts";
import { RUN_KINDS, type RunKind } from "../../records/kinds.ts";

/** A finished run as one line of progress. */
export function describeFinished(run: FinishedRun): string {
  const { kind, trial, level, percent, earlyStopAccuracy, finalAccuracy, found } = run;
  const what = kind === "ticket" || kind === "train"
    ? `level ${level}`
    : kind === "rewind_point"
    ? "up to the rewind point"
    : `${kind} ${run.run} at level ${level}`;
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
  /** Before training; null where it is not known. */
  initialAccuracy: number | null;
}

/** Levels in order, tickets before their controls. */
export function summarizeLevels(runs: readonly FinishedRun[]): LevelSummary[] {
  const levels = RUN_KINDS.flatMap((kind) =>
    levelsOf(runs, kind).map(({ level, percent, runs }): LevelSummary => ({
      kind,
      level,
      trials: new Set(runs.map(({ trial }) => trial)).size,
      runs: runs.length,
      percent,
      earlyStopIteration: meanOverTrials(runs, (run) => run.earlyStopIteration),
      earlyStopAccuracy: meanOverTrials(runs, (run) => run.earlyStopAccuracy),
      finalAccuracy: meanOverTrials(runs, (run) => run.finalAccuracy)!,
      initialAccuracy: meanOverTrials(runs, (run) => run.initialAccuracy),
    }))
  );
  return levels.sort((a, b) => a.level - b.level || rank(a) - rank(b));
}
