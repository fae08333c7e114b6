/**
 * A dataset as one run sees it (the original's DatasetBase). Takes examples, how to normalize them and
 * the keys of its random choices; gives the training, validation and test splits by description: no
 * example is copied, the engine applies split, order and label map on the GPU.
 */

import type { ExampleSets } from "../datasets/examples.ts";
import type { Normalization } from "../engine/mod.ts";
import { type Key, RandomStream } from "../engine/random.ts";
import { InputError } from "../errors.ts";

/** Choices that may differ between two runs on the same examples. */
export interface DatasetOptions {
  /** Pixels to inputs; float inputs are used as they are. Default: unit. */
  normalization?: Normalization;
  /** Training examples kept apart for validation. Default: 0. */
  validationSize?: number;
  /** Key of the choice of the validation examples; null: the last ones of the training set. */
  splitKey?: Key | null;
  /** Key of the order in which training examples are visited, a new permutation every epoch. */
  orderKey: Key;
  /** Key of a random permutation of the labels; null: labels as they are. */
  labelKey?: Key | null;
}

/** See the head of this file. */
export class DatasetBase {
  readonly normalization: Normalization;
  /** Examples to train on. */
  readonly trainCount: number;
  readonly validationCount: number;
  readonly splitKey: Key | null;
  readonly orderKey: Key;
  /** labelMap[label] is the label to train on; null if labels are not permuted. */
  readonly labelMap: Uint8Array | null;

  /** @throws InputError if the validation split leaves nothing to train on */
  constructor(readonly sets: ExampleSets, options: DatasetOptions) {
    const { validationSize = 0, splitKey = null, labelKey = null } = options;
    const { count } = sets.train;
    if (!Number.isInteger(validationSize) || validationSize < 0 || validationSize >= count) {
      throw new InputError(
        `validation size ${validationSize} cannot be split off ${count} training examples; ` +
          `give a whole number from 0 to ${count - 1}`,
      );
    }
    this.normalization = options.normalization ?? "unit";
    this.trainCount = count - validationSize;
    this.validationCount = validationSize;
    this.splitKey = validationSize === 0 ? null : splitKey;
    this.orderKey = options.orderKey;
    this.labelMap = labelKey && permutedLabels(sets.classes, labelKey);
  }

  /** Inputs per example. */
  get features(): number {
    return this.sets.train.features;
  }

  get classes(): number {
    return this.sets.classes;
  }
}

/** A random permutation of the labels 0..classes-1 (Fisher-Yates). */
function permutedLabels(classes: number, key: Key): Uint8Array {
  const labels = Uint8Array.from({ length: classes }, (_, label) => label);
  const stream = new RandomStream(key);
  for (let i = classes - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    [labels[i], labels[j]] = [labels[j], labels[i]];
  }
  return labels;
}
