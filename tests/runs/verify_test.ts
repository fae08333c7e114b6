/**
 * `verify` and the walk of a tree on a real disk: links, folders beside others, things that are no
 * files.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { findRunFolders, listLevels, listTrials } from "../../src/records/tree.ts";
import { verify } from "../../src/runs/verify.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { saveTinyRuns } from "./tiny_run.ts";
import { moveAside } from "../../src/records/condition.ts";

const storage = new DenoStorage();

/** A folder that is removed after the test. */
function test(title: string, body: (root: string) => Promise<void>): void {
  Deno.test(title, async () => {
    const root = await Deno.makeTempDir();
    try {
      await body(root);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}

async function damage(run: string): Promise<void> {
  await Deno.writeTextFile(`${run}/final/layer0.npy`, "x");
}

/** The faults of runs that `verify` finds, by path. */
async function faultsIn(root: string): Promise<Record<string, string>> {
  const { runs } = await verify(storage, root);
  return Object.fromEntries(
    runs.flatMap((run) =>
      run.faults.map(({ path, fault }) => [path.slice(root.length + 1), fault])
    ),
  );
}

test("links to trials, levels and runs are followed, once", async (root) => {
  const run = `${root}/elsewhere/trial/0/same_init`;
  await saveTinyRuns(storage, `${root}/e/trial1/0/same_init`, run, `${root}/level/same_init`);
  await Deno.symlink("../elsewhere/trial", `${root}/e/trial2`);
  await Deno.symlink(`${root}/level`, `${root}/e/trial1/1`);
  await Deno.symlink("../../trial5/0/own", `${root}/e/trial1/0/alias`);
  await saveTinyRuns(storage, `${root}/e/trial5/0/own`);
  // Circles, and a link that leads nowhere.
  await Deno.symlink("..", `${root}/e/trial1/up`);
  await Deno.symlink("loop", `${root}/e/loop`);
  await Deno.symlink("nowhere", `${root}/e/trial9`);
  await damage(run);
  await damage(`${root}/level/same_init`);
  const { runs } = await verify(storage, `${root}/e`);
  assertEquals(runs.map(({ folder, state }) => [folder.slice(root.length), state]), [
    ["/e/trial1/0/same_init", "finished"],
    ["/e/trial5/0/own", "finished"],
    ["/e/trial1/1/same_init", "damaged"],
    ["/e/trial2/0/same_init", "damaged"],
  ]);
  assertEquals(await listTrials(storage, `${root}/e`), [1, 2, 5]);
  assertEquals(await listLevels(storage, `${root}/e/trial1`), [0, 1]);
});

test("a name that ends in .aside1 alone hides no damage", async (root) => {
  const experiment = `${root}/e.aside1`, named = `${root}/f/trial1/0/same_init.aside1`;
  await saveTinyRuns(storage, `${root}/e/trial1/0/same_init`, `${experiment}/trial1/0/same_init`);
  await saveTinyRuns(storage, named);
  await damage(`${experiment}/trial1/0/same_init`);
  await damage(named);
  const { runs, asides } = await verify(storage, root);
  assertEquals(runs.map(({ folder, state }) => [folder.slice(root.length), state]), [
    ["/e/trial1/0/same_init", "finished"],
    ["/e.aside1/trial1/0/same_init", "damaged"],
    ["/f/trial1/0/same_init.aside1", "damaged"],
  ]);
  assertEquals(asides, []);
});

test("what was moved aside is told with its damage, and is no run", async (root) => {
  const run = `${root}/trial1/0/same_init`;
  await saveTinyRuns(storage, run);
  await damage(run);
  const aside = await moveAside(storage, run);
  await saveTinyRuns(storage, run);
  const { runs, asides } = await verify(storage, root);
  assertEquals(runs.map(({ folder, state }) => [folder, state]), [[run, "finished"]]);
  assertEquals(asides, [{
    folder: aside,
    state: "damaged",
    faults: [{
      path: `${aside}/final/layer0.npy`,
      fault: "has changed since it was written",
    }],
  }]);
  assertEquals((await findRunFolders(storage, root)).asides, [aside]);
});

test("every damaged file is named, whatever stands in its place", async (root) => {
  const run = `${root}/0/run`;
  await saveTinyRuns(storage, run, `${root}/1/run`, `${root}/2/run`, `${root}/3/run`);
  const replace = async (file: string, make: (path: string) => Promise<unknown>) => {
    await Deno.remove(`${root}/${file}`, { recursive: true });
    await make(`${root}/${file}`);
  };
  await replace("0/run/final/layer0.npy", (path) => Deno.mkdir(path));
  await replace("0/run/initial/layer0.npy", (path) => Deno.symlink("/dev/tty", path));
  await replace("0/run/metrics.json", (path) => Deno.symlink("/dev/zero", path));
  await replace("0/run/masks", (path) => Deno.writeTextFile(path, "no folder"));
  await replace("0/run/train.log", async (path) => {
    using file = await Deno.open(path, { write: true, create: true });
    await file.truncate(2 ** 33);
  });
  await replace("1/run/run.json", (path) => Deno.symlink("/dev/zero", path));
  await replace("2/run/run.json", (path) => Deno.mkdir(path));
  await replace("3/run/run.json", async (path) => {
    using file = await Deno.open(path, { write: true, create: true });
    await file.truncate(2 ** 33);
  });
  const found = await faultsIn(root);
  assertEquals(found, {
    "0/run/initial/layer0.npy": "cannot be read (it is no regular file)",
    "0/run/masks/layer0.npy": "is missing",
    "0/run/masks": "cannot be read (a part of the path is a file, not a folder)",
    "0/run/final/layer0.npy": "cannot be read (it is a folder, not a file)",
    "0/run/train.log":
      "cannot be read (it holds 8589934592 bytes or more, at most 4294967296 are read)",
    "0/run/metrics.json": "cannot be read (it is no regular file)",
    "1/run/run.json": "cannot be read (it is no regular file)",
    "2/run/run.json": "cannot be read (it is a folder, not a file)",
    "3/run/run.json":
      "cannot be read (it holds 8589934592 bytes or more, at most 16777216 are read)",
  });
});

Deno.test("a bad sector, or a folder that cannot be listed, is named beside all other damage", async () => {
  const inner = new MemoryStorage(), runs = [0, 1, 2].map((level) => `e/trial1/${level}/run`);
  await saveTinyRuns(inner, ...runs);
  await inner.write(`${runs[1]}/final/layer0.npy`, new Uint8Array(3));
  const bad = [`${runs[0]}/masks/layer0.npy`, "e/trial1/2"];
  const storage = new Proxy(inner, {
    get(_, name) {
      const method = inner[name as "read"];
      return (path: string) =>
        bad.includes(path) && ["read", "list"].includes(name as string)
          ? inner.read("e")
          : method.call(inner, path);
    },
  });
  const found = await verify(storage, "e");
  assertEquals(found.runs.map(({ state }) => state), ["damaged", "damaged"]);
  assertEquals(found.runs.flatMap(({ faults }) => faults.map(({ path }) => path)), [
    bad[0],
    `${runs[1]}/final/layer0.npy`,
  ]);
  assertEquals(found.faults.map(({ path }) => path), [bad[1]]);
  assertMatch(found.faults[0].fault, /^cannot be read \(/);
});
