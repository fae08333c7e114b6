/** Whole runs whose masks change, against the f64 oracle: networks and masks. */

import { assertEquals } from "@std/assert";
import { isDense } from "../../src/engine/layer_spec.ts";
import { deriveKey, epochKey, permute, RandomStream } from "../../src/engine/random.ts";
import { DYNAMIC_NAMES } from "../../src/foundations/pruning/dynamic.ts";
import { train } from "../../src/foundations/trainer.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { assertAllClose } from "../reference/allclose.ts";
import { prunedTo, regrown } from "../reference/dynamic.ts";
import { backward, forward, softmaxCrossEntropy } from "../reference/network.ts";
import { oracleOptimizer } from "../reference/optimizers.ts";
import { trainOracle } from "../reference/train.ts";
import { ITERATIONS, keyOf, masksOverTime, options, sets, sum, withQueue } from "./dynamic_runs.ts";

const gpu = await openTestGpu();

for (const rule of DYNAMIC_NAMES) {
  Deno.test(`${rule}: the network and its masks are the oracle's`, async () => {
    const rate = 0.3, given = options(rule, 1, { kind: "sgd", learningRate: rate });
    const run = await withQueue(gpu, (queue) => train(queue, given));
    const { dataset, model } = given, steps = masksOverTime(run);
    const batchOf = (iteration: number) =>
      Array.from({ length: 16 }, (_, row) => {
        const key = epochKey(dataset.orderKey, Math.floor(iteration / 5));
        return permute(permute(16 * (iteration % 5) + row, 80, key), 100, dataset.splitKey!);
      });
    const inputs = Float64Array.from(sets.train.inputs), { labels } = sets.train;
    let layers = model.layers.filter(isDense).map((layer) => ({
      ...layer,
      activation: layer.activation ?? "none" as const,
      weights: Float64Array.from(model.weights[layer.name].data),
      biases: new Float64Array(layer.units),
      mask: Float64Array.from(model.masks[layer.name].data),
    }));
    const optimizer = oracleOptimizer({ kind: "sgd", learningRate: rate });
    const times = steps.map(({ iteration }) => iteration);
    for (const [p, time] of times.entries()) {
      if (time > 0) {
        const x = Float64Array.from(
          batchOf(time).flatMap((e) => [...inputs.subarray(2 * e, 2 * e + 2)]),
        );
        const dense = layers.map((layer) => ({ ...layer, mask: layer.mask.map(() => 1) }));
        const values = forward(dense, x, 16);
        const { gradient } = softmaxCrossEntropy(
          values.post[1],
          batchOf(time).map((e) => labels[e]),
          16,
          4,
        );
        const gradients = backward(dense, x, 16, values, gradient);
        layers = layers.map((layer, l) => {
          const before = [...layer.mask], live = sum(before);
          let mask: number[], fresh = new Set<number>();
          if (rule === "gmp") {
            const [start, end] = [[24, 10], [48, 19]][l];
            mask = prunedTo(
              before,
              layer.weights,
              Math.round(end + (start - end) * (1 - time / 60) ** 3),
            );
          } else if (rule === "rigl") {
            const count = Math.round(0.2 * (1 + Math.cos(Math.PI * time / 60)) * live);
            ({ mask, fresh } = regrown(before, layer.weights, gradients[l].weights, count));
          } else {
            const count = Math.round(0.4 * live);
            const dead = before.flatMap((m, i) => m === 0 ? [i] : []);
            const stream = new RandomStream(deriveKey(keyOf(1), time, l));
            for (let n = 0; n < count; n++) {
              const at = n + Math.floor(stream.uniform() * (dead.length - n));
              [dead[n], dead[at]] = [dead[at], dead[n]];
              fresh.add(dead[n]);
            }
            mask = prunedTo(before, layer.weights, live - count).map((m, i) =>
              fresh.has(i) ? 1 : m
            );
          }
          const weights = layer.weights.map((w, i) => mask[i] === 0 || fresh.has(i) ? 0 : w);
          return { ...layer, weights, mask: Float64Array.from(mask) };
        });
      }
      assertEquals(layers.map(({ mask }) => [...mask]), steps[p].masks, `after ${time}`);
      const end = times[p + 1] ?? ITERATIONS;
      const batches = Array.from({ length: end - time }, (_, i) => batchOf(time + i));
      const trained = trainOracle({ layers, optimizer, inputs, labels, batches }).layers;
      layers = layers.map((layer, l) => ({ ...layer, ...trained[l] }) as typeof layer);
    }
    layers.forEach(({ name, weights }) =>
      assertAllClose(run.final[name].data, weights, { rtol: 1e-3, atol: 1e-4, what: name })
    );
  });
}
