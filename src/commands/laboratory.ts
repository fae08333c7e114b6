/**
 * Carries jobs out with a GPU and its queue, locks and examples. The tasks of the command line
 * and the browser's worker are two uses of it.
 */

import type { Gpu, KernelKind } from "../engine/mod.ts";
import { type CheckpointInterval, RunQueue } from "../foundations/queue/run_queue.ts";
import { SelfTuning, type TuningMode } from "../foundations/tuning/self_tuning.ts";
import type { LockHolder, Storage } from "../storage/storage.ts";
import { cachedLoader } from "../datasets/data_cache.ts";
import { type Job, runJobs, workLeft } from "../runs/job.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { Locks } from "../runs/locks.ts";
import { type Activity, type ProgressState, WorkCount } from "./progress.ts";
import type { JobEvents, RunnerContext } from "./runner.ts";
import type { DatasetChoice } from "../datasets/datasets.ts";

/** Where a laboratory is, and how it works. */
export interface LaboratoryOptions extends Pick<RunnerContext, "environmentLocation"> {
  storage: Storage;
  /** Describes this process to others that want the same folder. */
  holder: LockHolder;
  /** Opens the GPU, and another one in the place of one that was lost. */
  openGpu(): Promise<Gpu>;
  replicas: number | "auto";
  kernels: KernelKind | "auto";
  /** How to handle an adapter without a measurement in the table. Default: guess. */
  tuning?: TuningMode;
  checkpointInterval: CheckpointInterval;
  /** Keeps checkpoints and ends the jobs with its reason. */
  signal: AbortSignal;
  /** Finds examples; the same ones are asked for once. */
  loadData(dataset: DatasetChoice, location: string | null): Promise<LoadedDataset>;
  events: LaboratoryEvents;
}

/** Receives what happens in a laboratory. */
export interface LaboratoryEvents extends JobEvents {
  onProgress(state: ProgressState): void;
  /** The laboratory begins to wait for something else. */
  onActivity(activity: Activity): void;
}

/** Carries jobs out on one GPU. */
export class Laboratory {
  readonly context: RunnerContext;
  readonly #signal: AbortSignal;
  readonly #kernels: KernelKind | "auto";
  #total = 0;

  private constructor(
    gpu: Gpu,
    private readonly tuning: SelfTuning,
    options: LaboratoryOptions,
  ) {
    const { storage, holder, signal, environmentLocation, loadData, events } = options;
    const { replicas, kernels, checkpointInterval } = options;
    this.#signal = signal;
    this.#kernels = kernels;
    const { onNotice, onActivity } = events;
    let stage = "";
    const count = new WorkCount();
    const queue = new RunQueue(gpu, {
      ...{ replicas, kernels, checkpointInterval, signal, onNotice, onActivity },
      reopen: async () => await tuning.resolve(await options.openGpu()),
      onProgress: (progress) => {
        const { iteration, iterations, loss, accuracy } = progress;
        count.advance(progress);
        const total = this.#total;
        events.onProgress({ stage, iteration, iterations, loss, accuracy, total, ...count.state });
      },
      onEnd: (work) => count.end(work),
    });
    const load = cachedLoader((dataset, location) => {
      onActivity("reading the examples");
      return loadData(dataset, location);
    });
    this.context = {
      ...{ storage, queue, environmentLocation },
      locks: new Locks(storage, holder),
      loadData: async (dataset, location) => {
        const data = await load(dataset, location);
        onActivity("looking at finished runs");
        return data;
      },
      events: {
        ...events,
        onStage: (text, run) => {
          stage = text;
          events.onStage(text, run);
        },
      },
    };
  }

  /** @throws NoAdapterError if there is no GPU */
  static async open(options: LaboratoryOptions): Promise<Laboratory> {
    const { tuning: mode = "off", storage, holder, signal, events } = options;
    const { onNotice, onActivity } = events;
    onActivity("opening the GPU");
    const onBegin = () => onActivity("measuring what is fast here");
    const tuning = new SelfTuning({ mode, storage, holder, signal, onNotice, onBegin });
    const gpu = await options.openGpu();
    return new Laboratory(await tuning.resolve(gpu), tuning, options);
  }

  /** Carries jobs out; returns the errors of each. Throws the signal's reason if aborted. */
  async run(jobs: readonly Job[]): Promise<unknown[][]> {
    this.#total = workLeft(jobs);
    await this.#tune(jobs.filter(({ runCount, finishedCount }) => finishedCount < runCount));
    const errors = await runJobs(this.context.queue, jobs);
    this.#signal.throwIfAborted();
    return errors;
  }

  /** Finds out what is fast here, if that is not known and the jobs are long enough for it. */
  async #tune(jobs: readonly Job[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.tuning.tune(this.context.queue, {
      sample: jobs[0].sample,
      runs: jobs.reduce((sum, { atOnce }) => sum + atOnce, 0),
      work: this.#total,
      kernels: this.#kernels,
      isBegun: jobs.some(({ finishedCount }) => finishedCount > 0),
    });
  }

  /** Releases folders and GPU. */
  async close(): Promise<void> {
    const { locks, queue } = this.context;
    await locks.release();
    await queue.destroy();
    queue.gpu.destroy();
  }
}
