/**
 * Finished runs on disk, each known by its configuration. Takes a folder and the configuration that a
 * run there should have; says whether it is finished, refuses another run's folder, saves and reads.
 */

import type { AdapterDescription } from "../engine/mod.ts";
import { InputError } from "../errors.ts";
import { readRecord, restoreRun, type SavedRun, saveRun } from "../foundations/run_files.ts";
import type { TrainedRun } from "../foundations/trained_run.ts";
import type { Storage } from "../storage/storage.ts";
import { configDifferences, RUN_FORMAT, type RunConfig } from "./run_config.ts";

/**
 * Whether the folder holds the finished run of this configuration; nothing and an unfinished run count
 * as not.
 *
 * @param overwrite whether a run of another configuration is one to be replaced, not an error
 * @throws InputError if there is one, naming the fields that differ
 */
export async function isFinished(
  storage: Storage,
  folder: string,
  config: RunConfig,
  overwrite = false,
): Promise<boolean> {
  const record = await readRecord(storage, folder);
  if (!record) return false;
  const differences = configDifferences(record.config, config);
  if (differences.length === 0) return true;
  if (overwrite) return false;
  throw otherRun(folder, differences);
}

/** The finished run of this configuration; null if it is still to be trained. Throws as `isFinished`. */
export async function restoreConfigured(
  storage: Storage,
  folder: string,
  config: RunConfig,
  overwrite = false,
): Promise<SavedRun | null> {
  if (!await isFinished(storage, folder, config, overwrite)) return null;
  return await restoreRun(storage, folder, config.layers);
}

/** Saves a trained run with its configuration, in the place of what the folder held of others. */
export async function saveConfigured(
  storage: Storage,
  folder: string,
  config: RunConfig,
  trained: TrainedRun,
  adapter: AdapterDescription,
): Promise<void> {
  await saveRun(storage, folder, trained, { format: RUN_FORMAT, config, adapter });
}

/** Finds out whether a folder can be written: before its training, not after. */
export async function checkWritable(storage: Storage, folder: string): Promise<void> {
  const probe = `${folder.replace(/\/$/, "")}/.can-be-written`;
  await storage.write(probe, new Uint8Array());
  await storage.remove(probe);
}

/** The error of a folder that holds something else. */
export function otherRun(folder: string, differences: string[]): InputError {
  const shown = differences.slice(0, 4).join("; ");
  const more = differences.length > 4 ? `; and ${differences.length - 4} more` : "";
  return new InputError(
    `${folder} holds a run of a different experiment (${shown}${more}); ` +
      "choose another folder or experiment name, or pass --overwrite to replace it",
  );
}
