/**
 * `deno task argfile-runner`: runs a task for each line of flags of a file (the original's
 * argfile_runner.py): all lines in this process, packed as replicas, or several processes at a
 * time.
 */

import { fromFileUrl } from "@std/path";
import { LockedError, LotteryError, UsageError } from "../src/errors.ts";
import { LineConflicts, type LineResult, runLines } from "../src/commands/argfiles/argfile_jobs.ts";
import { AnnouncedWork } from "../src/runs/work_plan.ts";
import { type ArgfileLine, joinLine, parseArgfile } from "../src/flags/shell_words.ts";
import { boolean, integer } from "../src/flags/kinds.ts";
import { cachedLoader } from "../src/datasets/data_cache.ts";
import type { FlagSet } from "../src/flags/flags.ts";
import { loadDataset } from "../src/datasets/load_dataset.ts";
import { countRuns } from "../src/runs/job.ts";
import { findRunner } from "../src/commands/mod.ts";
import type { PlanContext, Runner, RunnerContext } from "../src/commands/runner.ts";
import { runFlags } from "../src/commands/flags/run_flags.ts";
import { linesOf, shard } from "../src/commands/argfiles/shards.ts";
import { describeFinished } from "../src/reports/verdicts/summary.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { count } from "../src/words.ts";
import { type LaboratoryOptions, messageOf, openLaboratory } from "./lib/laboratory.ts";
import { checkSlurmFlags, slurmFlags, submit } from "./lib/slurm.ts";
import { onStopSignal } from "./lib/stop_signals.ts";
import {
  commandLine,
  leaveInterruptsToChild,
  notice,
  print,
  printJson,
  runTask,
  warn,
} from "./lib/support.ts";

const CONFIG = fromFileUrl(new URL("../deno.json", import.meta.url));

/** Between two looks at what other processes have. */
const WAIT_MS = 10_000;

const task = {
  name: "argfile-runner",
  summary:
    "Runs a task (such as run-lottery, reinitialize or train) for each line of flags in a file, or " +
    "in standard input (-). Finished runs are skipped; a line that fails does not stop the others.",
  operands: ["RUNNER", "ARGFILE"],
  flags: {
    jobs: integer({
      min: 1,
      max: 1024,
      help: "run each line in a process of its own, N at a time",
      defaultText: "all lines in one process; networks of one shape are replicas",
    }),
    shard: shard({
      help:
        "run the K-th of N parts of the lines; N processes anywhere, one for each K, run every " +
        "line once, whatever the order of the file",
      defaultText: "all lines",
    }),
    wait: boolean({
      help: "retry lines that another process is training, until it ends",
    }),
    ...slurmFlags,
    replicas: { ...runFlags.replicas, group: "Flags" },
    kernels: { ...runFlags.kernels, group: "Flags" },
    tune: { ...runFlags.tune, group: "Flags" },
    checkpointInterval: { ...runFlags.checkpointInterval, group: "Flags" },
    json: boolean({ help: "print the outcome of each line as one JSON document" }),
  },
  examples: [
    "deno task argfile lottery > lottery.txt",
    "deno task argfile-runner run-lottery lottery.txt",
    "deno task argfile reinitialize --trials 1-2 --levels 0-5 | deno task argfile-runner " +
    "reinitialize -",
    "deno task argfile-runner reinitialize controls.txt --shard 3/16",
    "deno task argfile-runner reinitialize controls.txt --slurm --array-size 16 --gres gpu:1 " +
    "--time 4:00:00",
  ],
};

await runTask(task, async (flags, [runnerName, argfile]) => {
  const runner = findRunner(runnerName);
  checkSlurmFlags(flags);
  if (flags.wait && flags.jobs !== undefined) {
    throw new UsageError("--wait and --jobs exclude each other; give one of them");
  }
  const all = parseArgfile(await readArgfile(argfile), argfile === "-" ? "stdin" : argfile);
  if (all.length === 0) {
    throw new LotteryError(`${argfile} holds no lines of flags: \`deno task argfile\` prints some`);
  }
  if (flags.slurm) return await submit(runner, all, flags, planKey);
  const lines = flags.shard ? linesOf(all, flags.shard) : all;
  const key = planKey(lines);
  let results = lines.length === 0
    ? []
    : flags.jobs === undefined
    ? await runPacked(runner, lines, [], flags, key)
    : await runProcesses(runner, lines, flags.jobs);
  for (let left = lockedLines(results); flags.wait && left.size > 0; left = lockedLines(results)) {
    notice(`waiting for other processes, which run ${count(left.size, "line")}`);
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    const isLeft = ({ line }: { line: number }) => left.has(line);
    const ended = results.filter((result) => !isLeft(result));
    const again = await runPacked(runner, lines.filter(isLeft), ended, flags, key);
    results = [...ended, ...again].sort((a, b) => a.line - b.line);
  }
  report(results, argfile, flags.json);
});

/** The numbers of lines that could not be carried out because another process does. */
function lockedLines(results: readonly LineResult[]): Set<number> {
  return new Set(results.flatMap(({ line, error }) => error instanceof LockedError ? [line] : []));
}

async function readArgfile(path: string): Promise<string> {
  const bytes = path === "-"
    ? new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer())
    : await new DenoStorage().read(path);
  return new TextDecoder().decode(bytes);
}

/** The same for the same lines, whichever process runs them. */
function planKey(lines: readonly ArgfileLine[]): string {
  return lines.map(({ args }) => joinLine(args)).sort().join("\n");
}

/** Why runs have failed that no other process trains, by folder. */
function failuresOf(results: readonly LineResult[]): Map<string, string> {
  return new Map(
    results.filter(({ error }) => error !== null && !(error instanceof LockedError))
      .flatMap(({ folders, error }) => folders.map((f) => [f, messageOf(error)] as const)),
  );
}

/**
 * @param ended what became of the other lines of this process
 * @param key   of the announced work, which is that of all its lines
 */
async function runPacked(
  runner: Runner<FlagSet>,
  lines: readonly ArgfileLine[],
  ended: readonly LineResult[],
  options: LaboratoryOptions,
  key: string,
): Promise<LineResult[]> {
  const laboratory = await openLaboratory(task.name, options);
  const context: RunnerContext = {
    ...laboratory.context,
    events: {
      ...laboratory.context.events,
      // Lines may have runs of the same trial and level: folders tell them apart.
      onRun: (run) => notice(`${describeFinished(run)}  ${run.folder}`),
    },
  };
  const { storage } = context;
  let isOfOthers = false;
  try {
    const results = await runLines(
      lines,
      runner,
      context,
      async (open, failed) => {
        const jobs = open.map(({ job }) => job), known = [...ended, ...failed];
        const runs = [...known, ...jobs].flatMap(({ folders }) => folders);
        const work = await AnnouncedWork.of(storage, key, runs);
        if (countRuns(jobs).left > 0) await work.announce(failuresOf(known));
        isOfOthers = work.isOfOthers;
        return await laboratory.run(jobs, [
          ["lines", `${open.length} of ${lines.length}, the first with:`],
          ...open[0].header,
        ]);
      },
    );
    const all = [...ended, ...results], failed = failuresOf(all);
    // Another process that has some of the lines will say when they are done.
    if (failed.size > 0 || !isOfOthers || lockedLines(results).size === 0) {
      const runs = all.flatMap(({ folders }) => folders);
      await (await AnnouncedWork.of(storage, key, runs)).conclude(failed);
    }
    return results;
  } finally {
    await laboratory.close();
  }
}

/** Runs lines in processes of their own; ctrl-C ends those and starts no more. */
async function runProcesses(
  runner: Runner<FlagSet>,
  lines: readonly ArgfileLine[],
  jobs: number,
): Promise<LineResult[]> {
  const children = new Set<Deno.ChildProcess>();
  let isStopped = false;
  const stop = () => {
    // Each writes a checkpoint at the first signal, and ends at once at the second.
    isStopped = true;
    for (const child of children) kill(child);
  };
  leaveInterruptsToChild();
  onStopSignal(stop);
  const results: LineResult[] = [];
  const conflicts = new LineConflicts(runner, planContext());
  const waiting = [...lines];
  const work = async () => {
    for (let line = waiting.shift(); line && !isStopped; line = waiting.shift()) {
      const conflict = await conflicts.find(line);
      if (isStopped) return;
      if (conflict) {
        results.push({ line: line.line, folders: [], wasFinished: false, error: conflict });
        notice(`line ${line.line}  failed`);
        continue;
      }
      const child = startLine(runner, line);
      children.add(child);
      const result = await finishLine(child, line);
      children.delete(child);
      if (isStopped) return;
      results.push(result);
      notice(`line ${line.line}  ${result.error === null ? "done" : "failed"}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, lines.length) }, work));
  if (isStopped) {
    warn(
      `interrupted: ${results.length} of ${lines.length} lines are done; to resume: ` +
        commandLine(task.name),
    );
    Deno.exit(130);
  }
  return results.sort((a, b) => a.line - b.line);
}

/** One that has just ended cannot be told any more. */
function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGINT");
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The context for planning lines. */
function planContext(): PlanContext {
  const storage = new DenoStorage();
  return {
    storage,
    environmentLocation: Deno.env.get("MNIST_LOCATION") || null,
    loadData: cachedLoader((dataset, location) =>
      loadDataset({ dataset, location, storage, onNotice: notice })
    ),
    events: { onNotice: notice },
  };
}

function startLine(runner: Runner<FlagSet>, { args }: ArgfileLine): Deno.ChildProcess {
  try {
    return new Deno.Command("deno", {
      args: ["task", "--quiet", "--config", CONFIG, "--cwd", Deno.cwd(), runner.name, ...args],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable)) {
      throw error;
    }
    throw new LotteryError(
      "--jobs starts `deno`, which is not on PATH: add it, or leave --jobs out",
    );
  }
}

async function finishLine(child: Deno.ChildProcess, { line }: ArgfileLine): Promise<LineResult> {
  const { success, stderr } = await child.output();
  const text = new TextDecoder().decode(stderr).trimEnd();
  const wasFinished = success && /^runs +0 of /m.test(text);
  const message = text.split("\n").at(-1)!.replace(/^error: /, "");
  return { line, folders: [], wasFinished, error: success ? null : new LotteryError(message) };
}

function report(results: readonly LineResult[], argfile: string, isJson: boolean): void {
  const failed = results.filter(({ error }) => error !== null);
  const before = results.filter(({ wasFinished }) => wasFinished).length;
  if (isJson) {
    const document = results.map(({ line, wasFinished, error }) => ({
      line,
      wasFinished,
      error: error === null ? null : messageOf(error),
    }));
    printJson(document);
  } else {
    print(
      `${count(results.length, "line")}: ${results.length - failed.length - before} run, ` +
        `${before} finished before, ${failed.length} failed`,
    );
  }
  if (failed.length === 0) return;
  const bug = failed.find(({ error }) => !(error instanceof LotteryError));
  if (bug) throw bug.error;
  for (const { line, error } of failed) warn(`${argfile}:${line}: ${messageOf(error)}`);
  throw new LotteryError(
    `${failed.length} of ${results.length} lines failed; correct them and run the same command ` +
      `again`,
  );
}
