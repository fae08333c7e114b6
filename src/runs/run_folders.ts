/**
 * The folders of a lottery experiment's runs: says which runs are finished, refuses the folders of
 * other experiments or replaces them, saves runs and reads them back.
 */

import { InputError } from "../errors.ts";
import type { Masks } from "../models/masks.ts";
import type { Network } from "../models/network.ts";
import * as paths from "../records/paths.ts";
import { readCondition, restoreRun, type SavedRun } from "../records/run_files.ts";
import type { RunRecord } from "../records/run_record.ts";
import type { TrainedRun } from "../records/trained_run.ts";
import type { Storage } from "../storage/storage.ts";
import { controlFolder, isControlName } from "../records/control_paths.ts";
import {
  configDifferences,
  controlId,
  type RunConfig,
  type RunId,
  ticketId,
} from "./run_config.ts";
import {
  checkWritable,
  configIn,
  finishedRecord,
  inspectConfigured,
  makeRoom,
  putAside,
  type RunPolicy,
  saveConfigured,
  tidyFinished,
} from "./run_store.ts";
import { listLevels } from "../records/run_tree.ts";

/** The one control that the lottery experiment itself trains at a level: reinit1. */
export function ownControlId(trial: number, level: number): RunId {
  return controlId("reinit", trial, level, 1);
}

export interface RunFoldersOptions {
  storage: Storage;
  /** Folder of a trial. */
  trialFolder: (trial: number) => string;
  experimentName: string;
  policy: RunPolicy;
  onNotice: (line: string) => void;
  /** The configuration that a run has; `masks` is the digest of a control's masks. */
  configOf: (id: RunId, masks: string | null) => RunConfig;
}

/** The folders of a lottery experiment's runs. */
export class RunFolders {
  /** By trial, the folders to be replaced. */
  readonly #obsolete = new Map<number, string[]>();
  /** Records of the finished runs that were found. */
  readonly finished: RunRecord[] = [];

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
    const { storage, policy, trialFolder, configOf } = this.options;
    const finished: RunId[] = [], obsolete: string[] = [];
    for (const level of await listLevels(storage, trialFolder(trial))) {
      for (const id of [ticketId(trial, level), ownControlId(trial, level)]) {
        const folder = this.folderOf(id);
        const condition = await readCondition(storage, folder);
        const found = await configIn(storage, folder, condition) as Partial<RunConfig> | null;
        // The masks of a control are known when its level is; until then they are taken as right.
        const config = configOf(id, found?.masks ?? null);
        const record = await finishedRecord(storage, folder, config, policy);
        if (record) {
          finished.push(id);
          this.finished.push(record);
        } else if (condition.state !== "unfinished" && found) {
          if (configDifferences(found, config).length > 0) obsolete.push(folder);
        }
      }
    }
    this.#obsolete.set(trial, obsolete);
    return finished;
  }

  /** Finds out whether a trial's folder can be written: before its training, not after. */
  async checkWritable(trial: number): Promise<void> {
    await checkWritable(this.options.storage, this.options.trialFolder(trial));
  }

  /**
   * A finished run that is whole and began with this network; null if it is still to be trained. What
   * is there of one that is not is moved aside.
   */
  async restore(config: RunConfig, { masks, weights }: NetworkStart): Promise<SavedRun | null> {
    const { storage, policy, onNotice } = this.options;
    const folder = this.folderOf(config);
    const condition = await inspectConfigured(storage, folder, config, policy);
    if (condition.state !== "finished") {
      await makeRoom(storage, folder, condition, onNotice);
      return null;
    }
    await tidyFinished(storage, folder);
    const saved = await restoreRun(storage, folder, config.layers);
    if (isSame(saved.masks, masks) && isSame(saved.initial, weights)) return saved;
    // A level before it was trained again, elsewhere, and came to other weights.
    await putAside(storage, folder, `${folder} does not follow from the level before`, onNotice);
    return null;
  }

  /** Saves a run. What the trial's folder holds of other experiments goes now, and not before. */
  async save(config: RunConfig, trained: TrainedRun): Promise<void> {
    await this.removeObsolete(config.trial);
    const { storage, policy, onNotice } = this.options;
    await saveConfigured(storage, this.folderOf(config), config, trained, policy, onNotice);
  }

  /** Removes what the trial's folder holds of other experiments, if it may be replaced. */
  async removeObsolete(trial: number): Promise<void> {
    for (const folder of this.#obsolete.get(trial) ?? []) await this.options.storage.remove(folder);
    this.#obsolete.delete(trial);
  }
}

/** What a run starts from. */
export interface NetworkStart {
  masks: Masks;
  weights: Network;
}

function isSame(a: Network, b: Network): boolean {
  return Object.keys(b).every((name) =>
    a[name]?.data.length === b[name].data.length &&
    a[name].data.every((value, i) => Object.is(value, b[name].data[i]))
  );
}
