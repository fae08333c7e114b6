/** The flags of a task as they are in a browser, for the form and the worker alike. */

import type { FlagSet } from "../flags/flags.ts";
import { type DatasetName, DATASETS } from "../datasets/datasets.ts";

/** Closing a tab is easier than killing a process, so checkpoints are written more often. */
const CHECKPOINT_SECONDS = 10;

/** Whether the page can have a dataset: it takes no archives. */
function isForPage(name: string): boolean {
  return !(name in DATASETS) || !("archive" in DATASETS[name as DatasetName]);
}

/** The same declarations but for the pause between two checkpoints, and the datasets to choose. */
export function forBrowser<F extends FlagSet>(flags: F): F {
  const { checkpointInterval, dataset } = flags;
  return {
    ...flags,
    checkpointInterval: { ...checkpointInterval, default: { seconds: CHECKPOINT_SECONDS } },
    ...(dataset && { dataset: { ...dataset, choices: dataset.choices?.filter(isForPage) } }),
  };
}
