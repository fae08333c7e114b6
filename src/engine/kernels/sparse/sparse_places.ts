/**
 * WGSL that gives the first rows of an image at the places of a kernel or window: what the lists of
 * a convolution, and the channels of a pool, are relative to.
 */

import {
  type Conv2dSpec,
  isConv2d,
  outputShape,
  paddingBefore,
  type PoolSpec,
} from "../../layer_spec.ts";
import { type FeatureMap, onesRow } from "./feature_maps.ts";
import type { ListedLayer } from "./listed_layers.ts";

/** Most pixels of a row that one invocation computes. */
const MOST_PIXELS = 4;

/** How many places a layer's weights are at. */
export function placesOf({ spec }: ListedLayer): number {
  if (!isConv2d(spec)) return 1;
  const [height, width] = outputShape(spec);
  return height * width;
}

/** `place_l(p)`: first rows of the inputs and of the gradient at place `p` of a layer's weights. */
export function placesWgsl({ spec, from, to }: ListedLayer, l: number): string {
  const head = `fn place_${l}(p: u32) -> vec2u {`;
  if (!isConv2d(spec)) return `${head} return vec2u(); }`;
  const [, width] = outputShape(spec), { stride: [down, right] } = spec;
  return [
    head,
    `  let y = p / ${width}u;`,
    `  let x = p % ${width}u;`,
    `  return vec2u(${unpaddedRow(from, `y * ${down}u`, `x * ${right}u`)}, ${rowOf(to)});`,
    "}",
  ].join("\n");
}

/** An image in blocks of pixels of a row. */
export interface Blocks {
  /** Pixels of a block. */
  each: number;
  /** Blocks in all. */
  count: number;
}

/** `place_of`, `row_at` and `step_of` of sparse_conv_product.wgsl: outputs from inputs. */
export function forwardPlaces(
  { from, to, spec }: ListedLayer,
  { stride: [down, right] }: Conv2dSpec,
): { blocks: Blocks; wgsl: string } {
  const [height, width] = outputShape(spec), blocks = blocksOf(height, width);
  const ones = `row == ${onesRow(from.rows)}u`;
  return {
    blocks,
    wgsl: [
      ...placeOf(blocks, width),
      `  return vec3u(${unpaddedRow(from, `y * ${down}u`, `x * ${right}u`)}, ${rowOf(to)}, 0u);`,
      "}",
      `fn row_at(first: u32, row: u32) -> u32 { return select(first + row, row, ${ones}); }`,
      `fn step_of(row: u32) -> u32 { return select(${right * from.image[2]}u, 0u, ${ones}); }`,
    ].join("\n"),
  };
}

/** The same: the gradient at the inputs from that at the outputs. */
export function backwardPlaces(
  { from, to, sources }: ListedLayer,
  conv: Conv2dSpec,
): { blocks: Blocks; wgsl: string } {
  const { stride: [down, right] } = conv, [above, left] = paddingBefore(conv);
  const [height, width] = from.image;
  // The pixels of a block have one class.
  const blocks = right === 1 ? blocksOf(height, width) : { each: 1, count: height * width };
  return {
    blocks,
    wgsl: [
      ...placeOf(blocks, width),
      `  let ky = y + ${above}u;`,
      `  let kx = x + ${left}u;`,
      `  let list = (ky % ${down}u * ${right}u + kx % ${right}u) * ${sources}u;`,
      `  return vec3u(${unpaddedRow(to, `ky / ${down}u`, `kx / ${right}u`)}, ${
        rowOf(from)
      }, list);`,
      "}",
      "fn row_at(first: u32, row: u32) -> u32 { return first + row; }",
      `fn step_of(row: u32) -> u32 { return ${to.image[2]}u; }`,
    ].join("\n"),
  };
}

/** Constants of a pool: its windows, and how its images lie. */
export function poolPlaces({ size, stride }: PoolSpec, from: FeatureMap, to: FeatureMap) {
  return {
    CHANNELS: from.image[2],
    HEIGHT: size[0],
    WIDTH: size[1],
    STRIDE_Y: stride[0],
    STRIDE_X: stride[1],
    ...named("IN", from),
    ...named("OUT", to),
  };
}

function named(name: string, { image: [height, width], top, left, pitch }: FeatureMap) {
  return {
    [`${name}_HEIGHT`]: height,
    [`${name}_WIDTH`]: width,
    [`${name}_TOP`]: top,
    [`${name}_LEFT`]: left,
    [`${name}_PITCH`]: pitch,
  };
}

/** The row of the first channel of pixel (y, x) of an image. */
function rowOf({ image, top, left, pitch }: FeatureMap): string {
  return `((y + ${top}u) * ${pitch}u + x + ${left}u) * ${image[2]}u`;
}

/** The same with the zeros around it counted as pixels. */
function unpaddedRow({ image, pitch }: FeatureMap, y: string, x: string): string {
  return `(${y} * ${pitch}u + ${x}) * ${image[2]}u`;
}

/** As many pixels of a row as divide it. */
function blocksOf(height: number, width: number): Blocks {
  let each = Math.min(width, MOST_PIXELS);
  while (width % each !== 0) each--;
  return { each, count: height * width / each };
}

function placeOf({ each }: Blocks, width: number): string[] {
  return [
    "fn place_of(block: u32) -> vec3u {",
    `  let y = block / ${width / each}u;`,
    `  let x = block % ${width / each}u * ${each}u;`,
  ];
}
