/** The tasks that the page can run, with the flags that its form and its worker read alike. */

import { UsageError } from "../errors.ts";
import type { FlagSet, FlagValues } from "../flags/flags.ts";
import { findRunner } from "../commands/mod.ts";
import type { Runner } from "../commands/runner.ts";
import type { RunRequest, TaskName } from "./messages.ts";
import { forBrowser } from "./web_flags.ts";
import { parseFlags } from "../flags/parse.ts";

const TASKS: readonly TaskName[] = ["run-lottery", "reinitialize", "random-sparsity"];

/**
 * The runner of a task, as on the command line but for the pause between two checkpoints.
 *
 * @throws UsageError if the page cannot run a task of this name
 */
function webRunner(task: string): Runner<FlagSet> {
  if (!(TASKS as readonly string[]).includes(task)) {
    throw new UsageError(`the page has no task ${JSON.stringify(task)}; use ${TASKS.join(", ")}`);
  }
  const runner = findRunner(task);
  return { ...runner, flags: forBrowser(runner.flags) };
}

/** Reads and checks arguments. Throws UsageError as the command line does. */
export function readRequest(
  { task, args }: RunRequest,
): { runner: Runner<FlagSet>; flags: FlagValues<FlagSet> } {
  const runner = webRunner(task);
  const flags = parseFlags(args, runner.flags);
  runner.check(flags);
  return { runner, flags };
}
