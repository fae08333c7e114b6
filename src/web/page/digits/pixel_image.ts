/// <reference lib="dom" />
/** Paints small images, grey or red, green and blue, as networks see them: a square per pixel. */

/** An image's pixels, (height, width, channels) row by row, from 0 to 1. */
export interface PixelImage {
  height: number;
  width: number;
  channels: number;
  pixels: ArrayLike<number>;
}

/** Paints an image into a canvas of its size; black without pixels. */
export function paintImage(
  canvas: HTMLCanvasElement,
  { height, width, channels }: Omit<PixelImage, "pixels">,
  pixels: ArrayLike<number> | null,
): void {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d")!, image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      const value = pixels ? pixels[i * channels + Math.min(c, channels - 1)] : 0;
      image.data[4 * i + c] = 255 * value;
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
