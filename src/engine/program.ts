/**
 * The compiled network program: R networks of one shape that train in the same dispatches. Takes a
 * shape and examples on the GPU; gives something to load with parameters, to run in bursts of
 * iterations and evaluations (one submit and one readback each), and to read parameters from.
 *
 * Every buffer has a leading axis R. No kernel mixes replicas, and no arithmetic depends on R, so a
 * replica's result is bit-identical whatever R it runs in.
 */

import { CapacityError, InputError } from "../errors.ts";
import type { GpuExamples } from "./dataset.ts";
import type { Gpu } from "./device.ts";
import { createKernels, dispatch, type Kernel } from "./kernel.ts";
import {
  activationGradientSource,
  evaluateSource,
  forwardSource,
  gatherEvaluateSource,
  gatherTrainSource,
  lossSource,
  reduceSource,
  REPLICA_WORDS,
  weightGradientSource,
} from "./kernels.ts";
import type { LayerSpec } from "./layer_spec.ts";
import { maskWords, matrixSize, packMask, packWeights, pitch, unpackWeights } from "./layout.ts";
import { type OptimizerSpec, stateCount, stepSize } from "./optimizers.ts";
import type { Key } from "./random.ts";
import { type Tiles, tilesFor } from "./tiles.ts";

/** What a program is compiled for. */
export interface ProgramSpec {
  layers: LayerSpec[];
  optimizer: OptimizerSpec;
  batchSize: number;
  /** Training and validation examples; each replica splits them by its own key. */
  pool: GpuExamples;
  test: GpuExamples;
  /** Examples of the pool to train on; the rest is the validation split. */
  trainCount: number;
  replicas: number;
}

/** A set of examples that can be evaluated whole. */
export type Split = "train" | "validate" | "test";

/** Parameters of one layer: weights and mask (inputs, units), biases (units). */
export interface LayerParameters {
  weights: Float32Array;
  biases: Float32Array;
  mask: Float32Array;
}

/** Everything that distinguishes one replica from another. */
export interface ReplicaParameters {
  layers: LayerParameters[];
  /** Key of the order in which training examples are visited. */
  orderKey: Key;
  /** Key of the training/validation split; null leaves the pool in its order. */
  splitKey: Key | null;
  /** labelMap[label] replaces each label; null leaves them. */
  labelMap: Uint8Array | null;
}

/** One step of a burst. */
export type BurstStep = { iterate: number } | { evaluate: Split };

/** Mean loss and correct predictions over the `count` examples of a batch or split, by replica. */
export interface Measurement {
  count: number;
  losses: number[];
  correct: number[];
}

/** What came back from a burst. */
export interface BurstResult {
  /** One per iteration, in order. */
  iterations: Measurement[];
  /** One per evaluation, in order. */
  evaluations: Measurement[];
}

/** Most iterations and evaluations of one burst. */
export const MAX_BURST = 1000;
export const MAX_EVALUATIONS = 32;

/** Dynamic uniform offsets are multiples of this. */
const UNIFORM_STRIDE = 256;

/** Largest number of replicas of this shape that the device's limits allow. */
export function maxReplicas(gpu: Gpu, spec: Omit<ProgramSpec, "replicas">): number {
  const tiles = tilesFor(gpu.adapter);
  const widths = [spec.layers[0].inputs, ...spec.layers.map((layer) => layer.units)];
  const rows = Math.max(paddedRows(spec.batchSize, tiles), tiles.window);
  const bytes = [
    ...spec.layers.map((layer) => 4 * matrixSize(layer)),
    ...widths.map((width) => 4 * rows * pitch(width)),
    8 * spanOf(spec),
    8 * MAX_BURST,
  ];
  const { maxStorageBufferBindingSize, maxBufferSize, maxComputeWorkgroupsPerDimension } =
    gpu.device.limits;
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  return Math.min(Math.floor(limit / Math.max(...bytes)), maxComputeWorkgroupsPerDimension);
}

function paddedRows(batchSize: number, tiles: Tiles): number {
  return tiles.rows * Math.ceil(batchSize / tiles.rows);
}

function spanOf(spec: { pool: GpuExamples; test: GpuExamples }): number {
  return Math.max(spec.pool.count, spec.test.count);
}

/** See the head of this file. */
export class Program {
  readonly #buffers: GPUBuffer[] = [];
  readonly #tiles: Tiles;
  readonly #rows: number;
  readonly #weights: GPUBuffer[];
  readonly #masks: GPUBuffer[];
  readonly #state: GPUBuffer[][];
  readonly #activations: GPUBuffer[];
  readonly #deltas: GPUBuffer[];
  readonly #replicas: GPUBuffer;
  readonly #labels: GPUBuffer;
  readonly #counters: GPUBuffer;
  readonly #burst: GPUBuffer;
  readonly #schedule: GPUBuffer;
  readonly #metrics: GPUBuffer;
  readonly #totals: GPUBuffer;
  readonly #windows: GPUBuffer;
  readonly #windowOffsets: Record<Split, number[]>;
  readonly #slots: GPUBuffer;
  #iteration: Kernel[] = [];
  #evaluation: { gather: { pool: Kernel; test: Kernel }; network: Kernel[]; reduce: Kernel };
  #done = 0;
  /** Readback buffers that no burst is using. */
  readonly #idleReadbacks: GPUBuffer[] = [];

  private constructor(readonly gpu: Gpu, readonly spec: ProgramSpec) {
    const { layers, replicas, batchSize } = spec;
    this.#tiles = tilesFor(gpu.adapter);
    this.#rows = paddedRows(batchSize, this.#tiles);
    const widths = [layers[0].inputs, ...layers.map((layer) => layer.units)];
    const floats = (label: string, count: number) => this.#storage(label, 4 * replicas * count);
    this.#weights = layers.map((layer) => floats(`weights ${layer.name}`, matrixSize(layer)));
    this.#masks = layers.map((layer) =>
      floats(`mask ${layer.name}`, pitch(layer.inputs) * maskWords(pitch(layer.units)))
    );
    this.#state = layers.map((layer) =>
      Array.from(
        { length: stateCount(spec.optimizer) },
        (_, i) => floats(`optimizer state ${i} ${layer.name}`, matrixSize(layer)),
      )
    );
    this.#activations = widths.map((width, i) =>
      floats(`activations ${i}`, this.#rows * pitch(width))
    );
    this.#deltas = layers.map((layer) =>
      floats(`deltas ${layer.name}`, this.#rows * pitch(layer.units))
    );
    this.#replicas = floats("replicas", REPLICA_WORDS);
    this.#labels = floats("batch labels", this.#rows);
    this.#counters = floats("counters", 1);
    this.#metrics = floats("metrics", 2 * MAX_BURST);
    this.#totals = floats("totals", 2 * MAX_EVALUATIONS);
    this.#schedule = this.#storage("schedule", 4 * MAX_BURST);
    this.#burst = this.#uniform("burst", new Uint32Array(4));
    const { buffer, offsets } = this.#layWindows();
    this.#windows = buffer;
    this.#windowOffsets = offsets;
    this.#slots = this.#uniform(
      "slots",
      new Uint32Array(3 * MAX_EVALUATIONS * UNIFORM_STRIDE / 4),
    );
    this.#evaluation = null!;
  }

  /**
   * Compiles a program and allocates its buffers.
   *
   * @throws CapacityError if R networks of this shape do not fit; the message says how many do
   */
  static async create(gpu: Gpu, spec: ProgramSpec): Promise<Program> {
    gpu.check();
    const largest = maxReplicas(gpu, spec);
    if (spec.replicas < 1 || spec.replicas > largest) {
      throw new CapacityError(
        `replicas: ${spec.replicas} networks of this shape do not fit on "${gpu.adapter.name}"; ` +
          (largest > 0 ? `use at most ${largest}` : "use a smaller network or batch"),
      );
    }
    const program = await gpu.scoped("network program", () => new Program(gpu, spec));
    await program.#compile();
    return program;
  }

  /** Iterations done since the parameters were loaded. */
  get iterationsDone(): number {
    return this.#done;
  }

  /** Examples of a split. */
  count(split: Split): number {
    const { pool, test, trainCount } = this.spec;
    return { train: trainCount, validate: pool.count - trainCount, test: test.count }[split];
  }

  /** Loads one replica's parameters; the masked weights become 0, the optimizer's state too. */
  load(replica: number, parameters: ReplicaParameters): void {
    const { layers } = this.spec;
    const { queue } = this.gpu.device;
    layers.forEach((layer, i) => {
      const { weights, biases, mask } = parameters.layers[i];
      checkLength(layer, "weights", weights, layer.inputs * layer.units);
      checkLength(layer, "mask", mask, layer.inputs * layer.units);
      checkLength(layer, "biases", biases, layer.units);
      const packed = packWeights(layer, weights, biases, mask);
      const bits = packMask(layer, mask);
      queue.writeBuffer(this.#weights[i], replica * packed.byteLength, packed);
      queue.writeBuffer(this.#masks[i], replica * bits.byteLength, bits);
      const zeros = new Float32Array(packed.length);
      for (const state of this.#state[i]) {
        queue.writeBuffer(state, replica * zeros.byteLength, zeros);
      }
    });
    const words = new Uint32Array(REPLICA_WORDS);
    words.set(parameters.orderKey, 0);
    words.set(parameters.splitKey ?? [0, 0], 2);
    words[4] = parameters.splitKey ? 1 : 0;
    for (let label = 0; label < 256; label++) {
      words[6 + label] = parameters.labelMap?.[label] ?? label;
    }
    queue.writeBuffer(this.#replicas, replica * words.byteLength, words);
    queue.writeBuffer(this.#counters, 0, new Uint32Array(this.spec.replicas));
    this.#done = 0;
  }

  /** Submits a burst; the promise resolves when its measurements have been read back. */
  async run(steps: BurstStep[]): Promise<BurstResult> {
    this.gpu.check();
    const { device } = this.gpu;
    const { replicas, optimizer } = this.spec;
    const first = this.#done;
    const iterations = steps.reduce((sum, step) => sum + ("iterate" in step ? step.iterate : 0), 0);
    const splits = steps.flatMap((step) => "evaluate" in step ? [step.evaluate] : []);
    if (iterations > MAX_BURST || splits.length > MAX_EVALUATIONS) {
      throw new Error(`burst of ${iterations} iterations, ${splits.length} evaluations is too long`);
    }
    device.queue.writeBuffer(this.#burst, 0, new Uint32Array([first]));
    const sizes = new Float32Array(Math.max(1, iterations));
    for (let i = 0; i < iterations; i++) sizes[i] = stepSize(optimizer, first + i + 1);
    device.queue.writeBuffer(this.#schedule, 0, sizes);

    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let slot = 0;
    for (const step of steps) {
      if ("evaluate" in step) this.#encodeEvaluation(pass, step.evaluate, slot++);
      else {
        for (let i = 0; i < step.iterate; i++) {
          for (const kernel of this.#iteration) dispatch(pass, kernel);
        }
      }
    }
    pass.end();
    const metricBytes = 8 * replicas * iterations, totalBytes = 8 * replicas * splits.length;
    const readback = this.#idleReadbacks.pop() ?? this.#buffer("readback", {
      size: 8 * replicas * (MAX_BURST + MAX_EVALUATIONS),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    if (metricBytes) encoder.copyBufferToBuffer(this.#metrics, 0, readback, 0, metricBytes);
    if (totalBytes) encoder.copyBufferToBuffer(this.#totals, 0, readback, metricBytes, totalBytes);
    device.queue.submit([encoder.finish()]);
    this.#done += iterations;

    await this.gpu.wait(readback.mapAsync(GPUMapMode.READ, 0, metricBytes + totalBytes));
    const values = new Float32Array(readback.getMappedRange(0, metricBytes + totalBytes).slice(0));
    readback.unmap();
    this.#idleReadbacks.push(readback);
    const at = (row: number, count: number, isSum: boolean): Measurement => {
      const losses = [], correct = [];
      for (let r = 0; r < replicas; r++) {
        const loss = values[2 * (row * replicas + r)];
        losses.push(isSum ? loss / count : loss);
        correct.push(values[2 * (row * replicas + r) + 1]);
      }
      return { count, losses, correct };
    };
    return {
      iterations: Array.from({ length: iterations }, (_, i) => at(i, this.#batchCount(first + i), false)),
      evaluations: splits.map((split, i) => at(iterations + i, this.count(split), true)),
    };
  }

  /** Reads all replicas' weights (masked ones are exactly 0) and biases, by replica and layer. */
  async readParameters(): Promise<{ weights: Float32Array; biases: Float32Array }[][]> {
    const { layers, replicas } = this.spec;
    const matrices: Float32Array[] = [];
    for (const [i, layer] of layers.entries()) {
      matrices.push(await readFloats(this.gpu, this.#weights[i], replicas * matrixSize(layer)));
    }
    return Array.from({ length: replicas }, (_, r) =>
      layers.map((layer, i) => {
        const size = matrixSize(layer);
        return unpackWeights(layer, matrices[i].subarray(r * size, (r + 1) * size));
      }));
  }

  /** Releases the program's buffers (not the examples, which programs share). */
  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  #batchCount(iteration: number): number {
    const { trainCount, batchSize } = this.spec;
    const batches = Math.ceil(trainCount / batchSize);
    return Math.min(batchSize, trainCount - (iteration % batches) * batchSize);
  }

  #encodeEvaluation(pass: GPUComputePassEncoder, split: Split, slot: number): void {
    const { gather, network, reduce } = this.#evaluation;
    for (const offset of this.#windowOffsets[split]) {
      dispatch(pass, split === "test" ? gather.test : gather.pool, [offset]);
      for (const kernel of network.slice(0, -1)) dispatch(pass, kernel);
      dispatch(pass, network.at(-1)!, [offset]);
    }
    const splitIndex = ["train", "validate", "test"].indexOf(split);
    dispatch(pass, reduce, [(3 * slot + splitIndex) * UNIFORM_STRIDE]);
  }

  async #compile(): Promise<void> {
    const { layers, replicas, batchSize, trainCount, optimizer, pool, test } = this.spec;
    const tiles = this.#tiles, rows = this.#rows, last = layers.length - 1;
    const classes = layers[last].units;
    const sizes = { replicas, rows, batchSize, trainCount, classes };
    const shared = { counters: this.#counters, burst: this.#burst };
    const forward = layers.map((layer, i) =>
      forwardSource(layer, i === last, sizes, tiles, {
        inputs: this.#activations[i],
        weights: this.#weights[i],
        outputs: this.#activations[i + 1],
      })
    );
    // A layer's gradient needs the weights from before its own update.
    const backward = layers.map((layer, i) => [
      ...(i === 0 ? [] : [
        activationGradientSource(layer, layers[i - 1].activation, sizes, tiles, {
          deltas: this.#deltas[i],
          weights: this.#weights[i],
          activations: this.#activations[i],
          below: this.#deltas[i - 1],
        }),
      ]),
      weightGradientSource(layer, optimizer, sizes, tiles, {
        ...shared,
        inputs: this.#activations[i],
        deltas: this.#deltas[i],
        mask: this.#masks[i],
        weights: this.#weights[i],
        schedule: this.#schedule,
        state: this.#state[i],
      }),
    ]).reverse().flat();
    this.#iteration = await createKernels(this.gpu, [
      gatherTrainSource(sizes, {
        ...shared,
        examples: pool,
        replicas: this.#replicas,
        batch: this.#activations[0],
        labels: this.#labels,
      }),
      ...forward,
      lossSource(sizes, {
        ...shared,
        logits: this.#activations[last + 1],
        labels: this.#labels,
        deltas: this.#deltas[last],
        metrics: this.#metrics,
      }),
      ...backward,
    ]);
    await this.#compileEvaluation(test);
  }

  async #compileEvaluation(test: GpuExamples): Promise<void> {
    const { layers, replicas, pool } = this.spec;
    const rows = this.#tiles.window, last = layers.length - 1, span = spanOf(this.spec);
    const widths = [layers[0].inputs, ...layers.map((layer) => layer.units)];
    const activations = await this.gpu.scoped("evaluation buffers", () =>
      widths.map((width, i) => this.#storage(`window ${i}`, 4 * replicas * rows * pitch(width))));
    const labels = this.#storage("window labels", 4 * replicas * rows);
    const rowMetrics = this.#storage("row metrics", 8 * replicas * span);
    const gather = (examples: GpuExamples) =>
      gatherEvaluateSource({ replicas, rows }, {
        examples,
        replicas: this.#replicas,
        batch: activations[0],
        labels,
        windows: this.#windows,
      });
    const [gatherPool, gatherTest, reduce, ...network] = await createKernels(this.gpu, [
      gather(pool),
      gather(test),
      reduceSource({ replicas, span }, {
        rows: rowMetrics,
        totals: this.#totals,
        slots: this.#slots,
      }),
      ...layers.map((layer, i) =>
        forwardSource(layer, i === last, { replicas, rows }, this.#tiles, {
          inputs: activations[i],
          weights: this.#weights[i],
          outputs: activations[i + 1],
        })
      ),
      evaluateSource({ classes: layers[last].units, replicas, rows, span }, {
        logits: activations[last + 1],
        labels,
        rows: rowMetrics,
        windows: this.#windows,
      }),
    ]);
    this.#evaluation = { gather: { pool: gatherPool, test: gatherTest }, network, reduce };
    const slots = new Uint32Array(3 * MAX_EVALUATIONS * UNIFORM_STRIDE / 4);
    for (let slot = 0; slot < MAX_EVALUATIONS; slot++) {
      (["train", "validate", "test"] as const).forEach((split, i) => {
        slots.set([slot, this.count(split)], (3 * slot + i) * UNIFORM_STRIDE / 4);
      });
    }
    this.gpu.device.queue.writeBuffer(this.#slots, 0, slots);
  }

  /** The windows of each split, and where in the uniform buffer they lie. */
  #layWindows(): { buffer: GPUBuffer; offsets: Record<Split, number[]> } {
    const { pool, test, trainCount } = this.spec;
    const offsets: Record<Split, number[]> = { train: [], validate: [], test: [] };
    const windows: number[][] = [];
    const lay = (split: Split, start: number, end: number, inPool: number) => {
      for (let first = start; first < end; first += this.#tiles.window) {
        offsets[split].push(windows.length * UNIFORM_STRIDE);
        windows.push([first, end, inPool, first - start]);
      }
    };
    lay("train", 0, trainCount, 1);
    lay("validate", trainCount, pool.count, 1);
    lay("test", 0, test.count, 0);
    const words = new Uint32Array(windows.length * UNIFORM_STRIDE / 4);
    windows.forEach((window, i) => words.set(window, i * UNIFORM_STRIDE / 4));
    return { buffer: this.#uniform("windows", words), offsets };
  }

  #buffer(label: string, descriptor: Omit<GPUBufferDescriptor, "label">): GPUBuffer {
    const buffer = this.gpu.device.createBuffer({ label, ...descriptor });
    this.#buffers.push(buffer);
    return buffer;
  }

  #storage(label: string, size: number): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    return this.#buffer(label, { size, usage });
  }

  #uniform(label: string, words: Uint32Array<ArrayBuffer>): GPUBuffer {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const buffer = this.#buffer(label, { size: words.byteLength, usage });
    this.gpu.device.queue.writeBuffer(buffer, 0, words);
    return buffer;
  }
}

/** Copies `count` floats of a buffer back to the host. */
export async function readFloats(gpu: Gpu, buffer: GPUBuffer, count: number): Promise<Float32Array> {
  const staging = gpu.device.createBuffer({
    size: 4 * count,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = gpu.device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, 4 * count);
  gpu.device.queue.submit([encoder.finish()]);
  try {
    await gpu.wait(staging.mapAsync(GPUMapMode.READ));
    return new Float32Array(staging.getMappedRange().slice(0));
  } finally {
    staging.destroy();
  }
}

function checkLength(layer: LayerSpec, what: string, values: Float32Array, expected: number): void {
  if (values.length !== expected) {
    throw new InputError(
      `${layer.name}: ${what} has ${values.length} values, expected ${expected}; ` +
        `pass arrays of shape (${layer.inputs}, ${layer.units})`,
    );
  }
}
