import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Activation, DenseSpec } from "../../src/engine/layer_spec.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { InputError } from "../../src/errors.ts";
import { normalizeImage, predict } from "../../src/models/predict.ts";
import { forward, type OracleLayer } from "../reference/network.ts";

/**
 * Layers of these widths with random weights, half of them pruned, for `predict` and for the
 * oracle.
 */
function randomNetwork(
  widths: readonly number[],
  activation: Activation,
  useBias: boolean,
  stream: RandomStream,
) {
  const layers = widths.slice(1).map((units, i): DenseSpec => ({
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
  // A photograph: its pixels are more than a call takes as arguments.
  const large = normalizeImage(new Uint8Array(640 * 400).fill(7), "l2");
  assertEquals(new Set(large), new Set([7 / (7 * Math.sqrt(640 * 400))]));
  assertEquals([...normalizeImage([3, 4], "none")], [3, 4]);
  const statistics = { means: [0.5, 1], deviations: [0.25, 2] };
  const standardized = [...normalizeImage([255, 0, 0, 255], "standardize", statistics)];
  assertEquals(standardized, [2, -0.5, -2, 0]);
});

Deno.test("predict: numbers that are not finite are refused, arrays of any type taken", () => {
  const layers: DenseSpec[] = [
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

/** A whole number in [-2, 2] that looks random, so that sums are exact in any order. */
const whole = (i: number, salt: number) => (i * 7919 + salt * 104729) % 5 - 2;
const filled = (shape: number[], salt: number) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => whole(i, salt)),
});

Deno.test("predict: convolutions and pooling as their definitions have them", () => {
  const [height, width, channels, filters] = [5, 7, 2, 3];
  const input = Array.from({ length: height * width * channels }, (_, i) => whole(i, 3));
  const kernels = [[3, 3], [2, 4], [1, 1], [5, 2]], strides = [[1, 1], [2, 1], [2, 3]];
  for (const [tall, wide] of kernels) {
    for (const [down, right] of strides) {
      for (const padding of ["same", "valid"] as const) {
        for (const kind of ["maxPool2d", "avgPool2d"] as const) {
          // Zeros around the image, written out: TensorFlow's rule.
          const total = (size: number, step: number, window: number) =>
            padding === "same"
              ? Math.max(0, (Math.ceil(size / step) - 1) * step + window - size)
              : 0;
          const [high, broad] = [total(height, down, tall), total(width, right, wide)];
          const padded = Array.from(
            { length: height + high },
            (_, y) =>
              Array.from(
                { length: width + broad },
                (_, x) =>
                  Array.from({ length: channels }, (_, c) => {
                    const [row, column] = [y - Math.floor(high / 2), x - Math.floor(broad / 2)];
                    return row >= 0 && row < height && column >= 0 && column < width
                      ? input[(row * width + column) * channels + c]
                      : 0;
                  }),
              ),
          );
          const kernel = filled([tall, wide, channels, filters], 1), bias = filled([filters], 2);
          const image: number[][][] = [];
          for (let y = 0; y + tall <= padded.length; y += down) {
            const row: number[][] = [];
            for (let x = 0; x + wide <= padded[0].length; x += right) {
              row.push(Array.from({ length: filters }, (_, f) => {
                let sum = bias.data[f];
                for (let i = 0; i < tall; i++) {
                  for (let j = 0; j < wide; j++) {
                    for (let c = 0; c < channels; c++) {
                      const at = ((i * wide + j) * channels + c) * filters + f;
                      sum += padded[y + i][x + j][c] * kernel.data[at];
                    }
                  }
                }
                return Math.max(0, sum);
              }));
            }
            image.push(row);
          }
          // Windows of one row and two columns; a column that is left over is left out.
          const pooled = image.map((row) =>
            Array.from({ length: Math.floor(row.length / 2) }, (_, x) =>
              row[2 * x].map((a, f) => {
                const b = row[2 * x + 1][f];
                return kind === "maxPool2d" ? Math.max(a, b) : (a + b) / 2;
              }))
          );
          const flat = pooled.flat(2);
          if (flat.length === 0) continue;
          const dense = filled([flat.length, 4], 5);
          dense.data.forEach((w, i) => dense.data[i] = w / 64);
          const logits = [0, 1, 2, 3].map((unit) =>
            flat.reduce((sum, value, i) => sum + value * dense.data[4 * i + unit], 0)
          );
          const powers = logits.map(Math.exp), all = powers.reduce((a, b) => a + b, 0);
          const shape = [image.length, image[0].length, filters] as const;
          const [actual] = predict(
            [
              {
                kind: "conv2d" as const,
                name: "conv",
                image: [height, width, channels],
                ...{ kernel: [tall, wide] as const, stride: [down, right] as const, padding },
                ...{ filters, activation: "relu" as const, useBias: true },
              },
              { kind, name: "pool", image: shape, size: [1, 2], stride: [1, 2] },
              { name: "out", inputs: flat.length, units: 4, activation: null, useBias: false },
            ],
            { conv: kernel, out: dense },
            { conv: bias },
            [input],
          );
          actual.forEach((p, unit) => assertAlmostEquals(p, powers[unit] / all, 1e-12));
        }
      }
    }
  }
});
