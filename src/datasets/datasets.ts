/** DATASETS, the table of the datasets that `--dataset` chooses from: a module and a row each. */

import { CIFAR_10 } from "./cifar_10.ts";
import type { ExampleSets } from "./examples.ts";
import { FASHION_MNIST } from "./fashion_mnist.ts";
import { MNIST } from "./mnist.ts";
import type { PublishedDataset } from "./published.ts";
import { SYNTHETIC_DIGITS } from "./synthetic_digits.ts";

/** A dataset that is made here. */
export interface BuiltInDataset {
  name: string;
  /** As people write it. */
  label: string;
  /** Makes the examples: one fixed dataset, as a published one is. */
  make(): Promise<ExampleSets>;
}

export const DATASETS = {
  "mnist": MNIST,
  "fashion-mnist": FASHION_MNIST,
  "cifar-10": CIFAR_10,
  "synthetic-digits": SYNTHETIC_DIGITS,
} satisfies Record<string, PublishedDataset | BuiltInDataset>;

/** The name of a dataset. */
export type DatasetName = keyof typeof DATASETS;
/** The name of one that can be downloaded. */
export type PublishedName = {
  [N in DatasetName]: (typeof DATASETS)[N] extends PublishedDataset ? N : never;
}[DatasetName];

/** All names. */
export const DATASET_NAMES = Object.keys(DATASETS) as [DatasetName, ...DatasetName[]];

/** The names of those that can be downloaded. */
export const PUBLISHED_NAMES = DATASET_NAMES.filter((name): name is PublishedName =>
  isPublished(name)
);

/** The dataset that `auto` chooses. */
export const USUAL = "mnist";
/** The dataset that `auto` chooses where the usual one cannot be had. */
export const FALLBACK = "synthetic-digits";

/** A value of `--dataset`. */
export type DatasetChoice = "auto" | DatasetName;

/** The values of `--dataset`. */
export const DATASET_CHOICES: readonly DatasetChoice[] = ["auto", ...DATASET_NAMES];

/** Examples that are none of these: what run.json calls them. */
export const CUSTOM = "custom";

/** Whether a dataset can be downloaded, or is made here. */
export function isPublished(name: DatasetName): name is PublishedName {
  return "mirrors" in DATASETS[name];
}

/** The choice that finds the examples of a run again, by the name that its record has. */
export function choiceFor(name: DatasetName | typeof CUSTOM): DatasetChoice {
  return name === CUSTOM ? "auto" : name;
}
