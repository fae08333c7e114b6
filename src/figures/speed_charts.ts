/** Charts of the cost of training, from `deno task bench`, as Vega-Lite specifications. */

import type { TopLevelSpec } from "../npm/vega.ts";
import { CHART_CONFIG } from "./chart_style.ts";
import { SCHEMA } from "./scales.ts";
import { PALETTE } from "../analysis/palette.ts";

/** A size that grows, and the time of one training iteration of one network. */
export interface GrowthPoint {
  /** The size: examples of a batch, say. */
  value: number;
  milliseconds: number;
}

/** Sizes with a curve of their own. */
export const GROWTH_SIZES = {
  replicas: "Networks in one program",
  hidden: "Units of the first layer",
  batch: "Examples per iteration",
  dataset: "Training examples",
} as const;

/** How the cost of an iteration grows, as measured. */
export interface Growth {
  /** Of the network as whole matrices. */
  denseMilliseconds: number;
  /** Share of live weights, 0 to 1: as lists of them. */
  density: GrowthPoint[];
  sizes: Record<keyof typeof GROWTH_SIZES, GrowthPoint[]>;
}

interface ChartText {
  title: string;
  subtitle: string;
}

const KERNELS = { sparse: "Lists of live weights", dense: "Whole matrices" };

/** Time of an iteration against weights remaining, both axes logarithmic, sparse networks right. */
export function densitySpec({ denseMilliseconds, density }: Growth, text: ChartText): TopLevelSpec {
  const sparse = density.map(({ value, milliseconds }) => ({
    remaining: 100 * value,
    milliseconds,
    kernels: KERNELS.sparse,
  }));
  const ends = sparse.map(({ remaining }) => remaining);
  const domain = [Math.min(1, 0.9 * Math.min(...ends)), 100];
  const dense = domain.map((remaining) => ({
    remaining,
    milliseconds: denseMilliseconds,
    kernels: KERNELS.dense,
  }));
  const times = [...sparse, ...dense].map(({ milliseconds }) => milliseconds);
  const x = {
    field: "remaining",
    type: "quantitative" as const,
    title: "Weights remaining (%)",
    scale: { type: "log" as const, reverse: true, nice: false, domain },
    axis: { values: [100, 50, 20, 10, 5, 2, 1], format: "~r" },
  };
  const y = {
    field: "milliseconds",
    type: "quantitative" as const,
    title: "Training iteration (ms)",
    scale: { type: "log" as const, domain: [0.8 * Math.min(...times), 1.2 * Math.max(...times)] },
    axis: { values: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100], format: "~r" },
  };
  const color = {
    field: "kernels",
    type: "nominal" as const,
    scale: { domain: Object.values(KERNELS), range: [PALETTE.blue, PALETTE.vermillion] },
    legend: { title: null },
  };
  return {
    $schema: SCHEMA,
    title: { text: text.title, subtitle: text.subtitle },
    data: { values: [...dense, ...sparse] },
    width: 640,
    height: 360,
    layer: [
      { mark: { type: "line", strokeWidth: 2.5 }, encoding: { x, y, color } },
      {
        transform: [{ filter: `datum.kernels === ${JSON.stringify(KERNELS.sparse)}` }],
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: { x, y, color },
      },
    ],
    config: CHART_CONFIG,
  };
}

/** Time of an iteration of one network against each size, a panel each, both axes logarithmic. */
export function growthSpec({ sizes }: Growth, text: ChartText): TopLevelSpec {
  const keys = Object.keys(GROWTH_SIZES) as (keyof typeof GROWTH_SIZES)[];
  const times = keys.flatMap((key) => sizes[key].map(({ milliseconds }) => milliseconds));
  const domain = [0.8 * Math.min(...times), 1.2 * Math.max(...times)];
  const panel = (key: keyof typeof GROWTH_SIZES, isFirst: boolean) => {
    const x = {
      field: "value",
      type: "quantitative" as const,
      title: GROWTH_SIZES[key],
      scale: { type: "log" as const, nice: false },
      axis: { values: sizes[key].map(({ value }) => value), format: "~s", labelOverlap: false },
    };
    const y = {
      field: "milliseconds",
      type: "quantitative" as const,
      title: isFirst ? "Iteration, per network (ms)" : null,
      scale: { type: "log" as const, domain },
      axis: { values: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200], format: "~r" },
    };
    return {
      data: { values: sizes[key] },
      width: 320,
      height: 280,
      layer: [
        {
          mark: { type: "line" as const, strokeWidth: 2.5, color: PALETTE.blue },
          encoding: { x, y },
        },
        {
          mark: {
            type: "point" as const,
            filled: true,
            size: 90,
            opacity: 1,
            color: PALETTE.blue,
          },
          encoding: { x, y },
        },
      ],
    };
  };
  return {
    $schema: SCHEMA,
    title: { text: text.title, subtitle: text.subtitle },
    spacing: 40,
    hconcat: keys.map((key, i) => panel(key, i === 0)),
    config: CHART_CONFIG,
  };
}
