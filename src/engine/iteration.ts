/**
 * One training iteration of a network program: its buffers, and its kernels in order. Takes the
 * program's shape; `program.ts` owns the result.
 */

import type { BufferPool } from "./buffers.ts";
import type { Gpu } from "./device.ts";
import type { KernelSource } from "./kernel.ts";
import {
  activationGradientSource,
  forwardSource,
  nonzeroRowsSource,
  nonzeroRowsWords,
  weightGradientSource,
} from "./matmul_kernels.ts";
import { gatherTrainSource, lossSource, REPLICA_WORDS } from "./row_kernels.ts";
import type { LayerSpec } from "./layer_spec.ts";
import { maskWords, matrixSize, pitch } from "./layout.ts";
import { stateCount } from "./optimizers.ts";
import {
  activationBytes,
  batchFormat,
  layerWidths,
  MAX_BURST,
  type ProgramSpec,
} from "./program_spec.ts";
import { paddedRows, tilesForBatch } from "./tiles.ts";

/** The buffers of training, each with a leading axis R unless said. */
export interface IterationBuffers {
  weights: GPUBuffer[];
  masks: GPUBuffer[];
  /** By layer: the optimizer's matrices. */
  state: GPUBuffer[][];
  /** The batch, then each layer's outputs. */
  activations: GPUBuffer[];
  /** By layer: gradient at its pre-activations. */
  deltas: GPUBuffer[];
  labels: GPUBuffer;
  replicas: GPUBuffer;
  /** Iterations done, kept by the GPU itself. */
  counters: GPUBuffer;
  /** (MAX_BURST, R) */
  metrics: GPUBuffer;
  /** (MAX_BURST), shared by all replicas. */
  schedule: GPUBuffer;
  burst: GPUBuffer;
  /** Step size of the current iteration. */
  steps: GPUBuffer;
  /** Batch rows that count in the first layer's weight gradient; null where all do. */
  lists: GPUBuffer | null;
}

/** Allocates them from `pool`. */
export function allocateIteration(gpu: Gpu, spec: ProgramSpec, pool: BufferPool): IterationBuffers {
  const { layers, replicas } = spec;
  const tiles = tilesForBatch(gpu.adapter, spec.batchSize);
  const rows = paddedRows(spec.batchSize, tiles);
  const words = (label: string, count: number) => pool.storage(label, 4 * replicas * count);
  const perLayer = (label: string, count: (layer: LayerSpec) => number) =>
    layers.map((layer) => words(`${label} ${layer.name}`, count(layer)));
  return {
    weights: perLayer("weights", matrixSize),
    masks: perLayer("mask", (layer) => pitch(layer.inputs) * maskWords(pitch(layer.units))),
    state: layers.map((layer) =>
      Array.from(
        { length: stateCount(spec.optimizer) },
        () => words(`optimizer state ${layer.name}`, matrixSize(layer)),
      )
    ),
    activations: layerWidths(layers).map((_, i) =>
      pool.storage(`activations ${i}`, replicas * rows * activationBytes(spec, i))
    ),
    deltas: perLayer("deltas", (layer) => rows * pitch(layer.units)),
    labels: words("batch labels", rows),
    replicas: words("replicas", REPLICA_WORDS),
    counters: words("counters", 1),
    metrics: words("metrics", 2 * MAX_BURST),
    schedule: pool.storage("schedule", 4 * MAX_BURST),
    burst: pool.uniform("burst", new Uint32Array(4)),
    steps: words("steps", 1),
    // Float inputs are rarely 0.
    lists: tiles.listsNonzeroRows && !spec.pool.isFloat
      ? words("nonzero rows", nonzeroRowsWords(layers[0], rows, tiles))
      : null,
  };
}

/** The kernels of one training iteration, in order. */
export function iterationSources(
  gpu: Gpu,
  spec: ProgramSpec,
  buffers: IterationBuffers,
): KernelSource[] {
  const { layers, optimizer, batchSize, trainCount, replicas } = spec;
  const tiles = tilesForBatch(gpu.adapter, batchSize), last = layers.length - 1;
  const format = batchFormat(spec);
  const sizes = {
    format,
    replicas,
    batchSize,
    trainCount,
    rows: paddedRows(batchSize, tiles),
    classes: layers[last].units,
  };
  const { activations, deltas, weights } = buffers;
  const forward = layers.map((layer, i) =>
    forwardSource(layer, i === last, sizes, tiles, {
      inputs: activations[i],
      format: i === 0 ? format : "f32",
      weights: weights[i],
      outputs: activations[i + 1],
    })
  );
  // A layer's activation gradient needs its weights from before their update.
  const backward = layers.map((layer, i) => {
    const update = weightGradientSource(layer, optimizer, sizes, tiles, {
      ...buffers,
      inputs: activations[i],
      format: i === 0 ? format : "f32",
      deltas: deltas[i],
      mask: buffers.masks[i],
      weights: weights[i],
      lists: i === 0 ? buffers.lists : null,
      state: buffers.state[i],
    });
    if (i === 0) return [update];
    const below = activationGradientSource(layer, layers[i - 1].activation, sizes, tiles, {
      deltas: deltas[i],
      weights: weights[i],
      activations: activations[i],
      below: deltas[i - 1],
    });
    return [below, update];
  }).reverse().flat();
  return [
    gatherTrainSource(sizes, { ...buffers, examples: spec.pool, batch: activations[0] }),
    ...(buffers.lists
      ? [
        nonzeroRowsSource(layers[0], sizes, tiles, {
          inputs: activations[0],
          format,
          lists: buffers.lists,
        }),
      ]
      : []),
    ...forward,
    lossSource(sizes, { ...buffers, logits: activations[last + 1], deltas: deltas[last] }),
    ...backward,
  ];
}
