import { assert, assertEquals, assertRejects } from "@std/assert";
import { LockedError, StorageError } from "../../src/errors.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { Crash, type Fault, FaultyStorage, slowStorage } from "./faulty.ts";

const HOLDER = { pid: 1, host: "lab", since: "2026-11-23T20:15:03Z", command: "test" };
const bytes = (...values: number[]) => Uint8Array.from(values);

/** A program of operations 0 to 7, each once, and the release of its lock. */
async function program(storage: Storage): Promise<void> {
  const lock = await storage.lock("d/.lock", HOLDER);
  await storage.sweep("d");
  await storage.write("d/f", bytes(5, 6, 7, 8));
  await storage.read("d/f");
  await storage.list("d");
  await storage.exists("d/f");
  await storage.rename("d/f", "e/f");
  await storage.remove("old");
  await lock.release();
}

const LOG = [
  "lock d/.lock",
  "sweep d",
  "write d/f",
  "read d/f",
  "list d",
  "exists d/f",
  "rename d/f",
  "remove old",
];

/** The files that the program starts with: the target of its write, and a folder to remove. */
async function startingPoint(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await storage.write("d/f", bytes(1));
  for (const file of ["a", "b/c", "run.json"]) await storage.write(`old/${file}`, bytes(2));
  return storage;
}

/** All files by path, with their contents; lock files are there while they are held. */
async function tree(storage: Storage, folder = "."): Promise<Record<string, number[]>> {
  const files: Record<string, number[]> = {};
  for (const { name, isDirectory } of await storage.list(folder)) {
    const path = folder === "." ? name : `${folder}/${name}`;
    if (isDirectory) Object.assign(files, await tree(storage, path));
    else files[path] = [...await storage.read(path)];
  }
  return files;
}

const OLD = { "old/a": [2], "old/b/c": [2], "old/run.json": [2] };

/** The files after the first `count` operations of the program, worked out by hand. */
function treeAfter(count: number): Record<string, number[]> {
  const old = count > 7 ? {} : OLD;
  if (count <= 2) return { "d/f": [1], ...old };
  return count <= 6 ? { "d/f": [5, 6, 7, 8], ...old } : { "e/f": [5, 6, 7, 8], ...old };
}

Deno.test("FaultyStorage: a crash before, during or after every operation", async () => {
  for (const fault of ["crash before", "crash during", "crash after"] as const) {
    for (let at = 0; at < LOG.length; at++) {
      const inner = await startingPoint();
      const storage = new FaultyStorage(inner, fault, at);
      await assertRejects(() => program(storage), Crash);
      assertEquals([storage.hasFired, storage.log], [true, LOG.slice(0, at + 1)]);
      const expected = treeAfter(fault === "crash after" ? at + 1 : at);
      // Of the three entries, the first half: two.
      if (fault === "crash during" && at === 7) {
        delete expected["old/a"];
        delete expected["old/b/c"];
      }
      assertEquals(await tree(inner), expected, `${fault} ${at}`);
      // Dead for good; nobody holds the lock.
      await assertRejects(() => storage.write("x", bytes(1)), Crash);
      await assertRejects(() => storage.exists("x"), Crash);
      assertEquals(storage.log.length, at + 1);
      assertEquals(await inner.exists("x"), false);
      await (await inner.lock("d/.lock", HOLDER)).release();
    }
  }
});

Deno.test("FaultyStorage: a program that ends before its fault meets none", async () => {
  const inner = await startingPoint();
  const storage = new FaultyStorage(inner, "crash before", LOG.length);
  await program(storage);
  assertEquals([storage.hasFired, storage.log], [false, LOG]);
  assertEquals(await tree(inner), treeAfter(8));
});

Deno.test("FaultyStorage: a crash during a write leaves half of it under a temporary name", async () => {
  const inner = new MemoryStorage();
  await inner.write("d/f", bytes(1));
  const storage = new FaultyStorage(inner, "crash during", 0);
  await assertRejects(() => storage.write("d/f", bytes(5, 6, 7, 8, 9)), Crash);
  const path = storage.temporary!;
  assert(path.startsWith("d/.f."), path);
  assertEquals([...await inner.read(path)], [5, 6]);
  assertEquals(await tree(inner), { "d/f": [1] });
  await inner.sweep("d");
  assertEquals(await inner.exists(path), false);
});

Deno.test("FaultyStorage: while the program lives its lock is held below", async () => {
  const inner = new MemoryStorage();
  const storage = new FaultyStorage(inner, "crash before", 1);
  await storage.lock(".lock", HOLDER);
  await assertRejects(() => inner.lock(".lock", HOLDER), LockedError);
  await assertRejects(() => storage.list("."), Crash);
  await (await inner.lock(".lock", HOLDER)).release();
});

/** The outcome of each operation on its own, after the fault too: null or its error. */
async function outcomes(at: number, fault: Fault): Promise<(string | null)[]> {
  const storage = new FaultyStorage(await startingPoint(), fault, at);
  const results: (string | null)[] = [];
  const note = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
    try {
      const value = await act();
      results.push(null);
      return value;
    } catch (error) {
      assert(error instanceof StorageError, String(error));
      results.push(error.message);
    }
  };
  const lock = await note(() => storage.lock("d/.lock", HOLDER));
  await note(() => storage.sweep("d"));
  await note(() => storage.write("d/f", bytes(5)));
  await note(() => storage.read("d/f"));
  await note(() => storage.list("d"));
  await note(() => storage.exists("d/f"));
  await note(() => storage.rename("d/f", "e/f"));
  await note(() => storage.remove("old"));
  if (lock) await note(() => lock.release());
  return results;
}

Deno.test("FaultyStorage: a full disk fails one write, at the operation and no other", async () => {
  const full = "the disk is full; free some space or choose a folder on another disk";
  for (let at = 0; at < LOG.length; at++) {
    const results = await outcomes(at, "disk full");
    const faults = results.flatMap((message, i) => message === null ? [] : [[i, message]]);
    const expected = at === 0
      ? [[0, `cannot lock d/.lock: ${full}`]]
      : at === 2
      ? [[2, `cannot write d/f: ${full}`]]
      : [];
    assertEquals(faults, expected);
  }
});

Deno.test("FaultyStorage: an i/o error fails any one operation", async () => {
  const verbs = LOG.map((entry) => entry.split(" ")[0]);
  for (let at = 0; at < LOG.length; at++) {
    const results = await outcomes(at, "i/o error");
    const faults = results.flatMap((message, i) => message === null ? [] : [[i, message]]);
    const path = LOG[at].split(" ")[1];
    const message = `cannot ${verbs[at]} ${path}: input/output error; check the path and the disk`;
    assertEquals(faults, [[at, message]]);
  }
});

Deno.test("FaultyStorage: a lost permission fails all changes from then on, and no look", async () => {
  const changes = [0, 1, 2, 6, 7];
  for (let at = 0; at < LOG.length; at++) {
    const results = await outcomes(at, "permission lost");
    const faults = results.flatMap((message, i) => message === null ? [] : [i]);
    assertEquals(faults, changes.filter((i) => i >= at));
    for (const i of faults) {
      assert(
        results[i]!.includes(`${LOG[i].split(" ")[1]}: permission denied; check`),
        results[i]!,
      );
    }
  }
});

Deno.test("slowStorage: slow, and nothing else", async () => {
  const inner = await startingPoint();
  const before = performance.now();
  await program(slowStorage(inner, 5));
  // Timers count in whole milliseconds.
  assert(performance.now() - before > LOG.length * 4);
  assertEquals(await tree(inner), treeAfter(8));
});
