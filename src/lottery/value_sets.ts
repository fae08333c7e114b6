/**
 * The values from which the controls `reuse` and `reuse_sign` draw initial weights: per level and
 * layer a one-dimensional array (the original's weights/{level}/initialization). Where an
 * experiment has none yet, they are derived from its tickets and kept.
 */

import { FormatError, InputError } from "../errors.ts";
import { checkKnownNames, type Network } from "../models/network.ts";
import * as paths from "../records/paths.ts";
import { checkValueSet } from "../foundations/resample.ts";
import { restoreRun } from "../records/saved_run.ts";
import { encodeRecord, readRecordFile, type RunRecord, within } from "../records/record.ts";
import { encodeNetwork, restoreNetwork } from "../records/save_restore.ts";
import type { Storage } from "../storage/storage.ts";
import { valueSetFolder } from "../records/experiments/control_paths.ts";
import { parseConfig } from "../runs/schema.ts";
import { canonicalJson } from "../runs/config.ts";
import { intactRecord } from "../runs/folder_state.ts";
import { listTrials, ORIGIN } from "../records/tree.ts";
import { checkOrigin } from "../runs/verify.ts";
import { type Parameter, parametersOf, prunableOf } from "../models/parameters.ts";
import { readRecord } from "../records/condition.ts";

/** A lottery experiment on disk. */
export interface ExperimentPlace {
  storage: Storage;
  experimentPath: string;
  experimentName: string;
}

/** Numbers of the trials with a finished ticket of level 0, ascending. */
export async function trialsOf(
  { storage, experimentPath, experimentName }: ExperimentPlace,
): Promise<number[]> {
  const trials: number[] = [];
  for (const trial of await listTrials(storage, experimentPath)) {
    const folder = paths.run(paths.trial(experimentPath, trial), 0, experimentName);
    if (await storage.exists(paths.record(folder))) trials.push(trial);
  }
  return trials;
}

/**
 * The sets of a folder.
 *
 * @throws NotFoundError, FormatError as `restoreNetwork`; InputError if a layer has none, or one
 *   that cannot be used
 */
export async function readValueSets(
  storage: Storage,
  folder: string,
  parameters: readonly Parameter[],
): Promise<Network> {
  const sets = await restoreNetwork(storage, folder);
  const weights = prunableOf(parameters);
  checkKnownNames(sets, weights.map(({ name }) => name), `${folder}: values`);
  for (const { name } of weights) {
    if (!Object.hasOwn(sets, name)) {
      throw new InputError(`${folder} lacks ${name}.npy: give the values of every layer`);
    }
    checkValueSet(sets[name], `the values of ${paths.layer(folder, name)}`);
  }
  return sets;
}

/**
 * Makes sure that an experiment has the sets of a level: where it keeps none, those of its tickets
 * at that level are kept from now on.
 *
 * @param onNotice told where the kept sets are of other trials than the experiment has by now
 * @throws InputError if they are to be derived and a trial has not finished that level
 */
export async function provideValueSets(
  place: ExperimentPlace,
  level: number,
  parameters: readonly Parameter[],
  onNotice: (line: string) => void = () => {},
): Promise<void> {
  const folder = valueSetFolder(place.experimentPath, level, place.experimentName);
  const { storage } = place;
  const [first] = await checkOrigin(storage, folder) ?? [];
  const why = first ? `${first.path} ${first.fault}` : await otherSource(place, level, folder);
  if (why !== null) {
    let n = 1;
    while (await storage.exists(paths.aside(folder, n))) n++;
    await storage.rename(folder, paths.aside(folder, n));
    onNotice(`${why}: derived again; the old values are kept in ${paths.aside(folder, n)}`);
  }
  if (await storage.exists(folder)) await compareOrigin(place, folder, onNotice);
  else await derive(place, level, parameters, folder);
}

/** Pools the initial values of the live weights of all trials, in order, and keeps them. */
async function derive(
  place: ExperimentPlace,
  level: number,
  parameters: readonly Parameter[],
  folder: string,
): Promise<void> {
  const { storage, experimentPath, experimentName } = place;
  const trials = await trialsOf(place);
  if (trials.length === 0) {
    throw new InputError(
      `no values to draw from: ${folder} does not exist, and ${experimentPath} holds no finished ` +
        `trial of the experiment ${experimentName}; run it first, or pass ` +
        `--initialization-distribution`,
    );
  }
  const weights = prunableOf(parameters);
  const parts: Float32Array[][] = weights.map(() => []);
  const sources: Record<string, string> = {};
  for (const trial of trials) {
    const run = paths.run(paths.trial(experimentPath, trial), level, experimentName);
    const record = await intactRecord(storage, run);
    if (record === null) {
      throw new InputError(
        `cannot derive the values of level ${level} in ${experimentPath}: trial ${trial} has no ` +
          "finished run there; let run-lottery finish it, or pass --initialization-distribution",
      );
    }
    const theirs = parametersOf(parseConfig(record, paths.record(run)).network.layers);
    if (canonicalJson(theirs) !== canonicalJson(parameters)) {
      throw new InputError(
        `cannot derive the values of level ${level} in ${experimentPath}: trial ${trial} has a ` +
          "network with other layers; keep experiments of different networks in folders of their " +
          "own",
      );
    }
    sources[trial] = sourceOf(record);
    const { initial, masks } = await restoreRun(storage, run, theirs);
    weights.forEach(({ name }, l) => {
      parts[l].push(initial[name].data.filter((_, i) => masks[name].data[i] !== 0));
    });
  }
  const sets = Object.fromEntries(weights.map(({ name }, l) => [name, concatenate(parts[l])]));
  // Made elsewhere and moved in one step: a set is there as a whole or not at all, also where two
  // processes derive it at the same time.
  const draft = `${folder}.${crypto.randomUUID()}.draft`;
  const files = new Map(encodeNetwork("", sets));
  for (const [file, bytes] of files) await storage.write(within(draft, file), bytes);
  await storage.write(within(draft, ORIGIN), await encodeRecord({ trials, sources }, files));
  try {
    await storage.rename(draft, folder);
  } catch (error) {
    await storage.remove(draft);
    if (!await storage.exists(folder)) throw error;
  }
}

/** The files of a run that decide the values: the digests of its initial weights and its masks. */
function sourceOf({ files }: RunRecord): string {
  const used = ["initial", "masks"] as const;
  return canonicalJson(Object.fromEntries(
    Object.entries(files).filter(([file]) => used.some((part) => file.startsWith(`${part}/`))),
  ));
}

/**
 * Why a kept set is not that of the experiment: its runs have been replaced since. Null if nothing
 * says so; sets of earlier versions do not say what they were derived from.
 */
async function otherSource(
  { storage, experimentPath, experimentName }: ExperimentPlace,
  level: number,
  folder: string,
): Promise<string | null> {
  const path = within(folder, ORIGIN);
  if (!await storage.exists(path)) return null;
  const origin = await readRecordFile(storage, path);
  if (typeof origin === "string" || !origin.sources) return null;
  for (const [trial, source] of Object.entries(origin.sources)) {
    const run = paths.run(paths.trial(experimentPath, Number(trial)), level, experimentName);
    const record = await readRecord(storage, run);
    if (record === null || sourceOf(record) === source) continue;
    return `${folder} was derived from another run than ${run} is now`;
  }
  return null;
}

async function compareOrigin(
  place: ExperimentPlace,
  folder: string,
  onNotice: (line: string) => void,
): Promise<void> {
  const path = within(folder, ORIGIN);
  if (!await place.storage.exists(path)) return; // A set that someone put there.
  const origin = await readRecordFile(place.storage, path);
  if (typeof origin === "string") throw new FormatError(`${path} ${origin}; remove ${folder}`);
  const trials = await trialsOf(place);
  if (String(origin.trials) === String(trials)) return;
  onNotice(
    `${folder} was derived from the trials ${origin.trials}, and now there are ${trials}: it is ` +
      "used unchanged; to derive it again, remove it and the controls made with it",
  );
}

function concatenate(parts: Float32Array[]): { shape: number[]; data: Float32Array } {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const data = new Float32Array(length);
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return { shape: [length], data };
}
