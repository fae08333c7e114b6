import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { adamSpec } from "../../src/engine/optimizers.ts";
import { type Key, RandomStream } from "../../src/engine/random.ts";
import { DivergedError, InputError } from "../../src/errors.ts";
import { DatasetBase, type DatasetOptions } from "../../src/foundations/dataset_base.ts";
import { ModelBase } from "../../src/foundations/model.ts";
import { ModelFc } from "../../src/foundations/model_fc.ts";
import { restoreRun } from "../../src/records/saved_run.ts";
import { RunQueue } from "../../src/foundations/queue/run_queue.ts";
import { readLog } from "../../src/records/save_restore.ts";
import {
  iterationsOf,
  train,
  type TrainOptions,
  trainRequest,
} from "../../src/foundations/trainer.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { parametersOf } from "../../src/models/parameters.ts";
import { readRecord } from "../../src/records/condition.ts";

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

Deno.test("a batch of more than all training examples is a batch of all, to the same bits", async () => {
  const [all, more] = [80, 1_000_000].map((batchSize) => options({ batchSize }));
  const [expected, run] = [await trained(all), await trained(more)];
  assertEquals(run.final, expected.final);
  assertEquals(run.curves, expected.curves);
  assertEquals(run.iterations, 6);
});

Deno.test("a run is saved where `output` says: files and logs are what train gives back", async () => {
  const storage = new MemoryStorage(), folder = "results/run";
  const { initial, initialBiases, final, finalBiases, masks, layers, curves, iterations } =
    await trained(options({ output: { storage, folder } }));
  assertEquals(iterations, 30);
  assertEquals(
    await restoreRun(storage, folder, parametersOf(layers)),
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

Deno.test("training is the same bits whatever arrays hold the examples", async () => {
  const { train: typed } = sets;
  const pixels = typed.inputs.map((x) => Math.round(100 * (x + 1)));
  const trainedOn = async (inputs: ArrayLike<number>, labels: ArrayLike<number>) => {
    const examples = { ...typed, inputs, labels };
    const dataset = new DatasetBase({ ...sets, train: examples }, { validationSize: 20 });
    return (await trained(options({ dataset }))).final;
  };
  const onFloats = await trainedOn(typed.inputs, typed.labels);
  assertEquals(await trainedOn([...typed.inputs], [...typed.labels]), onFloats);
  assertEquals(
    await trainedOn(Float64Array.from(typed.inputs), Int32Array.from(typed.labels)),
    onFloats,
  );
  const onPixels = await trainedOn(Uint8Array.from(pixels), typed.labels);
  assertNotEquals(onPixels, onFloats);
  assertEquals(await trainedOn(Uint16Array.from(pixels), Uint16Array.from(typed.labels)), onPixels);
});

Deno.test("a loss that is not finite before any update is not blamed on the learning rate", async () => {
  const { train: typed } = sets;
  const inputs = typed.inputs.map((x) => x * 1e38);
  const onInputs = (inputs: Float32Array, more: Partial<TrainOptions> = {}) => {
    const examples = { ...typed, inputs };
    return trained(options({
      dataset: new DatasetBase({ ...sets, train: examples, test: examples }),
      ...more,
    }));
  };
  const relu = new ModelFc({ layers: [[4, "relu"], [4, null]] }, 2);
  const large = await assertRejects(() => onInputs(inputs, { model: relu }), DivergedError);
  assertMatch(
    large.message,
    /not finite at iteration 0, before the first update; scale the inputs down, the largest is 9\.\d+e\+37$/,
  );
  const model = new ModelFc({ layers: [[4, null]] }, 2, {
    presets: { layer0: { shape: [2, 4], data: [3e38, 1, -3e38, 1, 3e38, 1, -3e38, 1] } },
  });
  const weights = await assertRejects(
    () => onInputs(typed.inputs.map((x) => x * 10), { model }),
    DivergedError,
  );
  assertMatch(
    weights.message,
    /iteration 0, before the first update; use smaller initial weights$/,
  );
});

Deno.test("optimizers, lengths and models that cannot be used are refused", async () => {
  const refuses = (more: object, message: string) =>
    assertRejects(() => trained(options(more)), InputError, message);
  await refuses(
    { optimizer: { kind: "sgd", learningRate: NaN } },
    "learning rate NaN cannot be used: give a number above 0",
  );
  await refuses(
    { optimizer: { kind: "rmsprop", learningRate: 1 } },
    "optimizer rmsprop is unknown",
  );
  await refuses({ length: 100 }, "training length 100: give { iterations: 1000 } or { epochs: 5 }");
  class Unfinished extends ModelBase {
    constructor() {
      super({ masks: { layer0: { shape: [2, 4], data: new Uint8Array(8) } } });
      this.dense("logits", this.input(2), 4);
    }
  }
  await refuses({ model: new Unfinished() }, 'mask of unknown layer "layer0"');
});

Deno.test("with SGD, a run to iteration 12 and one that starts there are one of 30, to the same bits", async () => {
  for (const kind of ["constant", "cosine"] as const) {
    const schedule = { kind, warmup: 3, milestones: [], gamma: 0.1 };
    const shared = { schedule, optimizer: { kind: "sgd", learningRate: 0.1 } as const };
    const whole = await trained(options({ ...shared, length: { iterations: 30 } }));
    const first = await trained(
      options({ ...shared, length: { iterations: 12 }, scheduleLength: 30 }),
    );
    const model = new ModelFc({ layers: [[6, "tanh"], [4, null]] }, 2, {
      presets: first.final,
      presetBiases: first.finalBiases,
    });
    const rest = await trained(
      options({ ...shared, model, start: 12, length: { iterations: 30 } }),
    );
    assertEquals(rest.final, whole.final);
    assertEquals(rest.finalBiases, whole.finalBiases);
    assertEquals(rest.curves.train, whole.curves.train.slice(12));
    assertEquals([...first.curves.train, ...rest.curves.train], whole.curves.train);
    // It is evaluated where it starts, then at the multiples of the interval.
    assertEquals(rest.curves.validate.map(({ iteration }) => iteration), [12, 20, 30]);
  }
});

Deno.test("moments count from a run's own first update: Adam starts as at iteration 0", async () => {
  const dataset = new DatasetBase(sets, { normalization: "none", validationSize: 20 });
  // One batch is the whole training set: every iteration sees the same examples.
  const shared = { optimizer: adamSpec(0.01), dataset, batchSize: 80 };
  const early = await trained(options({ ...shared, length: { iterations: 5 } }));
  const late = await trained(options({ ...shared, start: 7, length: { iterations: 12 } }));
  const losses = (run: typeof early) => run.curves.train.map(({ loss }) => loss);
  assert(losses(early).every((loss, i) => Math.abs(loss - losses(late)[i]) < 1e-5));
});

Deno.test("a paused run returns its state, and continues to the same bits", async () => {
  const queue = new RunQueue(gpu);
  const request = trainRequest(options());
  const whole = await queue.train(request);
  assertEquals(whole.state, undefined);
  const first = await queue.train({ ...request, plan: { ...request.plan, pause: 13 } });
  assertEquals(first.curves.train.length, 13);
  assertEquals(first.state!.iteration, 13);
  const rest = await queue.train({ ...request, resumeFrom: first.state });
  assertEquals(rest, whole);
  await queue.destroy();
});

Deno.test("a start past the end is refused", async () => {
  await assertRejects(
    () => trained(options({ start: 31, length: { iterations: 30 } })),
    InputError,
    "training from iteration 31 to 30: give a start from 0 to 30",
  );
});
