/** Shared by the tasks that train: a GPU, the queue, and progress on stderr. */

import { type KernelKind, openGpu } from "../../src/engine/mod.ts";
import { InterruptedError, LockedError } from "../../src/errors.ts";
import type { CheckpointInterval } from "../../src/foundations/queue/run_queue.ts";
import type { FlagSet } from "../../src/flags/flags.ts";
import { countRuns, firstError, type Job } from "../../src/runs/job.ts";
import { SpeedMeter } from "../../src/commands/progress.ts";
import type { WorkNote } from "../../src/commands/status.ts";
import { AnnouncedWork } from "../../src/runs/work_plan.ts";
import { Laboratory } from "../../src/commands/laboratory.ts";
import { withTasksOfFlag } from "../../src/commands/mod.ts";
import { loadDataset } from "../../src/datasets/load_dataset.ts";
import type { Runner, RunnerContext } from "../../src/commands/runner.ts";
import { adapterText, describeFinished } from "../../src/reports/verdicts/summary.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { ensureAdapter } from "./adapter.ts";
import { mnistPackage } from "./mnist_package.ts";
import { BEAT_MS, createProgress, type Progress } from "./progress.ts";
import {
  commandLine,
  interruptible,
  notice,
  print,
  printJson,
  runTask,
  type TaskValues,
  warn,
} from "./support.ts";

/** Options of a laboratory, from a task's flags. */
export interface LaboratoryOptions {
  quiet: boolean;
  replicas: number | "auto";
  kernels?: KernelKind | "auto";
  /**
   * Whether an unknown adapter is measured; if not, it is guessed. Default: what is kept is used.
   */
  tune?: boolean;
  checkpointInterval: CheckpointInterval;
  /** Whether the task may use the network. Default: true. */
  mayDownload?: boolean;
}

/** The laboratory of a task, which shows what it does. */
export interface TaskLaboratory {
  context: RunnerContext;
  progress: Progress;
  /** Prints the header; then carries jobs out and returns the errors of each. */
  run(
    jobs: readonly Job[],
    header: readonly (readonly [string, string])[],
  ): Promise<unknown[][]>;
  close(): Promise<void>;
}

/** Opens the GPU; installs a software adapter where there is none and that may be done. */
export async function openLaboratory(
  task: string,
  options: LaboratoryOptions,
): Promise<TaskLaboratory> {
  const { quiet, replicas, kernels = "auto", tune, checkpointInterval, mayDownload } = options;
  const progress = createProgress({ quiet });
  progress.activity("opening the GPU");
  const beat = setInterval(() => progress.beat(), BEAT_MS);
  await ensureAdapter(task, () => {
    clearInterval(beat);
    progress.end();
  });
  const watched = new Set<string>();
  const storage = new DenoStorage({
    onWatch: (line) => {
      if (!watched.has(line)) notice(line);
      watched.add(line);
    },
    // Another host works in the folder by now: even a checkpoint would be in its way.
    onLost: ({ message }) => {
      warn(`error: ${message}`);
      Deno.exit(1);
    },
  });
  const interruption = new AbortController();
  const meter = new SpeedMeter();
  let runsLeft = 0;
  const laboratory = await Laboratory.open({
    ...{ storage, replicas, kernels, checkpointInterval },
    tuning: tune === undefined ? "kept" : tune ? "measure" : "off",
    openGpu: () => openGpu(),
    holder: {
      pid: Deno.pid,
      host: Deno.hostname(),
      since: new Date().toISOString(),
      command: commandLine(task),
    },
    signal: interruption.signal,
    environmentLocation: Deno.env.get("MNIST_LOCATION") || null,
    loadData: (dataset, location) =>
      loadDataset({
        ...{ dataset, location, storage, mayDownload },
        mnistSource: mnistPackage,
        onNotice: notice,
      }),
    events: {
      onNotice: notice,
      onStage: () => {},
      onRun: (run, experiment) => {
        if (!run.found) runsLeft--;
        notice(`${experiment ? `${experiment}  ` : ""}${describeFinished(run)}`);
      },
      onProgress: (state) => {
        progress.update(state);
        meter.measure(performance.now(), state);
        const { iteration, iterations } = state;
        const note: WorkNote = {
          ...{ runs: Math.max(0, runsLeft), iteration, iterations },
          secondsLeft: meter.secondsLeft(state),
        };
        storage.note = note;
      },
      onActivity: (activity) => progress.activity(activity),
    },
  });
  const { context } = laboratory;
  return {
    context,
    progress,
    async run(jobs, header) {
      const { left, runs } = countRuns(jobs);
      runsLeft = left;
      const lines = [
        ["adapter", adapterText(context.queue.gpu.adapter)],
        ...header,
        ["runs", `${left} of ${runs} to train`],
      ];
      for (const [name, text] of lines) notice(`${name.padEnd(9)} ${text}`);
      const stop = () => {
        notice("stopping: a checkpoint is being written; once more to stop at once");
        const message = `interrupted; to resume: ${commandLine(task)}`;
        interruption.abort(new InterruptedError(message));
      };
      return await interruptible(
        stop,
        () => laboratory.run(jobs).finally(() => progress.end()),
      );
    },
    async close() {
      clearInterval(beat);
      progress.end();
      await laboratory.close();
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
    const { replicas = "auto", kernels, tune } = flags as Partial<LaboratoryOptions>;
    const laboratory = await openLaboratory(
      runner.name,
      { quiet, replicas, kernels, tune, checkpointInterval },
    );
    try {
      const open = await runner.open(flags, laboratory.context);
      const { job } = open;
      const { storage } = laboratory.context;
      const work = await AnnouncedWork.of(storage, job.folders.join("\n"), job.folders);
      if (job.finishedCount < job.runCount) await work.announce();
      const [errors] = await laboratory.run([job], [...open.header, ["output", open.output]]);
      // What failed is said here, to who asked; what another process trains may be its own plan.
      const isElsewhere = errors.some((error) => error instanceof LockedError);
      if (!isElsewhere || !work.isOfOthers) await work.conclude();
      if (errors.length > 0) throw firstError(errors);
      laboratory.progress.activity("drawing the chart");
      const report = await open.report();
      laboratory.progress.end();
      if (json) printJson(report.json);
      else print(report.text);
    } finally {
      await laboratory.close();
    }
  }, withTasksOfFlag);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type CommonFlags = { json: FlagSet[string]; checkpointInterval: FlagSet[string] };
type CommonValues = { quiet: boolean; json: boolean; checkpointInterval: CheckpointInterval };
