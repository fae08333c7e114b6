/** Networks as whole matrices, in which pruned weights are 0 (see network_memory.ts). */

import type { BufferPool } from "../buffers.ts";
import type { Gpu } from "../device.ts";
import {
  Evaluation,
  type EvaluationBuffers,
  type EvaluationSources,
  windowShare,
} from "./evaluation.ts";
import type { GpuExamples } from "../examples/dataset.ts";
import { allocateIteration, type IterationBuffers, iterationSources } from "./iteration.ts";
import { createKernels, type Kernel } from "../kernels/kernel.ts";
import {
  activationVectors,
  layerMatrices,
  type LayerMatrix,
  maskWords,
  matrixRows,
  matrixSize,
  packMask,
  packWeights,
  pitch,
  unpackWeights,
} from "../kernels/layout.ts";
import { layerForwardSources } from "./layer_sources.ts";
import { isDense } from "../layer_spec.ts";
import {
  COLUMN_BYTES,
  createMatrix,
  type Matrix,
  type MatrixFormat,
  readMatrices,
  writeMatrix,
} from "../kernels/matrix.ts";
import { nonzeroSource, wordListWords } from "../kernels/dense/weight_kernels.ts";
import type { NetworkMemory } from "./network_memory.ts";
import type { DispatchQueue } from "../submits/submits.ts";
import {
  activationFormat,
  batchFormat,
  classesOf,
  evaluationSpan,
  exampleImage,
  type LayerState,
  type LayerValues,
  matrixStorage,
  type ProgramSpec,
  type ReplicaParameters,
  type Split,
  windowRows,
} from "../kernels/program_spec.ts";
import { gatherEvaluateSource } from "../kernels/gather_kernels.ts";
import { CLOCK_WORDS, evaluateSource } from "../kernels/row_kernels.ts";
import { paddedRows } from "../kernels/tiles.ts";

/** Networks as whole matrices in GPU memory. */
export class DenseNetwork implements NetworkMemory {
  /** Which of the weights' matrices hold them. */
  #side = 0;
  /** Iterations whose batches have been gathered. */
  #gathered = 0;
  /** Of the layers that have weights. */
  readonly #matrices: LayerMatrix[];

  private constructor(
    private readonly gpu: Gpu,
    private readonly spec: ProgramSpec,
    readonly loop: IterationBuffers,
    /** By the side where the weights are before it. */
    private readonly iteration: Kernel[][],
    private readonly evaluation: Evaluation,
  ) {
    this.#matrices = layerMatrices(spec.layers);
  }

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
        evaluationRows(gpu, spec),
        (shared) => evaluationSources(gpu, spec, pool, { ...buffers, ...shared }),
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
    this.#gathered = 0;
    this.evaluation.load(replica, parameters.splitKey ?? null);
    this.#matrices.forEach((shape, i) => {
      const { mask } = parameters.layers[i];
      const kept = parameters.keepsPruned ? null : mask;
      const pack = ({ weights, biases }: LayerValues) => packWeights(shape, weights, biases, kept);
      const put = (matrix: Matrix, vectors: number, ...rest: Rest) =>
        writeMatrix(gpu, matrix, replica * matrixRows(shape), vectors, ...rest);
      const vectors = pitch(shape.units) / 4;
      put(buffers.weights[i][this.#side], vectors, pack(layers?.[i] ?? parameters.layers[i]));
      put(buffers.masks[i], maskWords(pitch(shape.units)), packMask(shape, mask), "u8");
      buffers.state[i].forEach((buffer, s) => {
        const values = layers ? pack(layers[i].optimizer[s]) : new Float32Array(matrixSize(shape));
        gpu.device.queue.writeBuffer(buffer, replica * values.byteLength, values);
      });
    });
  }

  encodeIteration(to: DispatchQueue): void {
    for (const kernel of this.kernels()) {
      if (kernel.ahead === 1 || this.#gathered === 0) to.add(kernel);
    }
    this.#gathered = (this.#gathered || this.loop.ahead) - 1;
    this.#side = (this.#side + 1) % this.iteration.length;
  }

  encodeEnd(): void {}

  encodeEvaluation(to: DispatchQueue, split: Split, slot: number): void {
    this.evaluation.encode(to, split, slot, this.#side);
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
    const { replicas } = this.spec, shapes = this.#matrices;
    const contents = await readMatrices(
      this.gpu,
      shapes.flatMap((shape, i) =>
        matricesOf(i).map((matrix) => ({
          matrix,
          rows: replicas * matrixRows(shape),
          vectors: pitch(shape.units) / 4,
        }))
      ),
    );
    return Array.from({ length: replicas }, (_, r) => {
      let next = 0;
      return shapes.map((shape, i) => {
        const size = matrixSize(shape);
        return make(
          matricesOf(i).map(() =>
            unpackWeights(shape, contents[next++].subarray(r * size, (r + 1) * size))
          ),
        );
      });
    });
  }
}

/** Rows of a window, whole tiles. */
function evaluationRows(gpu: Gpu, spec: ProgramSpec): number {
  const tiles = gpu.tuned;
  return paddedRows(windowShare(gpu, spec, windowRows(spec, tiles)), tiles);
}

/** The kernels that evaluate windows. */
function evaluationSources(
  gpu: Gpu,
  spec: ProgramSpec,
  pool: BufferPool,
  program: EvaluationBuffers & { weights: Matrix[][]; replicas: GPUBuffer; ahead: number },
): EvaluationSources {
  const { layers, replicas } = spec, [first] = layers;
  const tiles = gpu.tuned, rows = evaluationRows(gpu, spec);
  const sizes = { replicas, rows, limits: gpu.device.limits };
  const format = batchFormat(spec), storage = matrixStorage(gpu, spec);
  const [inputVectors, ...outputVectors] = activationVectors(layers);
  const matrix = (label: string, vectors: number, format: MatrixFormat) =>
    createMatrix(pool, storage, label, { rows: replicas * rows, vectors, format });
  const outputs = outputVectors.map((vectors, i) =>
    matrix(`window outputs ${i}`, vectors, activationFormat(spec, i + 1))
  );
  // With a clock at 0 a window begins at the first tile, and its forward is training's to the
  // letter.
  const ahead = { batches: program.ahead, clocks: pool.storage("no clock", 4 * CLOCK_WORDS) };
  const forward = (index: number, side: number, inputs: Matrix, lists: GPUBuffer | null) => {
    // One, since of so many rows sums need no parts.
    const [source] = layerForwardSources({ layers, index, sizes, tiles, batchFormat: format }, {
      activations: [inputs, ...outputs],
      weights: program.weights.map((sides) => sides[side]),
      lists,
      ahead,
    });
    return source;
  };
  const image = exampleImage(spec), sides = [...program.weights[0].keys()];
  const window = (name: string, isKept: boolean) => {
    const inputs = matrix(`${name} inputs`, inputVectors, activationFormat(spec, 0));
    const labels = pool.storage(`${name} labels`, 4 * replicas * rows);
    const skips = isDense(first) && tiles.skipsZeros && !spec.examples.isFloat;
    const lists = skips
      ? pool.storage(`${name} words`, 4 * replicas * wordListWords(first, rows, tiles))
      : null;
    const places = isKept && lists && spec.examples.nonzero && spec.test.nonzero
      ? pool.storage(`${name} places`, 4 * replicas * rows)
      : null;
    return {
      places,
      fill: (examples: GpuExamples) => [
        gatherEvaluateSource(
          { ...sizes, format, image },
          { ...program, examples, batch: inputs, labels, places },
        ),
        ...lists && isDense(first)
          ? [
            nonzeroSource(first, sizes, tiles, {
              inputs,
              format,
              wordLists: lists,
              rowLists: null,
            }),
          ]
          : [],
      ],
      first: sides.map((side) => forward(0, side, inputs, lists)),
      evaluate: evaluateSource(
        { ...sizes, classes: classesOf(spec), span: evaluationSpan(spec) },
        { ...program, logits: outputs.at(-1)!, labels, places },
      ),
    };
  };
  return {
    window,
    rest: sides.map((side) =>
      layers.slice(1).map((_, i) => forward(i + 1, side, outputs[0], null))
    ),
    windowBytes: isDense(first)
      ? COLUMN_BYTES[activationFormat(spec, 0)] * replicas * rows * inputVectors
      : null,
  };
}

/** The arguments of `writeMatrix` after the width. */
type Rest = [data: Parameters<typeof writeMatrix>[4], format?: Parameters<typeof writeMatrix>[5]];
