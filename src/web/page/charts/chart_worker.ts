/// <reference lib="dom" />
/**
 * Draws the finished figures off the page's thread, from the very specification of the command
 * line's report. Vega takes longer than a page may stand still.
 */

// Named, so that Deno has them when it bundles what draws charts.
import "npm:vega@6.4.0";
import "npm:vega-interpreter@2.3.2";
import "npm:vega-lite@6.5.0";
import type { TopLevelSpec } from "../../../npm/vega.ts";
import { accuracyPanels, type LevelPanel, levelSpec } from "../../../figures/level_figures.ts";
import type { CHART_CONFIG } from "../../../figures/chart_style.ts";
import { renderSvg } from "../../../figures/render_svg.ts";
import { PALETTE } from "../../../analysis/palette.ts";
import type { FinishedRun } from "../../../records/finished_run.ts";

/** A request to draw. */
export interface ChartRequest {
  id: number;
  runs: readonly FinishedRun[];
  isDark: boolean;
  /** Size of a panel, in CSS pixels. */
  width: number;
  height: number;
}

/** One figure: the accuracy at one moment of the training. */
export interface Chart {
  metric: "earlyStopAccuracy" | "finalAccuracy";
  svg: string;
}

/** The reply; `error` where Vega could not draw. */
export interface ChartReply {
  id: number;
  charts?: Chart[];
  error?: string;
}

/** Dark colours for light ones: as far from the background as those are from white. */
const DARK: Readonly<Record<string, string>> = {
  [PALETTE.blue]: "#56B4E9",
  [PALETTE.vermillion]: "#F08A45",
  [PALETTE.green]: "#4FC49B",
  [PALETTE.sky]: "#B5DDF5",
  [PALETTE.black]: "#E8EBED",
  "#222222": "#C9CFD4",
  "#E6E6E6": "#2E353B",
};

/** The picture without a background, in the colours of the page. */
function recolor(svg: string, isDark: boolean): string {
  const clear = svg.replaceAll('fill="#FFFFFF"', 'fill="none"');
  return isDark ? clear.replace(/#[0-9A-F]{6}\b/g, (color) => DARK[color] ?? color) : clear;
}

/** Letters that stay legible on a phone, where the picture is shown at its own size. */
function narrowConfig({ axis, legend }: typeof CHART_CONFIG & object) {
  return {
    axis: { ...axis, labelFontSize: 11.5, titleFontSize: 13, labelOverlap: true, titlePadding: 8 },
    legend: { ...legend, labelFontSize: 13, symbolSize: 90 },
  };
}

/** One panel of the report's chart, without the title and the heading that the page has itself. */
function pageSpec(panel: LevelPanel, { width, height }: ChartRequest): TopLevelSpec {
  const { title: _, hconcat: [only], ...spec } = levelSpec([panel], { title: "" }) as unknown as
    & Record<string, unknown>
    & { hconcat: [Record<string, unknown>]; config: typeof CHART_CONFIG & object };
  const { title: _heading, ...view } = only;
  // Side by side, the series' names would be wider than the panel.
  const hasRoom = width >= 480;
  const stacked: object = JSON.parse(
    JSON.stringify(view),
    (key, value) => key === "columns" && !hasRoom ? 1 : value,
  );
  const narrow = width < 300 ? narrowConfig(spec.config) : {};
  return {
    ...spec,
    ...stacked,
    ...{ width, height },
    config: { ...spec.config, ...narrow, padding: 4 },
  } as unknown as TopLevelSpec;
}

async function draw(request: ChartRequest): Promise<Chart[]> {
  const charts: Chart[] = [];
  for (const panel of accuracyPanels(request.runs)) {
    const svg = recolor(await renderSvg(pageSpec(panel, request)), request.isDark);
    charts.push({ metric: panel.metric as Chart["metric"], svg });
  }
  return charts;
}

addEventListener("message", async ({ data }: MessageEvent<ChartRequest>) => {
  const reply: ChartReply = await draw(data).then(
    (charts) => ({ id: data.id, charts }),
    (error) => ({ id: data.id, error: `${error}` }),
  );
  postMessage(reply);
});
