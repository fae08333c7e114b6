/**
 * Checks the folders of results before anything is trained: whether the file system takes the names
 * of all files, and which files killed processes left half-written.
 */

import { StorageError } from "../errors.ts";
import * as paths from "../records/paths.ts";
import { within } from "../records/record.ts";
import type { Storage } from "../storage/storage.ts";
import { temporaryName } from "../storage/temporary.ts";
import { experimentSuffix } from "../records/experiments/control_paths.ts";

/** The chart of an experiment, beside its trials: accuracy.svg, accuracy-{experiment name}.svg. */
export function chartPath(experiment: string, chart: string, experimentName: string): string {
  const name = [chart, experimentSuffix(experimentName)].filter(Boolean).join("-");
  return within(experiment.replace(/(.)\/+$/, "$1"), `${name}.svg`);
}

/**
 * Finds out whether the files of some runs can be named: the longest, while it is written, of the
 * run with the longest folder, where it is moved to if it is ever damaged.
 *
 * @throws StorageError naming the path
 */
export async function checkRunNames(storage: Storage, runs: readonly string[]): Promise<void> {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  const longestName = (run: string) => Math.max(...run.split("/").map(bytes));
  const longest = new Set(
    [bytes, longestName].map((length) => runs.reduce((a, b) => length(b) > length(a) ? b : a, "")),
  );
  for (const run of longest) {
    if (run !== "") await checkName(storage, paths.events(paths.aside(run, 10)));
  }
}

/** Finds out whether a file can be named while it is written. Throws as above. */
export async function checkName(storage: Storage, file: string): Promise<void> {
  const start = file.lastIndexOf("/") + 1;
  const path = file.slice(0, start) + temporaryName(file.slice(start));
  // Looking at what does not exist tells as well as writing it, and leaves nothing behind.
  const exists = async (path: string) => {
    try {
      return await storage.exists(path);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      throw new StorageError(
        error.message.replace(`cannot look at ${path}`, `cannot write ${file}`),
      );
    }
  };
  await exists(path);
  const parts = path.split("/");
  let known = parts.length - 1;
  while (known > 0 && !await exists(parts.slice(0, known).join("/") || "/")) known--;
  // A file system looks at names only in folders that exist.
  const folder = known === 0 ? "" : parts.slice(0, known).join("/") || "/";
  for (const part of parts.slice(known)) {
    if (!/^\.{0,2}$/.test(part)) await exists(within(folder, part));
  }
}

/** Removes what killed processes left half-written in an experiment's folder, beside its trials. */
export async function sweepExperiment(storage: Storage, experiment: string): Promise<void> {
  await storage.sweep(experiment, { isDeep: false });
  for (const part of ["weights", "report"]) await storage.sweep(within(experiment, part));
}
