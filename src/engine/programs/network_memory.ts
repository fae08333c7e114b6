/**
 * The interface of a program to its networks: their layout in GPU memory, and the kernels that work
 * on them. `dense_network.ts` has them as whole matrices, `sparse_network.ts` as lists of live
 * weights.
 */

import type { BufferPool } from "../buffers.ts";
import type { Kernel } from "../kernels/kernel.ts";
import type { DispatchQueue } from "../submits/submits.ts";
import {
  type LayerState,
  type LayerValues,
  MAX_BURST,
  type ReplicaParameters,
  type Split,
} from "../kernels/program_spec.ts";
import { CLOCK_WORDS, REPLICA_WORDS } from "../kernels/row_kernels.ts";

/** Buffers that steer training and report of it, whatever the networks are made of. */
export interface LoopBuffers {
  /** (R) structs of `REPLICA_WORDS`: keys of order and split, label map, key of augmentation. */
  replicas: GPUBuffer;
  /**
   * (R) structs of `CLOCK_WORDS`: iterations done, counted by the GPU, the last step size and
   * decay.
   */
  clocks: GPUBuffer;
  /** (MAX_BURST, R) pairs: step sizes before a burst, losses and correct predictions after it. */
  metrics: GPUBuffer;
  burst: GPUBuffer;
}

/** Allocates them from `pool`. */
export function allocateLoopBuffers(pool: BufferPool, replicas: number): LoopBuffers {
  const words = (label: string, count: number) => pool.storage(label, 4 * replicas * count);
  return {
    replicas: words("replicas", REPLICA_WORDS),
    clocks: words("clocks", CLOCK_WORDS),
    metrics: words("metrics", 2 * MAX_BURST),
    burst: pool.uniform("burst", new Uint32Array(4)),
  };
}

/** How a program keeps its networks in GPU memory. */
export interface NetworkMemory {
  readonly loop: LoopBuffers;
  /** (MAX_EVALUATIONS, R) sums of the evaluations of a burst. */
  readonly totals: GPUBuffer;
  /** (R, span) what the last evaluation found of each example. */
  readonly rows: GPUBuffer;
  /** Loads one replica's weights and optimizer state: those of `layers`, or fresh. */
  load(replica: number, parameters: ReplicaParameters, layers: LayerState[] | null): void;
  /** Records one training iteration. */
  encodeIteration(to: DispatchQueue): void;
  /** Records what comes after the last iteration of a burst, for its metrics to be read. */
  encodeEnd(to: DispatchQueue): void;
  /** Records the evaluation of a split; its sums go to row `slot` of `totals`. */
  encodeEvaluation(to: DispatchQueue, split: Split, slot: number): void;
  /** All replicas' weights and biases, by replica and layer, after what has been submitted. */
  readParameters(): Promise<LayerValues[][]>;
  /** The same with the optimizer's state. */
  readState(): Promise<LayerState[][]>;
  /** The kernels of an iteration, in order. */
  kernels(): readonly Kernel[];
}
