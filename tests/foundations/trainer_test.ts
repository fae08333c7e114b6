import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { type Key, RandomStream } from "../../src/engine/random.ts";
import { DivergedError, InputError } from "../../src/errors.ts";
import { DatasetBase, type DatasetOptions } from "../../src/foundations/dataset_base.ts";
import { ModelFc } from "../../src/foundations/model_fc.ts";
import { readRecord, restoreRun } from "../../src/foundations/run_files.ts";
import { RunQueue } from "../../src/foundations/run_queue.ts";
import { readLog } from "../../src/foundations/save_restore.ts";
import { iterationsOf, train, type TrainOptions } from "../../src/foundations/trainer.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";

const gpu = await openTestGpu();

/** Points in a square with the label of their quadrant. */
function quadrants(count: number) {
  const stream = new RandomStream([count, 0]);
  const inputs = Float32Array.from({ length: 2 * count }, () => 2 * stream.uniform() - 1);
  const side = (i: number) => inputs[i] < 0 ? 1 : 0;
  const labels = Uint8Array.from({ length: count }, (_, i) => 2 * side(2 * i) + side(2 * i + 1));
  return { inputs, labels, count, features: 2 };
}
const sets = { name: "quadrants", classes: 4, train: quadrants(100), test: quadrants(40) };

/** As far as the test looks into it. */
interface Config {
  dataset: { orderKey: Key; splitKey: Key; labelMap: number[] | null };
}

/** A run of 30 iterations that starts from given weights. */
function options(more: Partial<TrainOptions> = {}, choices: DatasetOptions = {}): TrainOptions {
  return {
    model: new ModelFc({ layers: [[6, "tanh"], [4, null]] }, 2, { seed: 5 }),
    dataset: new DatasetBase(sets, {
      normalization: "none",
      validationSize: 20,
      permuteLabels: true,
      seed: 7,
      ...choices,
    }),
    optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
    batchSize: 16,
    length: { epochs: 6 },
    validateInterval: 10,
    testInterval: 15,
    ...more,
  };
}

/** Trains on a queue of its own. */
async function trained(options: TrainOptions) {
  const queue = new RunQueue(gpu);
  try {
    return await train(queue, options);
  } finally {
    await queue.destroy();
  }
}

Deno.test("an epoch ends with a short batch; lengths that cannot be used are refused", () => {
  assertEquals(iterationsOf({ epochs: 3 }, 80, 16), 15);
  assertEquals(iterationsOf({ epochs: 3 }, 81, 16), 18);
  assertEquals(iterationsOf({ iterations: 7 }, 80, 16), 7);
  for (const length of [{ iterations: -1 }, { iterations: 1.5 }, { epochs: NaN }]) {
    assertThrows(() => iterationsOf(length, 80, 16), InputError, "give an integer, 0 or more");
  }
});

Deno.test("a run is saved where `output` says: files and logs are what train gives back", async () => {
  const storage = new MemoryStorage(), folder = "results/run";
  const { initial, initialBiases, final, finalBiases, masks, layers, curves, iterations } =
    await trained(options({ output: { storage, folder } }));
  assertEquals(iterations, 30);
  assertEquals(
    await restoreRun(storage, folder, layers),
    { initial, initialBiases, final, finalBiases, masks, curves },
  );
  assertEquals(curves.validate.map(({ iteration }) => iteration), [0, 10, 20, 30]);
  assertEquals(curves.test.map(({ iteration }) => iteration), [0, 15, 30]);
  assert(curves.test[2].accuracy > 0.7, `chance is 0.25: ${curves.test[2].accuracy}`);
  for (const phase of ["train", "validate", "test"] as const) {
    assertEquals(await readLog(storage, folder, phase), curves[phase]);
  }
  assertEquals((await storage.list(`${folder}/summaries`)).length, 1);
});

Deno.test("run.json holds what it takes to repeat the run", async () => {
  const storage = new MemoryStorage(), output = { storage, folder: "run" };
  const first = await trained(options({ output }, { permuteLabels: false }));
  const { format, config, adapter } = (await readRecord(storage, "run"))!;
  assertEquals([format, adapter], ["lottery-ticket library run 1", gpu.adapter]);
  const { orderKey, splitKey } = (config as Config).dataset;
  assertEquals(config, {
    layers: [
      { name: "layer0", inputs: 2, units: 6, activation: "tanh", useBias: true },
      { name: "layer1", inputs: 6, units: 4, activation: null, useBias: true },
    ],
    optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
    batchSize: 16,
    iterations: 30,
    validateInterval: 10,
    testInterval: 15,
    dataset: {
      name: "quadrants",
      trainCount: 80,
      validationCount: 20,
      testCount: 40,
      features: 2,
      classes: 4,
      normalization: "none",
      orderKey,
      splitKey,
      labelMap: null,
    },
  });
  const again = (keys: DatasetOptions) => trained(options({}, { permuteLabels: false, ...keys }));
  assertEquals((await again({ seed: 0, orderKey, splitKey })).final, first.final);
  assertNotEquals((await again({ seed: 0, orderKey })).final, first.final);
  assertNotEquals((await again({ seed: 0, splitKey })).final, first.final);

  await trained(options({ output }, { labelKey: [1, 2] }));
  const permuted = (await readRecord(storage, "run"))!.config as Config;
  assertEquals(permuted.dataset.labelMap, [...options({}, { labelKey: [1, 2] }).dataset.labelMap!]);
});

Deno.test("a run that diverges is not saved", async () => {
  const storage = new MemoryStorage();
  const diverging = options({
    optimizer: { kind: "sgd", learningRate: 1e38 },
    name: "this run",
    output: { storage, folder: "run" },
  });
  await assertRejects(() => trained(diverging), DivergedError, "this run: training diverged");
  assertEquals(await storage.list("run"), []);
});
