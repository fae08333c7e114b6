/**
 * The folders of a lottery experiment's runs: names them, and says before anything is trained which
 * runs are finished and which belong to another experiment.
 */

import { InputError } from "../errors.ts";
import {
  controlFolder,
  isControlName,
  rewindPointFolder,
  scoresFolder,
} from "../records/experiments/control_paths.ts";
import * as paths from "../records/paths.ts";
import { ownControlId, rewindPointId, type RunId, ticketId } from "../records/run_id.ts";
import type { RunRecord } from "../records/record.ts";
import { listLevels } from "../records/tree.ts";
import type { Storage } from "../storage/storage.ts";
import { configDifferences } from "./config.ts";
import { configIn, finishedRecord, type RunPolicy } from "./folder_state.ts";
import type { RunConfig } from "./schema.ts";
import { readCondition } from "../records/condition.ts";

/** Where a lottery experiment keeps its runs. */
export interface ExperimentFolders {
  storage: Storage;
  /** Folder of a trial. */
  trialFolder: (trial: number) => string;
  experimentName: string;
}

/** The content of a trial's folder. */
export interface TrialContents {
  /** The finished runs of this experiment. */
  finished: { id: RunId; record: RunRecord }[];
  /** Folders of other experiments' runs, and of their scores, to be replaced. */
  obsolete: string[];
}

/** @throws InputError if the experiment's name is one that controls have */
export function checkExperimentName(experimentName: string): void {
  if (!isControlName(experimentName)) return;
  throw new InputError(
    `experiment name "${experimentName}" is that of a control's folder: choose another name`,
  );
}

/** Where a run is kept. */
export function runFolder(
  { trialFolder, experimentName }: Omit<ExperimentFolders, "storage">,
  { kind, trial, level, run }: RunId,
): string {
  const parent = trialFolder(trial);
  if (kind === "rewind_point") return rewindPointFolder(parent, experimentName);
  return kind === "ticket" || kind === "train"
    ? paths.run(parent, level, experimentName)
    : controlFolder(parent, level, kind, run, experimentName);
}

/**
 * Reads what every level of a trial's folder holds, also of levels that this experiment does not
 * reach; changes nothing.
 *
 * @param configOf returns the configuration that a run has; `masks` is the digest of a control's
 *   masks
 * @throws InputError if there is a run of another configuration, unless it may be replaced
 */
export async function readTrial(
  folders: ExperimentFolders,
  trial: number,
  configOf: (id: RunId, masksDigest: string | null) => RunConfig,
  policy: RunPolicy,
): Promise<TrialContents> {
  const { storage, trialFolder } = folders;
  const contents: TrialContents = { finished: [], obsolete: [] };
  for (const level of await listLevels(storage, trialFolder(trial))) {
    const first = level === 0 ? [rewindPointId(trial)] : [];
    for (const id of [...first, ticketId(trial, level), ownControlId(trial, level)]) {
      const folder = runFolder(folders, id);
      const condition = await readCondition(storage, folder);
      const found = await configIn(storage, folder, condition) as Partial<RunConfig> | null;
      // The masks of a control are known when its level is; until then they are taken as right.
      const config = configOf(id, found?.start?.masks ?? null);
      const record = await finishedRecord(storage, folder, config, policy);
      if (record) contents.finished.push({ id, record });
      else if (condition.state !== "unfinished" && found) {
        if (configDifferences(found, config).length === 0) continue;
        contents.obsolete.push(folder);
        if (id.kind === "ticket") contents.obsolete.push(scoresFolder(folder));
      }
    }
  }
  return contents;
}
