/**
 * Compares pruning methods by the runs of their experiments: accuracy level by level, ranks within
 * trials, paired tests against the first method, layers and the overlap of masks.
 */

import type { Masks } from "../../models/masks.ts";
import type { Overlap } from "../anatomy.ts";
import { MIN_TRIALS, pairedTest } from "../statistics.ts";
import { levelsOf, type Metric, metricOf, type StudyRun, trialMeans } from "../study.ts";

/** A finished run of a comparison: its kind is its method, or `shuffledOf` or `invertedOf` it. */
export interface MethodRun extends StudyRun<string> {}

/** The kind of a method's controls with masks that are shuffled within each layer. */
export const shuffledOf = (method: string): string => `shuffled ${method}`;

/** The kind of a method's controls with masks of inverted scores. */
export const invertedOf = (method: string): string => `inverted ${method}`;

/** The methods that have runs, in the given order. */
export function methodsIn(runs: readonly MethodRun[], order: readonly string[]): string[] {
  const found = new Set(runs.map(({ kind }) => kind));
  return order.filter((method) => found.has(method));
}

/** By which accuracy methods are compared: that at the early stop, where every run has one. */
export function comparedMetric(runs: readonly MethodRun[]): Metric {
  const isKnown = runs.every((run) => metricOf(run, "earlyStopAccuracy") !== null);
  return isKnown ? "earlyStopAccuracy" : "finalAccuracy";
}

/** The outcome of a paired test at 5%. */
export type RankVerdict = "better" | "worse" | "no difference shown" | "too few trials";

/** A method at a level, among the others there. */
export interface RankRow {
  level: number;
  /** Weights remaining. */
  percent: number;
  method: string;
  /** Trials that all methods of the level have: no others are compared. */
  trials: number;
  /** In percent, mean over these trials. */
  accuracy: number;
  /** 1 is the most accurate; equals share the mean of their places. Mean over trials. */
  rank: number;
  /** Points above the first method; null of itself. */
  difference: number | null;
  /** Student's 95% interval of the difference; null with one trial. */
  interval: readonly [number, number] | null;
  /** Of the two-sided paired t-test of that difference. */
  p: number | null;
  verdict: RankVerdict | null;
}

/**
 * Ranks methods within each trial and level and tests each against the first of them. Every test is
 * at 5% for itself: of twenty methods that do not differ, one is expected to be called different.
 */
export function rankRows(
  runs: readonly MethodRun[],
  methods: readonly string[],
  metric: Metric,
): RankRow[] {
  const levels = Map.groupBy(runs.filter(({ kind }) => methods.includes(kind)), (run) => run.level);
  return [...levels].sort(([a], [b]) => a - b).flatMap(([level, here]) => {
    const present = methodsIn(here, methods);
    const means = present.map((method) =>
      trialMeans(here.filter(({ kind }) => kind === method), metric)
    );
    const trials = [...means[0].keys()].filter((trial) => means.every((of) => of.has(trial)));
    if (trials.length === 0) return [];
    const values = means.map((of) => trials.map((trial) => of.get(trial)!));
    const ranks = trials.map((_, i) => ranksOf(values.map((of) => of[i])));
    return present.map((method, m): RankRow => ({
      level,
      percent: mean(here.filter(({ kind }) => kind === method).map(({ percent }) => percent)),
      method,
      trials: trials.length,
      accuracy: mean(values[m]),
      rank: mean(ranks.map((places) => places[m])),
      ...againstFirst(values[0], m === 0 ? null : values[m]),
    }));
  });
}

function againstFirst(first: readonly number[], other: readonly number[] | null) {
  if (other === null) return { difference: null, interval: null, p: null, verdict: null };
  const differences = other.map((value, i) => value - first[i]);
  const test = pairedTest(differences), isEnough = differences.length >= MIN_TRIALS;
  return {
    difference: mean(differences),
    interval: test?.interval ?? null,
    p: test?.p ?? null,
    verdict: isEnough && test ? verdictOf(test) : "too few trials" as const,
  };
}

function verdictOf({ mean, p }: { mean: number; p: number }): RankVerdict {
  return p >= 0.05 ? "no difference shown" : mean > 0 ? "better" : "worse";
}

/** Places of values, the largest first; equals share the mean of theirs. */
export function ranksOf(values: readonly number[]): number[] {
  return values.map((value) => {
    const above = values.filter((other) => other > value).length;
    const equal = values.filter((other) => other === value).length;
    return above + (equal + 1) / 2;
  });
}

/** Of each method the mean of its mean ranks, over the levels below the full network. */
export function meanRanks(rows: readonly RankRow[]): Map<string, number> {
  const byMethod = Map.groupBy(rows.filter(({ level }) => level > 0), ({ method }) => method);
  return new Map([...byMethod].map(([method, rows]) => [method, mean(rows.map((r) => r.rank))]));
}

/** A layer of a method's tickets of a level. */
export interface MethodLayer {
  method: string;
  level: number;
  percent: number;
  layer: string;
  /** Live weights of the layer in percent, mean over trials. */
  density: number;
}

/** @param sizes weights of each layer */
export function methodLayers(
  runs: readonly MethodRun[],
  methods: readonly string[],
  sizes: Readonly<Record<string, number>>,
): MethodLayer[] {
  return methods.flatMap((method) =>
    levelsOf(runs, method).flatMap(({ level, percent, runs }) =>
      Object.entries(sizes).map(([layer, size]): MethodLayer => ({
        ...{ method, level, percent, layer },
        density: mean(runs.map(({ liveByLayer }) => 100 * liveByLayer[layer] / size)),
      }))
    )
  );
}

/** The masks of a method's ticket in a trial. */
export interface MethodMasks {
  method: string;
  trial: number | string;
  masks: Masks;
}

/** How the tickets of two methods at a level overlap; means over the trials that both have. */
export interface MethodOverlap extends Overlap {
  level: number;
  percent: number;
  one: string;
  other: string;
  trials: number;
}

/** The overlap of each pair of methods at a level, from all of their masks there. */
export function methodOverlaps(
  { level, percent }: { level: number; percent: number },
  all: readonly MethodMasks[],
  methods: readonly string[],
): MethodOverlap[] {
  const pairs = methods.flatMap((one, i) => methods.slice(i + 1).map((other) => [one, other]));
  return pairs.flatMap(([one, other]) => {
    const found = all.filter(({ method }) => method === one).flatMap(({ trial, masks }) => {
      const twin = all.find((ticket) => ticket.method === other && ticket.trial === trial);
      const shared = twin && maskOverlap(masks, twin.masks);
      return shared ? [shared] : [];
    });
    if (found.length === 0) return [];
    const jaccard = mean(found.map(({ jaccard }) => jaccard));
    const byChance = mean(found.map(({ byChance }) => byChance));
    return [{ level, percent, one, other, trials: found.length, jaccard, byChance }];
  });
}

/**
 * The overlap of two networks' masks over all layers. By chance: masks at random places with the
 * same density in each layer, as in `overlap`. Null where neither has a live weight.
 */
export function maskOverlap(one: Masks, other: Masks): Overlap | null {
  let both = 0, either = 0, bothByChance = 0, eitherByChance = 0;
  for (const [layer, { data }] of Object.entries(one)) {
    const twin = other[layer].data;
    let live = 0, twinLive = 0;
    for (let i = 0; i < data.length; i++) {
      const a = data[i] === 0 ? 0 : 1, b = twin[i] === 0 ? 0 : 1;
      both += a & b;
      either += a | b;
      live += a;
      twinLive += b;
    }
    const expected = live * twinLive / data.length;
    bothByChance += expected;
    eitherByChance += live + twinLive - expected;
  }
  if (either === 0) return null;
  return { jaccard: both / either, byChance: bothByChance / eitherByChance };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
