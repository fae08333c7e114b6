/**
 * Gradients of all weights of a network in training: against the f64 oracle, and against a step of
 * the engine.
 */

import { assert, assertEquals } from "@std/assert";
import type { Activation } from "../../../src/engine/mod.ts";
import { epochKey, permute, RandomStream } from "../../../src/engine/random.ts";
import { DatasetBase } from "../../../src/foundations/dataset_base.ts";
import { ModelFc } from "../../../src/foundations/model_fc.ts";
import { batchGradients } from "../../../src/foundations/pruning/batch_gradients.ts";
import { RunQueue } from "../../../src/foundations/queue/run_queue.ts";
import { openTestGpu } from "../../engine/gpu.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { backward, forward, softmaxCrossEntropy } from "../../reference/network.ts";

const gpu = await openTestGpu(), queue = new RunQueue(gpu);

function pixels(count: number, seed: number) {
  const stream = new RandomStream([seed, count]);
  return {
    inputs: Uint8Array.from({ length: count * 7 }, () => stream.integerBelow(256)),
    labels: Uint8Array.from({ length: count }, () => stream.integerBelow(3)),
    count,
    features: 7,
  };
}
const sets = { name: "noise", classes: 3, train: pixels(50, 1), test: pixels(5, 2) };

/** A network of which some weights are dead. */
function network(activation: Activation) {
  const mask = Float32Array.from({ length: 35 }, (_, i) => i % 3 === 0 ? 1 : 0);
  return new ModelFc({ layers: [[5, activation], [4, activation], [3, null]] }, 7, {
    seed: 3,
    masks: { layer0: { shape: [7, 5], data: mask } },
  });
}

const stateOf = (model: ModelFc, iteration: number) => ({
  iteration,
  layers: model.layers.map(({ name, units }) => ({
    weights: model.weights[name].data,
    biases: new Float32Array(units).fill(0.1),
    optimizer: [],
  })),
});

Deno.test("gradients of dead weights too are the oracle's, on the batch that comes next", async () => {
  for (const activation of ["relu", "tanh", "sigmoid"] as const) {
    const dataset = new DatasetBase(sets, {
      ...{ normalization: "l2", validationSize: 10, seed: 9, permuteLabels: true },
    });
    const model = network(activation), { orderKey, splitKey, labelMap } = dataset;
    // 40 examples in batches of 16: the third of each epoch is of 8.
    for (const [iteration, size] of [[0, 16], [4, 16], [5, 8]]) {
      const state = stateOf(model, iteration);
      const gradients = await batchGradients(queue, model.layers, dataset, 16)(state);
      const examples = Array.from({ length: size }, (_, row) => {
        const position = 16 * (iteration % 3) + row;
        const key = epochKey(orderKey, Math.floor(iteration / 3));
        return permute(permute(position, 40, key), 50, splitKey!);
      });
      const rows = examples.map((e) => [...sets.train.inputs.subarray(7 * e, 7 * e + 7)]);
      const x = Float64Array.from(rows.flatMap((row) => row.map((v) => v / Math.hypot(...row))));
      const layers = model.layers.map((layer, l) => ({
        ...layer,
        activation: layer.activation ?? "none" as const,
        weights: Float64Array.from(state.layers[l].weights),
        biases: Float64Array.from(state.layers[l].biases),
        mask: new Float64Array(layer.inputs * layer.units).fill(1),
      }));
      const values = forward(layers, x, size);
      const labels = examples.map((e) => labelMap![sets.train.labels[e]]);
      const { gradient } = softmaxCrossEntropy(values.post[2], labels, size, 3);
      backward(layers, x, size, values, gradient).forEach(({ weights }, l) => {
        assertAllClose(gradients[l], weights, { what: `layer ${l}` });
      });
      assert(gradients[0].some((g, i) => g !== 0 && model.masks.layer0.data[i] === 0));
    }
  }
});

Deno.test("a step of the engine follows them", async () => {
  const rate = 0.5;
  const model = network("tanh"), dataset = new DatasetBase(sets, { validationSize: 10, seed: 4 });
  const plan = { iterations: 9, validateInterval: null, testInterval: null };
  const request = {
    ...{ model, dataset, batchSize: 16 },
    optimizer: { kind: "sgd", learningRate: rate } as const,
  };
  const at = async (pause: number) =>
    (await queue.train({ ...request, plan: { ...plan, pause } })).state!;
  for (const iteration of [1, 5]) {
    const before = await at(iteration), after = await at(iteration + 1);
    const gradients = await batchGradients(queue, model.layers, dataset, 16)(before);
    model.layers.forEach(({ name }, l) => {
      const { data: mask } = model.masks[name];
      const expected = before.layers[l].weights.map((w, i) =>
        mask[i] === 0 ? 0 : w - rate * gradients[l][i]
      );
      assertAllClose(after.layers[l].weights, expected, { rtol: 1e-4, atol: 1e-6, what: name });
      assertEquals(after.layers[l].weights.every((w, i) => mask[i] === 1 || w === 0), true);
    });
  }
});

Deno.test("GPU and queue are given back", async () => {
  await queue.destroy();
  gpu.destroy();
});
