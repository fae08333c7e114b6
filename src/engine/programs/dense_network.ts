/** Networks as whole matrices, in which pruned weights are 0 (see network_memory.ts). */

import type { BufferPool } from "../buffers.ts";
import type { Gpu } from "../device.ts";
import { Evaluation, type EvaluationBuffers, type WindowSources } from "./evaluation.ts";
import { allocateIteration, type IterationBuffers, iterationSources } from "./iteration.ts";
import { createKernels, dispatch, type Kernel } from "../kernels/kernel.ts";
import {
  maskWords,
  matrixSize,
  packMask,
  packWeights,
  pitch,
  unpackWeights,
} from "../kernels/layout.ts";
import { forwardSource, nonzeroSource, wordListWords } from "../kernels/matmul_kernels.ts";
import { createMatrix, type Matrix, readMatrices, writeMatrix } from "../kernels/matrix.ts";
import type { NetworkMemory } from "./network_memory.ts";
import {
  activationFormat,
  batchFormat,
  evaluationSpan,
  type LayerState,
  type LayerValues,
  layerWidths,
  matrixStorage,
  type ProgramSpec,
  type ReplicaParameters,
  type Split,
} from "../kernels/program_spec.ts";
import { evaluateSource, gatherEvaluateSource } from "../kernels/row_kernels.ts";
import { tilesFor } from "../kernels/tiles.ts";

/** Networks as whole matrices in GPU memory. */
export class DenseNetwork implements NetworkMemory {
  /** Which of the weights' matrices hold them. */
  #side = 0;

  private constructor(
    private readonly gpu: Gpu,
    private readonly spec: ProgramSpec,
    readonly loop: IterationBuffers,
    /** By the side where the weights are before it. */
    private readonly iteration: Kernel[][],
    private readonly evaluation: Evaluation,
  ) {}

  /** Allocates from `pool` and compiles. */
  static async create(gpu: Gpu, spec: ProgramSpec, pool: BufferPool): Promise<DenseNetwork> {
    const buffers = await gpu.scoped("network program", () => allocateIteration(gpu, spec, pool));
    const [iteration, evaluation] = await Promise.all([
      Promise.all(
        buffers.weights[0].map((_, side) =>
          createKernels(gpu, iterationSources(gpu, spec, buffers, side))
        ),
      ),
      Evaluation.create(
        gpu,
        spec,
        pool,
        tilesFor(gpu.adapter).window,
        (shared) => windowSources(gpu, spec, pool, { ...buffers, ...shared }),
      ),
    ]);
    return new DenseNetwork(gpu, spec, buffers, iteration, evaluation);
  }

  get totals(): GPUBuffer {
    return this.evaluation.totals;
  }

  get rows(): GPUBuffer {
    return this.evaluation.rows;
  }

  load(replica: number, parameters: ReplicaParameters, layers: LayerState[] | null): void {
    const { gpu, loop: buffers } = this;
    this.spec.layers.forEach((layer, i) => {
      const { mask } = parameters.layers[i];
      const kept = parameters.keepsPruned ? null : mask;
      const pack = ({ weights, biases }: LayerValues) => packWeights(layer, weights, biases, kept);
      const put = (matrix: Matrix, vectors: number, ...rest: Rest) =>
        writeMatrix(gpu, matrix, replica * pitch(layer.inputs), vectors, ...rest);
      const vectors = pitch(layer.units) / 4;
      put(buffers.weights[i][this.#side], vectors, pack(layers?.[i] ?? parameters.layers[i]));
      put(buffers.masks[i], maskWords(pitch(layer.units)), packMask(layer, mask), "u8");
      buffers.state[i].forEach((buffer, s) => {
        const values = layers ? pack(layers[i].optimizer[s]) : new Float32Array(matrixSize(layer));
        gpu.device.queue.writeBuffer(buffer, replica * values.byteLength, values);
      });
    });
  }

  encodeIteration(pass: GPUComputePassEncoder): void {
    for (const kernel of this.kernels()) dispatch(pass, kernel);
    this.#side = (this.#side + 1) % this.iteration.length;
  }

  encodeEvaluation(pass: GPUComputePassEncoder, split: Split, slot: number): void {
    this.evaluation.encode(pass, split, slot, this.#side);
  }

  async readParameters(): Promise<LayerValues[][]> {
    const { weights } = this.loop, side = this.#side;
    return await this.#read((layer) => [weights[layer][side]], ([values]) => values);
  }

  async readState(): Promise<LayerState[][]> {
    const { weights, state } = this.loop, side = this.#side;
    return await this.#read<LayerState>(
      (layer) => [weights[layer][side], ...state[layer]],
      ([values, ...optimizer]) => ({ ...values, optimizer }),
    );
  }

  kernels(): readonly Kernel[] {
    return this.iteration[this.#side];
  }

  /** Reads the matrices of each layer; `make` makes of them, in their order, what is given. */
  async #read<T>(
    matricesOf: (layer: number) => Matrix[],
    make: (matrices: LayerValues[]) => T,
  ): Promise<T[][]> {
    const { layers, replicas } = this.spec;
    const contents = await readMatrices(
      this.gpu,
      layers.flatMap(({ inputs, units }, i) =>
        matricesOf(i).map((matrix) => ({
          matrix,
          rows: replicas * pitch(inputs),
          vectors: pitch(units) / 4,
        }))
      ),
    );
    return Array.from({ length: replicas }, (_, r) => {
      let next = 0;
      return layers.map((layer, i) => {
        const size = matrixSize(layer);
        return make(
          matricesOf(i).map(() =>
            unpackWeights(layer, contents[next++].subarray(r * size, (r + 1) * size))
          ),
        );
      });
    });
  }
}

/** The kernels that evaluate a window. */
function windowSources(
  gpu: Gpu,
  spec: ProgramSpec,
  pool: BufferPool,
  program: EvaluationBuffers & { weights: Matrix[][]; replicas: GPUBuffer },
): WindowSources {
  const { layers, replicas } = spec;
  const tiles = tilesFor(gpu.adapter), rows = tiles.window, sizes = { replicas, rows };
  const last = layers.length - 1, format = batchFormat(spec), storage = matrixStorage(gpu, spec);
  const activations = layerWidths(layers).map((width, i) =>
    createMatrix(pool, storage, `window ${i}`, {
      rows: replicas * rows,
      vectors: pitch(width) / 4,
      format: activationFormat(spec, i),
    })
  );
  const labels = pool.storage("window labels", 4 * replicas * rows), [inputs] = activations;
  const lists = tiles.skipsZeros && !spec.examples.isFloat
    ? pool.storage("window words", 4 * replicas * wordListWords(layers[0], rows, tiles))
    : null;
  const wordLists = lists && { inputs, format, wordLists: lists, rowLists: null };
  const nonzero = wordLists ? [nonzeroSource(layers[0], sizes, tiles, wordLists)] : [];
  const forward = (side: number) =>
    layers.map((layer, i) =>
      forwardSource(layer, i === last, sizes, tiles, {
        inputs: activations[i],
        format: i === 0 ? format : "f32",
        lists: i === 0 ? lists : null,
        weights: program.weights[i][side],
        outputs: activations[i + 1],
      })
    );
  return {
    gather: (examples) =>
      gatherEvaluateSource({ ...sizes, format }, { ...program, examples, batch: inputs, labels }),
    forward: program.weights[0].map((_, side) => [...nonzero, ...forward(side)]),
    evaluate: evaluateSource(
      { ...sizes, classes: layers[last].units, span: evaluationSpan(spec) },
      { ...program, logits: activations[last + 1], labels },
    ),
  };
}

/** The arguments of `writeMatrix` after the width. */
type Rest = [data: Parameters<typeof writeMatrix>[4], format?: Parameters<typeof writeMatrix>[5]];
