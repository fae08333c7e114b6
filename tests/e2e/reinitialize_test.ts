/**
 * The controls of a lottery experiment: what they start from, and that every way to them is the
 * same.
 */

import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { encodeNpy } from "../../src/formats/npy.ts";
import { checkControls } from "./check_controls.ts";
import {
  assertSameTree,
  part,
  readTree,
  runLottery,
  runTask,
  short,
  startTask,
  succeed,
  type Tree,
} from "../../tasks/lib/task_process.ts";
import { writeSmallMnist } from "../../tasks/lib/small_data.ts";

let folder: string, data: string, lotteryTree: Tree, tree: Tree, stdout: string;

const ALL = ["--experiment=reinit,reuse,reuse_sign", "--runs=1-2"];
/** The settings of the experiment as flags of a single run. */
const SETTINGS = short().filter((flag) => !flag.startsWith("--iterations"));

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  data = `--mnist-location=${folder}/data`;
  await writeSmallMnist(`${folder}/data`);
  const path = `--experiment-path=${folder}/base`;
  await runLottery(data, ...short("--trials=1-2", "--iterations=1", "--seed=3", path));
  lotteryTree = await readTree(`${folder}/base`);
  const outcome = await succeed("reinitialize", data, ...ALL, path);
  assertMatch(outcome.stderr, /^runs +22 of 24 to train/m);
  stdout = outcome.stdout;
  tree = await readTree(`${folder}/base`);
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

Deno.test("NumPy: masks are the tickets', weights are new, or values of the tickets, or with their signs", async () => {
  const expected = { trials: [1, 2], levels: [0, 1], runs: [1, 2] };
  assertEquals(await checkControls(`${folder}/base`, expected), 24);
});

Deno.test("the lottery's own files, its control among them, are as they were", () => {
  assertSameTree(new Map([...tree].filter(([path]) => lotteryTree.has(path))), lotteryTree);
});

Deno.test("a table of tickets and controls, their means those of metrics.json", async () => {
  const columns = (line: string) => line.split(/ {2,}/).map((cell) => cell.trim());
  const lines = stdout.split("\n");
  const kinds = ["ticket", "reinit", "reuse", "reuse_sign"];
  assertEquals(columns(lines[0]), ["level", "weights remaining", ...kinds]);
  for (const level of [0, 1]) {
    const [number, , ...cells] = columns(lines[2 + level]);
    assertEquals(number, `${level}`);
    for (const [k, kind] of kinds.entries()) {
      const runs = kind === "ticket" ? ["same_init"] : [`${kind}1`, `${kind}2`];
      const stops = [], accuracies = [];
      for (
        const run of [1, 2].flatMap((trial) => runs.map((run) => `trial${trial}/${level}/${run}`))
      ) {
        const { earlyStopIteration, test } = JSON.parse(
          await Deno.readTextFile(`${folder}/base/${run}/metrics.json`),
        );
        stops.push(earlyStopIteration);
        accuracies.push(test[earlyStopIteration / 30].accuracy);
      }
      const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
      const [accuracy, stop] = cells[k].split("% at ").map(Number);
      assertAlmostEquals(accuracy, 100 * mean(accuracies), 0.0051);
      assertEquals(stop, Math.round(mean(stops)));
    }
  }
  assertMatch(
    stdout,
    /means over runs: ticket 2, reinit 4, reuse 4, reuse_sign 4\. 2 trials are an example, not a proof\.\n/,
  );
  const svg = await Deno.readTextFile(`${folder}/base/controls.svg`);
  for (const name of ["Ticket", "Reinitialized control", "shuffled", "signs kept"]) {
    assert(svg.includes(name));
  }
});

Deno.test("the same command again trains nothing and says the same", async () => {
  const again = await succeed(
    "reinitialize",
    data,
    ...ALL,
    `--experiment-path=${folder}/base`,
    "--json",
  );
  assertMatch(again.stderr, /^runs +0 of 24 to train/m);
  const { levels, runs } = JSON.parse(again.stdout);
  assertEquals([levels.length, runs.length], [8, 28]);
  assertSameTree(await readTree(`${folder}/base`), tree);
});

Deno.test("a single run with the flags of one control is that control, bit for bit", async () => {
  const ticket = `${folder}/base/trial2/1/same_init`, where = "trial2/1";
  const id = ["--trials=2", "--levels=1", "--runs=2", "--seed=3"];
  const values = `--initialization-distribution=${folder}/base/weights/1/initialization`;
  const kinds: [name: string, flags: string[]][] = [
    ["reinit2", []],
    ["reuse2", [values]],
    ["reuse_sign2", [values, `--same-sign=${ticket}/initial`]],
  ];
  for (const [name, flags] of kinds) {
    const output = `${folder}/single/${name}`;
    const { stdout } = await succeed(
      "reinitialize",
      data,
      ...SETTINGS,
      ...id,
      ...flags,
      `--masks=${ticket}/masks`,
      `--output-dir=${output}`,
    );
    assertMatch(stdout, new RegExp(`\nRun: ${output}\n$`));
    const expected = [...part(tree, new RegExp(`^${where}/${name}/`))];
    assertSameTree(
      await readTree(output),
      new Map(expected.map(([path, text]) => [path.slice(`${where}/${name}/`.length), text])),
    );
  }
});

Deno.test("argfiles: their lines, packed in one process, give the bytes of the whole experiment", async () => {
  const path = `--experiment-path=${folder}/lines`;
  const common = [
    data,
    ...SETTINGS,
    "--protocol=quick",
    "--seed=3",
    "--trials=1-2",
    "--iterations=1",
  ];
  const run = async (kind: string, ...flags: string[]) => {
    const { stdout: lines } = await succeed("argfile", kind, ...common, path, ...flags);
    await Deno.writeTextFile(`${folder}/${kind}.txt`, `# ${kind}\n\n${lines}`);
    return await succeed("argfile-runner", kind, `${folder}/${kind}.txt`, "--quiet");
  };
  assertEquals((await run("lottery")).stdout, "2 lines: 2 run, 0 finished before, 0 failed\n");
  assertEquals(
    (await run("reinitialize", ...ALL)).stdout,
    "24 lines: 22 run, 2 finished before, 0 failed\n",
  );
  const runs = (tree: Tree) => part(tree, /^(trial|weights).*(?<!\.svg)$/);
  assertSameTree(runs(await readTree(`${folder}/lines`)), runs(tree));
});

Deno.test("argfile-runner: failing lines are reported at the end and stop no other", async () => {
  const ticket = `${folder}/base/trial1/1/same_init`;
  const line = (name: string, ...flags: string[]) =>
    [data, ...SETTINGS, `--masks=${ticket}`, `--output-dir=${folder}/some/${name}`, ...flags].join(
      " ",
    );
  const lines = [
    line("a"),
    line("b", "--lerning-rate=1"),
    line("c", "--masks=nowhere").replace(`--masks=${ticket} `, ""),
    line("a"),
    line("d", `--initialization-distribution=${folder}/huge`),
    line("e", "--runs=2"),
  ];
  await Deno.writeTextFile(`${folder}/some.txt`, lines.join("\n"));
  await Deno.mkdir(`${folder}/huge`);
  const huge = encodeNpy({ shape: [2], data: Float32Array.of(1e30, -1e30) });
  for (const layer of [0, 1, 2]) await Deno.writeFile(`${folder}/huge/layer${layer}.npy`, huge);
  const check = async (flags: string[], first: string, ...messages: RegExp[]) => {
    const outcome = await runTask("argfile-runner", [
      "reinitialize",
      `${folder}/some.txt`,
      ...flags,
    ]);
    assertEquals([outcome.code, outcome.stdout], [1, `6 lines: ${first}\n`]);
    for (const message of messages) assertMatch(outcome.stderr, message);
    assertMatch(outcome.stderr, /\nerror: \d of 6 lines failed; correct them and run the same/);
  };
  await check(
    ["--replicas=3"],
    "2 run, 0 finished before, 4 failed",
    /^\S*some\.txt:2: unknown flag "--lerning-rate"; the nearest is --learning-rate/m,
    /^\S*some\.txt:3: nowhere does not exist/m,
    /^\S*some\.txt:4: writes to \S*\/some\/a, as line 1 does/m,
    /^\S*some\.txt:5: reuse 1, trial 1, level 1: training diverged/m,
  );
  const before = await readTree(`${folder}/some`);
  assertEquals(part(before, /run\.json/).size, 2);
  // In processes of their own the same lines fail.
  await check(
    ["--jobs=2"],
    "0 run, 2 finished before, 4 failed",
    /some\.txt:3: nowhere does not exist/,
    /^\S*some\.txt:4: writes to \S*\/some\/a, as line 1 does/m,
  );
  assertSameTree(await readTree(`${folder}/some`), before);
});

Deno.test("argfile-runner: the original's lines, whose folders alone name trials and runs; copies are refused", async () => {
  const ticket = `${folder}/base/trial2/1/same_init`;
  const run = async (runner: string, lines: string[], ...flags: string[]) => {
    await Deno.writeTextFile(`${folder}/plain.txt`, lines.join("\n"));
    return await runTask("argfile-runner", [runner, `${folder}/plain.txt`, ...flags]);
  };
  const lottery = (name: string) =>
    [data.replaceAll("-location", "_location"), ...SETTINGS, "--iterations=0", "--seed=3"]
      .concat(`--output_dir=${folder}/plain/${name}`).join(" ");
  const tickets = await run("lottery_experiment", ["trial1", "trial2"].map(lottery));
  assertEquals(tickets.stdout, "2 lines: 2 run, 0 finished before, 0 failed\n", tickets.stderr);
  // The settings and the seed are those of the run that the masks are of.
  const control = (name: string) =>
    `--masks=${ticket}/masks ${data} --output_dir=${folder}/plain/${name}`;
  const names = ["trial2/1/reinit1", "trial2/1/reinit2"];
  const controls = await run("reinitialize", names.map(control));
  assertEquals(controls.stdout, "2 lines: 2 run, 0 finished before, 0 failed\n", controls.stderr);
  const plain = await readTree(`${folder}/plain`);
  for (const name of [...names, "trial1/0/same_init", "trial2/0/same_init"]) {
    const of = new RegExp(`^${name}/`);
    assertSameTree(part(plain, of), part(tree, of));
  }
  // Two lines that nothing tells apart: neither folder says a number.
  for (const flags of [[], ["--jobs=2"]]) {
    const copies = await run("reinitialize", ["one", "two"].map(control), ...flags);
    assertEquals(copies.code, 1);
    assertMatch(
      copies.stderr,
      /^\S*plain\.txt:2: trains what line 1 trains, to the same bits \(reinit 1, trial 2, level 1, .*: give one of them another --trials or --runs or --seed$/m,
    );
    assertEquals(part(await readTree(`${folder}/plain`), /^two/).size, 0);
  }
});

Deno.test("a folder that an earlier version filled under number 1 is continued as it is", async () => {
  const ticket = `${folder}/base/trial2/1/same_init`, output = `${folder}/old/trial3`;
  const flags = [data, ...SETTINGS, "--iterations=0", `--output-dir=${output}`];
  await succeed("run-lottery", ...flags, "--trials=1");
  const control = [data, ...SETTINGS, `--masks=${ticket}`, `--output-dir=${output}/2/reinit2`];
  await succeed("reinitialize", ...control, "--trials=1", "--levels=0", "--runs=1", "--seed=0");
  const before = await readTree(output);
  for (const [task, args] of [["run-lottery", flags], ["reinitialize", control]] as const) {
    const { stderr } = await succeed(task, ...args);
    assertMatch(stderr, /^runs +0 of 1 to train/m);
    assertMatch(stderr, /holds this run as an earlier version began it \(id.trial: 1, now 3/);
  }
  assertSameTree(await readTree(output), before);
  await succeed("reinitialize", ...control, "--overwrite");
  const config = JSON.parse(await Deno.readTextFile(`${output}/2/reinit2/run.json`));
  assertEquals([config.id.trial, config.id.level, config.id.run, config.training.seed], [
    3,
    2,
    2,
    3,
  ]);
});

/** Runs a task until its stderr matches, then interrupts it; gives the outcome. */
async function interrupt(task: string, args: string[], when: RegExp) {
  const child = startTask(task, args);
  const stdout = new Response(child.stdout).text();
  let stderr = "", interruptedAt = 0;
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += text;
    if (interruptedAt > 0 || !when.test(stderr)) continue;
    child.kill("SIGINT");
    interruptedAt = performance.now();
  }
  const { code } = await child.status;
  assert(performance.now() - interruptedAt < 10_000, "it did not end soon");
  return { code, stderr, stdout: await stdout };
}

Deno.test("argfile-runner: ctrl-C ends it with 130; the same command goes on with what is left", async () => {
  const line = (name: string, ...flags: string[]) =>
    [data, ...SETTINGS, `--output-dir=${folder}/cut/${name}`, ...flags].join(" ");
  const ofLength = (name: string, length: string) =>
    line(name).replace("--training-len=60", `--training-len=${length}`);
  // The second line would take minutes.
  await Deno.writeTextFile(`${folder}/cut.txt`, [line("a"), ofLength("b", "1000000")].join("\n"));
  const runs = async () => [...part(await readTree(`${folder}/cut`), /run\.json/).keys()];

  const packed = await interrupt(
    "argfile-runner",
    ["train", `${folder}/cut.txt`, "--replicas=1"],
    /trial 1 {2}level 0 [\s\S]*iteration +\d+\/1000000/,
  );
  assertEquals([packed.code, packed.stdout], [130, ""]);
  assertMatch(packed.stderr, /\ninterrupted; to resume: deno task argfile-runner train [^\n]+\n$/);
  assertEquals(await runs(), ["a/run.json"]);

  await Deno.remove(`${folder}/cut`, { recursive: true });
  const jobs = await interrupt(
    "argfile-runner",
    ["train", `${folder}/cut.txt`, "--jobs=2"],
    /line 1 {2}done/,
  );
  assertEquals([jobs.code, jobs.stdout], [130, ""]);
  assertMatch(
    jobs.stderr,
    /\ninterrupted: 1 of 2 lines are done; to resume: deno task argf[^\n]+\n$/,
  );
  assertEquals(await runs(), ["a/run.json"]);

  const shorter = [line("a"), ofLength("b", "30") + " --overwrite"];
  await Deno.writeTextFile(`${folder}/cut.txt`, shorter.join("\n"));
  const { stdout } = await succeed("argfile-runner", "train", `${folder}/cut.txt`);
  assertEquals(stdout, "2 lines: 1 run, 1 finished before, 0 failed\n");
});
