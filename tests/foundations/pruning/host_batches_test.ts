/** Batches on the host against what training sees: the losses of its iterations. */

import { assertEquals, assertThrows } from "@std/assert";
import type { GivenExamples, Normalization } from "../../../src/engine/mod.ts";
import { RandomStream } from "../../../src/engine/random.ts";
import { InputError } from "../../../src/errors.ts";
import { DatasetBase } from "../../../src/foundations/dataset_base.ts";
import { ModelFc } from "../../../src/foundations/model_fc.ts";
import { trainingBatches } from "../../../src/foundations/pruning/host_batches.ts";
import { RunQueue } from "../../../src/foundations/queue/run_queue.ts";
import { train } from "../../../src/foundations/trainer.ts";
import { openTestGpu } from "../../engine/gpu.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { forward, type OracleLayer, softmaxCrossEntropy } from "../../reference/network.ts";

const gpu = await openTestGpu();

/** Examples whose losses differ. */
function examples(count: number, kind: "bytes" | "floats" | "unit floats"): GivenExamples {
  const stream = new RandomStream([count, 1]), features = 7;
  const draw = { bytes: () => stream.integerBelow(256), floats: () => stream.normal() };
  const value = kind === "unit floats" ? () => stream.uniform() : draw[kind];
  const values = Array.from({ length: count * features }, value);
  const inputs = kind === "bytes" ? Uint8Array.from(values) : Float32Array.from(values);
  // An image of zeros.
  inputs.fill(0, 0, features);
  const labels = Uint8Array.from({ length: count }, () => stream.integerBelow(4));
  return { inputs, labels, count, features, isUnit: kind === "unit floats" };
}

const KINDS = ["bytes", "floats", "unit floats"] as const;
const NORMALIZATIONS: Normalization[] = ["unit", "l2", "none", "standardize"];

/** Loss of the model at its initial weights. */
function lossOf(model: ModelFc, inputs: Float32Array, labels: Uint8Array): number {
  const layers = model.layers.map((layer): OracleLayer => ({
    ...layer,
    activation: layer.activation ?? "none",
    weights: Float64Array.from(model.weights[layer.name].data),
    biases: Float64Array.from(model.biases[layer.name].data),
    mask: Float64Array.from(model.masks[layer.name].data),
  }));
  const { post } = forward(layers, Float64Array.from(inputs), labels.length);
  return softmaxCrossEntropy(post.at(-1)!, labels, labels.length, 4).loss;
}

for (const kind of KINDS) {
  Deno.test(`host batches of ${kind}: the losses of two epochs of training`, async () => {
    const pool = examples(37, kind), test = examples(5, kind);
    for (const normalization of NORMALIZATIONS) {
      for (const validationSize of [0, 10]) {
        const dataset = new DatasetBase(
          { name: "points", classes: 4, train: pool, test },
          { normalization, validationSize, permuteLabels: true, seed: 3 },
        );
        const scale = kind === "bytes" && normalization === "none" ? 0.01 : 1;
        const model = new ModelFc(
          {
            layers: [[5, "tanh"], [4, null]],
            kernelInitializer: ([inputs, units], stream) =>
              Float32Array.from({ length: inputs * units }, () => scale * stream.normal()),
          },
          7,
        );
        const batchSize = 8, batches = 2 * Math.ceil(dataset.trainCount / batchSize);
        const queue = new RunQueue(gpu);
        const { curves } = await train(queue, {
          model,
          dataset,
          // A step too small to move a weight.
          optimizer: { kind: "sgd", learningRate: 1e-30 },
          batchSize,
          length: { iterations: batches },
        });
        await queue.destroy();
        const host = [...trainingBatches(dataset, { batches, batchSize })];
        const losses = host.map(({ inputs, labels }) => lossOf(model, inputs, labels));
        const seen = curves.train.map(({ loss }) => loss);
        const what = `losses, ${normalization}, validation ${validationSize}`;
        assertAllClose(losses, seen, { what, rtol: 1e-5 });
        const last = dataset.trainCount % batchSize;
        assertEquals(host[batches / 2 - 1].count, last);
      }
    }
  });
}

Deno.test("host batches: more than all examples are all; bad numbers are refused", () => {
  const sets = { name: "p", classes: 4, train: examples(9, "bytes"), test: examples(2, "bytes") };
  const dataset = new DatasetBase(sets, { validationSize: 2 });
  const [all] = trainingBatches(dataset, { batches: 1, batchSize: 1000 });
  const [seven] = trainingBatches(dataset, { batches: 1, batchSize: 7 });
  assertEquals(all, seven);
  assertEquals(all.count, 7);
  for (const bad of [0, -1, 1.5, NaN, Infinity]) {
    const message = `${bad} of a gradient: give a whole number, 1 or more`;
    const refuses = (choice: { batches: number; batchSize: number }, name: string) =>
      assertThrows(() => trainingBatches(dataset, choice), InputError, `${name} ${message}`);
    refuses({ batches: bad, batchSize: 7 }, "batches");
    refuses({ batches: 1, batchSize: bad }, "batch size");
  }
});
