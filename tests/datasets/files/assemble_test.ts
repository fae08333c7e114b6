import { assert, assertEquals, assertRejects } from "@std/assert";
import { loadExampleFolder } from "../../../src/datasets/files/folder.ts";
import { FormatError } from "../../../src/errors.ts";
import type { MemoryStorage } from "../../../src/storage/memory.ts";
import { type Arrays, assertLoads, npyFolder, TINY, TINY_SETS } from "../tiny_folder.ts";

Deno.test("flat images have no shape, but 784 pixels are 28×28", async () => {
  const flat = await npyFolder({
    x_train: { shape: [3, 6], data: TINY.xTrain },
    x_test: { shape: [2, 6], data: TINY.xTest },
  });
  const { imageShape: _, ...withoutShape } = TINY_SETS;
  await assertLoads(flat, withoutShape);
  const mnistLike = await npyFolder({
    x_train: { shape: [3, 784], data: new Uint8Array(3 * 784) },
    x_test: { shape: [2, 784], data: new Uint8Array(2 * 784) },
  });
  assertEquals((await loadExampleFolder(mnistLike, "d", "tiny")).imageShape, [28, 28]);
});

Deno.test("images in colour are channels last; one channel is none of its own", async () => {
  const colour = await npyFolder({
    x_train: { shape: [3, 2, 1, 3], data: TINY.xTrain },
    x_test: { shape: [2, 2, 1, 3], data: TINY.xTest },
  });
  await assertLoads(colour, { ...TINY_SETS, imageShape: [2, 1, 3] });
  const grey = await npyFolder({ x_train: { shape: [3, 2, 3, 1], data: TINY.xTrain } });
  await assertLoads(grey, TINY_SETS);
});

Deno.test("one-hot labels count as many classes as they are wide", async () => {
  const storage = await npyFolder({
    y_train: { shape: [3, 5], data: Float32Array.of(0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0) },
    y_test: { shape: [2, 5], data: Uint8Array.of(0, 0, 1, 0, 0, 1, 0, 0, 0, 0) },
  });
  await assertLoads(storage, { ...TINY_SETS, classes: 5 });
});

Deno.test("classes: the largest label decides, and MNIST has ten", async () => {
  const classes = async (storage: MemoryStorage, name: string) =>
    (await loadExampleFolder(storage, "d", name)).classes;
  const storage = await npyFolder();
  assertEquals(await classes(storage, "mnist"), 10);
  assertEquals(await classes(storage, "fashion-mnist"), 10);
  assertEquals(
    await classes(await npyFolder({ y_test: { shape: [2], data: Uint8Array.of(9, 255) } }), "x"),
    256,
  );
  const zeros = (n: number) => ({ shape: [n], data: new Uint8Array(n) });
  assertEquals(await classes(await npyFolder({ y_train: zeros(3), y_test: zeros(2) }), "x"), 1);
});

Deno.test("classes that no training example has are named; MNIST has no label past 9", async () => {
  const labels = (...values: number[]) => ({
    shape: [values.length],
    data: Uint8Array.from(values),
  });
  const notices: string[] = [];
  const load = async (name: string, y_train: number[], y_test: number[]) =>
    await loadExampleFolder(
      await npyFolder({ y_train: labels(...y_train), y_test: labels(...y_test) }),
      "d",
      name,
      (line) => notices.push(line),
    );
  await load("x", [0, 2, 1], [1, 0]);
  assertEquals(notices, []);
  await load("x", [0, 2, 1], [1, 200]);
  await load("x", [0, 3, 3], [0, 0]);
  await load("mnist", [9, 3, 3], [0, 0]);
  const of = (classes: number, unseen: string) =>
    `d/y_train.npy: ${classes} classes, since the largest label is ${classes - 1}, but no ` +
    `training example of ${unseen}; correct the labels if that is not intended`;
  assertEquals(notices, [of(201, "198 of them (3, 4, 5, …)"), of(4, "2 of them (1, 2)")]);
  await assertRejects(
    () => load("mnist", [1, 2, 3], [0, 10]),
    FormatError,
    "d/y_test.npy: label 10 at index 1, but mnist has 10 classes, numbered from 0; correct it",
  );
});

Deno.test("arrays that do not fit together are refused", async () => {
  const labels = (...values: number[]) => ({
    shape: [values.length],
    data: Float64Array.from(values),
  });
  const pixels = (...images: number[][]) => ({
    shape: [images.length, 1, images[0].length],
    data: Float64Array.from(images.flat()),
  });
  const cases: [Partial<Arrays>, string][] = [
    [{ y_train: labels(1, 2) }, "d/y_train.npy: 2 labels for the 3 images of d/x_train.npy"],
    [{ y_test: labels(1, 2, 3) }, "d/y_test.npy: 3 labels for the 2 images of d/x_test.npy"],
    [
      { x_test: { shape: [2, 3, 2], data: TINY.xTest } },
      "d/x_test.npy: an image has shape (3,2) but one of d/x_train.npy has (2,3)",
    ],
    [
      { x_test: { shape: [2, 6], data: TINY.xTest } },
      "d/x_test.npy: an image has shape (6) but one of d/x_train.npy has (2,3)",
    ],
    [{ x_train: { shape: [18], data: TINY.xTrain } }, "images of shape (18) are not understood"],
    [
      { x_train: { shape: [3, 1, 2, 3, 1], data: TINY.xTrain } },
      "d/x_train.npy: images of shape (3,1,2,3,1) are not understood; save them as (N, height",
    ],
    [
      { x_train: { shape: [3, 2, 1, 3], data: TINY.xTrain } },
      "d/x_test.npy: an image has shape (2,3) but one of d/x_train.npy has (2,1,3)",
    ],
    [
      { x_train: { shape: [3, 1, 1, 6], data: TINY.xTrain } },
      "d/x_train.npy: images of shape (3,1,1,6) seem to have their channels first; save them as",
    ],
    [{ x_test: { shape: [0, 2, 3], data: new Uint8Array() } }, "(0,2,3) holds no examples"],
    [{ x_train: { shape: [3, 0], data: new Uint8Array() } }, "(3,0) holds no examples"],
    [{ y_train: labels(0, -1, 2) }, "d/y_train.npy: label -1 at index 1 is not a whole number"],
    [{ y_train: labels(0, 1, 256) }, "label 256 at index 2"],
    [{ y_test: labels(0.5, 1) }, "d/y_test.npy: label 0.5 at index 0"],
    [{ y_test: labels(1, NaN) }, "label NaN at index 1"],
    [{ y_train: { shape: [1, 1, 3], data: TINY.yTrain } }, "labels of shape (1,1,3)"],
    [
      { y_test: { shape: [2, 2], data: Uint8Array.of(1, 0, 1, 1) } },
      "d/y_test.npy: row 1 is not one-hot",
    ],
    [{ y_test: { shape: [2, 2], data: Uint8Array.of(0, 0, 0, 1) } }, "row 0 is not one-hot"],
    [{ y_test: { shape: [2, 2], data: Float32Array.of(1, NaN, 0, 1) } }, "row 0 is not one-hot"],
    [
      { y_test: { shape: [2, 300], data: new Uint8Array(600) } },
      "one-hot labels of 300 classes; at most 256",
    ],
    [
      {
        x_train: pixels([0, 1, 0], [0, 0.5, 0], [0, 0, 0]),
        x_test: pixels([255, 0, 0], [0, 0, 0]),
      },
      "d/x_train.npy: training example 1 has 0.5 at feature 1, no whole number, but test example 0 has " +
      "255 at feature 0; save all images unscaled, as numpy.uint8, or all of them scaled to 0..1",
    ],
    [
      { x_train: pixels([0, 1, 0], [0, 0, 0], [256, 0, 0]), x_test: pixels([9, 0, 0], [0, 0, 0]) },
      "d/x_train.npy: training example 2 has 256 at feature 0, no number from 0 to 255; save",
    ],
    [
      { x_train: pixels([7.5], [1], [0]), x_test: pixels([1], [0]) },
      "d/x_train.npy: training example 0 has 7.5 at feature 0, no whole number; save all images",
    ],
    [
      { x_train: pixels([0.5], [1], [0]), x_test: pixels([1], [-0.25]) },
      "d/x_test.npy: test example 1 has -0.25 at feature 0, no number from 0 to 255",
    ],
    [
      { x_train: pixels([7, 8], [7, NaN], [0, 0]), x_test: pixels([1, 0], [0, 0]) },
      "d/x_train.npy: training example 1 has NaN at feature 1",
    ],
    [
      { x_train: pixels([0.5], [1], [0]), x_test: pixels([1], [Infinity]) },
      "d/x_test.npy: test example 1 has Infinity at feature 0",
    ],
  ];
  for (const [changes, message] of cases) {
    const storage = await npyFolder(changes);
    const error = await assertRejects(
      () => loadExampleFolder(storage, "d", "tiny"),
      FormatError,
      message,
    );
    assert(!error.message.includes("\n"));
  }
});
