/** The queue's order of work; that replicas train as single runs do is tested in tests/engine. */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { Gpu } from "../../../src/engine/mod.ts";
import { DeviceLostError, InputError } from "../../../src/errors.ts";
import { DatasetBase } from "../../../src/foundations/dataset_base.ts";
import { ModelFc } from "../../../src/foundations/model_fc.ts";
import { RunQueue } from "../../../src/foundations/queue/run_queue.ts";
import { train } from "../../../src/foundations/trainer.ts";
import { openTestGpu } from "../../engine/gpu.ts";

const gpu = await openTestGpu();

/** A queue that never trains. */
const idleQueue = () => new RunQueue({} as Gpu);

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));

Deno.test("settle: results in order, at most so many at once, failures beside the others", async () => {
  let running = 0, most = 0;
  const experiments = Array.from({ length: 7 }, (_, i) => async () => {
    most = Math.max(most, ++running);
    for (let n = 0; n < 7 - i; n++) await pause();
    running--;
    if (i === 2) throw new InputError("the third");
    return i;
  });
  const results = await idleQueue().runSideBySide(experiments, 3);
  assertEquals(most, 3);
  assertEquals(
    results.map((result) => result.status === "fulfilled" ? result.value : result.reason.message),
    [0, 1, "the third", 3, 4, 5, 6],
  );
});

Deno.test("settle: after the device is lost nothing more begins", async () => {
  const begun: number[] = [];
  const experiments = Array.from({ length: 6 }, (_, i) => async () => {
    begun.push(i);
    await pause();
    if (i === 1) throw new DeviceLostError("lost");
    await pause();
  });
  const results = await idleQueue().runSideBySide(experiments, 2);
  assertEquals(begun, [0, 1]);
  assertEquals(results.map(({ status }) => status), [
    "fulfilled",
    ...Array.from({ length: 5 }, () => "rejected"),
  ]);
  assert(
    results.slice(1).every((result) => (result as PromiseRejectedResult).reason.message === "lost"),
  );
});

Deno.test("settle: nothing to do", async () => {
  assertEquals(await idleQueue().runSideBySide([]), []);
});

/** Two points of two classes. */
const POINTS = {
  inputs: Float32Array.of(0, 1, 1, 0),
  labels: Uint8Array.of(0, 1),
  count: 2,
  features: 2,
};
const DATASET = new DatasetBase({ name: "points", classes: 2, train: POINTS, test: POINTS });

/** Trains a network whose live weights, of four, are as many. */
function trainTiny(queue: RunQueue, iterations: number, live = 4, learningRate = 0.1) {
  const data = Float32Array.from({ length: 4 }, (_, i) => i < live ? 1 : 0);
  const masks = { layer0: { shape: [2, 2], data } };
  return train(queue, {
    model: new ModelFc({ layers: [[2, null]] }, 2, { seed: 1, masks }),
    dataset: DATASET,
    optimizer: { kind: "sgd", learningRate },
    batchSize: 2,
    length: { iterations },
  });
}

Deno.test("runs that wait fill the places of those that have ended, at any level of their experiment", async () => {
  const sizes: number[] = [];
  const queue = new RunQueue(gpu, {
    replicas: 2,
    onProgress: ({ runs, iteration, iterations }) => {
      if (iteration === iterations) sizes.push(runs);
    },
  });
  const twoLevels = async () => {
    await trainTiny(queue, 10);
    await trainTiny(queue, 10);
  };
  const results = await queue.runSideBySide([twoLevels, twoLevels, twoLevels]);
  assertEquals(results.map(({ status }) => status), Array(3).fill("fulfilled"));
  assertEquals(sizes, [2, 2, 2]);
  await queue.destroy();
});

Deno.test("an experiment that trains several runs at once is waited for until all of them wait", async () => {
  const sizes: number[] = [];
  const queue = new RunQueue(gpu, {
    onProgress: ({ runs, iteration, iterations }) => {
      if (iteration === iterations) sizes.push(runs);
    },
  });
  const several = async () => {
    const parts = await queue.asParticipants([1, 20, 40].map((milliseconds) => async () => {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await trainTiny(queue, 10);
    }));
    assertEquals(parts.map(({ status }) => status), Array(3).fill("fulfilled"));
    // One of them fails: the others are trained, and it is the experiment's turn again.
    const failing = [() => Promise.reject(new InputError("no")), () => trainTiny(queue, 10)];
    const [failed, trained] = await queue.asParticipants<unknown>(failing);
    assertEquals([failed.status, trained.status], ["rejected", "fulfilled"]);
    assertEquals(await queue.asParticipants([]), []);
    await trainTiny(queue, 10);
  };
  const results = await queue.runSideBySide([several, several]);
  assertEquals(results.map(({ status }) => status), Array(2).fill("fulfilled"));
  assertEquals(sizes, [6, 2, 2]);
  await queue.destroy();
});

Deno.test("a sweep of learning rates is one program; each rate trains as it does alone", async () => {
  for (const kernels of ["dense", "sparse"] as const) {
    const together: number[] = [];
    const queue = new RunQueue(gpu, { kernels, onProgress: ({ runs }) => together.push(runs) });
    const rates = [0.1, 0.3, 1e-3];
    const all = rates.map((rate) => () => trainTiny(queue, 10, 3, rate));
    const swept = (await queue.runSideBySide(all)).map((result) =>
      result.status === "fulfilled" ? result.value.final : result.reason
    );
    assertEquals(new Set(together), new Set([3]));
    for (const [i, rate] of rates.entries()) {
      assertEquals((await trainTiny(queue, 10, 3, rate)).final, swept[i]);
    }
    assertNotEquals(swept[0], swept[1]);
    await queue.destroy();
  }
});

Deno.test("as soon as enough wait they are trained, though others are still at work", async () => {
  const queue = new RunQueue(gpu, { replicas: 2 });
  let finish = () => {};
  const slow = new Promise<void>((resolve) => finish = resolve);
  const done: string[] = [];
  const ready = Promise.withResolvers<void>();
  const all = queue.runSideBySide([
    () => slow,
    async () => {
      await trainTiny(queue, 10);
      done.push("first");
    },
    async () => {
      await trainTiny(queue, 10);
      done.push("second");
      ready.resolve();
    },
  ]);
  await ready.promise;
  assertEquals(done.length, 2);
  finish();
  await all;
  await queue.destroy();
});

Deno.test("kernels: lists for few live weights, as the option says else; runs of both kinds go apart", async () => {
  const masks = (live: number) => ({
    layer0: { shape: [1, 100], data: new Float32Array(100).map((_, i) => i < live ? 1 : 0) },
  });
  const llvmpipe = new Gpu(gpu.device, { ...gpu.adapter, name: "llvmpipe", isSoftware: true });
  const chosen = (live: number, kernels?: "dense" | "sparse") =>
    new RunQueue(llvmpipe, { kernels }).kernelsFor(masks(live));
  assertEquals([1, 5, 50, 100].map((live) => chosen(live)), ["sparse", "sparse", "dense", "dense"]);
  assertEquals([chosen(1, "dense"), chosen(100, "sparse")], ["dense", "sparse"]);
  const queue = new RunQueue(gpu, { kernels: "sparse" });
  const [few, all] = await Promise.all([trainTiny(queue, 10, 1), trainTiny(queue, 10, 4)]);
  assertEquals([few.kernels, all.kernels], ["sparse", "sparse"]);
  assertEquals([...few.final.layer0.data].filter((weight) => weight !== 0).length, 1);
  await queue.destroy();
});

Deno.test("examples that could not be uploaded once are uploaded for the next run", async () => {
  const queue = new RunQueue(gpu);
  const { device } = gpu, { createBuffer } = device;
  // The width is asked for first, then the program.
  let failures = 0;
  device.createBuffer = (descriptor) => {
    if (descriptor.label !== "inputs" || ++failures > 2) {
      return createBuffer.call(device, descriptor);
    }
    throw new Error("no memory at the moment");
  };
  try {
    await assertRejects(() => trainTiny(queue, 10), Error, "no memory at the moment");
    const { final } = await trainTiny(queue, 10);
    assertEquals(final.layer0.data.length, 4);
    assert(failures > 2);
  } finally {
    device.createBuffer = createBuffer;
    await queue.destroy();
  }
});
