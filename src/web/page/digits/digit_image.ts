/**
 * Turns a drawing of any size, white on black, into an image like MNIST's: 28×28 pixels, the ink
 * scaled into a box of 20×20 and moved so that its centre of mass is in the middle.
 */

export const SIDE = 28;
const BOX = 20;

/** A square picture, row by row, values from 0 to 1. */
export interface Picture {
  side: number;
  pixels: ArrayLike<number>;
}

/** The part of a picture that has ink; null if there is none. */
function inkBox({ side, pixels }: Picture) {
  let left = side, top = side, right = -1, bottom = -1;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (pixels[y * side + x] < 0.1) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The picture as an input of the network; null if nothing is drawn. */
export function toDigit(picture: Picture): number[] | null {
  const box = inkBox(picture);
  if (!box) return null;
  const { side, pixels } = picture;
  const scale = Math.max(box.width, box.height) / BOX;
  // The ink's centre of mass, in the picture's pixels.
  let mass = 0, sumX = 0, sumY = 0;
  for (let i = 0; i < side * side; i++) {
    mass += pixels[i];
    sumX += pixels[i] * (i % side + 0.5);
    sumY += pixels[i] * (Math.floor(i / side) + 0.5);
  }
  const originX = sumX / mass - SIDE / 2 * scale, originY = sumY / mass - SIDE / 2 * scale;
  // Each pixel is the mean of the part of the picture under it, sampled 4×4.
  return Array.from({ length: SIDE * SIDE }, (_, i) => {
    let sum = 0;
    for (let s = 0; s < 16; s++) {
      const x = Math.floor(originX + (i % SIDE + (s % 4 + 0.5) / 4) * scale);
      const y = Math.floor(
        originY + (Math.floor(i / SIDE) + (Math.floor(s / 4) + 0.5) / 4) * scale,
      );
      if (x >= 0 && y >= 0 && x < side && y < side) sum += pixels[y * side + x];
    }
    return Math.min(1, sum / 16);
  });
}
