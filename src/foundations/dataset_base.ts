/**
 * A dataset as one run sees it (the original's DatasetBase). Takes examples, how to normalize them and
 * the keys of its random choices; gives the training, validation and test splits by description: no
 * example is copied, the engine applies split, order and label map on the GPU.
 */

import type { ExampleSets } from "../datasets/examples.ts";
import type { Normalization } from "../engine/mod.ts";
import { type Key, RandomStream } from "../engine/random.ts";
import { InputError } from "../errors.ts";
import { runKey } from "./seeds.ts";

/** Choices that may differ between two runs on the same examples. */
export interface DatasetOptions {
  /** Pixels to inputs; float inputs are used as they are. Default: unit. */
  normalization?: Normalization;
  /** Training examples kept apart for validation. Default: 0. */
  validationSize?: number;
  /** Whether to train on labels renamed by a random permutation of the classes. */
  permuteLabels?: boolean;
  /** Seed of split, order and permutation: an integer from 0 to 2^53 - 1. Default: 0. */
  seed?: number;
  /** Seed of the order of the training examples alone. Default: `seed`. */
  trainOrderSeed?: number;
  /**
   * Key of the choice of the validation examples; null: the last ones of the training set. Default: by
   * seed.
   */
  splitKey?: Key | null;
  /**
   * Key of the order in which training examples are visited, a new permutation every epoch. Default: by
   * seed.
   */
  orderKey?: Key;
  /** Key of a random permutation of the labels; null: labels as they are. Default: `permuteLabels`. */
  labelKey?: Key | null;
}

/**
 * Examples and how one run sees them. A dataset of your own extends it, or is made of its arrays:
 *
 * ```ts
 * import { DatasetBase } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * // Four points with the label of their quadrant, for training and for testing.
 * const points = {
 *   inputs: Float32Array.of(1, 1, -1, 1, -1, -1, 1, -1),
 *   labels: Uint8Array.of(0, 1, 2, 3),
 *   count: 4,
 *   features: 2,
 * };
 * const sets = { name: "quadrants", classes: 4, train: points, test: points };
 * const dataset = new DatasetBase(sets, { normalization: "none", validationSize: 1 });
 * assertEquals([dataset.trainCount, dataset.validationCount, dataset.features], [3, 1, 2]);
 * ```
 */
export class DatasetBase {
  /** How pixels become inputs. */
  readonly normalization: Normalization;
  /** Examples to train on. */
  readonly trainCount: number;
  /** Examples kept apart for validation. */
  readonly validationCount: number;
  /** Key of the choice of the validation examples; null: the last ones. */
  readonly splitKey: Key | null;
  /** Key of the order of the training examples. */
  readonly orderKey: Key;
  /** labelMap[label] is the label to train on; null if labels are not permuted. */
  readonly labelMap: Uint8Array | null;

  /**
   * Describes the splits; nothing is read or copied.
   *
   * @param sets the examples
   * @throws InputError if the validation split leaves nothing to train on, or a seed cannot be used
   */
  constructor(readonly sets: ExampleSets, options: DatasetOptions = {}) {
    const { validationSize = 0, permuteLabels = false, seed = 0, trainOrderSeed = seed } = options;
    const {
      splitKey = runKey({ seed, purpose: "split" }),
      orderKey = runKey({ seed: trainOrderSeed, purpose: "order" }),
      labelKey = permuteLabels ? runKey({ seed, purpose: "labels" }) : null,
    } = options;
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
    this.orderKey = orderKey;
    this.labelMap = labelKey && permutedLabels(sets.classes, labelKey);
  }

  /** Inputs per example. */
  get features(): number {
    return this.sets.train.features;
  }

  /** Labels are 0 to classes - 1. */
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
