/**
 * Labelled examples in memory, the form in which every dataset reader hands them on.
 */

import type { GivenExamples } from "../engine/mod.ts";

/** `count` examples of `features` values each, with integer class labels. */
export interface Examples {
  /** (count, features) row-major: bytes 0..255 (pixels) or 32-bit floats. */
  inputs: Uint8Array | Float32Array;
  /** (count) class labels in [0, classes). */
  labels: Uint8Array;
  /** Number of examples. */
  count: number;
  /** Values of an example. */
  features: number;
  /**
   * Whether these are images of values from 0 to 1, as floats or as bytes v that stand for v/255:
   * "l2" divides each by its norm, "unit" and "none" leave them as they are.
   */
  isUnit?: boolean;
}

/** (height, width) of an image of one channel; (height, width, channels), channels last. */
export type ImageShape = [number, number] | [number, number, number];

/** The examples of a dataset. */
export interface ExampleSets {
  /** Where the examples come from, as recorded in run.json: "mnist", "synthetic-digits", … */
  name: string;
  /** Number of classes: 1 to 256. */
  classes: number;
  /** Of an image, where the inputs are images. */
  imageShape?: ImageShape;
  /** Training examples; a validation set is split off them by the experiment. */
  train: Examples;
  /** Examples that are never trained on. */
  test: Examples;
}

/** The same as callers may give them: with arrays of any number type. */
export interface GivenSets extends Omit<ExampleSets, "train" | "test"> {
  /** Training examples; a validation set is split off them by the experiment. */
  train: GivenExamples;
  /** Examples that are never trained on. */
  test: GivenExamples;
}
