/**
 * Records dispatches in their order and submits them, cut wherever a submit is full: between two
 * iterations, two windows of an evaluation, or two kernels.
 */

import type { Gpu } from "../device.ts";
import { dispatch, type Kernel } from "../kernels/kernel.ts";
import type { PassTimer } from "../timer.ts";
import { Dispatched, KernelCosts } from "./kernel_costs.ts";

/** Where dispatches go, in their order. */
export interface DispatchQueue {
  /** Adds a dispatch with its dynamic offsets. */
  add(kernel: Kernel, offsets?: number[]): void;
}

/** The submits of a burst. */
export class Submits implements DispatchQueue {
  readonly #submitted: Dispatched[] = [];
  #open: { encoder: GPUCommandEncoder; pass: GPUComputePassEncoder; holds: Dispatched } | null =
    null;

  /** @param timer times each submit, if there is one */
  constructor(
    private readonly gpu: Gpu,
    private readonly costs: KernelCosts,
    private readonly timer: PassTimer | null = null,
  ) {}

  add(kernel: Kernel, offsets?: number[]): void {
    const { costs } = this, { pipeline } = kernel;
    if (this.#open && !costs.fits(this.#open.holds, pipeline)) this.#submit();
    const { pass, holds } = this.#open ??= this.#begin();
    dispatch(pass, kernel, offsets);
    holds.add(pipeline, costs.of(pipeline));
  }

  /** Submits what is left, then what `copy` records. Returns what each submit held. */
  end(copy: (encoder: GPUCommandEncoder) => void = () => {}): Dispatched[] {
    this.#open ??= this.#begin();
    this.#submit(copy);
    return this.#submitted;
  }

  #begin() {
    const encoder = this.gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass(this.timer?.next() ?? {});
    return { encoder, pass, holds: new Dispatched() };
  }

  /** Submits at once what it finishes: Deno 2.9.6 hangs on a command buffer that nobody submits. */
  #submit(copy: (encoder: GPUCommandEncoder) => void = () => {}): void {
    const { encoder, pass, holds } = this.#open!;
    this.#open = null;
    pass.end();
    copy(encoder);
    this.gpu.device.queue.submit([encoder.finish()]);
    this.#submitted.push(holds);
  }
}

/**
 * Submits kernels that run once: on an adapter with a budget each by itself, since nobody has timed
 * them.
 */
export function submitOnce(gpu: Gpu, kernels: readonly Kernel[]): void {
  const submits = new Submits(gpu, new KernelCosts(gpu.submitMilliseconds));
  for (const kernel of kernels) submits.add(kernel);
  submits.end();
}
