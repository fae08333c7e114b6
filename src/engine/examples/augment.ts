/**
 * Random crops and mirrorings of training images (data augmentation), as is usual for CIFAR-10:
 * which there are, and what a row of a batch shows of its example. The gather kernel draws the same
 * views from the same words (shaders/view_augmented.wgsl).
 *
 * An iteration with both takes, on llvmpipe at batch 60, LeNet-300-100 1.02 times as long as
 * without, with lists of 3% of its weights 1.13 times (0.07 ms more), lenet-5 1.06 times: 20th
 * percentiles of 30 bursts of each, in turn, in one run on two cores that others used too.
 */

import { InputError } from "../../errors.ts";
import type { LayerImage } from "../layer_spec.ts";
import { describe } from "../numbers.ts";
import { type Key, mix } from "../random.ts";

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

/** Sums of squares of an image's windows, (places, places) by top and left. */
export function windowSquares(
  image: Uint8Array | Float32Array,
  [height, width, channels]: LayerImage,
): Float64Array {
  const row = new Float64Array(width), sums = new Float64Array(PLACES * PLACES);
  const columns = Array.from({ length: PLACES }, () => new Float64Array(height));
  const ofRow = new Float64Array(PLACES), ofColumn = new Float64Array(PLACES);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      row[x] = 0;
      const pixel = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) row[x] += image[pixel + c] ** 2;
    }
    stretchSums(row, ofRow);
    for (let left = 0; left < PLACES; left++) columns[left][y] = ofRow[left];
  }
  for (let left = 0; left < PLACES; left++) {
    stretchSums(columns[left], ofColumn);
    for (let top = 0; top < PLACES; top++) sums[top * PLACES + left] = ofColumn[top];
  }
  return sums;
}

/**
 * Sums of what windows show of a line, by place. Each shows its beginning or its end, so nothing is
 * subtracted, and a window that has little of a bright image has the norm of just that.
 */
function stretchSums(line: Float64Array, sums: Float64Array): void {
  sums.fill(0);
  for (let i = 0, head = 0; i < line.length; i++) {
    head += line[i];
    const place = i + 1 - line.length + FRAME;
    if (place >= 0) sums[place] = head;
  }
  for (let i = line.length - 1, tail = 0; i > 0; i--) {
    tail += line[i];
    if (i <= FRAME) sums[i + FRAME] = tail;
  }
}
