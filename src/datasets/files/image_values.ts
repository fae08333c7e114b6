/**
 * Turns the values of image files into inputs. All image arrays of a dataset are treated alike: if
 * every value lies between 0 and 1, they are inputs as they are, as in the original; otherwise they
 * are pixels, whole numbers from 0 to 255.
 */

import { FormatError } from "../../errors.ts";
import { nearestHalf } from "../../formats/half.ts";
import type { SourceArray } from "./source_array.ts";

/** Inputs, in the order of the arrays. */
export interface ImageValues {
  /** Bytes where nothing is lost, for floats take four times the memory. */
  inputs: (Uint8Array | Float32Array)[];
  /** Whether the files hold values from 0 to 1; bytes v then stand for v/255. */
  isUnit: boolean;
}

/** Images of pixels that are all below this may have another white than 255. */
const DARK = 128;

/** The images of a split. */
export interface SplitImages {
  /** The split's name in messages. */
  split: "training" | "test";
  array: SourceArray;
}

/**
 * The values of the images of a dataset, as the engine takes them.
 *
 * @param onNotice receives a line where integers may have been meant otherwise
 * @throws FormatError naming file, split, example, feature and value that fit neither
 */
export function readImageValues(
  images: readonly SplitImages[],
  onNotice: (line: string) => void,
): ImageValues {
  const arrays = images.map(({ array }) => array);
  const notUnit = find(images, (value) => !(value >= 0 && value <= 1));
  if (notUnit === null) {
    const integers = arrays.find(({ dtype }) => /[iu]\d$/.test(dtype));
    if (integers && find(images, (value) => value === 1) !== null) {
      onNotice(
        `${integers.where} holds only 0 and 1: they are used as they are, not divided by 255`,
      );
    }
    const bytes = arrays.map(asFractions);
    return bytes.includes(null)
      ? { inputs: arrays.map(({ data }) => Float32Array.from(data)), isUnit: true }
      : { inputs: bytes as Uint8Array[], isUnit: true };
  }
  const others = images.filter(({ array }) => !(array.data instanceof Uint8Array));
  const outside = find(others, (value) => !(value >= 0 && value <= 255));
  if (outside !== null) throw misfit(outside, "no number from 0 to 255");
  const fraction = find(others, (value) => !Number.isInteger(value));
  if (fraction !== null) {
    const isUnit = fraction.value < 1;
    throw misfit(fraction, isUnit ? `no whole number, but ${place(notUnit)}` : "no whole number");
  }
  if (find(images, (value) => value >= DARK) === null) {
    let white = 0;
    for (const { data } of arrays) for (const value of data) white = Math.max(white, value);
    onNotice(
      `${
        arrays[0].where
      }: no pixel is above ${white}, and pixels are divided by 255; if ${white} ` +
        "is white, save the images scaled to 0..1",
    );
  }
  return {
    inputs: arrays.map(({ data }) => data instanceof Uint8Array ? data : Uint8Array.from(data)),
    isUnit: false,
  };
}

/** An element that breaks a rule. */
interface Found {
  images: SplitImages;
  index: number;
  value: number;
}

/** The first element for which `test` holds. */
function find(all: readonly SplitImages[], test: (value: number) => boolean): Found | null {
  for (const images of all) {
    const { data } = images.array;
    for (let index = 0; index < data.length; index++) {
      const value = data[index];
      if (test(value)) return { images, index, value };
    }
  }
  return null;
}

function place({ images: { split, array }, index, value }: Found): string {
  const features = array.data.length / array.shape[0];
  return `${split} example ${Math.floor(index / features)} has ${value} at feature ` +
    `${index % features}`;
}

function misfit(found: Found, why: string): FormatError {
  return new FormatError(
    `${found.images.array.where}: ${
      place(found)
    }, ${why}; save all images unscaled, as numpy.uint8, ` +
      "or all of them scaled to 0..1",
  );
}

/**
 * Values from 0 to 1 as bytes v that stand for v/255, if each is such a fraction rounded to a
 * 32-bit float, or to 16 bits where the file has these; else null.
 */
function asFractions({ data, dtype }: SourceArray): Uint8Array | null {
  const nearest = dtype.endsWith("f2") ? nearestHalf : Math.fround;
  const fractions = Float32Array.from({ length: 256 }, (_, v) => nearest(v / 255));
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const byte = Math.round(255 * data[i]);
    if (fractions[byte] !== Math.fround(data[i])) return null;
    bytes[i] = byte;
  }
  return bytes;
}
