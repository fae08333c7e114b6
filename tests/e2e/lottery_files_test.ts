/**
 * The files of run-lottery: the tree, its arrays, and that the same experiment gives the same
 * bytes.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readEventFiles } from "../formats/tfevents_reader.ts";
import { checkExperiment } from "./check_experiment.ts";
import {
  assertSameTree,
  type Outcome,
  part,
  readTree,
  runLottery,
  short,
  startTask,
  type Tree,
} from "../../tasks/lib/task_process.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";

let folder: string, data: string;
/** Two trials trained together: what the other tests compare with. */
let base: Outcome, baseTree: Tree;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  data = `--mnist-location=${folder}/data`;
  await writeSmallMnist(`${folder}/data`);
  base = await runLottery(data, ...short("--trials=1-2", `--experiment-path=${folder}/base`));
  baseTree = await readTree(`${folder}/base`);
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

const LAYERS = ["layer0", "layer1", "layer2"];
const RUN_FILES = [
  ...["final", "final_biases", "initial", "initial_biases", "masks"]
    .flatMap((kind) => LAYERS.map((layer) => `${kind}/${layer}.npy`)),
  "metrics.json",
  "run.json",
  "summaries/events.out.tfevents.0000000000.lottery",
  "test.log",
  "train.log",
  "validate.log",
];
const TRIAL_RUNS = ["0/same_init", "1/same_init", "2/reinit1", "2/same_init"];

Deno.test("the tree of an experiment, exactly", () => {
  const runs = [1, 2].flatMap((trial) => TRIAL_RUNS.map((run) => `trial${trial}/${run}`));
  const files = runs.flatMap((run) => RUN_FILES.map((file) => `${run}/${file}`));
  assertEquals([...baseTree.keys()], ["accuracy.svg", ...files]);
});

Deno.test("run.json is written last", async () => {
  for (const run of TRIAL_RUNS) {
    const time = async (file: string) =>
      (await Deno.stat(`${folder}/base/trial1/${run}/${file}`)).mtime!.getTime();
    const last = await time("run.json");
    for (const file of RUN_FILES) assert(await time(file) <= last, `${run}/${file}`);
  }
});

Deno.test("NumPy loads every array; masks, rewinding and pruning are as the paper says", async () => {
  const live = await checkExperiment(`${folder}/base`, {
    shapes: [[784, 40], [40, 20], [20, 10]],
    levels: 2,
    percents: { layer0: 0.2, layer1: 0.2, layer2: 0.1 },
  });
  // 31360, 800 and 200 weights: 20%, 20% and 10% go, twice.
  const counts = [32360, 25088 + 640 + 180, 20070 + 512 + 162];
  assertEquals(live, { trial1: counts, trial2: counts });
});

interface Point {
  iteration: number;
  loss: number;
  accuracy: number;
}

Deno.test("logs, metrics.json and the event file hold the same curves", async () => {
  const runs = TRIAL_RUNS.map((run) => `${folder}/base/trial2/${run}`);
  const eventFiles = await readEventFiles(runs.map((run) => `${run}/${RUN_FILES[17]}`));
  for (const [i, run] of runs.entries()) {
    const metrics = JSON.parse(await Deno.readTextFile(`${run}/metrics.json`));
    const phases = ["train", "validate", "test"] as const;
    for (const phase of phases) {
      const curve: Point[] = metrics[phase];
      const lines = curve.map(({ iteration, loss, accuracy }) =>
        `iteration,${iteration},${phase}_loss,${loss},${phase}_accuracy,${accuracy}\n`
      );
      assertEquals(await Deno.readTextFile(`${run}/${phase}.log`), lines.join(""));
    }
    const iterations = (phase: string) => metrics[phase].map((point: Point) => point.iteration);
    assertEquals(iterations("train"), Array.from({ length: 60 }, (_, i) => i));
    assertEquals([iterations("validate"), iterations("test")], [[0, 30, 60], [0, 30, 60]]);
    const best = metrics.validate.toSorted((a: Point, b: Point) => a.loss - b.loss)[0];
    assertEquals(metrics.earlyStopIteration, best.iteration);

    const [version, ...events] = eventFiles[i];
    assertEquals(version.fileVersion, "brain.Event:2");
    assertEquals(events.map(({ step }) => step), Array.from({ length: 61 }, (_, i) => i));
    const logged = events.flatMap(({ step, values }) =>
      values.map((value) => ({ step, ...value }))
    );
    const expected = phases.flatMap((phase) =>
      metrics[phase].flatMap(({ iteration: step, loss, accuracy }: Point) => [
        { step, tag: `${phase}_loss`, value: Math.fround(loss) },
        { step, tag: `${phase}_accuracy`, value: Math.fround(accuracy) },
      ])
    );
    assertEquals(logged.length, expected.length);
    for (const point of expected) {
      assertEquals(logged.filter((l) => l.step === point.step && l.tag === point.tag), [point]);
    }
  }
});

Deno.test("the same experiment elsewhere gives the same bytes, one replica at a time too", async () => {
  const args = [data, ...short("--trials=1-2", "--replicas=1", "--quiet")];
  const { stdout, stderr } = await runLottery(...args, `--experiment-path=${folder}/alone`);
  assertEquals(stderr, "");
  assertEquals(stdout, base.stdout.replaceAll(`${folder}/base`, `${folder}/alone`));
  assertSameTree(await readTree(`${folder}/alone`), baseTree);
});

Deno.test("a trial alone is the same as beside others", async () => {
  await runLottery(data, ...short("--trials=2", `--experiment-path=${folder}/second`));
  const tree = await readTree(`${folder}/second`);
  assertSameTree(part(tree, /^trial/), part(baseTree, /^trial2/));
});

Deno.test("another seed gives other weights", async () => {
  const path = `--experiment-path=${folder}/seed`;
  await runLottery(data, ...short("--iterations=0", "--seed=1", path));
  const tree = await readTree(`${folder}/seed`);
  const weights = "trial1/0/same_init/initial/layer0.npy";
  assert(tree.get(weights) !== baseTree.get(weights));
});

Deno.test("a second run in the same folder trains nothing and says the same", async () => {
  const again = await runLottery(
    data,
    ...short("--trials=1-2", `--experiment-path=${folder}/base`),
  );
  assertEquals(again.stdout, base.stdout);
  assertStringIncludes(again.stderr, "runs      0 of 8 to train");
  assertEquals(again.stderr.match(/\(finished before\)/g)?.length, 8);
  assertSameTree(await readTree(`${folder}/base`), baseTree);
});

Deno.test("ctrl-C ends at once with 130; what was finished stays and is not trained again", async () => {
  const path = `--experiment-path=${folder}/interrupted`;
  const child = startTask("run-lottery", [data, ...short("--iterations=100", path)]);
  const stdout = new Response(child.stdout).text();
  let stderr = "", interruptedAt = 0;
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += text;
    if (interruptedAt > 0 || !stderr.includes("level 1  ")) continue;
    child.kill("SIGINT");
    interruptedAt = performance.now();
  }
  assertEquals((await child.status).code, 130);
  assert(performance.now() - interruptedAt < 5000, "it did not end at once");
  assertMatch(
    stderr,
    /\ninterrupted; to resume: deno task run-lottery .*--iterations=100 [^\n]*\n$/,
  );
  assertEquals(await stdout, "");

  const finished = /^trial1\/[01]\//;
  assertSameTree(part(await readTree(`${folder}/interrupted`), finished), part(baseTree, finished));
  const resumed = await runLottery(data, ...short(path));
  assertMatch(resumed.stderr, /level 0 .*\(finished before\)\n.*level 1 .*\(finished before\)/);
  const upToLevel2 = /^trial1\/[012]\//;
  assertSameTree(
    part(await readTree(`${folder}/interrupted`), upToLevel2),
    part(baseTree, upToLevel2),
  );
});
