/**
 * A sample of a network's connections that can be drawn: some of its inputs, all connections from
 * them to some units of the first layer, and from these to some of the second; and what is told of
 * a run: the sample's values at some iterations, and a histogram of the whole first layer.
 */

import { RandomStream, seedKey } from "../../engine/random.ts";
import { density, type Masks } from "../../models/masks.ts";
import type { RunId } from "../../records/run_id.ts";

/** Shapes of the weights of each layer, in order: (inputs, units), or of a kernel its four axes. */
export type Shapes = readonly (readonly [name: string, shape: readonly number[]])[];

/** The sampled connections of a layer: from each of `rows` to each of `columns`, row by row. */
export interface SampledLayer {
  name: string;
  rows: number[];
  columns: number[];
  /** Columns of the whole matrix. */
  width: number;
  /** All weights of the layer. */
  size: number;
}

/** Which connections are drawn; the same ones in every run of a network. */
export interface NetworkSample {
  layers: SampledLayer[];
  /** The place of each sampled input in the image, from 0 to 1; null where inputs are no image. */
  places: [x: number, y: number][] | null;
  /** Whether the last of these layers is the network's last, whose units are classes. */
  hasOutput: boolean;
  /** The unit in which the histogram counts: how far weights usually begin from zero. */
  scale: number;
}

/** Values at an iteration. */
export interface WeightFrame {
  iteration: number;
  /** Of the sampled connections, in their order; of pruned ones of no meaning. */
  values: Float32Array;
  /** (BINS) live weights of the whole first layer by value: see `histogram`. */
  bins: Uint32Array;
}

/** What is drawn of a run. */
export interface RunWeights {
  run: RunId;
  sample: NetworkSample;
  /** Live weights of the whole network, in percent. */
  percent: number;
  /** Live weights of the whole first layer. */
  liveOfFirst: number;
  /** By sampled connection: 1 where it is live, 0 where it is pruned. */
  live: Uint8Array;
  /** Ascending. */
  frames: WeightFrame[];
  /** How large, either way, weights of the first layer were that were cut before it; or unknown. */
  threshold: number | null;
}

/** How many inputs and units are drawn. */
const INPUTS = 12, UNITS = [10, 6], OUTPUTS = 10;
/** Digits are in the middle of their images: pixels nearer to the edges are nearly always black. */
const MIDDLE: [from: number, to: number] = [0.14, 0.86];
const SEED = 17;

/** Bins of a histogram, and how many are as wide as its scale. */
export const BINS = 96, BINS_PER_SCALE = 5;

/**
 * Chooses what is drawn; null where there is nothing to draw.
 *
 * @param imageShape of an example: (height, width), or (height, width, channels)
 */
export function sampleNetwork(shapes: Shapes, imageShape: readonly number[]): NetworkSample | null {
  if (shapes.length === 0) return null;
  const random = new RandomStream(seedKey(SEED));
  const uniform = () => random.uint32() / 2 ** 32;
  const [first, second] = shapes.map(([name, shape]) => ({ name, ...matrixOf(shape) }));
  const [height, width, channels = 1] = imageShape;
  const isImage = imageShape.length > 1 && height * width * channels === first.rows;
  const places = isImage ? pixels(height, width, uniform) : null;
  const rows = places
    ? places.map(([x, y]) => (y * width + x) * channels)
    : spread(first.rows, INPUTS, uniform);
  const columns = spread(first.columns, UNITS[0], uniform);
  const layers: SampledLayer[] = [layerOf(first, rows, columns)];
  if (second?.rows === first.columns) {
    const most = shapes.length === 2 ? OUTPUTS : UNITS[1];
    layers.push(layerOf(second, columns, spread(second.columns, most, uniform)));
  }
  return {
    layers,
    hasOutput: layers.length === shapes.length,
    places: places && places.map(([x, y]) => [(x + 0.5) / width, (y + 0.5) / height]),
    scale: Math.sqrt(2 / (first.rows + first.columns)),
  };
}

interface Matrix {
  name: string;
  rows: number;
  columns: number;
}

function matrixOf(shape: readonly number[]): Omit<Matrix, "name"> {
  const columns = shape.at(-1)!;
  return { rows: shape.slice(0, -1).reduce((a, b) => a * b, 1), columns };
}

function layerOf({ name, rows, columns }: Matrix, from: number[], to: number[]): SampledLayer {
  return { name, rows: from, columns: to, width: columns, size: rows * columns };
}

/** Numbers below `count`, one from each of some equal stretches, so that they lie apart. */
function spread(count: number, most: number, uniform: () => number): number[] {
  const n = Math.min(count, most);
  return Array.from({ length: n }, (_, i) => Math.floor((i + uniform()) * count / n));
}

/** Pixels in the middle of an image, each in rows of its own. */
function pixels(height: number, width: number, uniform: () => number): [x: number, y: number][] {
  const [from, to] = MIDDLE, tall = Math.max(1, Math.round((to - from) * height));
  const top = Math.round(from * height);
  return spread(tall, INPUTS, uniform).map((y) => [
    Math.floor((from + (to - from) * uniform()) * width),
    Math.min(height - 1, top + y),
  ]);
}

/** How many of a sample's connections, the first ones, are of the first layer. */
export function firstSize({ layers: [{ rows, columns }] }: NetworkSample): number {
  return rows.length * columns.length;
}

/** Arrays of whole layers by name. */
type Arrays = Readonly<Record<string, ArrayLike<number>>>;

/** The sampled values of whole layers. */
export function sampled(sample: NetworkSample, arrays: Arrays): Float32Array {
  return Float32Array.from(
    sample.layers.flatMap(({ name, rows, columns, width }) =>
      rows.flatMap((row) => columns.map((column) => arrays[name][row * width + column]))
    ),
  );
}

/**
 * Live weights of the whole first layer by value: bins of equal width around zero, the outermost
 * with all beyond them.
 */
export function histogram(sample: NetworkSample, arrays: Arrays, masks: Arrays): Uint32Array {
  const [{ name }] = sample.layers, values = arrays[name], mask = masks[name];
  const bins = new Uint32Array(BINS), perValue = BINS_PER_SCALE / sample.scale;
  for (let i = 0; i < values.length; i++) {
    if (mask[i] === 0) continue;
    const bin = Math.floor(values[i] * perValue + BINS / 2);
    bins[bin < 0 ? 0 : bin < BINS ? bin : BINS - 1]++;
  }
  return bins;
}

/** The value at a bin's lower edge. */
export function edge(sample: Pick<NetworkSample, "scale">, bin: number): number {
  return (bin - BINS / 2) * sample.scale / BINS_PER_SCALE;
}

/** What is drawn of whole layers at an iteration. */
export function frameOf(
  sample: NetworkSample,
  iteration: number,
  arrays: Arrays,
  masks: Arrays,
): WeightFrame {
  return {
    iteration,
    values: sampled(sample, arrays),
    bins: histogram(sample, arrays, masks),
  };
}

/** How much of a network is left: of all its weights, and of its first layer's. */
export function shareOf(
  { layers: [{ name }] }: NetworkSample,
  masks: Masks,
): Pick<RunWeights, "percent" | "liveOfFirst"> {
  const { percent, layers } = density(masks);
  return { percent, liveOfFirst: layers[name].live };
}
