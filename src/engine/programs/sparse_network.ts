/**
 * Networks as lists of live weights (see network_memory.ts and sparse_layout.ts): forward, backward
 * and update touch nothing else. Activations and gradients have a row for each feature, four
 * examples to a column, so that a weight is read once for many examples.
 */

import { OutOfMemoryError } from "../../errors.ts";
import type { BufferPool } from "../buffers.ts";
import { bufferLimit, sizeText } from "../buffer_limit.ts";
import type { Gpu } from "../device.ts";
import { Evaluation, type EvaluationBuffers, type WindowSources } from "./evaluation.ts";
import { createKernels, dispatch, type Kernel, type KernelSource } from "../kernels/kernel.ts";
import {
  createMatrix,
  type Matrix,
  type MatrixStorage,
  readMatrices,
  writeMatrix,
} from "../kernels/matrix.ts";
import { allocateLoopBuffers, type LoopBuffers, type NetworkMemory } from "./network_memory.ts";
import { type DenseSpec, isDense } from "../layer_spec.ts";
import { stateCount } from "../optimizers.ts";
import {
  classesOf,
  evaluationSpan,
  type LayerState,
  type LayerValues,
  layerWidths,
  type ProgramSpec,
  type ReplicaParameters,
  sparseStorage,
  type Split,
} from "../kernels/program_spec.ts";
import {
  isHeadFused,
  LIST_WIDTH,
  sparseBackwardSource,
  sparseForwardSource,
  sparseHeadSource,
  sparseUpdateSource,
  type SparseWeights,
} from "../kernels/sparse/sparse_kernels.ts";
import {
  featureRows,
  groupsOf,
  onesRow,
  packSparse,
  sparseLayout,
  unpackSparse,
} from "../kernels/sparse/sparse_layout.ts";
import {
  type Columns,
  columnsFor,
  paddedExamples,
  sparseEvaluateSource,
  sparseGatherSource,
} from "../kernels/sparse/sparse_row_kernels.ts";
import { tilesFor } from "../kernels/tiles.ts";

/** The buffers of sparse training. */
interface SparseBuffers extends LoopBuffers, SparseWeights {
  storage: MatrixStorage;
  words: GPUBuffer;
  /** (groups) vec4f: weights, to be updated. */
  updated: GPUBuffer;
  /** (groups) vec4f each: the optimizer's. */
  state: GPUBuffer[];
  /** The batch, then each layer's outputs; the last's where its head is not fused. */
  activations: Matrix[];
  /** By layer: gradient at its pre-activations. */
  deltas: Matrix[];
  labels: GPUBuffer;
}

/** Networks as lists of live weights in GPU memory. */
export class SparseNetwork implements NetworkMemory {
  /** Values of all slots, to be loaded: weights, then the optimizer's. */
  readonly #slots: Float32Array<ArrayBuffer>[];
  /** By replica: what was loaded, for the weights that have no slot. */
  readonly #loaded: LayerState[][] = [];
  #isLoaded = false;

  private constructor(
    private readonly gpu: Gpu,
    private readonly spec: ProgramSpec,
    private readonly buffers: SparseBuffers,
    private readonly iteration: Kernel[],
    private readonly evaluation: Evaluation,
  ) {
    const { layout: { groups } } = buffers;
    this.#slots = [buffers.updated, ...buffers.state].map(() => new Float32Array(4 * groups));
  }

  /** Compresses, allocates from `pool` and compiles. */
  static async create(gpu: Gpu, spec: ProgramSpec, pool: BufferPool): Promise<SparseNetwork> {
    const buffers = await gpu.scoped("network program", () => allocate(gpu, spec, pool));
    const shape = windowShape(gpu, spec);
    const [iteration, evaluation] = await Promise.all([
      createKernels(gpu, iterationSources(gpu, spec, pool, buffers)),
      Evaluation.create(
        gpu,
        spec,
        pool,
        paddedExamples(shape),
        (shared) => windowSources(gpu, spec, pool, shape, { ...buffers, ...shared }),
      ),
    ]);
    return new SparseNetwork(gpu, spec, buffers, iteration, evaluation);
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
        biases: denseLayers(this.spec)[i].useBias ? values.biases : new Float32Array(biases.length),
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
  }

  encodeIteration(pass: GPUComputePassEncoder): void {
    this.#upload();
    for (const kernel of this.iteration) dispatch(pass, kernel);
  }

  encodeEvaluation(pass: GPUComputePassEncoder, split: Split, slot: number): void {
    this.#upload();
    this.evaluation.encode(pass, split, slot, 0);
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

/** The layers: `checkProgramSpec` has refused others than dense ones. */
function denseLayers({ layers }: ProgramSpec): DenseSpec[] {
  return layers.filter(isDense);
}

/** The layout of an evaluation window: as many tiles as fit in a texture. */
function windowShape(gpu: Gpu, spec: ProgramSpec): Columns {
  const { window } = tilesFor(gpu.adapter).sparse;
  const largest = Math.max(...layerWidths(spec.layers).map(featureRows));
  const fit = Math.floor(gpu.device.limits.maxTextureDimension2D / largest / spec.replicas);
  const shape = columnsFor(window);
  return { ...shape, tiles: Math.max(1, Math.min(shape.tiles, fit)) };
}

/** A matrix of features for each tile, whose last row is the constant 1. */
function featureMatrix(
  gpu: Gpu,
  spec: ProgramSpec,
  pool: BufferPool,
  storage: MatrixStorage,
  { columns, tiles }: Columns,
  label: string,
  width: number,
): Matrix {
  const rows = featureRows(width), count = spec.replicas * tiles;
  const matrix = createMatrix(pool, storage, label, { rows: count * rows, vectors: columns });
  const ones = new Float32Array(4 * columns).fill(1);
  for (let tile = 0; tile < count; tile++) {
    writeMatrix(gpu, matrix, tile * rows + onesRow(width), columns, ones);
  }
  return matrix;
}

function allocate(gpu: Gpu, spec: ProgramSpec, pool: BufferPool): SparseBuffers {
  const { replicas, optimizer, batchSize } = spec, layers = denseLayers(spec);
  const layout = sparseLayout(layers, spec.sparse!);
  const { groups, records } = layout, storage = sparseStorage(gpu, spec);
  if (records.byteLength > bufferLimit(gpu)) {
    throw new OutOfMemoryError(
      `the lists of live weights of ${
        replicas === 1 ? "1 network" : `${replicas} networks`
      } take ` +
        `${sizeText(records.byteLength)}, and "${gpu.adapter.name}" holds at most ` +
        `${sizeText(bufferLimit(gpu))} in one buffer; use ` +
        `${replicas === 1 ? "" : "fewer replicas, or "}--kernels dense`,
    );
  }
  const shape = columnsFor(batchSize), widths = layerWidths(layers);
  const list = (label: string, vectors: number, format: "f32" | "u32") => {
    const rows = Math.ceil(vectors / LIST_WIDTH);
    return createMatrix(pool, storage, label, { rows, vectors: LIST_WIDTH, format });
  };
  const padded = new Uint32Array(4 * LIST_WIDTH * Math.ceil(records.length / 4 / LIST_WIDTH));
  padded.set(records);
  const buffers: SparseBuffers = {
    ...allocateLoopBuffers(pool, replicas),
    layout,
    storage,
    records: list("records", records.length / 4, "u32"),
    values: list("values", groups, "f32"),
    words: pool.storage("live words", layout.words.byteLength),
    updated: pool.storage("live weights", 16 * groups),
    state: Array.from(
      { length: stateCount(optimizer) },
      () => pool.storage("optimizer state", 16 * groups),
    ),
    activations: (isHeadFused(widths.at(-1)!) ? widths.slice(0, -1) : widths).map((width, i) =>
      featureMatrix(gpu, spec, pool, storage, shape, `activations ${i}`, width)
    ),
    deltas: layers.map(({ name, units }) =>
      createMatrix(pool, storage, `deltas ${name}`, {
        rows: replicas * shape.tiles * featureRows(units),
        vectors: shape.columns,
      })
    ),
    labels: pool.storage("batch labels", 4 * replicas * paddedExamples(shape)),
  };
  writeMatrix(gpu, buffers.records, 0, LIST_WIDTH, padded, "u32");
  gpu.device.queue.writeBuffer(buffers.words, 0, layout.words);
  return buffers;
}

/** The kernels of one training iteration, in order. */
function iterationSources(
  gpu: Gpu,
  spec: ProgramSpec,
  pool: BufferPool,
  buffers: SparseBuffers,
): KernelSource[] {
  const { optimizer, batchSize, trainCount, examples } = spec, layers = denseLayers(spec);
  const { activations, deltas, layout } = buffers;
  const tiles = tilesFor(gpu.adapter), shape = columnsFor(batchSize), last = layers.length - 1;
  const isFused = isHeadFused(layers[last].units);
  const train = { batchSize, trainCount, augment: spec.augment, clocks: buffers.clocks };
  return [
    sparseGatherSource({ train }, shape, { ...buffers, examples, batch: activations[0] }),
    // A fused head does the last layer's forward and backward itself.
    ...layers.slice(0, isFused ? last : undefined).map((_, i) =>
      sparseForwardSource(i, shape, tiles, buffers, {
        inputs: activations[i],
        outputs: activations[i + 1],
      })
    ),
    sparseHeadSource({ batchSize, trainCount }, shape, buffers, {
      ...buffers,
      inputs: activations.at(-1)!,
      deltas: deltas[last],
      below: isFused && last > 0 ? deltas[last - 1] : null,
    }),
    ...layers.slice(1, isFused ? last : undefined).map((_, i) =>
      sparseBackwardSource(i + 1, shape, tiles, buffers, {
        deltas: deltas[i + 1],
        activations: activations[i + 1],
        below: deltas[i],
      })
    ).reverse(),
    ...updatedTogether(gpu, buffers).flatMap((some) => {
      const [first, end] = groupsOf(layout, some[0], some.at(-1)!);
      if (first === end) return [];
      const range = pool.uniform("groups", new Uint32Array([first, end, 0, 0]));
      const group = { layers: some, groups: end - first, range };
      return [sparseUpdateSource(optimizer, shape, tiles, buffers, group, buffers)];
    }),
  ];
}

/** Which layers one dispatch updates: all of them, where it may have as many textures. */
function updatedTogether(
  { device: { limits } }: Gpu,
  { storage, layout: { layers } }: SparseBuffers,
): number[][] {
  const indices = layers.map((_, i) => i);
  const textures = 2 + 2 * layers.length;
  return storage === "textures" && textures <= limits.maxStorageTexturesPerShaderStage
    ? [indices]
    : indices.map((i) => [i]);
}

/** The kernels that evaluate a window. */
function windowSources(
  gpu: Gpu,
  spec: ProgramSpec,
  pool: BufferPool,
  shape: Columns,
  program: SparseBuffers & EvaluationBuffers,
): WindowSources {
  const { replicas } = spec, { storage } = program, classes = classesOf(spec);
  const layers = denseLayers(spec);
  const tiles = tilesFor(gpu.adapter);
  const activations = layerWidths(layers).map((width, i) =>
    featureMatrix(gpu, spec, pool, storage, shape, `window ${i}`, width)
  );
  const labels = pool.storage("window labels", 4 * replicas * paddedExamples(shape));
  return {
    gather: (examples) =>
      sparseGatherSource({ windows: program.windows }, shape, {
        ...program,
        examples,
        batch: activations[0],
        labels,
      }),
    forward: [
      layers.map((_, i) =>
        sparseForwardSource(i, shape, tiles, program, {
          inputs: activations[i],
          outputs: activations[i + 1],
        })
      ),
    ],
    evaluate: sparseEvaluateSource({ classes, replicas, span: evaluationSpan(spec) }, shape, {
      ...program,
      logits: activations.at(-1)!,
      labels,
    }),
  };
}
