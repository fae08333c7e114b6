/**
 * The end of a lottery experiment: a table by level, the verdict, the same as JSON, and the chart
 * of accuracy against weights remaining.
 */

import { fractionText, percentText } from "../analysis/percent.ts";
import { renderSvg } from "../figures/render_svg.ts";
import { sealSvg } from "../formats/seal.ts";
import { formatTable } from "../analysis/table.ts";
import type { Storage } from "../storage/storage.ts";
import { chartPath } from "../runs/output_folder.ts";
import { iterationText, type LevelSummary, summarizeLevels } from "./verdicts/summary.ts";
import { judge } from "./verdicts/verdict.ts";
import type { FinishedRun } from "../records/finished_run.ts";
import { accuracyPanels, levelSpec } from "../figures/level_figures.ts";

/** Name of the chart's file, without its ending. */
export const CHART = "accuracy";

/** Options of `lotteryReport`. */
export interface ReportOptions {
  storage: Storage;
  runs: readonly FinishedRun[];
  /** Folder of the experiment. */
  output: string;
  title: string;
  experimentName: string;
  /** Fields of the JSON document beside the results. */
  context: Record<string, unknown>;
}

/**
 * Writes `accuracy.svg` (`accuracy-{experiment name}.svg` if it has one) into the experiment's
 * folder; returns the report as text and as JSON.
 */
export async function lotteryReport(
  options: ReportOptions,
): Promise<{ text: string; json: Record<string, unknown> }> {
  const { runs, output, title, storage } = options;
  const levels = summarizeLevels(runs);
  const verdict = judge(runs);
  const chart = chartPath(output, CHART, options.experimentName);
  const svg = await renderSvg(levelSpec(accuracyPanels(runs), { title }));
  await storage.write(chart, await sealSvg(svg));
  return {
    text: [levelTable(levels), "", verdict.sentence, `Chart: ${chart}`].join("\n"),
    json: { ...options.context, levels, verdict, chart, runs },
  };
}

function levelTable(levels: readonly LevelSummary[]): string {
  const hasEarlyStop = levels.some(({ earlyStopIteration }) => earlyStopIteration !== null);
  const rows = levels.map((level) => [
    level.kind === "ticket" ? `${level.level}` : `${level.level} reinitialized`,
    percentText(level.percent),
    fractionText(level.initialAccuracy),
    ...(hasEarlyStop
      ? [iterationText(level.earlyStopIteration), fractionText(level.earlyStopAccuracy)]
      : []),
    fractionText(level.finalAccuracy),
  ]);
  const headers = [
    "level",
    "weights remaining",
    "accuracy before training",
    ...(hasEarlyStop ? ["early stop at iteration", "test accuracy there"] : []),
    "test accuracy at the end",
  ];
  const trials = levels[0]?.trials ?? 0;
  return formatTable(headers, rows, "lrrrrr") + (trials > 1 ? `\nMeans of ${trials} trials.` : "");
}
