/**
 * The folders of a lottery experiment's runs. Takes where its trials are kept and the configuration
 * that each run should have; says which runs are finished, refuses the folders of other experiments or
 * replaces them, saves runs and reads them back.
 */

import type { AdapterDescription } from "../engine/mod.ts";
import { InputError } from "../errors.ts";
import * as paths from "../foundations/paths.ts";
import { readRecord, type SavedRun } from "../foundations/run_files.ts";
import type { TrainedRun } from "../foundations/trained_run.ts";
import type { Storage } from "../storage/storage.ts";
import { controlFolder, isControlName } from "./control_paths.ts";
import {
  configDifferences,
  controlId,
  type RunConfig,
  type RunId,
  ticketId,
} from "./run_config.ts";
import { checkWritable, otherRun, restoreConfigured, saveConfigured } from "./run_store.ts";

/** The one control that the lottery experiment itself trains at a level: reinit1. */
export function ownControlId(trial: number, level: number): RunId {
  return controlId("reinit", trial, level, 1);
}

export interface RunFoldersOptions {
  storage: Storage;
  /** Folder of a trial. */
  trialFolder: (trial: number) => string;
  experimentName: string;
  /** Replace runs of other experiments instead of refusing them. */
  overwrite: boolean;
  /** The configuration that a run has; `masks` is the digest of a control's masks. */
  configOf: (id: RunId, masks: string | null) => RunConfig;
}

/** See the head of this file. */
export class RunFolders {
  /** By trial, the folders to be replaced. */
  readonly #obsolete = new Map<number, string[]>();

  /** @throws InputError if the experiment's name is one that controls have */
  constructor(private readonly options: RunFoldersOptions) {
    const { experimentName } = options;
    if (!isControlName(experimentName)) return;
    throw new InputError(
      `experiment name "${experimentName}" is that of a control's folder: choose another name`,
    );
  }

  /** Where a run is kept. */
  folderOf({ kind, trial, level, run }: RunId): string {
    const { trialFolder, experimentName } = this.options;
    const parent = trialFolder(trial);
    return kind === "ticket" || kind === "train"
      ? paths.run(parent, level, experimentName)
      : controlFolder(parent, level, kind, run, experimentName);
  }

  /**
   * Looks at every level of a trial's folder, those that this experiment does not reach too; changes
   * nothing. Gives the runs that are finished.
   *
   * @throws InputError if there is a run of another configuration, unless it may be replaced
   */
  async look(trial: number): Promise<RunId[]> {
    const { storage, overwrite, trialFolder, configOf } = this.options;
    const finished: RunId[] = [], obsolete: string[] = [];
    for (const entry of await storage.list(trialFolder(trial))) {
      if (!entry.isDirectory || !/^\d+$/.test(entry.name)) continue;
      const level = Number(entry.name);
      for (const id of [ticketId(trial, level), ownControlId(trial, level)]) {
        const folder = this.folderOf(id);
        const record = await readRecord(storage, folder);
        if (!record) continue;
        // The masks of a control are known when its level is; until then they are taken as right.
        const { masks = null } = (record.config ?? {}) as Partial<RunConfig>;
        const differences = configDifferences(record.config, configOf(id, masks));
        if (differences.length === 0) finished.push(id);
        else if (overwrite) obsolete.push(folder);
        else throw otherRun(folder, differences);
      }
    }
    this.#obsolete.set(trial, obsolete);
    return finished;
  }

  /** Finds out whether a trial's folder can be written: before its training, not after. */
  async checkWritable(trial: number): Promise<void> {
    await checkWritable(this.options.storage, this.options.trialFolder(trial));
  }

  /** A finished run; null if it is still to be trained. */
  async restore(config: RunConfig): Promise<SavedRun | null> {
    const { storage, overwrite } = this.options;
    return await restoreConfigured(storage, this.folderOf(config), config, overwrite);
  }

  /** Saves a run. What the trial's folder holds of other experiments goes now, and not before. */
  async save(config: RunConfig, trained: TrainedRun, adapter: AdapterDescription): Promise<void> {
    await this.removeObsolete(config.trial);
    const folder = this.folderOf(config);
    await saveConfigured(this.options.storage, folder, config, trained, adapter);
  }

  /** Removes what the trial's folder holds of other experiments, if it may be replaced. */
  async removeObsolete(trial: number): Promise<void> {
    for (const folder of this.#obsolete.get(trial) ?? []) await this.options.storage.remove(folder);
    this.#obsolete.delete(trial);
  }
}
