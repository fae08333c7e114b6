/** The tasks that the page can run, with the flags that its form and its worker read alike. */

import { UsageError } from "../errors.ts";
import { type FlagSet, type FlagValues, parseFlags } from "../mnist_fc/flags.ts";
import { findRunner } from "../mnist_fc/runners/mod.ts";
import type { Runner } from "../mnist_fc/runners/runner.ts";
import type { Asked, TaskName } from "./messages.ts";

const TASKS: readonly TaskName[] = ["run-lottery", "reinitialize", "random-sparsity"];

/** Closing a tab is easier than killing a process, so checkpoints are written more often. */
const CHECKPOINT_SECONDS = 10;

/**
 * The runner of a task, as on the command line but for the pause between two checkpoints.
 *
 * @throws UsageError if the page cannot run a task of this name
 */
export function webRunner(task: string): Runner<FlagSet> {
  if (!(TASKS as readonly string[]).includes(task)) {
    throw new UsageError(`the page has no task ${JSON.stringify(task)}; use ${TASKS.join(", ")}`);
  }
  const runner = findRunner(task);
  const { checkpointInterval } = runner.flags;
  return {
    ...runner,
    flags: {
      ...runner.flags,
      checkpointInterval: { ...checkpointInterval, default: { seconds: CHECKPOINT_SECONDS } },
    },
  };
}

/** Reads and checks arguments. Throws UsageError as the command line does. */
export function readAsked(
  { task, args }: Asked,
): { runner: Runner<FlagSet>; flags: FlagValues<FlagSet> } {
  const runner = webRunner(task);
  const flags = parseFlags(args, runner.flags);
  runner.check(flags);
  return { runner, flags };
}
