/**
 * MNIST, or what is kept as MNIST is (the original's DatasetMnist): takes a folder, gives a dataset to
 * train on.
 */

import { loadExampleFolder } from "../datasets/folder.ts";
import type { ExampleSets } from "../datasets/examples.ts";
import { DatasetBase, type DatasetOptions } from "../foundations/dataset_base.ts";
import type { Storage } from "../storage/storage.ts";

/** Choices of a `DatasetMnist`; those of the base class have the original's defaults. */
export interface DatasetMnistOptions extends DatasetOptions {
  /** Whether an example is a vector of 784 values rather than 28 rows of 28. Default: true. */
  flatten?: boolean;
}

/** Images of digits, each divided by its L2 norm unless `normalization` says otherwise. */
export class DatasetMnist extends DatasetBase {
  /**
   * Shape of an example: [784], or [28, 28] if it is not flattened. A network sees the values of its rows
   * one after the other either way.
   */
  readonly exampleShape: readonly number[];

  /**
   * Examples as this dataset normalizes them.
   *
   * @param sets examples that are in memory already; `load` reads them from files
   * @throws InputError as `DatasetBase`
   */
  constructor(sets: ExampleSets, options: DatasetMnistOptions = {}) {
    const { flatten = true, normalization = "l2" } = options;
    super(sets, { ...options, normalization });
    this.exampleShape = flatten || !sets.imageShape ? [sets.train.features] : sets.imageShape;
  }

  /**
   * Reads a folder with the four IDX files of MNIST, raw or .gz, or with x_train.npy, y_train.npy,
   * x_test.npy and y_test.npy.
   *
   * @throws NotFoundError, FormatError naming the file that is missing or damaged
   */
  static async load(
    storage: Storage,
    location: string,
    options: DatasetMnistOptions = {},
  ): Promise<DatasetMnist> {
    return new DatasetMnist(await loadExampleFolder(storage, location, "mnist"), options);
  }
}
