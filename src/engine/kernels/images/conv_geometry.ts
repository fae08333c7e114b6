/** What the kernels of a convolution share: its sizes, how they cut it into tiles, its work. */

import { type Conv2dSpec, outputSize, weightShape } from "../../layer_spec.ts";
import type { Work } from "../kernel.ts";
import { channelVectors, imageVectors, matrixRows, pitch } from "../layout.ts";
import type { BatchFormat, Matrix, MatrixUse } from "../matrix.ts";
import { convSizes } from "./image_sizes.ts";

/** Replicas, and rows of the batch (a multiple of the tiles' rows). */
export interface Sizes {
  replicas: number;
  rows: number;
}

/** A matrix of images, and vec4s of its rows. */
export interface ImageMatrix {
  matrix: Matrix;
  vectors: number;
}

/** A layer's sizes as its kernels name them, and vec4s of a row and a column of its weights. */
export function geometryOf(layer: Conv2dSpec) {
  const { image: [, , channels], padding, filters, useBias } = layer;
  const matrix = { ...weightShape(layer), useBias, channels }, sizes = convSizes(layer);
  return {
    columns: pitch(filters) / 4,
    /** With that of the biases. */
    rowVectors: sizes.TAPS * channelVectors(channels) + 1,
    constants: {
      ...sizes,
      IN_VECTORS: channelVectors(channels),
      OUT_VECTORS: channelVectors(filters),
      IS_PADDED: padding === "same" ? 1 : 0,
      DEPTH: Math.min(4, channels),
      K_PITCH: matrixRows(matrix),
    },
  };
}

/** How its kernels read a layer's inputs. */
export function inputsOf(
  { image }: Conv2dSpec,
  matrix: Matrix,
  format: BatchFormat = "f32",
): MatrixUse {
  return { name: "inputs", binding: 0, matrix, vectors: imageVectors(image), format };
}

/** Columns of a tile: the fewest vec4s that cut `width` into as few groups as `most` would. */
export function columnGroups(width: number, most: number): { vectors: number; groups: number } {
  const groups = Math.ceil(width / most), vectors = Math.ceil(width / groups);
  return { vectors, groups: Math.ceil(width / vectors) };
}

/** The largest divisor of a number that is at most `most`. */
export function divisor(of: number, most: number): number {
  let largest = Math.min(of, most);
  while (of % largest !== 0) largest--;
  return largest;
}

/** Images are read `passes` times and outputs once, weights `weightPasses` times. */
export function convWork(
  layer: Conv2dSpec,
  { rows, replicas }: Sizes,
  passes: number,
  weightPasses: number,
): Work {
  const { inputs, units } = weightShape(layer), [height, width, channels] = layer.image;
  const outputs = outputSize(layer);
  const floats = weightPasses * inputs * units +
    rows * (passes * height * width * channels + outputs);
  return { flops: 2 * replicas * rows * outputs * inputs, bytes: 4 * replicas * floats };
}
