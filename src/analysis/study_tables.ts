/** The numbers of a study as tables: its runs, its claims and the anatomy of its tickets. */

import type { ClaimResult } from "./claims.ts";
import type { Column, DataTable } from "./data_table.ts";
import type { SeriesKind } from "./series.ts";
import { levelsOf, type Metric, metricOf, type StudyRun, trialMeans } from "./study.ts";
import { summarize } from "./statistics.ts";
import type { KernelRow } from "./kernel_anatomy.ts";
import type { LayerRow, OverlapRow } from "./ticket_anatomy.ts";

const METRICS: readonly { metric: Metric; key: string; title: string; digits: number }[] = [
  {
    metric: "initialAccuracy",
    key: "initial_test_accuracy",
    title: "test accuracy before training (%)",
    digits: 2,
  },
  {
    metric: "earlyStopIteration",
    key: "early_stop_iteration",
    title: "early stop at iteration",
    digits: 0,
  },
  {
    metric: "earlyStopAccuracy",
    key: "early_stop_test_accuracy",
    title: "test accuracy there (%)",
    digits: 2,
  },
  {
    metric: "finalAccuracy",
    key: "final_test_accuracy",
    title: "test accuracy at the end (%)",
    digits: 2,
  },
  {
    metric: "finalTrainAccuracy",
    key: "final_train_accuracy",
    title: "training accuracy at the end (%)",
    digits: 2,
  },
];

/** Every run with its results. */
export function runTable(runs: readonly StudyRun<string>[]): DataTable {
  return {
    name: "runs",
    title: "Runs",
    columns: [
      ...columns("kind", "trial", "level", "run"),
      { key: "weights_remaining", title: "weights remaining (%)", digits: 2 },
      ...METRICS.map(({ key, title, digits }) => ({ key, title, digits })),
      { key: "folder", title: "folder" },
    ],
    rows: runs.map((run) => ({
      kind: run.kind,
      trial: run.trial,
      level: run.level,
      run: run.run,
      weights_remaining: run.percent,
      ...Object.fromEntries(METRICS.map(({ metric, key }) => [key, metricOf(run, metric)])),
      folder: run.folder,
    })),
  };
}

/** Means over trials by kind and level; files also have minimum, maximum and interval. */
export function levelTable(runs: readonly StudyRun[], kinds: readonly SeriesKind[]): DataTable {
  return {
    name: "levels",
    title: "Levels: means over trials",
    columns: [
      ...columns("kind", "level"),
      { key: "weights_remaining", title: "weights remaining (%)", digits: 2 },
      ...columns("trials", "runs"),
      ...METRICS.flatMap(({ key, title, digits }) => [
        { key, title, digits },
        ...["min", "max", "low", "high"].map((end) => ({
          key: `${key}_${end}`,
          title: `${title}, ${END_NAMES[end]}`,
          digits,
          isFileOnly: true,
        })),
      ]),
    ],
    rows: kinds.flatMap((kind) =>
      levelsOf(runs, kind).map(({ level, percent, runs }) => ({
        kind,
        level,
        weights_remaining: percent,
        trials: new Set(runs.map(({ trial }) => trial)).size,
        runs: runs.length,
        ...Object.assign({}, ...METRICS.map(({ metric, key }) => metricCells(runs, metric, key))),
      }))
    ),
  };
}

const END_NAMES: Record<string, string> = {
  min: "least",
  max: "greatest",
  low: "95% interval from",
  high: "to",
};

function metricCells(runs: readonly StudyRun[], metric: Metric, key: string) {
  const values = [...trialMeans(runs, metric).values()];
  if (values.length === 0) return {};
  const { mean, min, max, interval } = summarize(values);
  return {
    [key]: mean,
    [`${key}_min`]: min,
    [`${key}_max`]: max,
    [`${key}_low`]: interval?.[0] ?? null,
    [`${key}_high`]: interval?.[1] ?? null,
  };
}

/** The claims, one by one. */
export function claimTable(claims: readonly ClaimResult[]): DataTable {
  return {
    name: "claims",
    title: "Claims of the paper",
    columns: columns(
      "id",
      "claim",
      "source",
      "paper",
      "quantity",
      "unit",
      "value",
      "low",
      "high",
      "trials",
      "verdict",
      "why",
      "next",
    ),
    rows: claims.map(({ interval, ...claim }) => ({
      ...claim,
      low: interval?.[0] ?? null,
      high: interval?.[1] ?? null,
    })),
  };
}

/** The layers of every ticket. */
export function layerTable(rows: readonly LayerRow[]): DataTable {
  return {
    name: "layers",
    title: "Layers of the tickets",
    columns: [
      ...columns("trial", "level", "layer"),
      { key: "weights_remaining", title: "weights remaining (%)", digits: 2 },
      ...columns("live"),
      { key: "density", title: "live weights (%)", digits: 2 },
      { key: "effective_density", title: "effective density (%)", digits: 2 },
      ...columns("units", "no_input", "no_output", "inputs", "unused_inputs"),
      { key: "distance", title: "distance moved (L2)", digits: 3 },
      { key: "mean_change", title: "mean change", digits: 4 },
      { key: "signs_kept", title: "signs kept (%)", digits: 1 },
      { key: "in_degree_mean", title: "live inputs of a neuron", digits: 1 },
      { key: "out_degree_mean", title: "live weights of an input", digits: 1 },
    ],
    rows: rows.map((row) => ({
      trial: row.trial,
      level: row.level,
      layer: row.layer,
      weights_remaining: row.percent,
      live: row.live,
      density: row.density,
      effective_density: row.effectiveDensity,
      units: row.units,
      no_input: row.noInput,
      no_output: row.noOutput,
      inputs: row.inputs,
      unused_inputs: row.unusedInputs,
      distance: row.distance,
      mean_change: row.meanChange,
      signs_kept: row.signsKept,
      in_degree_mean: row.inDegree?.mean ?? null,
      out_degree_mean: row.outDegree?.mean ?? null,
    })),
  };
}

/** The convolutions of every ticket; single counts are in the files. */
export function kernelTable(rows: readonly KernelRow[]): DataTable {
  const most = (counts: readonly number[]) => Math.max(...counts);
  const list = (counts: readonly number[]) => counts.map((n) => Number(n.toPrecision(4))).join(" ");
  return {
    name: "kernels",
    title: "Convolutions of the tickets",
    columns: [
      ...columns("trial", "level", "layer"),
      { key: "weights_remaining", title: "weights remaining (%)", digits: 2 },
      ...columns("height", "width", "filters"),
      { key: "dead_filters", title: "filters without a live weight" },
      { key: "unread_filters", title: "filters that nothing reads" },
      { key: "filter_most", title: "most live weights of a filter" },
      ...columns("channels"),
      { key: "unused_channels", title: "input channels that nothing reads" },
      { key: "channel_most", title: "most live weights of a channel" },
      { key: "live_by_position", title: "live weights by position (%)", isFileOnly: true },
      { key: "live_by_filter", title: "live weights by filter", isFileOnly: true },
      { key: "live_by_channel", title: "live weights by input channel", isFileOnly: true },
    ],
    rows: rows.map((row) => ({
      ...{ trial: row.trial, level: row.level, layer: row.layer },
      ...{ weights_remaining: row.percent, height: row.height, width: row.width },
      filters: row.filters.length,
      dead_filters: row.deadFilters,
      unread_filters: row.unreadFilters,
      filter_most: most(row.filters),
      channels: row.channels.length,
      unused_channels: row.channels.filter((live) => live === 0).length,
      channel_most: most(row.channels),
      live_by_position: list(row.positions),
      live_by_filter: list(row.filters),
      live_by_channel: list(row.channels),
    })),
  };
}

/** The overlap of masks, pair by pair. */
export function overlapTable(rows: readonly OverlapRow[]): DataTable {
  return {
    name: "overlaps",
    title: "Overlap of masks",
    columns: [
      ...columns("between", "level", "layer", "one", "other"),
      { key: "weights_remaining", title: "weights remaining (%)", digits: 2 },
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

/** The lines between pairs of tickets. */
export interface ConnectionRow {
  level: number;
  /** Weights remaining of the sparser. */
  percent: number;
  kind: string;
  /** Folders of the two. */
  a: string;
  b: string;
  /** Of the test loss, in nats. */
  barrier: number;
  /** 0 to 1. */
  disagreement: number;
  /** On the way from the one to the other. */
  testLosses: readonly number[];
}

/** Barriers and disagreement, pair by pair, with the test loss on the way. */
export function connectivityTable(rows: readonly ConnectionRow[]): DataTable {
  const points = rows[0]?.testLosses.length ?? 0;
  return {
    name: "connectivity",
    title: "Paths between tickets",
    columns: [
      ...columns("kind", "level"),
      { key: "weights_remaining", title: "weights remaining (%)", digits: 2 },
      ...columns("a", "b"),
      { key: "barrier", title: "barrier (nats)", digits: 4 },
      { key: "disagreement", title: "disagreement (%)", digits: 2 },
      ...Array.from({ length: points }, (_, i) => ({
        key: `test_loss_${i}`,
        title: `test loss at ${i}/${points - 1}`,
        digits: 3,
      })),
    ],
    rows: rows.map(({ level, percent, kind, a, b, barrier, disagreement, testLosses }) => ({
      kind,
      level,
      weights_remaining: percent,
      a,
      b,
      barrier,
      disagreement: 100 * disagreement,
      ...Object.fromEntries(testLosses.map((loss, i) => [`test_loss_${i}`, loss])),
    })),
  };
}

/** Columns whose name says it all. */
function columns(...keys: string[]): Column[] {
  return keys.map((key) => ({ key, title: key.replaceAll("_", " ") }));
}
