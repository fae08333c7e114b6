/**
 * The end of a control experiment: a table of tickets and controls by level, a sentence, the same
 * as JSON, and the chart of accuracy against weights remaining.
 */

import { renderSvg } from "../figures/render_svg.ts";
import { sealSvg } from "../formats/seal.ts";
import { fractionText, percentText } from "../analysis/percent.ts";
import { MIN_TRIALS } from "../analysis/statistics.ts";
import { formatTable } from "../analysis/table.ts";
import type { Storage } from "../storage/storage.ts";
import type { Ticket } from "../lottery/control_experiment.ts";
import { chartPath } from "../runs/output_folder.ts";
import { type LevelSummary, summarizeLevels } from "./verdicts/summary.ts";
import { type FinishedRun, readResults } from "../records/finished_run.ts";
import { accuracyPanels, levelSpec } from "../figures/level_figures.ts";
import { RUN_KINDS } from "../records/kinds.ts";
import { finishedOf } from "../runs/from_config.ts";

/** Options of `controlReport`. */
export interface ControlReportOptions {
  storage: Storage;
  tickets: readonly Ticket[];
  controls: readonly FinishedRun[];
  /** Folder of the experiment. */
  output: string;
  experimentName: string;
  title: string;
  /** Name of the chart's file, without its ending. */
  chart: string;
  /** Fields of the JSON document beside the results. */
  context: Record<string, unknown>;
}

/** Writes `{chart}.svg` (`{chart}-{experiment name}.svg`) into the experiment's folder. */
export async function controlReport(
  options: ControlReportOptions,
): Promise<{ text: string; json: Record<string, unknown> }> {
  const { storage, controls, output, title } = options;
  const tickets: FinishedRun[] = [];
  for (const { folder, config, record } of options.tickets) {
    const results = await readResults(storage, folder, record);
    tickets.push(
      finishedOf(config, folder, results, true),
    );
  }
  const runs = [...tickets, ...controls];
  const levels = summarizeLevels(runs);
  const chart = chartPath(output, options.chart, options.experimentName);
  const svg = await renderSvg(levelSpec(accuracyPanels(runs), { title }));
  await storage.write(chart, await sealSvg(svg));
  return {
    text: [controlTable(levels), "", `Chart: ${chart}`].join("\n"),
    json: { ...options.context, levels, chart, runs },
  };
}

/** One row per level, one column per kind: accuracy at the early stop and when that is. */
function controlTable(levels: readonly LevelSummary[]): string {
  const kinds = RUN_KINDS.filter((kind) => levels.some((level) => level.kind === kind));
  const isStopKnown = levels.every(({ earlyStopAccuracy }) => earlyStopAccuracy !== null);
  const rows = [...Map.groupBy(levels, ({ level }) => level)].map(([number, group]) => [
    `${number}`,
    percentText(group[0].percent),
    ...kinds.map((kind) => {
      const found = group.find((level) => level.kind === kind);
      if (!found) return "–";
      return isStopKnown
        ? `${fractionText(found.earlyStopAccuracy)} at ${Math.round(found.earlyStopIteration!)}`
        : fractionText(found.finalAccuracy);
    }),
  ]);
  const most = kinds.map((kind) =>
    Math.max(...levels.filter((level) => level.kind === kind).map(({ runs }) => runs))
  );
  const trials = Math.max(...levels.map(({ trials }) => trials));
  const evidence = trials < MIN_TRIALS
    ? ` ${trials === 1 ? "One trial is" : `${trials} trials are`} an example, not a proof.`
    : "";
  const of = Math.max(...most) === 1
    ? "of single runs"
    : `means over runs: ${kinds.map((kind, i) => `${kind} ${most[i]}`).join(", ")}`;
  const what = isStopKnown
    ? "Test accuracy at the early stop, and its iteration"
    : "Test accuracy at the end of training";
  return formatTable(["level", "weights remaining", ...kinds], rows, "l") +
    `\n${what}; ${of}.${evidence}`;
}
