/**
 * Finds damage in an experiment, a trial or a run: every run with its damaged files, the
 * experiment's own files that have changed, and what was moved aside.
 */

import { NotFoundError } from "../errors.ts";
import {
  compareFiles,
  type FileFault,
  readRecordFile,
  readRunFile,
  unreadable,
  within,
} from "../records/record.ts";
import { isSealIntact } from "../formats/seal.ts";
import type { Storage } from "../storage/storage.ts";
import { ORIGIN, walkTree } from "../records/tree.ts";
import { findStrays, inspectRun, type RunCondition } from "../records/condition.ts";

/** A run and what was found. */
export interface CheckedRun {
  folder: string;
  /** "damaged" where the list of faults is not empty. */
  state: RunCondition["state"];
  faults: FileFault[];
}

/** The findings of `verify`. */
export interface Verification {
  runs: CheckedRun[];
  /** Damaged files that belong to no run: charts, value sets; and folders that cannot be read. */
  faults: FileFault[];
  /** Folders of runs and value sets that were moved aside, with what is wrong with them. */
  asides: CheckedRun[];
}

/**
 * Checks everything under a folder, to the end, whatever is found; changes nothing.
 *
 * @throws NotFoundError if there is no such folder, or no run in it
 */
export async function verify(storage: Storage, root: string): Promise<Verification> {
  const found: Verification = { runs: [], faults: [], asides: [] };
  for await (const { path: folder, entries, kind, fault } of walkTree(storage, root)) {
    if (fault) found.faults.push(fault);
    if (kind === "aside") found.asides.push(await checkAside(storage, folder));
    if (kind === "aside") continue;
    if (kind === "run") found.runs.push(await checkRun(storage, folder));
    found.faults.push(...await checkOrigin(storage, folder) ?? []);
    for (const { name } of entries) {
      if (name.endsWith(".svg")) {
        found.faults.push(...await checkChart(storage, within(folder, name)));
      }
    }
  }
  if (found.runs.length > 0 || found.asides.length > 0) return found;
  const [fault] = found.faults;
  const why = fault
    ? `holds no run that can be read (${fault.path} ${fault.fault})`
    : await storage.exists(root)
    ? "holds no run"
    : "does not exist";
  throw new NotFoundError(`${root} ${why}: give the folder of an experiment, a trial or a run`);
}

async function checkRun(storage: Storage, folder: string): Promise<CheckedRun> {
  const condition = await inspectRun(storage, folder);
  const { state } = condition;
  if (state === "unfinished") return { folder, state, faults: [] };
  const faults = state === "damaged" ? [...condition.faults] : [];
  if (condition.record) faults.push(...await findStrays(storage, folder, condition.record));
  return { folder, state: faults.length > 0 ? "damaged" : state, faults };
}

/** A run or a value set that was moved aside. */
async function checkAside(storage: Storage, folder: string): Promise<CheckedRun> {
  const faults = await checkOrigin(storage, folder);
  if (faults === null) return await checkRun(storage, folder);
  return { folder, state: faults.length > 0 ? "damaged" : "finished", faults };
}

async function checkChart(storage: Storage, path: string): Promise<FileFault[]> {
  try {
    if (await isSealIntact(await readRunFile(storage, path))) return [];
    return [{ path, fault: "has changed since it was drawn" }];
  } catch (error) {
    return [unreadable(path, error)];
  }
}

/** The damaged files of a derived set; null where the folder is none. */
export async function checkOrigin(storage: Storage, folder: string): Promise<FileFault[] | null> {
  const path = within(folder, ORIGIN);
  if (!await storage.exists(path)) return null;
  const origin = await readRecordFile(storage, path);
  if (typeof origin === "string") return [{ path, fault: origin }];
  return await compareFiles(storage, folder, origin.files);
}
