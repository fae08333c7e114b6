/** CIFAR-10 (Krizhevsky 2009), its binary version. The MD5 is the published one. */

import { CIFAR_CLASSES, CIFAR_RECORD, CIFAR_SHAPE } from "../formats/cifar.ts";
import type { PublishedArchive } from "./published.ts";

/** The files of 10,000 records each. */
export const CIFAR_TRAIN_FILES = [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`);
/** The last that a download writes: with it the folder is whole. */
export const CIFAR_TEST_FILE = "test_batch.bin";
/** Images of the whole dataset. */
export const CIFAR_TRAIN_COUNT = 50_000, CIFAR_TEST_COUNT = 10_000;

/** Names of the classes, by their labels. */
export const CIFAR_LABELS = [
  ...["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
];

export const CIFAR_10: PublishedArchive = {
  name: "cifar-10",
  label: "CIFAR-10",
  shape: CIFAR_SHAPE,
  classes: CIFAR_CLASSES,
  archive: {
    name: "cifar-10-binary.tar.gz",
    maxBytes: 2e8,
    md5: "c32a1d4ab5d03f1284b67883e8d87530",
    folder: "cifar-10-batches-bin",
    files: [...CIFAR_TRAIN_FILES, CIFAR_TEST_FILE],
    fileBytes: CIFAR_TEST_COUNT * CIFAR_RECORD,
  },
  mirrors: ["https://www.cs.toronto.edu/~kriz/"],
};
