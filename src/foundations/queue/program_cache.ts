/**
 * Keeps what runs share on the GPU: the examples, uploaded once, and the program that was compiled
 * last. Levels of an experiment have one shape, so that program serves the next of them too.
 */

import {
  destroyExamples,
  type Gpu,
  type GpuExamples,
  maxReplicas,
  Program,
  type ProgramSpec,
  uploadExamples,
} from "../../engine/mod.ts";
import { checkProgramSpec, whyNoMore } from "../../engine/kernels/program_limits.ts";
import { checkOptimizer } from "../../engine/optimizers.ts";
import type { ExampleSets } from "../../datasets/examples.ts";
import { CapacityError, OutOfMemoryError } from "../../errors.ts";
import { Memo } from "../../memo.ts";
import type { DatasetBase } from "../dataset_base.ts";
import { batchSizeOf, type QueueActivity, type ShapeRequest } from "./train_request.ts";

/** A program's shape but for the number of its replicas. */
type SharedSpec = Omit<ProgramSpec, "replicas">;

/** Options of a cache. */
export interface ProgramCacheOptions {
  /** Most runs trained at once; "auto": as many as wait and as are fast on this adapter. */
  replicas?: number | "auto";
  /** Called when what is being waited for changes. */
  onActivity?: (activity: QueueActivity) => void;
}

/** Holds the examples on the GPU and the program that was compiled last. */
export class ProgramCache {
  #program: { key: string; program: Program } | null = null;
  readonly #uploads = new Memo<string, GpuExamples>();
  readonly #setIds = new Map<ExampleSets, number>();

  /** @param gpuNow the GPU to work on, another one after a loss */
  constructor(private readonly gpuNow: () => Gpu, private readonly options: ProgramCacheOptions) {}

  /** Runs with the same key can be replicas of one program. */
  keyOf(request: ShapeRequest): string {
    const { model, dataset, optimizer, kernels = "dense", forwardParts = 1 } = request;
    const { normalization, trainCount, augment } = dataset;
    const data = [this.#setId(dataset.sets), normalization, trainCount, augment];
    // Each replica has a learning rate and a weight decay of its own.
    const { learningRate: _rate, weightDecay: _decay, ...rule } = optimizer;
    return JSON.stringify([model.layers, rule, batchSizeOf(request), data, kernels, forwardParts]);
  }

  /** How many runs of this shape train at once, if there are as many. */
  async capacity(request: ShapeRequest): Promise<number> {
    const { replicas = "auto" } = this.options;
    if (replicas !== "auto") return replicas;
    return this.#automatic(maxReplicas(this.gpuNow(), await this.specOf(request)));
  }

  /**
   * Checks that the device can hold a run of this shape, and as many of `runs` at once as are asked
   * for.
   *
   * @throws CapacityError, InputError as `Program.create`
   */
  async checkFits(request: ShapeRequest, runs: number): Promise<void> {
    const spec = await this.specOf(request);
    checkOptimizer(request.optimizer);
    checkProgramSpec(this.gpuNow(), { ...spec, replicas: 1 });
    this.widthOf(spec, runs);
  }

  /** The shape of a run's program; its examples are on the GPU from then on. */
  async specOf(request: ShapeRequest): Promise<SharedSpec> {
    const { dataset, model, optimizer, forwardParts = 1 } = request;
    return {
      layers: model.layers,
      optimizer,
      batchSize: batchSizeOf(request),
      examples: await this.#upload(dataset, "train"),
      test: await this.#upload(dataset, "test"),
      trainCount: dataset.trainCount,
      augment: dataset.augment,
      forwardParts,
    };
  }

  /** How many of `runs` runs of a shape train at once. Throws CapacityError if they do not fit. */
  widthOf(spec: SharedSpec, runs: number): number {
    const { replicas = "auto" } = this.options, gpu = this.gpuNow();
    const fits = maxReplicas(gpu, spec);
    const wanted = Math.min(replicas === "auto" ? this.#automatic(fits) : replicas, runs);
    // Program.create refuses a network that does not fit at all.
    if (wanted <= fits || fits < 1) return wanted;
    throw new CapacityError(
      `replicas: ${wanted} networks of this shape do not fit: ${whyNoMore(gpu, spec, wanted)}; ` +
        `use --replicas ${fits} or auto`,
    );
  }

  /**
   * A program for `width` runs, or for fewer where the memory is too small for these and no number
   * was asked for. The last program is kept. (One of lists of live weights does not fit other
   * masks.)
   */
  async programFor(request: ShapeRequest, spec: SharedSpec, width: number): Promise<Program> {
    const { replicas: wanted = "auto" } = this.options, gpu = this.gpuNow();
    const key = `${width} ${spec.sparse ? "sparse" : this.keyOf(request)}`;
    if (!spec.sparse && this.#program?.key === key) return this.#program.program;
    this.forgetProgram();
    this.options.onActivity?.("compiling");
    for (let replicas = width;; replicas = Math.floor(replicas / 2)) {
      try {
        const sparse = spec.sparse?.slice(0, replicas);
        const program = await Program.create(gpu, { ...spec, sparse, replicas });
        if (replicas < width && wanted !== "auto") {
          program.destroy();
          throw new CapacityError(
            `replicas: ${width} networks of this shape do not fit into the memory of ` +
              `"${gpu.adapter.name}"; use --replicas ${replicas} or auto`,
          );
        }
        this.#program = { key, program };
        return program;
      } catch (error) {
        if (!(error instanceof OutOfMemoryError) || replicas === 1) throw error;
      }
    }
  }

  /** Forgets what was on a GPU that is lost. */
  forget(): void {
    this.#program = null;
    this.#uploads.clear();
  }

  /** Releases the program: the next one is compiled anew. */
  forgetProgram(): void {
    this.#program?.program.destroy();
    this.#program = null;
  }

  /** Releases the program and the examples on the GPU. */
  async destroy(): Promise<void> {
    this.forgetProgram();
    for (const examples of await this.#uploads.clear()) destroyExamples(examples);
  }

  /** The width that is chosen where `fits` replicas are the most that the device can hold. */
  #automatic(fits: number): number {
    return Math.max(1, Math.min(fits, this.gpuNow().tuned.replicas ?? Infinity));
  }

  #upload(dataset: DatasetBase, part: "train" | "test"): Promise<GpuExamples> {
    const { sets, normalization, statistics, augment } = dataset;
    // Crops of images divided by their norms have norms of their own; other uploads are the same.
    const isCropped = part === "train" && normalization === "l2" && augment?.names.includes("crop");
    const cropped = isCropped ? augment!.image : undefined;
    const key = `${this.#setId(sets)} ${part} ${normalization} ${cropped ? "cropped" : ""}`;
    return this.#uploads.get(key, () => {
      this.options.onActivity?.("uploading the examples");
      return uploadExamples(this.gpuNow(), sets[part], normalization, statistics, cropped);
    });
  }

  #setId(sets: ExampleSets): number {
    const id = this.#setIds.get(sets) ?? this.#setIds.size;
    this.#setIds.set(sets, id);
    return id;
  }
}
