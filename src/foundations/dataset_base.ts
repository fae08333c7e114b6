/**
 * A dataset as one run sees it (the original's DatasetBase). Describes the training, validation and
 * test splits; copies no example, since the engine applies split, order and label map on the GPU.
 */

import type { ExampleSets, GivenSets } from "../datasets/examples.ts";
import {
  type Augmentation,
  type AugmentName,
  type ChannelStatistics,
  channelStatistics,
  checkAugments,
  checkExamples,
  checkNormalization,
  MOST_CLASSES,
  type Normalization,
} from "../engine/mod.ts";
import { checkKey, type Key, RandomStream } from "../engine/random.ts";
import { InputError } from "../errors.ts";
import { runKey } from "./seeds.ts";

/** Choices that may differ between two runs on the same examples. */
export interface DatasetOptions {
  /** Pixels to inputs; float inputs are used as they are. Default: unit. */
  normalization?: Normalization;
  /**
   * How training images are changed, anew in every iteration; those that are evaluated never are,
   * and scores of untrained weights are of images as they are too. Default: not.
   */
  augment?: readonly AugmentName[];
  /** Training examples kept apart for validation. Default: 0. */
  validationSize?: number;
  /** Whether to train on labels renamed by a random permutation of the classes. */
  permuteLabels?: boolean;
  /**
   * Seed of split, order, permutation and augmentation: an integer from 0 to 2^53 - 1. Default: 0.
   */
  seed?: number;
  /** Seed of the order of the training examples alone. Default: `seed`. */
  trainOrderSeed?: number;
  /** Key of the choice of the validation examples; null: the last ones. Default: by seed. */
  splitKey?: Key | null;
  /** Key of the order of the training examples, a new permutation every epoch. Default: by seed. */
  orderKey?: Key;
  /** Key of crops and mirrorings. Default: by seed. */
  augmentKey?: Key;
  /** Key of a permutation of the labels; null: labels as they are. Default: `permuteLabels`. */
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
  /** The examples as the engine takes them: those that were given where they are right. */
  readonly sets: ExampleSets;
  /** How pixels become inputs. */
  readonly normalization: Normalization;
  /** Means and deviations for "standardize"; absent where nothing is standardized. */
  readonly statistics?: ChannelStatistics;
  /** How training images are changed; null: not. */
  readonly augment: Augmentation | null;
  /** Key of crops and mirrorings. */
  readonly augmentKey: Key;
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
   * Describes the splits. Inputs that are bytes or 32-bit floats and labels that are bytes are not
   * copied; other arrays are converted, once for all datasets of these sets.
   *
   * @param given the examples: inputs in typed arrays of integers are pixels, 0 to 255, which are
   *   normalized; those in arrays and in typed arrays of floats are used as they are
   * @throws InputError naming split, example and value that cannot be used; also if the validation
   *   split leaves nothing to train on, a seed or key cannot be used, or examples that are no
   *   images are to be augmented
   */
  constructor(given: GivenSets, options: DatasetOptions = {}) {
    this.sets = checkSets(given);
    const { validationSize = 0, permuteLabels = false, seed = 0, trainOrderSeed = seed } = options;
    const {
      splitKey = runKey({ seed, purpose: "split" }),
      orderKey = runKey({ seed: trainOrderSeed, purpose: "order" }),
      augmentKey = runKey({ seed, purpose: "augment" }),
      labelKey = permuteLabels ? runKey({ seed, purpose: "labels" }) : null,
    } = options;
    const { sets: { train: { count }, classes } } = this;
    if (!Number.isInteger(validationSize) || validationSize < 0 || validationSize >= count) {
      throw new InputError(
        `validation size ${validationSize} cannot be split off ${count} training examples; ` +
          `give a whole number from 0 to ${count - 1} (--validation-size)`,
      );
    }
    for (const key of [splitKey, orderKey, augmentKey, labelKey]) if (key !== null) checkKey(key);
    this.normalization = options.normalization ?? "unit";
    checkNormalization(this.normalization);
    if (this.normalization === "standardize") this.statistics = statisticsOf(this.sets);
    this.augment = augmentationOf(options.augment ?? [], this.sets);
    this.augmentKey = augmentKey;
    this.trainCount = count - validationSize;
    this.validationCount = validationSize;
    this.splitKey = validationSize === 0 ? null : splitKey;
    this.orderKey = orderKey;
    this.labelMap = labelKey && permutedLabels(classes, labelKey);
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

/** Sets by what was given: runs that share the one share the other, and can be trained together. */
const checkedSets = new WeakMap<GivenSets, { given: GivenSets; sets: ExampleSets }>();

/** The sets as the engine takes them; the same object if nothing must change. */
function checkSets(given: GivenSets): ExampleSets {
  if (typeof given !== "object" || given === null) {
    throw new InputError("a dataset needs its sets: give { name, classes, train, test }");
  }
  const known = checkedSets.get(given);
  if (known && known.given.train === given.train && known.given.test === given.test) {
    return known.sets;
  }
  const { name, classes, imageShape } = given;
  if (!Number.isInteger(classes) || classes < 1 || classes > MOST_CLASSES) {
    throw new InputError(
      `dataset ${name}: ${classes} classes; labels are bytes, so use 1 to ${MOST_CLASSES}`,
    );
  }
  const train = checkExamples(given.train, "training", classes);
  const test = checkExamples(given.test, "test", classes);
  if (train.features !== test.features) {
    throw new InputError(
      `dataset ${name}: training examples have ${train.features} values and test examples ` +
        `${test.features}; give both as many`,
    );
  }
  if (imageShape && imageShape.reduce((a, b) => a * b, 1) !== train.features) {
    throw new InputError(
      `dataset ${name}: images of ${
        imageShape.join(" x ")
      } do not have ${train.features} values; ` +
        "give their height and width, and their channels in colour",
    );
  }
  const isRight = train === given.train && test === given.test;
  const sets = isRight ? given as ExampleSets : { ...given, train, test };
  checkedSets.set(given, { given: { ...given }, sets });
  return sets;
}

/**
 * How the training images of these sets are changed; null without names.
 *
 * @throws InputError for a name that is unknown or there twice, and for examples that are no images
 */
export function augmentationOf(
  names: readonly AugmentName[],
  { name, imageShape, train: { features } }: Pick<ExampleSets, "name" | "imageShape" | "train">,
): Augmentation | null {
  const checked = checkAugments(names);
  if (checked.length === 0) return null;
  if (!imageShape) {
    throw new InputError(
      `augmentation ${
        checked.join(",")
      } is of images, and the examples of ${name} are ${features} ` +
        "values without height and width: leave it out, or give arrays of (N, height, width)",
    );
  }
  const [height, width, channels = 1] = imageShape;
  return { names: checked, image: [height, width, channels] };
}

/** Statistics by sets: all runs on the same examples share them. */
const knownStatistics = new WeakMap<ExampleSets, ChannelStatistics>();

/**
 * Means and deviations by which "standardize" gives each channel of the training pool the mean 0
 * and the standard deviation 1 over all pixels. Examples that are not images have one channel.
 * Which of the pool a run validates on makes no difference, and the test set has no part in it.
 */
export function statisticsOf(sets: ExampleSets): ChannelStatistics {
  const known = knownStatistics.get(sets) ??
    channelStatistics(sets.train, sets.imageShape?.[2]);
  knownStatistics.set(sets, known);
  return known;
}

/** A random permutation of the labels 0..classes-1 (Fisher-Yates). */
function permutedLabels(classes: number, key: Key): Uint8Array {
  const labels = Uint8Array.from({ length: classes }, (_, label) => label);
  const stream = new RandomStream(key);
  for (let i = classes - 1; i > 0; i--) {
    const j = stream.integerBelow(i + 1);
    [labels[i], labels[j]] = [labels[j], labels[i]];
  }
  return labels;
}
