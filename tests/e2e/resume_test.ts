/**
 * Interruptions of the real command line: kills, signals, a second process, another configuration.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  assertSameTree,
  readTree,
  runLottery,
  runTask,
  short,
  startTask,
  withChanges,
} from "../../tasks/lib/task_process.ts";
import { writePatterns } from "../../tasks/lib/small_data.ts";

let folder: string;
/** An experiment that takes a few seconds, without its folder. */
let flags: string[];

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  await writePatterns(`${folder}/data`, { imageShape: [8, 8], classes: 4, train: 600, test: 100 });
  flags = short(
    `--mnist-location=${folder}/data`,
    "--training-len=1500",
    "--iterations=1",
    "--trials=1-2",
    "--validate-interval=500",
    "--test-interval=500",
    "--checkpoint-interval=iterations:100",
  );
  await runLottery(...flags, `--experiment-path=${folder}/calm`);
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** Sends signals to a task, each when its stderr matches; gives what came of it. */
async function signalled(
  args: string[],
  signals: [when: RegExp, signal: Deno.Signal][],
): Promise<{ code: number; stderr: string }> {
  const child = startTask("run-lottery", args);
  let stderr = "";
  const left = [...signals];
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += text;
    if (left.length > 0 && left[0][0].test(stderr)) child.kill(left.shift()![1]);
  }
  await child.stdout.cancel();
  return { code: (await child.status).code, stderr };
}

const calm = () => readTree(`${folder}/calm`, true);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`${signal}: a checkpoint, the command to go on, exit 130; that command ends the same`, async () => {
    const path = `${folder}/${signal}`;
    const { code, stderr } = await signalled(
      [...flags, `--experiment-path=${path}`],
      [[/level 0\/1 +iteration +[1-9]/, signal]],
    );
    assertEquals(code, 130, stderr);
    assertMatch(stderr, /\nstopping: a checkpoint is being written; once more to stop at once\n/);
    const command = stderr.match(/\ninterrupted; to resume: deno task run-lottery (.+)\n$/)![1];
    assertEquals(command, [...flags, `--experiment-path=${path}`].join(" "));
    const [plan, ...left] = (await readTree(path, true)).keys();
    assertMatch(plan, /^\.plan-[0-9a-f]{16}\.json$/);
    assertEquals(left, [1, 2].map((trial) => `trial${trial}/0/same_init/checkpoint.bin`));
    await runLottery(...command.split(" "));
    assertSameTree(await readTree(path, true), await calm());
  });
}

Deno.test("a ctrl-C that comes twice, as through a terminal and deno task, is one", async () => {
  const path = `${folder}/doubled`;
  const { code, stderr } = await signalled(
    [...flags, `--experiment-path=${path}`],
    [[/level 0\/1 +iteration +[1-9]/, "SIGINT"], [/stopping/, "SIGINT"]],
  );
  assertEquals(code, 130, stderr);
  assertMatch(stderr, /\ninterrupted; to resume: deno task run-lottery [^\n]+\n$/);
  const left = [...(await readTree(path, true)).keys()];
  assertEquals(left.filter((name) => name.endsWith("checkpoint.bin")).length, 2);
  assertEquals(left.length, 3, "a plan, and checkpoints of two trials");
});

Deno.test("two processes on one folder: the second says who has it, and exits 1", async () => {
  const path = `--experiment-path=${folder}/shared`;
  const first = startTask("run-lottery", [...flags, path]);
  const stdout = first.stdout.cancel();
  let stderr = "", second: Promise<Awaited<ReturnType<typeof runTask>>> | null = null;
  for await (const text of first.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += text;
    if (second === null && /level 0\/1 +iteration +[1-9]/.test(stderr)) {
      second = runTask("run-lottery", [...flags, path]);
    }
  }
  await stdout;
  assertEquals((await first.status).code, 0, stderr);
  const refused = await second!;
  assertEquals(refused.code, 1, refused.stderr);
  assertMatch(
    refused.stderr,
    /^error: .*\/shared\/trial1 is in use by process \d+ on host "\S+" since \d{4}-\d\d-\d\d[^\n]* \(deno task run-lottery [^\n]*\); wait for it to end[^\n]*\n$/m,
  );
  assertSameTree(await readTree(`${folder}/shared`, true), await calm());
});

Deno.test("the lock of a process that was killed locks nothing", async () => {
  const path = `--experiment-path=${folder}/killed`;
  const run = `${folder}/killed/trial1/0/same_init`;
  await Deno.mkdir(run, { recursive: true });
  const holder = { pid: 1, host: "another boot", since: "2020-01-01T00:00:00.000Z", command: "x" };
  await Deno.writeTextFile(`${folder}/killed/trial1/.lock`, JSON.stringify(holder));
  // The leftovers of a killed writer.
  const places = [run, `${folder}/killed`, `${folder}/killed/weights/1/initialization`];
  for (const place of [...places, `${folder}/killed/report`]) {
    await Deno.mkdir(place, { recursive: true });
    await Deno.writeTextFile(`${place}/.accuracy.svg.${crypto.randomUUID()}.tmp`, "<");
  }
  await runLottery(...flags, path);
  assertSameTree(await readTree(`${folder}/killed`, true), await calm());
});

Deno.test("another configuration is refused with what differs, also where only a checkpoint is", async () => {
  const path = `--experiment-path=${folder}/other`;
  const interrupted = await signalled([...flags, path], [[
    /level 0\/1 +iteration +[1-9]/,
    "SIGINT",
  ]]);
  assertEquals(interrupted.code, 130, interrupted.stderr);
  const before = await readTree(`${folder}/other`, true);
  const { code, stderr } = await runTask("run-lottery", [...flags, path, "--batch-size=30"]);
  assertEquals(code, 1, `${[...before.keys()]}\n${interrupted.stderr}\n${stderr}`);
  assertStringIncludes(stderr, "different experiment (training.batchSize: 60, now 30)");
  assertSameTree(await readTree(`${folder}/other`, true), before);
  const changes = ["--batch-size=30", "--training-len=100", "--overwrite", path];
  await runLottery(...withChanges(flags, changes));
  assert(![...(await readTree(`${folder}/other`, true)).keys()].some((p) => /checkpoint/.test(p)));
});

Deno.test("verify: damage is named with exit 1; --replay gives every bit again", async () => {
  const path = `${folder}/checked`;
  const changes = ["--training-len=200", "--trials=1", `--experiment-path=${path}`];
  await runLottery(...withChanges(flags, changes));
  const whole = await runTask("verify", [path]);
  assertEquals([whole.code, whole.stdout, whole.stderr], [
    0,
    "3 runs: 3 whole, 0 damaged, 0 unfinished\n",
    "",
  ]);
  const replay = await runTask("verify", [
    `${path}/trial1/1`,
    "--replay",
    `--mnist-location=${folder}/data`,
  ]);
  assertEquals(replay.code, 0, replay.stderr);
  assertMatch(
    replay.stdout,
    /^(\S+(same_init|reinit1) {2}repeated: 21 files, every bit the same\n){2}2 runs: 2 whole/,
  );
  const file = `${path}/trial1/1/reinit1/masks/layer1.npy`;
  const bytes = await Deno.readFile(file);
  bytes[bytes.length - 1] ^= 0x80;
  await Deno.writeFile(file, bytes);
  const damaged = await runTask("verify", [path]);
  assertEquals(damaged.code, 1);
  assertStringIncludes(damaged.stdout, `${file} has changed since it was written\n3 runs: 2 whole`);
  assertMatch(damaged.stderr, /^error: a file is damaged: [^\n]+\n$/);
  const chart = `${path}/accuracy.svg`;
  await Deno.writeTextFile(chart, (await Deno.readTextFile(chart)).replace("accuracy", "acuracy"));
  const json = JSON.parse((await runTask("verify", [path, "--json"])).stdout);
  assertEquals(json.faults, [{ path: chart, fault: "has changed since it was drawn" }]);
  for (
    const [operand, message] of [["nowhere", "nowhere does not exist"], ["src", "src holds no"]]
  ) {
    const { code, stderr } = await runTask("verify", [operand]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `error: ${message}`);
  }
});

Deno.test("torture: killed at random moments, the experiment ends as if it never had been", async () => {
  const { code, stdout, stderr } = await runTask("torture", ["--kills=4", "--seed=3"]);
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^4 kills, \d+ starts, \d+ experiments: each ended with the 169 files/);
});
