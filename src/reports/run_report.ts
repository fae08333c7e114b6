/** The end of a single run, as text and as JSON. */

import { fractionText, percentText } from "../analysis/percent.ts";
import { formatTable } from "../analysis/table.ts";
import type { AdapterDescription } from "../engine/mod.ts";
import type { FinishedRun } from "../records/finished_run.ts";
import type { RunConfig } from "../runs/schema.ts";

/** A table of one row, and where the run is. */
export function runReport(
  run: FinishedRun,
  config: RunConfig,
  adapter: AdapterDescription,
): { text: string; json: Record<string, unknown> } {
  const stop = run.earlyStopIteration;
  const cells = [
    ["weights remaining", percentText(run.percent)],
    ...(stop === null ? [] : [
      ["early stop at iteration", `${stop}`],
      ["test accuracy there", fractionText(run.earlyStopAccuracy)],
    ]),
    ["test accuracy at the end", fractionText(run.finalAccuracy)],
  ];
  const table = formatTable(cells.map(([name]) => name), [cells.map(([, value]) => value)]);
  return { text: `${table}\n\nRun: ${run.folder}`, json: { adapter, config, run } };
}
