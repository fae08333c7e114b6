/**
 * One folder, one writer: lotteries and single trainings in one place, by whatever name they come.
 */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { LockedError } from "../../src/errors.ts";
import { Locks } from "../../src/runs/locks.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import {
  readTree,
  runLottery,
  runTask,
  short,
  startTask,
  withChanges,
} from "../../tasks/lib/task_process.ts";
import { writePatterns } from "../../tasks/lib/small_data.ts";

let folder: string, data: string;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  data = `--mnist-location=${folder}/data`;
  await writePatterns(`${folder}/data`, { imageShape: [8, 8], classes: 4, train: 600, test: 100 });
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

const lotteryFlags = (path: string, ...changes: string[]) => [
  data,
  ...short("--iterations=1", ...changes),
  `--experiment-path=${folder}/${path}`,
];

const trainFlags = (path: string, ...changes: string[]) => [
  data,
  ...short(...changes).filter((flag) => !flag.startsWith("--iterations")),
  `--output-dir=${folder}/${path}`,
];

/** Another process, as far as files can tell. */
const others = () =>
  new Locks(new DenoStorage(), {
    pid: Deno.pid,
    host: "test",
    since: new Date().toISOString(),
    command: "a test",
  });

/**
 * Runs a task that would train for long; stops it when its training has begun and `act` is done.
 */
async function during(task: string, args: string[], act: () => Promise<unknown>): Promise<void> {
  const forLong = ["--training-len=1000000", "--checkpoint-interval=iterations:900000"];
  const child = startTask(task, withChanges(args, forLong));
  let stderr = "", acted: Promise<unknown> | null = null;
  const stop = () => child.kill("SIGINT");
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += text;
    if (acted === null && /iteration +\d/.test(stderr)) acted = act().finally(stop);
  }
  await child.stdout.cancel();
  assertEquals((await child.status).code, 130, stderr);
  await acted;
}

const HELD =
  /^error: \S+ is in use by process \d+ on host "test"[^\n]*; wait for it to end[^\n]*\n$/;

Deno.test("a lottery has its trial's folder: who would train a run in it is refused", async () => {
  await Deno.symlink("first", `${folder}/alias`);
  await during("run-lottery", lotteryFlags("zero"), async () => {
    await Deno.symlink("zero", `${folder}/name`);
    for (
      const run of ["zero/trial1/0/same_init", "name/trial1/1/same_init", "name/trial1/0/x"]
    ) {
      const train = () => others().whileTraining(`${folder}/${run}`, () => Promise.resolve());
      await assertRejects(train, LockedError, "zero/trial1 is in use by process");
    }
  });
  await runLottery(...lotteryFlags("first"));
  const before = await readTree(`${folder}/first`);
  const locks = others();
  await locks.takeFolder(`${folder}/first/trial1`);
  const refused = await runTask("train", trainFlags("alias/trial1/0/same_init", "--overwrite"));
  assertEquals(refused.code, 1);
  assertMatch(refused.stderr.slice(refused.stderr.indexOf("error:")), HELD);
  await locks.release();
  assertEquals(await readTree(`${folder}/first`), before);
  const again = await runLottery(...lotteryFlags("first"));
  assertMatch(again.stderr, /^runs +0 of 3 to train/m);
});

Deno.test("a single training has its folder: a lottery that would write there is refused", async () => {
  const run = "second/trial1/0/same_init";
  await during("train", trainFlags(run), async () => {
    await assertRejects(() => others().takeFolder(`${folder}/second/trial1`), LockedError, run);
  });
  // The interrupted folder is not the lottery's, which says so and leaves it.
  await others().whileTraining(`${folder}/third/trial1/0/same_init`, async () => {
    const { code, stderr } = await runTask("run-lottery", lotteryFlags("third"));
    assertEquals(code, 1);
    assertMatch(stderr.slice(stderr.indexOf("error:")), HELD);
  });
  await runLottery(...lotteryFlags("third"));
  const again = await runLottery(...lotteryFlags("third"));
  assertMatch(again.stderr, /^runs +0 of 3 to train/m);
});

Deno.test("argfile-runner --wait tries lines again that another process has", async () => {
  const lines = `${folder}/lines`, run = "fourth/trial1/0/train1", other = others();
  await Deno.writeTextFile(lines, trainFlags(run).join(" "));
  await other.takeFolder(`${folder}/${run}`);
  const child = startTask("argfile-runner", ["train", lines, "--wait"]);
  let stderr = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += text;
    if (/waiting for other processes, which run 1 line/.test(stderr)) await other.release();
  }
  const stdout = await new Response(child.stdout).text();
  assertEquals(stdout, "1 line: 1 run, 0 finished before, 0 failed\n");
  assertEquals((await child.status).code, 0, stderr);
  assertEquals([...Deno.readDirSync(`${folder}/fourth`)].map(({ name }) => name), ["trial1"]);
});

Deno.test("argfile-runner --wait: what fails stays known while lines wait for another process", async () => {
  const run = (name: string) => `${folder}/waiting/trial1/0/${name}`;
  const settings = trainFlags("").filter((flag) => !flag.startsWith("--output-dir")).join(" ");
  await Deno.writeTextFile(
    `${folder}/lines`,
    `--output-dir=${run("broken")} --masks=${folder}/none ${settings}\n` +
      `--output-dir=${run("busy")} ${settings}\n`,
  );
  const locks = others();
  await locks.takeFolder(run("busy"));
  const runner = startTask("argfile-runner", ["train", `${folder}/lines`, "--wait"]);
  let stderr = "";
  for await (const text of runner.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += text;
    if (/^waiting for other processes, which run 1 line/m.test(stderr)) await locks.release();
  }
  await runner.stdout.cancel();
  assertEquals((await runner.status).code, 1, stderr);
  const { stdout } = await runTask("status", [`${folder}/waiting`, "--json"]);
  const states = JSON.parse(stdout).runs.map((run: { folder: string; state: string }) => [
    run.folder,
    run.state,
  ]);
  assertEquals(states, [[run("broken"), "failed"], [run("busy"), "done"]]);
});
