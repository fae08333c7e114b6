/** Who excludes whom: folders above and below each other, links, and two at the same time. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { LockedError } from "../../src/errors.ts";
import { Locks } from "../../src/runs/locks.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import type { Storage } from "../../src/storage/storage.ts";

const since = "2026-01-01T00:00:00.000Z";

function locksOf(storage: Storage, pid: number): Locks {
  return new Locks(storage, { pid, host: "here", since, command: "test" });
}

/** The lock files, and nothing else, that were made below a folder. */
async function filesBelow(storage: Storage, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name, isDirectory } of await storage.list(folder)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isDirectory) found.push(...await filesBelow(storage, path));
    else found.push(path);
  }
  return found;
}

const PLACES: [name: string, open: () => Promise<[Storage, string]>][] = [
  ["disk", async () => [new DenoStorage(), await Deno.makeTempDir()]],
  ["memory", () => Promise.resolve([new MemoryStorage(), "m"])],
];

for (const [name, open] of PLACES) {
  Deno.test(`${name}: who works in a folder excludes all above and below it, and none beside`, async () => {
    const [storage, root] = await open();
    const run = `${root}/e/trial1/0/same_init`;
    const first = locksOf(storage, 1), second = locksOf(storage, 2);
    const refused = (act: () => Promise<unknown>, where: string) =>
      assertRejects(act, LockedError, `${where} is in use by process 1 on host "here"`);

    await first.takeFolder(`${root}/e/trial1`);
    for (const folder of [`${root}/e/trial1`, run, `${root}/e/trial1/a/b/c`]) {
      await refused(() => second.whileTraining(folder, () => Promise.resolve()), "/e/trial1");
    }
    await refused(() => second.takeFolder(`${root}/e/trial1/0`), "/e/trial1");
    await refused(() => second.takeFolder(`${root}/e`), "/e/trial1");
    await second.takeFolder(`${root}/e/trial10`);
    await second.takeFolder(`${root}/e/trial2`);
    // The same process's runs, as controls are.
    await first.whileTraining(run, () => Promise.resolve());
    await first.release();
    await second.release();
    assertEquals(await filesBelow(storage, root), []);

    await first.whileTraining(run, async () => {
      await refused(() => second.takeFolder(`${root}/e/trial1`), "/e/trial1/0/same_init");
      await refused(() => second.takeFolder(run), "/e/trial1/0/same_init");
      await second.whileTraining(`${root}/e/trial1/0/other`, () => Promise.resolve());
      await second.whileTraining(`${run}2`, () => Promise.resolve());
    });
    await second.takeFolder(`${root}/e/trial1`);
    await second.release();
    assertEquals(await filesBelow(storage, root), []);
    if (storage instanceof DenoStorage) await Deno.remove(root, { recursive: true });
  });

  Deno.test(`${name}: of two who come at the same time at most one works`, async () => {
    const [storage, root] = await open();
    for (let round = 0; round < 10; round++) {
      let working = 0;
      const work = async () => {
        assertEquals(++working, 1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        working--;
      };
      const folder = async (pid: number, path: string) => {
        const locks = locksOf(storage, pid);
        await locks.takeFolder(path);
        await work().finally(() => locks.release());
      };
      const outcomes = await Promise.allSettled([
        folder(1, `${root}/t`),
        locksOf(storage, 2).whileTraining(`${root}/t/0/run`, work),
        folder(3, `${root}/t`),
      ]);
      const reasons = outcomes.flatMap((o) => o.status === "rejected" ? [o.reason] : []);
      assertEquals(reasons.filter((reason) => !(reason instanceof LockedError)), []);
    }
    if (storage instanceof DenoStorage) await Deno.remove(root, { recursive: true });
  });
}

Deno.test("a job that fails leaves the lock to another job of its process", async () => {
  class FailsOnce extends MemoryStorage {
    failures = 1;
    override async sweep(folder: string) {
      if (this.failures-- > 0) throw new Error("no such luck");
      await super.sweep(folder);
    }
  }
  const storage = new FailsOnce(), first = locksOf(storage, 1), second = locksOf(storage, 2);
  const jobs = await Promise.allSettled([first.takeFolder("e/t1"), first.takeFolder("e/t1")]);
  assertEquals(jobs.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  await assertRejects(() => second.takeFolder("e/t1"), LockedError, "in use by process 1");
  await first.release();
  await second.takeFolder("e/t1");
  await second.release();

  storage.failures = 2;
  const failed = await Promise.allSettled([first.takeFolder("e/t1"), first.takeFolder("e/t1")]);
  assertEquals(failed.map(({ status }) => status), ["rejected", "rejected"]);
  await second.takeFolder("e/t1");
  await second.release();
  assertEquals(await filesBelow(storage, ""), []);
});

Deno.test("disk: a link is another name of the same folder, at any height", async () => {
  const root = await Deno.makeTempDir(), storage = new DenoStorage();
  const first = locksOf(storage, 1), second = locksOf(storage, 2);
  const done = () => Promise.resolve();
  await Deno.mkdir(`${root}/e/trial1/0/real`, { recursive: true });
  await Deno.mkdir(`${root}/far/level/run`, { recursive: true });
  await Deno.mkdir(`${root}/far/run`);
  await Deno.symlink("e", `${root}/alias`);
  await Deno.symlink(`${root}/far/level`, `${root}/e/trial1/1`);
  await Deno.symlink(`${root}/far/run`, `${root}/e/trial1/0/linked`);
  await first.takeFolder(`${root}/e/trial1`);
  for (
    const folder of [
      "alias/trial1",
      "alias/trial1/0/real",
      "alias/trial1/7/new",
      "far/level/run",
      "far/level/new",
      "far/run",
    ]
  ) {
    await assertRejects(() => second.whileTraining(`${root}/${folder}`, done), LockedError);
    await assertRejects(() => second.takeFolder(`${root}/${folder}`), LockedError);
  }
  await first.release();
  for (const folder of ["alias/trial1/0/real", "far/level/run", "far/run"]) {
    await first.whileTraining(`${root}/${folder}`, async () => {
      await assertRejects(() => second.takeFolder(`${root}/e/trial1`), LockedError);
    });
  }
  await second.takeFolder(`${root}/e/trial1`);
  await second.release();
  assertEquals(await filesBelow(storage, root), []);
  await Deno.remove(root, { recursive: true });
});

Deno.test("disk: lock files that nobody holds lock nothing, here, above and below", async () => {
  const root = await Deno.makeTempDir(), storage = new DenoStorage();
  const run = `${root}/e/trial1/0/run`;
  await Deno.mkdir(run, { recursive: true });
  const holder = JSON.stringify({ pid: 1, host: "another boot", since, command: "x" });
  const stale = [root, `${root}/e`, `${root}/e/trial1`, run].map((folder) => `${folder}/.lock`);
  // Earlier versions kept the lock of a run beside it.
  for (const path of [...stale, `${root}/e/trial1/0/.run.lock`]) {
    await Deno.writeTextFile(path, holder);
  }
  const locks = locksOf(storage, 1);
  await locks.takeFolder(`${root}/e/trial1`);
  await locks.whileTraining(run, () => Promise.resolve());
  await locks.release();
  await Deno.remove(root, { recursive: true });
});

Deno.test("disk: the dead of another host below a folder are waited for together", async () => {
  const root = await Deno.makeTempDir(), times = { beat: 100, stale: 1000 };
  for (let run = 1; run <= 8; run++) {
    const folder = `${root}/trial1/0/reinit${run}`;
    await Deno.mkdir(folder, { recursive: true });
    const claim = { pid: 1, host: "there", since, command: "test", token: crypto.randomUUID() };
    await Deno.writeTextFile(`${folder}/.lock.first`, JSON.stringify(claim));
  }
  let watched = 0, most = 0;
  class Watching extends DenoStorage {
    override async checkLock(...of: Parameters<Storage["checkLock"]>) {
      if (of[0].includes("reinit")) most = Math.max(most, ++watched);
      try {
        await super.checkLock(...of);
      } finally {
        if (of[0].includes("reinit")) watched--;
      }
    }
  }
  const locks = locksOf(new Watching({ times }), 2), start = performance.now();
  await locks.takeFolder(`${root}/trial1`);
  assertEquals(most, 8);
  assert(performance.now() - start > 0.9 * times.stale);
  await locks.release();
  await Deno.remove(root, { recursive: true });
});
