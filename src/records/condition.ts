/**
 * The condition of a run's folder: unfinished, finished or damaged, and whether its files are as
 * they were written; moves a damaged run aside.
 */

import * as paths from "./paths.ts";
import { CONTENTS, removeUnfinished } from "./saved_run.ts";
import {
  compareFiles,
  damageError,
  type FileFault,
  NO_CHECKSUMS,
  readRecordFile,
  type RunRecord,
  unreadable,
  within,
} from "./record.ts";
import type { Storage, StorageEntry } from "../storage/storage.ts";

/** The condition of a run's folder. */
export type RunCondition =
  /** Nothing, or what an interrupted attempt left. */
  | { state: "unfinished" }
  /** A run whose record is whole; `inspectRun` has compared its files too. */
  | { state: "finished"; record: RunRecord }
  /** A run of which files are gone or changed; the record as far as it can be trusted. */
  | { state: "damaged"; record: RunRecord | null; faults: FileFault[] };

/** Looks at a run's record alone. */
export async function readCondition(storage: Storage, folder: string): Promise<RunCondition> {
  const path = paths.record(folder);
  if (!await storage.exists(path)) {
    if (await isUnfinished(storage, folder)) return { state: "unfinished" };
    for (const content of CONTENTS) {
      if (!await holdsFiles(storage, content(folder))) continue;
      return { state: "damaged", record: null, faults: [{ path, fault: "is missing" }] };
    }
    return { state: "unfinished" };
  }
  const record = await readRecordFile(storage, path);
  return typeof record === "string"
    ? { state: "damaged", record: null, faults: [{ path, fault: record }] }
    : { state: "finished", record };
}

/** Compares every file of a run with the record. */
export async function inspectRun(storage: Storage, folder: string): Promise<RunCondition> {
  const condition = await readCondition(storage, folder);
  if (condition.state !== "finished") return condition;
  const { record } = condition;
  const faults = await compareFiles(storage, folder, record.files);
  return faults.length > 0 ? { state: "damaged", record, faults } : condition;
}

/** The record of a finished run; null if there is none that is whole. Looks at no other file. */
export async function readRecord(storage: Storage, folder: string): Promise<RunRecord | null> {
  const condition = await readCondition(storage, folder);
  return condition.state === "finished" ? condition.record : null;
}

/**
 * Compares the files of a part of a run (`final`), or all of them, with the record, if there is one
 * that has their checksums: other folders are not taken for runs of this program.
 *
 * @throws FormatError naming the first file that is damaged
 */
export async function checkIntact(storage: Storage, folder: string, part = ""): Promise<void> {
  const path = paths.record(folder);
  if (!await storage.exists(path)) return;
  const record = await readRecordFile(storage, path);
  if (record === NO_CHECKSUMS) return;
  const faults = typeof record === "string"
    ? [{ path, fault: record }]
    : await compareFiles(storage, folder, partOf(record.files, part));
  if (faults.length > 0) throw damageError(faults[0]);
}

function partOf(files: Record<string, string>, part: string): Record<string, string> {
  const isOf = (file: string) => part === "" || file.startsWith(`${part}/`);
  return Object.fromEntries(Object.entries(files).filter(([file]) => isOf(file)));
}

/**
 * Moves all that belongs to a run out of its folder, to a new folder beside it, whose path is
 * given. The record goes last: until then a crash leaves a damaged run, of which the rest is moved
 * next time.
 */
export async function moveAside(storage: Storage, folder: string): Promise<string> {
  let n = 1;
  while (await storage.exists(paths.aside(folder, n))) n++;
  const target = paths.aside(folder, n);
  for (const part of [...CONTENTS, paths.record]) {
    const path = part(folder);
    if (await storage.exists(path)) await storage.rename(path, within(target, part("")));
  }
  await removeUnfinished(storage, folder);
  return target;
}

/** Names of the folders and files inside a run's own. */
export const RUN_PARTS: ReadonlySet<string> = new Set(CONTENTS.map((part) => part("")));

/** Names that only a run's folder has. */
const SIGNS = [paths.record, paths.checkpoint, paths.unfinished].map((part) => part(""));

/** Whether a folder of these entries is that of a run: finished, in progress or damaged. */
export async function isRunAmong(
  storage: Storage,
  folder: string,
  entries: readonly StorageEntry[],
): Promise<boolean> {
  const names = new Set(entries.map(({ name }) => name));
  if (SIGNS.some((name) => names.has(name))) return true;
  for (const part of RUN_PARTS) {
    if (names.has(part) && await holdsFiles(storage, within(folder, part))) return true;
  }
  return false;
}

/** The files of a run that its record does not name; hidden files do not count. */
export async function findStrays(
  storage: Storage,
  folder: string,
  { files }: RunRecord,
): Promise<FileFault[]> {
  const stray: FileFault[] = [];
  const fault = "is no file of this run";
  for (const content of CONTENTS) {
    const part = content(""), path = content(folder);
    try {
      if (isFile(part)) {
        if (await storage.exists(path) && !Object.hasOwn(files, part)) stray.push({ path, fault });
        continue;
      }
      for (const file of await filesIn(storage, path, Object.keys(files), part)) {
        if (!Object.hasOwn(files, within(part, file))) {
          stray.push({ path: within(path, file), fault });
        }
      }
    } catch (error) {
      stray.push(unreadable(path, error));
    }
  }
  return stray;
}

/** The contents of a part of a run: its files, and folders of which the record names no file. */
async function filesIn(
  storage: Storage,
  path: string,
  known: readonly string[],
  part: string,
): Promise<string[]> {
  const found: string[] = [];
  for (const { name, isDirectory } of await storage.list(path)) {
    if (name.startsWith(".")) continue;
    const inside = within(part, name);
    if (!isDirectory || !known.some((file) => file.startsWith(`${inside}/`))) found.push(name);
    else {
      const files = await filesIn(storage, within(path, name), known, inside);
      found.push(...files.map((file) => within(name, file)));
    }
  }
  return found;
}

/** Whether the folder is marked as that of a run in progress. */
async function isUnfinished(storage: Storage, folder: string): Promise<boolean> {
  return await storage.exists(paths.checkpoint(folder)) ||
    await storage.exists(paths.unfinished(folder));
}

/** Whether there is such a file, or folder with anything in it, or anything in its place. */
async function holdsFiles(storage: Storage, path: string): Promise<boolean> {
  try {
    if (!await storage.exists(path)) return false;
    return isFile(path) || (await storage.list(path)).length > 0;
  } catch (error) {
    return unreadable(path, error).fault !== "";
  }
}

/** Whether a part of a run is one file, not a folder. */
function isFile(path: string): boolean {
  return /\.(log|json)$/.test(path);
}
