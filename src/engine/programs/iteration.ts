/** One training iteration of a network program: its buffers, and its kernels in order. */

import type { BufferPool } from "../buffers.ts";
import type { Gpu } from "../device.ts";
import type { KernelSource } from "../kernels/kernel.ts";
import {
  activationGradientSource,
  forwardSource,
  nonzeroSource,
  rowListWords,
  weightGradientSource,
  wordListWords,
} from "../kernels/matmul_kernels.ts";
import { gatherTrainSource, lossSource } from "../kernels/row_kernels.ts";
import type { LayerSpec } from "../layer_spec.ts";
import { maskWords, matrixSize, pitch } from "../kernels/layout.ts";
import { stateCount } from "../optimizers.ts";
import { allocateLoopBuffers, type LoopBuffers } from "./network_memory.ts";
import { createMatrix, type Matrix, type MatrixFormat } from "../kernels/matrix.ts";
import {
  activationFormat,
  batchFormat,
  layerWidths,
  matrixStorage,
  type ProgramSpec,
} from "../kernels/program_spec.ts";
import { paddedRows, tilesForBatch } from "../kernels/tiles.ts";

/** The buffers of training, each with a leading axis R unless said. */
export interface IterationBuffers extends LoopBuffers {
  /** By layer: one matrix, updated in place, or two that are updated in turn. */
  weights: Matrix[][];
  masks: Matrix[];
  /** By layer: the optimizer's matrices. */
  state: GPUBuffer[][];
  /** The batch, then each layer's outputs. */
  activations: Matrix[];
  /** By layer: gradient at its pre-activations. */
  deltas: Matrix[];
  labels: GPUBuffer;
  /** Parts of the batch that count in the first layer's forward and weight gradient; null: all. */
  lists: { words: GPUBuffer; rows: GPUBuffer } | null;
}

/** Allocates them from `pool`. */
export function allocateIteration(gpu: Gpu, spec: ProgramSpec, pool: BufferPool): IterationBuffers {
  const { layers, replicas } = spec;
  const tiles = tilesForBatch(gpu.adapter, spec.batchSize);
  const rows = paddedRows(spec.batchSize, tiles);
  const words = (label: string, count: number) => pool.storage(label, 4 * replicas * count);
  const perLayer = <T>(allocate: (layer: LayerSpec) => T) => layers.map(allocate);
  const storage = matrixStorage(gpu, spec);
  const matrix = (label: string, rows: number, columns: number, format: MatrixFormat = "f32") =>
    createMatrix(pool, storage, label, { rows: replicas * rows, vectors: columns / 4, format });
  const lists = (): IterationBuffers["lists"] => ({
    words: words("nonzero words", wordListWords(layers[0], rows, tiles)),
    rows: words("nonzero rows", rowListWords(layers[0], rows, tiles)),
  });
  return {
    weights: perLayer(({ name, inputs, units }) =>
      Array.from(
        { length: storage === "textures" ? 2 : 1 },
        () => matrix(`weights ${name}`, pitch(inputs), pitch(units)),
      )
    ),
    masks: perLayer(({ name, inputs, units }) =>
      matrix(`mask ${name}`, pitch(inputs), 4 * maskWords(pitch(units)), "u8")
    ),
    state: perLayer((layer) =>
      Array.from(
        { length: stateCount(spec.optimizer) },
        () => words(`optimizer state ${layer.name}`, matrixSize(layer)),
      )
    ),
    activations: layerWidths(layers).map((width, i) =>
      matrix(`activations ${i}`, rows, pitch(width), activationFormat(spec, i))
    ),
    deltas: perLayer(({ name, units }) => matrix(`deltas ${name}`, rows, pitch(units))),
    labels: words("batch labels", rows),
    ...allocateLoopBuffers(pool, replicas),
    // Float inputs are rarely 0.
    lists: tiles.skipsZeros && !spec.examples.isFloat ? lists() : null,
  };
}

/** The kernels of one training iteration, in order; `side` is where the weights are before it. */
export function iterationSources(
  gpu: Gpu,
  spec: ProgramSpec,
  buffers: IterationBuffers,
  side: number,
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
  const { activations, deltas, lists } = buffers;
  const weights = buffers.weights.map((sides) => sides[side]);
  const updated = buffers.weights.map((sides) => sides[(side + 1) % sides.length]);
  const forward = layers.map((layer, i) =>
    forwardSource(layer, i === last, sizes, tiles, {
      inputs: activations[i],
      format: i === 0 ? format : "f32",
      lists: i === 0 ? lists?.words : null,
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
      updated: updated[i],
      lists: i === 0 ? lists?.rows ?? null : null,
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
    gatherTrainSource(sizes, { ...buffers, examples: spec.examples, batch: activations[0] }),
    ...(lists
      ? [
        nonzeroSource(layers[0], sizes, tiles, {
          inputs: activations[0],
          format,
          wordLists: lists.words,
          rowLists: lists.rows,
        }),
      ]
      : []),
    ...forward,
    lossSource(sizes, { ...buffers, logits: activations[last + 1], deltas: deltas[last] }),
    ...backward,
  ];
}
