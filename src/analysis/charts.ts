/**
 * Charts as Vega-Lite specifications: takes measurements, gives a plain object that `render_svg.ts`
 * turns into a file and the page shows as it is.
 */
import type { TopLevelSpec } from "vega-lite";

/** Okabe and Ito's palette, distinguishable with every kind of colour vision (jfly, 2008). */
export const PALETTE = {
  blue: "#0072B2",
  vermillion: "#D55E00",
  green: "#009E73",
  purple: "#CC79A7",
  orange: "#E69F00",
  sky: "#56B4E9",
  black: "#000000",
} as const;

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

const INK = "#222222", GRID = "#E6E6E6", WHITE = "#FFFFFF";

/** Sizes that stay legible when the picture is shown at half its own. */
const FONT = { title: 22, subtitle: 16, panel: 17, axisTitle: 17, label: 15 };
const PANEL = { width: 540, height: 340, spacing: 36 };

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
    config: {
      background: WHITE,
      padding: 20,
      font: "Helvetica, Arial, sans-serif",
      title: {
        anchor: "start",
        color: INK,
        fontSize: FONT.title,
        subtitleColor: INK,
        subtitleFontSize: FONT.subtitle,
        subtitlePadding: 6,
        offset: 16,
      },
      header: { labelColor: INK, labelFontSize: FONT.panel, labelFontWeight: "bold" },
      axis: {
        labelColor: INK,
        labelFontSize: FONT.label,
        titleColor: INK,
        titleFontSize: FONT.axisTitle,
        titleFontWeight: "normal",
        titlePadding: 12,
        gridColor: GRID,
        domainColor: INK,
        tickColor: INK,
      },
      legend: {
        orient: "bottom",
        labelColor: INK,
        labelFontSize: FONT.axisTitle,
        labelLimit: 0,
        symbolSize: 160,
        columnPadding: 30,
        gridAlign: "each",
        offset: 16,
      },
      view: { stroke: null },
    },
  };
}
