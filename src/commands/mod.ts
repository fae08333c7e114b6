/** The runners by the name of their task. */

import { UsageError } from "../errors.ts";
import { flagName, type FlagSet, nearest, quote } from "../flags/flags.ts";
import { UnknownFlagError } from "../flags/parse.ts";
import { compareRunner } from "./compare.ts";
import { argfileFlags } from "./flags/argfile_flags.ts";
import { lotteryRunner } from "./lottery.ts";
import { randomSparsityRunner } from "./random_sparsity.ts";
import { reinitializeRunner } from "./reinitialize.ts";
import type { Runner } from "./runner.ts";
import { trainRunner } from "./train.ts";

// deno-lint-ignore no-explicit-any -- runners of different flags in one list
const RUNNERS: readonly Runner<any>[] = [
  lotteryRunner,
  reinitializeRunner,
  randomSparsityRunner,
  trainRunner,
  compareRunner,
];

/** Other names: of the argfile, and of the original's runner. */
const ALIASES: Record<string, string> = {
  "lottery": "run-lottery",
  "lottery-experiment": "run-lottery",
};

/** The error of an unknown flag with the tasks that have it; any other error as it is. */
export function withTasksOfFlag(error: unknown): unknown {
  if (!(error instanceof UnknownFlagError)) return error;
  const name = error.flag.replaceAll("_", "-");
  const sets: [string, FlagSet][] = RUNNERS.map(({ name, flags }) => [name, flags]);
  const tasks = [...sets, ["argfile", argfileFlags] as const].filter(([, flags]) =>
    Object.keys(flags).some((key) => flagName(key) === name)
  ).map(([task]) => task);
  return new UnknownFlagError(error.flag, error.nearest, tasks);
}

/**
 * The runner of a name.
 *
 * @throws UsageError with the nearest name if there is none
 */
export function findRunner(name: string): Runner<FlagSet> {
  // The original is given the file: runners/lottery_experiment.py.
  const plain = name.replace(/^.*\//, "").replace(/\.(py|ts)$/, "").replaceAll("_", "-");
  const wanted = Object.hasOwn(ALIASES, plain) ? ALIASES[plain] : plain;
  const found = RUNNERS.find((runner) => runner.name === wanted);
  if (found) return found;
  const names = RUNNERS.map((runner) => runner.name);
  throw new UsageError(
    `no runner is called ${quote(name)}; the nearest is ${nearest(wanted, names)} ` +
      `(there are ${names.join(", ")})`,
  );
}
