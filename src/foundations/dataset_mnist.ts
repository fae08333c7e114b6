/** MNIST, or a dataset in the same files (the original's DatasetMnist). */

import { loadExampleFolder } from "../datasets/files/folder.ts";
import type { GivenSets } from "../datasets/examples.ts";
import { DatasetBase, type DatasetOptions } from "./dataset_base.ts";
import type { Storage } from "../storage/storage.ts";

/** Choices of a `DatasetMnist`. Default normalization: images divided by their L2 norm. */
export interface DatasetMnistOptions extends DatasetOptions {
  /** Whether an example is a vector of 784 values rather than 28 rows of 28. Default: true. */
  flatten?: boolean;
}

/** Where the files of a `DatasetMnist` are, beside its choices. */
export interface DatasetMnistFiles extends DatasetMnistOptions {
  /** The storage that holds the files. */
  storage: Storage;
  /**
   * The folder: four IDX files named as MNIST's, raw or .gz, or x_train.npy, y_train.npy,
   * x_test.npy and y_test.npy.
   */
  location: string;
}

/**
 * Images of digits with the original's defaults: each image divided by its L2 norm, no validation
 * split. The original trains on batches of 64.
 *
 * ```ts
 * import { DatasetMnist, makeSyntheticDigits } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * // With the files of MNIST: await DatasetMnist.load({ storage, location: "data/mnist" }).
 * const digits = await makeSyntheticDigits({ seed: 1, trainCount: 100, testCount: 20 });
 * const dataset = new DatasetMnist(digits, { flatten: false, validationSize: 10 });
 * assertEquals([dataset.trainCount, dataset.exampleShape], [90, [28, 28]]);
 * assertEquals([dataset.normalization, dataset.features], ["l2", 784]);
 * ```
 */
export class DatasetMnist extends DatasetBase {
  /**
   * Shape of an example: [784], or [28, 28] if it is not flattened. A network sees the values of
   * its rows one after the other either way.
   */
  readonly exampleShape: readonly number[];

  /**
   * Examples as this dataset normalizes them.
   *
   * @param sets examples that are in memory already; `load` reads them from files
   * @throws InputError as `DatasetBase`
   */
  constructor(sets: GivenSets, options: DatasetMnistOptions = {}) {
    const { flatten = true, normalization = "l2" } = options;
    super(sets, { ...options, normalization });
    this.exampleShape = flatten || !sets.imageShape ? [sets.train.features] : sets.imageShape;
  }

  /**
   * Reads the examples of a folder.
   *
   * @throws NotFoundError, FormatError naming the file that is missing or damaged; InputError as
   *   `DatasetBase`
   */
  static async load(
    { storage, location, ...options }: DatasetMnistFiles,
  ): Promise<DatasetMnist> {
    return new DatasetMnist(await loadExampleFolder(storage, location, "mnist"), options);
  }
}
