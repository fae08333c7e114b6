/**
 * A finished run in figures, the same for the summaries of tasks, for reports and for the page:
 * which run it is, where it is, and its results.
 */

import * as v from "../npm/valibot.ts";
import { FormatError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";
import * as paths from "./paths.ts";
import { restoreCurves } from "./saved_run.ts";
import type { RunId } from "./run_id.ts";
import { compareFiles, type RunRecord } from "./record.ts";
import { restoreNetwork } from "./save_restore.ts";
import { resultsOf, type RunResults } from "./trained_run.ts";
import { type Parameter, weightCount } from "../models/parameters.ts";

/** A finished run in figures. Accuracies are fractions of the test set, 0 to 1. */
export interface FinishedRun extends RunId, Omit<RunResults, "live"> {
  /** Where its files are. */
  folder: string;
  /** Whether it was finished before this experiment started. */
  found: boolean;
  /** Live weights. */
  live: number;
  /** The same by layer. */
  liveByLayer: Record<string, number>;
  /** All weights. */
  total: number;
  /** Weights remaining in percent, the paper's Pm. */
  percent: number;
  /** Classes that the network tells apart. */
  classes: number;
}

/** A finished run, from its results. */
export function finishedRun(
  { kind, trial, level, run }: RunId,
  parameters: readonly Parameter[],
  folder: string,
  { live: liveByLayer, ...results }: RunResults,
  found: boolean,
): FinishedRun {
  const live = Object.values(liveByLayer).reduce((sum, n) => sum + n, 0);
  const total = weightCount(parameters);
  return {
    ...{ kind, trial, level, run, folder, found, live, liveByLayer, total },
    percent: total === 0 ? 0 : 100 * live / total,
    ...results,
    classes: parameters.at(-1)!.columns,
  };
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const RESULTS = v.object({
  live: v.record(v.string(), count),
  earlyStopIteration: v.nullable(count),
  isStopLast: v.boolean(),
  earlyStopAccuracy: v.nullable(fraction),
  finalAccuracy: fraction,
  finalTrainAccuracy: v.nullable(fraction),
  initialAccuracy: v.optional(v.nullable(fraction), null),
});

/**
 * The results of a finished run. Those of earlier versions are not in their records: they follow
 * from masks and curves.
 *
 * @throws FormatError naming the file that is damaged, or the field that no finished run has
 */
export async function readResults(
  storage: Storage,
  folder: string,
  { results, files }: RunRecord,
): Promise<RunResults> {
  if (results !== undefined) return parseResults(results, `${paths.record(folder)}: results`);
  const used = Object.entries(files).filter(([file]) =>
    file === paths.metrics("") || file.startsWith(`${paths.masks("")}/`)
  );
  const [fault] = await compareFiles(storage, folder, Object.fromEntries(used));
  if (fault) throw new FormatError(`${fault.path} ${fault.fault}`);
  const [masks, curves] = await Promise.all([
    restoreNetwork(storage, paths.masks(folder)),
    restoreCurves(storage, folder),
  ]);
  if (curves.test.length === 0) {
    throw new FormatError(`${paths.metrics(folder)} has a curve without a point`);
  }
  return parseResults(resultsOf({ masks, curves }), paths.metrics(folder));
}

function parseResults(results: unknown, where: string): RunResults {
  const parsed = v.safeParse(RESULTS, results);
  if (parsed.success) return parsed.output;
  const field = v.getDotPath(parsed.issues[0]);
  throw new FormatError(`${where}: ${field} is not what a finished run has`);
}
