/**
 * Networks as lists of live weights (see network_memory.ts and sparse_layout.ts): forward, backward
 * and update touch nothing else. Activations and gradients have a row for each feature, four
 * examples to a column, so that a weight is read once for many examples. Kernels in their order:
 * sparse_iteration.ts.
 */

import type { BufferPool } from "../../buffers.ts";
import type { Gpu } from "../../device.ts";
import { Evaluation } from "../evaluation.ts";
import { createKernels, type Kernel } from "../../kernels/kernel.ts";
import { readMatrices, writeMatrix } from "../../kernels/matrix.ts";
import type { LoopBuffers, NetworkMemory } from "../network_memory.ts";
import type { DispatchQueue } from "../../submits/submits.ts";
import type {
  LayerState,
  LayerValues,
  ProgramSpec,
  ReplicaParameters,
  Split,
} from "../../kernels/program_spec.ts";
import {
  sparseEndSources,
  sparseEvaluationSources,
  sparseIterationSources,
} from "./sparse_iteration.ts";
import { SeveralIterations } from "./several_iterations.ts";
import { allocateSparse, type SparseBuffers, windowShape } from "./sparse_memory.ts";
import { LIST_WIDTH } from "../../kernels/sparse/sparse_kernels.ts";
import { packSparse, unpackSparse } from "../../kernels/sparse/sparse_layout.ts";
import { paddedExamples } from "../../kernels/sparse/sparse_row_kernels.ts";

/** Networks as lists of live weights in GPU memory. */
export class SparseNetwork implements NetworkMemory {
  /** Values of all slots, to be loaded: weights, then the optimizer's. */
  readonly #slots: Float32Array<ArrayBuffer>[];
  /** By replica: what was loaded, for the weights that have no slot. */
  readonly #loaded: LayerState[][] = [];
  #isLoaded = false;
  /** Iterations whose batches have been gathered. */
  #gathered = 0;
  readonly #several: SeveralIterations | null;

  private constructor(
    private readonly gpu: Gpu,
    private readonly spec: ProgramSpec,
    private readonly buffers: SparseBuffers,
    private readonly iteration: Kernel[],
    private readonly end: Kernel[],
    private readonly evaluation: Evaluation,
  ) {
    const { layout: { groups }, several } = buffers;
    this.#several = several && new SeveralIterations(iteration[0], several.most);
    this.#slots = [buffers.updated, ...buffers.state].map(() => new Float32Array(4 * groups));
  }

  /** Compresses, allocates from `pool` and compiles. */
  static async create(gpu: Gpu, spec: ProgramSpec, pool: BufferPool): Promise<SparseNetwork> {
    const buffers = await gpu.scoped("network program", () => allocateSparse(gpu, spec, pool));
    const shape = windowShape(gpu, spec);
    const [iteration, end, evaluation] = await Promise.all([
      createKernels(gpu, sparseIterationSources(gpu, spec, pool, buffers)),
      createKernels(gpu, sparseEndSources(spec, buffers)),
      Evaluation.create(
        gpu,
        spec,
        pool,
        paddedExamples(shape),
        (shared) => sparseEvaluationSources(gpu, spec, pool, shape, { ...buffers, ...shared }),
      ),
    ]);
    return new SparseNetwork(gpu, spec, buffers, iteration, end, evaluation);
  }

  get loop(): LoopBuffers {
    return this.buffers;
  }

  get totals(): GPUBuffer {
    return this.evaluation.totals;
  }

  get rows(): GPUBuffer {
    return this.evaluation.rows;
  }

  load(replica: number, parameters: ReplicaParameters, layers: LayerState[] | null): void {
    const { layout } = this.buffers;
    const masks = this.spec.sparse![replica];
    this.#loaded[replica] = parameters.layers.map(({ weights, biases, mask }, i): LayerState => {
      if (masks[i] !== mask && masks[i].some((live, at) => live !== mask[at])) {
        throw new Error(`layer ${i}: loaded with other masks than the program was made for`);
      }
      const masked = (values: LayerValues): LayerValues => ({
        weights: values.weights.map((weight, at) => mask[at] === 0 ? 0 : weight),
        biases: layout.layers[i].useBias ? values.biases : new Float32Array(biases.length),
      });
      const zeros = () => ({
        weights: new Float32Array(weights.length),
        biases: new Float32Array(biases.length),
      });
      return {
        ...masked(layers?.[i] ?? { weights, biases }),
        optimizer: this.buffers.state.map((_, s) =>
          layers ? masked(layers[i].optimizer[s]) : zeros()
        ),
      };
    });
    this.#loaded[replica].forEach((state, i) =>
      [state, ...state.optimizer].forEach((values, s) =>
        packSparse(layout, i, replica, values, this.#slots[s])
      )
    );
    this.#isLoaded = false;
    this.#gathered = 0;
    this.evaluation.load(replica, parameters.splitKey ?? null);
  }

  encodeIteration(to: DispatchQueue): void {
    this.#upload();
    if (this.#several) return this.#several.add(to);
    for (const kernel of this.iteration) {
      if (kernel.ahead === 1 || this.#gathered === 0) to.add(kernel);
    }
    this.#gathered = (this.#gathered || this.buffers.ahead) - 1;
  }

  encodeEnd(to: DispatchQueue): void {
    this.#several?.end(to);
    for (const kernel of this.end) to.add(kernel);
  }

  encodeEvaluation(to: DispatchQueue, split: Split, slot: number): void {
    this.#upload();
    this.#several?.flush(to);
    this.evaluation.encode(to, split, slot, 0);
  }

  async readParameters(): Promise<LayerValues[][]> {
    const networks = await this.#read(1);
    return networks.map((layers) => layers.map(({ weights, biases }) => ({ weights, biases })));
  }

  async readState(): Promise<LayerState[][]> {
    return await this.#read(this.#slots.length);
  }

  kernels(): readonly Kernel[] {
    return this.iteration;
  }

  /** Uploads what was loaded since the last burst. */
  #upload(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    const { values, updated, state } = this.buffers;
    [updated, ...state].forEach((buffer, s) =>
      this.gpu.device.queue.writeBuffer(buffer, 0, this.#slots[s])
    );
    const rows = new Float32Array(
      4 * LIST_WIDTH * Math.ceil(this.#slots[0].length / 4 / LIST_WIDTH),
    );
    rows.set(this.#slots[0]);
    writeMatrix(this.gpu, values, 0, LIST_WIDTH, rows);
  }

  /** Reads the weights and, if `kinds` is more than 1, the optimizer's values. */
  async #read(kinds: number): Promise<LayerState[][]> {
    this.#upload();
    const { layout, updated, state } = this.buffers, vectors = layout.groups;
    const contents = await readMatrices(
      this.gpu,
      [updated, ...state].slice(0, kinds).map((matrix) => ({ matrix, rows: 1, vectors })),
    );
    const copy = ({ weights, biases }: LayerValues) => ({
      weights: weights.slice(),
      biases: biases.slice(),
    });
    return this.#loaded.map((layers, replica) =>
      layers.map((loaded, i) => {
        const values = [loaded, ...loaded.optimizer].slice(0, kinds).map(copy);
        values.forEach((all, s) => unpackSparse(layout, i, replica, contents[s], all));
        return { ...values[0], optimizer: values.slice(1) };
      })
    );
  }
}
