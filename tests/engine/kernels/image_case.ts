/**
 * Random layers of images for kernel tests: the engine's, the oracle's, and rows as kernels see
 * them.
 */

import fc from "fast-check";
import type { Conv2dSpec, LayerImage, PoolSpec } from "../../../src/engine/layer_spec.ts";
import { channelVectors } from "../../../src/engine/kernels/layout.ts";
import type { RandomStream } from "../../../src/engine/random.ts";
import type { OracleConv2d, OraclePool } from "../../reference/images.ts";
import { activations } from "./arbitraries.ts";

const extents = (max: number) => fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));

export const channelCounts = fc.constantFrom(1, 2, 3, 4, 5, 8, 9);

/** Convolutions, most of whose strides divide nothing. */
export const convolutions: fc.Arbitrary<Conv2dSpec> = fc.record({
  kernel: extents(5),
  more: extents(6),
  stride: extents(3),
  padding: fc.constantFrom("same" as const, "valid" as const),
  channels: channelCounts,
  filters: fc.constantFrom(1, 3, 4, 5, 20, 21),
  activation: activations,
  useBias: fc.boolean(),
}).map(({ kernel, more, channels, ...rest }) => ({
  kind: "conv2d",
  name: "conv",
  image: [kernel[0] + more[0] - 1, kernel[1] + more[1] - 1, channels] as const,
  kernel,
  ...rest,
}));

/** Pools, whose windows may overlap or leave pixels out. */
export const pools: fc.Arbitrary<PoolSpec> = fc.record({
  kind: fc.constantFrom("maxPool2d" as const, "avgPool2d" as const),
  size: extents(3),
  more: extents(6),
  stride: extents(4),
  channels: channelCounts,
}).map(({ size, more, channels, ...rest }) => ({
  name: "pool",
  image: [size[0] + more[0] - 1, size[1] + more[1] - 1, channels] as const,
  size,
  ...rest,
}));

export function oracleConv(
  layer: Conv2dSpec,
  { weights, biases, mask }: Record<"weights" | "biases" | "mask", Float32Array>,
): OracleConv2d {
  return {
    ...layer,
    activation: layer.activation ?? "none",
    weights: Float64Array.from(weights, (w, i) => mask[i] === 0 ? 0 : w),
    biases: Float64Array.from(biases),
    mask: Float64Array.from(mask),
  };
}

export function oraclePool(layer: PoolSpec): OraclePool {
  const none = new Float64Array();
  return { ...layer, activation: "none", weights: none, biases: none, mask: none, useBias: false };
}

/** A layer's parameters with sums near 1, masked weights NaN: they must not matter. */
export function drawParameters(layer: Conv2dSpec, density: number, stream: RandomStream) {
  const { kernel, image, filters } = layer, inputs = kernel[0] * kernel[1] * image[2];
  const mask = new Float32Array(inputs * filters).map(() => stream.uniform() < density ? 1 : 0);
  return {
    mask,
    weights: mask.map((m) => m === 0 ? NaN : stream.normal() / Math.sqrt(inputs)),
    biases: new Float32Array(filters).map(() => stream.normal()),
  };
}

/** Images (count, height, width, channels) as rows of `vectors` vec4s. */
export function packImages(
  images: ArrayLike<number>,
  [height, width, channels]: LayerImage,
  vectors: number,
): Float32Array<ArrayBuffer> {
  const pixels = height * width, padded = 4 * channelVectors(channels);
  const rows = new Float32Array(images.length / (pixels * channels) * 4 * vectors);
  for (let i = 0; i < images.length; i++) {
    const pixel = Math.floor(i / channels), image = Math.floor(pixel / pixels);
    rows[image * 4 * vectors + pixel % pixels * padded + i % channels] = images[i];
  }
  return rows;
}

/** The inverse, of the first `count` images. */
export function unpackImages(
  rows: Float32Array,
  [height, width, channels]: LayerImage,
  vectors: number,
  count: number,
): Float32Array {
  const pixels = height * width, padded = 4 * channelVectors(channels);
  return new Float32Array(count * pixels * channels).map((_, i) => {
    const pixel = Math.floor(i / channels), image = Math.floor(pixel / pixels);
    return rows[image * 4 * vectors + pixel % pixels * padded + i % channels];
  });
}
