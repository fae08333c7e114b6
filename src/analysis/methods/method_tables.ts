/** The numbers of a comparison of pruning methods as tables. */

import type { Column, DataTable } from "../data_table.ts";
import type { MethodLayer, MethodOverlap, RankRow } from "./methods.ts";
import type { LevelMetric } from "../study.ts";

const REMAINING: Column = {
  key: "weights_remaining",
  title: "weights remaining (%)",
  digits: 2,
};

/** Ranks and paired tests, one row for each method and level. */
export function rankTable(rows: readonly RankRow[]): DataTable {
  return {
    name: "ranks",
    title: "Ranks, and paired t-tests against the first method",
    columns: [
      ...columns("level"),
      REMAINING,
      ...columns("method", "trials"),
      { key: "test_accuracy", title: "test accuracy (%)", digits: 2 },
      { key: "mean_rank", title: "mean rank", digits: 2 },
      { key: "difference", title: "points above the first", digits: 2 },
      { key: "low", title: "95% interval from", digits: 2 },
      { key: "high", title: "to", digits: 2 },
      { key: "p", title: "p", digits: 3 },
      ...columns("verdict"),
    ],
    rows: rows.map(({ percent, accuracy, rank, interval, ...row }) => ({
      ...row,
      weights_remaining: percent,
      test_accuracy: accuracy,
      mean_rank: rank,
      low: interval?.[0] ?? null,
      high: interval?.[1] ?? null,
    })),
  };
}

/** Means over all trials of each method, with their spread. */
export function methodLevelTable(rows: readonly LevelMetric<string>[]): DataTable {
  return {
    name: "accuracies",
    title: "Test accuracy by method: means over trials",
    columns: [
      ...columns("method", "level"),
      REMAINING,
      ...columns("trials"),
      { key: "mean", title: "test accuracy (%)", digits: 2 },
      { key: "min", title: "least", digits: 2 },
      { key: "max", title: "greatest", digits: 2 },
      { key: "low", title: "95% interval from (bootstrap)", digits: 2 },
      { key: "high", title: "to", digits: 2 },
    ],
    rows: rows.map(({ kind, level, percent, trials, mean, min, max, interval }) => ({
      method: kind,
      ...{ level, trials, mean, min, max },
      weights_remaining: percent,
      low: interval?.[0] ?? null,
      high: interval?.[1] ?? null,
    })),
  };
}

/** Live weights of each layer. */
export function methodLayerTable(rows: readonly MethodLayer[]): DataTable {
  return {
    name: "layers",
    title: "Layers by method: means over trials",
    columns: [
      ...columns("method", "level"),
      REMAINING,
      ...columns("layer"),
      { key: "density", title: "live weights (%)", digits: 2 },
    ],
    rows: rows.map(({ percent, ...row }) => ({ ...row, weights_remaining: percent })),
  };
}

/** Each pair of methods at each level. */
export function methodOverlapTable(rows: readonly MethodOverlap[]): DataTable {
  return {
    name: "overlaps",
    title: "Overlap of masks, by pairs of methods: means over trials",
    columns: [
      ...columns("level"),
      REMAINING,
      ...columns("one", "other", "trials"),
      { key: "jaccard", title: "Jaccard index", digits: 4 },
      { key: "by_chance", title: "by chance", digits: 4 },
    ],
    rows: rows.map(({ percent, byChance, ...row }) => ({
      ...row,
      weights_remaining: percent,
      by_chance: byChance,
    })),
  };
}

/** Columns whose name says it all. */
function columns(...keys: string[]): Column[] {
  return keys.map((key) => ({ key, title: key.replaceAll("_", " ") }));
}
