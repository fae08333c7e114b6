/**
 * Runs on augmented images: what is augmented, and that they repeat whatever happens beside them.
 */

import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import type { AugmentName, Curves, KernelKind, Normalization } from "../../src/engine/mod.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { InputError, InterruptedError } from "../../src/errors.ts";
import { DatasetBase, type DatasetOptions } from "../../src/foundations/dataset_base.ts";
import { ModelConv } from "../../src/foundations/model_conv.ts";
import { trainingBatch, trainingBatches } from "../../src/foundations/pruning/host_batches.ts";
import { RunQueue, type RunQueueOptions } from "../../src/foundations/queue/run_queue.ts";
import { train, type TrainOptions } from "../../src/foundations/trainer.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import { networkLayers } from "../../src/models/layers.ts";
import { predict } from "../../src/models/predict.ts";
import { encodeRun } from "../../src/records/saved_run.ts";
import { readRecord } from "../../src/records/condition.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { assertAllClose } from "../reference/allclose.ts";

const gpu = await openTestGpu();

const IMAGE: [number, number, number] = [7, 6, 3], FEATURES = 126, CLASSES = 4;

function examples(count: number) {
  const stream = new RandomStream([count, 5]);
  const inputs = Uint8Array.from({ length: count * FEATURES }, () => stream.integerBelow(256));
  const labels = Uint8Array.from({ length: count }, (_, i) => i % CLASSES);
  return { inputs, labels, count, features: FEATURES };
}
const sets = {
  ...{ name: "noise", classes: CLASSES, imageShape: IMAGE },
  ...{ train: examples(50), test: examples(20) },
};

interface Case extends Pick<DatasetOptions, "augmentKey"> {
  hidden?: string;
  names?: readonly AugmentName[];
  kernels?: KernelKind;
  normalization?: Normalization;
  learningRate?: number;
  seed?: number;
}

/** A run of an epoch of 40 examples in batches of 8, and half of another. */
function options(
  { hidden = "conv3x3:4,pool,5", names = ["crop", "flip"], kernels = "dense", ...rest }: Case = {},
): TrainOptions {
  const { normalization = "standardize", learningRate = 0.05, seed = 1, augmentKey } = rest;
  const augment = names;
  const layers = networkLayers(parseHidden(hidden), IMAGE, CLASSES);
  return {
    model: new ModelConv({ layers }, { seed }),
    dataset: new DatasetBase(
      sets,
      { normalization, validationSize: 10, seed, augment, ...(augmentKey && { augmentKey }) },
    ),
    optimizer: { kind: "sgd", learningRate },
    ...{ batchSize: 8, length: { iterations: 15 }, validateInterval: 5, testInterval: 5, kernels },
  };
}

async function trained(
  all: readonly TrainOptions[],
  more: RunQueueOptions = {},
) {
  const queue = new RunQueue(gpu, more);
  try {
    return await Promise.all(all.map((run) => queue.asParticipant(() => train(queue, run))));
  } finally {
    await queue.destroy();
  }
}

const WAYS: [string, KernelKind][] = [
  ["conv3x3:4,pool,5", "dense"],
  ["6", "dense"],
  ["6", "sparse"],
];
const NORMALIZATIONS: Normalization[] = ["unit", "l2", "standardize"];

for (const [hidden, kernels] of WAYS) {
  const name = `${hidden}, ${kernels}`;
  Deno.test(`${name}: training sees the host's augmented batches, evaluation images as they are`, async () => {
    for (const normalization of NORMALIZATIONS) {
      // A step too small to move a weight.
      const how = { hidden, kernels, normalization, learningRate: 1e-30 };
      const run = options(how), [{ curves }] = await trained([run]);
      const [{ curves: plain }] = await trained([options({ ...how, names: [] })]);
      const evaluated = ({ validate, test }: Curves) => [...validate, ...test].map((p) => p.loss);
      assertEquals(evaluated(curves), evaluated(plain));
      const { dataset, model: { layers, weights, biases }, batchSize } = run;
      const losses = Array.from({ length: 15 }, (_, i) => {
        const { inputs, labels, count } = trainingBatch(dataset, batchSize, i);
        const rows = Array.from(
          { length: count },
          (_, r) => inputs.subarray(r * FEATURES, (r + 1) * FEATURES),
        );
        const logs = predict(layers, weights, biases, rows)
          .map((probabilities, r) => -Math.log(probabilities[labels[r]]));
        return logs.reduce((a, b) => a + b, 0) / count;
      });
      const seen = curves.train.map(({ loss }) => loss);
      assertAllClose(seen, losses, { rtol: 2e-5, what: `losses, ${normalization}` });
      assertNotEquals(seen, plain.train.map(({ loss }) => loss));
    }
  });

  Deno.test(`${name}: the same bits alone, beside others, in other bursts and resumed`, async () => {
    const [alone] = await trained([options({ hidden, kernels })]);
    const bits = encodeRun(alone);
    const beside = await trained(
      [2, 1, 3].map((seed) => options({ hidden, kernels, seed })),
      { replicas: 3 },
    );
    assertEquals(encodeRun(beside[1]), bits);
    assertNotEquals(encodeRun(beside[0]), bits);
    const storage = new MemoryStorage(), stop = new AbortController();
    const checkpoints = { storage, folder: "run", config: {} };
    const run = { ...options({ hidden, kernels }), checkpoints };
    await assertRejects(
      () =>
        trained([run], {
          checkpointInterval: { iterations: 1 },
          signal: stop.signal,
          onProgress: ({ iteration }) => {
            if (iteration >= 7) stop.abort(new InterruptedError("stopped"));
          },
        }),
      InterruptedError,
    );
    assertEquals(await storage.exists("run/checkpoint.bin"), true);
    const [resumed] = await trained([run]);
    assertEquals(encodeRun(resumed), bits);
    const [otherKey] = await trained([options({ hidden, kernels, augmentKey: [1, 2] })]);
    assertNotEquals(encodeRun(otherKey), bits);
  });
}

Deno.test("runs with and without augmentation wait side by side, and each gets its own", async () => {
  const all: Case[] = [{}, { names: [] }, { names: ["crop"] }, { names: ["flip"] }];
  for (const normalization of NORMALIZATIONS) {
    const runs = all.map((one) => options({ ...one, normalization }));
    const together = await trained(runs);
    assertEquals(new Set(together.map((run) => `${run.curves.train[3].loss}`)).size, all.length);
    for (const [i, run] of runs.entries()) {
      const [alone] = await trained([run]);
      assertEquals(encodeRun(together[i]), encodeRun(alone), JSON.stringify(all[i]));
    }
  }
});

Deno.test("untrained weights are scored by images as they are", () => {
  const [augmented, plain] = [options().dataset, options({ names: [] }).dataset];
  const choice = { batches: 3, batchSize: 8 };
  assertEquals([...trainingBatches(augmented, choice)], [...trainingBatches(plain, choice)]);
  assertNotEquals(trainingBatch(augmented, 8, 2), trainingBatch(plain, 8, 2));
});

Deno.test("a record says how images were augmented, and by which key, where they were", async () => {
  for (const names of [["flip"], []] as const) {
    const storage = new MemoryStorage(), run = options({ names });
    await trained([{ ...run, output: { storage, folder: "run" } }]);
    const { dataset } = (await readRecord(storage, "run"))!.config as {
      dataset: Record<string, unknown>;
    };
    const { augment, augmentKey } = dataset;
    if (names.length > 0) assertEquals([augment, augmentKey], [names, run.dataset.augmentKey]);
    else assertEquals(["augment" in dataset, "augmentKey" in dataset], [false, false]);
  }
});

Deno.test("examples that are no images are refused", () => {
  const { imageShape: _, ...flat } = sets;
  assertThrows(
    () => new DatasetBase(flat, { augment: ["flip", "crop"] }),
    InputError,
    "augmentation crop,flip is of images, and the examples of noise are 126 values without height",
  );
  new DatasetBase(flat, { augment: [] });
});
