/**
 * Checks the labelled examples of a caller, in arrays of any number type, and converts them to
 * those that the engine uploads. A value that would become another one is refused by split, example
 * and value.
 */

import { InputError } from "../../errors.ts";
import {
  bytesOf,
  describe,
  firstNotFinite,
  floatsOf,
  type Numbers,
  numberType,
} from "../numbers.ts";

/**
 * How pixels become inputs: v/255; each image divided by its L2 norm; the raw values; v/255 less
 * the mean of its channel over the training pool, divided by its standard deviation. Floats are
 * inputs already, unless they are images or standardized.
 */
export type Normalization = "unit" | "l2" | "none" | "standardize";

/** All normalizations. */
export const NORMALIZATIONS: readonly Normalization[] = ["unit", "l2", "none", "standardize"];

/** Labelled examples. */
export interface ExampleArrays {
  /** (count, features), row-major. */
  inputs: Uint8Array | Float32Array;
  /** (count) */
  labels: Uint8Array;
  /** How many examples. */
  count: number;
  /** Inputs per example. */
  features: number;
  /**
   * Whether these are images of values from 0 to 1, as floats or as bytes v that stand for v/255:
   * "l2" divides each by its norm, "unit" and "none" leave them as they are.
   */
  isUnit?: boolean;
}

/** The same as callers may give them. */
export interface GivenExamples {
  /**
   * (count, features), row-major. Typed arrays of integers hold pixels, 0 to 255, which are
   * normalized. An array, and typed arrays of floats, are used as they are, in 32 bits.
   */
  inputs: Numbers;
  /** (count) whole numbers from 0. */
  labels: Numbers;
  /** How many examples. */
  count: number;
  /** Inputs per example. */
  features: number;
  /** See `ExampleArrays`. */
  isUnit?: boolean;
}

/** Most classes: labels are bytes. */
export const MOST_CLASSES = 256;

/**
 * The examples as the engine takes them; the same object if nothing must change.
 *
 * @param split   names them in errors: "training"
 * @param classes labels are below this
 * @throws InputError naming the split, and the example and value where one is at fault
 */
export function checkExamples(
  given: GivenExamples,
  split: string,
  classes: number = MOST_CLASSES,
): ExampleArrays {
  if (typeof given !== "object" || given === null) {
    throw new InputError(
      `${split}: ${describe(given)} are not examples: give { inputs, labels, count, features }`,
    );
  }
  const { count, features, isUnit } = given;
  const inputType = numberType(given.inputs, `${split} inputs`);
  const labelType = numberType(given.labels, `${split} labels`);
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1;
  if (!isCount(count) || !isCount(features)) {
    throw new InputError(
      `${split}: ${describe(count)} examples of ${describe(features)} values; give at least one`,
    );
  }
  if (given.inputs.length !== count * features || given.labels.length !== count) {
    const isOneHot = given.labels.length === count * classes;
    throw new InputError(
      `${split}: ${given.inputs.length} values and ${given.labels.length} labels for ${count} ` +
        `examples of ${features} values; pass ${count * features} and ${count}` +
        (isOneHot ? ", class numbers instead of one-hot rows" : ""),
    );
  }
  const refuse = (i: number) => refuseLabel(split, given.labels, i, classes);
  const labels = labelType === "Uint8" ? bytesOf(given.labels) : toBytes(given.labels, refuse);
  const stray = labels.findIndex((label) => label >= classes);
  if (stray !== -1) refuse(stray);
  const inputs = toInputs(given, inputType, split);
  const isRight = inputs === given.inputs && labels === given.labels;
  return isRight
    ? given as ExampleArrays
    : { inputs, labels, count, features, ...(isUnit && { isUnit }) };
}

/** @throws InputError for a name that is none. */
export function checkNormalization(normalization: Normalization): void {
  if (NORMALIZATIONS.includes(normalization)) return;
  throw new InputError(
    `normalization ${describe(normalization)} is unknown: use ${NORMALIZATIONS.join(", ")}`,
  );
}

function toInputs(
  { inputs: given, features }: GivenExamples,
  type: string,
  split: string,
): Uint8Array | Float32Array {
  const refuse = (i: number, why: string): never => {
    throw new InputError(
      `${split} inputs: example ${Math.floor(i / features)} has ${describe(given[i])} at feature ` +
        `${i % features}: ${why}`,
    );
  };
  if (type === "Uint8") return bytesOf(given);
  if (!type.startsWith("Float")) {
    return toBytes(given, (i) =>
      refuse(
        i,
        "integers are pixels, from 0 to 255; give a Float32Array for values that are used as " +
          "they are",
      ));
  }
  const why = "inputs must be finite 32-bit floats; correct the example or leave it out";
  const inputs = floatsOf(given, (i) => refuse(i, why));
  const bad = firstNotFinite(inputs);
  if (bad !== -1) refuse(bad, why);
  return inputs;
}

/** Whole numbers from 0 to 255 as bytes. */
function toBytes(values: Numbers, refuse: (index: number) => never): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < bytes.length; i++) {
    const value = values[i];
    if (typeof value !== "number") refuse(i);
    bytes[i] = value;
    if (bytes[i] !== value) refuse(i);
  }
  return bytes;
}

function refuseLabel(split: string, labels: Numbers, example: number, classes: number): never {
  throw new InputError(
    `${split} labels: example ${example} has the label ${describe(labels[example])}; labels are ` +
      `whole numbers from 0 to ${classes - 1}`,
  );
}
