/** Titles, axes and scales that several charts have in common, in Vega-Lite's terms. */

import { PANEL_TITLE_SIZE } from "./chart_style.ts";
import { SERIES } from "../analysis/series.ts";

/** The version of Vega-Lite that all specifications are of. */
export const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";

/** The texts over a chart. */
export interface ChartText {
  title: string;
  subtitle?: string | string[];
}

/** The title of a chart. */
export function titleOf({ title, subtitle }: ChartText) {
  return { text: title, ...(subtitle ? { subtitle } : {}) };
}

/** The title of one panel of several. */
export function panelTitle(text: string) {
  return { text, fontSize: PANEL_TITLE_SIZE, fontWeight: "bold" as const, offset: 8 };
}

/** Labels that fit side by side under a panel; the other levels have a tick alone. */
const MAX_LABELS = 11;

/** The least and the greatest value, with some air: also what makes a range out of one value. */
export function paddedRange(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1];
  const least = Math.min(...values), greatest = Math.max(...values);
  const padding = isOneValue(least, greatest) ? 1 : 0.06 * (greatest - least);
  return [least - padding, greatest + padding];
}

/** Whether two values differ by rounding alone: between these an axis has no ticks to write. */
export function isOneValue(least: number, greatest: number): boolean {
  return greatest - least <= 1e-9 * Math.max(1, Math.abs(greatest));
}

/** A linear scale from 0; of zeros alone to 1, since Vega's own would read "0.000000". */
export function fromZero(values: readonly number[]) {
  const isFlat = values.every((value) => value === 0);
  return { zero: true, ...(isFlat && { domain: [0, 1] }) };
}

/**
 * How an axis writes its ticks: with powers of ten where its values are small or large, which would
 * read "0.00000002" or fill the panel.
 */
export function tickFormat(values: readonly number[]): { format?: string } {
  const most = Math.max(...values.map(Math.abs));
  return most > 0 && (most < 1e-3 || most >= 1e6) ? { format: ".3~g" } : {};
}

/** A logarithmic scale; of one value with some air. */
export function logarithmic(values: readonly number[]) {
  const least = Math.min(...values), greatest = Math.max(...values);
  const isFlat = values.length > 0 && isOneValue(least, greatest);
  return {
    type: "log" as const,
    nice: false,
    ...(isFlat && { domain: [0.8 * least, 1.25 * greatest] }),
  };
}

/** Densities as one axis has them: trials whose masks differ by a weight belong together. */
export function roundDensity(percent: number): number {
  return Number(percent.toPrecision(3));
}

/** A Vega expression that labels every nth level, the dense network's among them. */
function levelLabels(densities: readonly number[]): string {
  const step = Math.ceil((densities.length - 1) / (MAX_LABELS - 1)) || 1;
  const labelled = densities.filter((_, i) => i % step === 0);
  return `indexof(${JSON.stringify(labelled)}, datum.value) < 0 ? "" : format(datum.value, ".3~r")`;
}

/** Levels of two series whose densities differ by less share a tick. */
const SAME_TICK = 0.98;

/** Weights remaining, from the field `density`: logarithmic, dense left, a tick per level. */
export function densityAxis(values: readonly number[]) {
  const densities = [...new Set(values)].sort((a, b) => b - a);
  const ticks = densities.reduce<number[]>(
    (kept, next) => kept.length > 0 && next > SAME_TICK * kept.at(-1)! ? kept : [...kept, next],
    [],
  );
  return {
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
    axis: { values: ticks, labelExpr: levelLabels(ticks), labelOverlap: false },
  };
}

/** How the lines of a chart are named and drawn, by kind, in the order of the legend. */
export type SeriesStyles = Readonly<
  Record<string, { label: string; color: string; shape: string }>
>;

/** Colour and point shape by the field `series`, the same for a kind in every chart. */
export function seriesChannels(kinds: readonly string[], series: SeriesStyles = SERIES) {
  const shown = Object.keys(series).filter((kind) => kinds.includes(kind))
    .map((kind) => series[kind]);
  const labels = shown.map(({ label }) => label);
  const legend = { title: null, values: labels, symbolOpacity: 1, columns: 4 };
  const channel = (range: string[]) => ({
    field: "series",
    type: "nominal" as const,
    scale: { domain: labels, range },
    legend,
  });
  return {
    color: channel(shown.map(({ color }) => color)),
    shape: channel(shown.map(({ shape }) => shape)),
  };
}
