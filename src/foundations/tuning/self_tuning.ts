/**
 * An adapter of which the table has no measurement is measured in the first seconds of a run, with
 * the run's own network, batch and examples, and what was found is kept.
 *
 * Whether networks are trained as whole matrices or as lists of live weights decides last bits. So
 * it is decided before anything is trained, never while an experiment has begun, and stays.
 */

import type { Gpu, KernelKind } from "../../engine/mod.ts";
import { mayUseTextures } from "../../engine/kernels/program_spec.ts";
import { adapterClass, TUNED } from "../../engine/kernels/tiles.ts";
import { InterruptedError, LotteryError } from "../../errors.ts";
import type { LockHolder, Storage } from "../../storage/storage.ts";
import type { RunQueue } from "../queue/run_queue.ts";
import type { WorkRequest } from "../queue/train_request.ts";
import { adapterKey, type KeptAdapter, KeptTuning } from "./kept_tuning.ts";
import { NetworkBench, type TimedProgram } from "./network_bench.ts";
import { Budget, type Trial } from "./search.ts";
import { applied } from "./settings.ts";
import { isAnythingOpen, tuneTo } from "./tuning_plan.ts";

/**
 * Most time that it takes, in milliseconds, and of a run's expected length. Of 5 s a part is kept
 * for a candidate that takes longer than the one before it: SwiftShader's last one ended at 5.8 s.
 */
const MOST_MILLISECONDS = 4200, MOST_SHARE = 0.05;
/** Less time is not worth beginning. */
const LEAST_MILLISECONDS = 300;
/** For how long a program is timed to tell how long the run will take. */
const FIRST_MILLISECONDS = 20;

/**
 * What is done on an adapter without a measurement: use what is kept and measure the rest, or not.
 */
export type TuningMode = "measure" | "kept" | "off";

/** Where and how adapters are measured. */
export interface SelfTuningOptions {
  mode: TuningMode;
  storage: Storage;
  holder: LockHolder;
  signal?: AbortSignal;
  onNotice(line: string): void;
  /** Called when measuring begins. */
  onBegin(): void;
  /** Called when a setting is chosen. */
  onTrial?(trial: Trial): void;
  /** The clock, in milliseconds. */
  now?: () => number;
}

/** What is to be trained. */
export interface WorkAhead {
  /** A run of the shape of most. */
  sample: WorkRequest;
  /** Most runs at once. */
  runs: number;
  /** The work of all that is left, as `workOf` counts it. */
  work: number;
  kernels: KernelKind | "auto";
  /** Whether some of it was trained before, as the choices were then. */
  isBegun: boolean;
}

/** Finds out what is fast on the GPU of a queue. */
export class SelfTuning {
  readonly #kept: KeptTuning;
  /** By adapter, also where it could not be kept in a file. */
  readonly #known = new Map<string, KeptAdapter | null>();

  constructor(private readonly options: SelfTuningOptions) {
    this.#kept = new KeptTuning(options.storage);
  }

  /** The GPU with the choices that are kept for its adapter. */
  async resolve(gpu: Gpu): Promise<Gpu> {
    const known = await this.#find(gpu);
    return known ? tunedTo(gpu, known) : gpu;
  }

  async #find(gpu: Gpu): Promise<KeptAdapter | null> {
    const { mode, onNotice } = this.options;
    if (mode === "off" || isMeasured(gpu)) return null;
    const key = adapterKey(gpu);
    if (!this.#known.has(key)) this.#known.set(key, await this.#kept.find(key, onNotice));
    return this.#known.get(key)!;
  }

  /**
   * Measures what is not known yet of the queue's GPU, if the work ahead is long enough for that;
   * the queue keeps to what is found. A failure changes nothing.
   */
  async tune(queue: RunQueue, ahead: WorkAhead): Promise<void> {
    const { mode, signal, onNotice } = this.options;
    if (mode !== "measure" || isMeasured(queue.gpu) || ahead.kernels === "sparse") return;
    try {
      await this.#measure(queue, ahead);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof LotteryError) || error instanceof InterruptedError) throw error;
      onNotice(
        `"${queue.gpu.adapter.name}" could not be measured (${error.message}): its settings are ` +
          "guessed; --no-tune skips the measurement",
      );
    }
  }

  async #measure(queue: RunQueue, ahead: WorkAhead): Promise<void> {
    const { now = () => performance.now(), signal, onNotice, onBegin, onTrial } = this.options;
    const { sample, runs, work, kernels, isBegun } = ahead;
    const known = await this.#find(queue.gpu), key = adapterKey(queue.gpu);
    const need = {
      ...{ known, runs, layers: sample.model.layers },
      hasTextures: mayUseTextures(queue.gpu),
      choosesKernels: kernels === "auto" && !isBegun && !sample.optimizer.weightDecay,
    };
    if (!isAnythingOpen(need)) return;
    let perIteration = 0;
    const most = () => Math.min(MOST_MILLISECONDS, MOST_SHARE * work * perIteration);
    await queue.tune(sample, runs, async ({ gpu, spec, program }) => {
      const budget = new Budget(most, now), bench = new NetworkBench(gpu, spec, sample, signal);
      try {
        // Until its speed is known, the run's own program is all that is made.
        perIteration = await budget.measure(async () => timeFirst(bench.adopt(await program())));
        if (most() < LEAST_MILLISECONDS) return null;
        onBegin();
        const { chosen, open, gain } = await tuneTo(bench, need, {
          ...{ budget, perIteration, onTrial },
          onSpeed: (milliseconds) => perIteration = milliseconds,
        });
        signal?.throwIfAborted();
        if (Object.keys(chosen).length === 0) return null;
        const kept = await this.#keep(key, { chosen, open, measured: new Date().toISOString() });
        const seconds = (budget.spent / 1000).toFixed(1);
        const gained = gain < 1.05 ? "" : `: iterations are ${gain.toFixed(1)} times as fast`;
        onNotice(
          `measured what is fast on "${gpu.adapter.name}" in ${seconds} s, for later runs ` +
            `too${gained}; --no-tune skips this`,
        );
        return tunedTo(gpu, kept).tuned;
      } finally {
        bench.close();
      }
    });
  }

  /** Keeps what was found, in a file if that can be. */
  async #keep(key: string, found: KeptAdapter): Promise<KeptAdapter> {
    const { holder, onNotice } = this.options;
    const kept = await this.#kept.keep(key, found, holder).catch((error) => {
      if (!(error instanceof LotteryError)) throw error;
      onNotice(`the measurements cannot be kept (${error.message})`);
      return found;
    });
    this.#known.set(key, kept);
    return kept;
  }
}

/** Milliseconds of an iteration of each replica of a program that has not run yet. */
async function timeFirst(network: TimedProgram): Promise<number> {
  await network.time(1);
  const one = await network.time(1);
  const several = await network.time(
    Math.max(1, Math.min(20, Math.ceil(FIRST_MILLISECONDS / one))),
  );
  return several / network.program.spec.replicas;
}

/** Whether the table has a measurement of an adapter. */
function isMeasured({ adapter }: Gpu): boolean {
  return TUNED[adapterClass(adapter)].measured !== null;
}

/** A GPU with what is kept of its adapter. */
function tunedTo(gpu: Gpu, { measured, chosen, open }: KeptAdapter): Gpu {
  const row = TUNED[adapterClass(gpu.adapter)];
  return gpu.tunedAs({ ...applied(row, chosen, open), measured });
}

/** A GPU with the choices that are kept for its adapter, for those that measure nothing. */
export async function withKept(
  gpu: Gpu,
  storage: Storage,
  onNotice: (line: string) => void,
): Promise<Gpu> {
  if (isMeasured(gpu)) return gpu;
  const known = await new KeptTuning(storage).find(adapterKey(gpu), onNotice);
  return known ? tunedTo(gpu, known) : gpu;
}
