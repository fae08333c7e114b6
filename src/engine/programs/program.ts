/**
 * The compiled network program: R networks of one shape that train in the same dispatches. It is
 * loaded with parameters, runs bursts of iterations and evaluations (one readback each, and one
 * submit or as many as submit_budget.ts asks for), and reads parameters back.
 *
 * Every buffer has a leading axis R. No kernel mixes replicas, and no arithmetic depends on R, so a
 * replica's result is bit-identical whatever R it runs in.
 */

import { InputError } from "../../errors.ts";
import { BufferPool, readFloats } from "../buffers.ts";
import {
  type BurstResult,
  type BurstStep,
  type Measurement,
  measurementOf,
  type Prediction,
} from "./burst.ts";
import type { Gpu } from "../device.ts";
import { DenseNetwork } from "./dense_network.ts";
import { MAX_EVALUATIONS, predictedClasses } from "./evaluation.ts";
import { CLOCK_WORDS } from "../kernels/row_kernels.ts";
import type { NetworkMemory } from "./network_memory.ts";
import { decayOf, stepSize } from "../optimizers.ts";
import {
  evaluationSpan,
  type LayerValues,
  MAX_BURST,
  type NetworkState,
  type ProgramSpec,
  type ReplicaParameters,
  type Split,
  splitCount,
} from "../kernels/program_spec.ts";
import { checkProgramSpec } from "../kernels/program_limits.ts";
import { Dispatched, KernelCosts } from "../submits/kernel_costs.ts";
import { type KernelProfile, timeKernels } from "./profile.ts";
import { checkReplica, replicaWords } from "./replica.ts";
import { SparseNetwork } from "./sparse/sparse_network.ts";
import { Submits, type Submitted } from "../submits/submits.ts";
import { PassTimer, TIMESTAMP_BYTES } from "../timer.ts";
import type { Rate } from "../schedules.ts";

export type { BurstResult, BurstStep, Measurement, Prediction };

/** A compiled network program of R replicas. */
export class Program {
  /** Iterations done since parameters were last loaded. */
  #done = 0;
  /** By replica. */
  readonly #learningRates: (number | Rate)[] = [];
  readonly #weightDecays: number[] = [];
  /** Iteration at which the replicas' runs began. */
  #start = 0;
  /** Readback buffers that no burst is using. */
  readonly #idleReadbacks: GPUBuffer[] = [];
  readonly #costs: KernelCosts;
  /** When the last burst had been read back. */
  #readAt = 0;

  private constructor(
    readonly gpu: Gpu,
    readonly spec: ProgramSpec,
    private readonly pool: BufferPool,
    private readonly network: NetworkMemory,
    private readonly timer: PassTimer | null,
  ) {
    this.#costs = new KernelCosts(gpu);
  }

  /** Compiles a program and allocates its buffers; throws as `checkProgramSpec` does. */
  static async create(gpu: Gpu, spec: ProgramSpec): Promise<Program> {
    gpu.check();
    checkProgramSpec(gpu, spec);
    const pool = new BufferPool(gpu);
    try {
      const network = await (spec.sparse ? SparseNetwork : DenseNetwork).create(gpu, spec, pool);
      const timer = PassTimer.create(gpu, pool);
      return new Program(gpu, spec, pool, network, timer);
    } catch (error) {
      pool.destroy();
      throw error;
    }
  }

  /** Examples of a split. */
  count(split: Split): number {
    return splitCount(this.spec, split);
  }

  /**
   * Loads one replica's parameters and starts it from iteration `start` with fresh optimizer state,
   * or from a state that it once had. Load all replicas before the first burst: they advance
   * together, so their states are of one iteration.
   */
  load(
    replica: number,
    parameters: ReplicaParameters,
    state?: NetworkState | null,
    start = 0,
  ): void {
    const { queue } = this.gpu.device;
    checkReplica(this.spec, parameters, state ?? null);
    const { learningRate, weightDecay = 0 } = parameters;
    this.#learningRates[replica] = learningRate;
    this.#weightDecays[replica] = weightDecay;
    this.network.load(replica, parameters, state?.layers ?? null);
    const words = replicaWords(parameters);
    const { replicas, clocks } = this.network.loop;
    queue.writeBuffer(replicas, replica * words.byteLength, words);
    this.#start = start;
    this.#done = state?.iteration ?? start;
    queue.writeBuffer(clocks, 4 * CLOCK_WORDS * replica, Uint32Array.of(this.#done, 0, 0));
  }

  /**
   * Submits a burst, all of it at once, as one submit or cut into several; the promise resolves
   * when its measurements have been read back.
   */
  async run(steps: BurstStep[]): Promise<BurstResult> {
    this.gpu.check();
    const { queue } = this.gpu.device;
    const { replicas } = this.spec;
    const first = this.#done;
    const iterations = steps.reduce((sum, step) => sum + ("iterate" in step ? step.iterate : 0), 0);
    const splits = steps.flatMap((step) => "evaluate" in step ? [step.evaluate] : []);
    if (iterations > MAX_BURST || splits.length > MAX_EVALUATIONS) {
      throw new Error(`a burst of ${iterations} iterations and ${splits.length} evaluations`);
    }
    const empty = splits.find((split) => this.count(split) === 0);
    if (empty) throw new InputError(`${empty}: no examples to evaluate; hold some out`);
    const { burst, metrics } = this.network.loop;
    queue.writeBuffer(burst, 0, new Uint32Array([first]));
    // Deno 2.9.6 panics on an empty write.
    if (iterations > 0) queue.writeBuffer(metrics, 0, this.#updates(first, iterations));
    const metricBytes = 8 * replicas * iterations;
    const bytes = metricBytes + 8 * replicas * splits.length;
    const readback = this.#idleReadbacks.pop() ??
      this.pool.readback(8 * replicas * (MAX_BURST + MAX_EVALUATIONS) + TIMESTAMP_BYTES);
    const began = performance.now();
    const submitted = this.#submit(steps, readback, metricBytes, bytes);
    this.#done += iterations;

    await this.gpu.wait(readback.mapAsync(GPUMapMode.READ, 0, bytes + TIMESTAMP_BYTES));
    const contents = readback.getMappedRange(0, bytes + TIMESTAMP_BYTES).slice(0);
    readback.unmap();
    this.#idleReadbacks.push(readback);
    const { all, timed } = submitted;
    const times = this.timer ? PassTimer.times(contents.slice(bytes), timed.length) : null;
    const submitMilliseconds: (number | null)[] = all.map(() => null);
    times?.passes.forEach((ms, i) => timed[i] !== null && (submitMilliseconds[timed[i]] = ms));
    this.#learn(all, submitMilliseconds, began);
    const values = new Float32Array(contents, 0, bytes / 4);
    const row = (index: number, count: number, scale: number) =>
      measurementOf(
        values.subarray(2 * index * replicas, 2 * (index + 1) * replicas),
        count,
        scale,
      );
    return {
      iterations: Array.from(
        { length: iterations },
        (_, i) => row(i, this.#batchCount(first + i), 1),
      ),
      evaluations: splits.map((split, i) =>
        row(iterations + i, this.count(split), this.count(split))
      ),
      gpuMilliseconds: times?.total ?? null,
      submitMilliseconds,
    };
  }

  /**
   * Evaluates a split and reads what each network predicts: the class of the largest logit, the
   * first of equals, as accuracy has it. Examples are in the order of the split: of the test split
   * as they were uploaded, of the others as `splitKey` shuffles the examples (without one, as they
   * were uploaded).
   *
   * @throws InputError if the split is empty
   */
  async predict(split: Split): Promise<Prediction> {
    // The rows are of this evaluation: nothing is submitted between it and the copy.
    const evaluated = this.run([{ evaluate: split }]);
    const { replicas } = this.spec, span = evaluationSpan(this.spec);
    const [{ evaluations: [measured] }, rows] = await Promise.all([
      evaluated,
      readFloats(this.gpu, this.network.rows, 2 * replicas * span),
    ]);
    const { count } = measured;
    return { ...measured, classes: predictedClasses(rows, { replicas, span, count }) };
  }

  /**
   * Reads all replicas' weights (masked ones exactly as they were loaded) and biases, by replica
   * and layer.
   */
  async readParameters(): Promise<LayerValues[][]> {
    return await this.network.readParameters();
  }

  /** Reads all replicas' states, as they are after the bursts that have been submitted. */
  async readState(): Promise<NetworkState[]> {
    const iteration = this.#done;
    const states = await this.network.readState();
    return states.map((layers) => ({ iteration, layers }));
  }

  /** Times each kernel of an iteration; the weights are not of use afterwards. */
  async profile(iterations: number): Promise<KernelProfile[]> {
    const kernels = this.network.kernels();
    const times = await timeKernels(this.gpu, kernels, iterations);
    return kernels.map(({ label, work, grid, lanes, ahead }, i) => {
      const groups = grid.reduce((a, b) => a * b), milliseconds = times[i] / ahead;
      return { label, work, groups, invocations: lanes * groups, milliseconds };
    });
  }

  /** Releases the program's buffers (not the examples, which programs share). */
  destroy(): void {
    this.timer?.destroy();
    this.pool.destroy();
  }

  /** Submits a burst, then the copies of its metrics and totals. */
  #submit(
    steps: BurstStep[],
    readback: GPUBuffer,
    metricBytes: number,
    bytes: number,
  ): Submitted {
    const submits = new Submits(this.gpu, this.#costs, this.timer);
    let slot = 0;
    for (const step of steps) {
      if ("evaluate" in step) {
        this.network.encodeEvaluation(submits, step.evaluate, slot++);
        continue;
      }
      for (let i = 0; i < step.iterate; i++) this.network.encodeIteration(submits);
    }
    this.network.encodeEnd(submits);
    return submits.end((encoder) => {
      const copy = (from: GPUBuffer, start: number, end: number) => {
        if (end > start) encoder.copyBufferToBuffer(from, 0, readback, start, end - start);
      };
      copy(this.network.loop.metrics, 0, metricBytes);
      copy(this.network.totals, metricBytes, bytes);
      this.timer?.copy(encoder, readback, bytes);
    });
  }

  /**
   * Learns what kernels cost: by submit or, without timestamps, from the wall time of the burst.
   */
  #learn(submits: Dispatched[], times: (number | null)[], began: number): void {
    const now = performance.now(), since = Math.max(began, this.#readAt);
    this.#readAt = now;
    if (this.#costs.budget === null) return;
    if (!this.timer) return this.#costs.learn(Dispatched.all(submits), now - since);
    times.forEach((ms, i) => ms !== null && this.#costs.learn(submits[i], ms));
  }

  /** Step sizes and decays of a burst after `first` iterations, as the loss kernels read them. */
  #updates(first: number, iterations: number): Float32Array<ArrayBuffer> {
    const { replicas, optimizer } = this.spec, slots = new Float32Array(2 * iterations * replicas);
    for (let i = 0; i < iterations; i++) {
      this.#learningRates.forEach((learningRate, r) => {
        const rate = typeof learningRate === "number" ? learningRate : learningRate(first + i);
        const at = 2 * (i * replicas + r);
        // Moments are counted from the run's own first update.
        slots[at] = stepSize(optimizer, rate, first + i + 1 - this.#start);
        slots[at + 1] = decayOf(optimizer, rate, this.#weightDecays[r]);
      });
    }
    return slots;
  }

  /** Examples of the batch of an iteration (counted from 0): the last of an epoch may be short. */
  #batchCount(iteration: number): number {
    const { trainCount, batchSize } = this.spec;
    const batches = Math.ceil(trainCount / batchSize);
    return Math.min(batchSize, trainCount - (iteration % batches) * batchSize);
  }
}
