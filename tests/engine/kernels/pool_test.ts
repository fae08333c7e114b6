import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { imageVectors, pitch } from "../../../src/engine/kernels/layout.ts";
import {
  poolForwardSource,
  poolGradientSource,
} from "../../../src/engine/kernels/images/pool_kernels.ts";
import { inputSize, type LayerImage, outputShape } from "../../../src/engine/layer_spec.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { imageBackward, imageForward } from "../../reference/images.ts";
import { openTestGpu, UNTOUCHED, withScratch } from "../gpu.ts";
import { activations, streams, TILINGS } from "./arbitraries.ts";
import { oraclePool, packImages, pools, unpackImages } from "./image_case.ts";

const gpu = await openTestGpu();

const shapes = fc.record({
  layer: pools,
  batch: fc.integer({ min: 1, max: 9 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  hasOnes: fc.boolean(),
  below: activations,
  stream: streams,
});

/** Derivatives of activations by their values. */
const SLOPES = {
  relu: (a: number) => a > 0 ? 1 : 0,
  tanh: (a: number) => 1 - a * a,
  sigmoid: (a: number) => a * (1 - a),
  none: () => 1,
};

for (const [name, numRuns, tilings] of TILINGS) {
  Deno.test(`pools: outputs and gradients agree with the oracle, ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(shapes, tilings, async (shape, tiles) => {
        const { layer, batch, replicas, hasOnes, below, stream } = shape, { storage } = tiles;
        const output = outputShape(layer) as unknown as LayerImage;
        const inVectors = imageVectors(layer.image), pixels = imageVectors(output);
        const outVectors = hasOnes ? pitch(4 * pixels) / 4 : pixels;
        const rows = replicas * batch, sizes = { replicas, rows: batch };
        // Small whole numbers: windows have several maxima, as after a relu.
        const x = new Float32Array(rows * inputSize(layer)).map(() => stream.integerBelow(4) - 1);
        const deltas = new Float32Array(rows * output.reduce((a, b) => a * b))
          .map(() => stream.normal());
        const oracle = oraclePool(layer), inputs = Float64Array.from(x);
        const { input } = imageBackward(oracle, inputs, rows, Float64Array.from(deltas));
        await withScratch(gpu, async (scratch) => {
          const from = scratch.matrix(storage, inVectors, packImages(x, layer.image, inVectors));
          const outputs = scratch.outputMatrix(storage, outVectors, rows + 1);
          const gradient = scratch.outputMatrix(storage, inVectors, rows + 1);
          await scratch.run([
            poolForwardSource(layer, sizes, tiles, {
              inputs: from,
              outputs: { matrix: outputs, vectors: outVectors },
              hasOnes,
            }),
            poolGradientSource(layer, below, sizes, tiles, {
              inputs: from,
              deltas: {
                matrix: scratch.matrix(storage, outVectors, packImages(deltas, output, outVectors)),
                vectors: outVectors,
              },
              below: gradient,
            }),
          ]);
          const pooled = await scratch.floats(outputs), graded = await scratch.floats(gradient);
          for (const [all, vectors] of [[pooled, outVectors], [graded, inVectors]] as const) {
            assert(all.subarray(-4 * vectors).every((value) => value === UNTOUCHED), "guard");
          }
          assertAllClose(
            unpackImages(pooled, output, outVectors, rows),
            imageForward(oracle, inputs, rows),
            { what: "outputs" },
          );
          const slope = SLOPES[below ?? "none"];
          assertAllClose(
            unpackImages(graded, layer.image, inVectors, rows),
            input.map((value, i) => value * slope(x[i])),
            { what: "gradients" },
          );
          if (!hasOnes) return;
          for (let row = 0; row < rows; row++) {
            const at = 4 * (row * outVectors + pixels);
            assertEquals(pooled.slice(at, at + 4), Float32Array.of(1, 0, 0, 0));
          }
        });
      }),
      { seed: 1, numRuns },
    );
  });
}

Deno.test("pools: a maximum lets NaN pass, wherever it is in its window", async () => {
  const [, , tilings] = TILINGS[4], [tiles] = fc.sample(tilings, { numRuns: 1 });
  const layer = {
    kind: "maxPool2d",
    name: "pool",
    image: [1, 12, 1],
    size: [1, 3],
    stride: [1, 3],
  } as const;
  const x = Float32Array.of(NaN, 1, 2, 1, NaN, 2, 1, 2, NaN, 1, 3, 2);
  await withScratch(gpu, async (scratch) => {
    const outputs = scratch.output(16);
    await scratch.run([
      poolForwardSource(layer, { replicas: 1, rows: 1 }, tiles, {
        inputs: scratch.put(packImages(x, layer.image, 12)),
        outputs: { matrix: outputs, vectors: 4 },
        hasOnes: false,
      }),
    ]);
    const actual = unpackImages(await scratch.floats(outputs), [1, 4, 1], 4, 1);
    assertEquals(actual, Float32Array.of(NaN, NaN, NaN, 3));
  });
});
