/**
 * `deno task argfile-runner`: runs a task for each line of flags of a file (the original's
 * argfile_runner.py): all lines in this process, packed as replicas, or several processes at a
 * time.
 */

import { fromFileUrl } from "@std/path";
import { LotteryError } from "../src/errors.ts";
import { LineConflicts, type LineResult, runLines } from "../src/commands/argfile_jobs.ts";
import { type ArgfileLine, parseArgfile } from "../src/flags/shell_words.ts";
import { boolean, integer } from "../src/flags/kinds.ts";
import { cachedLoader } from "../src/datasets/data_cache.ts";
import type { FlagSet } from "../src/flags/flags.ts";
import { loadDataset } from "../src/datasets/load_dataset.ts";
import { findRunner } from "../src/commands/mod.ts";
import type { PlanContext, Runner, RunnerContext } from "../src/commands/runner.ts";
import { runFlags } from "../src/commands/flags/run_flags.ts";
import { describeFinished } from "../src/reports/summary.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { type LaboratoryOptions, openLaboratory } from "./lib/laboratory.ts";
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

const task = {
  name: "argfile-runner",
  summary:
    "Runs a task (run-lottery, reinitialize or train) for each line of flags of a file, or of " +
    "standard input for -. Finished runs are skipped; a line that fails does not stop the others.",
  operands: ["RUNNER", "ARGFILE"],
  flags: {
    jobs: integer({
      min: 1,
      max: 1024,
      help: "run each line in a process of its own, N at a time",
      defaultText: "all lines in one process, as replicas where their networks have one shape",
    }),
    replicas: { ...runFlags.replicas, group: "Flags" },
    kernels: { ...runFlags.kernels, group: "Flags" },
    checkpointInterval: { ...runFlags.checkpointInterval, group: "Flags" },
    json: boolean({ help: "print what became of each line as one JSON document" }),
  },
  examples: [
    "deno task argfile lottery > lottery.txt",
    "deno task argfile-runner run-lottery lottery.txt",
    "deno task argfile reinitialize --trials 1-2 --levels 0-5 | deno task argfile-runner " +
    "reinitialize -",
  ],
};

await runTask(task, async (flags, [runnerName, argfile]) => {
  const runner = findRunner(runnerName);
  const lines = parseArgfile(await readArgfile(argfile), argfile === "-" ? "stdin" : argfile);
  if (lines.length === 0) {
    throw new LotteryError(`${argfile} holds no lines of flags: \`deno task argfile\` prints some`);
  }
  const results = flags.jobs === undefined
    ? await runPacked(runner, lines, flags)
    : await runProcesses(runner, lines, flags.jobs);
  report(results, argfile, flags.json);
});

async function readArgfile(path: string): Promise<string> {
  const bytes = path === "-"
    ? new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer())
    : await new DenoStorage().read(path);
  return new TextDecoder().decode(bytes);
}

async function runPacked(
  runner: Runner<FlagSet>,
  lines: readonly ArgfileLine[],
  options: LaboratoryOptions,
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
  try {
    return await runLines(
      lines,
      runner,
      context,
      (open) =>
        laboratory.run(open.map(({ job }) => job), [
          ["lines", `${open.length} of ${lines.length}, the first with:`],
          ...open[0].header,
        ]),
    );
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
    for (const child of children) child.kill("SIGINT");
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
        results.push({ line: line.line, wasFinished: false, error: conflict });
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
  return { line, wasFinished, error: success ? null : new LotteryError(message) };
}

function report(results: readonly LineResult[], argfile: string, isJson: boolean): void {
  const failed = results.filter(({ error }) => error !== null);
  const before = results.filter(({ wasFinished }) => wasFinished).length;
  const message = (error: unknown) => error instanceof Error ? error.message : String(error);
  if (isJson) {
    const document = results.map(({ line, wasFinished, error }) => ({
      line,
      wasFinished,
      error: error === null ? null : message(error),
    }));
    printJson(document);
  } else {
    print(
      `${results.length} lines: ${results.length - failed.length - before} run, ` +
        `${before} finished before, ${failed.length} failed`,
    );
  }
  if (failed.length === 0) return;
  const bug = failed.find(({ error }) => !(error instanceof LotteryError));
  if (bug) throw bug.error;
  for (const { line, error } of failed) warn(`${argfile}:${line}: ${message(error)}`);
  throw new LotteryError(
    `${failed.length} of ${results.length} lines failed; correct them and run the same command ` +
      `again`,
  );
}
