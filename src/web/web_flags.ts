/** The flags of a task as they are in a browser, for the form and the worker alike. */

import type { FlagSet } from "../flags/flags.ts";

/** Closing a tab is easier than killing a process, so checkpoints are written more often. */
const CHECKPOINT_SECONDS = 10;

/** The same declarations but for the pause between two checkpoints. */
export function forBrowser<F extends FlagSet>(flags: F): F {
  const { checkpointInterval } = flags;
  return {
    ...flags,
    checkpointInterval: { ...checkpointInterval, default: { seconds: CHECKPOINT_SECONDS } },
  };
}
