/**
 * A small run, of points in a square, which tests interrupt and compare with itself undisturbed.
 */

import type { Gpu, KernelKind, OptimizerSpec } from "../../src/engine/mod.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { DatasetBase } from "../../src/foundations/dataset_base.ts";
import { ModelFc } from "../../src/foundations/model_fc.ts";
import { encodeRun } from "../../src/records/saved_run.ts";
import { RunQueue, type RunQueueOptions } from "../../src/foundations/queue/run_queue.ts";
import { train, type TrainOptions } from "../../src/foundations/trainer.ts";
import { openTestGpu } from "../engine/gpu.ts";
import type { Schedule } from "../../src/engine/schedules.ts";

/** The adapter of all tests. */
export const gpu = await openTestGpu();

/** Points in a square with the label of their quadrant. */
function quadrants(count: number) {
  const stream = new RandomStream([count, 0]);
  const inputs = Float32Array.from({ length: 2 * count }, () => 2 * stream.uniform() - 1);
  const side = (i: number) => inputs[i] < 0 ? 1 : 0;
  const labels = Uint8Array.from({ length: count }, (_, i) => 2 * side(2 * i) + side(2 * i + 1));
  return { inputs, labels, count, features: 2 };
}
const sets = { name: "quadrants", classes: 4, train: quadrants(100), test: quadrants(40) };

/** Of each kind of state. */
export const OPTIMIZERS: OptimizerSpec[] = [
  { kind: "sgd", learningRate: 0.1 },
  { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
  { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
];

const ITERATIONS = 90;

/** A rate that changes at every iteration. */
const SCHEDULE: Schedule = { kind: "cosine", warmup: 15, milestones: [], gamma: 0.1 };

/** Half of the weights are pruned; epochs of 80 examples in batches of 16, so the order matters. */
export function options(seed: number, optimizer = OPTIMIZERS[2]): TrainOptions {
  const shape = [2, 6], mask = Float32Array.from({ length: 12 }, (_, i) => i % 2);
  return {
    model: new ModelFc({ layers: [[6, "tanh"], [4, null]] }, 2, {
      seed,
      masks: { layer0: { shape, data: mask } },
    }),
    dataset: new DatasetBase(sets, { normalization: "none", validationSize: 20, seed }),
    optimizer,
    // Of one optimizer, so that runs at a constant rate are resumed too.
    ...(optimizer.kind === "momentum" && { schedule: SCHEDULE }),
    batchSize: 16,
    length: { iterations: ITERATIONS },
    validateInterval: 10,
    testInterval: 15,
  };
}

/** Works with a queue that is released afterwards. */
export async function withQueue<T>(
  work: (queue: RunQueue) => Promise<T>,
  more: RunQueueOptions = {},
  on: Gpu = gpu,
): Promise<T> {
  const queue = new RunQueue(on, more);
  try {
    return await work(queue);
  } finally {
    await queue.destroy();
  }
}

/** The files of a run that nothing interrupts. */
export const undisturbed = (
  seed: number,
  optimizer?: OptimizerSpec,
  kernels: KernelKind = "dense",
) =>
  withQueue(async (queue) =>
    encodeRun(await train(queue, { ...options(seed, optimizer), kernels }))
  );
