/**
 * Packs runs into replicas. Experiments are written for one run at a time and started concurrently;
 * the queue waits until each of them waits for it, groups the requests of one shape, and trains
 * every group as the replicas of one program. Neither files nor results show the group.
 */

import type { Gpu, KernelKind, LayerSpec, Program, ProgramSpec } from "../../engine/mod.ts";
import { DeviceLostError } from "../../errors.ts";
import type { Tuned } from "../../engine/kernels/tiles.ts";
import type { PrunedWeights } from "../model.ts";
import type { Masks } from "../../models/masks.ts";
import {
  batchSizeOf,
  type ShapeRequest,
  type TrainOutcome,
  type TrainRequest,
} from "./train_request.ts";
import { type CheckpointInterval, CheckpointPace } from "./checkpoint_pace.ts";
import {
  type GroupOptions,
  type GroupProgress,
  trainGroup,
  type Waiting,
} from "./group_training.ts";
import { fasterKernels, forwardPartsOf } from "./kernel_choice.ts";
import { GpuSlot } from "./gpu_slot.ts";
import { Participants } from "./participants.ts";
import { ProgramCache } from "./program_cache.ts";
import type { OptimizerSpec } from "../../engine/optimizers.ts";

/** Options of a queue. */
export interface RunQueueOptions extends GroupOptions {
  /** Most runs trained at once; "auto": as many as wait and as are fast on this adapter. */
  replicas?: number | "auto";
  /** The kernels of runs that do not say; "auto": those that are faster at a network's density. */
  kernels?: KernelKind | "auto";
  /** When to keep checkpoints. Default: after 60 seconds. */
  checkpointInterval?: CheckpointInterval;
  /** Opens a GPU in the place of one that was lost. Default: a lost GPU ends the training. */
  reopen?: () => Promise<Gpu>;
  /** Receives a notice when a GPU is lost. */
  onNotice?: (line: string) => void;
}

/** A run's own work, to be measured. */
export interface TunedWork {
  gpu: Gpu;
  /** The shape of its program, with its examples. */
  spec: Omit<ProgramSpec, "replicas">;
  /** The program with which it is trained if nothing is changed. */
  program(): Promise<Program>;
}

export type { CheckpointInterval, GroupOptions, GroupProgress };

/** Packs runs into the replicas of programs and trains them. */
export class RunQueue {
  readonly #participants = new Participants(() => this.#flush());
  #waiting: Waiting[] = [];
  #running = false;
  readonly #slot: GpuSlot;
  readonly #programs: ProgramCache;

  /** A queue that trains on this GPU. */
  constructor(gpu: Gpu, private readonly options: RunQueueOptions = {}) {
    const { reopen, onNotice } = options;
    this.#slot = new GpuSlot(gpu, { reopen, onNotice, onLost: () => this.#programs.forget() });
    this.#programs = new ProgramCache(() => this.gpu, options);
  }

  /** The GPU: another one after a loss. */
  get gpu(): Gpu {
    return this.#slot.gpu;
  }

  /**
   * Does some work on the GPU, and again on a fresh one when the GPU is lost.
   *
   * @param reached how far the work has come: as long as that grows, it is tried again
   */
  onGpu<T>(work: (gpu: Gpu) => Promise<T>, reached?: () => number): Promise<T> {
    return this.#slot.use(work, reached);
  }

  /** Carries out one experiment: as long as not all in progress wait, more runs may come. */
  asParticipant<T>(experiment: () => Promise<T>): Promise<T> {
    return this.#participants.one(experiment);
  }

  /**
   * Carries out several parts of one experiment, which counts as so many until they have ended: all
   * of them are waited for, or those that wait first would be trained without the others.
   */
  asParticipants<T>(parts: readonly (() => Promise<T>)[]): Promise<PromiseSettledResult<T>[]> {
    return this.#participants.parts(parts);
  }

  /**
   * Carries out several experiments side by side, at most `atOnce` of them; returns the outcome of
   * each. If one fails the others continue, but for a lost device or an interruption: what has not
   * begun by then fails as that one did.
   */
  runSideBySide<T>(
    experiments: readonly (() => Promise<T>)[],
    atOnce = Infinity,
  ): Promise<PromiseSettledResult<T>[]> {
    return this.#participants.sideBySide(experiments, atOnce);
  }

  /**
   * The kernels for a network with these masks; lists of live weights cannot decay, and hold no
   * pruned weights.
   */
  kernelsFor(
    masks: Masks,
    { weightDecay = 0 }: Pick<OptimizerSpec, "weightDecay"> = {},
    prunedWeights: PrunedWeights = "zero",
    layers: readonly LayerSpec[] = [],
    batchSize = 1,
  ): KernelKind {
    const { kernels = "auto" } = this.options;
    if (kernels !== "auto") return kernels;
    if (weightDecay > 0 || prunedWeights === "initial") return "dense";
    const { adapter, tuned } = this.gpu;
    return fasterKernels(masks, layers, tuned, { adapter, batchSize });
  }

  /** Parts in which these kernels make the first layer's sums: as asked, or as is fast. */
  forwardPartsFor(
    kernels: KernelKind,
    layers: readonly LayerSpec[],
    batchSize: number,
    asked?: number,
  ): number {
    return forwardPartsOf(kernels, layers, batchSize, this.gpu.tuned, asked);
  }

  /** A request with the parts of a new run, where it has none. */
  #withParts<T extends ShapeRequest>(request: T): T {
    const { kernels = "dense", model: { layers }, forwardParts } = request;
    const batchSize = batchSizeOf(request);
    return {
      ...request,
      forwardParts: this.forwardPartsFor(kernels, layers, batchSize, forwardParts),
    };
  }

  /** Trains one run, together with others of its shape. */
  train(request: TrainRequest): Promise<TrainOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, from: request.resumeFrom ?? null, resolve, reject });
      queueMicrotask(() => this.#flush());
    });
  }

  /**
   * Checks that the device can hold a run of this shape, and as many at once as `replicas` asks
   * for, before models are made for them.
   *
   * @param runs how many there will be
   * @throws CapacityError, InputError as `Program.create`
   */
  async checkFits(request: ShapeRequest, runs = 1): Promise<void> {
    await this.onGpu(() => this.#programs.checkFits(this.#withParts(request), runs));
  }

  /** How many runs of this shape train at once, if there are as many. */
  async capacity(request: ShapeRequest): Promise<number> {
    return await this.onGpu(() => this.#programs.capacity(this.#withParts(request)));
  }

  /**
   * Before anything is trained, lets `choose` measure what is fast on the GPU for a run's own work;
   * its choices hold from then on, on this GPU. Null changes nothing.
   *
   * @param runs how many there will be at once
   * @internal
   */
  async tune(
    request: ShapeRequest,
    runs: number,
    choose: (work: TunedWork) => Promise<Tuned | null>,
  ): Promise<void> {
    const { gpu } = this, own = this.#withParts(request);
    const spec = await this.#programs.specOf(own), width = this.#programs.widthOf(spec, runs);
    const program = () => this.#programs.programFor(own, { ...spec, sparse: null }, width);
    const tuned = await choose({ gpu, spec, program }).catch((error) => {
      // What a candidate did to the device must not end the run.
      if (!(error instanceof DeviceLostError)) this.#retune(gpu.tuned);
      throw error;
    });
    if (tuned !== null) this.#retune(tuned);
  }

  #retune(tuned: Tuned): void {
    this.#programs.forgetProgram();
    this.#slot.tune(tuned);
  }

  /** Releases the program and the examples on the GPU. */
  async destroy(): Promise<void> {
    await this.#programs.destroy();
  }

  /**
   * Trains what waits, as much of one shape at a time as the adapter is best given, as soon as
   * there is as much, or nothing more is to come: places are filled again when runs end, and the
   * files of those that have ended are written meanwhile.
   */
  async #flush(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#waiting.length > 0) {
      const [[{ request }]] = this.#groups();
      // A run whose width cannot be determined fails when it is trained, and says why.
      const width = await this.capacity(request).catch(() => 1);
      const [group] = this.#groups();
      if (this.#shapeKey(group[0].request) !== this.#shapeKey(request)) continue;
      if (group.length < width && this.#waiting.length < this.#participants.count) break;
      const some = group.slice(0, width);
      this.#waiting = this.#waiting.filter((waiting) => !some.includes(waiting));
      try {
        // Where a run paused is kept first.
        if (request.plan.resumed === undefined) this.options.signal?.throwIfAborted();
        await trainGroup(some, {
          slot: this.#slot,
          programs: this.#programs,
          newPace: () => this.checkpointPace(),
        }, this.options);
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
      // Those that have ended may ask for more.
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.#running = false;
  }

  /** The waiting runs by shape, the largest group first. */
  #groups(): Waiting[][] {
    const groups = Map.groupBy(this.#waiting, ({ request }) => this.#shapeKey(request));
    return [...groups.values()].sort((a, b) => b.length - a.length);
  }

  /** A clock for the checkpoints of a run, for one that is trained in parts. */
  checkpointPace(): CheckpointPace {
    return new CheckpointPace(this.options.checkpointInterval ?? { seconds: 60 });
  }

  /** Runs with the same key can be trained together from their first iteration. */
  groupKey(request: ShapeRequest & Pick<TrainRequest, "plan">): string {
    return JSON.stringify([this.#programs.keyOf(request), request.plan]);
  }

  /** The same, of runs that may have begun. */
  #shapeKey(request: TrainRequest): string {
    return `${this.groupKey(request)} ${request.resumeFrom?.iteration ?? 0}`;
  }
}
