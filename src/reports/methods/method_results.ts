/** The results of a comparison of pruning methods: ranks, the chart of accuracies, and a text. */

import { PALETTE } from "../../analysis/palette.ts";
import { percentText } from "../../analysis/percent.ts";
import {
  comparedMetric,
  meanRanks,
  type MethodRun,
  methodsIn,
  type RankRow,
  rankRows,
} from "../../analysis/methods/methods.ts";
import { MIN_TRIALS } from "../../analysis/statistics.ts";
import { levelMetrics, type Metric } from "../../analysis/study.ts";
import { formatTable } from "../../analysis/table.ts";
import { type LevelPanel, levelPanel } from "../../figures/level_figures.ts";
import type { SeriesStyles } from "../../figures/scales.ts";
import { METHOD_NAMES, METHODS } from "../../lottery/methods.ts";
import { count } from "../../words.ts";

/** How each method is named and drawn. */
export const METHOD_STYLES: SeriesStyles = Object.fromEntries(
  METHOD_NAMES.map((name) => {
    const { label, color, shape } = METHODS[name];
    return [name, { label, color: PALETTE[color], shape }];
  }),
);

/** Results of a comparison. */
export interface MethodResults {
  /** The methods that have runs, in the table's order. */
  methods: string[];
  metric: Metric;
  ranks: RankRow[];
  /** Accuracies of all levels. */
  levels: ReturnType<typeof levelMetrics<string>>;
}

/** Computes them; runs of kinds that are no methods are left out. */
export function methodResults(runs: readonly MethodRun[]): MethodResults {
  const methods = methodsIn(runs, METHOD_NAMES);
  const metric = comparedMetric(runs.filter(({ kind }) => methods.includes(kind)));
  return {
    ...{ methods, metric },
    ranks: rankRows(runs, methods, metric),
    levels: levelMetrics(runs, methods, metric),
  };
}

/** The panels of accuracies: at the early stop, where there is one, and at the end. */
export function methodPanels(
  runs: readonly MethodRun[],
  { methods, metric }: MethodResults,
): LevelPanel[] {
  const panel = (title: string, metric: Metric) =>
    levelPanel(runs, methods, { title, yTitle: "Test accuracy (%)", metric });
  return [
    ...(metric === "earlyStopAccuracy" ? [panel("At early stop", metric)] : []),
    panel("At the end of training", "finalAccuracy"),
  ];
}

/** A table of methods by density, and who differs from the first. */
export function resultsText({ methods, metric, ranks }: MethodResults): string {
  const levels = [...Map.groupBy(ranks, ({ level }) => level).values()];
  const overall = meanRanks(ranks);
  const rows = methods.map((method) => [
    METHODS[method as keyof typeof METHODS].label,
    ...levels.map((rows) => {
      const row = rows.find((row) => row.method === method);
      return row ? `${percentText(row.accuracy)} (${row.rank.toFixed(1)})` : "–";
    }),
    overall.get(method)?.toFixed(1) ?? "–",
  ]);
  const headers = ["weights remaining", ...levels.map(([{ percent }]) => percentText(percent, 1))];
  const where = metric === "earlyStopAccuracy" ? "at the early stop" : "at the end of training";
  const trials = Math.max(0, ...ranks.map(({ trials }) => trials));
  return [
    formatTable([...headers, "mean rank"], rows, "l"),
    `Test accuracy ${where}, and in brackets the rank within a trial; means of ${
      count(trials, "trial")
    }.`,
    ...verdictLines(methods, ranks),
  ].join("\n");
}

function verdictLines([first, ...others]: readonly string[], ranks: readonly RankRow[]): string[] {
  const tested = ranks.filter(({ verdict, level }) => verdict !== null && level > 0);
  if (tested.length === 0) return [];
  if (tested.every(({ verdict }) => verdict === "too few trials")) {
    return [`Nothing is tested with fewer than ${MIN_TRIALS} trials: an example, not a proof.`];
  }
  return others.map((method) => {
    const own = tested.filter((row) => row.method === method);
    const parts = [...Map.groupBy(own, ({ verdict }) => verdict)].map(([verdict, rows]) =>
      `${verdict} at ${rows.map(({ percent }) => percentText(percent, 1)).join(", ")}`
    );
    return `${method} against ${first} (paired t-test, 5%): ${parts.join("; ")}`;
  });
}
