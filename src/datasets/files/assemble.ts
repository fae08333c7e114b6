/**
 * From four arrays as they were read (images and labels, training and test) to `ExampleSets`, with
 * every check on shapes and values that a folder of someone else's files needs.
 */

import { FormatError } from "../../errors.ts";
import type { Examples, ExampleSets, ImageShape } from "../examples.ts";
import { readImageValues } from "./image_values.ts";
import type { SourceArray } from "./source_array.ts";
import { DATASETS, PUBLISHED_NAMES } from "../datasets.ts";

/** The arrays of a dataset, as its files give them. */
export interface SourceArrays {
  /**
   * (N, height, width), (N, height, width, channels) or (N, features), of any type: values that
   * are all from 0 to 1 here and in the test images, which are inputs as they are; else pixels,
   * whole numbers from 0 to 255.
   */
  trainImages: SourceArray;
  /** (N) or (N, 1) class numbers, or (N, classes) one-hot rows, of any type. */
  trainLabels: SourceArray;
  testImages: SourceArray;
  testLabels: SourceArray;
}

const MAX_CLASSES = 256;
/** The one flat size that is taken for an image: 28×28. */
const MNIST_FEATURES = 784;
/** Channels of an image of one colour, three, or four with its opacity. */
const MOST_COLOURS = 4;

/**
 * The checked dataset. Its number of classes is the largest label + 1, at least the width of
 * one-hot labels; 10 for MNIST and the other published ones.
 *
 * @param onNotice receives a line where values may have been meant otherwise
 * @throws FormatError naming the file, and the value and its index where one is at fault
 */
export function assembleSets(
  name: string,
  arrays: SourceArrays,
  onNotice: (line: string) => void = () => {},
): ExampleSets {
  const { trainImages, trainLabels, testImages, testLabels } = arrays;
  const counts = { train: checkImages(trainImages), test: checkImages(testImages) };
  const labels = {
    train: checkedLabels(trainLabels, trainImages),
    test: checkedLabels(testLabels, testImages),
  };
  const trainShape = exampleShape(trainImages), testShape = exampleShape(testImages);
  if (String(trainShape) !== String(testShape)) {
    throw new FormatError(
      `${testImages.where}: an image has shape (${testShape}) but one of ${trainImages.where} ` +
        `has (${trainShape}); give both sets the same shape`,
    );
  }
  let imageShape: ImageShape | undefined;
  if (trainShape.length > 1) imageShape = trainShape as ImageShape;
  else if (counts.train.features === MNIST_FEATURES) imageShape = [28, 28];
  const { inputs, isUnit } = readImageValues([
    { split: "training", array: trainImages },
    { split: "test", array: testImages },
  ], onNotice);
  const unit = isUnit ? { isUnit } : {};
  const published = PUBLISHED_NAMES.find((known) => known === name);
  // A small excerpt may lack examples of some classes.
  const classes = published
    ? DATASETS[published].classes
    : Math.max(labels.train.classes, labels.test.classes);
  if (published) {
    checkPublishedLabels(name, classes, labels.train.values, trainLabels.where);
    checkPublishedLabels(name, classes, labels.test.values, testLabels.where);
  }
  if (!published) noteUnseenClasses(classes, labels.train.values, trainLabels.where, onNotice);
  return {
    name,
    classes,
    ...(imageShape && { imageShape }),
    train: { inputs: inputs[0], labels: labels.train.values, ...counts.train, ...unit },
    test: { inputs: inputs[1], labels: labels.test.values, ...counts.test, ...unit },
  };
}

function checkPublishedLabels(
  name: string,
  classes: number,
  labels: Uint8Array,
  where: string,
): void {
  const at = labels.findIndex((label) => label >= classes);
  if (at < 0) return;
  throw new FormatError(
    `${where}: label ${labels[at]} at index ${at}, but ${name} has ${classes} classes, numbered ` +
      "from 0; correct it, or give the dataset a name of its own",
  );
}

/** Says so where a class has no training example: its number may be a slip. */
function noteUnseenClasses(
  classes: number,
  labels: Uint8Array,
  where: string,
  onNotice: (line: string) => void,
): void {
  const seen = new Set(labels);
  const unseen = Array.from({ length: classes }, (_, label) => label).filter((c) => !seen.has(c));
  if (unseen.length === 0) return;
  const named = unseen.length > 3 ? `${unseen.slice(0, 3).join(", ")}, …` : unseen.join(", ");
  onNotice(
    `${where}: ${classes} classes, since the largest label is ${classes - 1}, but no training ` +
      `example of ${unseen.length} of them (${named}); correct the labels if that is not intended`,
  );
}

/** How many images there are, and of how many values. */
function checkImages({ shape, where }: SourceArray): Pick<Examples, "count" | "features"> {
  if (shape.length < 2 || shape.length > 4) {
    throw new FormatError(
      `${where}: images of shape (${shape}) are not understood; save them as (N, height, width), ` +
        `(N, height, width, channels) or (N, features)`,
    );
  }
  const [, first, , last] = shape;
  if (shape.length === 4 && first <= MOST_COLOURS && last > MOST_COLOURS) {
    throw new FormatError(
      `${where}: images of shape (${shape}) seem to have their channels first; save them as (N, ` +
        `height, width, channels), as numpy.moveaxis(images, 1, 3) has them`,
    );
  }
  const count = shape[0], features = shape.slice(1).reduce((product, n) => product * n, 1);
  if (count === 0 || features === 0) {
    throw new FormatError(`${where}: shape (${shape}) holds no examples; save at least one`);
  }
  return { count, features };
}

/** The shape of one image; one channel is none of its own. */
function exampleShape({ shape }: SourceArray): number[] {
  return shape.length === 4 && shape[3] === 1 ? shape.slice(1, 3) : shape.slice(1);
}

function checkedLabels(labels: SourceArray, images: SourceArray): LabelNumbers {
  const numbers = labelNumbers(labels), [count] = images.shape;
  if (numbers.values.length !== count) {
    throw new FormatError(
      `${labels.where}: ${numbers.values.length} labels for the ${count} images of ` +
        `${images.where}; save one label per image`,
    );
  }
  return numbers;
}

/** The class numbers of a label array, and the number of classes that they show. */
interface LabelNumbers {
  values: Uint8Array;
  classes: number;
}

function labelNumbers(labels: SourceArray): LabelNumbers {
  const { shape, where } = labels;
  if (shape.length === 2 && shape[1] > 1) return oneHotNumbers(labels);
  if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1)) {
    throw new FormatError(
      `${where}: labels of shape (${shape}) are not understood; save them as (N) class numbers ` +
        `or (N, classes) one-hot rows`,
    );
  }
  const values = labelBytes(labels);
  return { values, classes: values.reduce((most, label) => Math.max(most, label), 0) + 1 };
}

function oneHotNumbers({ shape, data, where }: SourceArray): LabelNumbers {
  const [count, classes] = shape;
  if (classes > MAX_CLASSES) {
    throw new FormatError(
      `${where}: one-hot labels of ${classes} classes; at most ${MAX_CLASSES} are supported`,
    );
  }
  const values = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const row = data.subarray(i * classes, (i + 1) * classes);
    values[i] = row.indexOf(1);
    if (!row.includes(1) || !row.every((value, label) => value === (label === values[i] ? 1 : 0))) {
      throw new FormatError(
        `${where}: row ${i} is not one-hot (a single 1, the rest 0); save (N) class numbers ` +
          `instead`,
      );
    }
  }
  return { values, classes };
}

/** The class numbers as bytes; the array itself if it holds bytes already. */
function labelBytes({ data, where }: SourceArray): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    bytes[i] = data[i];
    if (bytes[i] !== data[i]) {
      throw new FormatError(
        `${where}: label ${
          data[i]
        } at index ${i} is not a whole number 0 to 255; number the classes ` +
          `from 0, at most 256 of them`,
      );
    }
  }
  return bytes;
}
