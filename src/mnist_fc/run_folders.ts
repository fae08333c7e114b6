/**
 * The folders of a lottery experiment's runs. Takes where its trials are kept and the configuration
 * that each run should have; says which runs are finished, refuses the folders of other experiments or
 * replaces them, saves runs and reads them back.
 */

import type { AdapterDescription } from "../engine/mod.ts";
import { InputError } from "../errors.ts";
import * as paths from "../foundations/paths.ts";
import { readRecord, restoreRun, type SavedRun, saveRun } from "../foundations/run_files.ts";
import type { TrainedRun } from "../foundations/trainer.ts";
import type { Storage } from "../storage/storage.ts";
import { DEFAULT_EXPERIMENT_NAME } from "./constants.ts";
import { configDifferences, RUN_FORMAT, type RunConfig, type RunKind } from "./run_config.ts";

/** Which run of an experiment. */
export interface RunId {
  kind: RunKind;
  trial: number;
  level: number;
  /** Number of the run beside others of its kind and level; 0 for tickets. */
  run: number;
}

/** Name and number of the control's runs, as in the original: reinit1. */
const CONTROL = { name: "reinit", run: 1 };

const CONTROL_FOLDER = new RegExp(`(^|_)${CONTROL.name}\\d+$`);

/**
 * What the files of an experiment have before or after their names, so that those of two experiments
 * in one folder are not the same; nothing for the default one.
 */
export function experimentSuffix(experimentName: string): string {
  return experimentName === DEFAULT_EXPERIMENT_NAME ? "" : experimentName;
}

/** A trial's ticket of a level. */
export function ticketId(trial: number, level: number): RunId {
  return { kind: "ticket", trial, level, run: 0 };
}

/** The control at a level: its masks with random weights. */
export function controlId(trial: number, level: number): RunId {
  return { kind: "reinit", trial, level, run: CONTROL.run };
}

export interface RunFoldersOptions {
  storage: Storage;
  /** Folder of a trial. */
  trialFolder: (trial: number) => string;
  experimentName: string;
  /** Replace runs of other experiments instead of refusing them. */
  overwrite: boolean;
  /** The configuration that a run of this experiment has. */
  configOf: (id: RunId) => RunConfig;
}

/** See the head of this file. */
export class RunFolders {
  /** By trial, the folders to be replaced. */
  readonly #obsolete = new Map<number, string[]>();

  /** @throws InputError if the experiment's name is one that controls have */
  constructor(private readonly options: RunFoldersOptions) {
    const { experimentName } = options;
    if (!CONTROL_FOLDER.test(experimentName)) return;
    throw new InputError(
      `experiment name "${experimentName}" is that of a control's folder: choose another name`,
    );
  }

  /** Where a run is kept. */
  folderOf({ kind, trial, level, run }: RunId): string {
    const { trialFolder, experimentName } = this.options;
    const parent = trialFolder(trial);
    if (kind === "ticket") return paths.run(parent, level, experimentName);
    const suffix = experimentSuffix(experimentName);
    return paths.run(parent, level, suffix && `${suffix}_`, `${CONTROL.name}${run}`);
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
      for (const id of [ticketId(trial, level), controlId(trial, level)]) {
        const folder = this.folderOf(id);
        const record = await readRecord(storage, folder);
        if (!record) continue;
        const differences = configDifferences(record.config, configOf(id));
        if (differences.length === 0) finished.push(id);
        else if (overwrite) obsolete.push(folder);
        else throw otherExperiment(folder, differences);
      }
    }
    this.#obsolete.set(trial, obsolete);
    return finished;
  }

  /** Finds out whether a trial's folder can be written: before its training, not after. */
  async checkWritable(trial: number): Promise<void> {
    const { storage, trialFolder } = this.options;
    const probe = `${trialFolder(trial).replace(/\/$/, "")}/.can-be-written`;
    await storage.write(probe, new Uint8Array());
    await storage.remove(probe);
  }

  /** A finished run; null if it is still to be trained. */
  async restore(id: RunId): Promise<SavedRun | null> {
    const { storage, configOf } = this.options;
    const folder = this.folderOf(id);
    const record = await readRecord(storage, folder);
    if (!record || this.#obsolete.get(id.trial)?.includes(folder)) return null;
    const config = configOf(id);
    const differences = configDifferences(record.config, config);
    if (differences.length > 0) throw otherExperiment(folder, differences);
    return await restoreRun(storage, folder, config.layers);
  }

  /** Saves a run. What the trial's folder holds of other experiments goes now, and not before. */
  async save(id: RunId, trained: TrainedRun, adapter: AdapterDescription): Promise<void> {
    await this.removeObsolete(id.trial);
    await saveRun(this.options.storage, this.folderOf(id), trained, {
      format: RUN_FORMAT,
      config: this.options.configOf(id),
      adapter,
    });
  }

  /** Removes what the trial's folder holds of other experiments, if it may be replaced. */
  async removeObsolete(trial: number): Promise<void> {
    for (const folder of this.#obsolete.get(trial) ?? []) await this.options.storage.remove(folder);
    this.#obsolete.delete(trial);
  }
}

function otherExperiment(folder: string, differences: string[]): InputError {
  const shown = differences.slice(0, 4).join("; ");
  const more = differences.length > 4 ? `; and ${differences.length - 4} more` : "";
  return new InputError(
    `${folder} holds a run of a different experiment (${shown}${more}); ` +
      "choose another folder or experiment name, or pass --overwrite to replace it",
  );
}
