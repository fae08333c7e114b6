/**
 * Charts as Vega-Lite specifications: takes measurements, gives a plain object that `render_svg.ts`
 * turns into a file and the page shows as it is.
 */
import type { TopLevelSpec } from "vega-lite";
import { CHART_CONFIG, PALETTE, PANEL } from "./chart_style.ts";

/** Kinds of runs: each has its name, colour and point shape in every chart. */
const SERIES = {
  ticket: { label: "Ticket", color: PALETTE.blue, shape: "circle" },
  reinit: {
    label: "Random reinitialization",
    color: PALETTE.vermillion,
    shape: "square",
  },
  reuse: { label: "Tickets' values, shuffled", color: PALETTE.green, shape: "diamond" },
  reuse_sign: { label: "Tickets' values, signs kept", color: PALETTE.purple, shape: "triangle-up" },
  random_sparsity: { label: "Random sparsity", color: PALETTE.orange, shape: "triangle-down" },
  random_sparsity_same_init: {
    label: "Random sparsity, ticket's values",
    color: PALETTE.sky,
    shape: "triangle-right",
  },
  train: { label: "Single network", color: PALETTE.black, shape: "cross" },
} as const;

/** Moments at which a run's accuracy is read off its test curve, by panel from left to right. */
const MOMENTS = { "early stop": "At early stop", "end": "At the end of training" } as const;

/** One run at one moment. */
export interface AccuracyPoint {
  /** Weights remaining in %, over 0; points without any weights have no place on a log axis. */
  densityPercent: number;
  /** Test accuracy from 0 to 1. */
  accuracy: number;
  kind: keyof typeof SERIES;
  trial: number;
  at: keyof typeof MOMENTS;
}

/** Labels that fit side by side under a panel; the other levels have a tick alone. */
const MAX_LABELS = 11;

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
    // Trials whose masks differ by a weight or so still belong to one level.
    density: Number(point.densityPercent.toPrecision(3)),
    accuracy: 100 * point.accuracy,
    series: SERIES[point.kind].label,
    trial: point.trial,
    moment: MOMENTS[point.at],
  };
}

/** The least and the greatest value, with some air: also what makes a range out of one value. */
function paddedRange(values: readonly number[]): [number, number] {
  const least = Math.min(...values), greatest = Math.max(...values);
  const padding = 0.06 * (greatest - least) || 1;
  return [least - padding, greatest + padding];
}

/** A Vega expression that labels every so many levels, the dense network's among them. */
function levelLabels(densities: readonly number[]): string {
  const step = Math.ceil((densities.length - 1) / (MAX_LABELS - 1)) || 1;
  const labelled = densities.filter((_, i) => i % step === 0);
  return `indexof(${JSON.stringify(labelled)}, datum.value) < 0 ? "" : format(datum.value, ".3~r")`;
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
  const densities = [...new Set(rows.map((row) => row.density))].sort((a, b) => b - a);
  const shown = Object.values(SERIES).filter(({ label }) => rows.some((r) => r.series === label));
  const moments = Object.values(MOMENTS).filter((m) => rows.some((row) => row.moment === m));
  const labels = shown.map(({ label }) => label);
  const legend = { title: null, values: labels, symbolOpacity: 1 };

  const x = {
    field: "density",
    type: "quantitative" as const,
    title: "Weights remaining (%)",
    scale: {
      type: "log" as const,
      reverse: true,
      nice: false,
      // A little air on both sides; also what makes a scale out of a single level.
      domain: [0.94 * Math.min(100, ...densities), 1.06 * Math.max(0.01, ...densities)],
    },
    axis: { values: densities, labelExpr: levelLabels(densities), labelOverlap: false },
  };
  const color = {
    field: "series",
    type: "nominal" as const,
    scale: { domain: labels, range: shown.map((series) => series.color) },
    legend,
  };
  const shape = {
    field: "series",
    type: "nominal" as const,
    scale: { domain: labels, range: shown.map((series) => series.shape) },
    legend,
  };
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
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
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
