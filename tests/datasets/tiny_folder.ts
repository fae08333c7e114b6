/**
 * A tiny dataset in memory, as folders of IDX and of NumPy files, for tests of their readers.
 */

import { assertEquals } from "@std/assert";
import type { ExampleSets } from "../../src/datasets/examples.ts";
import { loadExampleFolder } from "../../src/datasets/files/folder.ts";
import { encodeIdx } from "../../src/formats/idx.ts";
import { encodeNpy, type NpyData } from "../../src/formats/npy.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { gzip } from "../../tasks/lib/gzip_bytes.ts";
import { IDX_FILES } from "../../src/datasets/published.ts";

/** Three training and two test images of 2×3 pixels, classes 0 to 3. */
export const TINY = {
  xTrain: Uint8Array.from({ length: 18 }, (_, i) => i * 15),
  yTrain: Uint8Array.of(3, 0, 1),
  xTest: Uint8Array.from({ length: 12 }, (_, i) => 255 - i),
  yTest: Uint8Array.of(2, 0),
};

/** The sets that they hold. */
export const TINY_SETS: ExampleSets = {
  name: "tiny",
  classes: 4,
  imageShape: [2, 3],
  train: { inputs: TINY.xTrain, labels: TINY.yTrain, count: 3, features: 6 },
  test: { inputs: TINY.xTest, labels: TINY.yTest, count: 2, features: 6 },
};

/** Folder `d` with the four IDX files under these names, gzipped where the name says so. */
export async function idxFolder(names: readonly string[] = IDX_FILES): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const contents = [
    encodeIdx([3, 2, 3], TINY.xTrain),
    encodeIdx([3], TINY.yTrain),
    encodeIdx([2, 2, 3], TINY.xTest),
    encodeIdx([2], TINY.yTest),
  ];
  for (const [i, name] of names.entries()) {
    const content = name.endsWith(".gz") ? await gzip(contents[i]) : contents[i];
    await storage.write(`d/${name}`, content);
  }
  return storage;
}

/** The four arrays of a NumPy folder. */
export interface Arrays {
  x_train: { shape: number[]; data: NpyData };
  y_train: { shape: number[]; data: NpyData };
  x_test: { shape: number[]; data: NpyData };
  y_test: { shape: number[]; data: NpyData };
}

/** Folder `d` with the four arrays, some of them changed. */
export async function npyFolder(changes: Partial<Arrays> = {}): Promise<MemoryStorage> {
  const arrays: Arrays = {
    x_train: { shape: [3, 2, 3], data: TINY.xTrain },
    y_train: { shape: [3], data: TINY.yTrain },
    x_test: { shape: [2, 2, 3], data: TINY.xTest },
    y_test: { shape: [2], data: TINY.yTest },
    ...changes,
  };
  const storage = new MemoryStorage();
  for (const [name, array] of Object.entries(arrays)) {
    await storage.write(`d/${name}.npy`, encodeNpy(array));
  }
  return storage;
}

/** The same sets with plain arrays, so that views and copies compare equal. */
export function plain(sets: ExampleSets) {
  const examples = (e: ExampleSets["train"]) => ({
    ...e,
    inputs: [...e.inputs],
    labels: [...e.labels],
  });
  return { ...sets, train: examples(sets.train), test: examples(sets.test) };
}

/** Asserts that folder `d` loads as `expected`. */
export async function assertLoads(storage: MemoryStorage, expected: ExampleSets) {
  assertEquals(plain(await loadExampleFolder(storage, "d", "tiny")), plain(expected));
}
