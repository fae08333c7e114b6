/**
 * Evaluates whole splits with a program's current weights. Records the forward passes of a split,
 * window by window, and the sums of its losses and correct predictions into a slot of `totals`. The
 * result for each example stays in `rows` until the next evaluation.
 */

import { type BufferPool, UNIFORM_STRIDE } from "../buffers.ts";
import type { GpuExamples } from "../examples/dataset.ts";
import type { Gpu } from "../device.ts";
import { createKernels, type Kernel, type KernelSource } from "../kernels/kernel.ts";
import {
  evaluationSpan,
  type ProgramSpec,
  type Split,
  splitCount,
  SPLITS,
} from "../kernels/program_spec.ts";
import { reduceSource } from "../kernels/row_kernels.ts";
import type { DispatchQueue } from "../submits/submits.ts";

/** Most evaluations of one burst: the slots of `totals`. */
export const MAX_EVALUATIONS = 32;

/** Buffers of evaluation that are the same however networks lie in memory. */
export interface EvaluationBuffers {
  /** `Window` structs, for the gather and evaluate kernels. */
  windows: GPUBuffer;
  /** (R, span) losses and outcomes: see evaluate.wgsl. */
  rows: GPUBuffer;
}

/** The kernels of one window. */
export interface WindowSources {
  gather(examples: GpuExamples): KernelSource;
  /** From the gathered window to its logits, by the side where the weights are. */
  forward: KernelSource[][];
  evaluate: KernelSource;
}

interface Kernels {
  gatherPool: Kernel;
  gatherTest: Kernel;
  forward: Kernel[][];
  evaluate: Kernel;
  reduce: Kernel;
}

/** A window has so many examples whatever it takes: fewer do not fill a tile. */
const LEAST_WINDOW = 32;

/**
 * How many of a window's `rows` examples it has where submits have a budget: with all replicas
 * together as many as one network's window alone, or as many as a batch. So no kernel of an
 * evaluation, which cannot be cut, takes much longer than one network's, or than those of an
 * iteration. Windows change no result.
 */
export function windowShare(
  { submitMilliseconds }: Gpu,
  { replicas, batchSize }: Pick<ProgramSpec, "replicas" | "batchSize">,
  rows: number,
): number {
  if (submitMilliseconds === null) return rows;
  return Math.min(rows, Math.max(LEAST_WINDOW, batchSize, Math.ceil(rows / replicas)));
}

/** Evaluates splits with the current weights of a program. */
export class Evaluation {
  private constructor(
    readonly totals: GPUBuffer,
    readonly rows: GPUBuffer,
    private readonly kernels: Kernels,
    private readonly windowOffsets: Record<Split, number[]>,
  ) {}

  /** Allocates from `pool` and compiles, for windows of `windowRows` examples. */
  static async create(
    gpu: Gpu,
    spec: ProgramSpec,
    pool: BufferPool,
    windowRows: number,
    sourcesOf: (buffers: EvaluationBuffers) => WindowSources,
  ): Promise<Evaluation> {
    const { replicas } = spec, span = evaluationSpan(spec);
    const { structs, offsets } = layWindows(spec, windowRows);
    const slots = Array.from(
      { length: MAX_EVALUATIONS },
      (_, slot) => SPLITS.map((split) => [slot, splitCount(spec, split)]),
    ).flat();
    const { buffers, sources } = await gpu.scoped("evaluation buffers", () => {
      const buffers = {
        rows: pool.storage("row losses", 8 * replicas * span),
        totals: pool.storage("totals", 8 * replicas * MAX_EVALUATIONS),
        windows: pool.uniforms("windows", structs),
        slots: pool.uniforms("slots", slots),
      };
      return { buffers, sources: sourcesOf(buffers) };
    });
    const [[gatherPool, gatherTest, evaluate, reduce], ...forward] = await Promise.all([
      createKernels(gpu, [
        sources.gather(spec.examples),
        sources.gather(spec.test),
        sources.evaluate,
        reduceSource({ replicas, span }, buffers),
      ]),
      ...sources.forward.map((side) => createKernels(gpu, side)),
    ]);
    const kernels = { gatherPool, gatherTest, forward, evaluate, reduce };
    return new Evaluation(buffers.totals, buffers.rows, kernels, offsets);
  }

  /**
   * Records the evaluation of a split with the weights of a side; its sums go to row `slot` of
   * `totals` (slots, R).
   */
  encode(to: DispatchQueue, split: Split, slot: number, side: number): void {
    const { gatherPool, gatherTest, forward, evaluate, reduce } = this.kernels;
    for (const offset of this.windowOffsets[split]) {
      to.add(split === "test" ? gatherTest : gatherPool, [offset]);
      for (const kernel of forward[side]) to.add(kernel);
      to.add(evaluate, [offset]);
    }
    to.add(reduce, [(SPLITS.length * slot + SPLITS.indexOf(split)) * UNIFORM_STRIDE]);
  }
}

/**
 * The predicted classes of all replicas, each an array of `count`, from what an evaluation of
 * `count` examples left in `rows` (R, span).
 */
export function predictedClasses(
  rows: Float32Array,
  { replicas, span, count }: { replicas: number; span: number; count: number },
): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: replicas }, (_, r) =>
    Uint8Array.from({ length: count }, (_, i) => {
      const outcome = rows[2 * (r * span + i) + 1];
      return outcome >= 0 ? outcome : -1 - outcome;
    }));
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
