/**
 * The figure of a finding as a Vega-Lite specification: accuracy against weights remaining, the
 * tickets and their controls, the full network's accuracy as a line across, and the values of the
 * ticket that is judged written beside them.
 */

import type { TopLevelSpec } from "../npm/vega.ts";
import { SERIES } from "../analysis/series.ts";
import { type Level, levelMetrics, type Metric, type StudyRun } from "../analysis/study.ts";
import { percentText } from "../analysis/percent.ts";
import { CHART_CONFIG, INK } from "./chart_style.ts";
import {
  type ChartText,
  densityAxis,
  paddedRange,
  roundDensity,
  SCHEMA,
  seriesChannels,
  titleOf,
} from "./scales.ts";

const HEIGHT = 400;
/** Of the figure's height, what lies at least between two labels: a line of a narrow drawing. */
const LINE = 0.075;

/**
 * The tickets of a study beside their controls.
 *
 * @param runs  of the kinds "ticket" and "reinit"
 * @param level whose values are written down
 */
export function findingSpec(
  runs: readonly StudyRun[],
  metric: Metric,
  level: Level["level"],
  text: ChartText,
): TopLevelSpec {
  const kinds = ["ticket", "reinit"] as const;
  const data = levelMetrics(runs, kinds, metric).filter(({ percent }) => percent > 0);
  const rows = data.map(({ kind, level, percent, mean, min, max }) => ({
    ...{ kind, level, series: SERIES[kind].label, density: roundDensity(percent) },
    ...{ mean, min, max },
  }));
  const shown = rows.filter((row) => row.level === level);
  const full = rows.find((row) => row.kind === "ticket" && row.level === 0);
  const domain = paddedRange(rows.flatMap(({ min, max }) => [min, max]));
  const x = densityAxis(rows.map(({ density }) => density));
  const { color, shape } = seriesChannels(rows.map(({ kind }) => kind));
  const y = {
    field: "mean",
    type: "quantitative" as const,
    title: "Test accuracy (%)",
    scale: { zero: false, nice: false, domain },
    axis: { tickCount: 5 },
  };
  // 96.55 is a little less in binary, and would be written as 96.5.
  const label = (value: number) => percentText(value + 1e-9, 1);
  const isLast = level === Math.max(...rows.map((row) => row.level));
  const labels = shown.map((row) => ({ ...row, label: label(row.mean) }));
  const across = { ...full!, kind: "full", label: `full ${label(full?.mean ?? 0)}` };
  const ends = placed([...(isLast ? labels : []), ...(full ? [across] : [])], domain);
  const gap = shown.length === 2
    ? [{
      data: {
        values: [{ density: shown[0].density, from: shown[0].mean, to: shown[1].mean }],
      },
      mark: { type: "rule" as const, strokeWidth: 1.5, color: INK, strokeDash: [2, 3] },
      encoding: { x, y: { ...y, field: "from" }, y2: { field: "to" } },
    }]
    : [];
  const hasSpread = rows.some(({ min, max }) => max > min);
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    data: { values: rows },
    width: 620,
    height: HEIGHT,
    layer: [
      ...(full
        ? [{
          data: { values: [{ mean: full.mean }] },
          mark: { type: "rule" as const, strokeWidth: 1.5, strokeDash: [6, 4], color: INK },
          encoding: { y },
        }]
        : []),
      ...gap,
      ...(hasSpread
        ? [{
          mark: { type: "rule" as const, strokeWidth: 5, opacity: 0.3, aria: false },
          encoding: { x, y: { ...y, field: "min" }, y2: { field: "max" }, color },
        }]
        : []),
      { mark: { type: "line" as const, strokeWidth: 2.5 }, encoding: { x, y, color } },
      {
        mark: { type: "point" as const, filled: true, size: 60, opacity: 1 },
        encoding: { x, y, color, shape },
      },
      ...ends.map(({ kind, label, at }) => ({
        data: { values: [{ at, label }] },
        mark: { ...textMark(kind), align: "left" as const, dx: 8 },
        encoding: {
          x: { value: "width" as const },
          y: { ...y, field: "at" },
          text: { field: "label", type: "nominal" as const },
        },
      })),
      // Where further levels follow, beside the points: the ticket's above, the control's below.
      ...(isLast ? [] : labels).map((row) => ({
        data: { values: [row] },
        mark: { ...textMark(row.kind), dy: row.kind === "ticket" ? -15 : 16 },
        encoding: { x, y, text: { field: "label", type: "nominal" as const } },
      })),
    ],
    config: CHART_CONFIG,
  };
}

function textMark(kind: string) {
  return {
    type: "text" as const,
    baseline: "middle" as const,
    fontSize: 13,
    fontWeight: kind === "full" ? "normal" as const : "bold" as const,
    color: kind === "full" ? INK : SERIES[kind as "ticket"].color,
  };
}

/** Moves labels apart that would lie on each other, as little as that takes. */
function placed<T extends { mean: number }>(
  labels: readonly T[],
  [low, high]: readonly [number, number],
): (T & { at: number })[] {
  const least = LINE * (high - low);
  const sorted = labels.map((label) => ({ ...label, at: label.mean })).sort((a, b) => a.at - b.at);
  for (let pass = 0; pass < sorted.length; pass++) {
    for (let i = 1; i < sorted.length; i++) {
      const lack = least - (sorted[i].at - sorted[i - 1].at);
      if (lack <= 1e-9) continue;
      sorted[i].at += lack / 2;
      sorted[i - 1].at -= lack / 2;
    }
  }
  return sorted;
}
