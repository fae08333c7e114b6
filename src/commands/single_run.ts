/** Opens a single run as a job. */

import type { LevelStart } from "../foundations/experiment.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { PlannedRuns } from "../lottery/planned_runs.ts";
import { datasetText, type RunConfig, trainingText } from "../runs/run_config.ts";
import type { RunPolicy } from "../runs/run_store.ts";
import { runReport } from "../reports/run_report.ts";
import { type OpenJob, planOf, type RunnerContext } from "./runner.ts";
import { trainingNotes } from "./notes.ts";

export interface SingleRun {
  folder: string;
  config: RunConfig;
  start: LevelStart;
  data: LoadedDataset;
  /** Whose settings it has, in a word or two. */
  settingsName: string;
  policy: RunPolicy;
}

/** Looks at the run's folder; throws as `PlannedRuns.open`. */
export async function openSingleRun(run: SingleRun, context: RunnerContext): Promise<OpenJob> {
  const { folder, config, start, data, settingsName, policy } = run;
  const { storage, queue } = context;
  const job = await PlannedRuns.open({
    storage,
    queue,
    sets: data.sets,
    runs: [{ folder, config, start: () => Promise.resolve(start) }],
    policy,
    locks: context.locks,
    onNotice: context.onNotice,
    onStart: (run) => context.onStage(run.kind, run),
    onPoints: context.onPoints,
    onRun: context.onRun,
  });
  return {
    job,
    output: folder,
    plan: planOf([folder], [config]),
    header: [
      ["dataset", datasetText(config)],
      ["protocol", `${settingsName}: ${trainingText(config)}`],
      ["seed", `${config.seed}`],
      ...trainingNotes(config),
    ],
    report: () => Promise.resolve(runReport(job.summaries[0], config, queue.gpu.adapter)),
  };
}
