/**
 * The f64 oracle of convolutions and pools, in loops that follow their definitions. Images are
 * row-major (batch, height, width, channels).
 */

type Activation = "relu" | "tanh" | "sigmoid" | "none";

/** z(y, x, f) = Σ input(y·stride + i − before, x·stride + j − before, c) · w(i, j, c, f) + b(f). */
export interface OracleConv2d {
  kind: "conv2d";
  image: readonly [number, number, number];
  kernel: readonly [number, number];
  stride: readonly [number, number];
  padding: "same" | "valid";
  filters: number;
  activation: Activation;
  /** (kernel height, kernel width, channels, filters) */
  weights: Float64Array;
  /** (filters); ignored where `useBias` is false */
  biases: Float64Array;
  /** Of 0 and 1, as the weights. */
  mask: Float64Array;
  useBias: boolean;
}

/** The maximum or mean of windows that lie within the image. Its arrays are empty. */
export interface OraclePool {
  kind: "maxPool2d" | "avgPool2d";
  image: readonly [number, number, number];
  size: readonly [number, number];
  stride: readonly [number, number];
  activation: "none";
  weights: Float64Array;
  biases: Float64Array;
  mask: Float64Array;
  useBias: false;
}

export type OracleImageLayer = OracleConv2d | OraclePool;

/** A window of an image: where its first pixel is, which may lie before the image. */
interface Window {
  /** Of the output: row-major number of its pixel. */
  output: number;
  top: number;
  left: number;
}

/** The output's height and width, and its windows. */
function windowsOf(layer: OracleImageLayer): { height: number; width: number; all: Window[] } {
  const { image, stride } = layer, size = layer.kind === "conv2d" ? layer.kernel : layer.size;
  const isSame = layer.kind === "conv2d" && layer.padding === "same";
  const starts = [0, 1].map((axis) => {
    if (!isSame) {
      const list: number[] = [];
      for (let at = 0; at + size[axis] <= image[axis]; at += stride[axis]) list.push(at);
      return list;
    }
    // As many windows as strides begin in the image, over zeros whose smaller half comes first.
    const count = Math.ceil(image[axis] / stride[axis]);
    const zeros = Math.max(0, (count - 1) * stride[axis] + size[axis] - image[axis]);
    return Array.from({ length: count }, (_, i) => i * stride[axis] - Math.floor(zeros / 2));
  });
  const [tops, lefts] = starts;
  return {
    height: tops.length,
    width: lefts.length,
    all: tops.flatMap((top, y) =>
      lefts.map((left, x) => ({ output: y * lefts.length + x, top, left }))
    ),
  };
}

/** Channels of the output. */
function depth(layer: OracleImageLayer): number {
  return layer.kind === "conv2d" ? layer.filters : layer.image[2];
}

/** Values of a layer's input, and of its output. */
export function imageSizes(layer: OracleImageLayer): { inputs: number; outputs: number } {
  const [height, width, channels] = layer.image, windows = windowsOf(layer);
  return {
    inputs: height * width * channels,
    outputs: windows.height * windows.width * depth(layer),
  };
}

/** Calls `visit` with each pixel of a window that lies within the image, in row-major order. */
function eachPixel(
  { image: [height, width] }: OracleImageLayer,
  [tall, wide]: readonly [number, number],
  { top, left }: Window,
  visit: (pixel: number, i: number, j: number) => void,
): void {
  for (let i = 0; i < tall; i++) {
    for (let j = 0; j < wide; j++) {
      const y = top + i, x = left + j;
      if (y >= 0 && y < height && x >= 0 && x < width) visit(y * width + x, i, j);
    }
  }
}

/** What a layer makes of `x` (batch, inputs), before its activation. */
export function imageForward(
  layer: OracleImageLayer,
  x: Float64Array,
  batch: number,
): Float64Array {
  const { inputs, outputs } = imageSizes(layer), channels = layer.image[2];
  const z = new Float64Array(batch * outputs), { all } = windowsOf(layer);
  for (let b = 0; b < batch; b++) {
    for (const window of all) {
      for (let f = 0; f < depth(layer); f++) {
        const at = b * outputs + window.output * depth(layer) + f;
        if (layer.kind === "conv2d") {
          const { kernel, filters, weights, mask, biases, useBias } = layer;
          z[at] = useBias ? biases[f] : 0;
          eachPixel(layer, kernel, window, (pixel, i, j) => {
            for (let c = 0; c < channels; c++) {
              const w = ((i * kernel[1] + j) * channels + c) * filters + f;
              z[at] += x[b * inputs + pixel * channels + c] * weights[w] * mask[w];
            }
          });
          continue;
        }
        const values: number[] = [];
        eachPixel(layer, layer.size, window, (pixel) => {
          values.push(x[b * inputs + pixel * channels + f]);
        });
        z[at] = layer.kind === "maxPool2d"
          ? Math.max(...values)
          : values.reduce((sum, value) => sum + value, 0) / values.length;
      }
    }
  }
  return z;
}

/** Gradients by weights, biases and inputs, given that by the values before the activation. */
export function imageBackward(
  layer: OracleImageLayer,
  x: Float64Array,
  batch: number,
  delta: Float64Array,
): { weights: Float64Array; biases: Float64Array; input: Float64Array } {
  const { inputs, outputs } = imageSizes(layer), channels = layer.image[2];
  const weights = new Float64Array(layer.weights.length);
  const biases = new Float64Array(layer.biases.length);
  const input = new Float64Array(batch * inputs), { all } = windowsOf(layer);
  for (let b = 0; b < batch; b++) {
    for (const window of all) {
      for (let f = 0; f < depth(layer); f++) {
        const d = delta[b * outputs + window.output * depth(layer) + f];
        if (layer.kind === "conv2d") {
          const { kernel, filters, mask, useBias } = layer;
          if (useBias) biases[f] += d;
          eachPixel(layer, kernel, window, (pixel, i, j) => {
            for (let c = 0; c < channels; c++) {
              const w = ((i * kernel[1] + j) * channels + c) * filters + f;
              const at = b * inputs + pixel * channels + c;
              if (mask[w] === 0) continue;
              weights[w] += d * x[at];
              input[at] += d * layer.weights[w];
            }
          });
          continue;
        }
        const places: number[] = [];
        eachPixel(layer, layer.size, window, (pixel) => {
          places.push(b * inputs + pixel * channels + f);
        });
        if (layer.kind === "avgPool2d") {
          for (const at of places) input[at] += d / places.length;
        } else {
          // The first of equals.
          const largest = Math.max(...places.map((at) => x[at]));
          input[places.find((at) => x[at] === largest)!] += d;
        }
      }
    }
  }
  return { weights, biases, input };
}
