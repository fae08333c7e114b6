/**
 * The runs that figures and claims are about. A study is made of finished runs that were trained
 * alike: one network, one dataset, one protocol. Computes means over trials by level and kind.
 */

import type { FinishedRun } from "../records/finished_run.ts";
import type { SeriesKind } from "./series.ts";
import { summarize, type Summary } from "./statistics.ts";

/** A finished run of a study. */
export interface StudyRun<Kind extends string = SeriesKind> extends
  Omit<
    FinishedRun,
    "kind" | "trial" | "found" | "live" | "total" | "classes" | "initialAccuracy"
  >,
  Partial<Pick<FinishedRun, "initialAccuracy">> {
  /** Its kind; in a comparison of methods, its method. */
  kind: Kind;
  /** Number or name of the trial, which runs share that began with the same full network. */
  trial: number | string;
}

/** A number that `metricOf` reads off a run: accuracies in percent, iterations as they are. */
export type Metric =
  | "earlyStopIteration"
  | "earlyStopAccuracy"
  | "finalAccuracy"
  | "finalTrainAccuracy"
  | "initialAccuracy";

/** A run's number; null where it has none: no validation split, no evaluation there. */
export function metricOf(run: StudyRun<string>, metric: Metric): number | null {
  const value = run[metric] ?? null;
  if (value !== null && !Number.isFinite(value)) return null;
  return value === null || metric === "earlyStopIteration" ? value : 100 * value;
}

/** A level of a kind of runs. */
export interface Level<Run extends StudyRun<string> = StudyRun> {
  level: number;
  /** Weights remaining, mean over its runs. */
  percent: number;
  runs: Run[];
}

/** The levels of a kind of runs, the densest first. */
export function levelsOf<Run extends StudyRun<string>>(
  runs: readonly Run[],
  kind: Run["kind"],
): Level<Run>[] {
  const groups = Map.groupBy(runs.filter((run) => run.kind === kind), ({ level }) => level);
  return [...groups].map(([level, runs]) => ({ level, percent: meanPercent(runs), runs }))
    .sort((a, b) => a.level - b.level);
}

function meanPercent(runs: readonly StudyRun<string>[]): number {
  return mean(runs.map(({ percent }) => percent));
}

/** One number per trial: the mean over its runs. A trial with a run that has none is left out. */
export function trialMeans<Run extends StudyRun<string>>(
  runs: readonly Run[],
  of: Metric | ((run: Run) => number | null),
): Map<Run["trial"], number> {
  const read = typeof of === "string" ? (run: Run) => metricOf(run, of) : of;
  const means = new Map<Run["trial"], number>();
  for (const [trial, group] of Map.groupBy(runs, ({ trial }) => trial)) {
    const values = group.map(read).filter((value) => value !== null);
    if (values.length === group.length) means.set(trial, mean(values));
  }
  return means;
}

/** The mean over trials; null where one of them, or every one, has no number. */
export function meanOverTrials<Run extends StudyRun<string>>(
  runs: readonly Run[],
  of: Metric | ((run: Run) => number | null),
): number | null {
  const means = trialMeans(runs, of);
  const isKnown = means.size > 0 && means.size === new Set(runs.map(({ trial }) => trial)).size;
  return isKnown ? mean([...means.values()]) : null;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A metric of a kind at a level. The unit is the trial: its runs count as their mean. */
export interface LevelMetric<Kind extends string = SeriesKind> extends Summary {
  kind: Kind;
  level: number;
  percent: number;
  runs: number;
}

/** A metric over all levels of the given kinds; levels without it are left out. */
export function levelMetrics<Kind extends string>(
  runs: readonly StudyRun<Kind>[],
  kinds: readonly Kind[],
  metric: Metric,
): LevelMetric<Kind>[] {
  return kinds.flatMap((kind) =>
    levelsOf(runs, kind).flatMap(({ level, percent, runs }) => {
      const values = [...trialMeans(runs, metric).values()];
      return values.length === 0
        ? []
        : [{ kind, level, percent, runs: runs.length, ...summarize(values) }];
    })
  );
}

/**
 * The levels nearest to densities that somebody asked for, each at most once, densest first. One
 * that is more than 15% off is none: levels of the paper are 20% apart.
 */
export function nearestLevels<L extends Level<StudyRun<string>>>(
  levels: readonly L[],
  percents: readonly number[],
): L[] {
  const found = percents.map((percent) => nearestLevel(levels, percent));
  return levels.filter((level) => found.includes(level));
}

/** The level nearest to a density, null if that is more than 15% off. */
export function nearestLevel<L extends Level<StudyRun<string>>>(
  levels: readonly L[],
  percent: number,
): L | null {
  const distance = (level: L) => Math.abs(Math.log(level.percent / percent));
  const best = levels.reduce<L | null>(
    (best, level) => best === null || distance(level) < distance(best) ? level : best,
    null,
  );
  return best !== null && distance(best) <= Math.log(1.15) ? best : null;
}
