import { assertEquals } from "@std/assert";
import { assertAllClose } from "./allclose.ts";
import type { OracleLayer } from "./network.ts";
import { sgd } from "./optimizers.ts";
import { trainOracle } from "./train.ts";

const zeroLayer = (inputs: number, units: number): OracleLayer => ({
  inputs,
  units,
  activation: "none",
  weights: new Float64Array(inputs * units),
  biases: new Float64Array(units),
  mask: new Float64Array(inputs * units).fill(1),
  useBias: true,
});

Deno.test("two iterations of logistic regression, worked by hand", () => {
  const layer = zeroLayer(1, 2);
  const run = {
    layers: [layer],
    optimizer: sgd(1),
    inputs: Float64Array.of(5, 1),
    labels: [1, 0],
    batches: [[1], [1]],
  };
  const { metrics, layers } = trainOracle(run);
  // First ln 2 and a gradient of (-0.5, 0.5); then logits (1, -1): ln(1 + e^-2), e^-2/(1 + e^-2).
  assertAllClose(metrics.map(({ loss }) => loss), [0.6931471806, 0.1269280110], { rtol: 1e-9 });
  assertEquals(metrics.map(({ accuracy }) => accuracy), [1, 1]);
  assertAllClose(layers[0].weights, [0.6192029220, -0.6192029220], { rtol: 1e-9 });
  assertAllClose(layers[0].biases, [0.6192029220, -0.6192029220], { rtol: 1e-9 });
  assertEquals(layer, zeroLayer(1, 2));
});

Deno.test("a batch is the mean of its examples, and pruned weights are 0 from the start", () => {
  const layer = { ...zeroLayer(1, 2), weights: Float64Array.of(9, 0), mask: Float64Array.of(0, 1) };
  const run = {
    layers: [{ ...layer, useBias: false }],
    optimizer: sgd(1),
    inputs: Float64Array.of(1, 3),
    labels: [0, 1],
    batches: [[0, 1]],
  };
  const { metrics, layers } = trainOracle(run);
  // The logits are 0: gradients by logit 1 are 0.5/2 for the first example, -0.5/2 for the second.
  assertAllClose([metrics[0].loss], [0.6931471806], { rtol: 1e-9 });
  assertEquals(metrics[0].accuracy, 0.5);
  assertEquals(Array.from(layers[0].weights), [0, 0.5]);
  assertEquals(Array.from(layers[0].biases), [0, 0]);
});

Deno.test("two separable clusters are learned", () => {
  const inputs = Float64Array.from({ length: 20 }, (_, i) => (i % 2 ? 1 : -1) * (1 + i / 20));
  const labels = Array.from({ length: 20 }, (_, i) => i % 2);
  const all = labels.map((_, i) => i);
  const batches = Array.from({ length: 50 }, () => all);
  const run = { layers: [zeroLayer(1, 2)], optimizer: sgd(0.5), inputs, labels, batches };
  const { metrics } = trainOracle(run);
  assertEquals(metrics[49].accuracy, 1);
  assertEquals(metrics.every(({ loss }, i) => i === 0 || loss < metrics[i - 1].loss), true);
});
