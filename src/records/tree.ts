/**
 * Walks the folders of runs, for everyone who needs them: every run below a folder, what was moved
 * aside, the folders that cannot be read, and the trials and levels of an experiment. Symbolic
 * links are followed, as training follows them; a folder with two names is visited once.
 */

import * as paths from "./paths.ts";
import { type FileFault, unreadable, within } from "./record.ts";
import type { Storage, StorageEntry } from "../storage/storage.ts";
import { isRunAmong, RUN_PARTS } from "./condition.ts";

/** A folder on the walk. */
export interface TreeFolder {
  path: string;
  /** Empty where `fault` says that it cannot be read. */
  entries: readonly StorageEntry[];
  /** A run; a run or a value set that was moved aside; or neither. */
  kind: "run" | "aside" | "other";
  fault: FileFault | null;
}

/** The folders of runs under a folder. */
export interface RunTree {
  runs: string[];
  /** Moved aside: not a part of the experiment any more. */
  asides: string[];
  faults: FileFault[];
}

/** Kept beside a value set that was derived from tickets. */
export const ORIGIN = "derived_from.json";

/** A folder to be visited. */
interface Place {
  path: string;
  /** Whether its name, and a folder beside it, say that it was moved aside. */
  hasTwin: boolean;
}

/**
 * The folder and all below it that can hold runs, each before those in it, by name; what links lead
 * to comes last, unless it was met before. Hidden folders, the parts of a run and what is in a
 * folder that was moved aside are left out.
 */
export async function* walkTree(
  storage: Storage,
  root: string,
  { areLinksFollowed = true } = {},
): AsyncGenerator<TreeFolder> {
  const visited = new Set<string>();
  const links: Place[] = [{ path: root.replace(/(.)\/+$/, "$1"), hasTwin: false }];
  for (const place of links) {
    yield* walk(storage, place, visited, links);
    if (!areLinksFollowed) return;
  }
}

/** @param links receives those that are met */
async function* walk(
  storage: Storage,
  { path, hasTwin }: Place,
  visited: Set<string>,
  links: Place[],
): AsyncGenerator<TreeFolder> {
  let real: string, entries: StorageEntry[], isRun: boolean;
  try {
    real = await storage.realPath(path);
    if (visited.has(real)) return;
    visited.add(real);
    entries = await storage.list(path);
    isRun = await isRunAmong(storage, path, entries);
  } catch (error) {
    yield { path, entries: [], kind: "other", fault: unreadable(path, error) };
    return;
  }
  // A folder of such a name alone, or one that holds experiments, was not moved aside by this
  // program.
  const isAside = hasTwin && (isRun || entries.some(({ name }) => name === ORIGIN));
  yield { path, entries, kind: isAside ? "aside" : isRun ? "run" : "other", fault: null };
  if (isAside) return;
  const names = new Set(entries.map(({ name }) => name));
  for (const { name, isDirectory } of entries) {
    // A named run may lie inside an unnamed one of its level.
    if (!isDirectory || name.startsWith(".") || (isRun && RUN_PARTS.has(name))) continue;
    const hasTwin = paths.isAside(name) && names.has(paths.beforeAside(name));
    const place = { path: within(path, name), hasTwin };
    const isLink = await storage.realPath(place.path).catch(() => "") !== within(real, name);
    if (isLink) links.push(place);
    else yield* walk(storage, place, visited, links);
  }
}

/** The folders of runs under a folder. */
export async function findRunFolders(storage: Storage, root: string): Promise<RunTree> {
  const tree: RunTree = { runs: [], asides: [], faults: [] };
  for await (const { path, kind, fault } of walkTree(storage, root)) {
    if (fault) tree.faults.push(fault);
    if (kind === "run") tree.runs.push(path);
    if (kind === "aside") tree.asides.push(path);
  }
  return tree;
}

/** Numbers of the trials in an experiment's folder, ascending. */
export async function listTrials(storage: Storage, experiment: string): Promise<number[]> {
  return await numbered(storage, experiment, /^trial(0|[1-9]\d*)$/);
}

/** Numbers of the levels in a trial's folder, ascending. */
export async function listLevels(storage: Storage, trial: string): Promise<number[]> {
  return await numbered(storage, trial, /^(0|[1-9]\d*)$/);
}

async function numbered(storage: Storage, folder: string, pattern: RegExp): Promise<number[]> {
  const numbers = (await storage.list(folder)).flatMap(({ name, isDirectory }) => {
    const match = isDirectory ? pattern.exec(name) : null;
    return match && Number.isSafeInteger(Number(match[1])) ? [Number(match[1])] : [];
  });
  return numbers.sort((a, b) => a - b);
}
