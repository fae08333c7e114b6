/**
 * Trains single runs that do not depend on each other, as replicas of one program: controls, and
 * networks trained alone. Finished runs are read, not repeated.
 */

import type { Curves } from "../engine/mod.ts";
import type { ExampleSets } from "../datasets/examples.ts";
import type { LevelStart } from "../foundations/experiment.ts";
import type { Masks } from "../models/masks.ts";
import { restoreCurves } from "../records/run_files.ts";
import { restoreNetwork } from "../records/save_restore.ts";
import * as paths from "../records/paths.ts";
import type { RunRecord } from "../records/run_record.ts";
import type { RunQueue } from "../foundations/run_queue.ts";
import { train } from "../foundations/trainer.ts";
import type { Storage } from "../storage/storage.ts";
import { datasetOf, modelOf, trainOptionsOf, workRequestOf } from "../runs/configured_run.ts";
import type { Job } from "../runs/job.ts";
import type { RunConfig, RunId, StartedRun } from "../runs/run_config.ts";
import type { Locks } from "../runs/locks.ts";
import { checkRunNames } from "../runs/output_folder.ts";
import {
  checkWritable,
  finishedRecord,
  inspectConfigured,
  makeRoom,
  noteOtherAdapters,
  type RunPolicy,
  saveConfigured,
  tidyFinished,
} from "../runs/run_store.ts";
import { inOrder, type RunSummary, summarizeRun } from "../runs/run_summary.ts";
import type { WorkRequest } from "../foundations/train_request.ts";

/** A run to be. */
export interface PlannedRun {
  folder: string;
  config: RunConfig;
  /** Masks and initial weights: asked for when its turn comes, so that few are in memory at once. */
  start: () => Promise<LevelStart>;
}

export interface PlannedRunsOptions {
  storage: Storage;
  queue: RunQueue;
  sets: ExampleSets;
  /** At least one. */
  runs: readonly PlannedRun[];
  /** What may become of folders that hold runs already. */
  policy: RunPolicy;
  locks: Locks;
  /** Told of damaged runs, and of checkpoints that cannot be used. */
  onNotice: (line: string) => void;
  /** Called when a run begins to wait for the GPU, and when it is finished or found finished. */
  onStart?: (run: StartedRun) => void;
  /** Receives new points of a run's curves as it is trained. */
  onPoints?: (run: RunId, points: Curves) => void;
  onRun?: (summary: RunSummary) => void;
}

/** Independent runs as a job: open it, then carry out its tasks. */
export class PlannedRuns implements Job {
  readonly #summaries: RunSummary[] = [];

  private constructor(
    private readonly options: PlannedRunsOptions,
    private readonly finished: ReadonlySet<PlannedRun>,
  ) {}

  /**
   * Looks at every folder before anything is trained.
   *
   * @throws CapacityError if the network does not fit on the device
   * @throws InputError if a folder holds a run of another configuration (unless `overwrite`)
   * @throws StorageError if one cannot be written
   */
  static async open(options: PlannedRunsOptions): Promise<PlannedRuns> {
    const { storage, queue, sets, runs, policy } = options;
    const [{ config }] = runs;
    await queue.checkFits(workRequestOf(config, sets), runs.length);
    const finished = new Map<PlannedRun, RunRecord>();
    for (const run of runs) {
      const record = await finishedRecord(storage, run.folder, run.config, policy);
      if (record) finished.set(run, record);
    }
    const left = runs.filter((run) => !finished.has(run));
    if (left.length > 0) {
      noteOtherAdapters([...finished.values()], queue.gpu.adapter, options.onNotice);
    }
    await checkRunNames(storage, left.map(({ folder }) => folder));
    await checkAllWritable(storage, left.map(({ folder }) => folder));
    return new PlannedRuns(options, new Set(finished.keys()));
  }

  get folders(): string[] {
    return this.options.runs.map(({ folder }) => folder);
  }

  get runCount(): number {
    return this.options.runs.length;
  }

  get finishedCount(): number {
    return this.finished.size;
  }

  get atOnce(): number {
    return this.runCount - this.finishedCount;
  }

  /** The finished runs so far, in order. */
  get summaries(): RunSummary[] {
    return this.#summaries.toSorted(inOrder);
  }

  get sample(): WorkRequest {
    return workRequestOf(this.options.runs[0].config, this.options.sets);
  }

  tasks(): (() => Promise<void>)[] {
    return this.options.runs.map((run) => () => this.#run(run));
  }

  async #run(planned: PlannedRun): Promise<void> {
    if (this.finished.has(planned) && await this.#found(planned)) return;
    await this.options.locks.whileTraining(planned.folder, () => this.#train(planned));
  }

  /** Reports a run that is finished and whole; gives whether it is. */
  async #found(planned: PlannedRun): Promise<boolean> {
    const { storage, policy } = this.options;
    const { folder, config } = planned;
    const condition = await inspectConfigured(storage, folder, config, policy);
    if (condition.state !== "finished") return false;
    await tidyFinished(storage, folder);
    const curves = await restoreCurves(storage, folder);
    const masks = await restoreNetwork(storage, paths.masks(folder));
    this.#report(planned, { masks, curves }, true);
    return true;
  }

  async #train(planned: PlannedRun): Promise<void> {
    // Another process may have finished it before this one got its lock.
    if (await this.#found(planned)) return;
    const { storage, queue, sets, policy, onStart, onPoints, onNotice } = this.options;
    const { folder, config } = planned;
    const condition = await inspectConfigured(storage, folder, config, policy);
    await makeRoom(storage, folder, condition, onNotice);
    const model = modelOf(config, await planned.start());
    onStart?.({ ...config, masks: model.masks });
    const trained = await train(queue, {
      ...trainOptionsOf(config, datasetOf(config, sets), model),
      onPoints: onPoints && ((points) => onPoints(config, points)),
      checkpoints: { storage, folder, config, onNotice },
    });
    await saveConfigured(storage, folder, config, trained, policy, onNotice);
    this.#report(planned, trained, false);
  }

  #report({ config, folder }: PlannedRun, run: { masks: Masks; curves: Curves }, found: boolean) {
    const summary = summarizeRun(config, folder, run, found);
    this.#summaries.push(summary);
    this.options.onRun?.(summary);
  }
}

/** Checks folders that exist, and of others the one above: no empty folder is left behind. */
async function checkAllWritable(storage: Storage, folders: readonly string[]): Promise<void> {
  const checked = new Set<string>();
  for (const folder of folders) checked.add(await storage.exists(folder) ? folder : above(folder));
  for (const folder of checked) await checkWritable(storage, folder);
}

/** The folder that a folder is in. */
function above(folder: string): string {
  const parts = folder.replace(/\/+$/, "").split("/");
  return parts.slice(0, -1).join("/") || (folder.startsWith("/") ? "/" : ".");
}
