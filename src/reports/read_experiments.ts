/**
 * Finds the finished runs of experiments on disk: studies (runs that were trained alike, see
 * analysis/study.ts), and in words what is missing, unfinished, damaged or left out.
 */

import * as v from "../npm/valibot.ts";
import type { SeriesKind } from "../analysis/series.ts";
import { weightCount } from "../analysis/study.ts";
import { FormatError, isOfFile, NotFoundError } from "../errors.ts";
import * as paths from "../records/paths.ts";
import { readCondition, restoreCurves } from "../records/run_files.ts";
import { networkDigest } from "../foundations/digest.ts";
import { compareFiles, type RunRecord } from "../records/run_record.ts";
import { restoreNetwork } from "../records/save_restore.ts";
import { resultsOf, type RunResults } from "../records/trained_run.ts";
import type { Storage } from "../storage/storage.ts";
import { checkMaskShapes, checkRecord } from "../runs/check_run.ts";
import { parseConfig } from "../runs/parse_config.ts";
import { RUN_FORMAT, type RunConfig } from "../runs/run_config.ts";
import { findRunFolders } from "../records/run_tree.ts";
import {
  intoStudies,
  type ReportRun,
  type ReportStudy,
  trialFolder,
  withoutCopies,
} from "./studies.ts";

/** What there is in the folders of experiments. */
export interface Experiments {
  /** The study with the most runs first. */
  studies: ReportStudy[];
  /** Runs that are damaged or contradict themselves, in words with the next action. */
  damage: string[];
  /** Doubled, foreign and unfinished runs, in words. */
  notes: string[];
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const RESULTS = v.object({
  live: v.record(v.string(), count),
  earlyStopIteration: v.nullable(count),
  isStopLast: v.boolean(),
  earlyStopAccuracy: v.nullable(fraction),
  finalAccuracy: fraction,
  finalTrainAccuracy: fraction,
});

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
        run && "kind" in run && run.kind === "one_shot" ? [trialFolder(run.folder)] : []
      ),
    );
    found.forEach((run, i) => {
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

function leftOut(fault: string): string {
  return `${fault}: left out; give the command that trained it again`;
}

/** A finished run; null if it is not finished; in words why it is left out. */
async function readRun(
  storage: Storage,
  folder: string,
): Promise<ReportRun | { damage: string } | { note: string } | null> {
  const condition = await readCondition(storage, folder);
  if (condition.state === "unfinished") return null;
  if (condition.state === "damaged") {
    const faults = condition.faults.map(({ path, fault }) => `${path} ${fault}`);
    return { damage: leftOut(faults.join(", ")) };
  }
  const { record } = condition, where = paths.record(folder);
  if (record.format !== RUN_FORMAT) {
    return { note: `${where} is of no run of run-lottery or its controls: left out` };
  }
  try {
    const config = parseConfig(record, where), results = await readResults(storage, folder, record);
    checkRecord(config, results, where);
    await checkMaskShapes(storage, folder, config.layers, record);
    const live = Object.values(results.live).reduce((sum, n) => sum + n, 0);
    const adapter = record.adapter as { name?: unknown } | undefined;
    return {
      ...results,
      kind: kindOf(config),
      trial: `${config.trial} of seed ${config.seed}`,
      level: config.level,
      run: config.run,
      percent: 100 * live / weightCount(config.layers),
      folder,
      config,
      files: record.files,
      adapter: typeof adapter?.name === "string" ? adapter.name : "an unknown adapter",
    };
  } catch (error) {
    if (!isOfFile(error)) throw error;
    return { damage: `${error.message} (${folder} left out)` };
  }
}

/** Runs of earlier versions have no results in their record: they follow from masks and curves. */
async function readResults(
  storage: Storage,
  folder: string,
  { results, files }: RunRecord,
): Promise<RunResults> {
  if (results !== undefined) return parseResults(results, `${paths.record(folder)}: results`);
  const used = Object.entries(files).filter(([file]) =>
    file === paths.metrics("") || file.startsWith(`${paths.masks("")}/`)
  );
  const [fault] = await compareFiles(storage, folder, Object.fromEntries(used));
  if (fault) throw new FormatError(`${fault.path} ${fault.fault}`);
  const [masks, curves] = await Promise.all([
    restoreNetwork(storage, paths.masks(folder)),
    restoreCurves(storage, folder),
  ]);
  if (curves.test.length === 0 || curves.train.length === 0) {
    throw new FormatError(`${paths.metrics(folder)} has a curve without a point`);
  }
  return parseResults(resultsOf({ masks, curves }), paths.metrics(folder));
}

function parseResults(results: unknown, where: string): RunResults {
  const parsed = v.safeParse(RESULTS, results);
  if (parsed.success) return parsed.output;
  const field = v.getDotPath(parsed.issues[0]);
  throw new FormatError(`${where}: ${field} is not what a finished run has`);
}

function kindOf({ kind, oneShot }: RunConfig): SeriesKind {
  return kind === "ticket" && oneShot ? "one_shot" : kind;
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
