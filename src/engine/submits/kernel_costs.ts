/** Learns how long kernels take, from how long submits of them took, and says when one is full. */

import type { Kernel } from "../kernels/kernel.ts";

/**
 * Identifies what dispatches do: those of one pipeline and grid do the same, or a whole number of
 * times as much.
 */
export type Job = object;

/** By grid. */
const jobs = new WeakMap<GPUComputePipeline, Map<number, Job>>();

/** Returns what a kernel does: training and evaluation share pipelines, and no grids. */
export function jobOf({ pipeline, grid: [x, y, z] }: Pick<Kernel, "pipeline" | "grid">): Job {
  const known = jobs.get(pipeline) ?? new Map<number, Job>();
  jobs.set(pipeline, known);
  // A grid has at most 65,535 workgroups along an axis.
  const grid = x + 2 ** 16 * (y + 2 ** 16 * z), job = known.get(grid) ?? {};
  known.set(grid, job);
  return job;
}

/**
 * Share of the budget that is filled, since times vary, and the more they do, the less is (see
 * `learn`). With 0.9 a quarter of llvmpipe's submits of one network took longer than the budget,
 * with 0.7 one in fifty (figures: submit_budget.ts).
 */
const AIM = 0.7;
/** A kernel is taken for as slow at first: browsers round timestamps to 0.1 ms. */
const LEAST_MILLISECONDS = 0.05;
/** A measurement is clamped to between these multiples of the expected time. */
const LEAST_RATIO = 1 / 16, MOST_RATIO = 2;

/** The dispatches of a submit. */
export class Dispatched {
  readonly counts = new Map<Job, number>();
  /** Expected milliseconds of all of them; infinite if one was never timed. */
  expected = 0;

  /**
   * @param milliseconds of each
   * @param times        as many of the kernel's work, in one dispatch or several
   */
  add(job: Job, milliseconds: number, times = 1): void {
    this.counts.set(job, (this.counts.get(job) ?? 0) + times);
    this.expected += times * milliseconds;
  }

  /** All dispatches of several submits. */
  static all(submits: readonly Dispatched[]): Dispatched {
    const all = new Dispatched();
    for (const { counts } of submits) {
      for (const [job, n] of counts) {
        all.counts.set(job, (all.counts.get(job) ?? 0) + n);
      }
    }
    return all;
  }
}

/** The costs of a program's kernels. */
export class KernelCosts {
  readonly #milliseconds = new Map<Job, number>();

  /** @param gpu says how long a submit may take */
  constructor(private readonly gpu: { submitMilliseconds: number | null }) {}

  /** Milliseconds that a submit may take; null: as many as it likes. */
  get budget(): number | null {
    return this.gpu.submitMilliseconds;
  }

  /** Expected milliseconds of one dispatch; infinite if it was never timed. */
  of(job: Job): number {
    return this.#milliseconds.get(job) ?? Infinity;
  }

  /** Whether a submit may hold one more dispatch. One that was never timed has it for itself. */
  fits({ expected }: Dispatched, job: Job, times = 1): boolean {
    return this.budget === null || expected + times * this.of(job) <= AIM * this.budget;
  }

  /** How many times its work one dispatch of a kernel may do: once, until that was timed. */
  mostTimes(job: Job): number {
    if (this.budget === null) return Infinity;
    return Math.max(1, Math.floor(AIM * this.budget / this.of(job)));
  }

  /**
   * Learns that these dispatches took so long together. The share of each stays what it was, and
   * becomes right as kernels are timed in other mixtures. A rise counts in full, a fall by half, so
   * that what varies is taken for long; but one submit among many that another program held up does
   * not cut the next burst to pieces.
   */
  learn({ counts }: Dispatched, milliseconds: number): void {
    // A timestamp may go backwards where the GPU's clock is set anew.
    if (!(milliseconds >= 0)) return;
    const dispatches = [...counts.values()].reduce((sum, n) => sum + n, 0);
    let isNew = false;
    for (const job of counts.keys()) {
      if (this.#milliseconds.has(job)) continue;
      this.#milliseconds.set(job, Math.max(LEAST_MILLISECONDS, milliseconds / dispatches));
      isNew = true;
    }
    if (isNew) return;
    let expected = 0;
    for (const [job, n] of counts) expected += n * this.of(job);
    const ratio = Math.min(MOST_RATIO, Math.max(LEAST_RATIO, milliseconds / expected));
    const factor = ratio > 1 ? ratio : Math.sqrt(ratio);
    for (const job of counts.keys()) {
      this.#milliseconds.set(job, factor * this.of(job));
    }
  }
}
