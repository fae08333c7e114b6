/**
 * Evaluates whole splits with a program's current weights. Takes the program's weights and examples;
 * records, into a compute pass, the forward passes of a split window by window and the sums of its
 * losses and correct predictions, written to a slot of `totals`.
 */

import { BufferPool, UNIFORM_STRIDE } from "./buffers.ts";
import type { Gpu } from "./device.ts";
import { createKernels, dispatch, type Kernel } from "./kernel.ts";
import { pitch } from "./layout.ts";
import { forwardSource, nonzeroSource, wordListWords } from "./matmul_kernels.ts";
import { createMatrix, type Matrix } from "./matrix.ts";
import { evaluateSource, gatherEvaluateSource, reduceSource } from "./row_kernels.ts";
import {
  activationFormat,
  batchFormat,
  evaluationSpan,
  layerWidths,
  matrixStorage,
  type ProgramSpec,
  type Split,
  splitCount,
  SPLITS,
} from "./program_spec.ts";
import { tilesFor } from "./tiles.ts";

/** Most evaluations of one burst: the slots of `totals`. */
export const MAX_EVALUATIONS = 32;

interface Kernels {
  gatherPool: Kernel;
  gatherTest: Kernel;
  /** By the side of the weights, then by layer. */
  forward: Kernel[][];
  nonzero: Kernel | null;
  evaluate: Kernel;
  reduce: Kernel;
}

/** See the head of this file. */
export class Evaluation {
  private constructor(
    readonly totals: GPUBuffer,
    private readonly kernels: Kernels,
    private readonly windowOffsets: Record<Split, number[]>,
  ) {}

  /** Allocates from `pool` and compiles; `weights` and `replicas` are the program's own buffers. */
  static async create(
    gpu: Gpu,
    spec: ProgramSpec,
    pool: BufferPool,
    program: { weights: Matrix[][]; replicas: GPUBuffer },
  ): Promise<Evaluation> {
    const { layers, replicas } = spec;
    const tiles = tilesFor(gpu.adapter), rows = tiles.window, span = evaluationSpan(spec);
    const last = layers.length - 1, format = batchFormat(spec);
    const { structs, offsets } = layWindows(spec, rows);
    const slots = Array.from(
      { length: MAX_EVALUATIONS },
      (_, slot) => SPLITS.map((split) => [slot, splitCount(spec, split)]),
    ).flat();
    const storage = matrixStorage(gpu, spec);
    const skipsZeros = tiles.skipsZeros && !spec.pool.isFloat;
    const buffers = await gpu.scoped("evaluation buffers", () => ({
      activations: layerWidths(layers).map((width, i) =>
        createMatrix(pool, storage, `window ${i}`, {
          rows: replicas * rows,
          vectors: pitch(width) / 4,
          format: activationFormat(spec, i),
        })
      ),
      lists: skipsZeros
        ? pool.storage("window words", 4 * replicas * wordListWords(layers[0], rows, tiles))
        : null,
      labels: pool.storage("window labels", 4 * replicas * rows),
      rows: pool.storage("row losses", 8 * replicas * span),
      totals: pool.storage("totals", 8 * replicas * MAX_EVALUATIONS),
      windows: pool.uniforms("windows", structs),
      slots: pool.uniforms("slots", slots),
    }));
    const gather = (examples: ProgramSpec["pool"]) =>
      gatherEvaluateSource({ replicas, rows, format }, {
        ...buffers,
        examples,
        replicas: program.replicas,
        batch: buffers.activations[0],
      });
    const [inputs] = buffers.activations, { lists } = buffers;
    const forward = (side: number) =>
      layers.map((layer, i) =>
        forwardSource(layer, i === last, { replicas, rows }, tiles, {
          inputs: buffers.activations[i],
          format: i === 0 ? format : "f32",
          lists: i === 0 ? lists : null,
          weights: program.weights[i][side],
          outputs: buffers.activations[i + 1],
        })
      );
    const [gatherPool, gatherTest, reduce, evaluate, nonzero = null] = await createKernels(gpu, [
      gather(spec.pool),
      gather(spec.test),
      reduceSource({ replicas, span }, buffers),
      evaluateSource({ classes: layers[last].units, replicas, rows, span }, {
        ...buffers,
        logits: buffers.activations[last + 1],
      }),
      ...(lists
        ? [
          nonzeroSource(layers[0], { replicas, rows }, tiles, {
            inputs,
            format,
            wordLists: lists,
            rowLists: null,
          }),
        ]
        : []),
    ]);
    const sides = program.weights[0].map((_, side) => createKernels(gpu, forward(side)));
    const kernels = {
      gatherPool,
      gatherTest,
      nonzero,
      forward: await Promise.all(sides),
      evaluate,
      reduce,
    };
    return new Evaluation(buffers.totals, kernels, offsets);
  }

  /**
   * Records the evaluation of a split with the weights of a side; its sums go to row `slot` of `totals`
   * (slots, R).
   */
  encode(pass: GPUComputePassEncoder, split: Split, slot: number, side: number): void {
    const { gatherPool, gatherTest, nonzero, forward, evaluate, reduce } = this.kernels;
    for (const offset of this.windowOffsets[split]) {
      dispatch(pass, split === "test" ? gatherTest : gatherPool, [offset]);
      if (nonzero) dispatch(pass, nonzero);
      for (const kernel of forward[side]) dispatch(pass, kernel);
      dispatch(pass, evaluate, [offset]);
    }
    dispatch(pass, reduce, [(SPLITS.length * slot + SPLITS.indexOf(split)) * UNIFORM_STRIDE]);
  }
}

/** The `Window` structs of all splits, and each split's offsets into their uniform buffer. */
function layWindows(
  spec: ProgramSpec,
  rows: number,
): { structs: number[][]; offsets: Record<Split, number[]> } {
  const structs: number[][] = [];
  const offsets: Record<Split, number[]> = { train: [], validate: [], test: [] };
  const starts: Record<Split, number> = { train: 0, validate: spec.trainCount, test: 0 };
  for (const split of SPLITS) {
    const start = starts[split], end = start + splitCount(spec, split);
    for (let first = start; first < end; first += rows) {
      offsets[split].push(structs.length * UNIFORM_STRIDE);
      structs.push([first, end, split === "test" ? 0 : 1, first - start]);
    }
  }
  return { structs, offsets };
}
