/** Programs of a run's own network, batch and examples, made to be timed. */

import {
  type Gpu,
  type LayerValues,
  Program,
  type ProgramSpec,
  pruneSmallest,
  weightedLayers,
} from "../../engine/mod.ts";
import type { Tuned } from "../../engine/kernels/tiles.ts";
import type { Masks } from "../../models/masks.ts";
import { forwardPartsOf, liveShare } from "../queue/kernel_choice.ts";
import { ModelConv } from "../model_conv.ts";
import { runKey } from "../seeds.ts";
import { replicaParameters, type WorkRequest } from "../queue/train_request.ts";
import type { Timed } from "./search.ts";

/** A program to time. */
export class TimedProgram implements Timed {
  constructor(readonly program: Program) {}

  /** By the GPU's clock where it has one: a short burst is over before its readback. */
  async time(iterations: number): Promise<number> {
    const start = performance.now();
    const { gpuMilliseconds } = await this.program.run([{ iterate: iterations }]);
    return (gpuMilliseconds || performance.now() - start) / iterations;
  }

  destroy(): void {
    this.program.destroy();
  }
}

/**
 * Masks of a network, by layer with weights, and the share of its multiplications that they leave.
 */
export interface SparseMasks {
  masks: Float32Array[];
  share: number;
}

/** Makes programs that differ in choices, replicas and masks. */
export class NetworkBench {
  readonly #model: ModelConv;
  readonly #open = new Set<TimedProgram>();

  /**
   * @param spec    the shape of the run's program
   * @param request the run
   */
  constructor(
    readonly gpu: Gpu,
    private readonly spec: Omit<ProgramSpec, "replicas">,
    private readonly request: WorkRequest,
    private readonly signal?: AbortSignal,
  ) {
    const keyFor = (layer: number) => runKey({ seed: 0, purpose: "init", trial: 1, layer });
    this.#model = new ModelConv({ layers: spec.layers }, { keyFor });
  }

  /** The layers of the network. */
  get layers(): ProgramSpec["layers"] {
    return this.spec.layers;
  }

  /** A network that has trained once. */
  async network(
    tuned: Tuned,
    { replicas, masks }: { replicas: number; masks?: Float32Array[] },
  ): Promise<TimedProgram> {
    this.signal?.throwIfAborted();
    const kernels = masks ? "sparse" : "dense";
    const sparse = masks ? Array.from({ length: replicas }, () => masks) : null;
    const forwardParts = forwardPartsOf(kernels, this.layers, this.spec.batchSize, tuned);
    const program = await Program.create(this.gpu.tunedAs(tuned), {
      ...{ ...this.spec, replicas, sparse, forwardParts },
    });
    const timed = this.adopt(program, masks);
    this.#open.add(timed);
    await program.run([{ iterate: 1 }]);
    return timed;
  }

  /** The same for an existing program, which stays in use. */
  adopt(program: Program, masks?: readonly Float32Array[]): TimedProgram {
    const { spec: { replicas } } = program, { request } = this;
    const parameters = replicaParameters({ ...request, model: this.#model, masks });
    for (let replica = 0; replica < replicas; replica++) program.load(replica, parameters);
    return new TimedProgram(program);
  }

  /**
   * Masks such as tickets have, by the magnitudes of weights that have been trained a little.
   *
   * @param keep shares of the weights that the layers keep; the last layer keeps the root of it,
   *   for half as much of it is pruned at each level
   */
  async masks(trained: readonly LayerValues[], keep: number): Promise<SparseMasks> {
    const layers = weightedLayers(this.layers), last = layers.length - 1;
    const jobs = trained.map(({ weights }, l) => {
      const isFinite = weights.every(Number.isFinite), { name } = layers[l];
      const share = l === last ? Math.sqrt(keep) : keep;
      return {
        weights: isFinite ? weights : this.#model.weights[name].data,
        mask: new Float32Array(weights.length).fill(1),
        prune: Math.round((1 - share) * weights.length),
      };
    });
    const masks = await pruneSmallest(this.gpu, jobs);
    const named: Masks = Object.fromEntries(
      layers.map((
        { name },
        l,
      ) => [name, { shape: this.#model.weights[name].shape, data: masks[l] }]),
    );
    return { masks, share: liveShare(named, this.layers) };
  }

  /** Releases all memory. */
  close(): void {
    for (const program of this.#open) program.destroy();
  }
}
