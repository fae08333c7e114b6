/**
 * The paper's figure 3 as Vega-Lite specifications: a metric against the training iteration, means
 * over trials for chosen densities. Panels: tickets that grow sparser, and tickets beside their
 * reinitializations. The dark band is the bootstrap's 95% interval of the mean; the light one spans
 * the trials.
 */

import type { TopLevelSpec } from "../npm/vega.ts";
import type { CurvePoint } from "../engine/mod.ts";
import { CHART_CONFIG, PANEL, SMALL_PANEL } from "./chart_style.ts";
import { type ChartText, isOneValue, panelTitle, roundDensity, SCHEMA, titleOf } from "./scales.ts";
import { summarize } from "../analysis/statistics.ts";
import { DENSITY_COLORS } from "../analysis/palette.ts";

/** The curves of the runs of one kind and level, one for each run. */
export interface CurveGroup {
  kind: "ticket" | "reinit";
  percent: number;
  curves: readonly { trial: string; points: readonly CurvePoint[] }[];
}

/** A panel: some densities. */
export interface CurvePanel {
  title: string;
  groups: readonly CurveGroup[];
}

/** How points are drawn. */
export interface CurveMetric {
  yTitle: string;
  /** Of a point, in the unit of the axis. */
  read(point: CurvePoint): number;
}

/** Points of a line: more are not to be told apart, and each costs a bootstrap. */
const MAX_POINTS = 80;

/** Mean and spread over trials at one iteration. */
interface Row {
  iteration: number;
  density: string;
  kind: string;
  mean: number;
  min: number;
  max: number;
  low: number;
  high: number;
}

const KIND_LABELS = { ticket: "Ticket", reinit: "Reinitialized control" };

/** The panels side by side, on one scale. */
export function curveSpec(
  panels: readonly CurvePanel[],
  { yTitle, read }: CurveMetric,
  text: ChartText,
): TopLevelSpec {
  const rows = panels.map(({ groups }) => groups.flatMap((group) => groupRows(group, read)));
  const all = panels.flatMap(({ groups }) => groups);
  const densities = [...new Set(all.map(({ percent }) => roundDensity(percent)))]
    .sort((a, b) => b - a).map(String);
  const kinds = (["ticket", "reinit"] as const).filter((kind) => all.some((g) => g.kind === kind))
    .map((kind) => KIND_LABELS[kind]);
  const color = {
    field: "density",
    type: "nominal" as const,
    scale: { domain: densities, range: densityColors(densities.length) },
    legend: { title: "Weights remaining (%)", symbolOpacity: 1, symbolStrokeWidth: 4, columns: 8 },
  };
  const x = {
    field: "iteration",
    type: "quantitative" as const,
    title: "Training iteration",
    axis: { tickCount: 5, format: ",d" },
  };
  const y = {
    field: "mean",
    type: "quantitative" as const,
    title: yTitle,
    scale: { zero: false, domain: usefulRange(rows.flat()) },
    axis: { tickCount: 6 },
  };
  const strokeDash = {
    field: "kind",
    type: "nominal" as const,
    scale: { domain: kinds, range: [[1, 0], [6, 4]].slice(0, kinds.length) },
    legend: kinds.length > 1 ? { title: null, symbolStrokeWidth: 3 } : null,
  };
  const band = (from: string, to: string, opacity: number) => ({
    mark: { type: "area" as const, opacity, aria: false, clip: true },
    encoding: { x, y: { ...y, field: from }, y2: { field: to }, color, detail: { field: "kind" } },
  });
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    spacing: PANEL.spacing,
    hconcat: panels.map(({ title }, i) => ({
      title: panelTitle(title),
      data: { values: rows[i] },
      width: SMALL_PANEL.width,
      height: PANEL.height,
      layer: [
        band("min", "max", 0.12),
        band("low", "high", 0.22),
        {
          mark: { type: "line" as const, strokeWidth: 2.5, clip: true },
          encoding: { x, y, color, strokeDash },
        },
      ],
    })),
    config: CHART_CONFIG,
  };
}

/** Dense to sparse, far enough apart to be told apart in grey too. */
function densityColors(count: number): string[] {
  const last = DENSITY_COLORS.length - 1;
  return Array.from(
    { length: count },
    (_, i) => DENSITY_COLORS[count === 1 ? 0 : Math.round(i * last / (count - 1))],
  );
}

/** From the iterations that all runs have: each trial's mean over its runs, then over trials. */
function groupRows({ kind, percent, curves }: CurveGroup, read: CurveMetric["read"]): Row[] {
  if (curves.length === 0) return [];
  const byIteration = new Map<number, Map<string, number[]>>();
  for (const { trial, points } of curves) {
    for (const point of points) {
      const trials = byIteration.get(point.iteration) ?? new Map<string, number[]>();
      byIteration.set(point.iteration, trials);
      const values = trials.get(trial);
      if (values) values.push(read(point));
      else trials.set(trial, [read(point)]);
    }
  }
  const trialCount = new Set(curves.map(({ trial }) => trial)).size;
  const shared = [...byIteration].filter(([, trials]) => trials.size === trialCount);
  const step = Math.ceil(shared.length / MAX_POINTS);
  return shared.filter((_, i) => (shared.length - 1 - i) % step === 0).map(
    ([iteration, trials]) => {
      const means = [...trials.values()].map((v) => v.reduce((a, b) => a + b, 0) / v.length);
      const { mean, min, max, interval } = summarize(means);
      const [low, high] = interval ?? [mean, mean];
      const density = String(roundDensity(percent));
      return { iteration, density, kind: KIND_LABELS[kind], mean, min, max, low, high };
    },
  );
}

/**
 * A range that shows where curves end, not where they begin: the first tenth of a training goes
 * from chance to nearly the end, and would press the rest flat.
 */
function usefulRange(rows: readonly Row[]): [number, number] {
  if (rows.length === 0) return [0, 1];
  const start = 0.1 * Math.max(...rows.map(({ iteration }) => iteration));
  const late = rows.filter(({ iteration }) => iteration >= start);
  const values = late.flatMap(({ min, max }) => [min, max]);
  const least = Math.min(...values), greatest = Math.max(...values);
  const air = isOneValue(least, greatest) ? 0.5 : 0.05 * (greatest - least);
  return [least - air, greatest + air];
}
