/**
 * Records dispatches in their order and submits them, cut wherever a submit is full: between two
 * iterations, two windows of an evaluation, or two kernels.
 */

import type { Gpu } from "../device.ts";
import { dispatch, type Kernel } from "../kernels/kernel.ts";
import type { PassTimer } from "../timer.ts";
import { Dispatched, jobOf, KernelCosts } from "./kernel_costs.ts";

/**
 * Which submits are timed: the first of a burst, those of kernels that never were, and of the
 * others this share (for llvmpipe two timestamps are a quarter of a millisecond's work). It may be
 * replaced, to time all.
 */
export const TIMING = { share: 1 / 8 };

/** Spreads the timed ones over whatever submits repeat: multiples of it have no period. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** The submits of a burst. */
export interface Submitted {
  /** What each held. */
  all: Dispatched[];
  /** By pass that was timed: the submit; null for the end of the burst. */
  timed: (number | null)[];
}

/** Where dispatches go, in their order. */
export interface DispatchQueue {
  /**
   * Adds a dispatch with its dynamic offsets.
   *
   * @param times as many of the kernel's work. Default: 1.
   */
  add(kernel: Kernel, offsets?: number[], times?: number): void;
  /** How many times its work one dispatch of a kernel may do. */
  mostTimes(kernel: Kernel): number;
}

/** Submits a burst. */
export class Submits implements DispatchQueue {
  readonly #submitted: Submitted = { all: [], timed: [] };
  #open: { encoder: GPUCommandEncoder; pass: GPUComputePassEncoder; holds: Dispatched } | null =
    null;

  /** @param timer times submits, if there is one */
  constructor(
    private readonly gpu: Gpu,
    private readonly costs: KernelCosts,
    private readonly timer: PassTimer | null = null,
  ) {}

  add(kernel: Kernel, offsets?: number[], times = 1): void {
    const { costs } = this, job = jobOf(kernel);
    if (this.#open && !costs.fits(this.#open.holds, job, times)) this.#submit();
    const { pass, holds } = this.#open ??= this.#begin(costs.of(job) === Infinity);
    dispatch(pass, kernel, offsets);
    holds.add(job, costs.of(job), times);
  }

  mostTimes(kernel: Kernel): number {
    return this.costs.mostTimes(jobOf(kernel));
  }

  /** Submits what is left, then what `copy` records. */
  end(copy: (encoder: GPUCommandEncoder) => void = () => {}): Submitted {
    this.#open ??= this.#begin(false);
    this.#submit(copy);
    return this.#submitted;
  }

  #begin(isNew: boolean) {
    const { timer } = this, { all, timed } = this.#submitted, index = all.length;
    const encoder = this.gpu.device.createCommandEncoder();
    const isDue = isNew || (index * GOLDEN) % 1 < TIMING.share;
    // The last timestamps are kept for the end of the burst.
    const isTimed = timer !== null && isDue && timer.left > 1;
    if (isTimed) timed.push(index);
    const pass = encoder.beginComputePass(isTimed ? timer.next() : {});
    return { encoder, pass, holds: new Dispatched() };
  }

  /**
   * Submits at once what it finishes: Deno 2.9.6 hangs on a command buffer that nobody submits.
   *
   * @param copy follows the last submit of a burst
   */
  #submit(copy?: (encoder: GPUCommandEncoder) => void): void {
    const { all, timed } = this.#submitted, { encoder, pass, holds } = this.#open!;
    this.#open = null;
    pass.end();
    if (copy && this.timer && timed.at(-1) !== all.length) {
      timed.push(null);
      encoder.beginComputePass(this.timer.next()).end();
    }
    copy?.(encoder);
    this.gpu.device.queue.submit([encoder.finish()]);
    all.push(holds);
  }
}

/**
 * Submits kernels that run once: on an adapter with a budget each by itself, since nobody has timed
 * them.
 */
export function submitOnce(gpu: Gpu, kernels: readonly Kernel[]): void {
  const submits = new Submits(gpu, new KernelCosts(gpu));
  for (const kernel of kernels) submits.add(kernel);
  submits.end();
}
