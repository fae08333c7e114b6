/** Barriers and disagreement between pairs of tickets, as a Vega-Lite specification. */

import type { TopLevelSpec } from "../npm/vega.ts";
import { CHART_CONFIG, PANEL } from "./chart_style.ts";
import {
  type ChartText,
  densityAxis,
  fromZero,
  panelTitle,
  roundDensity,
  SCHEMA,
  tickFormat,
  titleOf,
} from "./scales.ts";
import type { ConnectionRow } from "../analysis/study_tables.ts";
import { PALETTE } from "../analysis/palette.ts";

const LABELS: Record<string, string> = {
  "between trials": "Two trials, one level",
  "between levels": "One trial, a level and the one before",
};

/** Means over the pairs of a level; bars go from the least to the greatest pair. */
export function connectivitySpec(rows: readonly ConnectionRow[], text: ChartText): TopLevelSpec {
  const levels = Map.groupBy(rows, ({ level }) => level);
  const densityOf = (level: number) => {
    const group = levels.get(level)!;
    return roundDensity(group.reduce((sum, { percent }) => sum + percent, 0) / group.length);
  };
  const x = densityAxis(rows.map(({ level }) => densityOf(level)));
  const labels = Object.values(LABELS);
  const color = {
    field: "pair",
    type: "nominal" as const,
    scale: { domain: labels, range: [PALETTE.vermillion, PALETTE.blue] },
    legend: { title: null, symbolOpacity: 1 },
  };
  const panel = (title: string, yTitle: string, read: (row: ConnectionRow) => number) => {
    const y = {
      field: "value",
      type: "quantitative" as const,
      title: yTitle,
      scale: fromZero(rows.map(read)),
      axis: { tickCount: 6, ...tickFormat(rows.map(read)) },
    };
    const mean = { ...y, aggregate: "mean" as const };
    return {
      title: panelTitle(title),
      data: {
        values: rows.map((row) => ({
          density: densityOf(row.level),
          pair: LABELS[row.kind],
          value: read(row),
        })),
      },
      width: PANEL.width,
      height: PANEL.height,
      layer: [
        {
          mark: { type: "rule" as const, strokeWidth: 2, opacity: 0.55 },
          encoding: {
            x,
            y: { ...y, aggregate: "min" as const },
            y2: { field: "value", aggregate: "max" as const },
            color,
          },
        },
        { mark: { type: "line" as const, strokeWidth: 2.5 }, encoding: { x, y: mean, color } },
        {
          mark: { type: "point" as const, filled: true, size: 80, opacity: 1 },
          encoding: { x, y: mean, color },
        },
      ],
    };
  };
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    spacing: PANEL.spacing,
    hconcat: [
      panel("Loss barrier", "Test loss over the line (nats)", ({ barrier }) => barrier),
      panel("Disagreement", "Test examples (%)", ({ disagreement }) => 100 * disagreement),
    ],
    config: CHART_CONFIG,
  };
}
