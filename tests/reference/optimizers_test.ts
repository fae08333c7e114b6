import { assertEquals } from "@std/assert";
import { runNumpy } from "../numpy.ts";
import { assertAllClose } from "./allclose.ts";
import { adam, momentum, type OracleOptimizer, sgd } from "./optimizers.ts";

/** The weight 1 after each of two updates with gradients 0.5 and -0.25. */
function twoSteps(optimizer: OracleOptimizer): number[] {
  const weights = Float64Array.of(1), state = optimizer.start(1);
  return [0.5, -0.25].map((gradient) => {
    optimizer.update(state, weights, Float64Array.of(gradient));
    return weights[0];
  });
}

Deno.test("two steps of each optimizer, worked by hand", () => {
  const exact = { rtol: 1e-12, atol: 0 };
  assertAllClose(twoSteps(sgd(0.1)), [0.95, 0.975], exact);
  // v = 0.5, then 0.9·0.5 - 0.25 = 0.2
  assertAllClose(twoSteps(momentum(0.1, 0.9)), [0.95, 0.93], exact);
  // The first step is the learning rate itself. Then m = 0.02, v = 0.00031225,
  // alpha = 0.1·sqrt(0.001999)/0.19, and alpha·m/sqrt(v) = 0.0266337040.
  assertAllClose(twoSteps(adam(0.1, 0.9, 0.999, 0)), [0.9, 0.8733662960], { rtol: 1e-9, atol: 0 });
});

Deno.test("adam's epsilon stands outside the square root and is not bias-corrected", () => {
  const weights = Float64Array.of(1), optimizer = adam(0.1, 0.9, 0.999, 1);
  optimizer.update(optimizer.start(1), weights, Float64Array.of(0.5));
  // alpha = 0.1·sqrt(0.001)/0.1, m = 0.05, sqrt(v) = 0.0158113883
  assertAllClose(weights, [0.9984434716], { rtol: 1e-9, atol: 0 });
});

Deno.test("masked weights stay exactly 0 whatever their gradient", () => {
  for (const optimizer of [sgd(0.1), momentum(0.1), adam(0.1)]) {
    const weights = Float64Array.of(3, -3, 3), mask = Float64Array.of(0, 0, 1);
    const state = optimizer.start(3);
    for (let i = 0; i < 5; i++) optimizer.update(state, weights, Float64Array.of(1, -1, 1), mask);
    assertEquals([weights[0], weights[1], weights[2] < 3], [0, 0, true]);
    assertEquals(state.step, 5);
  }
});

// Algorithm 1 of the paper with bias-corrected moments; epsilon is scaled as its section 2 says.
const NUMPY_ADAM = `
import json, sys
import numpy as np
weights, gradients = (np.array(a) for a in json.loads(sys.argv[1]))
m, v = np.zeros_like(weights), np.zeros_like(weights)
for t, g in enumerate(gradients, start=1):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g ** 2
    m_hat, v_hat = m / (1 - 0.9 ** t), v / (1 - 0.999 ** t)
    weights = weights - 1.2e-3 * m_hat / (np.sqrt(v_hat) + 1e-3 / np.sqrt(1 - 0.999 ** t))
print(json.dumps(weights.tolist()))
`;

Deno.test("fifty steps of adam agree with the textbook algorithm in NumPy", async () => {
  const gradients = Array.from(
    { length: 50 },
    (_, step) => Array.from({ length: 7 }, (_, i) => Math.sin(step * (i + 1)) * 10 ** (i - 5)),
  );
  const start = [1, -1, 0.5, 0, 2, -3, 0.01];
  const weights = Float64Array.from(start), optimizer = adam(1.2e-3, 0.9, 0.999, 1e-3);
  const state = optimizer.start(7);
  for (const gradient of gradients) optimizer.update(state, weights, Float64Array.from(gradient));
  const expected: number[] = JSON.parse(
    await runNumpy(NUMPY_ADAM, [JSON.stringify([start, gradients])]),
  );
  assertAllClose(weights, expected, { rtol: 1e-12, atol: 1e-14 });
});
