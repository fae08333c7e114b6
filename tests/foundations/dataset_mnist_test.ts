import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FormatError, InputError, NotFoundError } from "../../src/errors.ts";
import { runKey } from "../../src/foundations/seeds.ts";
import { DatasetMnist } from "../../src/foundations/dataset_mnist.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { idxFolder, npyFolder, plain, TINY, TINY_SETS } from "../datasets/tiny_folder.ts";
import { mnistLocation } from "../../tasks/lib/mnist_location.ts";

const location = "d";

Deno.test("DatasetMnist has the original's defaults", async () => {
  for (const storage of [await idxFolder(), await npyFolder()]) {
    const dataset = await DatasetMnist.load({ storage, location });
    assertEquals(plain(dataset.sets), plain({ ...TINY_SETS, name: "mnist", classes: 10 }));
    assertEquals([dataset.trainCount, dataset.validationCount, dataset.features], [3, 0, 6]);
    assertEquals([dataset.normalization, dataset.labelMap], ["l2", null]);
    assertEquals(dataset.orderKey, runKey({ seed: 0, purpose: "order" }));
    assertEquals(dataset.exampleShape, [6]);
  }
});

Deno.test("DatasetMnist takes the choices of every dataset", async () => {
  const dataset = await DatasetMnist.load({
    storage: await idxFolder(),
    location,
    flatten: false,
    permuteLabels: true,
    trainOrderSeed: 4,
    normalization: "unit",
    validationSize: 1,
    seed: 2,
  });
  assertEquals([dataset.exampleShape, dataset.features], [[2, 3], 6]);
  assertEquals([dataset.normalization, dataset.trainCount], ["unit", 2]);
  assertEquals([...dataset.labelMap!].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(dataset.orderKey, runKey({ seed: 4, purpose: "order" }));
  assertEquals(dataset.splitKey, runKey({ seed: 2, purpose: "split" }));
});

Deno.test("examples without an image shape are flat", () => {
  const { imageShape: _, ...sets } = TINY_SETS;
  assertEquals(new DatasetMnist(sets, { flatten: false }).exampleShape, [6]);
  assertThrows(
    () => new DatasetMnist(sets, { validationSize: 3 }),
    InputError,
    "validation size 3",
  );
});

Deno.test("MNIST itself: 60,000 and 10,000 images of 28 by 28", async () => {
  const storage = new DenoStorage();
  const dataset = await DatasetMnist.load({
    storage,
    location: await mnistLocation(),
    flatten: false,
  });
  assertEquals([dataset.trainCount, dataset.sets.test.count], [60_000, 10_000]);
  assertEquals([dataset.exampleShape, dataset.features], [[28, 28], 784]);
});

Deno.test("a folder that does not hold the examples is refused", async () => {
  const storage = await idxFolder();
  await assertRejects(
    () => DatasetMnist.load({ storage: new MemoryStorage(), location }),
    NotFoundError,
    "the data folder d does not exist",
  );
  await storage.write("d/train-labels-idx1-ubyte", TINY.yTest);
  await assertRejects(() => DatasetMnist.load({ storage, location }), FormatError, "train-labels");
});
