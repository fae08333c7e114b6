/**
 * Finds the finished runs of experiments on disk: studies (runs that were trained alike, see
 * analysis/study.ts), and in words what is missing, unfinished, damaged or left out.
 */

import type { SeriesKind } from "../analysis/series.ts";
import { isOfFile, NotFoundError } from "../errors.ts";
import * as paths from "../records/paths.ts";
import { networkDigest } from "../models/digest.ts";
import { restoreNetwork } from "../records/save_restore.ts";
import type { Storage } from "../storage/storage.ts";
import { checkMaskShapes, checkRecord } from "../runs/check_record.ts";
import { isRunRecord, parseConfig, type RunConfig } from "../runs/schema.ts";
import { findRunFolders } from "../records/tree.ts";
import {
  intoStudies,
  type ReportRun,
  type ReportStudy,
  trialFolder,
  withoutCopies,
} from "./studies.ts";
import { readResults } from "../records/finished_run.ts";
import { parametersOf } from "../models/parameters.ts";
import { readCondition } from "../records/condition.ts";
import { finishedOf } from "../runs/from_config.ts";

/** The content of the folders of experiments. */
export interface Experiments {
  /** The study with the most runs first. */
  studies: ReportStudy[];
  /** Runs that are damaged or contradict themselves, in words with the next action. */
  damage: string[];
  /** Doubled, foreign and unfinished runs, in words. */
  notes: string[];
}

/**
 * Reads the records of all runs under the folders.
 *
 * @throws NotFoundError if a folder does not exist, or none of them holds a finished run
 */
export async function readExperiments(
  storage: Storage,
  roots: readonly string[],
): Promise<Experiments> {
  const damage: string[] = [], notes: string[] = [], unfinished: string[] = [];
  const runs: ReportRun[] = [];
  for (const root of roots) {
    if (!await storage.exists(root)) {
      throw new NotFoundError(`${root} does not exist: give the folder of an experiment`);
    }
    const tree = await findRunFolders(storage, root);
    damage.push(...tree.faults.map(({ path, fault }) => leftOut(`${path} ${fault}`)));
    notes.push(...tree.asides.map((folder) => `${folder} was moved aside: left out`));
    const folders = tree.runs;
    const found = await Promise.all(folders.map((folder) => readRun(storage, folder)));
    const oneShot = new Set(
      found.flatMap((run) =>
        isRun(run) && run.kind === "one_shot" ? [trialFolder(run.folder)] : []
      ),
    );
    found.forEach((run, i) => {
      if (run === "part") return;
      if (run === null) unfinished.push(folders[i]);
      else if ("damage" in run) damage.push(run.damage);
      else if ("note" in run) notes.push(run.note);
      else if (oneShot.has(trialFolder(run.folder)) && run.kind !== "one_shot") {
        notes.push(`${run.folder} is a control of a one-shot ticket: in no figure, left out`);
      } else runs.push(run);
    });
  }
  if (runs.length === 0) {
    const why = damage[0] ?? notes[0] ??
      (unfinished.length > 0 ? `${unfinished[0]} is not finished` : "");
    throw new NotFoundError(
      `${roots.join(", ")} ${roots.length === 1 ? "holds" : "hold"} no finished run` +
        `${
          why && ` (${why})`
        }: give the folder of an experiment, as run-lottery's --experiment-path`,
    );
  }
  const studies = await intoStudies(
    withoutCopies(runs, (line) => notes.push(line)),
    unfinished,
    (ticket) => masksDigest(storage, ticket),
  );
  const named = new Set(studies.flatMap((study) => study.unfinished));
  const others = unfinished.filter((folder) => !named.has(folder));
  notes.push(...others.map((folder) => `not finished: ${folder}`));
  return { studies, damage, notes };
}

type Found = Awaited<ReturnType<typeof readRun>>;

function isRun(found: Found): found is ReportRun {
  return found !== null && found !== "part" && "kind" in found;
}

function leftOut(fault: string): string {
  return `${fault}: left out; run the command that trained it again`;
}

/** A finished run; null if it is not finished; in words why it is left out. */
async function readRun(
  storage: Storage,
  folder: string,
): Promise<ReportRun | { damage: string } | { note: string } | "part" | null> {
  const condition = await readCondition(storage, folder);
  if (condition.state === "unfinished") return null;
  if (condition.state === "damaged") {
    const faults = condition.faults.map(({ path, fault }) => `${path} ${fault}`);
    return { damage: leftOut(faults.join(", ")) };
  }
  const { record } = condition, where = paths.record(folder);
  if (!isRunRecord(record)) {
    return { note: `${where} belongs to no run of run-lottery or its controls: left out` };
  }
  try {
    const config = parseConfig(record, where), results = await readResults(storage, folder, record);
    // A part of level 0's training, in no figure.
    if (config.id.kind === "rewind_point") return "part";
    checkRecord(config, results, where);
    await checkMaskShapes(storage, folder, parametersOf(config.network.layers), record);
    const adapter = record.adapter as { name?: unknown } | undefined;
    return {
      ...finishedOf(config, folder, results, true),
      kind: kindOf(config),
      trial: `${config.id.trial} of seed ${config.training.seed}`,
      config,
      files: record.files,
      adapter: typeof adapter?.name === "string" ? adapter.name : "an unknown adapter",
    };
  } catch (error) {
    if (!isOfFile(error)) throw error;
    return { damage: `${error.message} (${folder} left out)` };
  }
}

function kindOf({ id: { kind }, pruning }: RunConfig): SeriesKind {
  return pruning?.oneShot ? "one_shot" : kind;
}

/** Null where they cannot be read: then no control is known to be its. */
async function masksDigest(storage: Storage, { folder }: ReportRun): Promise<string | null> {
  try {
    return await networkDigest(await restoreNetwork(storage, paths.masks(folder)));
  } catch (error) {
    if (!isOfFile(error)) throw error;
    return null;
  }
}
