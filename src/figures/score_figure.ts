/** The scores by which levels were pruned, as a Vega-Lite specification. */

import type { TopLevelSpec } from "../npm/vega.ts";
import { PALETTE } from "../analysis/palette.ts";
import type { ScoreHistogram } from "../analysis/score_histogram.ts";
import { CHART_CONFIG, SMALL_PANEL } from "./chart_style.ts";
import { scoreText } from "./score_text.ts";
import { type ChartText, panelTitle, SCHEMA, titleOf } from "./scales.ts";

/** A pruning and its histograms. */
export interface ScoreRow {
  /** Begins the titles of its panels: "From 100 to 80.0%". */
  title: string;
  histograms: readonly ScoreHistogram[];
}

const SERIES = { kept: "Kept", pruned: "Pruned" };

/** Weights by score: a row for each pruning, a column for each layer, a rule at each threshold. */
export function scoreSpec(rows: readonly ScoreRow[], text: ChartText): TopLevelSpec {
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    spacing: { row: 28, column: SMALL_PANEL.spacing },
    columns: Math.max(1, ...rows.map(({ histograms }) => histograms.length)),
    concat: rows.flatMap(({ title, histograms }) =>
      histograms.map((histogram) => panel(`${histogram.layer}: ${title}`, histogram))
    ),
    config: CHART_CONFIG,
  };
}

function panel(title: string, histogram: ScoreHistogram) {
  const { isLog, edges, kept, pruned, threshold, infinite } = histogram;
  const domain = [edges[0], edges.at(-1)!];
  const x = (field: string) => ({
    field,
    type: "quantitative" as const,
    title: "Score",
    scale: { type: isLog ? "log" as const : "linear" as const, domain, nice: false },
    axis: { tickCount: 4, format: isLog ? ".0~e" : ".2~g", labelFlush: true },
  });
  const bars = edges.slice(0, -1).flatMap((from, i) => [
    { series: SERIES.pruned, from, to: edges[i + 1], low: 0, high: pruned[i] },
    { series: SERIES.kept, from, to: edges[i + 1], low: pruned[i], high: pruned[i] + kept[i] },
  ]).filter(({ low, high }) => high > low);
  const outside = infinite.pruned + infinite.kept, peak = Math.max(1, ...bars.map((b) => b.high));
  // A logarithmic axis has no 0: scores of 0 are in the first bar.
  const at = threshold === null ? 0 : Math.max(threshold, isLog ? edges[1] : threshold);
  const rule = threshold === null ? [] : [
    {
      data: { values: [{ at }] },
      mark: { type: "rule" as const, strokeWidth: 2, color: PALETTE.black },
      encoding: { x: x("at") },
    },
    {
      data: { values: [{ at, label: scoreText(threshold) }] },
      mark: {
        type: "text" as const,
        ...besideRule(isLog, domain, at),
        y: 0,
        baseline: "top" as const,
        fontSize: 15,
      },
      encoding: { x: x("at"), text: { field: "label", type: "nominal" as const } },
    },
  ];
  return {
    title: {
      ...panelTitle(title),
      ...(outside > 0 && {
        subtitle: `and ${numbered(outside)} of changed sign, ${numbered(infinite.pruned)} pruned`,
        subtitleFontSize: 14,
      }),
    },
    width: SMALL_PANEL.width,
    height: 190,
    layer: [{
      data: { values: bars },
      mark: { type: "rect" as const },
      encoding: {
        x: x("from"),
        x2: { field: "to" },
        y: {
          field: "low",
          type: "quantitative" as const,
          title: "Weights",
          // Room for the threshold's value above the bars.
          scale: { domain: [0, 1.2 * peak], nice: false },
          axis: { tickCount: 4, format: ",d" },
        },
        y2: { field: "high" },
        color: {
          field: "series",
          type: "nominal" as const,
          scale: { domain: Object.values(SERIES), range: [PALETTE.blue, PALETTE.orange] },
          legend: { title: null, symbolOpacity: 1 },
        },
      },
    }, ...rule],
  };
}

const numbered = (count: number) => count.toLocaleString("en");

/** Where there is room for the threshold's value: to its right, but for the last third. */
function besideRule(isLog: boolean, [low, high]: number[], threshold: number) {
  const scale = isLog ? Math.log : (value: number) => value;
  const place = (scale(threshold) - scale(low)) / (scale(high) - scale(low));
  return place < 0.67 ? { align: "left" as const, dx: 6 } : { align: "right" as const, dx: -6 };
}
