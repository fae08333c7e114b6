/** The sizes of convolutions and pools, as their kernels name them. */

import { type Conv2dSpec, outputShape, paddingBefore, type PoolSpec } from "../../layer_spec.ts";

/** Sizes of images and kernel, strides, and zeros before the image. */
export function convSizes(layer: Conv2dSpec) {
  const { kernel } = layer, [top, left] = paddingBefore(layer);
  return {
    ...imageSizes(layer),
    KERNEL_HEIGHT: kernel[0],
    KERNEL_WIDTH: kernel[1],
    TAPS: kernel[0] * kernel[1],
    PAD_TOP: top,
    PAD_LEFT: left,
  };
}

/** Sizes of images and windows, strides, and which of the two pools it is. */
export function poolSizes(layer: PoolSpec) {
  const isMax = layer.kind === "maxPool2d", [height, width] = layer.size;
  return {
    ...imageSizes(layer),
    HEIGHT: height,
    WIDTH: width,
    IS_MAX: isMax ? 1 : 0,
    IS_MEAN: isMax ? 0 : 1,
  };
}

function imageSizes(layer: Conv2dSpec | PoolSpec) {
  const { image: [height, width], stride } = layer, [outHeight, outWidth] = outputShape(layer);
  return {
    IN_HEIGHT: height,
    IN_WIDTH: width,
    IN_PIXELS: height * width,
    OUT_HEIGHT: outHeight,
    OUT_WIDTH: outWidth,
    OUT_PIXELS: outHeight * outWidth,
    STRIDE_Y: stride[0],
    STRIDE_X: stride[1],
  };
}
