/**
 * What the tasks that train share: a GPU, the queue, progress on stderr. Takes the jobs to carry out;
 * prints their headers and what they found.
 */

import { type Gpu, openGpu } from "../src/engine/mod.ts";
import { RunQueue } from "../src/foundations/run_queue.ts";
import { cachedLoader } from "../src/mnist_fc/data_cache.ts";
import type { FlagSet } from "../src/mnist_fc/flags.ts";
import { expectedSeconds, firstError, iterationsLeft, runJobs } from "../src/mnist_fc/job.ts";
import { loadDataset } from "../src/mnist_fc/load_dataset.ts";
import type { OpenJob, Runner, RunnerContext } from "../src/mnist_fc/runners/runner.ts";
import { describeSummary } from "../src/mnist_fc/summary.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { ensureAdapter } from "./adapter.ts";
import { createProgress, formatDuration } from "./progress.ts";
import { notice, runTask, type TaskValues, warn } from "./support.ts";

/** A GPU with a queue, and the display of what it does. */
export interface Laboratory {
  context: RunnerContext;
  /** Prints what is about to be trained; then carries jobs out and gives the errors of each. */
  run(
    jobs: readonly OpenJob[],
    header: readonly (readonly [string, string])[],
  ): Promise<unknown[][]>;
  close(): Promise<void>;
}

/** Opens the GPU; installs a software adapter where there is none and that may be done. */
export async function openLaboratory(
  task: string,
  { quiet, replicas }: { quiet: boolean; replicas: number | "auto" },
): Promise<Laboratory> {
  await ensureAdapter(task);
  const gpu = await openGpu();
  const storage = new DenoStorage();
  const progress = createProgress({ quiet });
  let stage = "", total = 0, trained = 0;
  const queue = new RunQueue(gpu, {
    replicas,
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
    async run(open, header) {
      const jobs = open.map(({ job }) => job);
      total = iterationsLeft(jobs);
      const sum = (of: (job: OpenJob["job"]) => number) => jobs.reduce((n, job) => n + of(job), 0);
      const runs = sum(({ runCount }) => runCount);
      const left = runs - sum(({ finishedCount }) => finishedCount);
      const time = formatDuration(await expectedSeconds(queue, jobs));
      const lines = [
        ["adapter", adapterText(gpu)],
        ...header,
        ["expected", `${left} of ${runs} runs to train, about ${time}`],
      ];
      for (const [name, text] of lines) notice(`${name.padEnd(9)} ${text}`);
      return await runJobs(queue, jobs).finally(() => progress.end());
    },
    async close() {
      await queue.destroy();
      gpu.destroy();
    },
  };
}

/** The task of a runner: one job, its report on stdout. */
export async function runRunner<S extends FlagSet & CommonFlags>(
  runner: Runner<S>,
): Promise<never> {
  return await runTask(runner, async (flags: TaskValues<S>) => {
    runner.check(flags);
    const { quiet, json } = flags as { quiet: boolean; json: boolean };
    const { replicas = "auto" } = flags as { replicas?: number | "auto" };
    const laboratory = await openLaboratory(runner.name, { quiet, replicas });
    const open = await runner.open(flags, laboratory.context);
    const [errors] = await laboratory.run([open], [...open.header, ["output", open.output]]);
    if (errors.length > 0) throw firstError(errors);
    const report = await open.report();
    console.log(json ? JSON.stringify(report.json, null, 2) : report.text);
    await laboratory.close();
  });
}

type CommonFlags = { json: FlagSet[string] };

function adapterText({ adapter }: Gpu): string {
  return adapter.isSoftware ? `${adapter.name}, software on the processor` : adapter.name;
}
