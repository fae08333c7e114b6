/** How all charts look: colours, and Vega-Lite's configuration. */

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

/** From dense to sparse: viridis without its yellow end, which is too faint on white (van der Walt & Smith 2015). */
export const DENSITY_COLORS = [
  "#440154",
  "#414487",
  "#2A788E",
  "#22A884",
  "#7AD151",
] as const;

const INK = "#222222", GRID = "#E6E6E6", WHITE = "#FFFFFF";

/** Sizes that stay legible when the picture is shown at half its own. */
const FONT = { title: 22, subtitle: 16, panel: 17, axisTitle: 17, label: 15 };
export const PANEL = { width: 540, height: 340, spacing: 36 };
/** Panels of which three stand side by side. */
export const SMALL_PANEL = { width: 380, height: 280, spacing: 36 };
export const PANEL_TITLE_SIZE = FONT.panel;

/** Vega-Lite's `config` of every chart. */
export const CHART_CONFIG: TopLevelSpec["config"] = {
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
    titleColor: INK,
    titleFontSize: FONT.label,
    titleFontWeight: "normal",
    titleLimit: 0,
    symbolSize: 160,
    columnPadding: 30,
    gridAlign: "each",
    offset: 16,
  },
  view: { stroke: null },
};
