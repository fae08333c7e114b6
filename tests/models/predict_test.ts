import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Activation, LayerSpec } from "../../src/engine/mod.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { InputError } from "../../src/errors.ts";
import { normalizeImage, predict } from "../../src/models/predict.ts";
import { forward, type OracleLayer } from "../reference/network.ts";

/** Layers of these widths with random weights, half of them pruned, for `predict` and for the oracle. */
function randomNetwork(
  widths: readonly number[],
  activation: Activation,
  useBias: boolean,
  stream: RandomStream,
) {
  const layers = widths.slice(1).map((units, i): LayerSpec => ({
    name: `layer${i}`,
    inputs: widths[i],
    units,
    activation: i === widths.length - 2 ? null : activation,
    useBias,
  }));
  const oracle = layers.map((layer): OracleLayer => {
    const size = layer.inputs * layer.units;
    const mask = Float64Array.from({ length: size }, () => stream.integerBelow(2));
    return {
      ...layer,
      activation: layer.activation ?? "none",
      weights: mask.map((live) => Math.fround(live * stream.normal())),
      biases: Float64Array.from({ length: layer.units }, () => Math.fround(stream.normal())),
      mask,
    };
  });
  const network = (of: "weights" | "biases") =>
    Object.fromEntries(oracle.map((layer, i) => {
      const { name, inputs, units } = layers[i];
      const shape = of === "weights" ? [inputs, units] : [units];
      return [name, { shape, data: Float32Array.from(layer[of]) }];
    }));
  return { layers, oracle, weights: network("weights"), biases: network("biases") };
}

Deno.test("predict: the softmax of the oracle's logits", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 5 }),
      fc.constantFrom<Activation>("relu", "tanh", "sigmoid", null),
      fc.boolean(),
      fc.nat(),
      (widths, activation, useBias, seed) => {
        const stream = new RandomStream([seed, 1]);
        const { layers, oracle, weights, biases } = randomNetwork(
          widths,
          activation,
          useBias,
          stream,
        );
        const inputs = [1, 2, 3].map(() =>
          Float64Array.from({ length: widths[0] }, () => stream.normal())
        );
        const found = predict(layers, weights, useBias ? biases : {}, inputs);
        const batch = Float64Array.from(inputs.flatMap((input) => [...input]));
        const logits = forward(oracle, batch, inputs.length).post.at(-1)!;
        const classes = widths.at(-1)!;
        found.forEach((probabilities, example) => {
          const row = logits.subarray(example * classes, (example + 1) * classes);
          const powers = row.map((logit) => Math.exp(logit - Math.max(...row)));
          const sum = powers.reduce((a, b) => a + b, 0);
          assertEquals(probabilities.length, classes);
          probabilities.forEach((p, i) => assertAlmostEquals(p, powers[i] / sum, 1e-12));
        });
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("predict: arrays of other shapes are refused by name", () => {
  const { layers, weights, biases } = randomNetwork([3, 2], null, true, new RandomStream([1, 1]));
  assertThrows(() => predict(layers, {}, biases, []), InputError, "weights of layer0");
  assertThrows(() => predict(layers, weights, {}, []), InputError, "biases of layer0");
  assertThrows(() => predict(layers, biases, biases, []), InputError, "weights of layer0");
  assertThrows(() => predict(layers, weights, biases, [[1]]), InputError, "example 0 has 1 values");
});

Deno.test("normalizeImage: as training sees an image", () => {
  assertEquals([...normalizeImage([0, 255], "unit")], [0, 1]);
  assertEquals([...normalizeImage([3, 4], "l2")], [0.6, 0.8]);
  assertEquals([...normalizeImage([0, 0], "l2")], [0, 0]);
  assertEquals([...normalizeImage([3, 4], "none")], [3, 4]);
  const statistics = { means: [0.5, 1], deviations: [0.25, 2] };
  const standardized = [...normalizeImage([255, 0, 0, 255], "standardize", statistics)];
  assertEquals(standardized, [2, -0.5, -2, 0]);
});

Deno.test("predict: numbers that are not finite are refused, arrays of any type taken", () => {
  const layers: LayerSpec[] = [
    { name: "a", inputs: 2, units: 2, activation: null, useBias: true },
  ];
  const weights = { a: { shape: [2, 2], data: [1, 0, 0, 1] } };
  const biases = { a: { shape: [2], data: Int8Array.of(0, 0) } };
  assertEquals(predict(layers, weights, biases, [[3, 3]]), [[0.5, 0.5]]);
  const refuses = (message: string, inputs: unknown[], w: object = weights) =>
    assertThrows(
      () => predict(layers, w as typeof weights, biases, [[0, 0], inputs as number[]]),
      InputError,
      message,
    );
  refuses("example 1 has NaN at feature 1", [0, NaN]);
  refuses("example 1 has -Infinity at feature 0", [-Infinity, 0]);
  refuses("example 1 has 7 at feature 0", ["7", 0]);
  refuses("weights of a holds NaN at [0, 1]", [0, 0], {
    a: { shape: [2, 2], data: [1, NaN, 0, 1] },
  });
});
