/**
 * `deno task soak`: trains for long in one process and watches what should not grow: resident
 * memory, GPU buffers and the time per iteration. First many short runs, then one long run.
 */

import { type Gpu, openGpu, type OptimizerSpec } from "../src/engine/mod.ts";
import { DatasetBase } from "../src/foundations/dataset_base.ts";
import { ModelFc } from "../src/foundations/model_fc.ts";
import { RunQueue } from "../src/foundations/queue/run_queue.ts";
import { train } from "../src/foundations/trainer.ts";
import { makeSyntheticDigits } from "../src/datasets/synthetic_digits.ts";
import { integer } from "../src/flags/kinds.ts";
import { DenoStorage, makeTemporaryFolder } from "../src/storage/deno.ts";
import { ensureAdapter } from "./lib/adapter.ts";
import { notice, print, runTask } from "./lib/support.ts";

const task = {
  name: "soak",
  summary:
    "Trains many small networks briefly, then one for long, in one process; prints resident " +
    "memory, live GPU buffers and time per iteration, which should stay flat.",
  flags: {
    iterations: integer({ min: 10, max: 1e9, default: 500000, help: "length of the long run" }),
    runs: integer({ min: 10, max: 1e6, default: 2000, help: "number of short runs" }),
  },
  examples: ["deno task soak", "deno task soak --iterations 50000 --runs 200"],
};

/** Lines of each table. */
const STEPS = 10;
const SHORT_ITERATIONS = 20;
const OPTIMIZER: OptimizerSpec = {
  kind: "adam",
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
};

await runTask(task, async ({ iterations, runs }) => {
  await ensureAdapter(task.name);
  const gpu = await openGpu();
  const buffers = countBuffers(gpu);
  const digits = await makeSyntheticDigits({ seed: 1, trainCount: 2000, testCount: 500 });
  const dataset = new DatasetBase(digits, { validationSize: 500 });
  const folder = await makeTemporaryFolder("soak-");
  const storage = new DenoStorage();
  const header = (what: string, unit: string) =>
    print(`${what.padEnd(12)}  resident MB  heap MB  GPU buffers  ${unit}`);
  const line = (done: number, microseconds: number) => {
    const { rss, heapUsed } = Deno.memoryUsage();
    const numbers = [rss / 2 ** 20, heapUsed / 2 ** 20, buffers(), microseconds].map((n) =>
      n.toFixed(0)
    );
    const [resident, heap, live, time] = numbers;
    print(
      `${`${done}`.padEnd(12)}  ${resident.padStart(11)}  ${heap.padStart(7)}  ` +
        `${live.padStart(11)}  ${time.padStart(12)}`,
    );
  };
  const model = (width: number, seed: number) =>
    new ModelFc({ layers: [[width, "relu"], [10, null]] }, dataset.features, { seed });

  header("run", "µs/run");
  const short = new RunQueue(gpu);
  let start = performance.now();
  for (let run = 1; run <= runs; run++) {
    await train(short, {
      // Another shape now and then, so that programs come and go.
      model: model(run % 100 < 50 ? 8 : 12, run),
      dataset,
      optimizer: OPTIMIZER,
      batchSize: 20,
      length: { iterations: SHORT_ITERATIONS },
      validateInterval: SHORT_ITERATIONS,
      testInterval: SHORT_ITERATIONS,
      output: { storage, folder: `${folder}/short${run % 10}` },
    });
    if (run % Math.ceil(runs / STEPS) !== 0) continue;
    line(run, 1000 * (performance.now() - start) / Math.ceil(runs / STEPS));
    start = performance.now();
  }
  await short.destroy();
  notice(`after the short runs ${buffers()} GPU buffers are left`);
  header("iteration", "µs/iteration");
  let next = iterations / STEPS, before = 0, time = performance.now();
  const long = new RunQueue(gpu, {
    checkpointInterval: { seconds: 5 },
    onProgress: ({ iteration }) => {
      if (iteration < next) return;
      const now = performance.now();
      line(iteration, 1000 * (now - time) / (iteration - before));
      [next, before, time] = [next + iterations / STEPS, iteration, now];
    },
  });
  await train(long, {
    model: model(16, 0),
    dataset,
    optimizer: OPTIMIZER,
    batchSize: 20,
    length: { iterations },
    validateInterval: 10000,
    testInterval: 10000,
    output: { storage, folder: `${folder}/long` },
  });
  await long.destroy();
  notice(`after the long run ${buffers()} GPU buffers are left`);

  gpu.destroy();
  await Deno.remove(folder, { recursive: true });
});

/** Counts the buffers of a device that are not destroyed. */
function countBuffers({ device }: Gpu): () => number {
  let live = 0;
  const { createBuffer } = device;
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(device, descriptor), { destroy } = buffer;
    live++;
    let isLive = true;
    buffer.destroy = () => {
      if (isLive) live--;
      isLive = false;
      return destroy.call(buffer);
    };
    return buffer;
  };
  return () => live;
}
