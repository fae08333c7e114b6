/**
 * Packs runs into replicas. Experiments are written for one run at a time and started concurrently;
 * the queue waits until each of them waits for it, groups the requests of one shape, and trains
 * every group as the replicas of one program. Neither files nor results show the group.
 */

import {
  type Checkpointing,
  type Gpu,
  type KernelKind,
  type LayerSpec,
  type Program,
  type ProgramSpec,
  runTraining,
  type TrainingProgress,
  type TrainingState,
} from "../../engine/mod.ts";
import { DeviceLostError, InterruptedError } from "../../errors.ts";
import type { Tuned } from "../../engine/kernels/tiles.ts";
import type { PrunedWeights } from "../model.ts";
import type { Masks } from "../../models/masks.ts";
import {
  batchSizeOf,
  masksOf,
  type QueueActivity,
  replicaParameters,
  type ShapeRequest,
  type TrainOutcome,
  type TrainRequest,
  workOf,
} from "./train_request.ts";
import { type CheckpointInterval, CheckpointPace } from "./checkpoint_pace.ts";
import { fasterKernels, forwardPartsOf } from "./kernel_choice.ts";
import { GpuSlot } from "./gpu_slot.ts";
import { ProgramCache } from "./program_cache.ts";
import type { OptimizerSpec } from "../../engine/optimizers.ts";

/** Options of a queue. */
export interface RunQueueOptions {
  /** Most runs trained at once; "auto": as many as wait and as are fast on this adapter. */
  replicas?: number | "auto";
  /** The kernels of runs that do not say; "auto": those that are faster at a network's density. */
  kernels?: KernelKind | "auto";
  /** Keeps a checkpoint of what is trained, then ends it and all that waits with its reason. */
  signal?: AbortSignal;
  /** When to keep checkpoints. Default: after 60 seconds. */
  checkpointInterval?: CheckpointInterval;
  /** Opens a GPU in the place of one that was lost. Default: a lost GPU ends the training. */
  reopen?: () => Promise<Gpu>;
  /** Receives a notice when a GPU is lost. */
  onNotice?: (line: string) => void;
  /** Called as a group advances. */
  onProgress?: (progress: GroupProgress) => void;
  /** Called when runs of a group have ended, however, with the work that they were in all. */
  onEnd?: (work: number) => void;
  /** Called when what is being waited for changes. */
  onActivity?: (activity: QueueActivity) => void;
}

/** How far a group of runs that are trained at once has come. */
export interface GroupProgress extends TrainingProgress {
  /** Their number. */
  runs: number;
}

/** A run's own work, to be measured. */
export interface TunedWork {
  gpu: Gpu;
  /** The shape of its program, with its examples. */
  spec: Omit<ProgramSpec, "replicas">;
  /** The program with which it is trained if nothing is changed. */
  program(): Promise<Program>;
}

interface Waiting {
  request: TrainRequest;
  /** Its latest state. */
  from: TrainingState | null;
  resolve(outcome: TrainOutcome): void;
  reject(reason: unknown): void;
}

export type { CheckpointInterval };

/** Packs runs into the replicas of programs and trains them. */
export class RunQueue {
  /** Experiments in progress; those that wait are in `#waiting`. */
  #active = 0;
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

  /** Runs one experiment: until all in progress wait, more runs may come to train together. */
  async asParticipant<T>(experiment: () => Promise<T>): Promise<T> {
    this.#active++;
    try {
      return await experiment();
    } finally {
      this.#active--;
      this.#flush();
    }
  }

  /**
   * Carries out several parts of one experiment, which counts as so many until they have ended: all
   * of them are waited for, or those that wait first would be trained without the others.
   */
  async asParticipants<T>(
    parts: readonly (() => Promise<T>)[],
  ): Promise<PromiseSettledResult<T>[]> {
    let left = parts.length;
    this.#active += Math.max(0, left - 1);
    return await Promise.allSettled(parts.map(async (part) => {
      try {
        return await part();
      } finally {
        // The last one's place is the experiment's own.
        if (--left > 0) {
          this.#active--;
          this.#flush();
        }
      }
    }));
  }

  /**
   * Runs several experiments side by side, at most `atOnce` of them; returns the outcome of each.
   * If one fails the others continue, but for a lost device or an interruption: what has not begun
   * by then fails as that one did.
   */
  async runSideBySide<T>(
    experiments: (() => Promise<T>)[],
    atOnce = Infinity,
  ): Promise<PromiseSettledResult<T>[]> {
    const results: PromiseSettledResult<T>[] = [];
    let next = 0, end: DeviceLostError | InterruptedError | null = null;
    const work = async () => {
      while (next < experiments.length) {
        const i = next++;
        try {
          if (end) throw end;
          results[i] = { status: "fulfilled", value: await experiments[i]() };
        } catch (reason) {
          if (reason instanceof DeviceLostError || reason instanceof InterruptedError) end = reason;
          results[i] = { status: "rejected", reason };
        }
      }
    };
    const workers = Math.min(atOnce, experiments.length);
    await Promise.all(Array.from({ length: workers }, () => this.asParticipant(work)));
    return results;
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
      if (group.length < width && this.#waiting.length < this.#active) break;
      const some = group.slice(0, width);
      this.#waiting = this.#waiting.filter((waiting) => !some.includes(waiting));
      try {
        // Where a run paused is kept first.
        if (request.plan.resumed === undefined) this.options.signal?.throwIfAborted();
        await this.#trainGroup(some);
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

  async #trainGroup(group: Waiting[]): Promise<void> {
    const iterationOf = ({ from }: Waiting) => from?.iteration ?? 0;
    let left = group;
    const ended = (some: Waiting[]) => this.options.onEnd?.(some.length * workOf(some[0].request));
    const trainSome = async () => {
      const [{ request }] = left;
      // After a loss, all resume from the last checkpoint but those that had diverged by then.
      const together = left.filter((waiting) => iterationOf(waiting) === iterationOf(left[0]));
      const spec = await this.#programs.specOf(request);
      const width = this.#programs.widthOf(spec, together.length);
      const isSparse = request.kernels === "sparse";
      const sparse = isSparse ? together.map((waiting) => masksOf(waiting.request)) : null;
      const program = await this.#programs.programFor(request, { ...spec, sparse }, width);
      const replicas = together.slice(0, program.spec.replicas);
      await this.#trainReplicas(replicas, program);
      ended(replicas);
      left = left.filter((waiting) => !replicas.includes(waiting));
    };
    const reached = () => Math.max(...left.map(iterationOf));
    try {
      while (left.length > 0) await this.onGpu(trainSome, reached);
    } catch (error) {
      ended(left);
      throw error;
    }
  }

  async #trainReplicas(group: Waiting[], program: Program): Promise<void> {
    const { signal, onProgress, onActivity } = this.options;
    const states = group.map(({ from }) => from);
    const { plan } = group[0].request;
    group.forEach(({ request }, r) =>
      program.load(r, replicaParameters(request), states[r], plan.start)
    );
    const outcomes = await runTraining(program, plan, {
      signal,
      from: states[0]
        ? { iteration: states[0].iteration, curves: states.map((state) => state!.curves) }
        : undefined,
      checkpointing: this.#checkpointing(group),
      onProgress: (progress) => onProgress?.({ ...progress, runs: group.length }),
      onActivity,
      onPoints: group.some(({ request }) => request.onPoints)
        ? (r, points) => group[r].request.onPoints?.(points)
        : undefined,
      onWeights: group.some(({ request }) => request.onWeights)
        ? (r, iteration, layers) => group[r].request.onWeights?.(iteration, layers)
        : undefined,
    });
    const parameters = await program.readParameters();
    group.forEach(({ resolve }, r) => resolve({ ...outcomes[r], final: parameters[r] }));
  }

  /** Keeps the states of runs: for their own files, and to resume from when the GPU is lost. */
  #checkpointing(group: Waiting[]): Checkpointing {
    const pace = group[0].request.pace ?? this.checkpointPace();
    return {
      interval: pace.interval,
      isDue: (iteration) => pace.isDue(iteration),
      keep: async (states) => {
        for (const [r, state] of states.entries()) {
          if (!state) continue;
          await group[r].request.onCheckpoint?.(state);
          group[r].from = state;
        }
        pace.kept();
      },
    };
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
