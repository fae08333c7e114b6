/** An argfile as jobs of Slurm: an array with a shard per task, and a last job that checks. */

import { UsageError } from "../../errors.ts";
import { joinLine } from "../../flags/shell_words.ts";
import type { FlagSet, FlagValues } from "../../flags/flags.ts";

/** Time to keep checkpoints before the time limit: those of some hundred runs take a few. */
const SECONDS_TO_STOP = 60;

/** What the scripts are made of. */
export interface SlurmArray {
  /** Of the runner: the name of the jobs. */
  runner: string;
  /** The argfile, as the nodes see it. */
  argfile: string;
  /** Flags of `argfile-runner` for each task. */
  flags: readonly string[];
  /** Number of tasks. */
  size: number;
  /** Folders of the experiments. */
  experiments: readonly string[];
  /** Folder of the tasks' output. */
  logs: string;
  /** deno.json, and the folder in which the lines' paths begin. */
  config: string;
  cwd: string;
  partition?: string;
  time?: string;
  gres?: string;
  /** Further options of sbatch, such as the account: the last job needs them too. */
  sbatch: readonly string[];
}

/**
 * The script of each task: its shard, and once more when Slurm's time was too short for it. A node
 * that Slurm has lost may still train what it queues again: the task waits for that.
 */
export function arrayScript(array: SlurmArray): string {
  const { runner, argfile, flags, size, time, gres } = array;
  const task = denoTask(array, ["argfile-runner", runner, argfile, "--wait", ...flags]);
  return [
    ...header(array, runner, "%A_%a"),
    directive([`--array=1-${size}`]),
    directive(["--requeue"]),
    directive([`--signal=B:USR1@${SECONDS_TO_STOP}`]),
    ...(time ? [directive([`--time=${time}`])] : []),
    ...(gres ? [directive([`--gres=${gres}`])] : []),
    ...further(array),
    "",
    "# USR1 comes before the time limit: keep checkpoints, and queue the task again.",
    "# TERM comes from scancel or preemption: keep checkpoints.",
    "trap 'caught=1; again=1; kill -TERM \"$pid\"' USR1",
    "trap 'caught=1; kill -TERM \"$pid\"' TERM",
    `${task} --shard "$SLURM_ARRAY_TASK_ID/${size}" &`,
    "pid=$!",
    'while caught=; wait "$pid"; code=$?; [ -n "$caught" ]; do :; done',
    "# 143: it came before the program could listen.",
    'if [ -n "$again" ] && { [ "$code" = 130 ] || [ "$code" = 143 ]; }; then',
    // The number of the array's last task is that of the whole array.
    '  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"',
    "fi",
    'exit "$code"',
    "",
  ].join("\n");
}

/** The script of the last job: are all runs done, whole, and what do they show? */
export function lastScript(array: SlurmArray): string {
  const steps = (experiment: string) =>
    [["status", experiment, "--all-done"], ["verify", experiment], ["report", experiment]]
      .map((args) => denoTask(array, args)).join(" &&\n  ");
  return [
    ...header(array, `${array.runner}-last`, "%j_last"),
    ...further(array),
    "",
    "code=0",
    ...array.experiments.map((experiment) => `${steps(experiment)} || code=1`),
    'exit "$code"',
    "",
  ].join("\n");
}

function header({ logs, cwd, partition }: SlurmArray, name: string, log: string): string[] {
  return [
    "#!/bin/bash",
    directive([`--job-name=${name}`]),
    // In the name of the output % stands for something else.
    directive([`--output=${logs.replaceAll("%", "%%")}/${log}.log`]),
    directive(["--open-mode=append"]),
    directive([`--chdir=${cwd}`]),
    ...(partition ? [directive([`--partition=${partition}`])] : []),
  ];
}

function further({ sbatch }: SlurmArray): string[] {
  return sbatch.length > 0 ? [directive(sbatch)] : [];
}

/** Slurm takes a backslash as an escape in quotes too. */
function directive(options: readonly string[]): string {
  return `#SBATCH ${joinLine(options.map((option) => option.replaceAll("\\", "\\\\")))}`;
}

/**
 * Whether a time limit, as sbatch takes it, is over before a task has trained anything: its signal
 * would come at once, and queue it again forever. 0 means no limit; sbatch refuses what is not a time.
 */
export function isTooShort(time: string): boolean {
  const match = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(time);
  if (match === null) return false;
  const [days, ...parts] = match.slice(1).map((part) => Number(part ?? 0));
  // Days-hours, minutes, minutes:seconds, hours:minutes:seconds.
  const isHours = match[1] !== undefined || match[4] !== undefined;
  const [hours, minutes, seconds] = isHours ? parts : [0, ...parts];
  const all = 86_400 * days + 3600 * hours + 60 * minutes + seconds;
  return 0 < all && all <= SECONDS_TO_STOP;
}

function denoTask({ config, cwd }: SlurmArray, args: readonly string[]): string {
  return joinLine(["deno", "task", "--quiet", "--config", config, "--cwd", cwd, ...args]);
}

/**
 * The folder of a line's experiment.
 *
 * @param line its number
 * @throws UsageError if it names none
 */
export function experimentOf(values: FlagValues<FlagSet>, line: number): string {
  const { outputDir, experimentPath } = values as Record<string, string | undefined>;
  if (experimentPath !== undefined) return experimentPath;
  if (outputDir === undefined) {
    throw new UsageError(
      `line ${line} names no folder for its runs: add --output-dir or --experiment-path`,
    );
  }
  const plain = outputDir.replace(/(.)\/+$/, "$1");
  const [, experiment] = /^(.*?)\/?trial\d+(?:\/.*)?$/.exec(plain) ?? [];
  return experiment === undefined ? plain : experiment || ".";
}

/** Where a submitted argfile and the output of its tasks are kept. */
export function slurmFolder(experiment: string): string {
  return `${experiment.replace(/(.)\/+$/, "$1")}/slurm`;
}
