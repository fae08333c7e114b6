/** Opens the lines of an argfile as jobs that are carried out together, and names faulty lines. */

import * as paths from "../../records/paths.ts";
import { LotteryError, UsageError } from "../../errors.ts";
import type { ArgfileLine } from "../../flags/shell_words.ts";
import { sharedDifferences } from "../../lottery/shared_training.ts";
import { configDifferences } from "../../runs/config.ts";
import { firstError } from "../../runs/job.ts";
import type { RunConfig } from "../../runs/schema.ts";
import { flagName, type FlagSet, type FlagValues } from "../../flags/flags.ts";
import type { Storage } from "../../storage/storage.ts";
import { resolveProtocol } from "../flags/resolve_protocol.ts";
import { lotteryRunner } from "../lottery.ts";
import type { OpenJob, Plan, PlanContext, Runner, RunnerContext } from "../runner.ts";
import { parseFlags } from "../../flags/parse.ts";

/** The outcome of a line. */
export interface LineResult {
  line: number;
  /** The folders of its runs, as far as they are known. */
  folders: readonly string[];
  /** Whether all of its runs were finished before. */
  wasFinished: boolean;
  /** Null if it is done. */
  error: unknown;
}

/** Flags of a process: a line that shares one cannot set them. */
const OF_THE_PROCESS = ["json", "replicas", "kernels", "tune", "checkpointInterval"];

/**
 * Opens the lines and carries them out side by side; a line that fails does not stop the others.
 *
 * @param run carries out jobs and returns the errors of each; receives the lines failed so far
 */
export async function runLines(
  lines: readonly ArgfileLine[],
  runner: Runner<FlagSet>,
  context: RunnerContext,
  run: (jobs: readonly OpenJob[], failed: readonly LineResult[]) => Promise<unknown[][]>,
): Promise<LineResult[]> {
  const results = new Map<number, LineResult>();
  const opened: { line: number; open: OpenJob }[] = [];
  const claims = new Claims(runner, context.storage);
  for (const { line, args } of lines) {
    const folders: string[] = [];
    try {
      const values = readLine(args, runner);
      folders.push(...namedRuns(values, runner));
      const open = await runner.open(values, context);
      const conflict = await claims.conflict(open.plan, line);
      if (conflict) throw conflict;
      opened.push({ line, open });
    } catch (error) {
      results.set(line, { line, folders, wasFinished: false, error });
    }
  }
  const failed = [...results.values()], jobs = opened.map(({ open }) => open);
  const errors = opened.length === 0 ? [] : await run(jobs, failed);
  for (const [i, { line, open }] of opened.entries()) {
    const wasFinished = open.job.finishedCount === open.job.runCount;
    const error = errors[i].length === 0 ? null : firstError(errors[i]);
    results.set(line, { line, folders: open.job.folders, wasFinished, error });
    // The text is not printed, but the report also draws charts.
    if (error === null) await open.report();
  }
  return lines.map(({ line }) => results.get(line)!);
}

/** Finds lines that train the same, for processes that know nothing of each other. */
export class LineConflicts {
  readonly #claims: Claims;
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly runner: Runner<FlagSet>, private readonly context: PlanContext) {
    this.#claims = new Claims(runner, context.storage);
  }

  /**
   * Why a line must not be carried out beside those that were asked about before; null if it may.
   * What else is wrong with it, its own process will say.
   */
  find({ line, args }: ArgfileLine): Promise<UsageError | null> {
    const found = this.#last.then(async () => {
      let plan: Plan | null;
      try {
        plan = await this.runner.plan(readLine(args, this.runner), this.context);
      } catch (error) {
        if (!(error instanceof LotteryError)) throw error;
        return null;
      }
      return plan && await this.#claims.conflict(plan, line);
    });
    this.#last = found.catch(() => {});
    return found;
  }
}

/**
 * The values of a line's flags.
 *
 * @throws UsageError if they cannot be understood
 */
export function readLine(args: readonly string[], runner: Runner<FlagSet>): FlagValues<FlagSet> {
  const flags = { ...runner.flags };
  for (const name of OF_THE_PROCESS) delete flags[name];
  const values = parseFlags(args, flags);
  runner.check(values);
  return values;
}

/** The folders of the runs that a line trains, as far as its flags name them. */
export function namedRuns(values: FlagValues<FlagSet>, { name }: Runner<FlagSet>): string[] {
  const flags = values as FlagValues<typeof lotteryRunner.flags>;
  const outputDir = flags.outputDir?.replace(/(.)\/+$/, "$1");
  if (name !== lotteryRunner.name) return outputDir === undefined ? [] : [outputDir];
  const { experimentPath, experimentName } = flags, { trials, levels } = resolveProtocol(flags);
  const folders = outputDir !== undefined
    ? [outputDir]
    : experimentPath === undefined
    ? []
    : trials.map((trial) => paths.trial(experimentPath, trial));
  return folders.flatMap((folder) =>
    Array.from({ length: levels + 1 }, (_, level) => paths.run(folder, level, experimentName))
  );
}

/** The runs that each line trains, and their folders. */
class Claims {
  readonly #folders = new Map<string, number>();
  readonly #runs = new Map<string, number>();
  readonly #comparisons = new Map<string, { line: number; full: RunConfig }>();

  constructor(private readonly runner: Runner<FlagSet>, private readonly storage: Storage) {}

  /**
   * Why a line must not be carried out: another one trains its run, writes to its folder, or trains
   * methods of the same comparison otherwise.
   */
  async conflict({ folders, runs, comparison }: Plan, line: number): Promise<UsageError | null> {
    // The same folder can have several names.
    const real = await Promise.all(folders.map((folder) => this.storage.realPath(folder)));
    const taken = real.findIndex((folder) => this.#folders.has(folder));
    if (taken >= 0) {
      const owner = this.#folders.get(real[taken]);
      return new UsageError(
        `writes to ${folders[taken]}, as line ${owner} does: give each line its own`,
      );
    }
    const twin = runs.find(({ identity }) => this.#runs.has(identity));
    if (twin) {
      const flags = ["trials", "runs", "seed"].filter((name) => name in this.runner.flags);
      return new UsageError(
        `trains what line ${
          this.#runs.get(twin.identity)
        } trains, to the same bits (${twin.words}, same ` +
          `seed and settings): give one of them another ${flags.map(flagName).join(" or ")}`,
      );
    }
    if (comparison) {
      const root = await this.storage.realPath(comparison.folder), { full } = comparison;
      const other = this.#comparisons.get(root);
      const differences = other ? sharedDifferences(configDifferences(other.full, full)) : [];
      if (differences.length > 0) {
        return new UsageError(
          `trains otherwise than line ${other!.line}, whose methods are compared with its own in ` +
            `${comparison.folder} (${differences.slice(0, 3).join("; ")}): give another ` +
            "--experiment-path, or the same flags",
        );
      }
      this.#comparisons.set(root, other ?? { line, full });
    }
    for (const folder of real) this.#folders.set(folder, line);
    for (const { identity } of runs) this.#runs.set(identity, line);
    return null;
  }
}
