/**
 * The layers of SynFlow's network, through which the flow of inputs of ones is computed on the
 * processor in 64-bit floats, and back. Pixels of an image whose windows are alike all the way down
 * carry the same flow, which is computed once: of conv-2's 32 × 32 pixels 5 × 5 differ.
 */

import {
  type Conv2dSpec,
  type DenseSpec,
  type Extent,
  isConv2d,
  isDense,
  type LayerSpec,
  outputShape,
  paddingBefore,
  type PoolSpec,
} from "../../engine/layer_spec.ts";

/** Values between two layers: one for each pixel that differs and channel, or for each unit. */
export type Flow = Float64Array<ArrayBuffer>;

/** A layer without biases and activation. */
export interface FlowLayer {
  /** Of its weights; null for a pool, which has none. */
  name: string | null;
  /**
   * What flows out.
   *
   * @param sizes |w| of its weights, in their shape; those of a pool are not read
   */
  forward(into: Flow, sizes: Float64Array): Flow;
  /**
   * Back from the network's outputs, given the gradient `from` of R, their sum, by what flows out
   * of the layer.
   *
   * @param into   what flows in, at any scale
   * @param total  all scores are divided by it; 0: they are 0
   * @param scores set to |w| · dR/d|w| of every weight
   * @returns R's gradient by what flows in
   */
  back(
    into: Flow,
    sizes: Float64Array,
    from: Flow,
    total: number,
    scores: Float64Array,
  ): Flow;
}

/** Rows or columns of an image: which are alike, and of what the windows of each kind are made. */
interface Axis {
  /** By position; numbered from 0. */
  kinds: number[];
  /** By kind: the kinds of the layer below under each tap; -1 for zeros around the image. */
  windows: number[][];
}

type Axes = readonly [rows: Axis, columns: Axis];

/** Is called with the number of a window, of a pixel below, and of its tap. */
type Visit = (output: number, pixel: number, tap: number) => void;

/** The layers of a network, and the ones that flow into it. */
export function flowLayers(layers: readonly LayerSpec[]): { layers: FlowLayer[]; ones: Flow } {
  const [first] = layers, flows: FlowLayer[] = [];
  let ones: Flow, below: Axes | null = null, channels = 1;
  if (isDense(first)) ones = new Float64Array(first.inputs).fill(1);
  else {
    const [height, width, depth] = first.image;
    below = [uniform(height), uniform(width)];
    ones = new Float64Array(channels = depth).fill(1);
  }
  for (const layer of layers) {
    if (isDense(layer)) {
      flows.push(denseFlow(layer, below && placesOf(below, channels)));
      below = null;
      continue;
    }
    const size = isConv2d(layer) ? layer.kernel : layer.size;
    const before: Extent = isConv2d(layer) ? paddingBefore(layer) : [0, 0];
    const shape = outputShape(layer), under: Axes = below!;
    const axis = (a: 0 | 1) =>
      windowed(under[a], {
        taps: size[a],
        stride: layer.stride[a],
        before: before[a],
        outputs: shape[a],
      });
    const axes: Axes = [axis(0), axis(1)], width = under[1].windows.length;
    flows.push(isConv2d(layer) ? convFlow(layer, axes, width) : poolFlow(layer, axes, width));
    [below, channels] = [axes, shape[2]];
  }
  return { layers: flows, ones };
}

/** An axis whose positions are all alike. */
function uniform(length: number): Axis {
  return { kinds: Array(length).fill(0), windows: [[]] };
}

/** The axis of windows over another one. */
function windowed(
  { kinds: below }: Axis,
  { taps, stride, before, outputs }: Record<"taps" | "stride" | "before" | "outputs", number>,
): Axis {
  const windows: number[][] = [], numbers = new Map<string, number>();
  const kinds = Array.from({ length: outputs }, (_, position) => {
    const start = position * stride - before;
    const window = Array.from({ length: taps }, (_, tap) => below[start + tap] ?? -1);
    const key = window.join();
    if (!numbers.has(key)) numbers.set(key, windows.push(window) - 1);
    return numbers.get(key)!;
  });
  return { kinds, windows };
}

/** Of each value of a whole image, which value of its flow it is. */
function placesOf([rows, columns]: Axes, channels: number): Int32Array {
  const width = columns.windows.length;
  return Int32Array.from(
    rows.kinds.flatMap((row) =>
      columns.kinds.flatMap((column) =>
        Array.from({ length: channels }, (_, c) => (row * width + column) * channels + c)
      )
    ),
  );
}

/**
 * A layer of weights (taps, channels, units).
 *
 * @param outputs windows that differ
 * @param eachTap visits the taps of all of them
 */
function weightedFlow(
  { name, channels, units, outputs, eachTap }: {
    name: string;
    channels: number;
    units: number;
    outputs: number;
    eachTap: (visit: Visit) => void;
  },
): FlowLayer {
  return {
    name,
    forward(into, sizes) {
      const out = new Float64Array(outputs * units);
      eachTap((output, pixel, tap) => {
        for (let c = 0, w = tap * channels * units; c < channels; c++) {
          const value = into[pixel * channels + c];
          for (let u = 0, o = output * units; u < units; u++) out[o++] += value * sizes[w++];
        }
      });
      return out;
    },
    back(into, sizes, from, total, scores) {
      const below = new Float64Array(into.length);
      scores.fill(0);
      eachTap((output, pixel, tap) => {
        for (let c = 0, w = tap * channels * units; c < channels; c++) {
          const i = pixel * channels + c, share = total === 0 ? 0 : into[i] / total;
          let sum = 0;
          for (let u = 0, o = output * units; u < units; u++, o++, w++) {
            sum += sizes[w] * from[o];
            scores[w] += sizes[w] * share * from[o];
          }
          below[i] += sum;
        }
      });
      return below;
    },
  };
}

/** @param places of its inputs in the flow of an image below; null: they are all of the flow */
function denseFlow({ name, inputs, units }: DenseSpec, places: Int32Array | null): FlowLayer {
  const eachTap = (visit: Visit) => {
    for (let i = 0; i < inputs; i++) visit(0, places === null ? i : places[i], i);
  };
  return weightedFlow({ name, channels: 1, units, outputs: 1, eachTap });
}

/** @param width kinds of columns below */
function convFlow(layer: Conv2dSpec, axes: Axes, width: number): FlowLayer {
  const { name, filters: units, image: [, , channels] } = layer, outputs = pixels(axes);
  const eachTap = (visit: Visit) => overWindows(axes, width, visit);
  return weightedFlow({ name, channels, units, outputs, eachTap });
}

/** The flow of a maximum is that of the first of the largest values. */
function poolFlow(layer: PoolSpec, axes: Axes, width: number): FlowLayer {
  const { kind, size, image: [, , channels] } = layer, isMax = kind === "maxPool2d";
  const share = 1 / (size[0] * size[1]);
  return {
    name: null,
    forward(into) {
      const out = new Float64Array(pixels(axes) * channels);
      overWindows(axes, width, (output, pixel) => {
        for (let c = 0; c < channels; c++) {
          const o = output * channels + c, value = into[pixel * channels + c];
          out[o] = isMax ? Math.max(out[o], value) : out[o] + value * share;
        }
      });
      return out;
    },
    back(into, _sizes, from) {
      const below = new Float64Array(into.length);
      const largest = new Float64Array(from.length).fill(-1), first = new Int32Array(from.length);
      overWindows(axes, width, (output, pixel) => {
        for (let c = 0; c < channels; c++) {
          const o = output * channels + c, i = pixel * channels + c;
          if (!isMax) below[i] += from[o] * share;
          else if (into[i] > largest[o]) [largest[o], first[o]] = [into[i], i];
        }
      });
      if (isMax) { for (let o = 0; o < from.length; o++) below[first[o]] += from[o]; }
      return below;
    },
  };
}

const pixels = ([rows, columns]: Axes) => rows.windows.length * columns.windows.length;

/** Visits what lies under the windows, row by row, but for zeros around the image. */
function overWindows([rows, columns]: Axes, width: number, visit: Visit): void {
  rows.windows.forEach((down, row) =>
    columns.windows.forEach((right, column) => {
      const output = row * columns.windows.length + column;
      for (let i = 0; i < down.length; i++) {
        for (let j = 0; j < right.length; j++) {
          if (down[i] < 0 || right[j] < 0) continue;
          visit(output, down[i] * width + right[j], i * right.length + j);
        }
      }
    })
  );
}
