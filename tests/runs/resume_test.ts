/**
 * Going on from a checkpoint gives the very bits of a run that was never interrupted: after a signal,
 * after the loss of the GPU, with any optimizer and beside any other replicas.
 */

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  Gpu,
  type KernelKind,
  openGpu,
  type OptimizerSpec,
  type TrainingState,
} from "../../src/engine/mod.ts";
import {
  CapacityError,
  DeviceLostError,
  InterruptedError,
  OutOfMemoryError,
} from "../../src/errors.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { type Checkpoint, decodeCheckpoint } from "../../src/records/checkpoint_file.ts";
import { DatasetBase } from "../../src/foundations/dataset_base.ts";
import { ModelFc } from "../../src/foundations/model_fc.ts";
import * as paths from "../../src/records/paths.ts";
import { encodeRun } from "../../src/records/saved_run.ts";
import { RunQueue, type RunQueueOptions } from "../../src/foundations/queue/run_queue.ts";
import { train, type TrainOptions } from "../../src/foundations/trainer.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { CLOCK_WORDS } from "../../src/engine/kernels/row_kernels.ts";
import { readRecord } from "../../src/records/condition.ts";
import type { Schedule } from "../../src/engine/schedules.ts";
import { optimizerSpec } from "../../src/engine/optimizers.ts";

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

const OPTIMIZERS: OptimizerSpec[] = [
  { kind: "sgd", learningRate: 0.1 },
  { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
  { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
];

const ITERATIONS = 90;

/** A rate that changes at every iteration. */
const SCHEDULE: Schedule = { kind: "cosine", warmup: 15, milestones: [], gamma: 0.1 };

/** Half of the weights are pruned; epochs of 80 examples in batches of 16, so the order matters. */
function options(seed: number, optimizer = OPTIMIZERS[2]): TrainOptions {
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
async function withQueue<T>(
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

const undisturbed = (seed: number, optimizer?: OptimizerSpec, kernels: KernelKind = "dense") =>
  withQueue(async (queue) =>
    encodeRun(await train(queue, { ...options(seed, optimizer), kernels }))
  );

/** Options that keep checkpoints every 10 iterations and stop after so many. */
function stoppedAt(iteration: number): RunQueueOptions {
  const stop = new AbortController();
  return {
    checkpointInterval: { iterations: 10 },
    signal: stop.signal,
    onProgress: (progress) => {
      if (progress.iteration >= iteration) stop.abort(new InterruptedError("stopped"));
    },
  };
}

const place = (storage: MemoryStorage, folder = "run") => ({ storage, folder, config: { folder } });

const WAYS: [OptimizerSpec, KernelKind][] = [
  ...OPTIMIZERS.flatMap((optimizer) =>
    (["dense", "sparse"] as const).map((
      kernels,
    ): [OptimizerSpec, KernelKind] => [optimizer, kernels])
  ),
  [{ kind: "nesterov", learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 }, "dense"],
  [optimizerSpec("adamw", 0.01, { weightDecay: 0.1 }), "dense"],
];

for (const [optimizer, kernels] of WAYS) {
  const name = `${optimizer.kind}, ${kernels}`;
  Deno.test(`${name}: interrupted twice, the run ends with the same bits`, async () => {
    const expected = await undisturbed(1, optimizer, kernels), storage = new MemoryStorage();
    const run = { ...options(1, optimizer), kernels, checkpoints: place(storage) };
    for (const iteration of [10, 50]) {
      const before = await storage.exists("run/checkpoint.bin");
      assertEquals(before, iteration > 10);
      await assertRejects(
        () => withQueue((queue) => train(queue, run), stoppedAt(iteration)),
        InterruptedError,
        "stopped",
      );
    }
    assertEquals(encodeRun(await withQueue((queue) => train(queue, run))), expected);
  });
}

Deno.test("a run keeps to the kernels that it began with, whatever the queue would choose now", async () => {
  const sparse = await undisturbed(1, OPTIMIZERS[2], "sparse");
  assertNotEquals(sparse, await undisturbed(1, OPTIMIZERS[2], "dense"));
  const storage = new MemoryStorage(), output = { storage, folder: "run" };
  await assertRejects(
    () =>
      withQueue((queue) => train(queue, { ...options(1), output }), {
        ...stoppedAt(20),
        kernels: "sparse",
      }),
    InterruptedError,
  );
  const trained = await withQueue((queue) => train(queue, { ...options(1), output }), {
    kernels: "dense",
  });
  assertEquals(encodeRun(trained), sparse);
  assertEquals((await readRecord(storage, "run"))!.kernels, "sparse");
});

Deno.test("runs that stand at different iterations go on beside each other", async () => {
  const storage = new MemoryStorage();
  const run = (seed: number) => ({ ...options(seed), checkpoints: place(storage, `run${seed}`) });
  for (const [seed, iteration] of [[1, 20], [2, 40]]) {
    await assertRejects(
      () => withQueue((queue) => train(queue, run(seed)), stoppedAt(iteration)),
      InterruptedError,
    );
  }
  const trained = await withQueue((queue) =>
    queue.runSideBySide([1, 2, 3].map((seed) => () => train(queue, run(seed))))
  );
  for (const [i, result] of trained.entries()) {
    assert(result.status === "fulfilled");
    assertEquals(encodeRun(result.value), await undisturbed(i + 1));
  }
});

Deno.test("a finished run leaves no checkpoint; run.json is that of an undisturbed one", async () => {
  const disturbed = new MemoryStorage(), calm = new MemoryStorage();
  const output = (storage: MemoryStorage) => ({
    ...options(1),
    output: { storage, folder: "run" },
  });
  await assertRejects(
    () => withQueue((queue) => train(queue, output(disturbed)), stoppedAt(30)),
    InterruptedError,
  );
  assertEquals((await disturbed.list("run")).map(({ name }) => name), ["checkpoint.bin"]);
  await withQueue((queue) => train(queue, output(disturbed)));
  await withQueue((queue) => train(queue, output(calm)));
  assertEquals(await disturbed.list("run"), await calm.list("run"));
  assertEquals(await disturbed.read("run/run.json"), await calm.read("run/run.json"));
});

Deno.test("a checkpoint that is damaged or another run's is said to be so, and not used", async () => {
  const expected = await undisturbed(1);
  const damages: [why: string, damage: (storage: MemoryStorage) => Promise<void>][] = [
    ["has changed since it was written", async (storage) => {
      const bytes = await storage.read(paths.checkpoint("run"));
      bytes[bytes.length - 5] ^= 1;
      await storage.write(paths.checkpoint("run"), bytes);
    }],
    ["belongs to another run", async (storage) => {
      const other = { ...options(2), checkpoints: place(storage) };
      await assertRejects(() => withQueue((queue) => train(queue, other), stoppedAt(20)));
    }],
  ];
  for (const [why, damage] of damages) {
    const storage = new MemoryStorage(), notices: string[] = [];
    const onNotice = (line: string) => notices.push(line);
    const run = { ...options(1), checkpoints: { ...place(storage), onNotice } };
    await assertRejects(() => withQueue((queue) => train(queue, run), stoppedAt(20)));
    await damage(storage);
    assertEquals(encodeRun(await withQueue((queue) => train(queue, run))), expected);
    assertEquals(notices, [`run/checkpoint.bin ${why}: the run starts over`]);
  }
});

Deno.test("another adapter goes on, with a notice, and the record names both", async () => {
  const storage = new MemoryStorage(), notices: string[] = [];
  const output = { storage, folder: "run" };
  const run = { ...options(1), output };
  await assertRejects(() => withQueue((queue) => train(queue, run), stoppedAt(20)));
  const other = new Gpu(gpu.device, { ...gpu.adapter, name: "another driver" });
  const { header } = await decodeCheckpoint(await storage.read("run/checkpoint.bin")) as Checkpoint;
  const onNotice = (line: string) => notices.push(line);
  const checkpoints = { ...output, config: header.config, onNotice };
  await withQueue((queue) => train(queue, { ...run, checkpoints }), {}, other);
  assertEquals(notices.length, 1);
  assertStringIncludes(notices[0], `up to iteration 20, continues on "another driver"`);
  const record = (await readRecord(storage, "run"))!;
  assertEquals((record.adapter as { name: string }).name, "another driver");
  assertEquals(
    (record.adapters as { iteration: number; adapter: { name: string } }[])
      .map(({ iteration, adapter }) => [iteration, adapter.name]),
    [[0, gpu.adapter.name], [20, "another driver"]],
  );
});

/** A queue on a device of its own, which is destroyed each time that `isLost` says so. */
async function losing<T>(
  isLost: (iteration: number) => boolean,
  work: (queue: RunQueue) => Promise<T>,
  more: RunQueueOptions = {},
): Promise<{ opened: number; notices: string[]; outcome: T }> {
  const devices: Gpu[] = [];
  const notices: string[] = [];
  // More progress may come before its loss is noticed.
  let lost = 0;
  const open = async () => {
    const fresh = await openGpu();
    devices.push(fresh);
    return fresh;
  };
  const options: RunQueueOptions = {
    checkpointInterval: { iterations: 10 },
    reopen: open,
    onNotice: (line) => notices.push(line),
    onProgress: ({ iteration }) => {
      if (lost === devices.length || !isLost(iteration)) return;
      lost = devices.length;
      devices.at(-1)!.device.destroy();
    },
    ...more,
  };
  try {
    const outcome = await withQueue(work, options, await open());
    return { opened: devices.length, notices, outcome };
  } finally {
    for (const device of devices) device.destroy();
  }
}

Deno.test("a GPU that is lost midway: the runs go on from their checkpoint on a fresh one", async () => {
  const losses = new Set([20, 60]);
  const { opened, notices, outcome } = await losing(
    (iteration) => losses.delete(iteration),
    (queue) => queue.runSideBySide([1, 2].map((seed) => () => train(queue, options(seed)))),
  );
  assertEquals([opened, notices.length], [3, 2]);
  assertStringIncludes(notices[0], "was lost");
  assertStringIncludes(notices[0], "continuing on a new one");
  for (const [i, result] of outcome.entries()) {
    assert(result.status === "fulfilled");
    assertEquals(encodeRun(result.value), await undisturbed(i + 1));
  }
});

Deno.test("a GPU that is lost before the first checkpoint: the runs begin again", async () => {
  let isFirst = true;
  const { opened, outcome } = await losing(
    () => isFirst && !(isFirst = false),
    (queue) => train(queue, options(1)),
    { checkpointInterval: { seconds: 1000 } },
  );
  assertEquals(opened, 2);
  assertEquals(encodeRun(outcome), await undisturbed(1));
});

Deno.test("a GPU that is lost whenever it works: a few tries, then the loss", async () => {
  let last = 0;
  await assertRejects(
    () =>
      losing(
        // Always at the first progress after the same checkpoint.
        (iteration) => iteration > 20 && ++last > 0,
        (queue) => train(queue, options(1)),
      ),
    DeviceLostError,
    "was lost",
  );
  assert(last >= 3 && last <= 6, `${last} tries`);
});

Deno.test("without a way to open another GPU its loss ends the training", async () => {
  const own = await openGpu();
  await assertRejects(
    () =>
      withQueue((queue) => train(queue, options(1)), {
        checkpointInterval: { iterations: 10 },
        onProgress: () => own.device.destroy(),
      }, own),
    DeviceLostError,
  );
});

/** A GPU whose memory is full when more than so many replicas are allocated. */
class SmallGpu extends Gpu {
  constructor(private readonly fits: number) {
    super(gpu.device, gpu.adapter);
  }

  override async scoped<T>(what: string, create: () => T): Promise<T> {
    const sizes: number[] = [];
    const { device } = this, { createBuffer } = device;
    device.createBuffer = (descriptor) => {
      if (descriptor.label === "clocks") sizes.push(descriptor.size / (4 * CLOCK_WORDS));
      return createBuffer.call(device, descriptor);
    };
    try {
      const value = await super.scoped(what, create);
      if (sizes.some((replicas) => replicas > this.fits)) throw new OutOfMemoryError("full");
      return value;
    } finally {
      device.createBuffer = createBuffer;
    }
  }
}

Deno.test("memory that is too small at the start: fewer replicas, or the number that fits", async () => {
  const runs = (queue: RunQueue) =>
    queue.runSideBySide(Array.from({ length: 8 }, (_, i) => () => train(queue, options(i))));
  const results = await withQueue(runs, {}, new SmallGpu(3));
  for (const [i, result] of results.entries()) {
    assert(result.status === "fulfilled");
    assertEquals(encodeRun(result.value), await undisturbed(i));
  }
  const [refused] = await withQueue(runs, { replicas: 8 }, new SmallGpu(3));
  assert(refused.status === "rejected" && refused.reason instanceof CapacityError);
  assertStringIncludes(refused.reason.message, "use --replicas 2 or auto");
  const [none] = await withQueue(runs, {}, new SmallGpu(0));
  assert(none.status === "rejected" && none.reason instanceof OutOfMemoryError);
});

Deno.test("checkpoints by the clock are kept, and stay below a share of the time", async () => {
  const states: TrainingState[] = [];
  const slow = async (state: TrainingState) => {
    states.push(state);
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const { model, dataset, optimizer, batchSize } = options(1);
  const plan = { iterations: 3000, validateInterval: null, testInterval: null };
  await withQueue(
    (queue) => queue.train({ model, dataset, optimizer, batchSize, plan, onCheckpoint: slow }),
    { checkpointInterval: { seconds: 0.001 } },
  );
  // Of 20 ms each, the second is due after 2 seconds, and the run is over before.
  assertEquals(states.length, 1);
  assert(states[0].iteration > 0 && states[0].iteration < 3000);
});
