/** `status` reads a folder: what is done, running, begun, waiting and failed. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NotFoundError, StorageError } from "../../src/errors.ts";
import { type Owner, statusOf, statusText, survey } from "../../src/commands/status.ts";
import { AnnouncedWork } from "../../src/runs/work_plan.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";

const NOTHING = new Uint8Array();

/** An experiment in which everything can be found. */
async function makeExperiment() {
  const storage = new MemoryStorage();
  const run = (name: string) => `e/trial1/${name}`;
  for (const name of ["0/same_init", "1/same_init"]) {
    await storage.write(`${run(name)}/run.json`, NOTHING);
  }
  for (const name of ["0/reinit1", "0/reinit2", "1/reinit1"]) {
    await storage.write(`${run(name)}/checkpoint.bin`, NOTHING);
  }
  const runs = ["0/reinit1", "0/reinit2", "0/reinit3", "1/reinit1", "1/reinit2"].map(run);
  const work = await AnnouncedWork.of(storage, "key", runs);
  await work.announce();
  const failing = await AnnouncedWork.of(storage, "other", [run("1/reinit3")]);
  await failing.announce();
  await failing.conclude(new Map([[run("1/reinit3"), "the loss is not finite"]]));
  await storage.write("e/trial1/0/reinit1/.lock", NOTHING);
  return { storage, work };
}

const owner: Owner = {
  ...{ host: "node7", pid: 12 },
  note: { runs: 2, iteration: 30, iterations: 60, secondsLeft: 100 },
};

Deno.test("status: each run is in one state, by records, checkpoints, plans and locks", async () => {
  const { storage } = await makeExperiment();
  const found = await survey(storage, "e");
  assertEquals(found.locked, ["e/trial1/0/reinit1"]);
  const status = statusOf(found, new Map([["e/trial1/0/reinit1", owner]]));
  assertEquals(status.runs.map(({ folder, state, host }) => [folder.slice(9), state, host]), [
    ["0/reinit1", "running", "node7"],
    ["0/reinit2", "begun", null],
    ["0/reinit3", "waiting", null],
    ["0/same_init", "done", null],
    ["1/reinit1", "begun", null],
    ["1/reinit2", "waiting", null],
    ["1/reinit3", "failed", null],
    ["1/same_init", "done", null],
  ]);
  // Its own two take 100 s, so the other three take 150 s more at that speed.
  assertEquals(status.secondsLeft, 250);
  assertEquals(
    statusText(status),
    `trial 1  level 0  1 done, 1 running, 1 begun, 1 waiting
trial 1  level 1  1 done, 1 begun, 1 waiting, 1 failed
on node7, process 12: 1 run now, iteration 30/60, 2 runs to finish, 1:40 left
e/trial1/1/reinit3  failed: the loss is not finite
8 runs: 2 done, 1 running, 2 begun, 2 waiting, 1 failed; 4:10 left`,
  );
});

Deno.test("status: who holds a trial trains those of its runs that are begun", async () => {
  const { storage } = await makeExperiment();
  const status = statusOf(await survey(storage, "e"), new Map([["e/trial1", owner]]));
  const states = status.runs.filter(({ state }) => state === "running");
  assertEquals(states.map(({ folder }) => folder.slice(9)), [
    "0/reinit1",
    "0/reinit2",
    "1/reinit1",
  ]);
});

Deno.test("status: a plan goes when all of it is done, and is no part of a run", async () => {
  const { storage, work } = await makeExperiment();
  await work.conclude();
  const { runs } = statusOf(await survey(storage, "e"), new Map());
  assertEquals(runs.filter(({ state }) => state === "waiting"), []);
  assertEquals((await storage.list("e")).filter(({ name }) => name.startsWith(".plan")).length, 1);
});

Deno.test("status: a file that is not a plan is named, and plans nothing", async () => {
  const { storage } = await makeExperiment();
  const path = "e/.plan-0123456789abcdef.json", { size } = (await survey(storage, "e")).runs;
  const write = (text: string) => storage.write(path, new TextEncoder().encode(text));
  const of = (runs: unknown, failed: unknown) => JSON.stringify({ runs, failed });
  for (const text of ["", "{", "null", of(["../x"], {}), of(["trial1/0/x"], 1), of("x", {})]) {
    await write(text);
    const found = await survey(storage, "e"), status = statusOf(found, new Map());
    assertEquals(found.runs.size, size, text);
    assertEquals(status.faults, [{ path, fault: "is not a plan of runs; remove it" }]);
    assertStringIncludes(statusText(status), `\n${path} is not a plan of runs; remove it\n`);
  }
  // A failure counts, whether or not the plan names its run.
  await write(of(["trial1/0/x"], { "trial9/9/x": "why" }));
  const { runs, faults } = await survey(storage, "e");
  assertEquals([runs.size, faults, runs.has("e/trial9/9/x")], [size + 2, [], true]);
});

Deno.test("status: a folder that cannot be read is named: there may be runs in it", async () => {
  const { storage } = await makeExperiment();
  const list = storage.list.bind(storage);
  storage.list = (path) =>
    path === "e/trial1/1"
      ? Promise.reject(new StorageError(`cannot list ${path}: permission is denied; ask its owner`))
      : list(path);
  const { faults } = statusOf(await survey(storage, "e"), new Map());
  assertEquals(faults, [{ path: "e/trial1/1", fault: "cannot be read (permission is denied)" }]);
});

Deno.test("status: a plan that names a failure of no run of its own", async () => {
  const storage = new MemoryStorage();
  const plan = { runs: ["trial1/0/same_init"], failed: { "trial1/1/same_init": "no space" } };
  await storage.write(
    "e/.plan-0123456789abcdef.json",
    new TextEncoder().encode(JSON.stringify(plan)),
  );
  const { runs } = statusOf(await survey(storage, "e"), new Map());
  assertEquals(runs.map(({ folder, state, failure }) => [folder, state, failure]), [
    ["e/trial1/0/same_init", "waiting", null],
    ["e/trial1/1/same_init", "failed", "no space"],
  ]);
});

Deno.test("status: a plan of very many runs", async () => {
  const storage = new MemoryStorage();
  const runs = Array.from({ length: 200_000 }, (_, i) => `trial1/0/reinit${i}`);
  await storage.write(
    "e/.plan-0123456789abcdef.json",
    new TextEncoder().encode(JSON.stringify({ runs, failed: {} })),
  );
  assertEquals((await survey(storage, "e")).runs.size, runs.length);
});

Deno.test("status: an empty folder is refused", async () => {
  await assertRejects(
    () => survey(new MemoryStorage(), "e"),
    NotFoundError,
    "e holds no run and no plan of one: give the folder of an experiment",
  );
});

Deno.test("plan: what has failed is kept while the rest is trained", async () => {
  const storage = new MemoryStorage();
  const runs = ["e/trial1/0/reinit1", "e/trial1/0/reinit2"];
  const failed = new Map([[runs[0], "why"], ["f/trial1/0/reinit1", "of another experiment"]]);
  const work = await AnnouncedWork.of(storage, "key", runs);
  await work.announce(failed);
  const { runs: found } = await survey(storage, "e");
  assertEquals([...found].map(([run, { failure }]) => [run, failure]), [[runs[0], "why"], [
    runs[1],
    null,
  ]]);
  await work.conclude();
  assertEquals(await storage.list("e"), []);
});
