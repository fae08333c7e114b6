/**
 * The contract of every `Storage` for locks and for the files that killed writers have left, as
 * tests to be run over each implementation.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { LockedError } from "../../src/errors.ts";
import type { LockHolder } from "../../src/storage/storage.ts";
import { assertRefused, type Place, placeTests } from "./contract.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

const holder = (pid: number | null): LockHolder => ({
  pid,
  host: "lab",
  since: "2026-11-23T20:15:03.456Z",
  command: "deno task run-lottery --trials 3",
});

/** The name that a writer gives to the unfinished file `name`. */
const temporary = (name: string) => `.${name}.0a1b2c3d-0a1b-4c2d-8e3f-0123456789ab.tmp`;

/** Registers the tests of locks and sweeps. */
export function testLocks(name: string, makePlace: () => Promise<Place>): void {
  const test = placeTests(name, makePlace);

  test("a lock is refused while another holds it, and free afterwards", async (storage, root) => {
    const path = `${root}/a/b/.lock`;
    const first = await storage.lock(path, holder(1234));
    for (let i = 0; i < 2; i++) {
      const error = await assertRejects(() => storage.lock(path, holder(99)), LockedError);
      assertEquals(
        error.message,
        `${root}/a/b is in use by process 1234 on host "lab" since 2026-11-23 20:15:03 UTC ` +
          "(deno task run-lottery --trials 3); wait for it to end, or stop it (kill 1234), then run " +
          "the same command again",
      );
    }
    assertEquals(await storage.exists(path), true);
    await first.release();
    assertEquals(await storage.exists(path), false);
    const second = await storage.lock(path, holder(99));
    await assertRejects(() => storage.lock(path, holder(1234)), LockedError, "process 99 ");
    await second.release();
  });

  test(
    "looking at a lock tells who holds it, and neither takes nor makes it",
    async (storage, root) => {
      const path = `${root}/a/.lock`;
      await storage.checkLock(path, holder(9));
      assertEquals(await storage.exists(`${root}/a`), false);
      const lock = await storage.lock(path, holder(1234));
      for (let i = 0; i < 2; i++) {
        await assertRejects(
          () => storage.checkLock(path, holder(9)),
          LockedError,
          `${root}/a is in use by process 1234 on host "lab"`,
        );
      }
      await lock.release();
      await storage.checkLock(path, holder(9));
      // Left by a process that was killed; and what is no lock at all.
      await storage.write(path, new TextEncoder().encode(JSON.stringify(holder(1))));
      await storage.checkLock(path, holder(9));
      await storage.write(`${root}/b/.lock/f`, bytes(1));
      await storage.lock(`${root}/c`, holder(1)).then((lock) => lock.release());
    },
  );

  test("a lock is free for its taker while others look at it", async (storage, root) => {
    const path = `${root}/.lock`;
    await storage.write(path, new TextEncoder().encode(JSON.stringify(holder(1))));
    let isDone = false;
    const look = async () => {
      while (!isDone) {
        await storage.checkLock(path, holder(9)).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const looking = look();
    for (let i = 0; i < 10; i++) await (await storage.lock(path, holder(2))).release();
    isDone = true;
    await looking;
  });

  test("a lock that is released again stays with its next holder", async (storage, root) => {
    const mine = holder(1234);
    const first = await storage.lock(`${root}/.lock`, mine);
    await Promise.all([first.release(), first.release()]);
    await first.release();
    const second = await storage.lock(`${root}/.lock`, mine);
    await first.release();
    await assertRejects(() => storage.lock(`${root}/.lock`, holder(99)), LockedError);
    await second.release();
    assertEquals(await storage.list(root), []);
  });

  test("one of the lock's concurrent takers gets it", async (storage, root) => {
    for (let round = 0; round < 5; round++) {
      const taken = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => storage.lock(`${root}/.lock`, holder(i + 1))),
      );
      const locks = taken.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
      assertEquals(locks.length, 1);
      for (const result of taken) {
        if (result.status === "rejected") assert(result.reason instanceof LockedError);
      }
      await locks[0].release();
    }
  });

  test("locks of different files are apart; each names what it locks", async (storage, root) => {
    const folder = await storage.lock(`${root}/.lock`, holder(1));
    const run = await storage.lock(`${root}/.lottery.lock`, holder(2));
    const other = await storage.lock(`${root}/lottery/.lock`, holder(3));
    const refusal = (path: string) =>
      assertRejects(() => storage.lock(`${root}/${path}`, holder(9)), LockedError);
    assert((await refusal(".lock")).message.startsWith(`${root} is in use by process 1 `));
    assert((await refusal(".lottery.lock")).message.startsWith(`${root}/lottery is in use by p`));
    assert((await refusal("lottery/.lock")).message.includes("process 3 "));
    for (const lock of [folder, run, other]) await lock.release();
  });

  test("a lock goes where its file goes", async (storage, root) => {
    const first = await storage.lock(`${root}/a/.lock`, holder(1));
    await storage.rename(`${root}/a`, `${root}/b`);
    const second = await storage.lock(`${root}/a/.lock`, holder(2));
    await assertRejects(
      () => storage.lock(`${root}/b/.lock`, holder(3)),
      LockedError,
      "process 1 ",
    );
    await first.release();
    await assertRejects(
      () => storage.lock(`${root}/a/.lock`, holder(3)),
      LockedError,
      "process 2 ",
    );
    await (await storage.lock(`${root}/b/.lock`, holder(3))).release();
    await storage.remove(`${root}/a`);
    await second.release();
    assertEquals(await storage.exists(`${root}/a`), false);
  });

  test("a job is told of a lock that its own process holds", async (storage, root) => {
    const lock = await storage.lock(`${root}/.lock`, holder(1));
    const error = await assertRejects(() => storage.lock(`${root}/.lock`, holder(1)), LockedError);
    assertEquals(
      error.message,
      `${root} is in use by another job of this process since 2026-11-23 20:15:03 UTC (deno task ` +
        "run-lottery --trials 3); give each job a folder of its own",
    );
    await lock.release();
  });

  test("a folder cannot be a lock file, nor a file hold one", async (storage, root) => {
    await storage.write(`${root}/a/f`, bytes(1));
    await assertRefused(() => storage.lock(`${root}/a`, holder(1)), `${root}/a`, "is a folder");
    await assertRefused(
      () => storage.lock(`${root}/a/f/.lock`, holder(1)),
      `${root}/a/f/.lock`,
      "a part of the path is a file",
    );
  });

  test("sweeps unfinished files away at any depth, and nothing else", async (storage, root) => {
    const kept = ["f", ".hidden.tmp", "a/.f.tmp", "a/b/run.json", `${temporary("d")}/g`, "ab/h"];
    const swept = [temporary("f"), `a/${temporary(".x")}`, `a/b/c/${temporary("run.json")}`];
    for (const path of [...kept, ...swept]) await storage.write(`${root}/${path}`, bytes(1));
    await storage.write(`${root}-beside/${temporary("f")}`, bytes(1));
    await storage.sweep(`${root}/a/`);
    assertEquals(await storage.exists(`${root}/${swept[0]}`), true);
    await storage.sweep(root);
    for (const path of kept) assertEquals(await storage.exists(`${root}/${path}`), true, path);
    for (const path of swept) assertEquals(await storage.exists(`${root}/${path}`), false, path);
    assertEquals(await storage.exists(`${root}-beside/${temporary("f")}`), true);
    await storage.remove(`${root}-beside`);
    await storage.sweep(`${root}/missing/folder`);
    assertEquals(await storage.exists(`${root}/missing`), false);
    await assertRefused(() => storage.sweep(`${root}/f`), `${root}/f`, "is a file");
  });

  test("a shallow sweep stays in its folder", async (storage, root) => {
    for (const path of [temporary("f"), "g", `a/${temporary("f")}`]) {
      await storage.write(`${root}/${path}`, bytes(1));
    }
    await storage.sweep(`${root}/`, { isDeep: false });
    const left = [`a/${temporary("f")}`, "g"];
    for (const path of left) assertEquals(await storage.exists(`${root}/${path}`), true, path);
    assertEquals(await storage.exists(`${root}/${temporary("f")}`), false);
  });

  test("unfinished files are not listed", async (storage, root) => {
    await storage.write(`${root}/${temporary("f")}`, bytes(1));
    await storage.write(`${root}/f`, bytes(1));
    assertEquals(await storage.list(root), [{ name: "f", isDirectory: false }]);
  });

  test("a sweep spares what is being written", async (storage, root) => {
    await storage.write(`${root}/other`, bytes(1));
    let isDone = false;
    const write = storage.write(`${root}/f`, new Uint8Array(20_000_000)).finally(() => {
      isDone = true;
    });
    while (!isDone) await storage.sweep(root);
    await write;
    assertEquals((await storage.read(`${root}/f`)).length, 20_000_000);
  });
}
