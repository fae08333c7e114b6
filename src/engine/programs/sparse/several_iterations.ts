/**
 * Sparse networks whose iterations one kernel does, several in a dispatch: its buffers, and how
 * iterations are gathered into dispatches.
 */

import type { BufferPool } from "../../buffers.ts";
import type { Gpu } from "../../device.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import { MAX_BURST, type ProgramSpec } from "../../kernels/program_spec.ts";
import { featureMaps, featureRows, onesRow } from "../../kernels/sparse/feature_maps.ts";
import type { IterationsChoice } from "../../kernels/sparse/iterations_choice.ts";
import {
  numberOffset,
  type WorkLayout,
  workLayout,
} from "../../kernels/sparse/sparse_iterations_kernel.ts";
import type { SparseLayout } from "../../kernels/sparse/sparse_layout.ts";
import type { Columns } from "../../kernels/sparse/sparse_row_kernels.ts";
import type { DispatchQueue } from "../../submits/submits.ts";

/** The buffers of the kernel alone, and how it is used. */
export interface IterationBuffers extends IterationsChoice {
  /** All matrices of an iteration. */
  work: GPUBuffer;
  workLayout: WorkLayout;
  /** Structs of the numbers from 0 to `MAX_BURST`. */
  numbers: GPUBuffer;
  sizes: GPUBuffer;
}

/** Allocates them from `pool`. */
export function allocateIterations(
  { device: { queue } }: Gpu,
  pool: BufferPool,
  { layers, replicas }: ProgramSpec,
  layout: SparseLayout,
  shape: Columns,
  choice: IterationsChoice,
): IterationBuffers {
  const widths = featureMaps(layers).map(({ rows }) => rows), { columns, tiles } = shape;
  const laid = workLayout(widths, replicas, shape);
  const work = pool.storage("activations and deltas", 16 * laid.vectors);
  const ones = new Float32Array(4 * columns).fill(1);
  laid.activations.forEach((base, i) => {
    for (let tile = 0; tile < replicas * tiles; tile++) {
      const row = tile * featureRows(widths[i]) + onesRow(widths[i]);
      queue.writeBuffer(work, 16 * (base + row * columns), ones);
    }
  });
  const numbers = Array.from({ length: MAX_BURST + 1 }, (_, i) => i);
  return {
    ...choice,
    work,
    workLayout: laid,
    numbers: pool.uniforms("numbers", numbers.map((number) => [number])),
    sizes: pool.uniform("sizes", Uint32Array.of(layout.records.length / 4, columns, 0, 0)),
  };
}

/** Gathers the iterations of a burst into dispatches. */
export class SeveralIterations {
  /** Iterations of the burst in dispatches before, and those that wait for one. */
  #before = 0;
  #waiting = 0;

  /** @param most iterations of a dispatch */
  constructor(private readonly kernel: Kernel, private readonly most: number) {}

  /** Adds an iteration. */
  add(to: DispatchQueue): void {
    this.#waiting++;
    if (this.#waiting >= Math.min(this.most, to.mostTimes(this.kernel))) this.flush(to);
  }

  /** Dispatches those that wait: what follows needs the weights. */
  flush(to: DispatchQueue): void {
    const before = this.#before, count = this.#waiting;
    if (count === 0) return;
    to.add(this.kernel, [numberOffset(before), numberOffset(count)], count);
    this.#before += count;
    this.#waiting = 0;
  }

  /** Ends a burst. */
  end(to: DispatchQueue): void {
    this.flush(to);
    this.#before = 0;
  }
}
