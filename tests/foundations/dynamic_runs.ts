/** Small runs whose masks change while they are trained, for tests. */

import type { Gpu, OptimizerSpec } from "../../src/engine/mod.ts";
import { adamSpec } from "../../src/engine/optimizers.ts";
import { type Key, RandomStream } from "../../src/engine/random.ts";
import { DatasetBase } from "../../src/foundations/dataset_base.ts";
import type { Dynamic } from "../../src/foundations/dynamic_training.ts";
import { ModelFc } from "../../src/foundations/model_fc.ts";
import type { DynamicName } from "../../src/foundations/pruning/dynamic.ts";
import { randomMasks } from "../../src/foundations/pruning/random_masks.ts";
import { RunQueue, type RunQueueOptions } from "../../src/foundations/queue/run_queue.ts";
import type { TrainOptions } from "../../src/foundations/trainer.ts";
import type { TrainOutcome, TrainRequest } from "../../src/foundations/queue/train_request.ts";
import { fromBits } from "../../src/models/mask_history.ts";
import { parametersOf } from "../../src/models/parameters.ts";
import type { TrainedRun } from "../../src/records/trained_run.ts";

/** Points in a square with the label of their quadrant. */
function quadrants(count: number) {
  const stream = new RandomStream([count, 0]);
  const inputs = Float32Array.from({ length: 2 * count }, () => 2 * stream.uniform() - 1);
  const side = (i: number) => inputs[i] < 0 ? 1 : 0;
  const labels = Uint8Array.from({ length: count }, (_, i) => 2 * side(2 * i) + side(2 * i + 1));
  return { inputs, labels, count, features: 2 };
}
export const sets = { name: "quadrants", classes: 4, train: quadrants(100), test: quadrants(40) };

const LAYERS: [number, "tanh" | null][] = [[12, "tanh"], [4, null]];
export const PARAMETERS = parametersOf(new ModelFc({ layers: LAYERS }, 2).layers);
export const SIZES = { layer0: 24, layer1: 48 }, LIVE = { layer0: 10, layer1: 19 };
export const ITERATIONS = 80, INTERVAL = 20;

export const keyOf = (seed: number): Key => [seed, 77];

/** The masks that a run starts from. */
export const startOf = (rule: DynamicName, seed: number) =>
  rule === "gmp"
    ? undefined
    : randomMasks(PARAMETERS, LIVE, (name) => [seed, name === "layer0" ? 1 : 2]);

export function dynamicOf(rule: DynamicName, seed: number): Dynamic {
  const fraction = rule === "gmp" ? {} : { fraction: 0.4 };
  return { rule, interval: INTERVAL, ...fraction, live: LIVE, key: keyOf(seed) };
}

/** Epochs of 80 examples in batches of 16, so that the order matters. */
export function options(
  rule: DynamicName,
  seed = 1,
  optimizer: OptimizerSpec = adamSpec(0.02),
): TrainOptions {
  return {
    model: new ModelFc({ layers: LAYERS }, 2, { seed, masks: startOf(rule, seed) }),
    dataset: new DatasetBase(sets, { normalization: "none", validationSize: 20, seed }),
    optimizer,
    batchSize: 16,
    length: { iterations: ITERATIONS },
    validateInterval: 10,
    testInterval: 15,
    dynamic: dynamicOf(rule, seed),
  };
}

/** A queue that keeps what each part of its runs came to. */
export class WatchedQueue extends RunQueue {
  readonly parts: { request: TrainRequest; outcome: TrainOutcome }[] = [];

  override async train(request: TrainRequest): Promise<TrainOutcome> {
    const outcome = await super.train(request);
    this.parts.push({ request, outcome });
    return outcome;
  }
}

/** Works with a queue that is released afterwards. */
export async function withQueue<T>(
  gpu: Gpu,
  work: (queue: WatchedQueue) => Promise<T>,
  more: RunQueueOptions = {},
): Promise<T> {
  const queue = new WatchedQueue(gpu, more);
  try {
    return await work(queue);
  } finally {
    await queue.destroy();
  }
}

/** The masks of a run over time, by iteration and layer. */
export const masksOverTime = ({ history = [] }: TrainedRun) =>
  history.map(({ iteration, bits }) => ({
    iteration,
    masks: Object.values(SIZES).map((size, l) => [...fromBits(bits[l], size)]),
  }));

export const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
