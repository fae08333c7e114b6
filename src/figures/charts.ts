/** Charts of accuracy as Vega-Lite specifications, for files and for the page. */
import type { TopLevelSpec } from "../npm/vega.ts";
import { CHART_CONFIG, PANEL } from "./chart_style.ts";
import { densityAxis, paddedRange, roundDensity, SCHEMA, seriesChannels } from "./scales.ts";
import { SERIES, SERIES_KINDS, type SeriesKind } from "../analysis/series.ts";

/** Moments at which a run's accuracy is read off its test curve, by panel from left to right. */
const MOMENTS = { "early stop": "At early stop", "end": "At the end of training" } as const;

/** One run at one moment. */
export interface AccuracyPoint {
  /** Weights remaining in %, over 0; points without any weights have no place on a log axis. */
  densityPercent: number;
  /** Test accuracy from 0 to 1. */
  accuracy: number;
  kind: SeriesKind;
  trial: number;
  at: keyof typeof MOMENTS;
}

/** A point as the chart's data: percentages, and words where the user reads them. */
interface Row {
  density: number;
  accuracy: number;
  series: string;
  trial: number;
  moment: string;
}

function toRow(point: AccuracyPoint): Row {
  return {
    density: roundDensity(point.densityPercent),
    accuracy: 100 * point.accuracy,
    series: SERIES[point.kind].label,
    trial: point.trial,
    moment: MOMENTS[point.at],
  };
}

/** Whether some mark of the chart stands for several trials. */
function hasSpread(rows: readonly Row[]): boolean {
  const marks = new Set(rows.map((row) => `${row.density} ${row.series} ${row.moment}`));
  return marks.size < rows.length;
}

/**
 * Test accuracy against weights remaining: dense networks left, sparse ones right, a tick per level,
 * one panel per moment. With several trials, points are means and bars span minimum to maximum.
 */
export function accuracySpec(
  data: readonly AccuracyPoint[],
  text: { title: string; subtitle?: string },
): TopLevelSpec {
  const rows = data.filter((p) => p.densityPercent > 0 && Number.isFinite(p.accuracy)).map(toRow);
  const moments = Object.values(MOMENTS).filter((m) => rows.some((row) => row.moment === m));
  const shown = SERIES_KINDS.filter((kind) => rows.some((r) => r.series === SERIES[kind].label));
  const { color, shape } = seriesChannels(shown);
  const x = densityAxis(rows.map(({ density }) => density));
  const y = {
    field: "accuracy",
    type: "quantitative" as const,
    title: "Test accuracy (%)",
    scale: {
      zero: false,
      domain: rows.length > 0 ? paddedRange(rows.map((row) => row.accuracy)) : [0, 100],
    },
    axis: { tickCount: 6 },
  };
  const mean = { ...y, aggregate: "mean" as const };
  const spread = {
    mark: { type: "rule" as const, strokeWidth: 2, opacity: 0.55 },
    encoding: {
      x,
      y: { ...y, aggregate: "min" as const },
      y2: { field: "accuracy", aggregate: "max" as const },
      color,
    },
  };

  return {
    $schema: SCHEMA,
    title: { text: text.title, ...(text.subtitle ? { subtitle: text.subtitle } : {}) },
    data: { values: rows },
    facet: { column: { field: "moment", type: "nominal", sort: moments, title: null } },
    spacing: PANEL.spacing,
    spec: {
      width: PANEL.width,
      height: PANEL.height,
      layer: [
        ...(hasSpread(rows) ? [spread] : []),
        { mark: { type: "line", strokeWidth: 2.5 }, encoding: { x, y: mean, color } },
        {
          mark: { type: "point", filled: true, size: 110, opacity: 1 },
          encoding: { x, y: mean, color, shape },
        },
      ],
    },
    config: CHART_CONFIG,
  };
}
