import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RandomStream, seedKey } from "../../src/engine/random.ts";
import { assertAllClose } from "./allclose.ts";
import { backward, forward, type OracleLayer, softmaxCrossEntropy } from "./network.ts";

const float64 = Float64Array.from.bind(Float64Array);

/** A network with random parameters, every third weight or so masked. */
function randomLayers(
  sizes: number[],
  activation: OracleLayer["activation"],
  useBias: boolean,
  stream: RandomStream,
): OracleLayer[] {
  return sizes.slice(1).map((units, l) => {
    const inputs = sizes[l];
    const weights = new Float64Array(inputs * units).map(() => stream.normal());
    return {
      inputs,
      units,
      activation: l === sizes.length - 2 ? "none" : activation,
      weights,
      biases: new Float64Array(units).map(() => stream.normal()),
      mask: weights.map(() => stream.uniform() < 0.3 ? 0 : 1),
      useBias,
    };
  });
}

Deno.test("one example through a masked relu layer, worked by hand", () => {
  const layers: OracleLayer[] = [
    {
      inputs: 2,
      units: 1,
      activation: "relu",
      weights: float64([1, -1]),
      biases: float64([0.5]),
      mask: float64([1, 0]),
      useBias: true,
    },
    {
      inputs: 1,
      units: 2,
      activation: "none",
      weights: float64([2, -2]),
      biases: float64([7, 7]),
      mask: float64([1, 1]),
      useBias: false,
    },
  ];
  const x = float64([1, 2]);
  const values = forward(layers, x, 1);
  assertEquals(values.pre[0], float64([1.5]));
  assertEquals(values.post[1], float64([3, -3]));

  const loss = softmaxCrossEntropy(values.post[1], [1], 1, 2);
  assertAlmostEquals(loss.loss, 6.0024756851, 1e-9); // 6 + ln(1 + e^-6)
  assertEquals(loss.correct, 0);
  assertAllClose(loss.gradient, [0.9975273768, -0.9975273768], { rtol: 1e-9, atol: 0 });

  const [hidden, output] = backward(layers, x, 1, values, loss.gradient);
  assertAllClose(output.weights, [1.4962910652, -1.4962910652], { rtol: 1e-9, atol: 0 });
  assertEquals(output.biases, float64([0, 0]));
  assertAllClose(hidden.delta, [3.9901095074], { rtol: 1e-9, atol: 0 });
  assertAllClose(hidden.weights, [3.9901095074, 0], { rtol: 1e-9, atol: 0 });
});

for (const activation of ["relu", "tanh", "sigmoid", "none"] as const) {
  Deno.test(`gradients agree with central differences: ${activation}`, () => {
    const shapes = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 4 }),
      batch: fc.integer({ min: 1, max: 5 }),
      useBias: fc.boolean(),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(shapes, ({ sizes, batch, useBias, seed }) => {
        const stream = new RandomStream(seedKey(seed));
        const classes = sizes[sizes.length - 1];
        const layers = randomLayers(sizes, activation, useBias, stream);
        const x = new Float64Array(batch * sizes[0]).map(() => stream.normal());
        const labels = Array.from({ length: batch }, () => stream.integerBelow(classes));
        const logits = () => forward(layers, x, batch).post[layers.length - 1];
        const loss = () => softmaxCrossEntropy(logits(), labels, batch, classes).loss;

        const differences = (parameters: Float64Array) =>
          parameters.map((value, i) => {
            const step = 1e-6;
            parameters[i] = value + step;
            const above = loss();
            parameters[i] = value - step;
            const below = loss();
            parameters[i] = value;
            return (above - below) / (2 * step);
          });
        const { gradient } = softmaxCrossEntropy(logits(), labels, batch, classes);
        const gradients = backward(layers, x, batch, forward(layers, x, batch), gradient);
        layers.forEach((layer, l) => {
          const tolerance = { rtol: 1e-5, atol: 1e-8, what: `layer ${l}` };
          assertAllClose(gradients[l].weights, differences(layer.weights), tolerance);
          assertAllClose(gradients[l].biases, differences(layer.biases), tolerance);
          assert(gradients[l].weights.every((g, i) => layer.mask[i] === 1 || Object.is(g, 0)));
        });
      }),
      { seed: 1, numRuns: 40 },
    );
  });
}

Deno.test("the derivative of relu at 0 is 0", () => {
  const layer: OracleLayer = {
    inputs: 1,
    units: 1,
    activation: "relu",
    weights: float64([0]),
    biases: float64([0]),
    mask: float64([1]),
    useBias: true,
  };
  const x = float64([1]);
  const [gradient] = backward([layer], x, 1, forward([layer], x, 1), float64([1]));
  assertEquals(gradient, { weights: float64([0]), biases: float64([0]), delta: float64([0]) });
});

Deno.test("cross-entropy of huge logits is finite", () => {
  const logits = float64([1e300, 0, -1e300, -1000, -1001, -1002]);
  const { loss, losses, gradient } = softmaxCrossEntropy(logits, [0, 2], 2, 3);
  assertEquals(losses[0], 0);
  assertAlmostEquals(losses[1], 2.4076059644, 1e-9); // 2 + ln(1 + e^-1 + e^-2)
  assertAlmostEquals(loss, losses[1] / 2, 1e-12);
  assert(gradient.every(Number.isFinite));
});

Deno.test("accuracy takes the lowest index on ties; one class is always right", () => {
  const tied = softmaxCrossEntropy(float64([1, 1, 0, 2, 2, 2]), [0, 1], 2, 3);
  assertEquals([tied.correct, tied.accuracy], [1, 0.5]);
  const one = softmaxCrossEntropy(float64([-5]), [0], 1, 1);
  assertEquals([one.correct, one.loss, one.gradient[0]], [1, 0, 0]);
});
