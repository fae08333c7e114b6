/**
 * What the tasks that train share: a GPU, the queue, progress on stderr. Takes the jobs to carry out;
 * prints their headers and what they found.
 */

import { type Gpu, type KernelKind, openGpu } from "../src/engine/mod.ts";
import { InterruptedError } from "../src/errors.ts";
import { type CheckpointInterval, RunQueue } from "../src/foundations/run_queue.ts";
import { cachedLoader } from "../src/mnist_fc/data_cache.ts";
import type { FlagSet } from "../src/mnist_fc/flags.ts";
import {
  expectedSeconds,
  firstError,
  iterationsLeft,
  type Job,
  runJobs,
} from "../src/mnist_fc/job.ts";
import { Locks } from "../src/mnist_fc/locks.ts";
import { loadDataset } from "../src/mnist_fc/load_dataset.ts";
import type { Runner, RunnerContext } from "../src/mnist_fc/runners/runner.ts";
import { describeSummary } from "../src/mnist_fc/summary.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { ensureAdapter } from "./adapter.ts";
import { createProgress, formatDuration } from "./progress.ts";
import { commandLine, interruptible, notice, runTask, type TaskValues, warn } from "./support.ts";

/** What a task's flags say of how it works. */
export interface LaboratoryOptions {
  quiet: boolean;
  replicas: number | "auto";
  kernels?: KernelKind | "auto";
  checkpointInterval: CheckpointInterval;
}

/** A GPU with a queue, and the display of what it does. */
export interface Laboratory {
  context: RunnerContext;
  /** Prints what is about to be trained; then carries jobs out and gives the errors of each. */
  run(
    jobs: readonly Job[],
    header: readonly (readonly [string, string])[],
  ): Promise<unknown[][]>;
  close(): Promise<void>;
}

/** Opens the GPU; installs a software adapter where there is none and that may be done. */
export async function openLaboratory(
  task: string,
  { quiet, replicas, kernels, checkpointInterval }: LaboratoryOptions,
): Promise<Laboratory> {
  await ensureAdapter(task);
  const gpu = await openGpu();
  const storage = new DenoStorage();
  const locks = new Locks(storage, {
    pid: Deno.pid,
    host: Deno.hostname(),
    since: new Date().toISOString(),
    command: commandLine(task),
  });
  const interruption = new AbortController();
  const progress = createProgress({ quiet });
  let stage = "", total = 0, trained = 0;
  const queue = new RunQueue(gpu, {
    replicas,
    kernels,
    checkpointInterval,
    signal: interruption.signal,
    reopen: () => openGpu(),
    onNotice: warn,
    onProgress: ({ runs, iteration, iterations, loss, accuracy }) => {
      const done = trained + runs * iteration;
      progress.update({ stage, iteration, iterations, done, total, loss, accuracy });
      if (iteration === iterations) trained += runs * iterations;
    },
  });
  return {
    context: {
      storage,
      queue,
      locks,
      environmentLocation: Deno.env.get("MNIST_LOCATION") || null,
      loadData: cachedLoader((dataset, location) =>
        loadDataset({ dataset, location, storage, onNotice: warn })
      ),
      onNotice: warn,
      onStage: (text) => {
        stage = text;
      },
      onRun: (summary) => notice(describeSummary(summary)),
    },
    async run(jobs, header) {
      total = iterationsLeft(jobs);
      const sum = (of: (job: Job) => number) => jobs.reduce((n, job) => n + of(job), 0);
      const runs = sum(({ runCount }) => runCount);
      const left = runs - sum(({ finishedCount }) => finishedCount);
      const time = formatDuration(await expectedSeconds(queue, jobs));
      const lines = [
        ["adapter", adapterText(queue.gpu)],
        ...header,
        ["expected", `${left} of ${runs} runs to train, about ${time}`],
      ];
      for (const [name, text] of lines) notice(`${name.padEnd(9)} ${text}`);
      const stop = () => {
        warn("stopping: a checkpoint is being written; once more to stop at once");
        const message = `interrupted; to go on: ${commandLine(task)}`;
        interruption.abort(new InterruptedError(message));
      };
      const errors = await interruptible(
        stop,
        () => runJobs(queue, jobs).finally(() => progress.end()),
      );
      interruption.signal.throwIfAborted();
      return errors;
    },
    async close() {
      await locks.release();
      await queue.destroy();
      queue.gpu.destroy();
    },
  };
}

/** The task of a runner: one job, its report on stdout. */
export async function runRunner<S extends FlagSet & CommonFlags>(
  runner: Runner<S>,
): Promise<never> {
  return await runTask(runner, async (flags: TaskValues<S>) => {
    runner.check(flags);
    const { quiet, json, checkpointInterval } = flags as CommonValues;
    const { replicas = "auto", kernels = "auto" } = flags as Partial<LaboratoryOptions>;
    const laboratory = await openLaboratory(
      runner.name,
      { quiet, replicas, kernels, checkpointInterval },
    );
    try {
      const open = await runner.open(flags, laboratory.context);
      const [errors] = await laboratory.run([open.job], [...open.header, ["output", open.output]]);
      if (errors.length > 0) throw firstError(errors);
      const report = await open.report();
      console.log(json ? JSON.stringify(report.json, null, 2) : report.text);
    } finally {
      await laboratory.close();
    }
  });
}

type CommonFlags = { json: FlagSet[string]; checkpointInterval: FlagSet[string] };
type CommonValues = { quiet: boolean; json: boolean; checkpointInterval: CheckpointInterval };

function adapterText({ adapter }: Gpu): string {
  return adapter.isSoftware ? `${adapter.name}, software on the processor` : adapter.name;
}
