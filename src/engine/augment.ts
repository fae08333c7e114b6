/**
 * Random crops and mirrorings of training images (data augmentation), as is usual for CIFAR-10:
 * which there are, and what a row of a batch shows of its example. The gather kernel draws the same
 * views from the same words (shaders/view_augmented.wgsl), and costs, in whole iterations on
 * llvmpipe and two cores: LeNet-300-100 MEASURE, with 3% of its weights MEASURE, lenet-5 MEASURE.
 */

import { InputError } from "../errors.ts";
import type { LayerImage } from "./layer_spec.ts";
import { describe } from "./numbers.ts";
import { type Key, mix } from "./random.ts";

/** All augmentations, in the order in which they are applied. */
export const AUGMENTS = ["crop", "flip"] as const;
/**
 * crop: the image in a frame of `FRAME` black pixels (0 before any normalization), and of that a
 * window of the image's size at a random place; flip: mirrored left to right with probability 1/2.
 */
export type AugmentName = typeof AUGMENTS[number];

/** How training images are changed. */
export interface Augmentation {
  /** One or both, in their order. */
  names: readonly AugmentName[];
  /** Shape of an image. */
  image: LayerImage;
}

/** Pixels of the frame on each side. */
export const FRAME = 4;
/** Places of a window along each axis. */
export const PLACES = 2 * FRAME + 1;

/** What a row of a batch shows of its example. */
export interface View {
  /** Where the window begins in the frame, 0 to 2 · `FRAME`; `FRAME` is the image as it is. */
  top: number;
  left: number;
  isMirrored: boolean;
}

/**
 * Names in their order.
 *
 * @throws InputError for a name that is unknown or there twice
 */
export function checkAugments(names: readonly AugmentName[]): AugmentName[] {
  const stray = Array.isArray(names) ? names.findIndex((name) => !AUGMENTS.includes(name)) : 0;
  if (!Array.isArray(names) || stray !== -1) {
    throw new InputError(
      `augmentation ${describe(Array.isArray(names) ? names[stray] : names)} is unknown: give a ` +
        `list of ${AUGMENTS.join(", ")}`,
    );
  }
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new InputError(`augmentation ${twice} is given twice: give it once`);
  }
  return AUGMENTS.filter((name) => names.includes(name));
}

/**
 * The view of an example in an iteration, from 32 bits of a hash: 16 for the row of the window, 15
 * for its column, one for the mirror. Of 9 places each is drawn as often as the others to 3 parts
 * in 10,000.
 *
 * @param key       of the run
 * @param iteration updates made before
 * @param example   its number in the pool, which no batch, order or split changes
 */
export function viewOf(
  { names }: Pick<Augmentation, "names">,
  key: Key,
  iteration: number,
  example: number,
): View {
  const word = mix(mix(mix(example ^ key[0]) ^ key[1]) ^ mix(iteration));
  const places = names.includes("crop") ? PLACES : 1, start = names.includes("crop") ? 0 : FRAME;
  return {
    top: start + (((word & 0xffff) * places) >>> 16),
    left: start + ((((word >>> 16) & 0x7fff) * places) >>> 15),
    isMirrored: names.includes("flip") && word >>> 31 === 1,
  };
}

/** An image (height, width, channels) as a view shows it, before normalization. */
export function viewed<T extends Uint8Array | Float32Array>(
  image: T,
  [height, width, channels]: LayerImage,
  { top, left, isMirrored }: View,
): T {
  const shown = image.slice().fill(0) as T;
  for (let row = 0; row < height; row++) {
    const y = row + top - FRAME;
    if (y < 0 || y >= height) continue;
    for (let column = 0; column < width; column++) {
      const x = (isMirrored ? width - 1 - column : column) + left - FRAME;
      if (x < 0 || x >= width) continue;
      const from = (y * width + x) * channels, to = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) shown[to + c] = image[from + c];
    }
  }
  return shown;
}

/**
 * Sums of squares of an image's windows, (places, places) by top and left. Nothing is subtracted, so
 * a window that has little of a bright image has the norm of just that.
 */
export function windowSquares(
  image: Uint8Array | Float32Array,
  [height, width, channels]: LayerImage,
): Float64Array {
  const pixels = new Float64Array(height * width), rows = new Float64Array(height);
  for (let i = 0; i < image.length; i++) pixels[Math.floor(i / channels)] += image[i] * image[i];
  const sums = new Float64Array(PLACES * PLACES);
  // The window's columns or rows that lie in an image of so many.
  const within = (place: number, size: number) =>
    [Math.max(0, place - FRAME), Math.min(size, place - FRAME + size)] as const;
  for (let left = 0; left < PLACES; left++) {
    const [first, end] = within(left, width);
    for (let y = 0; y < height; y++) {
      rows[y] = 0;
      for (let x = first; x < end; x++) rows[y] += pixels[y * width + x];
    }
    for (let top = 0; top < PLACES; top++) {
      const [from, to] = within(top, height);
      for (let y = from; y < to; y++) sums[top * PLACES + left] += rows[y];
    }
  }
  return sums;
}
