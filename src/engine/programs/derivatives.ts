/**
 * The gradient of the loss with respect to every weight, and the product of its Hessian with a
 * direction, by dual numbers through forward and backward pass (forward over reverse: Pearlmutter,
 * "Fast exact multiplication by the Hessian", 1994).
 */

import { CapacityError } from "../../errors.ts";
import { bufferLimit, sizeText } from "../buffer_limit.ts";
import { BufferPool, readBack, type ReadSource } from "../buffers.ts";
import type { Gpu } from "../device.ts";
import {
  dualConvBackwardSource,
  dualConvForwardSource,
  dualConvGradientSource,
  dualPoolBackwardSource,
  dualPoolForwardSource,
} from "../kernels/images/dual_image_kernels.ts";
import {
  dualBackwardSource,
  dualForwardSource,
  dualGradientSource,
  dualLossSource,
} from "../kernels/dual_kernels.ts";
import { createKernels, type Kernel, type KernelSource } from "../kernels/kernel.ts";
import { mostExamples } from "../kernels/loop_steps.ts";
import { layerWidths } from "../kernels/program_spec.ts";
import {
  activationOf,
  inputSize,
  isConv2d,
  isDense,
  isPool,
  type LayerSpec,
  weightedLayers,
  weightShape,
} from "../layer_spec.ts";
import { submitOnce } from "../submits/submits.ts";

/** Examples as the network sees them. */
export interface HostBatch {
  /** (count, features) normalized inputs. */
  inputs: Float32Array;
  /** (count) labels, as mapped. */
  labels: Uint8Array;
  /** How many examples. */
  count: number;
}

/** A network, a batch, and a direction in which its weights move. */
export interface DerivativeJob {
  /** The layers; the last one has no activation. */
  layers: LayerSpec[];
  /** At least one example. */
  batch: HostBatch;
  /** By layer that has weights, (inputs, units): effective ones, 0 where masked. */
  weights: readonly Float32Array[];
  /** By layer that has weights, (units); of a layer without biases they do not count. */
  biases: readonly Float32Array[];
  /** By layer that has weights, (inputs, units). Default: 0. */
  direction?: readonly Float32Array[];
}

/** The derivatives of the mean loss of a batch. */
export interface Derivatives {
  /** Mean cross-entropy. */
  loss: number;
  /** By layer that has weights: the gradient by each of them, whether it is masked or not. */
  gradients: Float32Array[];
  /** By layer that has weights: the Hessian by all weights of all layers, times the direction. */
  products: Float32Array[];
}

/** Most examples that pass at once: a larger batch passes in pieces, added in order. */
const MOST_ROWS = 512;

/** Most bytes of the values of a layer of images: several of them are held at once. */
const MOST_IMAGE_BYTES = 32e6;

/** Bytes of a dual number. */
const DUAL = 8;
/** See common.wgsl. */
const NO_LABEL = 0xffffffff;

/**
 * Derivatives of the loss at `weights`. With 100 examples, LeNet-300-100 takes 0.08 s on llvmpipe
 * with two cores and 0.16 s the first time, LeNet-5 0.72 s and 0.77 s (medians of five).
 *
 * @throws CapacityError if a layer is more than the device holds in one buffer
 */
export async function derivatives(gpu: Gpu, job: DerivativeJob): Promise<Derivatives> {
  const { layers, batch: { count } } = job, limit = bufferLimit(gpu);
  for (const layer of weightedLayers(layers)) {
    const { name } = layer, { inputs, units } = weightShape(layer);
    if (DUAL * inputs * units <= limit) continue;
    throw new CapacityError(
      `${name}: the derivatives by its ${inputs} × ${units} weights take ` +
        `${sizeText(DUAL * inputs * units)}, and "${gpu.adapter.name}" holds at most ` +
        `${sizeText(limit)} in one buffer; use fewer ${isDense(layer) ? "units" : "filters"}`,
    );
  }
  const widest = Math.max(...layerWidths(layers));
  const most = layers.every(isDense) ? limit : Math.min(limit, MOST_IMAGE_BYTES);
  const loops = layers.filter(isConv2d).map(mostExamples);
  const fit = Math.floor(most / (DUAL * widest));
  const rows = Math.max(1, Math.min(count, MOST_ROWS, fit, ...loops));
  const pool = new BufferPool(gpu);
  try {
    const buffers = await gpu.scoped("derivatives", () => createBuffers(pool, job, rows));
    const kernels = await createKernels(gpu, sourcesOf(job, rows, buffers));
    const losses: ArrayBuffer[] = [];
    for (let first = 0; first < count; first += rows) {
      runPiece(gpu, kernels, job.batch, { first, rows, features: inputSize(layers[0]) }, buffers);
      losses.push(...await readBack(gpu, [copyOf(buffers.losses)]));
    }
    const duals = await readBack(gpu, buffers.weighted.map(({ gradients }) => copyOf(gradients)));
    const parts = duals.map((dual) => new Float32Array(dual));
    const loss = losses.flatMap((piece) => [...new Float32Array(piece)])
      .reduce((sum, loss) => sum + loss, 0) / count;
    return {
      loss,
      gradients: parts.map((dual) => everySecond(dual, 0)),
      products: parts.map((dual) => everySecond(dual, 1)),
    };
  } finally {
    pool.destroy();
  }
}

interface Buffers {
  /** (rows, width) duals: the inputs, then each layer's outputs. */
  activations: GPUBuffer[];
  /** By layer: (rows, width) duals, the gradient at its pre-activations. */
  deltas: GPUBuffer[];
  labels: GPUBuffer;
  losses: GPUBuffer;
  /** By layer that has weights. */
  weighted: { weights: GPUBuffer; biases: GPUBuffer; gradients: GPUBuffer }[];
}

function createBuffers(pool: BufferPool, job: DerivativeJob, rows: number): Buffers {
  const { layers, weights, biases, direction } = job;
  const filled = (label: string, data: Float32Array<ArrayBuffer>) => {
    const buffer = pool.storage(label, data.byteLength);
    pool.gpu.device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  };
  const widths = layerWidths(layers);
  return {
    activations: widths.map((width, i) =>
      pool.storage(`dual activations ${i}`, DUAL * rows * width)
    ),
    deltas: layers.map((_, i) => pool.storage("dual deltas", DUAL * rows * widths[i + 1])),
    labels: pool.storage("dual labels", 4 * rows),
    losses: pool.storage("dual losses", 4 * rows),
    weighted: weightedLayers(layers).map((layer, i) => ({
      weights: filled("dual weights", interleaved(weights[i], direction?.[i])),
      biases: filled(
        "dual biases",
        layer.useBias ? biases[i].slice() : new Float32Array(weightShape(layer).units),
      ),
      gradients: pool.storage("dual gradients", DUAL * weights[i].length),
    })),
  };
}

/** The kernels of one piece, in order. */
function sourcesOf(job: DerivativeJob, rows: number, buffers: Buffers): KernelSource[] {
  const { layers, batch } = job, last = layers.length - 1, { activations, labels } = buffers;
  const sizes = { rows, batch: batch.count, classes: layerWidths(layers)[layers.length] };
  const loss = { logits: activations[last + 1], deltas: buffers.deltas[last], labels };
  return [
    ...layers.map((_, i) => layerForward(job, i, rows, buffers)),
    dualLossSource(sizes, { ...loss, losses: buffers.losses }),
    ...layers.map((_, i) => layerBackward(job, i, rows, buffers)).reverse().flat(),
  ];
}

/** The buffers of a layer's weights. */
function weightsOf({ layers }: DerivativeJob, index: number, { weighted }: Buffers) {
  return weighted[weightedLayers(layers.slice(0, index)).length];
}

function layerForward(job: DerivativeJob, i: number, rows: number, buffers: Buffers) {
  const layer = job.layers[i];
  const images = { inputs: buffers.activations[i], outputs: buffers.activations[i + 1] };
  if (isPool(layer)) return dualPoolForwardSource(layer, rows, images);
  const operands = { ...images, ...weightsOf(job, i, buffers) };
  return isConv2d(layer)
    ? dualConvForwardSource(layer, rows, operands)
    : dualForwardSource(layer, rows, operands);
}

/** The gradient by the weights, then that at the layer below. */
function layerBackward(job: DerivativeJob, i: number, rows: number, buffers: Buffers) {
  const layer = job.layers[i], inputs = buffers.activations[i], deltas = buffers.deltas[i];
  const at = i === 0 ? null : { deltas, activations: inputs, below: buffers.deltas[i - 1] };
  const activation = i === 0 ? null : activationOf(job.layers[i - 1]);
  if (isPool(layer)) return at ? [dualPoolBackwardSource(layer, activation, rows, at)] : [];
  const { weights, gradients } = weightsOf(job, i, buffers),
    ofWeights = { inputs, deltas, gradients };
  if (isConv2d(layer)) {
    return [
      dualConvGradientSource(layer, rows, ofWeights),
      ...(at ? [dualConvBackwardSource(layer, activation, rows, { ...at, weights })] : []),
    ];
  }
  return [
    dualGradientSource(layer, rows, ofWeights),
    ...(at ? [dualBackwardSource(layer, activation, rows, { ...at, weights })] : []),
  ];
}

/** Passes `rows` examples from `first` on; rows past the end hold none and add nothing. */
function runPiece(
  gpu: Gpu,
  kernels: readonly Kernel[],
  { inputs, labels, count }: HostBatch,
  { first, rows, features }: { first: number; rows: number; features: number },
  buffers: Buffers,
): void {
  const end = Math.min(count, first + rows);
  const values = new Float32Array(rows * features), words = new Uint32Array(rows).fill(NO_LABEL);
  values.set(inputs.subarray(first * features, end * features));
  words.set(labels.subarray(first, end));
  const { queue } = gpu.device;
  queue.writeBuffer(buffers.activations[0], 0, interleaved(values));
  queue.writeBuffer(buffers.labels, 0, words);
  submitOnce(gpu, kernels);
}

/** Dual numbers of these values and tangents. */
function interleaved(values: Float32Array, tangents?: Float32Array): Float32Array<ArrayBuffer> {
  const duals = new Float32Array(2 * values.length);
  for (let i = 0; i < values.length; i++) duals[2 * i] = values[i];
  if (tangents) { for (let i = 0; i < values.length; i++) duals[2 * i + 1] = tangents[i]; }
  return duals;
}

/** Every second number, from `first` on. */
function everySecond(duals: Float32Array, first: 0 | 1): Float32Array<ArrayBuffer> {
  const part = new Float32Array(duals.length / 2);
  for (let i = 0; i < part.length; i++) part[i] = duals[2 * i + first];
  return part;
}

/** All of a buffer. */
function copyOf(buffer: GPUBuffer): ReadSource {
  return {
    bytes: buffer.size,
    copy: (encoder, staging) => encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size),
  };
}
