/** The oracle of convolutions and pools: by hand, by central differences, and as PyTorch has it. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { RandomStream, seedKey } from "../../src/engine/random.ts";
import { assertAllClose } from "./allclose.ts";
import {
  imageBackward,
  imageForward,
  imageSizes,
  type OracleConv2d,
  type OracleImageLayer,
  type OraclePool,
} from "./images.ts";
import pytorch from "./pytorch.json" with { type: "json" };

const float64 = Float64Array.from.bind(Float64Array);

function conv(
  shape: Pick<OracleConv2d, "image" | "kernel" | "stride" | "padding" | "filters" | "useBias">,
  draw: () => number,
): OracleConv2d {
  const { kernel, image, filters } = shape;
  const weights = new Float64Array(kernel[0] * kernel[1] * image[2] * filters).map(draw);
  const biases = new Float64Array(filters).map(draw), mask = weights.map((w) => w < -0.5 ? 0 : 1);
  return { kind: "conv2d", activation: "none", weights, biases, mask, ...shape };
}

const none = new Float64Array();

function pool(shape: Pick<OraclePool, "kind" | "image" | "size" | "stride">): OraclePool {
  return { activation: "none", weights: none, biases: none, mask: none, useBias: false, ...shape };
}

Deno.test("convolution and pools of one channel, worked by hand", () => {
  const image = float64([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const weights = float64([1, 0, 0, -1]), biases = float64([10]);
  const layer: OracleConv2d = {
    kind: "conv2d",
    image: [3, 3, 1],
    kernel: [2, 2],
    stride: [1, 1],
    padding: "valid",
    filters: 1,
    activation: "none",
    weights,
    biases,
    mask: float64([1, 1, 1, 1]),
    useBias: true,
  };
  assertEquals(imageForward(layer, image, 1), float64([6, 6, 6, 6]));
  // One zero, which comes last.
  const same = { ...layer, padding: "same", useBias: false } as const;
  assertEquals(imageForward(same, image, 1), float64([-4, -4, 3, -4, -4, 6, 7, 8, 9]));
  const max = pool({ kind: "maxPool2d", image: [3, 3, 1], size: [2, 2], stride: [1, 1] });
  assertEquals(imageForward(max, image, 1), float64([5, 6, 8, 9]));
  const equal = new Float64Array(9);
  assertEquals(
    imageBackward(max, equal, 1, float64([1, 2, 3, 4])).input,
    float64([1, 2, 0, 3, 4, 0, 0, 0, 0]),
    "the first of equals",
  );
  const mean = pool({ kind: "avgPool2d", image: [3, 3, 1], size: [2, 2], stride: [2, 2] });
  assertEquals(imageForward(mean, image, 1), float64([3]), "what does not fit is left out");
});

const extents = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));
const shapes = fc.record({
  kind: fc.constantFrom("conv2d", "maxPool2d", "avgPool2d"),
  kernel: extents,
  more: extents,
  stride: extents,
  padding: fc.constantFrom("same" as const, "valid" as const),
  channels: fc.integer({ min: 1, max: 3 }),
  filters: fc.integer({ min: 1, max: 3 }),
  useBias: fc.boolean(),
  batch: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(),
});

Deno.test("gradients of convolutions and pools agree with central differences", () => {
  fc.assert(
    fc.property(shapes, ({ kind, kernel, more, channels, batch, seed, ...shape }) => {
      const stream = new RandomStream(seedKey(seed)), draw = () => stream.normal();
      const image = [kernel[0] + more[0] - 1, kernel[1] + more[1] - 1, channels] as const;
      const { stride } = shape;
      const layer: OracleImageLayer = kind === "conv2d"
        ? conv({ image, kernel, ...shape }, draw)
        : pool({ kind: kind as OraclePool["kind"], image, size: kernel, stride });
      const { inputs, outputs } = imageSizes(layer);
      const x = new Float64Array(batch * inputs).map(draw);
      const delta = new Float64Array(batch * outputs).map(draw);
      const value = () =>
        imageForward(layer, x, batch).reduce((sum, z, i) => sum + z * delta[i], 0);
      const differences = (parameters: Float64Array) =>
        parameters.map((start, i) => {
          parameters[i] = start + 1e-6;
          const above = value();
          parameters[i] = start - 1e-6;
          const below = value();
          parameters[i] = start;
          return (above - below) / 2e-6;
        });
      const gradients = imageBackward(layer, x, batch, delta);
      const tolerance = { rtol: 1e-5, atol: 1e-7 };
      assertAllClose(gradients.input, differences(x), { ...tolerance, what: "input" });
      assertAllClose(gradients.weights, differences(layer.weights), tolerance);
      assertAllClose(gradients.biases, differences(layer.biases), tolerance);
    }),
    { seed: 1, numRuns: 60 },
  );
});

for (const [i, given] of pytorch.images.entries()) {
  const { kind, image, kernel, stride, padding, filters } = given;
  Deno.test(`images ${i}: ${kind} ${padding ?? ""} of ${image.join("×")}: as PyTorch's`, () => {
    const { weights, biases, inputs, deltas, batch } = given;
    const sizes = { image, stride } as unknown as Pick<OracleConv2d, "image" | "stride">;
    const size = kernel as [number, number];
    const layer: OracleImageLayer = kind === "conv2d"
      ? {
        ...sizes,
        kind,
        kernel: size,
        padding: padding as "same" | "valid",
        filters: filters!,
        activation: "none",
        weights: float64(weights!),
        biases: float64(biases!),
        mask: float64(weights!.map(() => 1)),
        useBias: true,
      }
      : pool({ ...sizes, kind: kind as OraclePool["kind"], size });
    const tolerance = { rtol: 1e-11, atol: 1e-13 }, x = float64(inputs);
    assertAllClose(imageForward(layer, x, batch), given.outputs, tolerance);
    const gradients = imageBackward(layer, x, batch, float64(deltas));
    assertAllClose(gradients.input, given.byInputs, tolerance);
    assertAllClose(gradients.weights, given.byWeights ?? [], tolerance);
    assertAllClose(gradients.biases, given.byBiases ?? [], tolerance);
  });
}
