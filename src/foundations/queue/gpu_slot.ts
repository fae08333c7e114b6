/** The GPU that work runs on, and a new one in its place when it is lost. */

import type { Gpu } from "../../engine/mod.ts";
import type { Tuned } from "../../engine/kernels/tiles.ts";
import { DeviceLostError } from "../../errors.ts";

/** How often work is tried on a fresh GPU before its loss is final. */
const RECOVERIES = 3;

/** How a slot reacts to a lost GPU. */
export interface GpuSlotOptions {
  /** Opens another one. Default: a loss ends the work. */
  reopen?: () => Promise<Gpu>;
  /** Receives a line about the loss. */
  onNotice?: (line: string) => void;
  /** Forgets what was on it. */
  onLost: () => void;
}

/** Holds the GPU and replaces it after a loss. */
export class GpuSlot {
  #gpu: Gpu;
  /** The GPU that is being opened in the place of a lost one. */
  #replacement: { lost: Gpu; gpu: Promise<Gpu> } | null = null;

  constructor(gpu: Gpu, private readonly options: GpuSlotOptions) {
    this.#gpu = gpu;
  }

  /** The GPU: another one after a loss. */
  get gpu(): Gpu {
    return this.#gpu;
  }

  /** Gives the GPU other choices. */
  tune(tuned: Tuned): void {
    this.#gpu = this.#gpu.tunedAs(tuned);
  }

  /**
   * Does some work on the GPU, and again on a fresh one when the GPU is lost.
   *
   * @param reached how far the work has come: as long as that grows, it is tried again
   */
  async use<T>(work: (gpu: Gpu) => Promise<T>, reached = () => 0): Promise<T> {
    let before = reached();
    for (let tries = 1;; tries++) {
      const gpu = this.#gpu;
      try {
        return await work(gpu);
      } catch (error) {
        const now = reached();
        if (now > before) tries = 1;
        before = now;
        if (!(error instanceof DeviceLostError) || tries > RECOVERIES) throw error;
        await this.#recover(gpu, error);
      }
    }
  }

  /** Opens a GPU in the place of a lost one, once for all that notice; the loss if it cannot. */
  async #recover(lost: Gpu, loss: DeviceLostError): Promise<void> {
    const { reopen, onNotice, onLost } = this.options;
    if (!reopen) throw loss;
    if (this.#gpu !== lost) return;
    if (this.#replacement?.lost !== lost) {
      onNotice?.(`${loss.message.replace(/; run the same.*$/, "")}; continuing on a new one`);
      onLost();
      this.#replacement = { lost, gpu: reopen() };
    }
    this.#gpu = await this.#replacement.gpu.catch((error: unknown) => {
      this.#replacement = null;
      const reason = error instanceof Error ? error.message : String(error);
      throw new DeviceLostError(`${loss.message}; no other could be opened (${reason})`);
    });
  }
}
