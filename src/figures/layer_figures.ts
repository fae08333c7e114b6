/**
 * Tickets level by level, as Vega-Lite specifications: a panel for each quantity and a line for
 * each layer. Means are over trials.
 */

import type { TopLevelSpec } from "../npm/vega.ts";
import { CHART_CONFIG, SMALL_PANEL } from "./chart_style.ts";
import {
  type ChartText,
  densityAxis,
  fromZero,
  logarithmic,
  panelTitle,
  roundDensity,
  SCHEMA,
  tickFormat,
  titleOf,
} from "./scales.ts";
import type { LayerRow, OverlapRow, Spread } from "../analysis/ticket_anatomy.ts";
import { PALETTE } from "../analysis/palette.ts";

/** Colours of the layers, in their order; further ones begin again, with another point. */
const LAYER_COLORS = [
  PALETTE.blue,
  PALETTE.vermillion,
  PALETTE.green,
  PALETTE.purple,
  PALETTE.orange,
  PALETTE.sky,
];
const LAYER_SHAPES = ["circle", "square", "triangle-up"];
/** Areas of their points: lines that lie on each other show both. */
const POINT_SIZES = [150, 60, 60, 60];

/** What every row of a layer says. */
interface OfLayer {
  layer: string;
  level: number;
  percent: number;
}

/** A quantity of each layer in a panel: a mean over trials, and a band where there is one. */
export interface LayerPanel<Row extends OfLayer> {
  title: string;
  yTitle: string;
  scale: "linear" | "log";
  /** Null where a layer has no such value, or none that a logarithmic axis can show. */
  read(row: Row): number | null;
  band?(row: Row): Spread | null;
}

/** Where weights are left: density by layer, and neurons and inputs out of use where there are. */
export function layerDensitySpec(rows: readonly LayerRow[], text: ChartText): TopLevelSpec {
  const density: LayerPanel<LayerRow> = {
    ...{ title: "Live weights", yTitle: "Of the layer (%)", scale: "log" },
    read: (row) => row.density,
  };
  const unused = unusedOf(rows);
  return layerPanels(rows, text, [
    density,
    ...(unused.neurons ? [UNUSED_NEURONS] : []),
    ...(unused.inputs ? [UNUSED_INPUTS] : []),
  ]);
}

const UNUSED_NEURONS: LayerPanel<LayerRow> = {
  title: "Neurons without a live input or output",
  yTitle: "Of the layer (%)",
  scale: "linear",
  read: ({ noInput, noOutput, units }) =>
    noInput === null ? null : 100 * Math.max(noInput, noOutput ?? 0) / units,
};

const UNUSED_INPUTS: LayerPanel<LayerRow> = {
  title: "Inputs that nothing reads",
  yTitle: "Of the layer (%)",
  scale: "linear",
  read: ({ unusedInputs, inputs }) => unusedInputs === null ? null : 100 * unusedInputs / inputs,
};

/**
 * Whether there are neurons and inputs out of use, at any level: without them there is no panel.
 */
export function unusedOf(rows: readonly LayerRow[]): { neurons: boolean; inputs: boolean } {
  const isAny = ({ read }: LayerPanel<LayerRow>) => rows.some((row) => (read(row) ?? 0) > 0);
  return { neurons: isAny(UNUSED_NEURONS), inputs: isAny(UNUSED_INPUTS) };
}

/** Whether neurons and their connections are known: of chains of dense layers. */
export function knowsNeurons({ inDegree }: LayerRow): boolean {
  return inDegree !== null;
}

/** How far weights moved, and whether they kept their signs. */
export function movementSpec(rows: readonly LayerRow[], text: ChartText): TopLevelSpec {
  return layerPanels(rows, text, [
    {
      title: "Mean change of a live weight",
      yTitle: "|final − initial|",
      scale: "linear",
      read: ({ meanChange, live }) => live > 0 ? meanChange : null,
    },
    {
      title: "Distance moved by the layer",
      yTitle: "L2 distance",
      scale: "linear",
      read: ({ distance, live }) => live > 0 ? distance : null,
    },
    {
      title: "Live weights that keep their sign",
      yTitle: "Live weights (%)",
      scale: "linear",
      read: ({ signsKept, live }) => live > 0 ? signsKept : null,
    },
  ]);
}

/** Live weights of a neuron and of an input; bands from the 5% to the 95% quantile. */
export function degreeSpec(rows: readonly LayerRow[], text: ChartText): TopLevelSpec {
  return layerPanels(rows, text, [
    {
      title: "Live inputs of a neuron",
      yTitle: "Weights",
      scale: "linear",
      read: ({ inDegree }) => inDegree?.mean ?? null,
      band: ({ inDegree }) => inDegree,
    },
    {
      title: "Live weights that read one input",
      yTitle: "Weights",
      scale: "linear",
      read: ({ outDegree }) => outDegree?.mean ?? null,
      band: ({ outDegree }) => outDegree,
    },
  ]);
}

/** A panel for each quantity against weights remaining, a line for each layer. */
export function layerPanels<Row extends OfLayer>(
  rows: readonly Row[],
  text: ChartText,
  panels: readonly LayerPanel<Row>[],
): TopLevelSpec {
  const layers = [...new Set(rows.map(({ layer }) => layer))];
  const x = densityAxis(levelPercents(rows));
  const color = {
    field: "layer",
    type: "nominal" as const,
    scale: {
      domain: layers,
      range: layers.map((_, i) => LAYER_COLORS[i % LAYER_COLORS.length]),
    },
    legend: { title: null, symbolOpacity: 1, columns: 8 },
  };
  const shapes = layers.map((_, i) =>
    LAYER_SHAPES[Math.floor(i / LAYER_COLORS.length) % LAYER_SHAPES.length]
  );
  const shape = { ...color, scale: { domain: layers, range: shapes } };
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    spacing: SMALL_PANEL.spacing,
    hconcat: panels.map((panel) => {
      const { title, yTitle, scale, band } = panel;
      const means = meansByLevel(rows, panel);
      const values = means.map(({ value }) => value);
      const y = {
        field: "value",
        type: "quantitative" as const,
        title: yTitle,
        scale: scale === "log" ? logarithmic(values) : fromZero(values),
        axis: scale === "log"
          ? { format: ".3~r", tickCount: 5 }
          : { tickCount: 6, ...tickFormat(values) },
      };
      return {
        title: panelTitle(title),
        data: {
          values: means.map((row) => ({
            ...row,
            size: POINT_SIZES[layers.indexOf(row.layer) % POINT_SIZES.length],
          })),
        },
        width: SMALL_PANEL.width,
        height: SMALL_PANEL.height,
        layer: [
          ...(band
            ? [{
              mark: { type: "area" as const, opacity: 0.18, aria: false },
              encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
            }]
            : []),
          { mark: { type: "line" as const, strokeWidth: 2.5 }, encoding: { x, y, color } },
          {
            mark: { type: "point" as const, filled: true, opacity: 1 },
            encoding: {
              ...{ x, y, color, shape },
              size: { field: "size", type: "quantitative", scale: null },
            },
          },
        ],
      };
    }),
    config: { ...CHART_CONFIG, axis: { ...CHART_CONFIG!.axis, labelOverlap: true } },
  };
}

/** One density for each level, whatever its trials have. */
function levelPercents(rows: readonly { level: number; percent: number }[]): number[] {
  return [...Map.groupBy(rows, ({ level }) => level).values()].map(densityOf);
}

function densityOf(group: readonly { percent: number }[]): number {
  return roundDensity(mean(group.map(({ percent }) => percent)));
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function meansByLevel<Row extends OfLayer>(
  rows: readonly Row[],
  { read, band, scale }: LayerPanel<Row>,
) {
  const percents = new Map(
    [...Map.groupBy(rows, ({ level }) => level)].map(([level, group]) => [level, densityOf(group)]),
  );
  const groups = Map.groupBy(rows, ({ level, layer }) => `${level} ${layer}`);
  return [...groups.values()].flatMap((group) => {
    const values = group.map(read).filter((value) => value !== null);
    if (values.length === 0 || (scale === "log" && mean(values) <= 0)) return [];
    const { layer, level } = group[0];
    const bands = group.map((row) => band?.(row) ?? null).filter((spread) => spread !== null);
    return [{
      layer,
      density: percents.get(level)!,
      value: mean(values),
      ...(band && {
        low: mean(bands.map(({ low }) => low)),
        high: mean(bands.map(({ high }) => high)),
      }),
    }];
  });
}

/** Overlap of masks, a panel for each layer, beside what chance would give (dashed). */
export function overlapSpec(rows: readonly OverlapRow[], text: ChartText): TopLevelSpec {
  const layers = [...new Set(rows.map(({ layer }) => layer))];
  const labels = { measured: "Measured", chance: "By chance" };
  const kinds = [...new Set(rows.map(({ between }) => between))];
  const x = densityAxis(levelPercents(rows));
  const colors = [PALETTE.blue, PALETTE.orange, PALETTE.green];
  return {
    $schema: SCHEMA,
    title: titleOf(text),
    spacing: SMALL_PANEL.spacing,
    hconcat: layers.map((layer, i) => {
      const y = {
        field: "value",
        type: "quantitative" as const,
        title: i === 0 ? "Jaccard index" : null,
        scale: { domain: [0, 1] },
      };
      const color = {
        field: "between",
        type: "nominal" as const,
        scale: { domain: kinds.map((kind) => `Between ${kind}`), range: colors },
        legend: { title: null, symbolOpacity: 1 },
      };
      const strokeDash = {
        field: "what",
        type: "nominal" as const,
        scale: { domain: Object.values(labels), range: [[1, 0], [6, 4]] },
        legend: { title: null, symbolStrokeWidth: 3 },
      };
      const here = rows.filter((row) => row.layer === layer);
      const groups = Map.groupBy(here, ({ between, level }) => `${between} ${level}`);
      const values = [...groups.values()].flatMap((group) => {
        const point = { between: `Between ${group[0].between}`, density: densityOf(group) };
        return [
          { ...point, what: labels.measured, value: mean(group.map((r) => r.jaccard)) },
          { ...point, what: labels.chance, value: mean(group.map((r) => r.byChance)) },
        ];
      });
      return {
        title: panelTitle(layer),
        data: { values },
        width: SMALL_PANEL.width,
        height: SMALL_PANEL.height,
        mark: { type: "line" as const, strokeWidth: 2.5 },
        encoding: { x, y, color, strokeDash },
      };
    }),
    config: { ...CHART_CONFIG, axis: { ...CHART_CONFIG!.axis, labelOverlap: true } },
  };
}
