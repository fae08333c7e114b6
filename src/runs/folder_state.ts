/**
 * Runs on disk, each known by its configuration: says whether a run is finished and whole, refuses
 * another run's folder, moves damaged runs aside, saves and reads.
 */

import type { AdapterDescription } from "../engine/mod.ts";
import { InputError, LotteryError } from "../errors.ts";
import { readCheckpoint } from "../records/checkpoints.ts";
import { removeUnfinished, saveRun } from "../records/saved_run.ts";
import * as paths from "../records/paths.ts";
import { damageError, type RunRecord } from "../records/record.ts";
import { density } from "../models/masks.ts";
import { resultsOf, type TrainedRun } from "../records/trained_run.ts";
import { kernelsAndAdapters } from "../foundations/trainer.ts";
import type { Storage } from "../storage/storage.ts";
import { configDifferences } from "./config.ts";
import { describeRun } from "../records/run_id.ts";
import { rawConfig, RUN_FORMAT, type RunConfig, upgraded } from "./schema.ts";
import {
  checkIntact,
  inspectRun,
  moveAside,
  readCondition,
  type RunCondition,
} from "../records/condition.ts";

/** How to treat a folder that holds runs already. */
export interface RunPolicy {
  /** Replace runs of another configuration instead of refusing. */
  overwrite: boolean;
  /** Continue runs of this configuration instead of refusing. */
  resume: boolean;
}

/**
 * The record of the finished run of this configuration; null if it is still to be trained. Looks at
 * no file but the record, or the checkpoint where there is none.
 *
 * @throws InputError if the policy refuses what the folder holds
 */
export async function finishedRecord(
  storage: Storage,
  folder: string,
  config: RunConfig,
  policy: RunPolicy,
): Promise<RunRecord | null> {
  const condition = await readCondition(storage, folder);
  const isSame = await isOf(storage, folder, condition, config, policy);
  return isSame && condition.state === "finished" ? condition.record : null;
}

/** Notes that some of an experiment's runs were trained on another adapter than the others. */
export function noteOtherAdapters(
  records: readonly RunRecord[],
  adapter: AdapterDescription,
  onNotice: (line: string) => void,
): void {
  const nameOf = ({ adapter }: RunRecord) => (adapter as AdapterDescription | undefined)?.name;
  const others = records.filter((record) => nameOf(record) !== adapter.name);
  if (others.length === 0) return;
  onNotice(
    `${others.length} of the ${records.length} finished runs were trained on "${
      nameOf(others[0])
    }", the ` +
      `others will be on "${adapter.name}": each run.json says on which; their last bits are not ` +
      `comparable`,
  );
}

/**
 * The condition of the folder's run, all files compared; a run of another configuration that is to
 * be replaced counts as unfinished. Throws as `finishedRecord`.
 */
export async function inspectConfigured(
  storage: Storage,
  folder: string,
  config: RunConfig,
  policy: RunPolicy,
): Promise<RunCondition> {
  const condition = await inspectRun(storage, folder);
  const isSame = await isOf(storage, folder, condition, config, policy);
  return isSame ? condition : { state: "unfinished" };
}

/** Whether what the folder holds, if anything, is of this configuration. */
async function isOf(
  storage: Storage,
  folder: string,
  condition: RunCondition,
  config: RunConfig,
  { overwrite, resume }: RunPolicy,
): Promise<boolean> {
  const found = await configIn(storage, folder, condition);
  const differences = found === null ? [] : configDifferences(found, config);
  if (differences.length > 0) {
    if (overwrite) return false;
    throw otherRun(folder, differences);
  }
  if (!resume && (found !== null || condition.state === "damaged")) {
    throw new InputError(
      `${folder} holds this run already, finished or not; leave out --no-resume to continue it, ` +
        "or choose another folder",
    );
  }
  return true;
}

/**
 * The configuration to continue with: where a folder holds the run as earlier versions of this
 * program understood the same command, that one.
 */
export async function continued(
  storage: Storage,
  folder: string,
  now: RunConfig,
  before: () => RunConfig,
  { overwrite }: RunPolicy,
  onNotice: (line: string) => void,
): Promise<RunConfig> {
  if (overwrite) return now;
  const found = await configIn(storage, folder, await readCondition(storage, folder));
  if (found === null || configDifferences(found, now).length === 0) return now;
  let old: RunConfig;
  try {
    old = before();
  } catch (error) {
    // Settings that these examples do not allow: it was never trained so.
    if (!(error instanceof LotteryError)) throw error;
    return now;
  }
  if (configDifferences(found, old).length > 0) return now;
  onNotice(
    `${folder} holds this run as an earlier version began it (${
      configDifferences(old, now).slice(0, 3).join("; ")
    }): it is kept; --overwrite trains it again`,
  );
  return old;
}

/** The configuration of the run in a folder, as far as a record or a checkpoint tells it. */
export async function configIn(
  storage: Storage,
  folder: string,
  condition: RunCondition,
): Promise<unknown> {
  if (condition.state !== "unfinished") {
    return condition.record && (rawConfig(condition.record) ?? null);
  }
  const checkpoint = await readCheckpoint(storage, folder);
  return checkpoint === null || typeof checkpoint === "string"
    ? null
    : upgraded(checkpoint.header.config);
}

/**
 * Makes a folder ready for its run to be trained: what is damaged there is moved aside, never
 * removed.
 *
 * @param onNotice told what is damaged, and where it is now
 */
export async function makeRoom(
  storage: Storage,
  folder: string,
  condition: RunCondition,
  onNotice: (line: string) => void,
): Promise<void> {
  if (condition.state !== "damaged") return;
  const [{ path, fault }] = condition.faults;
  await putAside(storage, folder, `${path} ${fault}`, onNotice);
}

/** Moves a run aside. */
export async function putAside(
  storage: Storage,
  folder: string,
  why: string,
  onNotice: (line: string) => void,
): Promise<void> {
  const target = await moveAside(storage, folder);
  onNotice(`${why}: the run is trained again; the old files are kept in ${target}`);
}

/** Removes what a run that is finished has no more use for: a crash may leave it. */
export async function tidyFinished(storage: Storage, folder: string): Promise<void> {
  const left = [paths.checkpoint(folder), paths.unfinished(folder)].map((p) => storage.exists(p));
  if ((await Promise.all(left)).includes(true)) await removeUnfinished(storage, folder);
}

/**
 * Saves a trained run with its configuration, in the place of what the folder held of others. A run
 * that was put there since its training began is moved aside, unless it is one that may be
 * replaced.
 */
export async function saveConfigured(
  storage: Storage,
  folder: string,
  config: RunConfig,
  trained: TrainedRun,
  { overwrite }: RunPolicy,
  onNotice: (line: string) => void,
): Promise<void> {
  const condition = await readCondition(storage, folder);
  if (condition.state !== "unfinished") {
    const found = await configIn(storage, folder, condition);
    const isOther = found !== null && configDifferences(found, config).length > 0;
    if (!overwrite || !isOther) {
      const target = await moveAside(storage, folder);
      onNotice(
        `${folder} was finished by another process meanwhile: its files are kept in ${target}`,
      );
    }
  }
  await saveRun(storage, folder, trained, recordOf(config, trained));
  if (changedNothing(trained)) {
    onNotice(
      `${describeRun(config.id)}: training changed no weight: a learning rate of ` +
        `${config.training.optimizer.learningRate} is too small, or every gradient is 0`,
    );
  }
}

/** Whether updates changed no live weight, as where rounding swallows small steps. */
function changedNothing({ iterations, initial, final, masks }: TrainedRun): boolean {
  if (iterations === 0 || density(masks).live === 0) return false;
  return Object.entries(masks).every(([name, { data }]) =>
    data.every((mask, i) => mask === 0 || final[name].data[i] === initial[name].data[i])
  );
}

/** The record of a trained run. */
export function recordOf(config: RunConfig, trained: TrainedRun): Record<string, unknown> {
  return {
    format: RUN_FORMAT,
    ...config,
    ...kernelsAndAdapters(trained),
    results: resultsOf(trained),
  };
}

/**
 * The record of a finished run of which every file is as it was written; null if it is not
 * finished.
 *
 * @throws FormatError naming the first damaged file
 */
export async function intactRecord(storage: Storage, folder: string): Promise<RunRecord | null> {
  const condition = await readCondition(storage, folder);
  if (condition.state === "unfinished") return null;
  await checkIntact(storage, folder);
  if (condition.state === "finished") return condition.record;
  throw damageError(condition.faults[0]);
}

/** Finds out whether a folder can be written: before its training, not after. */
export async function checkWritable(storage: Storage, folder: string): Promise<void> {
  const probe = `${folder.replace(/\/$/, "")}/.can-be-written`;
  await storage.write(probe, new Uint8Array());
  await storage.remove(probe);
}

/** The error of a folder that holds something else. */
function otherRun(folder: string, differences: string[]): InputError {
  const shown = differences.slice(0, 4).join("; ");
  const more = differences.length > 4 ? `; and ${differences.length - 4} more` : "";
  // Earlier versions had no other initializer, whatever the protocol.
  const isEarlier = differences.length === 1 &&
    differences[0].startsWith('network.initializer: "glorot"');
  const again = isEarlier ? "pass --initializer glorot to continue it, " : "";
  return new InputError(
    `${folder} holds a run of a different experiment (${shown}${more}); ` +
      `${again}choose another folder or experiment name, or pass --overwrite to replace it`,
  );
}
