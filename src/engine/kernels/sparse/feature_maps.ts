/**
 * How the values of an example lie among the rows of a sparse network's matrices, a row each: those
 * of an image pixel by pixel, with as many zeros around it as the kernels of the convolutions above
 * and below reach, so that these need no bounds. Vectors are images of one pixel.
 */

import {
  type Conv2dSpec,
  inputSize,
  isConv2d,
  isDense,
  type LayerImage,
  type LayerSpec,
  outputShape,
  paddingBefore,
} from "../../layer_spec.ts";

/** Values of a word of examples. */
export const WORD = 4;

/** The rows of an image or a vector. */
export interface FeatureMap {
  image: LayerImage;
  /** Zeros above and to the left, in pixels. */
  top: number;
  left: number;
  /** Pixels of a row, zeros included. */
  pitch: number;
  /** Rows in all, zeros included. */
  rows: number;
}

/** Those of the batch, then of each layer's outputs; gradients lie as their values do. */
export function featureMaps(layers: readonly LayerSpec[]): FeatureMap[] {
  const [first] = layers;
  const images = [isDense(first) ? vector(inputSize(first)) : first.image, ...layers.map(imageOf)];
  return images.map((image, i) => mapOf(image, layers[i - 1], layers[i], i > 1));
}

/** The row of a value, counted as in `image`, row-major. */
export function featureRow({ image, top, left, pitch }: FeatureMap, value: number): number {
  const [, width, channels] = image, pixel = Math.floor(value / channels);
  const y = Math.floor(pixel / width) + top, x = pixel % width + left;
  return (y * pitch + x) * channels + value % channels;
}

/** Row of the constant 1 in a matrix of `width` features: after them, padded to whole words. */
export function onesRow(width: number): number {
  return WORD * Math.ceil(width / WORD);
}

/** Rows of a matrix of `width` features. */
export function featureRows(width: number): number {
  return onesRow(width) + 1;
}

function mapOf(
  image: LayerImage,
  below: LayerSpec | undefined,
  above: LayerSpec | undefined,
  hasGradient: boolean,
): FeatureMap {
  const [height, width, channels] = image;
  const zeros = ([0, 1] as const).map((axis) => {
    let before = 0, after = 0;
    if (above && isConv2d(above)) {
      const { kernel, stride } = above, padding = paddingBefore(above)[axis];
      const covered = (outputShape(above)[axis] - 1) * stride[axis] + kernel[axis];
      before = padding;
      after = covered - padding - image[axis];
    }
    if (below && isConv2d(below) && hasGradient) {
      const reach = reachOf(below, axis);
      before = Math.max(before, reach.before);
      after = Math.max(after, reach.after);
    }
    return { before, all: before + Math.max(0, after) };
  });
  const pitch = width + zeros[1].all;
  return {
    image,
    top: zeros[0].before,
    left: zeros[1].before,
    pitch,
    rows: (height + zeros[0].all) * pitch * channels,
  };
}

/** How far beyond a convolution's outputs the gradient by its inputs reaches. */
function reachOf(conv: Conv2dSpec, axis: 0 | 1): { before: number; after: number } {
  const { image, kernel, stride } = conv, padding = paddingBefore(conv)[axis];
  const last = Math.floor((image[axis] - 1 + padding) / stride[axis]);
  return {
    before: Math.max(0, Math.floor((kernel[axis] - 1 - padding) / stride[axis])),
    after: last - (outputShape(conv)[axis] - 1),
  };
}

function imageOf(layer: LayerSpec): LayerImage {
  const shape = outputShape(layer);
  return shape.length === 3 ? [shape[0], shape[1], shape[2]] : vector(shape[0]);
}

function vector(width: number): LayerImage {
  return [1, 1, width];
}
