/**
 * Finds the finished runs of experiments on disk. Takes folders; gives studies (runs that were trained
 * alike, see analysis/study.ts), and what is missing, unfinished, damaged or left out, in words.
 */

import * as v from "valibot";
import type { SeriesKind } from "../analysis/series.ts";
import type { StudyRun } from "../analysis/study.ts";
import { weightCount } from "../analysis/study.ts";
import { FormatError, LotteryError, NotFoundError } from "../errors.ts";
import * as paths from "../foundations/paths.ts";
import { isRunFolder, readCondition, restoreCurves } from "../foundations/run_files.ts";
import { compareFiles, type RunRecord, within } from "../foundations/run_record.ts";
import { restoreNetwork } from "../foundations/save_restore.ts";
import { resultsOf, type RunResults } from "../foundations/trained_run.ts";
import type { Storage } from "../storage/storage.ts";
import { parseConfig } from "./parse_config.ts";
import {
  configDifferences,
  describeRun,
  RUN_FORMAT,
  type RunConfig,
  type RunSettings,
  settingsOf,
} from "./run_config.ts";
import { inOrder } from "./summary.ts";

/** A finished run with what its record says. */
export interface ReportRun extends StudyRun {
  config: RunConfig;
  /** SHA-256 of its files, by their path in its folder. */
  files: Record<string, string>;
  adapter: string;
}

/** Runs that were trained alike. */
export interface ReportStudy {
  /** What they have in common; the seed is that of one of them. */
  settings: RunSettings;
  runs: ReportRun[];
  /** Runs that others of the same kinds, trials and levels let expect, in words. */
  missing: string[];
  /** Runs that are being trained, or were interrupted. */
  unfinished: string[];
}

/** What there is in the folders of experiments. */
export interface Experiments {
  /** The study with the most runs first. */
  studies: ReportStudy[];
  /** Damaged, doubled and foreign runs, in words. */
  faults: string[];
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
  const faults: string[] = [], unfinished: string[] = [];
  const runs = new Map<string, ReportRun>();
  for (const root of roots) {
    if (!await storage.exists(root)) {
      throw new NotFoundError(`${root} does not exist: give the folder of an experiment`);
    }
    const folders = await runFolders(storage, root.replace(/(.)\/+$/, "$1"));
    const found = await Promise.all(folders.map((folder) => readRun(storage, folder)));
    const oneShot = new Set(
      found.flatMap((run, i) =>
        run && typeof run !== "string" && run.kind === "one_shot" ? [trialFolder(folders[i])] : []
      ),
    );
    found.forEach((run, i) => {
      if (typeof run === "string") return faults.push(run);
      if (run === null) return unfinished.push(folders[i]);
      if (oneShot.has(trialFolder(folders[i])) && run.kind !== "one_shot") {
        return faults.push(
          `${run.folder} is a control of a one-shot ticket: in no figure, left out`,
        );
      }
      const key = JSON.stringify([studyKey(run.config), run.kind, run.trial, run.level, run.run]);
      const twin = runs.get(key);
      // A one-shot experiment begins with the full network of the usual one.
      if (!twin) runs.set(key, run);
      else if (twin.folder !== run.folder) {
        faults.push(`${run.folder} is the same run as ${twin.folder}: left out`);
      }
    });
  }
  if (runs.size === 0) {
    const why = faults[0] ?? (unfinished.length > 0 ? `${unfinished[0]} is not finished` : "");
    throw new NotFoundError(
      `${roots.join(", ")} ${roots.length === 1 ? "holds" : "hold"} no finished run` +
        `${
          why && ` (${why})`
        }: give the folder of an experiment, as run-lottery's --experiment-path`,
    );
  }
  const studies = intoStudies([...runs.values()], unfinished);
  const named = new Set(studies.flatMap((study) => study.unfinished));
  const others = unfinished.filter((folder) => !named.has(folder));
  return { studies, faults: [...faults, ...others.map((folder) => `not finished: ${folder}`)] };
}

/** The folders of runs under a folder, without those that were moved aside. */
export async function runFolders(storage: Storage, folder: string): Promise<string[]> {
  const isRun = await isRunFolder(storage, folder);
  // A named run may lie inside an unnamed one of its level.
  const entries = (await storage.list(folder)).filter(({ name, isDirectory }) =>
    isDirectory && !paths.isAside(name) && !name.startsWith(".") && !(isRun && PARTS.has(name))
  );
  const found = entries.map(({ name }) => runFolders(storage, within(folder, name)));
  return [...isRun ? [folder] : [], ...(await Promise.all(found)).flat()];
}

/** Folders inside a run's own. */
const PARTS = new Set(
  [
    paths.initial,
    paths.initialBiases,
    paths.masks,
    paths.final,
    paths.finalBiases,
    paths.summaries,
  ].map((part) => part("")),
);

/** A finished run; null if it is not finished; in words what is wrong with it. */
async function readRun(storage: Storage, folder: string): Promise<ReportRun | string | null> {
  const condition = await readCondition(storage, folder);
  if (condition.state === "unfinished") return null;
  if (condition.state === "damaged") {
    return condition.faults.map(({ path, fault }) => `${path} ${fault}: left out`).join("; ");
  }
  const { record } = condition, where = paths.record(folder);
  if (record.format !== RUN_FORMAT) {
    return `${where} is of no run of run-lottery or its controls: left out`;
  }
  try {
    const config = parseConfig(record, where), results = await readResults(storage, folder, record);
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
    if (!(error instanceof LotteryError)) throw error;
    return `${error.message} (${folder} left out)`;
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

/** What runs have in common that are compared: all of their settings but the seed. */
function studyKey(config: RunConfig): string {
  const { seed: _seed, ...settings } = settingsOf(config);
  return JSON.stringify(settings);
}

function intoStudies(runs: readonly ReportRun[], unfinished: readonly string[]): ReportStudy[] {
  const groups = [...Map.groupBy(runs, ({ config }) => studyKey(config)).values()];
  groups.sort((a, b) => b.length - a.length);
  const isIn = (folder: string, group: readonly ReportRun[]) =>
    group.some((run) => trialFolder(run.folder) === trialFolder(folder));
  return groups.map((group) => {
    const seeds = new Set(group.map(({ config }) => config.seed));
    // Where there is but one seed, the trial's number says it all.
    if (seeds.size === 1) { for (const run of group) run.trial = `${run.config.trial}`; }
    group.sort((a, b) => inOrder(a.config, b.config));
    return {
      settings: settingsOf(group[0].config),
      runs: group,
      missing: missingOf(group),
      unfinished: unfinished.filter((folder) => isIn(folder, group)),
    };
  });
}

/** {trial}/{level}/{name}: the first. */
function trialFolder(run: string): string {
  return run.split("/").slice(0, -2).join("/");
}

/**
 * What is not there although others of its kind are: all trials × the kind's levels × the numbers of its
 * runs. The control that the lottery itself trains at its last level lets expect none at other levels.
 */
function missingOf(runs: readonly ReportRun[]): string[] {
  const trials = [...new Map(runs.map((run) => [run.trial, run])).values()];
  return [...Map.groupBy(runs, ({ kind }) => kind)].flatMap(([kind, group]) => {
    const levels = [...new Set(group.map(({ level }) => level))];
    const numbers = [...new Set(group.map(({ run }) => run))];
    const there = new Set(group.map(({ trial, level, run }) => `${trial}/${level}/${run}`));
    return levels.flatMap((level) =>
      numbers.flatMap((run) =>
        trials.filter(({ trial }) => !there.has(`${trial}/${level}/${run}`)).map((other) => {
          const { config, trial } = other;
          const ofKind = kind === "one_shot" ? "ticket" : kind;
          const words = describeRun({ kind: ofKind, trial: config.trial, level, run });
          const seed = trial === `${config.trial}` ? "" : ` of seed ${config.seed}`;
          return `${kind === "one_shot" ? "one-shot " : ""}${words}${seed}`;
        })
      )
    );
  });
}

/** In which settings two studies differ: `batchSize: 60, now 32`. */
export function studyDifferences(one: ReportStudy, other: ReportStudy): string[] {
  const { seed: _one, ...settings } = one.settings, { seed: _other, ...others } = other.settings;
  return configDifferences(settings, others);
}
