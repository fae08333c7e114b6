/** How all charts look: colours, and Vega-Lite's configuration. */

import type { TopLevelSpec } from "../npm/vega.ts";

export const INK = "#222222";
const GRID = "#E6E6E6", WHITE = "#FFFFFF";

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
