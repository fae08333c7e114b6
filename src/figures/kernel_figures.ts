/**
 * Convolutions of tickets as Vega-Lite specifications: maps of live weights over the positions of
 * kernels, and the filters and channels that are left. Means are over trials.
 */

import type { KernelRow } from "../analysis/kernel_anatomy.ts";
import type { TopLevelSpec } from "../npm/vega.ts";
import { DEVIATION_COLORS } from "../analysis/palette.ts";
import { CHART_CONFIG } from "./chart_style.ts";
import { type LayerPanel, layerPanels } from "./layer_figures.ts";
import { type ChartText, panelTitle, roundDensity, SCHEMA, titleOf } from "./scales.ts";

/** Pixels of a map's side. */
const SIDE = 168;
/** Kernels with more positions have no room for numbers. */
const MOST_NUMBERS = 49;
/** The least deviation from the mean that has the full colour: noise is not made to shout. */
const LEAST_RANGE = 25;

/**
 * Where kernels keep their weights: a row for each convolution, a column for each level. Colours
 * are deviations from the map's own mean, so that a sparse map shows its form as a dense one does;
 * numbers are live weights in percent of those that could be there.
 *
 * @param levels whose maps are shown, densest first
 */
export function kernelMapSpec(
  rows: readonly KernelRow[],
  levels: readonly number[],
  text: ChartText,
): TopLevelSpec {
  const layers = [...new Set(rows.map(({ layer }) => layer))];
  const maps = layers.flatMap((layer) =>
    levels.map((level) => meanMap(rows.filter((r) => r.layer === layer && r.level === level)))
  ).filter((map) => map !== null);
  const most = Math.max(
    LEAST_RANGE,
    ...maps.flatMap(({ cells }) => cells.map(({ deviation }) => Math.abs(deviation))),
  );
  const axis = (field: string) => ({ field, type: "ordinal" as const, axis: null });
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    spacing: { row: 24, column: 24 },
    columns: levels.length,
    concat: maps.map(({ title, width, height, cells }) => {
      const cell = SIDE / Math.max(width, height);
      const place = { x: axis("column"), y: axis("row") };
      return {
        title: panelTitle(title),
        data: { values: cells },
        width: cell * width,
        height: cell * height,
        layer: [
          {
            mark: { type: "rect" as const, aria: false },
            encoding: {
              ...place,
              color: {
                field: "deviation",
                type: "quantitative" as const,
                scale: { domain: [-most, 0, most], range: [...DEVIATION_COLORS] },
                legend: {
                  title: "Above or below the map's mean (%)",
                  orient: "bottom" as const,
                  gradientLength: 320,
                },
              },
            },
          },
          ...(cells.length > MOST_NUMBERS ? [] : [{
            mark: { type: "text" as const, fontSize: cell < 30 ? 10 : 13, color: MAP_INK },
            encoding: { ...place, text: { field: "label", type: "nominal" as const } },
          }]),
        ],
      };
    }),
    config: { ...CHART_CONFIG, scale: { bandPaddingInner: 0, bandPaddingOuter: 0 } },
  };
}

/** On the light middle of the colours, whatever the page's ground is. */
const MAP_INK = "#1A1A1A";

/** The mean map of a layer over the trials of a level; null where there are none. */
function meanMap(rows: readonly KernelRow[]) {
  if (rows.length === 0) return null;
  const { layer, width, height } = rows[0];
  const shares = rows[0].positions.map((_, i) => mean(rows.map(({ positions }) => positions[i])));
  const all = mean(shares), percent = roundDensity(mean(rows.map((row) => row.percent)));
  return {
    ...{ title: `${layer}, ${percent}%`, width, height },
    cells: shares.map((share, i) => ({
      row: Math.floor(i / width),
      column: i % width,
      deviation: all > 0 ? 100 * (share / all - 1) : 0,
      label: `${Number(share.toPrecision(2))}`,
    })),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Filters and input channels, level by level, a line for each convolution. */
export function filterSpec(rows: readonly KernelRow[], text: ChartText): TopLevelSpec {
  return layerPanels(rows, text, [
    ...(hasDeadFilters(rows) ? [DEAD_FILTERS] : []),
    {
      title: "Live weights of a filter",
      yTitle: "Of its weights (%)",
      scale: "linear",
      read: ({ filters, ofFilter }) => 100 * mean(filters) / ofFilter,
      band: ({ filters, ofFilter }) => spreadOf(filters, ofFilter),
    },
    {
      title: "Live weights of an input channel",
      yTitle: "Of its weights (%)",
      scale: "linear",
      read: ({ channels, ofChannel }) => 100 * mean(channels) / ofChannel,
      band: ({ channels, ofChannel }) => spreadOf(channels, ofChannel),
    },
  ]);
}

const DEAD_FILTERS: LayerPanel<KernelRow> = {
  title: "Filters without a live weight",
  yTitle: "Of the layer (%)",
  scale: "linear",
  read: ({ deadFilters, filters }) => 100 * deadFilters / filters.length,
};

/** Whether a filter lost all its weights, at any level: without one there is no panel. */
export function hasDeadFilters(rows: readonly KernelRow[]): boolean {
  return rows.some(({ deadFilters }) => deadFilters > 0);
}

/** The least and the greatest of some counts, in percent. */
function spreadOf(counts: readonly number[], of: number) {
  return {
    mean: 100 * mean(counts) / of,
    low: 100 * Math.min(...counts) / of,
    high: 100 * Math.max(...counts) / of,
  };
}
