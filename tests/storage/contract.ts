/**
 * The contract of every `Storage`, as tests to be run over each implementation.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { NotFoundError, StorageError } from "../../src/errors.ts";
import type { Storage } from "../../src/storage/storage.ts";

/** An empty place to test in. */
export interface Place extends AsyncDisposable {
  storage: Storage;
  /** An existing, empty folder, without a final slash. */
  root: string;
}

const bytes = (...values: number[]) => Uint8Array.from(values);

/** Asserts a `StorageError` of one line that names the path. */
export async function assertRefused(act: () => Promise<unknown>, path: string, message = "cannot") {
  const error = await assertRejects(act, StorageError, message);
  assert(error.message.includes(path), `${error.message} does not name ${path}`);
  assert(!error.message.includes("\n"), "the message has one line");
}

/** A way to register tests under `name` that get a new place each. */
export function placeTests(name: string, makePlace: () => Promise<Place>) {
  return (title: string, act: (storage: Storage, root: string) => Promise<void>) =>
    Deno.test(`${name}: ${title}`, async () => {
      await using place = await makePlace();
      await act(place.storage, place.root);
    });
}

/** Registers the tests of files and folders. */
export function testStorage(name: string, makePlace: () => Promise<Place>): void {
  const test = placeTests(name, makePlace);

  test("reads what was written, making parent folders", async (storage, root) => {
    await storage.write(`${root}/a/b/c.bin`, bytes(1, 2, 255));
    await storage.write(`${root}/empty`, bytes());
    assertEquals([...await storage.read(`${root}/a/b/c.bin`)], [1, 2, 255]);
    assertEquals([...await storage.read(`${root}/empty`)], []);
  });

  test("a write replaces the file, and only it", async (storage, root) => {
    await storage.write(`${root}/f`, bytes(1, 2, 3));
    await storage.write(`${root}/g`, bytes(9));
    await storage.write(`${root}/f`, bytes(4));
    assertEquals([...await storage.read(`${root}/f`)], [4]);
    assertEquals([...await storage.read(`${root}/g`)], [9]);
  });

  test("keeps its own copy of the bytes", async (storage, root) => {
    const mine = bytes(1, 2);
    await storage.write(`${root}/f`, mine);
    mine[0] = 99;
    (await storage.read(`${root}/f`))[1] = 99;
    assertEquals([...await storage.read(`${root}/f`)], [1, 2]);
  });

  test("writes a view of a larger buffer as that view alone", async (storage, root) => {
    await storage.write(`${root}/f`, bytes(0, 1, 2, 3).subarray(1, 3));
    assertEquals([...await storage.read(`${root}/f`)], [1, 2]);
  });

  test(
    "lists names sorted, with folders marked",
    async (storage, root) => {
      for (const path of ["b.npy", "a/x", "Z", ".hidden.tmp", "10", "9"]) {
        await storage.write(`${root}/${path}`, bytes(1));
      }
      assertEquals(await storage.list(root), [
        { name: ".hidden.tmp", isDirectory: false },
        { name: "10", isDirectory: false },
        { name: "9", isDirectory: false },
        { name: "Z", isDirectory: false },
        { name: "a", isDirectory: true },
        { name: "b.npy", isDirectory: false },
      ]);
      assertEquals(await storage.list(`${root}/a`), [{ name: "x", isDirectory: false }]);
      assertEquals(await storage.list(`${root}/missing/folder`), []);
    },
  );

  test("knows what exists", async (storage, root) => {
    await storage.write(`${root}/a/f`, bytes(1));
    const exists = (path: string) => storage.exists(`${root}/${path}`);
    assertEquals([await exists("a"), await exists("a/f")], [true, true]);
    assertEquals([await exists("b"), await exists("a/g"), await exists("a/f/g")], [
      false,
      false,
      false,
    ]);
  });

  test("a file that is larger than it may be is not read", async (storage, root) => {
    await storage.write(`${root}/f`, bytes(1, 2, 3));
    assertEquals([...await storage.read(`${root}/f`, { maxBytes: 3 })], [1, 2, 3]);
    assertEquals([...await storage.read(`${root}/f`, { firstBytes: 2 })], [1, 2]);
    assertEquals([...await storage.read(`${root}/f`, { firstBytes: 4 })], [1, 2, 3]);
    const read = () => storage.read(`${root}/f`, { maxBytes: 2 });
    await assertRefused(read, `${root}/f`, "at most 2 are read");
  });

  test("one place has one real path, whether it is there or not", async (storage, root) => {
    await storage.write(`${root}/a/f`, bytes(1));
    const real = await storage.realPath(`${root}/a`);
    for (const path of ["a/", "./a", "a/../a", "a/."]) {
      assertEquals(await storage.realPath(`${root}/${path}`), real, path);
    }
    for (const path of ["a/b/c", "a/b//c/", "./a/b/./c", "a/b/x/../c"]) {
      assertEquals(await storage.realPath(`${root}/${path}`), `${real}/b/c`, path);
    }
  });

  test("says which file is missing", async (storage, root) => {
    await storage.write(`${root}/f`, bytes(1));
    for (const path of [`${root}/nope`, `${root}/no/pe`, `${root}/f/nope`]) {
      await assertRejects(() => storage.read(path), NotFoundError, path);
      await assertRejects(() => storage.rename(path, `${root}/new`), NotFoundError, path);
    }
  });

  test("refuses to take a file for a folder or a folder for a file", async (storage, root) => {
    await storage.write(`${root}/a/f`, bytes(1));
    await assertRefused(() => storage.read(`${root}/a`), `${root}/a`, "is a folder");
    await assertRefused(() => storage.write(`${root}/a`, bytes(2)), `${root}/a`, "is a folder");
    for (const path of [`${root}/a/f/g`, `${root}/a/f/g/h`]) {
      await assertRefused(
        () => storage.write(path, bytes(2)),
        path,
        "a part of the path is a file",
      );
    }
    await assertRefused(() => storage.list(`${root}/a/f`), `${root}/a/f`, "is a file");
    assertEquals(await storage.list(`${root}/a`), [{ name: "f", isDirectory: false }]);
    assertEquals(await storage.list(root), [{ name: "a", isDirectory: true }]);
    assertEquals([...await storage.read(`${root}/a/f`)], [1]);
  });

  test("moves files and folders, making parent folders", async (storage, root) => {
    await storage.write(`${root}/a/b/f`, bytes(1));
    await storage.write(`${root}/a/g`, bytes(2));
    await storage.write(`${root}/ab`, bytes(3));
    await storage.rename(`${root}/a`, `${root}/x/y`);
    await storage.rename(`${root}/ab`, `${root}/x/z`);
    assertEquals([...await storage.read(`${root}/x/y/b/f`)], [1]);
    assertEquals([...await storage.read(`${root}/x/y/g`)], [2]);
    assertEquals([...await storage.read(`${root}/x/z`)], [3]);
    assertEquals(await storage.list(root), [{ name: "x", isDirectory: true }]);
  });

  test("a move never replaces anything", async (storage, root) => {
    await storage.write(`${root}/f`, bytes(1));
    await storage.write(`${root}/g`, bytes(2));
    await storage.write(`${root}/d/h`, bytes(3));
    for (const [from, to] of [["f", "g"], ["f", "d"], ["d", "g"], ["f", "f"]]) {
      await assertRefused(() => storage.rename(`${root}/${from}`, `${root}/${to}`), to, "exists");
    }
    await assertRefused(() => storage.rename(`${root}/d`, `${root}/d/e`), `${root}/d`);
    assertEquals([...await storage.read(`${root}/f`)], [1]);
    assertEquals([...await storage.read(`${root}/g`)], [2]);
    assertEquals([...await storage.read(`${root}/d/h`)], [3]);
  });

  test("removes files and folders; a missing one is no error", async (storage, root) => {
    await storage.write(`${root}/a/b/f`, bytes(1));
    await storage.write(`${root}/a/g`, bytes(2));
    await storage.write(`${root}/ab`, bytes(3));
    await storage.remove(`${root}/a/g`);
    assertEquals(await storage.list(`${root}/a`), [{ name: "b", isDirectory: true }]);
    await storage.remove(`${root}/a`);
    for (const missing of ["a", "nope", "no/pe", "ab/nope"]) {
      await storage.remove(`${root}/${missing}`);
    }
    assertEquals(await storage.list(root), [{ name: "ab", isDirectory: false }]);
  });

  test("a folder outlives its last file", async (storage, root) => {
    await storage.write(`${root}/a/f`, bytes(1));
    await storage.remove(`${root}/a/f`);
    assertEquals(await storage.exists(`${root}/a`), true);
    assertEquals(await storage.list(`${root}/a`), []);
  });

  test("a reader sees one of the concurrent writes, whole", async (storage, root) => {
    const contents = Array.from({ length: 8 }, (_, i) => new Uint8Array(50_000).fill(i));
    await storage.write(`${root}/f`, contents[0]);
    const writes = contents.map((content) => storage.write(`${root}/f`, content));
    for (let i = 0; i < 8; i++) {
      const seen = await storage.read(`${root}/f`);
      assertEquals(seen.length, 50_000);
      assert(seen.every((byte) => byte === seen[0]), "a mixture of two writes");
    }
    await Promise.all(writes);
    assertEquals(await storage.list(root), [{ name: "f", isDirectory: false }]);
  });

  test("property: behaves as a map from paths to bytes", async (storage, root) => {
    const path = fc.constantFrom("f", "g", "d1/f", "d1/g", "d2/e/f");
    const step = fc.oneof(
      fc.record({ write: path, content: fc.uint8Array({ maxLength: 8 }) }),
      fc.record({ remove: path }),
      fc.record({ move: path, to: path }),
    );
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const base = `${root}/${round++}`;
        const model = new Map<string, number[]>();
        for (const action of steps) {
          if ("write" in action) {
            await storage.write(`${base}/${action.write}`, action.content);
            model.set(action.write, [...action.content]);
          } else if ("remove" in action) {
            await storage.remove(`${base}/${action.remove}`);
            model.delete(action.remove);
          } else {
            const allowed = model.has(action.move) && !model.has(action.to);
            const move = () => storage.rename(`${base}/${action.move}`, `${base}/${action.to}`);
            if (!allowed) await assertRejects(move, StorageError);
            else {
              await move();
              model.set(action.to, model.get(action.move)!);
              model.delete(action.move);
            }
          }
        }
        for (const file of ["f", "g", "d1/f", "d1/g", "d2/e/f"]) {
          assertEquals(await storage.exists(`${base}/${file}`), model.has(file));
          const content = model.get(file);
          if (content) assertEquals([...await storage.read(`${base}/${file}`)], content);
        }
      }),
      { seed: 1, numRuns: 30 },
    );
  });
}
