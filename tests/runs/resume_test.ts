/**
 * Continuing from a checkpoint gives the very bits of a run that was never interrupted: after a
 * signal, with any optimizer and beside any other replicas.
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
  type OptimizerSpec,
  type TrainingState,
} from "../../src/engine/mod.ts";
import { InterruptedError } from "../../src/errors.ts";
import { type Checkpoint, decodeCheckpoint } from "../../src/records/checkpoint_file.ts";
import * as paths from "../../src/records/paths.ts";
import { encodeRun } from "../../src/records/saved_run.ts";
import type { RunQueueOptions } from "../../src/foundations/queue/run_queue.ts";
import { train } from "../../src/foundations/trainer.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { readRecord } from "../../src/records/condition.ts";
import { optimizerSpec } from "../../src/engine/optimizers.ts";
import { gpu, OPTIMIZERS, options, undisturbed, withQueue } from "./disturbed_run.ts";

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
