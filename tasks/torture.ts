/**
 * `deno task torture`: kills the real command line at random moments, starts it again, and compares
 * what it ends with, file by file, with an experiment that was never disturbed.
 */

import { prepareGpuEnvironment } from "../src/engine/environment.ts";
import { LotteryError } from "../src/errors.ts";
import { RandomStream, seedKey } from "../src/engine/random.ts";
import { makeTemporaryFolder } from "../src/storage/deno.ts";
import { integer } from "../src/flags/kinds.ts";
import { readTree, taskCommand, type Tree } from "./lib/task_process.ts";
import { writePatterns } from "./lib/small_data.ts";
import { notice, print, runTask } from "./lib/support.ts";

const task = {
  name: "torture",
  summary:
    "Kills a small lottery experiment (SIGKILL) at random moments, restarts it each time, and " +
    "compares its files with those of an undisturbed experiment.",
  flags: {
    kills: integer({ min: 1, max: 100000, default: 50, help: "number of kills" }),
    seed: integer({ min: 0, default: 0, help: "fixes the moments" }),
  },
  examples: ["deno task torture --kills 50 --seed 1"],
};

/** Two trials of three levels and a control: about two seconds of training on two cores. */
const SETTINGS = [
  "--trials=1-2",
  "--iterations=2",
  "--layers=40,20",
  "--training-len=400",
  "--validation-size=100",
  "--test-interval=50",
  "--validate-interval=50",
  "--checkpoint-interval=iterations:20",
  "--quiet",
];

await runTask(task, async ({ kills, seed }) => {
  prepareGpuEnvironment();
  const folder = await makeTemporaryFolder("torture-");
  const sizes = { imageShape: [12, 12] as [number, number], classes: 5, train: 600, test: 200 };
  await writePatterns(`${folder}/data`, sizes);
  const command = await taskCommand("run-lottery");
  const start = (name: string) =>
    new Deno.Command("deno", {
      args: [
        ...command,
        ...SETTINGS,
        `--mnist-location=${folder}/data`,
        `--experiment-path=${folder}/${name}`,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();

  const begin = performance.now();
  await ended(start("calm"));
  const milliseconds = performance.now() - begin;
  const calm = await readWhole(`${folder}/calm`);
  notice(`undisturbed: ${calm.size} files in ${(milliseconds / 1000).toFixed(1)} s`);

  const stream = new RandomStream(seedKey(seed));
  const met = { checkpoint: 0, saving: 0, temporary: 0 };
  let killed = 0, experiment = 1, starts = 0;
  while (true) {
    const name = `${experiment}`, child = start(name);
    starts++;
    // The last start is left in peace.
    const moment = killed < kills ? stream.uniform() * milliseconds : Infinity;
    const outcome = await killedOrEnded(child, moment);
    if (outcome === null) {
      killed++;
      const left = [...(await readWhole(`${folder}/${name}`)).keys()];
      if (left.some((path) => path.endsWith("checkpoint.bin"))) met.checkpoint++;
      if (left.some((path) => path.endsWith(".unfinished"))) met.saving++;
      if (left.some((path) => path.endsWith(".tmp"))) met.temporary++;
      continue;
    }
    if (outcome !== "") throw new LotteryError(`${folder}/${name}: ${outcome}`);
    compare(await readWhole(`${folder}/${name}`), calm, `${folder}/${name}`);
    notice(`experiment ${experiment}: ${killed} of ${kills} kills, every file as it should be`);
    if (killed === kills) break;
    experiment++;
  }
  print(
    `${killed} kills, ${starts} starts, ${experiment} experiments: each ended with the ` +
      `${calm.size} files of ` +
      `the undisturbed one, bit for bit. A kill left a checkpoint ${met.checkpoint} times, a ` +
      `half-saved run ${met.saving} times, a half-written file ${met.temporary} times.`,
  );
  await Deno.remove(folder, { recursive: true });
});

async function ended(child: Deno.ChildProcess): Promise<void> {
  const { success, stderr } = await child.output();
  if (!success) throw new LotteryError(`the undisturbed run failed: ${text(stderr)}`);
}

/** Kills a process after a while; null if it was killed, else its stderr if it failed, or "". */
async function killedOrEnded(child: Deno.ChildProcess, moment: number): Promise<string | null> {
  let isKilled = false;
  const timer = moment === Infinity ? null : setTimeout(() => {
    try {
      child.kill("SIGKILL");
      isKilled = true;
    } catch {
      // It has just ended by itself.
    }
  }, moment);
  const { success, signal, stderr } = await child.output();
  if (timer !== null) clearTimeout(timer);
  if (isKilled && signal === "SIGKILL") return null;
  return success ? "" : text(stderr) || "failed without a word";
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim().replace(/\s+/g, " ");
}

/** All files of a folder, what is left half-written too. */
function readWhole(folder: string): Promise<Tree> {
  return readTree(folder, true);
}

function compare(actual: Tree, expected: Tree, what: string): void {
  for (const path of new Set([...actual.keys(), ...expected.keys()])) {
    if (actual.get(path) === expected.get(path)) continue;
    const how = !actual.has(path) ? "is missing" : expected.has(path) ? "differs" : "is too many";
    throw new LotteryError(`${what}: ${path} ${how}; the folder is kept to look at`);
  }
}
