/**
 * The lines of an argfile as jobs that are carried out together. Takes lines of flags and their
 * runner; opens each line's job, or says what is wrong with it.
 */

import { UsageError } from "../errors.ts";
import type { ArgfileLine } from "./argfile_lines.ts";
import { firstError } from "./job.ts";
import { type FlagSet, parseFlags } from "./flags.ts";
import type { Storage } from "../storage/storage.ts";
import type { OpenJob, Runner, RunnerContext } from "./runners/runner.ts";

/** What became of a line. */
export interface LineResult {
  line: number;
  /** Whether all of its runs were finished before. */
  wasFinished: boolean;
  /** Null if it is done. */
  error: unknown;
}

/** What every process has of its own: in a line that shares one it would say nothing. */
const OF_THE_PROCESS = ["json", "replicas", "kernels", "checkpointInterval"];

/**
 * Opens the lines and carries them out side by side; a line that fails does not stop the others.
 *
 * @param run carries out jobs and gives the errors of each
 */
export async function runLines(
  lines: readonly ArgfileLine[],
  runner: Runner<FlagSet>,
  context: RunnerContext,
  run: (jobs: readonly OpenJob[]) => Promise<unknown[][]>,
): Promise<LineResult[]> {
  const results = new Map<number, LineResult>();
  const opened: { line: number; open: OpenJob }[] = [];
  const owners = new Map<string, number>();
  for (const { line, args } of lines) {
    try {
      const open = await openLine(args, runner, context);
      await claim(owners, open.folders, line, context.storage);
      opened.push({ line, open });
    } catch (error) {
      results.set(line, { line, wasFinished: false, error });
    }
  }
  const errors = opened.length === 0 ? [] : await run(opened.map(({ open }) => open));
  for (const [i, { line, open }] of opened.entries()) {
    const wasFinished = open.job.finishedCount === open.job.runCount;
    const error = errors[i].length === 0 ? null : firstError(errors[i]);
    results.set(line, { line, wasFinished, error });
    // Its text is of no use among many, but it draws charts too.
    if (error === null) await open.report();
  }
  return lines.map(({ line }) => results.get(line)!);
}

async function openLine(
  args: readonly string[],
  runner: Runner<FlagSet>,
  context: RunnerContext,
): Promise<OpenJob> {
  const flags = { ...runner.flags };
  for (const name of OF_THE_PROCESS) delete flags[name];
  const values = parseFlags(args, flags);
  runner.check(values);
  return await runner.open(values, context);
}

/** @throws UsageError if another line has one of the folders */
async function claim(
  owners: Map<string, number>,
  folders: readonly string[],
  line: number,
  storage: Storage,
): Promise<void> {
  // The same folder can have several names.
  const real = await Promise.all(folders.map((folder) => storage.realPath(folder)));
  for (const [i, folder] of real.entries()) {
    const owner = owners.get(folder);
    if (owner === undefined) continue;
    throw new UsageError(`writes to ${folders[i]}, as line ${owner} does: give each line its own`);
  }
  for (const folder of real) owners.set(folder, line);
}
