/** Opens a single run as a job. */

import type { LevelStart } from "../foundations/experiment.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { openPlannedRuns } from "../lottery/planned_runs.ts";
import { datasetText, trainingText } from "../runs/config.ts";
import type { RunPolicy } from "../runs/folder_state.ts";
import { runReport } from "../reports/run_report.ts";
import { type OpenJob, planOf, runEvents, type RunnerContext } from "./runner.ts";
import { trainingNotes } from "./notes.ts";
import { modelOf } from "../runs/from_config.ts";
import type { RunConfig } from "../runs/schema.ts";

export interface SingleRun {
  folder: string;
  config: RunConfig;
  start: LevelStart;
  data: LoadedDataset;
  /** Whose settings it has, in a word or two. */
  settingsName: string;
  policy: RunPolicy;
}

/** Looks at the run's folder; throws as `openPlannedRuns`. */
export async function openSingleRun(run: SingleRun, context: RunnerContext): Promise<OpenJob> {
  const { folder, config, start, data, settingsName, policy } = run;
  const { storage, queue } = context;
  const job = await openPlannedRuns({
    storage,
    queue,
    sets: data.sets,
    runs: [{ folder, config, model: () => modelOf(config, start) }],
    policy,
    locks: context.locks,
    events: runEvents(context, ({ kind }) => kind),
  });
  return {
    job,
    output: folder,
    plan: planOf([folder], [config]),
    header: [
      ["dataset", datasetText(config)],
      ["protocol", `${settingsName}: ${trainingText(config)}`],
      ["seed", `${config.training.seed}`],
      ...trainingNotes(config),
    ],
    report: () => Promise.resolve(runReport(job.runs[0], config, queue.gpu.adapter)),
  };
}
