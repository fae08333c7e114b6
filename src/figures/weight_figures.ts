/**
 * Weights as Vega-Lite specifications: distributions of the weights of tickets by their fate, and
 * maps of live weights by pixel.
 */

import type { TopLevelSpec } from "../npm/vega.ts";
import { histogram } from "../analysis/anatomy.ts";
import { CHART_CONFIG, SMALL_PANEL } from "./chart_style.ts";
import {
  type ChartText,
  fromZero,
  panelTitle,
  roundDensity,
  SCHEMA,
  tickFormat,
  titleOf,
} from "./scales.ts";
import type { WeightGroups } from "../analysis/ticket_anatomy.ts";
import { PALETTE, VIRIDIS } from "../analysis/palette.ts";

const BINS = 48;

/** Distributions of weights by their fate: a row for each moment, a column for each layer. */
export function weightSpec(groups: readonly WeightGroups[], text: ChartText): TopLevelSpec {
  const layers = [...new Set(groups.map(({ layer }) => layer))];
  const SERIES = { survivors: "In the ticket", pruned: "Pruned" };
  const moments = [
    ["At initialization", (g: WeightGroups) => g.initial],
    ["When the full network is trained", (g: WeightGroups) => g.full],
    ["When the ticket is trained", (g: WeightGroups) => ({ survivors: g.ticket })],
  ] as const;
  const color = {
    field: "series",
    type: "nominal" as const,
    scale: { domain: Object.values(SERIES), range: [PALETTE.blue, PALETTE.orange] },
    legend: { title: null, symbolOpacity: 1 },
  };
  const panel = (layer: string, moment: string, read: typeof moments[number][1]) => {
    const here = groups.filter((group) => group.layer === layer).map(read);
    const series = (["survivors", "pruned"] as const).map((key) => ({
      key,
      values: here.map((parts) => key in parts ? (parts as Record<string, Float32Array>)[key] : []),
    }));
    // 1 in 1,000 weights lies outside: outliers would leave no room for the others.
    const range = symmetricRange(series.flatMap(({ values }) => values));
    const values = series.flatMap(({ key, values }) => {
      const all = values.reduce((sum, array) => sum + array.length, 0);
      if (all === 0) return [];
      const counts = values.map((array) => histogram(array, BINS, range));
      const width = (range[1] - range[0]) / BINS;
      return counts[0].edges.slice(0, -1).map((edge, i) => ({
        series: SERIES[key],
        weight: edge + width / 2,
        share: counts.reduce((sum, { counts }) => sum + counts[i], 0) / all / width,
      }));
    });
    const shares = values.map(({ share }) => share);
    return {
      title: panelTitle(`${layer}: ${moment[0].toLowerCase()}${moment.slice(1)}`),
      data: { values },
      width: SMALL_PANEL.width,
      height: 190,
      mark: {
        type: "area" as const,
        interpolate: "step" as const,
        opacity: 0.45,
        line: { strokeWidth: 2 },
      },
      encoding: {
        x: {
          field: "weight",
          type: "quantitative" as const,
          title: "Weight",
          scale: { domain: range, nice: false },
          axis: { tickCount: 5, ...tickFormat(range) },
        },
        y: {
          field: "share",
          type: "quantitative" as const,
          title: layer === layers[0] ? "Density" : null,
          stack: null,
          scale: fromZero(shares),
          axis: { tickCount: 4, ...tickFormat(shares) },
        },
        color,
      },
    };
  };
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    spacing: { row: 28, column: SMALL_PANEL.spacing },
    columns: layers.length,
    concat: moments.flatMap(([moment, read]) => layers.map((layer) => panel(layer, moment, read))),
    config: CHART_CONFIG,
  };
}

/** Weights that decide where an axis ends; sorting the millions of 20 trials took 14 s. */
const SAMPLE = 50_000;

function symmetricRange(arrays: readonly ArrayLike<number>[]): [number, number] {
  const all = arrays.reduce((sum, { length }) => sum + length, 0);
  const step = Math.ceil(all / SAMPLE) || 1, sizes: number[] = [];
  for (const array of arrays) {
    for (let i = 0; i < array.length; i += step) sizes.push(Math.abs(array[i]));
  }
  sizes.sort((a, b) => a - b);
  const most = sizes[Math.floor(0.999 * (sizes.length - 1))] || 1;
  return [-most, most];
}

/** Live weights of each pixel at a level. */
export interface PixelMap {
  percent: number;
  /** (height · width) live weights of each pixel, in percent of the units that could read it. */
  values: readonly number[];
}

/** Where a network looks: a map for each level, all on one scale of colours. */
export function pixelMapSpec(
  maps: readonly PixelMap[],
  width: number,
  text: ChartText,
): TopLevelSpec {
  const cell = Math.max(2, Math.round(168 / width));
  const axis = (field: string) => ({ field, type: "ordinal" as const, axis: null });
  // Each map for itself: all pixels of large images are too many arguments for Math.max.
  const greatest = maps.map(({ values }) => values.reduce((a, b) => Math.max(a, b), 0));
  const most = Math.max(...greatest) || 1;
  const color = {
    field: "value",
    type: "quantitative" as const,
    scale: {
      // As the square root: at 1% of the weights most pixels have a few, and none is white or
      // black.
      domain: VIRIDIS.map((_, i) => most * (i / (VIRIDIS.length - 1)) ** 2),
      range: [...VIRIDIS],
    },
    legend: {
      title: "Live weights of a pixel (%)",
      orient: "bottom" as const,
      gradientLength: 320,
    },
  };
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    columns: 4,
    spacing: 24,
    concat: maps.map(({ percent, values }) => ({
      title: panelTitle(`${roundDensity(percent)}%`),
      data: {
        values: values.map((value, i) => ({
          row: Math.floor(i / width),
          column: i % width,
          value: Number(value.toPrecision(4)),
        })),
      },
      width: cell * width,
      height: cell * (maps[0]?.values.length ?? 0) / width,
      mark: { type: "rect" as const, aria: false },
      encoding: { x: axis("column"), y: axis("row"), color },
    })),
    config: {
      ...CHART_CONFIG,
      scale: { bandPaddingInner: 0, bandPaddingOuter: 0 },
    },
  };
}
