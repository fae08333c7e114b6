import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  folderHoldsExamples,
  loadExampleFolder,
  writeNpyFolder,
} from "../../../src/datasets/files/folder.ts";
import { makeSyntheticDigits } from "../../../src/datasets/synthetic_digits.ts";
import { FormatError, InputError, NotFoundError } from "../../../src/errors.ts";
import { decodeNpy, encodeNpy } from "../../../src/formats/npy.ts";
import { DenoStorage } from "../../../src/storage/deno.ts";
import { MemoryStorage } from "../../../src/storage/memory.ts";
import { gzip } from "../../../tasks/lib/gzip_bytes.ts";
import { isRealMnist, mnistLocation } from "../../../tasks/lib/mnist_location.ts";
import { runNumpy } from "../../numpy.ts";
import { assertLoads, idxFolder, npyFolder, plain, TINY, TINY_SETS } from "../tiny_folder.ts";
import { IDX_FILES } from "../../../src/datasets/published.ts";

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

Deno.test("images of NumPy's: from 0 to 1 they are inputs as they are, else pixels, in both files alike", async () => {
  const folder = await Deno.makeTempDir();
  const storage = new DenoStorage();
  try {
    await runNumpy(
      `
import sys, os, numpy as np
rng = np.random.default_rng(1)
pixels = rng.integers(0, 256, (3, 2, 4), dtype=np.uint8)
test = rng.integers(0, 256, (2, 2, 4), dtype=np.uint8)
test[0, 0] = [0, 1, 254, 255]
cases = {
    "bytes": (pixels, test),
    "f2": (pixels.astype("<f2"), test.astype(">f2")),
    "mixed": (pixels > 99, test),
    "bool": (pixels > 99, test > 99),
    "f4-01": ((pixels > 99).astype("f4"), test > 99),
    "i8-01": ((pixels > 99).astype("i8"), test > 99),
    "f4-255": ((pixels / 255).astype("f4"), np.float32(test) / np.float32(255)),
    "f8-255": (pixels / 255, test / 255),
    "f2-255": ((pixels / 255).astype("<f2"), (test / 255).astype(">f2")),
    "any": (rng.random((3, 2, 4)), rng.random((2, 2, 4)).astype("f4")),
}
for name, (x_train, x_test) in cases.items():
    path = f"{sys.argv[1]}/{name}"
    os.mkdir(path)
    np.save(f"{path}/x_train.npy", x_train)
    np.save(f"{path}/x_test.npy", x_test)
    np.save(f"{path}/y_train.npy", np.array([0, 1, 2]))
    np.save(f"{path}/y_test.npy", np.array([1, 2]))
    scale = 255 if x_test.max() > 1 else 1
    for split, images in (("train", x_train), ("test", x_test)):
        np.save(f"{path}/{split}.npy", (images.astype("f8") / scale).ravel())`,
      [folder],
    );
    const load = async (name: string) => {
      const told: string[] = [];
      const sets = await loadExampleFolder(
        storage,
        `${folder}/${name}`,
        "mine",
        (line) => told.push(line),
      );
      return { sets, told };
    };
    const kinds: Record<string, { isUnit: boolean; areBytes: boolean; tolerance: number }> = {
      "bytes": { isUnit: false, areBytes: true, tolerance: 0 },
      "f2": { isUnit: false, areBytes: true, tolerance: 0 },
      "mixed": { isUnit: false, areBytes: true, tolerance: 0 },
      "bool": { isUnit: true, areBytes: true, tolerance: 0 },
      "f4-01": { isUnit: true, areBytes: true, tolerance: 0 },
      "i8-01": { isUnit: true, areBytes: true, tolerance: 0 },
      "f4-255": { isUnit: true, areBytes: true, tolerance: 2 ** -24 },
      "f8-255": { isUnit: true, areBytes: true, tolerance: 0 },
      "f2-255": { isUnit: true, areBytes: true, tolerance: 2 ** -11 },
      "any": { isUnit: true, areBytes: false, tolerance: 2 ** -24 },
    };
    for (const [name, { isUnit, areBytes, tolerance }] of Object.entries(kinds)) {
      const { sets, told } = await load(name);
      for (const split of ["train", "test"] as const) {
        const { inputs, ...rest } = sets[split];
        assertEquals(
          [rest.isUnit ?? false, inputs instanceof Uint8Array],
          [isUnit, areBytes],
          name,
        );
        const file = await storage.read(`${folder}/${name}/${split}.npy`);
        const expected = decodeNpy(file, split).data;
        assertEquals(inputs.length, expected.length);
        for (const [i, value] of inputs.entries()) {
          const input = areBytes ? value / 255 : value;
          assert(Math.abs(input - expected[i]) <= tolerance, `${name}: ${input}, ${expected[i]}`);
        }
      }
      assertEquals(
        told,
        name === "i8-01"
          ? [
            `${folder}/${name}/x_train.npy holds only 0 and 1: they are used as they are, not divided by 255`,
          ]
          : [],
      );
    }
    // The same images, written by this program, are read as the same.
    for (const name of ["f2-255", "bool", "any"]) {
      const { sets } = await load(name);
      await writeNpyFolder(storage, `${folder}/${name}-again`, sets);
      assertEquals(plain((await load(`${name}-again`)).sets), plain(sets), name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bytes that are all dark are told: 255 may not be their white", async () => {
  const told: string[] = [];
  const dark = await npyFolder({
    x_train: { shape: [3, 2], data: Uint8Array.of(0, 16, 3, 4, 5, 6) },
    x_test: { shape: [2, 2], data: Uint8Array.of(1, 0, 0, 1) },
    y_train: { shape: [3], data: Uint8Array.of(0, 1, 2) },
    y_test: { shape: [2], data: Uint8Array.of(2, 0) },
  });
  const { test } = await loadExampleFolder(dark, "d", "tiny", (line) => told.push(line));
  assertEquals([[...test.inputs], test.isUnit], [[1, 0, 0, 1], undefined]);
  assertEquals(told.length, 1);
  assertStringIncludes(told[0], "d/x_train.npy: no pixel is above 16");
});

Deno.test("gzipped files of both kinds load, of several members and padded too", async () => {
  const idx = await idxFolder(), npy = await npyFolder();
  for (const storage of [idx, npy]) {
    for (const { name } of await storage.list("d")) {
      const bytes = await storage.read(`d/${name}`);
      const members = [
        await gzip(bytes.slice(0, 9)),
        await gzip(bytes.slice(9)),
        new Uint8Array(99),
      ];
      await storage.remove(`d/${name}`);
      await storage.write(`d/${name}.gz`, Uint8Array.from(members.flatMap((part) => [...part])));
    }
  }
  assertEquals(await folderHoldsExamples(idx, "d"), "idx");
  assertEquals(await folderHoldsExamples(npy, "d"), "npy");
  await assertLoads(idx, TINY_SETS);
  await assertLoads(npy, TINY_SETS);
  const bomb = new Uint8Array(2_000_000);
  bomb.set(encodeNpy({ shape: [3], data: TINY.yTrain }));
  await npy.write("d/y_train.npy.gz", await gzip(bomb));
  await assertRejects(
    () => loadExampleFolder(npy, "d", "tiny"),
    FormatError,
    "d/y_train.npy.gz: unpacks to more than 131 bytes",
  );
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
