/** Submits an argfile to Slurm: `argfile-runner --slurm`. */

import { fromFileUrl, resolve } from "@std/path";
import { LotteryError, UsageError } from "../../src/errors.ts";
import { flagName, type FlagSet, type FlagValues, toArgs } from "../../src/flags/flags.ts";
import { boolean, integer, string } from "../../src/flags/kinds.ts";
import { type ArgfileLine, joinLine, splitLine } from "../../src/flags/shell_words.ts";
import { namedRuns, readLine } from "../../src/commands/argfiles/argfile_jobs.ts";
import type { Runner } from "../../src/commands/runner.ts";
import { linesOf, MOST_SHARDS } from "../../src/commands/argfiles/shards.ts";
import {
  arrayScript,
  experimentOf,
  isTooShort,
  lastScript,
  slurmFolder,
} from "../../src/commands/argfiles/slurm.ts";
import { runFlags } from "../../src/commands/flags/run_flags.ts";
import { sha256Hex } from "../../src/formats/digests/sha256.ts";
import { encodeText } from "../../src/records/record.ts";
import { AnnouncedWork } from "../../src/runs/work_plan.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { notice, print, warn } from "./support.ts";

const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));
const USUAL_SIZE = 4;
const group = "Slurm";

/** Flags of the submission. */
export const slurmFlags = {
  slurm: boolean({
    help: "submit the lines as a job array, a shard per task, and a last job that checks them",
    group,
  }),
  arraySize: integer({
    min: 1,
    max: MOST_SHARDS,
    help: "tasks in the array",
    defaultText: `${USUAL_SIZE}, or as many as there are lines`,
    group,
  }),
  partition: string({ help: "Slurm partition", defaultText: "Slurm's own", group }),
  time: string({
    help: "time limit of a task, in sbatch's notation; a minute before it, a task writes " +
      "checkpoints and is queued again, until its shard is done",
    defaultText: "the partition's",
    group,
  }),
  gres: string({ help: "resources of each task, such as gpu:1", defaultText: "none", group }),
  sbatch: string({
    help: 'more sbatch options, for the last job too, such as --sbatch="--account=lab --mem=8G"',
    group,
  }),
  dryRun: boolean({ help: "print the scripts instead of submitting them", group }),
};

/** Flags that each task gets as they are. */
const PASSED = {
  replicas: runFlags.replicas,
  kernels: runFlags.kernels,
  tune: runFlags.tune,
  checkpointInterval: runFlags.checkpointInterval,
};

type Flags = FlagValues<typeof slurmFlags>;

/** @throws UsageError for flags that exclude each other */
export function checkSlurmFlags(
  flags: Flags & { jobs?: number; shard?: unknown; json: boolean },
): void {
  const { slurm, ...others } = slurmFlags;
  const names = slurm && flags.slurm ? ["jobs", "shard", "json"] : Object.keys(others);
  const given = names.find((name) => {
    const value = flags[name as keyof typeof flags];
    return value !== undefined && value !== false;
  });
  if (given === undefined) {
    if (!isTooShort(flags.time ?? "")) return;
    throw new UsageError(
      `--time ${flags.time} is over before a task trains: it keeps checkpoints a minute before the ` +
        "end; give at least 2 minutes, better hours",
    );
  }
  throw new UsageError(
    flags.slurm
      ? `${flagName(given)} and --slurm exclude each other; give one of them`
      : `${flagName(given)} applies to --slurm: add that, or leave it out`,
  );
}

/**
 * Keeps the argfile and the scripts in the experiment's folder, and submits them.
 *
 * @param planKey names the plan of some lines
 */
export async function submit(
  runner: Runner<FlagSet>,
  lines: readonly ArgfileLine[],
  flags: Flags & FlagValues<typeof PASSED>,
  planKey: (lines: readonly ArgfileLine[]) => string,
): Promise<void> {
  const values = new Map(lines.map((line) => [line, readLine(line.args, runner)]));
  const experiments = [
    ...new Set(lines.map((line) => experimentOf(values.get(line)!, line.line))),
  ];
  const folder = resolve(slurmFolder(experiments[0]));
  const text = lines.map(({ args }) => `${joinLine(args)}\n`).join("");
  const name = (await sha256Hex(encodeText(text))).slice(0, 8);
  const distinct = new Set(text.split("\n")).size - 1;
  const { partition, time, gres } = flags;
  const array = {
    runner: runner.name,
    argfile: `${folder}/${name}.txt`,
    flags: toArgs(flags, PASSED),
    size: Math.min(flags.arraySize ?? USUAL_SIZE, distinct),
    experiments,
    logs: folder,
    config: CONFIG,
    cwd: Deno.cwd(),
    ...{ partition, time, gres },
    sbatch: splitLine(flags.sbatch ?? "", "--sbatch"),
  };
  const scripts = { array: arrayScript(array), last: lastScript(array) };
  const path = (script: keyof typeof scripts) => `${folder}/${name}-${script}.sh`;
  if (flags.dryRun) {
    return print(
      `${scripts.array}\n${scripts.last}\n` +
        `# sbatch --parsable ${joinLine([path("array")])}\n` +
        `# sbatch --parsable --dependency=afterany:$ARRAY ${joinLine([path("last")])}`,
    );
  }
  const storage = new DenoStorage();
  await storage.write(array.argfile, encodeText(text));
  await storage.write(path("array"), encodeText(scripts.array));
  await storage.write(path("last"), encodeText(scripts.last));
  const announced: AnnouncedWork[] = [];
  for (let index = 1; index <= array.size; index++) {
    const mine = linesOf(lines, { index, count: array.size });
    const runs = mine.flatMap((line) => namedRuns(values.get(line)!, runner));
    const work = await AnnouncedWork.of(storage, planKey(mine), runs);
    await work.announce();
    announced.push(work);
  }
  const job = await sbatch([path("array")]).catch(async (error) => {
    for (const work of announced) if (!work.isOfOthers) await work.conclude();
    throw error;
  });
  const last = await sbatch([`--dependency=afterany:${job}`, path("last")]).catch((error) => {
    warn(`array ${job} is submitted, its last job is not: scancel ${job} before the next try`);
    throw error;
  });
  print(`array ${job} of ${array.size} tasks, ${lines.length} lines; last job ${last}`);
  notice(`output in ${folder}; how far it is: deno task status ${experiments[0]}`);
}

/** Submits a script; returns the job's number. */
async function sbatch(args: string[]): Promise<string> {
  try {
    const { success, stdout, stderr } = await new Deno.Command("sbatch", {
      args: ["--parsable", ...args],
      stdin: "null",
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    // With several clusters the cluster's name follows.
    if (success) return decode(stdout).split(";")[0];
    throw new LotteryError(
      `sbatch refused ${args.at(-1)}: ${decode(stderr).split("\n")[0]}; correct the options and ` +
        "run the same command again",
    );
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new LotteryError(
      "--slurm starts `sbatch`, which is not on PATH: run this where jobs are submitted, or use " +
        "--shard K/N under another scheduler",
    );
  }
}
