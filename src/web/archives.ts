/** Packs experiments as zip archives with the same tree, and reads the command line's. */

import { FormatError, InputError } from "../errors.ts";
import { checkNpySize } from "../formats/npy.ts";
import { readZipEntries, readZipEntry, type ZipEntry, ZipWriter } from "../formats/zip.ts";
import type { OpfsStorage } from "../storage/opfs.ts";
import type { LockHolder, Storage } from "../storage/storage.ts";
import { findRuns } from "./stored/experiment_tree.ts";
import { inspectRun } from "../records/condition.ts";

/** Where archives are unpacked before they are known to be whole. */
const IMPORTS = ".importing";

/** The most that an archive may hold: 20 trials of the paper's experiment take about 3 GB. */
const MAX_BYTES = 2 ** 33;
/** The most of one file, which is unpacked in memory: a layer of 268 million weights. */
const MAX_FILE_BYTES = 2 ** 30;

/** Locks are of this browser alone. */
const isLock = (name: string): boolean => name.startsWith(".") && name.endsWith("lock");

/** An experiment as an archive whose one folder has the experiment's name. */
export async function exportZip(storage: Storage, experiment: string): Promise<Blob> {
  const zip = new ZipWriter();
  const add = async (folder: string, inside: string) => {
    for (const { name, isDirectory } of await storage.list(folder)) {
      if (isLock(name)) continue;
      const path = `${folder}/${name}`, target = `${inside}/${name}`;
      if (isDirectory) await add(path, target);
      else zip.add(target, await storage.read(path));
    }
  };
  await add(experiment, baseName(experiment));
  return zip.end();
}

/**
 * Unpacks an archive of one experiment and compares every run's files with its record; only then it
 * gets a name, a free one. Nothing is left behind of an archive that is refused.
 *
 * @param name the archive's
 * @throws FormatError if it is damaged, holds no experiment, or paths that lead out of its folder
 */
export async function importZip(
  storage: OpfsStorage,
  archive: Blob,
  name: string,
  holder: LockHolder,
): Promise<string> {
  const entries = await readZipEntries(archive, name);
  const { root, files } = experimentIn(entries, name);
  const place = `${IMPORTS}/${crypto.randomUUID()}`;
  const lock = await storage.lock(`${place}/.lock`, holder);
  try {
    const unpacked = `${place}/experiment`;
    for (const entry of files) {
      const bytes = await readZipEntry(archive, entry, name, checkStart);
      await storage.write(`${unpacked}/${entry.name.slice(root.length)}`, bytes);
    }
    for (const { folder } of await findRuns(storage, unpacked)) {
      const condition = await inspectRun(storage, folder);
      if (condition.state !== "damaged") continue;
      const [{ path, fault }] = condition.faults;
      throw new FormatError(
        `${name}: ${
          path.slice(unpacked.length + 1)
        } ${fault}; repair it with the command that made the ` +
          "experiment, then pack it again",
      );
    }
    const wanted = baseName(root.replace(/\/$/, "")) || baseName(name).replace(/\.zip$/i, "");
    return await moveToFreeName(storage, unpacked, `results/${safeName(wanted)}`);
  } finally {
    await storage.remove(place);
    await lock.release();
  }
}

/** An array is as large as its header says, or is unpacked no further. */
function checkStart(start: Uint8Array, { name, bytes }: ZipEntry): void {
  if (name.endsWith(".npy")) checkNpySize(start, bytes, name);
}

/** Removes what tabs that were closed while they unpacked have left. */
export async function tidyImports(storage: OpfsStorage): Promise<void> {
  for (const { name } of await storage.list(IMPORTS)) {
    const place = `${IMPORTS}/${name}`;
    if (!await storage.isLocked(`${place}/.lock`)) await storage.remove(place);
  }
}

/** The one experiment of an archive: the folder above its runs, and the files in it. */
function experimentIn(
  entries: readonly ZipEntry[],
  where: string,
): { root: string; files: ZipEntry[] } {
  for (const { name } of entries) checkPath(name, where);
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (bytes > MAX_BYTES) {
    throw new FormatError(`${where}: unpacks to ${bytes} bytes, ${MAX_BYTES} at most are read`);
  }
  const large = entries.find((entry) => entry.bytes > MAX_FILE_BYTES);
  if (large) {
    throw new FormatError(
      `${where}: ${JSON.stringify(large.name.slice(0, 80))} unpacks to ${large.bytes} bytes, ` +
        `${MAX_FILE_BYTES} at most are read; pack the experiment without it`,
    );
  }
  const roots = new Set(entries.flatMap(({ name }) => {
    const match = /^(|.*\/)(?:trial\d+\/)?\d+\/[^/]+\/run\.json$/.exec(name);
    return match ? [match[1].replace(/trial\d+\/$/, "")] : [];
  }));
  if (roots.size === 0) {
    throw new FormatError(
      `${where}: holds no finished run of an experiment (such as mnist-quick/trial1/0/same_init/` +
        "run.json); pack the experiment's folder",
    );
  }
  if (roots.size > 1) {
    throw new InputError(
      `${where}: holds ${roots.size} experiments (${
        [...roots].slice(0, 3).join(", ")
      }); pack each ` +
        "into an archive of its own",
    );
  }
  const [root] = roots;
  const files = entries.filter(({ name }) =>
    name.startsWith(root) && !isLock(baseName(name)) && baseName(name) !== ".DS_Store"
  );
  const names = new Set(files.map(({ name }) => name));
  if (names.size < files.length) {
    throw new FormatError(`${where}: holds several files of one name; pack the folder anew`);
  }
  return { root, files };
}

/** @throws FormatError for a name that could lead out of the folder */
function checkPath(name: string, where: string): void {
  const parts = name.split("/");
  const isBad = /[\\\p{Cc}]|^[a-z]:/iu.test(name) ||
    parts.some((part) => part === "" || part === "." || part === "..");
  if (!isBad) return;
  throw new FormatError(
    `${where}: ${
      JSON.stringify(name.slice(0, 80))
    } is not the name of a file in a folder; nothing was ` +
      "unpacked",
  );
}

async function moveToFreeName(storage: Storage, from: string, wanted: string): Promise<string> {
  let target = wanted;
  for (let n = 2; await storage.exists(target); n++) target = `${wanted}-${n}`;
  await storage.rename(from, target);
  return target;
}

function safeName(name: string): string {
  return name.replace(/[^\w.-]+/g, "-").replace(/^[.-]+/, "") || "imported";
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
