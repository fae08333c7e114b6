/**
 * Finds experiments and their runs in a storage by the shape of their tree alone, so that imported
 * ones are found like those that were trained here.
 */

import * as paths from "../../records/paths.ts";
import { findRunFolders, listLevels, listTrials } from "../../records/tree.ts";
import type { Storage } from "../../storage/storage.ts";

/** Folders that hold no experiments, and the depth below which none is looked for. */
const NOT_EXPERIMENTS = ["data"], MOST_DEPTH = 6;

/** A run's folder. */
export interface RunPlace {
  folder: string;
  isFinished: boolean;
}

/** Names of the folders in a folder that are not hidden. */
async function folders(storage: Storage, path: string): Promise<string[]> {
  return (await storage.list(path))
    .filter(({ name, isDirectory }) => isDirectory && !name.startsWith("."))
    .map(({ name }) => name);
}

/** The folders of all experiments: those with a folder of a trial, or of a level, in them. */
export async function findExperiments(storage: Storage, path = "", depth = 0): Promise<string[]> {
  const names = await folders(storage, path);
  if (path !== "" && (await findTrials(storage, path)).length > 0) return [path];
  if (depth === MOST_DEPTH) return [];
  const found: string[] = [];
  for (const name of names) {
    if (path === "" && NOT_EXPERIMENTS.includes(name)) continue;
    found.push(
      ...await findExperiments(storage, path === "" ? name : `${path}/${name}`, depth + 1),
    );
  }
  return found;
}

/** The folders of an experiment's trials; itself if it is that of one trial. */
export async function findTrials(storage: Storage, experiment: string): Promise<string[]> {
  const numbers = await listTrials(storage, experiment);
  const trials = numbers.map((number) => paths.trial(experiment, number));
  return (await listLevels(storage, experiment)).length > 0 ? [experiment, ...trials] : trials;
}

/** The runs of an experiment that have begun. */
export async function findRuns(storage: Storage, experiment: string): Promise<RunPlace[]> {
  const runs: RunPlace[] = [];
  for (const trial of await findTrials(storage, experiment)) {
    for (const level of await listLevels(storage, trial)) {
      const { runs: found } = await findRunFolders(storage, paths.run(trial, level));
      for (const folder of found) {
        runs.push({ folder, isFinished: await storage.exists(paths.record(folder)) });
      }
    }
  }
  return runs;
}
