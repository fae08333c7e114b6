/** Trains independent runs as replicas of one program: controls, and networks trained alone. */

import type { ExampleSets } from "../datasets/examples.ts";
import type { RunQueue } from "../foundations/queue/run_queue.ts";
import type { RunRecord } from "../records/record.ts";
import { workOfRuns, workRequestOf } from "../runs/from_config.ts";
import type { Job } from "../runs/job.ts";
import type { Locks } from "../runs/locks.ts";
import { checkRunNames } from "../runs/output_folder.ts";
import { type PlannedRun, type RunEvents, RunProvider } from "../runs/provide.ts";
import {
  checkWritable,
  finishedRecord,
  noteOtherAdapters,
  type RunPolicy,
} from "../runs/folder_state.ts";
import type { RunConfig } from "../runs/schema.ts";
import type { Storage } from "../storage/storage.ts";

export interface PlannedRunsOptions {
  storage: Storage;
  queue: RunQueue;
  sets: ExampleSets;
  /** At least one. */
  runs: readonly PlannedRun[];
  /** How to treat folders that hold runs already. */
  policy: RunPolicy;
  locks: Locks;
  events: RunEvents;
}

/**
 * Opens independent runs as a job: looks at every folder before anything is trained.
 *
 * @throws CapacityError if the network does not fit on the device
 * @throws InputError if a folder holds a run of another configuration (unless `overwrite`)
 * @throws StorageError if one cannot be written
 */
export async function openPlannedRuns(options: PlannedRunsOptions): Promise<Job> {
  const { storage, queue, sets, runs, policy, events } = options;
  const sample = workRequestOf(runs[0].config, sets);
  await queue.checkFits(sample, runs.length);
  const finished: RunRecord[] = [], left: string[] = [], configsLeft: RunConfig[] = [];
  for (const { folder, config } of runs) {
    const record = await finishedRecord(storage, folder, config, policy);
    if (record) finished.push(record);
    else {
      left.push(folder);
      configsLeft.push(config);
    }
  }
  if (left.length > 0) noteOtherAdapters(finished, queue.gpu.adapter, events.onNotice);
  await checkRunNames(storage, left);
  await checkAllWritable(storage, left);
  const provider = new RunProvider(options);
  return {
    sample,
    folders: runs.map(({ folder }) => folder),
    runCount: runs.length,
    finishedCount: finished.length,
    atOnce: left.length,
    work: workOfRuns(configsLeft, sets),
    tasks: () => runs.map((run) => () => provider.provide(run)),
    get runs() {
      return provider.runs;
    },
  };
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
