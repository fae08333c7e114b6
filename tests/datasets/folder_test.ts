import { assertEquals, assertRejects } from "@std/assert";
import {
  folderHoldsExamples,
  IDX_FILES,
  loadExampleFolder,
  writeNpyFolder,
} from "../../src/datasets/folder.ts";
import { makeSyntheticDigits } from "../../src/datasets/synthetic_digits.ts";
import { FormatError, InputError, NotFoundError } from "../../src/errors.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { isRealMnist, mnistLocation } from "../mnist_location.ts";
import { runNumpy } from "../numpy.ts";
import { assertLoads, idxFolder, npyFolder, plain, TINY, TINY_SETS } from "./tiny_folder.ts";

Deno.test("IDX files load raw, gzipped, dotted and mixed", async () => {
  const dotted = IDX_FILES.map((name) => name.replace("-idx", ".idx"));
  const sets = [
    IDX_FILES,
    IDX_FILES.map((name) => `${name}.gz`),
    dotted,
    dotted.map((name) => `${name}.gz`),
    [IDX_FILES[0], `${IDX_FILES[1]}.gz`, dotted[2], `${dotted[3]}.gz`],
  ];
  for (const names of sets) {
    const storage = await idxFolder(names);
    assertEquals(await folderHoldsExamples(storage, "d"), "idx");
    await assertLoads(storage, TINY_SETS);
  }
});

Deno.test("NumPy arrays load from every type of whole numbers", async () => {
  const storage = await npyFolder();
  assertEquals(await folderHoldsExamples(storage, "d"), "npy");
  await assertLoads(storage, TINY_SETS);
  for (const convert of [Float32Array, Float64Array, Int16Array, Uint32Array]) {
    await assertLoads(
      await npyFolder({
        x_train: { shape: [3, 2, 3], data: convert.from(TINY.xTrain) },
        y_train: { shape: [3, 1], data: convert.from(TINY.yTrain) },
      }),
      TINY_SETS,
    );
  }
});

Deno.test("IDX files are preferred where both kinds are complete", async () => {
  const storage = await idxFolder();
  await storage.write("d/x_train.npy", Uint8Array.of(1));
  assertEquals(await folderHoldsExamples(storage, "d"), "idx");
  await assertLoads(storage, TINY_SETS);
});

Deno.test("missing files are listed with where they were looked for and what to do", async () => {
  const advice = "run `deno task download-data` or give --mnist-location a folder with all four";
  const refuse = async (storage: MemoryStorage, message: string) => {
    assertEquals(await folderHoldsExamples(storage, "d"), null);
    const error = await assertRejects(
      () => loadExampleFolder(storage, "d", "tiny"),
      NotFoundError,
    );
    assertEquals(error.message, `${message}; ${advice}`);
  };
  await refuse(new MemoryStorage(), "the data folder d does not exist");

  const other = new MemoryStorage();
  await other.write("d/readme.txt", new Uint8Array());
  await refuse(
    other,
    "d holds no examples: neither train-images-idx3-ubyte, train-labels-idx1-ubyte, " +
      "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (raw or .gz) nor x_train.npy, y_train.npy, " +
      "x_test.npy, y_test.npy",
  );

  const idx = await idxFolder();
  await idx.remove("d/train-labels-idx1-ubyte");
  await idx.remove("d/t10k-images-idx3-ubyte");
  await refuse(idx, "d lacks train-labels-idx1-ubyte, t10k-images-idx3-ubyte (raw or .gz)");

  const npy = await npyFolder();
  await npy.remove("d/y_test.npy");
  await refuse(npy, "d lacks y_test.npy");
});

Deno.test("a corrupt file is named", async () => {
  const storage = await idxFolder(IDX_FILES.map((name) => `${name}.gz`));
  const path = "d/t10k-images-idx3-ubyte.gz";
  await storage.write(path, (await storage.read(path)).slice(0, -3));
  await assertRejects(() => loadExampleFolder(storage, "d", "tiny"), FormatError, `${path}: not a`);
});

Deno.test("writeNpyFolder writes what loadExampleFolder and NumPy read", async () => {
  const folder = await Deno.makeTempDir();
  const storage = new DenoStorage();
  try {
    await writeNpyFolder(storage, folder, TINY_SETS);
    assertEquals(plain(await loadExampleFolder(storage, folder, "tiny")), plain(TINY_SETS));
    const seen = await runNumpy(
      `
import sys, json, numpy as np
a = [np.load(f"{sys.argv[1]}/{n}.npy") for n in ["x_train", "y_train", "x_test", "y_test"]]
print(json.dumps([[x.dtype.str, x.shape, x.ravel().tolist()] for x in a]))`,
      [folder],
    );
    assertEquals(JSON.parse(seen), [
      ["|u1", [3, 2, 3], [...TINY.xTrain]],
      ["|u1", [3], [...TINY.yTrain]],
      ["|u1", [2, 2, 3], [...TINY.xTest]],
      ["|u1", [2], [...TINY.yTest]],
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await assertRejects(
    () => writeNpyFolder(new MemoryStorage(), "d", { ...TINY_SETS, imageShape: [2, 2] }),
    InputError,
    "6 features cannot be written as images of shape (2,2)",
  );
});

Deno.test("what NumPy saves loads: int64 labels, Fortran order, bool pixels", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await runNumpy(
      `
import sys, numpy as np
save = lambda name, a: np.save(f"{sys.argv[1]}/{name}.npy", a)
save("x_train", np.asfortranarray(np.arange(24, dtype=np.float32).reshape(4, 3, 2)))
save("y_train", np.array([0, 1, 2, 1]))
save("x_test", np.ones((1, 3, 2), dtype=bool))
save("y_test", np.array([[1]]))`,
      [folder],
    );
    const sets = await loadExampleFolder(new DenoStorage(), folder, "mine");
    assertEquals([...sets.train.inputs], Array.from({ length: 24 }, (_, i) => i));
    assertEquals([...sets.train.labels], [0, 1, 2, 1]);
    assertEquals([[...sets.test.inputs], [...sets.test.labels]], [[1, 1, 1, 1, 1, 1], [1]]);
    assertEquals([sets.classes, sets.imageShape], [3, [3, 2]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("MNIST loads as published, its stand-in as drawn", async () => {
  const folder = await mnistLocation();
  const storage = new DenoStorage();
  assertEquals(await folderHoldsExamples(storage, folder), "idx");
  const { name, classes, imageShape, train, test } = await loadExampleFolder(
    storage,
    folder,
    "mnist",
  );
  assertEquals([name, classes, imageShape], ["mnist", 10, [28, 28]]);
  assertEquals([train.count, train.features, train.inputs.length], [60000, 784, 47040000]);
  assertEquals([test.count, test.features, test.inputs.length], [10000, 784, 7840000]);
  if (!isRealMnist(folder)) {
    const drawn = await makeSyntheticDigits({ seed: 0, trainCount: 8, testCount: 8 });
    for (const [all, first] of [[train, drawn.train], [test, drawn.test]]) {
      assertEquals(all.inputs.slice(0, 8 * 784), first.inputs);
      assertEquals(all.labels.slice(0, 8), first.labels);
    }
    return;
  }
  // The first labels, and the examples per class, as published.
  assertEquals([...train.labels.slice(0, 8)], [5, 0, 4, 1, 9, 2, 1, 3]);
  assertEquals([...test.labels.slice(0, 8)], [7, 2, 1, 0, 4, 1, 4, 9]);
  const histogram = (labels: Uint8Array) => {
    const counts = new Array<number>(10).fill(0);
    for (const label of labels) counts[label]++;
    return counts;
  };
  assertEquals(histogram(train.labels), [
    5923,
    6742,
    5958,
    6131,
    5842,
    5421,
    5918,
    6265,
    5851,
    5949,
  ]);
  assertEquals(histogram(test.labels), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  // The mean and deviation of the training pixels that every MNIST tutorial quotes.
  let sum = 0, squares = 0;
  for (const pixel of train.inputs) {
    sum += pixel;
    squares += pixel * pixel;
  }
  const mean = sum / train.inputs.length / 255;
  const deviation = Math.sqrt(squares / train.inputs.length / 255 ** 2 - mean ** 2);
  assertEquals([mean.toFixed(4), deviation.toFixed(4)], ["0.1307", "0.3081"]);
});
