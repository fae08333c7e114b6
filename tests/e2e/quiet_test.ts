/**
 * `--quiet` leaves stderr to errors; and what is said of CIFAR-10's files where they are missing.
 */

import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { runTask, short } from "../../tasks/lib/task_process.ts";

const folder = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** A part of CIFAR-10: records of a label and 3 × 32 × 32 pixels. */
const records = (count: number) => {
  const bytes = new Uint8Array(3073 * count);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i % 3073 === 0 ? i % 10 : (i * i) % 251;
  return bytes;
};
await Deno.mkdir(`${folder}/data`);
await Deno.writeFile(`${folder}/data/data_batch_1.bin`, records(90));
await Deno.writeFile(`${folder}/data/test_batch.bin`, records(20));

const place = `--data-location=${folder}/data`;
const lottery = (name: string, ...args: string[]) =>
  runTask("run-lottery", [
    ...short(
      "--dataset=cifar-10",
      "--layers=4",
      "--validation-size=20",
      "--training-len=5",
      "--iterations=1",
      "--learning-rate=1e-30",
      `--experiment-path=${folder}/${name}`,
    ),
    ...args,
  ]);

/** Runs a task twice; asserts that it tells these notices, and with --quiet nothing at all. */
async function silenced(
  run: (...args: string[]) => ReturnType<typeof runTask>,
  ...notices: RegExp[]
): Promise<void> {
  const loud = await run(), quiet = await run("--quiet");
  for (const notice of notices) assertMatch(loud.stderr, notice);
  assertEquals([loud.code, quiet.code, quiet.stderr], [0, 0, ""]);
  assertNotEquals(quiet.stdout, "");
}

Deno.test("--quiet: training and its files have no notice", async () => {
  const notices = [/holds a part of CIFAR-10: 90 of/, /training changed no weight/];
  const loud = await lottery("loud", place), quiet = await lottery("quiet", place, "--quiet");
  for (const notice of notices) assertMatch(loud.stderr, notice);
  assertEquals([loud.code, quiet.code, quiet.stderr], [0, 0, ""]);
  assertNotEquals(quiet.stdout, "");
});

Deno.test("--quiet: a replay, and a report of damaged and unfinished runs", async () => {
  await silenced((...args) => runTask("verify", [`${folder}/loud`, "--replay", place, ...args]));
  await Deno.remove(`${folder}/loud/trial1/1/same_init/run.json`);
  await silenced((...args) => runTask("report", [`${folder}/loud`, ...args]), /run\.json/);
});

Deno.test("CIFAR-10 that is not found: the flag to give, and no word of permissions", async () => {
  for (const task of [["verify", "--replay"], ["report", "--connectivity"]]) {
    const [name, flag] = task;
    const { code, stderr } = await runTask(name, [`${folder}/quiet`, flag, "--quiet"]);
    assertEquals(code, 1);
    assertMatch(stderr, /^error: [^\n]*data\/cifar-10 [^\n]*--data-location[^\n]*\n$/);
    assertEquals(/allow-net|net access/.test(stderr), false, stderr);
  }
  const again = await runTask("verify", [`${folder}/quiet`, "--replay", place]);
  assertStringIncludes(again.stdout, "3 runs");
});
