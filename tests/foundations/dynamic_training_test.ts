/** Runs whose masks change while they are trained: counts, interrupted, packed, on disk. */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { type Curves, openGpu } from "../../src/engine/mod.ts";
import { DivergedError, InputError, InterruptedError } from "../../src/errors.ts";
import type { Dynamic } from "../../src/foundations/dynamic_training.ts";
import { DYNAMIC_NAMES, type DynamicName } from "../../src/foundations/pruning/dynamic.ts";
import { RunQueue } from "../../src/foundations/queue/run_queue.ts";
import { train, type TrainOptions } from "../../src/foundations/trainer.ts";
import { type Checkpoint, decodeCheckpoint } from "../../src/records/checkpoint_file.ts";
import { readRecord } from "../../src/records/condition.ts";
import {
  encodeRun,
  maskIterations,
  restoreRun,
  restoreStartMasks,
} from "../../src/records/saved_run.ts";
import { restoreNetwork } from "../../src/records/save_restore.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import {
  dynamicOf,
  INTERVAL,
  masksOverTime,
  options,
  PARAMETERS,
  startOf,
  sum,
  withQueue,
} from "./dynamic_runs.ts";

const gpu = await openTestGpu();

for (const rule of DYNAMIC_NAMES) {
  Deno.test(`${rule}: counts at each update, and no live weight outside of the mask`, async () => {
    await withQueue(gpu, async (queue) => {
      const run = await train(queue, options(rule)), steps = masksOverTime(run);
      const times = { gmp: [20, 40, 60], rigl: [20, 40], set: [20, 40, 60] }[rule];
      assertEquals(steps.map(({ iteration }) => iteration), [0, ...times]);
      const live = steps.map(({ masks }) => masks.map(sum));
      // Of 24 and 48 weights, to 10 and 19: end + (start - end)·(1 - t/60)³.
      const gradual = [[24, 48], [14, 28], [11, 20], [10, 19]];
      assertEquals(live, rule === "gmp" ? gradual : live.map(() => [10, 19]));
      steps.slice(1).forEach((step, i) => assertNotEquals(step.masks, steps[i].masks));
      assertEquals(Object.values(run.masks).map(({ data }) => [...data]), steps.at(-1)!.masks);

      assertEquals(queue.parts.length, times.length + 1);
      for (const [p, { request, outcome }] of queue.parts.entries()) {
        steps[p].masks.forEach((mask, l) => {
          assertEquals([...request.masks![l]], mask);
          const states = [request.resumeFrom, outcome.state].filter((state) => !!state);
          const values = [
            outcome.final[l],
            ...states.flatMap(({ layers }) => [layers[l], ...layers[l].optimizer]),
          ];
          for (const { weights } of values) {
            assertEquals([...weights.keys()].filter((i) => mask[i] === 0 && weights[i] !== 0), []);
          }
        });
        // What has grown starts at 0, and so do its moments.
        if (p === 0) continue;
        steps[p].masks.forEach((mask, l) => {
          const { optimizer, ...values } = request.resumeFrom!.layers[l];
          const grown = mask.flatMap((m, i) => m > steps[p - 1].masks[l][i] ? [i] : []);
          for (const { weights } of [values, ...optimizer]) {
            for (const i of grown) assertEquals(weights[i], 0);
          }
        });
      }
    });
  });

  Deno.test(`${rule}: interrupted anywhere, at an update too, the run ends with the same bits`, async () => {
    const expected = encodeRun(await withQueue(gpu, (queue) => train(queue, options(rule))));
    // Checkpoints at updates, between them, or only when it is interrupted.
    for (const interval of [INTERVAL, 7, 1000]) {
      const storage = new MemoryStorage(), config = { of: "a test" };
      const run = { ...options(rule), checkpoints: { storage, folder: "run", config } };
      const kept: number[] = [];
      const times = rule === "rigl" ? [20, 40] : [20, 40, 60];
      for (const iteration of [1, 13, 20, 21, ...times.slice(1), times.at(-1)! + 1]) {
        const stop = new AbortController();
        const stopped = withQueue(gpu, (queue) => train(queue, run), {
          checkpointInterval: { iterations: interval },
          signal: stop.signal,
          onProgress: (progress) => {
            if (progress.iteration >= iteration) stop.abort(new InterruptedError("stopped"));
          },
        });
        await assertRejects(() => stopped, InterruptedError, "stopped");
        const bytes = await storage.read("run/checkpoint.bin");
        const { header } = await decodeCheckpoint(bytes) as Checkpoint;
        kept.push(header.iteration);
        assertEquals(header.masks, [0, ...times].filter((time) => time <= header.iteration));
      }
      assert(times.every((time) => kept.includes(time)), `checkpoints at ${kept}`);
      assertEquals(encodeRun(await withQueue(gpu, (queue) => train(queue, run))), expected);
    }
  });

  Deno.test(`${rule}: alone and among others a run has the same bits`, async () => {
    const seeds = [1, 2, 3], sizes = new Set<number>();
    const together = await withQueue(
      gpu,
      (queue) => queue.runSideBySide(seeds.map((seed) => () => train(queue, options(rule, seed)))),
      { replicas: 3, onProgress: ({ runs }) => sizes.add(runs) },
    );
    assertEquals(sizes, new Set([3]));
    for (const [i, result] of together.entries()) {
      assert(result.status === "fulfilled");
      const alone = await withQueue(gpu, (queue) => train(queue, options(rule, seeds[i])));
      assertEquals(encodeRun(result.value), encodeRun(alone));
    }
  });
}

Deno.test("a GPU that is lost between and at updates: the run goes on from its checkpoint", async () => {
  const expected = encodeRun(await withQueue(gpu, (queue) => train(queue, options("rigl"))));
  const devices = [await openGpu()], losses = new Set([20, 31, 60]);
  const queue = new RunQueue(devices[0], {
    checkpointInterval: { iterations: 10 },
    reopen: async () => {
      devices.push(await openGpu());
      return devices.at(-1)!;
    },
    onProgress: ({ iteration }) => {
      for (const loss of losses) {
        if (iteration < loss) continue;
        losses.delete(loss);
        return devices.at(-1)!.device.destroy();
      }
    },
  });
  assertEquals(encodeRun(await train(queue, options("rigl"))), expected);
  assert(devices.length > 1);
  await queue.destroy();
  for (const { device } of devices) device.destroy();
});

Deno.test("the masks over time are files, and the run is read back", async () => {
  const storage = new MemoryStorage(), folder = "run", output = { storage, folder };
  const given = options("rigl");
  const run = await withQueue(gpu, (queue) => train(queue, { ...given, output }));
  const { initial, initialBiases, final, finalBiases, masks, curves } = run;
  assertEquals(
    await restoreRun(storage, folder, PARAMETERS),
    { initial, initialBiases, final, finalBiases, masks, curves },
  );
  assertEquals(await maskIterations(storage, folder), [0, 20, 40]);
  assertEquals(await restoreStartMasks(storage, folder, PARAMETERS), startOf("rigl", 1));
  assertEquals(await restoreNetwork(storage, "run/mask_history/40"), masks);
  assertEquals(initial, given.model.weights);
  const { config, files, kernels } = (await readRecord(storage, folder))!;
  assertEquals((config as { dynamic: unknown }).dynamic, given.dynamic);
  assertEquals(kernels, "dense");
  assertEquals(Object.keys(files).filter((file) => file.startsWith("mask_history")).length, 6);
  // Without a rule nothing of it is written.
  const { dynamic: _, ...still } = given;
  await withQueue(gpu, (queue) => train(queue, { ...still, output }));
  const record = (await readRecord(storage, folder))!;
  assertEquals("dynamic" in (record.config as object), false);
  assertEquals(await storage.exists("run/mask_history"), false);
  assertEquals(await maskIterations(storage, folder), []);
  assertEquals(await restoreStartMasks(storage, folder, PARAMETERS), startOf("rigl", 1));
});

Deno.test("a checkpoint of a run whose masks stay is none of one whose masks change", async () => {
  const storage = new MemoryStorage(), notices: string[] = [];
  const checkpoints = {
    ...{ storage, folder: "run", config: {} },
    onNotice: (line: string) => notices.push(line),
  };
  const { dynamic: _, ...still } = options("set"), stop = new AbortController();
  await assertRejects(() =>
    withQueue(gpu, (queue) => train(queue, { ...still, kernels: "dense", checkpoints }), {
      signal: stop.signal,
      onProgress: ({ iteration }) => iteration > 4 && stop.abort(new InterruptedError("stopped")),
    })
  );
  const run = await withQueue(gpu, (queue) => train(queue, { ...options("set"), checkpoints }));
  assertEquals(notices, [
    "run/checkpoint.bin belongs to another run: the run starts over",
  ]);
  assertEquals(
    encodeRun(run),
    encodeRun(await withQueue(gpu, (queue) => train(queue, options("set")))),
  );
});

Deno.test("each point of the curves is told once, and work is counted once", async () => {
  const told: Curves = { train: [], validate: [], test: [] };
  const work: number[] = [];
  const { curves } = await withQueue(gpu, (queue) =>
    train(queue, {
      ...options("gmp"),
      onPoints: ({ train, validate, test }) => {
        told.train.push(...train);
        told.validate.push(...validate);
        told.test.push(...test);
      },
    }), { onEnd: (done) => work.push(done) });
  assertEquals(told, curves);
  const whole = await withQueue(gpu, async (queue) => {
    const { dynamic: _, ...still } = options("gmp"), all: number[] = [];
    const other = new RunQueue(queue.gpu, { onEnd: (done) => all.push(done) });
    await train(other, { ...still, kernels: "dense" });
    await other.destroy();
    return all;
  });
  assertEquals(work.length, 4);
  assert(Math.abs(sum(work) - sum(whole)) < 1e-9);
});

Deno.test("gradients of one's own decide what grows", async () => {
  const asked: number[] = [];
  const dynamic: Dynamic = {
    ...dynamicOf("rigl", 1),
    gradients: ({ iteration, layers }) => {
      asked.push(iteration);
      return Promise.resolve(layers.map(({ weights }) => weights.map((_, i) => 1 / (1 + i))));
    },
  };
  const run = await withQueue(gpu, (queue) => train(queue, { ...options("rigl"), dynamic }));
  assertEquals(asked, [20, 40]);
  const [, { masks: [first] }] = masksOverTime(run);
  // The first dead ones grow: 3 of 10 (0.2·(1 + cos(π/3))·10).
  assertEquals(first.slice(0, 3), [1, 1, 1]);
});

Deno.test("what cannot be trained is refused", async () => {
  const refuses = (more: Partial<TrainOptions>, message: string, rule: DynamicName = "set") =>
    assertRejects(
      () => withQueue(gpu, (queue) => train(queue, { ...options(rule), ...more })),
      InputError,
      `dynamic training: ${message}`,
    );
  const dynamic = dynamicOf("set", 1), gmp = dynamicOf("gmp", 1);
  await refuses({ kernels: "sparse" }, "lists of live weights cannot change during a run");
  await refuses(
    { dynamic: { ...dynamic, interval: 80 } },
    "an interval of 80 leaves set no update",
  );
  await refuses(
    { dynamic: { ...dynamic, live: { layer0: 10, layer1: 20 } } },
    "layer1 starts with 19 live weights where set ends with 20: give masks with exactly as many",
  );
  await refuses(
    { dynamic: { ...gmp, live: { layer0: 11, layer1: 19 } } },
    "layer0 starts with 10 live weights where gmp ends with 11: give masks with at least as many",
  );
  await assertRejects(
    () =>
      withQueue(
        gpu,
        (queue) => train(queue, options("set", 1, { kind: "sgd", learningRate: 1e38 })),
      ),
    DivergedError,
  );
});
