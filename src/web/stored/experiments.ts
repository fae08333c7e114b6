/** The experiments in this browser: lists them, shows their finished runs, and removes them. */

import { FormatError, InputError, isOfFile, LockedError, NotFoundError } from "../../errors.ts";
import { exportRun } from "../../records/exported_run.ts";
import * as paths from "../../records/paths.ts";
import { restoreCurves, restorePart } from "../../records/saved_run.ts";
import { damageError } from "../../records/record.ts";
import { parseConfig, type RunConfig } from "../../runs/schema.ts";
import { datasetText, settingsOf, trainingText } from "../../runs/config.ts";
import { judge } from "../../reports/verdicts/verdict.ts";
import type { OpfsStorage } from "../../storage/opfs.ts";
import type { Storage } from "../../storage/storage.ts";
import { forgetRequests, type KeptRequest, listRequests } from "../kept_requests.ts";
import { findExperiments, findRuns, findTrials, type RunPlace } from "./experiment_tree.ts";
import { AskedNetworks } from "./asked_networks.ts";
import { pixelMap } from "../live.ts";
import type { ExperimentEntry, ExperimentView, FirstKernels, RunCurves } from "../messages.ts";
import { firstKernels } from "./stored_kernels.ts";
import { lastScores, type StoredTicket } from "./stored_scores.ts";
import type { RunWeights } from "../weights/sample.ts";
import { isShown } from "../weights/shown_runs.ts";
import { storedWeights } from "../weights/stored_weights.ts";
import { inOrder } from "../../records/run_id.ts";
import { resultsOf } from "../../records/trained_run.ts";
import { parametersOf, prunableOf } from "../../models/parameters.ts";
import { readCondition } from "../../records/condition.ts";
import { finishedOf } from "../../runs/from_config.ts";

type Settings = [name: string, text: string][];

/** The experiments in this browser. */
export class Experiments {
  /** Its networks answer for images. */
  readonly networks: AskedNetworks;

  constructor(private readonly storage: Storage & Pick<OpfsStorage, "isLocked">) {
    this.networks = new AskedNetworks(storage, (folder) => this.#config(folder));
  }

  /** @param here the folder of the experiment that this tab works in */
  async list(here: string | null): Promise<ExperimentEntry[]> {
    const records = Map.groupBy(await listRequests(this.storage), ({ path }) => path);
    const found = new Set([...await findExperiments(this.storage), ...records.keys()]);
    const entries = [...found].sort().map((path) =>
      this.#entry(path, records.get(path) ?? [], here)
    );
    return await Promise.all(entries);
  }

  async #entry(
    path: string,
    records: KeptRequest[],
    here: string | null,
  ): Promise<ExperimentEntry> {
    const runs = await findRuns(this.storage, path);
    const finished = runs.filter(({ isFinished }) => isFinished);
    const inUse = path === here ? "here" : await this.#isLocked(path) ? "elsewhere" : null;
    // Controls are added to the runs of the lottery, which may have trained some of them itself.
    const all = new Set([
      ...runs.map(({ folder }) => folder),
      ...records.flatMap(({ folders }) => folders),
    ]);
    const most = Math.max(0, ...records.map(({ runsTotal }) => runsTotal));
    return {
      path,
      request: records.map(({ task, args, since, state }) => ({ task, args, since, state })),
      runsFinished: finished.length,
      runsTotal: records.length > 0 ? Math.max(all.size, most) : null,
      isUnfinished: inUse === null && records.some(({ state }) => state === "unfinished"),
      inUse,
      settings: records[0]?.settings ?? await this.#settings(finished),
    };
  }

  async #isLocked(experiment: string): Promise<boolean> {
    for (const trial of await findTrials(this.storage, experiment)) {
      if (await this.storage.isLocked(paths.lock(trial))) return true;
    }
    return false;
  }

  /** The settings in the first record that can be read, if any. */
  async #settings(finished: readonly RunPlace[]): Promise<Settings> {
    for (const { folder } of finished) {
      const config = await readable(() => this.#config(folder), () => {});
      if (config) return settingsText(config);
    }
    return [];
  }

  /** @throws NotFoundError if it holds no finished run that is whole */
  async view(path: string): Promise<ExperimentView> {
    const view: ExperimentView = {
      ...{ path, runs: [], pixelMaps: [], scores: null, settings: [], faults: [] },
      verdict: judge([]),
    };
    const tickets: StoredTicket[] = [];
    for (const { folder, isFinished } of await findRuns(this.storage, path)) {
      if (!isFinished) continue;
      const onFault = (line: string) => view.faults.push(line);
      const run = await readable(() => this.#finishedRun(folder), onFault);
      if (run === null) continue;
      const { config, masks, curves } = run;
      view.runs.push(
        finishedOf(config, folder, resultsOf({ masks, curves }), true),
      );
      if (view.settings.length === 0) view.settings = settingsText(config);
      if (config.id.kind !== "ticket") continue;
      tickets.push({ folder, config });
      const [{ name }] = parametersOf(config.network.layers);
      const map = pixelMap(config.id, masks[name], config.dataset.shape);
      if (map) view.pixelMaps.push(map);
    }
    if (view.runs.length === 0) {
      const why = view.faults.length > 0 ? ` that is whole (${view.faults[0]})` : "";
      throw new NotFoundError(`${path} holds no finished run${why}: continue it, or delete it`);
    }
    view.runs.sort(inOrder);
    const trial = Math.min(...view.runs.map((run) => run.trial));
    view.pixelMaps = view.pixelMaps.filter(({ run }) => run.trial === trial)
      .sort((a, b) => inOrder(a.run, b.run));
    const first = tickets.filter(({ config }) => config.id.trial === trial);
    const onFault = (line: string) => view.faults.push(line);
    view.scores = await readable(() => lastScores(this.storage, first), onFault);
    view.verdict = judge(view.runs);
    return view;
  }

  /** The parts of a run that an experiment shows. Throws a LotteryError naming a faulty file. */
  async #finishedRun(folder: string) {
    const config = await this.#config(folder);
    const weights = prunableOf(parametersOf(config.network.layers));
    const masks = await restorePart(this.storage, folder, paths.masks, weights);
    const curves = await restoreCurves(this.storage, folder);
    if (curves.train.length > 0 && curves.test.length > 0) return { config, masks, curves };
    throw new FormatError(`${paths.metrics(folder)} has a curve without a point`);
  }

  async curves(folders: readonly string[]): Promise<RunCurves[]> {
    return await Promise.all(folders.map(async (folder) => ({
      folder,
      curves: await restoreCurves(this.storage, folder),
    })));
  }

  /** The weights to draw of finished runs of one trial; damaged ones are left out. */
  async weights(folders: readonly string[]): Promise<RunWeights[]> {
    const found: RunWeights[] = [];
    const tickets = new Map<number, string>();
    const configs = new Map<string, RunConfig>();
    for (const folder of folders) {
      const config = await readable(() => this.#config(folder), () => {});
      if (config === null || !isShown(config.id)) continue;
      configs.set(folder, config);
      if (config.id.kind === "ticket") tickets.set(config.id.level, folder);
    }
    for (const [folder, config] of configs) {
      const { kind, level } = config.id;
      const before = kind === "ticket" ? tickets.get(level - 1) ?? null : null;
      const read = () => storedWeights(this.storage, folder, config, before);
      const weights = await readable(read, () => {});
      if (weights !== null) found.push(weights);
    }
    return found;
  }

  /** The first layer's kernels of a finished run; null where it is no convolution. */
  async kernels(folder: string): Promise<FirstKernels | null> {
    return await firstKernels(this.storage, folder, await this.#config(folder));
  }

  async #config(folder: string): Promise<RunConfig> {
    const condition = await readCondition(this.storage, folder);
    if (condition.state === "damaged") throw damageError(condition.faults[0]);
    if (condition.state === "unfinished") {
      throw new NotFoundError(`${folder} is not the folder of a finished run: choose another one`);
    }
    return parseConfig(condition.record, paths.record(folder));
  }

  /** A finished run as one safetensors file. */
  async exportTicket(folder: string): Promise<Blob> {
    const bytes = await exportRun(this.storage, folder, "safetensors");
    return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" });
  }

  /**
   * Removes an experiment and all that is known of it.
   *
   * @throws LockedError if something works in it
   */
  async remove(path: string, here: string | null): Promise<void> {
    if (!(await this.list(here)).some((entry) => entry.path === path)) {
      throw new InputError(`${path} is not an experiment: nothing was removed`);
    }
    if (path === here) {
      throw new LockedError(`${path} is being trained: stop it first, then delete it`);
    }
    if (await this.#isLocked(path)) {
      throw new LockedError(
        `${path} is in use in another tab: stop it there, or close that tab, then delete it`,
      );
    }
    await forgetRequests(this.storage, path);
    await this.storage.remove(path);
  }
}

/** Returns what `read` reads; null, and calls `onFault`, where a file is at fault. */
async function readable<T>(
  read: () => Promise<T>,
  onFault: (line: string) => void,
): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (!isOfFile(error)) throw error;
    onFault(error.message);
    return null;
  }
}

function settingsText(config: RunConfig): Settings {
  const settings = settingsOf(config);
  return [
    ["dataset", datasetText(settings)],
    ["training", trainingText(settings)],
    ["seed", `${settings.training.seed}`],
  ];
}
