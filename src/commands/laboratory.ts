/**
 * A place to carry jobs out: a GPU with a queue, locks and examples. The tasks of the command line
 * and the browser's worker are two uses of it.
 */

import type { Gpu, KernelKind } from "../engine/mod.ts";
import { type CheckpointInterval, RunQueue } from "../foundations/queue/run_queue.ts";
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
  #total = 0;

  private constructor(gpu: Gpu, options: LaboratoryOptions) {
    const { storage, holder, signal, environmentLocation, loadData, events } = options;
    const { replicas, kernels, checkpointInterval } = options;
    this.#signal = signal;
    const { onNotice, onActivity } = events;
    let stage = "";
    const count = new WorkCount();
    const queue = new RunQueue(gpu, {
      ...{ replicas, kernels, checkpointInterval, signal, onNotice, onActivity },
      reopen: options.openGpu,
      onProgress: (progress) => {
        const { iteration, iterations, loss, accuracy } = progress;
        count.advance(progress);
        const total = this.#total;
        events.onProgress({ stage, iteration, iterations, loss, accuracy, total, ...count.state });
      },
      onEnd: (work) => count.end(work),
    });
    const load = cachedLoader(loadData);
    this.context = {
      ...{ storage, queue, environmentLocation },
      locks: new Locks(storage, holder),
      loadData: async (dataset, location) => {
        onActivity("reading the examples");
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
    options.events.onActivity("opening the GPU");
    return new Laboratory(await options.openGpu(), options);
  }

  /** Carries jobs out; returns the errors of each. Throws the signal's reason if aborted. */
  async run(jobs: readonly Job[]): Promise<unknown[][]> {
    this.#total = workLeft(jobs);
    const errors = await runJobs(this.context.queue, jobs);
    this.#signal.throwIfAborted();
    return errors;
  }

  /** Gives folders and GPU back. */
  async close(): Promise<void> {
    const { locks, queue } = this.context;
    await locks.release();
    await queue.destroy();
    queue.gpu.destroy();
  }
}
