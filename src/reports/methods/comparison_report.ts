/** The end of `compare`: the table of methods, the same as JSON, and the chart of accuracies. */

import type { MethodRun } from "../../analysis/methods/methods.ts";
import { levelSpec } from "../../figures/level_figures.ts";
import { renderSvg } from "../../figures/render_svg.ts";
import { sealSvg } from "../../formats/seal.ts";
import type { FinishedRun } from "../../records/finished_run.ts";
import { chartPath } from "../../runs/output_folder.ts";
import type { Storage } from "../../storage/storage.ts";
import { METHOD_STYLES, methodPanels, methodResults, resultsText } from "./method_results.ts";

/** Name of the chart's file, without its ending. */
export const CHART = "accuracy";

/** Options of `comparisonReport`. */
export interface ComparisonOptions {
  storage: Storage;
  /** The runs of each method, in order. */
  experiments: readonly { name: string; runs: readonly FinishedRun[] }[];
  /** Folder of the comparison. */
  output: string;
  title: string;
  experimentName: string;
  /** Fields of the JSON document beside the results. */
  context: Record<string, unknown>;
}

/** Writes `accuracy.svg` into the folder; returns the report as text and as JSON. */
export async function comparisonReport(
  { storage, experiments, output, title, experimentName, context }: ComparisonOptions,
): Promise<{ text: string; json: Record<string, unknown> }> {
  const runs = experiments.flatMap(({ name, runs }) =>
    runs.map((run): MethodRun => ({ ...run, kind: name }))
  );
  const results = methodResults(runs);
  const chart = chartPath(output, CHART, experimentName);
  const spec = levelSpec(methodPanels(runs, results), { title }, METHOD_STYLES);
  await storage.write(chart, await sealSvg(await renderSvg(spec)));
  const { levels, ranks } = results;
  return {
    text: [
      resultsText(results),
      "",
      `Chart: ${chart}`,
      `Layers, masks and claims: deno task report ${output}`,
    ].join("\n"),
    json: {
      ...context,
      levels: levels.map(({ kind, ...level }) => ({ method: kind, ...level })),
      ranks,
      chart,
      runs: experiments.flatMap(({ name, runs }) => runs.map((run) => ({ method: name, ...run }))),
    },
  };
}
