import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { FormatError, InputError, NotFoundError } from "../../src/errors.ts";
import { encodeNpy } from "../../src/formats/npy.ts";
import {
  readLog,
  restoreNetwork,
  saveNetwork,
  standardize,
  writeLog,
} from "../../src/records/save_restore.ts";
import { intersect, union } from "../../src/foundations/union.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";

const tensor = (shape: number[], ...values: number[]) => ({
  shape,
  data: Float32Array.from(values),
});

Deno.test("a network is one .npy per layer", async () => {
  const storage = new MemoryStorage();
  const network = { layer0: tensor([2, 2], 1, -0, 3, 4), layer1: tensor([1], 0.1) };
  await saveNetwork(storage, "run/initial", network);
  assertEquals((await storage.list("run/initial")).map(({ name }) => name), [
    "layer0.npy",
    "layer1.npy",
  ]);
  assertEquals(await storage.read("run/initial/layer0.npy"), encodeNpy(network.layer0));
  assertEquals(await restoreNetwork(storage, "run/initial"), network);
  assertEquals(await restoreNetwork(storage, "run/initial/"), network);
});

Deno.test("what is saved is restored bit for bit", async () => {
  const layer = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })).chain(
    ([inputs, units]) =>
      fc.float32Array({
        minLength: inputs * units,
        maxLength: inputs * units,
        noNaN: true,
        noDefaultInfinity: true,
      }).map((data) => ({ shape: [inputs, units], data })),
  );
  const networks = fc.dictionary(fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,9}$/), layer, {
    minKeys: 1,
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(networks, async (network) => {
      const storage = new MemoryStorage();
      await saveNetwork(storage, "n", network);
      assertEquals(await restoreNetwork(storage, "n"), network);
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("other types of number become 32-bit floats; other files are passed over", async () => {
  const storage = new MemoryStorage();
  const bytes = Uint8Array.of(0, 1);
  await storage.write("m/layer0.npy", encodeNpy({ shape: [2, 1], data: bytes }));
  for (const other of ["m/README.md", "m/._layer0.npy", "m/old.npy/layer9.npy"]) {
    await storage.write(other, bytes);
  }
  assertEquals(await restoreNetwork(storage, "m"), { layer0: tensor([2, 1], 0, 1) });
});

Deno.test("weights that are not finite are refused by file, index and value", async () => {
  const storage = new MemoryStorage();
  const network = { a: tensor([1, 1], 1), b: tensor([2, 2], 1, 2, 3, -Infinity) };
  await assertRejects(
    () => saveNetwork(storage, "run/final", network),
    InputError,
    "run/final/b.npy holds -Infinity at [1, 1]",
  );
  assertEquals(await storage.exists("run/final"), false, "nothing is written");
  await storage.write("x/a.npy", encodeNpy(tensor([3], 0, NaN, 1)));
  const error = await assertRejects(() => restoreNetwork(storage, "x"), FormatError, "x/a.npy");
  assertEquals(/\b1 is NaN/.test(error.message), true, error.message);
});

Deno.test("folders and files that hold no network are refused", async () => {
  const storage = new MemoryStorage();
  const refuses = (folder: string, ErrorClass: typeof FormatError, message: string) =>
    assertRejects(() => restoreNetwork(storage, folder), ErrorClass, message);
  await storage.write("texts/a.txt", new Uint8Array());
  await storage.write("broken/a.npy", Uint8Array.of(1, 2, 3));
  await refuses("missing", NotFoundError, "missing does not exist");
  await refuses("texts", NotFoundError, "texts holds no .npy files");
  await refuses("broken", FormatError, "broken/a.npy");
  await assertRejects(
    () => saveNetwork(storage, "n", { "../x": tensor([1], 1) }),
    InputError,
    "layer name",
  );
});

Deno.test("a network takes the place of an older one; other files stay", async () => {
  const storage = new MemoryStorage(), other = ["n/notes.txt", "n/._old.npy", "n/old.npy/x.npy"];
  const one = { layer0: tensor([1], 1), layer1: tensor([1], 2) }, two = { layer0: tensor([1], 3) };
  for (const path of other) await storage.write(path, Uint8Array.of(1));
  await saveNetwork(storage, "n", one);
  await saveNetwork(storage, "n", two);
  assertEquals(await restoreNetwork(storage, "n"), two);
  await saveNetwork(storage, "n", {});
  assertEquals(await restoreNetwork(storage, "n"), {});
  for (const path of other) assertEquals(await storage.read(path), Uint8Array.of(1));
  // An array that cannot be written replaces nothing.
  await saveNetwork(storage, "n", one);
  await assertRejects(() => saveNetwork(storage, "n", { b: tensor([1], NaN) }), InputError);
  assertEquals(await restoreNetwork(storage, "n"), one);
  await saveNetwork(storage, "empty", {});
  assertEquals(await restoreNetwork(storage, "empty"), {});
});

Deno.test("what is no network is refused, arrays of any number type are taken", async () => {
  const storage = new MemoryStorage();
  await saveNetwork(storage, "n", { a: { shape: [2], data: [1, 0.5] } });
  assertEquals(await restoreNetwork(storage, "n"), { a: tensor([2], 1, 0.5) });
  assertEquals(
    await standardize({ a: { shape: [2], data: Uint8Array.of(1, 0) } }, union, storage),
    { a: tensor([2], 1, 0) },
  );
  for (const bad of [5, true, undefined, new Map()]) {
    const network = bad as unknown as Record<string, never>;
    await assertRejects(
      () => standardize(network, union, storage),
      InputError,
      "is not a dictionary",
    );
    await assertRejects(
      () => saveNetwork(storage, "m", network),
      InputError,
      "is not a dictionary",
    );
  }
  await assertRejects(
    () => saveNetwork(storage, "m", { a: { shape: [2], data: [1] } }),
    InputError,
    "m of a has 1 values where (2,) takes 2",
  );
  assertEquals(await storage.exists("m"), false);
});

Deno.test("standardize takes a dictionary, a folder, none, or a list of these", async () => {
  const storage = new MemoryStorage();
  const a = { layer0: tensor([2, 1], 1, 0) }, b = { layer0: tensor([2, 1], 0, 0) };
  await saveNetwork(storage, "b", b);
  assertEquals(await standardize(a, union, storage), a);
  assertEquals(await standardize("b", union, storage), b);
  assertEquals(await standardize(null, union, storage), null);
  assertEquals(await standardize([], union, storage), {});
  assertEquals(await standardize([null], union, storage), {});
  assertEquals(await standardize([], null, storage), null);
  assertEquals(await standardize([null, "b"], null, storage), b);
  assertEquals(await standardize([a, "b", null], union, storage), a);
  assertEquals(await standardize([a, ["b", a]], intersect, storage), b);
  await assertRejects(() => standardize([a, "b"], null, storage), InputError, "2 are given");
  await assertRejects(() => standardize([a, "c"], union, storage), NotFoundError, "c does not");
});

Deno.test("logs keep their rows and give the last ones", async () => {
  const storage = new MemoryStorage();
  const rows = [0, 100, 200].map((iteration) => ({
    iteration,
    loss: 2.302585092994046 / (iteration + 1),
    accuracy: 0.1,
  }));
  await writeLog(storage, "run", "train", rows);
  const text = new TextDecoder().decode(await storage.read("run/train.log"));
  assertEquals(
    text.split("\n")[0],
    "iteration,0,train_loss,2.302585092994046,train_accuracy,0.1",
  );
  assertEquals(await readLog(storage, "run", "train"), rows);
  assertEquals(await readLog(storage, "run", "train", 2), rows.slice(1));
  assertEquals(await readLog(storage, "run", "train", 9), rows);
  assertEquals(await readLog(storage, "run", "train", 0), rows);
  await writeLog(storage, "run", "test", []);
  assertEquals(await readLog(storage, "run", "test"), []);
});

Deno.test("readLog reads the logs of the original library", async () => {
  const storage = new MemoryStorage();
  const text = "iteration,1.0,loss,2.25,accuracy,0.5\niteration,100.0,loss,nan,accuracy,0.1\n";
  await storage.write("run/train.log", new TextEncoder().encode(text));
  const rows = [
    { iteration: 1, loss: 2.25, accuracy: 0.5 },
    { iteration: 100, loss: NaN, accuracy: 0.1 },
  ];
  assertEquals(await readLog(storage, "run", "train"), rows);
  assertEquals(await readLog(storage, "run", "train", 1), rows.slice(1));
});

Deno.test("a log that is missing, damaged or another phase's is refused", async () => {
  const storage = new MemoryStorage();
  await assertRejects(() => readLog(storage, "run", "train"), NotFoundError, "run/train.log");
  await writeLog(storage, "run", "train", [{ iteration: 0, loss: 1, accuracy: 0 }]);
  await storage.rename("run/train.log", "run/test.log");
  await assertRejects(() => readLog(storage, "run", "test"), FormatError, "is a log of train");
  await storage.write("run/train.log", new TextEncoder().encode("iteration,0,train_lo"));
  await assertRejects(() => readLog(storage, "run", "train"), FormatError, "run/train.log");
});
