/**
 * The paper's figures against weights remaining (its figures 1 and 4), as Vega-Lite specifications,
 * one panel for each metric. Thin bars span the trials; thick ones are the bootstrap's 95% interval
 * of the mean.
 */

import type { TopLevelSpec } from "../npm/vega.ts";
import { CHART_CONFIG, PANEL } from "./chart_style.ts";
import {
  type ChartText,
  densityAxis,
  paddedRange,
  panelTitle,
  roundDensity,
  SCHEMA,
  seriesChannels,
  type SeriesStyles,
  titleOf,
} from "./scales.ts";
import { SERIES, SERIES_KINDS } from "../analysis/series.ts";
import { type LevelMetric, levelMetrics, type Metric, type StudyRun } from "../analysis/study.ts";

/** A panel: one metric. */
export interface LevelPanel {
  /** Its title, over it. */
  title: string;
  /** The title of its y axis, with the unit. */
  yTitle: string;
  data: readonly LevelMetric<string>[];
}

/** Which metric a panel shows, under which titles. */
type PanelChoice = Omit<LevelPanel, "data"> & { metric: Metric };

/** The panel of a metric over all levels of some kinds. */
export function levelPanel<Kind extends string>(
  runs: readonly StudyRun<Kind>[],
  kinds: readonly Kind[],
  choice: PanelChoice,
): LevelPanel & PanelChoice {
  return { ...choice, data: levelMetrics(runs, kinds, choice.metric) };
}

/** Test accuracy at the early stop, where there is one, and at the end of training. */
export function accuracyPanels(runs: readonly StudyRun[]): (LevelPanel & PanelChoice)[] {
  return ([
    { title: "At early stop", metric: "earlyStopAccuracy" },
    { title: "At the end of training", metric: "finalAccuracy" },
  ] as const).map((panel) =>
    levelPanel(runs, SERIES_KINDS, { ...panel, yTitle: "Test accuracy (%)" })
  ).filter(({ data }, i) => i > 0 || data.length > 0);
}

/**
 * The panels side by side, with the same colours and x axis.
 *
 * @param series how the kinds are drawn, where they are not kinds of runs
 */
export function levelSpec(
  panels: readonly LevelPanel[],
  text: ChartText,
  series: SeriesStyles = SERIES,
): TopLevelSpec {
  // A network without weights has no place on a logarithmic axis.
  panels = panels.map(({ data, ...panel }) => ({
    ...panel,
    data: data.filter(({ percent }) => percent > 0),
  }));
  const all = panels.flatMap(({ data }) => data);
  const x = densityAxis(all.map(({ percent }) => roundDensity(percent)));
  const channels = seriesChannels(all.map(({ kind }) => kind), series);
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    spacing: PANEL.spacing,
    hconcat: panels.map((panel) => panelSpec(panel, x, channels, series)),
    config: CHART_CONFIG,
  };
}

function panelSpec(
  { title, yTitle, data }: LevelPanel,
  x: ReturnType<typeof densityAxis>,
  { color, shape }: ReturnType<typeof seriesChannels>,
  series: SeriesStyles,
) {
  const values = data.map(({ kind, percent, mean, min, max, interval }) => ({
    density: roundDensity(percent),
    series: series[kind].label,
    mean,
    min,
    max,
    ...(interval && { low: interval[0], high: interval[1] }),
  }));
  const range = paddedRange(values.flatMap(({ min, max }) => [min, max]));
  const y = {
    field: "mean",
    type: "quantitative" as const,
    title: yTitle,
    scale: { zero: false, nice: false, domain: range },
    axis: { tickCount: 6 },
  };
  const bar = (from: string, to: string, strokeWidth: number, opacity: number) => ({
    mark: { type: "rule" as const, strokeWidth, opacity, aria: false },
    encoding: { x, y: { ...y, field: from }, y2: { field: to }, color },
  });
  const hasSpread = data.some(({ trials }) => trials > 1);
  return {
    title: panelTitle(title),
    data: { values },
    width: PANEL.width,
    height: PANEL.height,
    layer: [
      ...(hasSpread ? [bar("min", "max", 1.5, 0.6), bar("low", "high", 5, 0.35)] : []),
      { mark: { type: "line" as const, strokeWidth: 2.5 }, encoding: { x, y, color } },
      {
        mark: { type: "point" as const, filled: true, size: 80, opacity: 1 },
        encoding: { x, y, color, shape },
      },
    ],
  };
}
