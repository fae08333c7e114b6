/**
 * Packs runs into replicas. Experiments are written for one run at a time and started concurrently;
 * the queue waits until each of them waits for it, groups the requests of one shape, and trains every
 * group as the replicas of one program. Takes requests, gives each its own outcome: neither files nor
 * results know of the group.
 */

import {
  type Checkpointing,
  type Curves,
  destroyExamples,
  type Gpu,
  type GpuExamples,
  type KernelKind,
  maxReplicas,
  type OptimizerSpec,
  Program,
  type ProgramSpec,
  type ReplicaOutcome,
  type ReplicaParameters,
  runTraining,
  type TrainingPlan,
  type TrainingProgress,
  type TrainingState,
  trainingWork,
  uploadExamples,
} from "../engine/mod.ts";
import { checkProgramSpec, whyNoMore } from "../engine/kernels/program_limits.ts";
import type { ExampleSets } from "../datasets/examples.ts";
import { CapacityError, DeviceLostError, InterruptedError, OutOfMemoryError } from "../errors.ts";
import { tilesFor } from "../engine/kernels/tiles.ts";
import { Memo } from "../memo.ts";
import type { DatasetBase } from "./dataset_base.ts";
import { density, type Masks } from "../models/masks.ts";
import type { ModelBase } from "./model.ts";
import { checkOptimizer } from "../engine/optimizers.ts";

/** One run to train. */
export interface TrainRequest {
  /** The network, with its masks and initial weights. */
  model: ModelBase;
  /** What to train it on. */
  dataset: DatasetBase;
  /** The update rule. */
  optimizer: OptimizerSpec;
  /** Examples per iteration. */
  batchSize: number;
  /** How long, and when to evaluate. */
  plan: TrainingPlan;
  /** What the network is to the kernels. Default: dense. */
  kernels?: KernelKind;
  /** A state of this run to go on from. */
  from?: TrainingState | null;
  /** Keeps a state to go on from, now and then and when training is interrupted. */
  onCheckpoint?: (state: TrainingState) => Promise<void>;
  /** Receives the new points of its curves as training advances; after a lost GPU some come again. */
  onPoints?: (points: Curves) => void;
}

/** What a queue is waiting for. */
export type QueueActivity = "uploading the examples" | "compiling" | "training" | "evaluating";

/** What decides the shape of its program. */
export type ShapeRequest = Pick<TrainRequest, "dataset" | "optimizer" | "batchSize" | "kernels"> & {
  model: Pick<ModelBase, "layers">;
};

/** What came of it: curves, and final weights and biases in the order of the layers. */
export interface TrainOutcome extends ReplicaOutcome {
  /** Row-major (inputs, units) weights and (units) biases of each layer. */
  final: { weights: Float32Array; biases: Float32Array }[];
}

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
  /** Told of a GPU that was lost. */
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

/** What decides how much work a run is. */
export type WorkRequest = ShapeRequest & Pick<TrainRequest, "plan">;

/** The work of a run, in iterations; see `trainingWork`. */
export function workOf({ plan, batchSize, dataset }: WorkRequest): number {
  const { validationCount, sets } = dataset;
  return trainingWork(plan, { batchSize, validate: validationCount, test: sets.test.count });
}

interface Waiting {
  request: TrainRequest;
  /** Its latest state. */
  from: TrainingState | null;
  resolve(outcome: TrainOutcome): void;
  reject(reason: unknown): void;
}

/** Time between two checkpoints. */
export type CheckpointInterval = { seconds: number } | { iterations: number };

/** At most this share of the time goes into checkpoints that are due by seconds. */
const CHECKPOINT_SHARE = 0.01;
/** How often a group of runs is tried on a fresh GPU before its loss is final. */
const RECOVERIES = 3;

/** See the head of this file. */
export class RunQueue {
  /** Experiments in progress; those that wait are in `#waiting`. */
  #active = 0;
  #waiting: Waiting[] = [];
  #running = false;
  #program: { key: string; program: Program } | null = null;
  readonly #uploads = new Memo<string, GpuExamples>();
  readonly #setIds = new Map<ExampleSets, number>();

  #gpu: Gpu;
  /** The GPU that is being opened in the place of a lost one. */
  #replacement: { lost: Gpu; gpu: Promise<Gpu> } | null = null;

  /** A queue that trains on this GPU. */
  constructor(gpu: Gpu, private readonly options: RunQueueOptions = {}) {
    this.#gpu = gpu;
  }

  /** The GPU: another one after a loss. */
  get gpu(): Gpu {
    return this.#gpu;
  }

  /**
   * Does some work on the GPU, and again on a fresh one when the GPU is lost.
   *
   * @param reached how far the work has come: as long as that grows, it is tried again
   */
  async onGpu<T>(work: (gpu: Gpu) => Promise<T>, reached = () => 0): Promise<T> {
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

  /** Opens a GPU in the place of a lost one, once for all that notice; the loss itself if it cannot. */
  async #recover(lost: Gpu, loss: DeviceLostError): Promise<void> {
    const { reopen, onNotice } = this.options;
    if (!reopen) throw loss;
    if (this.#gpu !== lost) return;
    if (this.#replacement?.lost !== lost) {
      onNotice?.(`${loss.message.replace(/; run the same.*$/, "")}; going on with a fresh one`);
      this.#program = null;
      this.#uploads.clear();
      this.#replacement = { lost, gpu: reopen() };
    }
    this.#gpu = await this.#replacement.gpu.catch((error: unknown) => {
      this.#replacement = null;
      const reason = error instanceof Error ? error.message : String(error);
      throw new DeviceLostError(`${loss.message}; no other could be opened (${reason})`);
    });
  }

  /** Runs one experiment: until all in progress wait, more may come that can be trained together. */
  async participate<T>(experiment: () => Promise<T>): Promise<T> {
    this.#active++;
    try {
      return await experiment();
    } finally {
      this.#active--;
      this.#flush();
    }
  }

  /**
   * Runs several experiments side by side, at most `atOnce` of them; gives what came of each. If one
   * fails the others go on, but for a lost device or an interruption: what has not begun by then fails
   * as that one did.
   */
  async settle<T>(
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
    await Promise.all(Array.from({ length: workers }, () => this.participate(work)));
    return results;
  }

  /** The kernels for a network with these masks. */
  kernelsFor(masks: Masks): KernelKind {
    const { kernels = "auto" } = this.options;
    if (kernels !== "auto") return kernels;
    const { below } = tilesFor(this.#gpu.adapter).sparse;
    return density(masks).percent < 100 * below ? "sparse" : "dense";
  }

  /** Trains one run, together with others of its shape. */
  train(request: TrainRequest): Promise<TrainOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, from: request.from ?? null, resolve, reject });
      queueMicrotask(() => this.#flush());
    });
  }

  /**
   * Checks that the device can hold a run of this shape, and as many at once as `replicas` asks for, before
   * models are made for them.
   *
   * @param runs how many there will be
   * @throws CapacityError, InputError as `Program.create`
   */
  async checkFits(request: ShapeRequest, runs = 1): Promise<void> {
    await this.onGpu(async (gpu) => {
      const spec = await this.#programSpec(request);
      checkOptimizer(request.optimizer);
      checkProgramSpec(gpu, { ...spec, replicas: 1 });
      this.#width(spec, runs);
    });
  }

  /** How many runs of this shape train at once, if there are as many. */
  async capacity(request: ShapeRequest): Promise<number> {
    const { replicas = "auto" } = this.options;
    if (replicas !== "auto") return replicas;
    return await this.onGpu(async (gpu) =>
      this.#automatic(maxReplicas(gpu, await this.#programSpec(request)))
    );
  }

  /** Releases the program and the examples on the GPU. */
  async destroy(): Promise<void> {
    this.#program?.program.destroy();
    this.#program = null;
    for (const examples of await this.#uploads.clear()) destroyExamples(examples);
  }

  /**
   * Trains what waits, as much of one shape at a time as the adapter is best given, as soon as there is as
   * much, or nothing more is to come: places are filled again when runs end, and the files of those that
   * have ended are written meanwhile.
   */
  async #flush(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#waiting.length > 0) {
      const [[{ request }]] = this.#groups();
      // What is wrong with a run of which the width cannot be told, its training says.
      const width = await this.capacity(request).catch(() => 1);
      const [group] = this.#groups();
      if (this.#shapeKey(group[0].request) !== this.#shapeKey(request)) continue;
      if (group.length < width && this.#waiting.length < this.#active) break;
      const some = group.slice(0, width);
      this.#waiting = this.#waiting.filter((waiting) => !some.includes(waiting));
      try {
        this.options.signal?.throwIfAborted();
        await this.#trainGroup(some);
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
      // Those that have ended may ask for more.
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.#running = false;
  }

  /** What waits, by shape, the largest group first. */
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
      // After a loss, all go on from the last checkpoint but those that had diverged by then.
      const together = left.filter((waiting) => iterationOf(waiting) === iterationOf(left[0]));
      const spec = await this.#programSpec(request);
      const width = this.#width(spec, together.length);
      const isSparse = request.kernels === "sparse";
      const sparse = isSparse ? together.map((waiting) => masksOf(waiting.request)) : null;
      const program = await this.#programFor(request, { ...spec, sparse }, width);
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

  /** How many of `runs` runs of a shape train at once. */
  #width(spec: Omit<ProgramSpec, "replicas">, runs: number): number {
    const { replicas = "auto" } = this.options;
    const fits = maxReplicas(this.#gpu, spec);
    const wanted = Math.min(replicas === "auto" ? this.#automatic(fits) : replicas, runs);
    if (wanted <= fits || fits < 1) return wanted; // What does not fit at all, Program.create refuses.
    throw new CapacityError(
      `replicas: ${wanted} networks of this shape do not fit: ` +
        `${whyNoMore(this.#gpu, spec, wanted)}; use --replicas ${fits} or auto`,
    );
  }

  /** The width that is chosen where `fits` replicas are the most that the device can hold. */
  #automatic(fits: number): number {
    return Math.max(1, Math.min(fits, tilesFor(this.#gpu.adapter).replicas ?? Infinity));
  }

  async #trainReplicas(group: Waiting[], program: Program): Promise<void> {
    const { signal, onProgress, onActivity } = this.options;
    const states = group.map(({ from }) => from);
    group.forEach(({ request }, r) => program.load(r, replicaParameters(request), states[r]));
    const outcomes = await runTraining(program, group[0].request.plan, {
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
    });
    const parameters = await program.readParameters();
    group.forEach(({ resolve }, r) => resolve({ ...outcomes[r], final: parameters[r] }));
  }

  /** Keeps the states of runs: for their own files, and to go on from when the GPU is lost. */
  #checkpointing(group: Waiting[]): Checkpointing {
    const { checkpointInterval = { seconds: 60 } } = this.options;
    let pause = "seconds" in checkpointInterval ? 1000 * checkpointInterval.seconds : Infinity;
    let last = performance.now(), begun = last;
    const interval = "iterations" in checkpointInterval ? checkpointInterval.iterations : null;
    return {
      interval,
      isDue: (iteration) => {
        begun = performance.now();
        return interval === null ? begun - last >= pause : iteration % interval === 0;
      },
      keep: async (states) => {
        for (const [r, state] of states.entries()) {
          if (!state) continue;
          await group[r].request.onCheckpoint?.(state);
          group[r].from = state;
        }
        last = performance.now();
        // From where training stopped, to be read.
        pause = Math.max(pause, (last - begun) / CHECKPOINT_SHARE);
      },
    };
  }

  /**
   * A program for `width` runs, or for fewer where the memory is too small for these and no number was
   * asked for. The last program is kept: the levels of an experiment have one shape. (One of lists of live
   * weights is of no use to other masks.)
   */
  async #programFor(
    request: ShapeRequest,
    spec: Omit<ProgramSpec, "replicas">,
    width: number,
  ): Promise<Program> {
    const { replicas: wanted = "auto" } = this.options;
    const shape = spec.sparse ? "sparse" : this.#programKey(request);
    if (!spec.sparse && this.#program?.key === `${width} ${shape}`) return this.#program.program;
    this.#program?.program.destroy();
    this.#program = null;
    this.options.onActivity?.("compiling");
    for (let replicas = width;; replicas = Math.floor(replicas / 2)) {
      try {
        const sparse = spec.sparse?.slice(0, replicas);
        const program = await Program.create(this.#gpu, { ...spec, sparse, replicas });
        if (replicas < width && wanted !== "auto") {
          program.destroy();
          throw new CapacityError(
            `replicas: ${width} networks of this shape do not fit into the memory of ` +
              `"${this.#gpu.adapter.name}"; use --replicas ${replicas} or auto`,
          );
        }
        this.#program = { key: `${width} ${shape}`, program };
        return program;
      } catch (error) {
        if (!(error instanceof OutOfMemoryError) || replicas === 1) throw error;
      }
    }
  }

  async #programSpec(request: ShapeRequest): Promise<Omit<ProgramSpec, "replicas">> {
    const { dataset, model, optimizer } = request;
    return {
      layers: model.layers,
      optimizer,
      batchSize: batchSizeOf(request),
      pool: await this.#upload(dataset, "train"),
      test: await this.#upload(dataset, "test"),
      trainCount: dataset.trainCount,
    };
  }

  #upload(dataset: DatasetBase, part: "train" | "test"): Promise<GpuExamples> {
    const { sets, normalization } = dataset;
    return this.#uploads.get(`${this.#setId(sets)} ${part} ${normalization}`, () => {
      this.options.onActivity?.("uploading the examples");
      return uploadExamples(this.#gpu, sets[part], normalization);
    });
  }

  #setId(sets: ExampleSets): number {
    const id = this.#setIds.get(sets) ?? this.#setIds.size;
    this.#setIds.set(sets, id);
    return id;
  }

  /** Runs with the same key can be trained together from their first iteration. */
  groupKey(request: ShapeRequest & Pick<TrainRequest, "plan">): string {
    return JSON.stringify([this.#programKey(request), request.plan]);
  }

  /** The same, of runs that may have begun. */
  #shapeKey(request: TrainRequest): string {
    return `${this.groupKey(request)} ${request.from?.iteration ?? 0}`;
  }

  /** Runs with the same key can be replicas of one program. */
  #programKey(request: ShapeRequest): string {
    const { model, dataset, optimizer, kernels = "dense" } = request;
    const { normalization, trainCount } = dataset;
    const data = [this.#setId(dataset.sets), normalization, trainCount];
    // Each replica has a learning rate of its own.
    const { learningRate: _, ...rule } = optimizer;
    return JSON.stringify([model.layers, rule, batchSizeOf(request), data, kernels]);
  }
}

/** Examples of an iteration: all where more are asked for than there are. */
function batchSizeOf({ batchSize, dataset }: ShapeRequest): number {
  return Math.min(batchSize, dataset.trainCount);
}

function masksOf({ model }: TrainRequest): Float32Array[] {
  return model.layers.map(({ name }) => model.masks[name].data);
}

function replicaParameters({ model, dataset, optimizer }: TrainRequest): ReplicaParameters {
  return {
    learningRate: optimizer.learningRate,
    orderKey: dataset.orderKey,
    splitKey: dataset.splitKey,
    labelMap: dataset.labelMap,
    layers: model.layers.map(({ name, units }) => ({
      weights: model.weights[name].data,
      mask: model.masks[name].data,
      biases: model.biases[name]?.data ?? new Float32Array(units),
    })),
  };
}
