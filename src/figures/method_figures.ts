/**
 * Pruning methods against weights remaining, as Vega-Lite specifications: the layers that they
 * leave, and how far their masks agree with those of the first. The accuracies are `levelSpec`'s.
 */

import type { TopLevelSpec } from "../npm/vega.ts";
import { CHART_CONFIG, SMALL_PANEL } from "./chart_style.ts";
import {
  type ChartText,
  densityAxis,
  logarithmic,
  panelTitle,
  roundDensity,
  SCHEMA,
  seriesChannels,
  type SeriesStyles,
  titleOf,
} from "./scales.ts";
import type { MethodLayer, MethodOverlap } from "../analysis/methods/methods.ts";

const CONFIG = { ...CHART_CONFIG, axis: { ...CHART_CONFIG!.axis, labelOverlap: true } };

/** Live weights of each layer, a panel for each, a line for each method. */
export function methodLayerSpec(
  rows: readonly MethodLayer[],
  text: ChartText,
  styles: SeriesStyles,
): TopLevelSpec {
  // A layer without weights has no place on a logarithmic axis.
  const shown = rows.filter(({ percent, density }) => percent > 0 && density > 0);
  const x = densityAxis(shown.map(({ percent }) => roundDensity(percent)));
  const { color, shape } = seriesChannels(shown.map(({ method }) => method), styles);
  const layers = [...new Set(shown.map(({ layer }) => layer))];
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    spacing: SMALL_PANEL.spacing,
    hconcat: layers.map((layer, i) => {
      const y = {
        field: "value",
        type: "quantitative" as const,
        title: i === 0 ? "Live weights (%)" : null,
        scale: logarithmic(shown.filter((row) => row.layer === layer).map((row) => row.density)),
        axis: { format: ".3~r", tickCount: 5 },
      };
      const values = shown.filter((row) => row.layer === layer).map((row) => ({
        series: styles[row.method].label,
        density: roundDensity(row.percent),
        value: row.density,
      }));
      return {
        title: panelTitle(layer),
        data: { values },
        width: SMALL_PANEL.width,
        height: SMALL_PANEL.height,
        layer: [
          { mark: { type: "line" as const, strokeWidth: 2.5 }, encoding: { x, y, color } },
          {
            mark: { type: "point" as const, filled: true, size: 70, opacity: 1 },
            encoding: { x, y, color, shape },
          },
        ],
      };
    }),
    config: CONFIG,
  };
}

/**
 * The overlap of each method's masks with those of the first: measured, and what masks with the
 * same densities of layers would have at random places (dashed).
 *
 * @param rows those of the first method alone
 */
export function methodOverlapSpec(
  rows: readonly MethodOverlap[],
  text: ChartText,
  styles: SeriesStyles,
): TopLevelSpec {
  const x = densityAxis(rows.map(({ percent }) => roundDensity(percent)));
  const { color } = seriesChannels(rows.map(({ other }) => other), styles);
  const labels = { measured: "Measured", chance: "By chance" };
  const strokeDash = {
    field: "what",
    type: "nominal" as const,
    scale: { domain: Object.values(labels), range: [[1, 0], [6, 4]] },
    legend: { title: null, symbolStrokeWidth: 3 },
  };
  const values = rows.flatMap(({ other, percent, jaccard, byChance }) => {
    const point = { series: styles[other].label, density: roundDensity(percent) };
    return [
      { ...point, what: labels.measured, value: jaccard },
      { ...point, what: labels.chance, value: byChance },
    ];
  });
  const y = {
    field: "value",
    type: "quantitative" as const,
    title: "Jaccard index",
    scale: { domain: [0, 1] },
  };
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    data: { values },
    width: 1.4 * SMALL_PANEL.width,
    height: SMALL_PANEL.height,
    mark: { type: "line" as const, strokeWidth: 2.5 },
    encoding: { x, y, color, strokeDash },
    config: CONFIG,
  };
}
