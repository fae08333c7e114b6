/**
 * Finds damage in what is on disk. Takes a folder (an experiment, a trial, a run), gives every run under
 * it with what is wrong with its files, and the experiment's own files that have changed.
 */

import { NotFoundError } from "../errors.ts";
import {
  inspectRun,
  isRunFolder,
  type RunCondition,
  strayFiles,
} from "../foundations/run_files.ts";
import { type FileFault, within } from "../foundations/run_record.ts";
import * as paths from "../foundations/paths.ts";
import { isSealIntact } from "../analysis/seal.ts";
import type { Storage } from "../storage/storage.ts";
import { checkOrigin } from "./value_sets.ts";

/** A run and what was found. */
export interface CheckedRun {
  folder: string;
  /** "damaged" where the list of faults is not empty. */
  state: RunCondition["state"];
  faults: FileFault[];
}

/** What `verify` finds. */
export interface Verification {
  runs: CheckedRun[];
  /** Damaged files that belong to no run: charts, value sets. */
  faults: FileFault[];
}

/**
 * Checks everything under a folder; changes nothing.
 *
 * @throws NotFoundError if there is no such folder, or no run in it
 */
export async function verify(storage: Storage, root: string): Promise<Verification> {
  const found: Verification = { runs: [], faults: [] };
  const look = async (folder: string): Promise<void> => {
    const entries = await storage.list(folder);
    if (await isRunFolder(storage, folder)) found.runs.push(await checkRun(storage, folder));
    found.faults.push(...await checkOrigin(storage, folder) ?? []);
    for (const { name, isDirectory } of entries) {
      const path = within(folder, name);
      if (isDirectory && !paths.isAside(name)) await look(path);
      else if (name.endsWith(".svg") && !await isSealIntact(await storage.read(path))) {
        found.faults.push({ path, fault: "has changed since it was drawn" });
      }
    }
  };
  await look(root.replace(/(.)\/+$/, "$1"));
  if (found.runs.length > 0) return found;
  const why = await storage.exists(root) ? "holds no run" : "does not exist";
  throw new NotFoundError(`${root} ${why}: give the folder of an experiment, a trial or a run`);
}

async function checkRun(storage: Storage, folder: string): Promise<CheckedRun> {
  const condition = await inspectRun(storage, folder);
  const { state } = condition;
  if (state === "unfinished") return { folder, state, faults: [] };
  const faults = state === "damaged" ? [...condition.faults] : [];
  if (condition.record) {
    for (const path of await strayFiles(storage, folder, condition.record)) {
      faults.push({ path, fault: "is no file of this run" });
    }
  }
  return { folder, state: faults.length > 0 ? "damaged" : state, faults };
}
