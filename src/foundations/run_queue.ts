/**
 * Packs runs into replicas. Experiments are written for one run at a time and started concurrently;
 * the queue waits until each of them waits for it, groups the requests of one shape, and trains every
 * group as the replicas of one program. Takes requests, gives each its own outcome: neither files nor
 * results know of the group.
 */

import {
  type BurstStep,
  destroyExamples,
  type Gpu,
  type GpuExamples,
  MAX_BURST,
  maxReplicas,
  type OptimizerSpec,
  Program,
  type ProgramSpec,
  type ReplicaOutcome,
  type ReplicaParameters,
  runTraining,
  type TrainingPlan,
  type TrainingProgress,
  uploadExamples,
} from "../engine/mod.ts";
import { checkProgramSpec } from "../engine/program_spec.ts";
import type { ExampleSets } from "../datasets/examples.ts";
import { CapacityError, DeviceLostError } from "../errors.ts";
import type { DatasetBase } from "./dataset_base.ts";
import type { ModelBase } from "./model.ts";

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
}

/** What decides the shape of its program. */
export type ShapeRequest = Omit<TrainRequest, "model" | "plan"> & {
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
  /** Ends training with its reason. */
  signal?: AbortSignal;
  /** Called as a group advances; `runs` is its size. */
  onProgress?: (progress: TrainingProgress & { runs: number }) => void;
}

/**
 * Most replicas that "auto" takes on a software adapter, where more outgrow the processor's caches: 24
 * controls of 100 iterations take 30.4 s as 4 at a time, 30.6 s as 8 and 40.3 s as 24 (two cores).
 */
const SOFTWARE_REPLICAS = 8;

interface Waiting {
  request: TrainRequest;
  resolve(outcome: TrainOutcome): void;
  reject(reason: unknown): void;
}

/** See the head of this file. */
export class RunQueue {
  /** Experiments in progress; those that wait are in `#waiting`. */
  #active = 0;
  #waiting: Waiting[] = [];
  #running = false;
  #program: { key: string; program: Program } | null = null;
  readonly #uploads = new Map<string, Promise<GpuExamples>>();
  readonly #setIds = new Map<ExampleSets, number>();

  /** A queue that trains on this GPU. */
  constructor(readonly gpu: Gpu, private readonly options: RunQueueOptions = {}) {}

  /** Runs one experiment; the queue trains only when all experiments in progress wait for it. */
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
   * fails the others go on, but for a lost device: what has not begun by then fails as that one did.
   */
  async settle<T>(
    experiments: (() => Promise<T>)[],
    atOnce = Infinity,
  ): Promise<PromiseSettledResult<T>[]> {
    const results: PromiseSettledResult<T>[] = [];
    let next = 0, lost: DeviceLostError | null = null;
    const work = async () => {
      while (next < experiments.length) {
        const i = next++;
        try {
          if (lost) throw lost;
          results[i] = { status: "fulfilled", value: await experiments[i]() };
        } catch (reason) {
          if (reason instanceof DeviceLostError) lost = reason;
          results[i] = { status: "rejected", reason };
        }
      }
    };
    const workers = Math.min(atOnce, experiments.length);
    await Promise.all(Array.from({ length: workers }, () => this.participate(work)));
    return results;
  }

  /** Trains one run, together with others of its shape. */
  train(request: TrainRequest): Promise<TrainOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      queueMicrotask(() => this.#flush());
    });
  }

  /**
   * Checks that the device can hold a run of this shape, before a model is made for it.
   *
   * @throws CapacityError, InputError as `Program.create`
   */
  async checkFits(request: ShapeRequest): Promise<void> {
    checkProgramSpec(this.gpu, { ...await this.#programSpec(request), replicas: 1 });
  }

  /** How many runs of this shape train at once, if there are as many. */
  async capacity(request: ShapeRequest): Promise<number> {
    const { replicas = "auto" } = this.options;
    return replicas === "auto"
      ? this.#automatic(maxReplicas(this.gpu, await this.#programSpec(request)))
      : replicas;
  }

  /**
   * Measures how long `runs` runs of this shape take together on the GPU: some iterations and one
   * evaluation of each split, after a warm-up. Gives how many of them train at once, and the
   * milliseconds until those have ended.
   */
  async measure(
    request: TrainRequest,
    runs: number,
  ): Promise<{ replicas: number; milliseconds: number }> {
    const spec = await this.#programSpec(request);
    const replicas = this.#width(spec, runs);
    const program = await this.#programFor(request, { ...spec, replicas });
    for (let r = 0; r < replicas; r++) program.load(r, replicaParameters(request));
    const evaluations = (["validate", "test"] as const).filter((split) => program.count(split) > 0)
      .map((split) => ({ evaluate: split }));
    const time = async (steps: BurstStep[]) => {
      const start = performance.now();
      await program.run(steps);
      return performance.now() - start;
    };
    const warmUp = await time([{ iterate: 10 }, ...evaluations]);
    // A slow adapter needs few iterations to be timed, a fast one needs many.
    const iterations = Math.max(10, Math.min(MAX_BURST, Math.round(10 * 400 / warmUp)));
    const perIteration = await time([{ iterate: iterations }]) / iterations;
    let milliseconds = perIteration * request.plan.iterations;
    for (const step of evaluations) {
      const { validateInterval, testInterval } = request.plan;
      const interval = step.evaluate === "test" ? testInterval : validateInterval;
      if (interval === null) continue;
      milliseconds += (1 + request.plan.iterations / interval) * await time([step]);
    }
    return { replicas, milliseconds };
  }

  /** Releases the program and the examples on the GPU. */
  async destroy(): Promise<void> {
    this.#program?.program.destroy();
    this.#program = null;
    const uploads = await Promise.allSettled(this.#uploads.values());
    for (const upload of uploads) if (upload.status === "fulfilled") destroyExamples(upload.value);
    this.#uploads.clear();
  }

  async #flush(): Promise<void> {
    if (this.#running || this.#waiting.length === 0 || this.#waiting.length < this.#active) return;
    this.#running = true;
    const groups = Map.groupBy(this.#waiting, ({ request }) => this.#shapeKey(request));
    this.#waiting = [];
    for (const group of groups.values()) {
      try {
        await this.#trainGroup(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = false;
    queueMicrotask(() => this.#flush());
  }

  async #trainGroup(group: Waiting[]): Promise<void> {
    const spec = await this.#programSpec(group[0].request);
    const width = this.#width(spec, group.length);
    for (let i = 0; i < group.length; i += width) {
      await this.#trainReplicas(group.slice(i, i + width), spec);
    }
  }

  /** How many of `runs` runs of a shape train at once. */
  #width(spec: Omit<ProgramSpec, "replicas">, runs: number): number {
    const { replicas = "auto" } = this.options;
    const fits = maxReplicas(this.gpu, spec);
    const wanted = Math.min(replicas === "auto" ? this.#automatic(fits) : replicas, runs);
    if (wanted <= fits || fits < 1) return wanted; // What does not fit at all, Program.create refuses.
    throw new CapacityError(
      `replicas: ${wanted} networks of this shape do not fit on "${this.gpu.adapter.name}"; ` +
        `use --replicas ${fits} or auto`,
    );
  }

  /** The width that is chosen where `fits` replicas are the most that the device can hold. */
  #automatic(fits: number): number {
    const { isSoftware } = this.gpu.adapter;
    return Math.max(1, Math.min(fits, isSoftware ? SOFTWARE_REPLICAS : Infinity));
  }

  async #trainReplicas(group: Waiting[], spec: Omit<ProgramSpec, "replicas">): Promise<void> {
    const { signal, onProgress } = this.options;
    const program = await this.#programFor(group[0].request, { ...spec, replicas: group.length });
    group.forEach(({ request }, replica) => program.load(replica, replicaParameters(request)));
    const outcomes = await runTraining(program, group[0].request.plan, {
      signal,
      onProgress: (progress) => onProgress?.({ ...progress, runs: group.length }),
    });
    const parameters = await program.readParameters();
    group.forEach(({ resolve }, r) => resolve({ ...outcomes[r], final: parameters[r] }));
  }

  /** The last program is kept: the levels of an experiment have one shape. */
  async #programFor(request: TrainRequest, spec: ProgramSpec): Promise<Program> {
    const key = `${spec.replicas} ${this.#shapeKey(request)}`;
    if (this.#program?.key !== key) {
      this.#program?.program.destroy();
      this.#program = null;
      this.#program = { key, program: await Program.create(this.gpu, spec) };
    }
    return this.#program.program;
  }

  async #programSpec(request: ShapeRequest): Promise<Omit<ProgramSpec, "replicas">> {
    const { dataset, model, optimizer, batchSize } = request;
    return {
      layers: model.layers,
      optimizer,
      batchSize,
      pool: await this.#upload(dataset, "train"),
      test: await this.#upload(dataset, "test"),
      trainCount: dataset.trainCount,
    };
  }

  #upload(dataset: DatasetBase, part: "train" | "test"): Promise<GpuExamples> {
    const { sets, normalization } = dataset;
    const key = `${this.#setId(sets)} ${part} ${normalization}`;
    let upload = this.#uploads.get(key);
    if (!upload) {
      upload = uploadExamples(this.gpu, sets[part], normalization);
      this.#uploads.set(key, upload);
    }
    return upload;
  }

  #setId(sets: ExampleSets): number {
    const id = this.#setIds.get(sets) ?? this.#setIds.size;
    this.#setIds.set(sets, id);
    return id;
  }

  /** Runs with the same key can be replicas of one program. */
  #shapeKey({ model, dataset, optimizer, batchSize, plan }: TrainRequest): string {
    const { normalization, trainCount } = dataset;
    const data = [this.#setId(dataset.sets), normalization, trainCount];
    return JSON.stringify([model.layers, optimizer, batchSize, plan, data]);
  }
}

function replicaParameters({ model, dataset }: TrainRequest): ReplicaParameters {
  return {
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
