/**
 * Finds experiments and their runs in a storage, by the shape of their tree alone: what was imported is
 * found as what was trained here. Takes a storage, gives paths.
 */

import * as paths from "../foundations/paths.ts";
import type { Storage } from "../storage/storage.ts";

/** Folders that hold other things than experiments; and no experiment lies deeper than so many folders. */
const NOT_EXPERIMENTS = ["data"], MOST_DEPTH = 6;

const isTrial = (name: string): boolean => /^trial\d+$/.test(name);
const isLevel = (name: string): boolean => /^\d+$/.test(name);

/** A run's folder. */
export interface RunPlace {
  folder: string;
  isFinished: boolean;
}

/** Names of the folders in a folder that are neither hidden nor moved aside. */
async function folders(storage: Storage, path: string): Promise<string[]> {
  return (await storage.list(path))
    .filter(({ name, isDirectory }) => isDirectory && !name.startsWith(".") && !paths.isAside(name))
    .map(({ name }) => name);
}

/** The folders of all experiments: those with a folder of a trial, or of a level, in them. */
export async function findExperiments(storage: Storage, path = "", depth = 0): Promise<string[]> {
  const names = await folders(storage, path);
  if (path !== "" && names.some((name) => isTrial(name) || isLevel(name))) return [path];
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
  const names = await folders(storage, experiment);
  const trials = names.filter(isTrial).map((name) => `${experiment}/${name}`);
  return names.some(isLevel) ? [experiment, ...trials] : trials;
}

/** The runs of an experiment that have begun. */
export async function findRuns(storage: Storage, experiment: string): Promise<RunPlace[]> {
  const runs: RunPlace[] = [];
  for (const trial of await findTrials(storage, experiment)) {
    for (const level of (await folders(storage, trial)).filter(isLevel)) {
      for (const name of await folders(storage, `${trial}/${level}`)) {
        const folder = `${trial}/${level}/${name}`;
        runs.push({ folder, isFinished: await storage.exists(paths.record(folder)) });
      }
    }
  }
  return runs;
}
