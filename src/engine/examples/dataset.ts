/**
 * Uploads examples to the GPU once (pixels stay bytes: 47 MB for MNIST's 60,000 images), for any
 * number of programs to share.
 */

import { CapacityError, InputError } from "../../errors.ts";
import { NonzeroWords } from "./alike.ts";
import { PLACES, windowSquares } from "./augment.ts";
import { bufferLimit, sizeText } from "../buffer_limit.ts";
import type { ChannelStatistics } from "./channels.ts";
import type { Gpu } from "../device.ts";
import {
  checkExamples,
  checkNormalization,
  type ExampleArrays,
  type GivenExamples,
  type Normalization,
} from "./example_arrays.ts";
import type { LayerImage } from "../layer_spec.ts";

/** One set of examples in GPU memory. */
export interface GpuExamples {
  /** How many examples. */
  count: number;
  /** Inputs per example. */
  features: number;
  /** The largest label + 1. */
  classes: number;
  /** Whether the inputs are floats rather than bytes. */
  isFloat: boolean;
  /** Whether an input is a byte's v/255, so that batches can stay bytes. */
  isPacked: boolean;
  /** (count) examples, each padded to whole words. */
  inputs: GPUBuffer;
  /** (count) bytes. */
  labels: GPUBuffer;
  /**
   * (count) factors by which the gather kernel multiplies an example; of standardized ones
   * (channels) words of four means and four inverse deviations. With `hasWindows`, behind those of
   * the examples (count, places, places) of the windows that a crop may show.
   */
  scales: GPUBuffer;
  /**
   * Whether scales differ from window to window: of images that crops show, divided by their norm.
   */
  hasWindows: boolean;
  /** Channels of standardized examples, else null. */
  channels: number | null;
  /**
   * Orders examples by where they are 0 (alike.ts): of bytes that are not standardized, on a
   * software adapter; else null.
   */
  nonzero: {
    order(name: string, examples: () => Uint32Array): Uint32Array<ArrayBuffer>;
  } | null;
}

/**
 * Uploads one set of examples. Floats are used as they are, whatever the normalization, unless
 * `isUnit` or standardized.
 *
 * @param statistics of the training pool, for "standardize", whichever set this is
 * @param cropped the shape of an image, where training crops these examples
 * @throws InputError if there are no examples, the arrays are not of their lengths, a value cannot
 *   be used, or statistics are missing; CapacityError if the examples are more than the device
 *   holds in one buffer
 */
export async function uploadExamples(
  gpu: Gpu,
  given: GivenExamples,
  normalization: Normalization,
  statistics?: ChannelStatistics,
  cropped?: LayerImage,
): Promise<GpuExamples> {
  checkNormalization(normalization);
  const table = normalization === "standardize" ? tableOf(statistics) : null;
  const examples = checkExamples(given, "dataset");
  const { inputs, labels, count, features } = examples;
  const isFloat = inputs instanceof Float32Array;
  const windows = normalization === "l2" && cropped && !isVerbatim(examples, normalization)
    ? cropped
    : null;
  const rowBytes = 4 * Math.ceil(features / 4) * (isFloat ? 4 : 1);
  const scaleBytes = 4 * (windows ? 1 + PLACES ** 2 : 1);
  if (windows && count * scaleBytes > bufferLimit(gpu)) {
    throw new CapacityError(
      `the norms of the windows of ${count} examples take ${sizeText(count * scaleBytes)}, and ` +
        `"${gpu.adapter.name}" holds at most ${sizeText(bufferLimit(gpu))} in one buffer; use at ` +
        `most ${
          Math.floor(bufferLimit(gpu) / scaleBytes)
        } of them, or another normalization than l2`,
    );
  }
  if (count * rowBytes > bufferLimit(gpu)) {
    throw new CapacityError(
      `${count} examples of ${features} ${isFloat ? "floats" : "bytes"} take ` +
        `${sizeText(count * rowBytes)}, and "${gpu.adapter.name}" holds at most ` +
        `${sizeText(bufferLimit(gpu))} in one buffer; use at most ` +
        `${Math.floor(bufferLimit(gpu) / rowBytes)} of them` +
        (isFloat ? ", or pixels from 0 to 255, which take a quarter" : ""),
    );
  }
  const rows = padRows(inputs, count, features, rowBytes);
  return await gpu.scoped("dataset", () => ({
    count,
    features,
    classes: labels.reduce((most, label) => Math.max(most, label), 0) + 1,
    isFloat,
    isPacked: !isFloat && isVerbatim(examples, normalization),
    inputs: uploadBuffer(gpu, "inputs", rows),
    labels: uploadBuffer(
      gpu,
      "labels",
      padRows(labels, 1, count, 4 * Math.ceil(count / 4)),
    ),
    scales: uploadBuffer(gpu, "scales", table ?? scalesOf(examples, normalization, windows)),
    hasWindows: windows !== null,
    channels: table && table.length / WORD_FLOATS,
    nonzero: isFloat || table || !gpu.adapter.isSoftware
      ? null
      : NonzeroWords.of(new Uint32Array(rows.buffer), rowBytes / 4),
  }));
}

/** Releases a set's buffers. */
export function destroyExamples(examples: GpuExamples): void {
  for (const buffer of [examples.inputs, examples.labels, examples.scales]) buffer.destroy();
}

/** A buffer that holds `data`, readable by kernels. */
export function uploadBuffer(
  gpu: Gpu,
  label: string,
  data: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
): GPUBuffer {
  const buffer = gpu.device.createBuffer({
    label,
    size: data.byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
  });
  gpu.device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

/** Rows of `width` elements copied to rows of `rowBytes` bytes, the remainder 0. */
function padRows(
  data: Uint8Array | Float32Array,
  rows: number,
  width: number,
  rowBytes: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const rowLength = width * data.BYTES_PER_ELEMENT;
  const padded = new Uint8Array(rows * rowBytes);
  if (rowLength === rowBytes) {
    padded.set(bytes);
    return padded;
  }
  for (let row = 0; row < rows; row++) {
    padded.set(bytes.subarray(row * rowLength, (row + 1) * rowLength), row * rowBytes);
  }
  return padded;
}

/** Whether inputs are what the kernels read: a byte's v/255, or floats. */
function isVerbatim(
  { inputs, isUnit = false }: ExampleArrays,
  normalization: Normalization,
): boolean {
  if (normalization === "standardize") return false;
  if (normalization === "unit") return true;
  return isUnit ? normalization === "none" : inputs instanceof Float32Array;
}

/** Floats of the `ChannelWord` struct of the shader. */
const WORD_FLOATS = 8;

/** Means and inverse deviations of the channels of four values each, in the order of a row. */
function tableOf(statistics?: ChannelStatistics): Float32Array<ArrayBuffer> {
  if (!statistics) {
    throw new InputError(
      'normalization "standardize" needs the means and deviations of the training examples: give ' +
        "channelStatistics(training, channels)",
    );
  }
  const { means, deviations } = statistics;
  return Float32Array.from({ length: WORD_FLOATS * means.length }, (_, i) => {
    const channel = (4 * Math.floor(i / WORD_FLOATS) + i % 4) % means.length;
    return i % WORD_FLOATS < 4 ? means[channel] : 1 / deviations[channel];
  });
}

/** Factors of what the kernels read, by example; behind them by window where `windows` is given. */
function scalesOf(
  examples: ExampleArrays,
  normalization: Normalization,
  windows: LayerImage | null,
): Float32Array<ArrayBuffer> {
  const { inputs, count, features } = examples, places = windows ? PLACES ** 2 : 0;
  const scales = new Float32Array(count * (1 + places));
  for (let i = 0; i < count; i++) {
    scales[i] = scaleOf(examples, normalization, i);
    if (windows === null) continue;
    const image = inputs.subarray(i * features, (i + 1) * features);
    windowSquares(image, windows).forEach((sum, w) => {
      scales[count + i * places + w] = inverseNorm(sum, inputs);
    });
  }
  return scales;
}

/**
 * The factor of an example's values as the kernels read them: a byte's v/255, or floats. An image
 * of zeros stays zeros under l2.
 */
export function scaleOf(
  examples: ExampleArrays,
  normalization: Normalization,
  example: number,
): number {
  if (isVerbatim(examples, normalization)) return 1;
  if (normalization === "none") return 255;
  const { inputs, features } = examples;
  let sum = 0;
  for (let k = example * features; k < (example + 1) * features; k++) sum += inputs[k] * inputs[k];
  return inverseNorm(sum, inputs);
}

/** The inverse of the norm of values as the kernels read them, from their squares; 0 of zeros. */
function inverseNorm(squares: number, inputs: ExampleArrays["inputs"]): number {
  const white = inputs instanceof Float32Array ? 1 : 255;
  return squares === 0 ? 0 : white / Math.sqrt(squares);
}
