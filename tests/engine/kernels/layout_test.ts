import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Conv2dSpec, DenseSpec } from "../../../src/engine/layer_spec.ts";
import {
  activationVectors,
  layerMatrices,
  maskWords,
  matrixRows,
  matrixSize,
  packMask,
  packWeights,
  paddedInputs,
  pitch,
  unpackWeights,
} from "../../../src/engine/kernels/layout.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";

const layerOf = (inputs: number, units: number, useBias = true): DenseSpec => ({
  name: "layer",
  inputs,
  units,
  activation: null,
  useBias,
});

Deno.test("layerMatrices, activationVectors: channels are padded to whole vec4s", () => {
  const conv: Conv2dSpec = {
    kind: "conv2d",
    name: "conv",
    image: [4, 3, 1],
    kernel: [3, 2],
    stride: [1, 1],
    padding: "valid",
    filters: 5,
    activation: null,
    useBias: true,
  };
  // Outputs of (2, 2, 5): 20 values in 4 pixels of 8 columns.
  const layers = [conv, layerOf(20, 3), layerOf(3, 2)];
  assertEquals(activationVectors(layers), [12, pitch(32) / 4, 2, 2]);
  const above: Conv2dSpec = { ...conv, image: [2, 2, 5] };
  assertEquals(activationVectors([conv, above])[1], 8, "no constant 1");
  const [ofConv, ofDense, last] = layerMatrices(layers);
  assertEquals([ofConv, ofDense, last].map(({ channels }) => channels), [1, 5, undefined]);
  assertEquals([ofConv, ofDense, last].map(paddedInputs), [24, 32, 3]);
});

Deno.test("packWeights: the rows of a pixel's channels follow one another, then zeros", () => {
  const matrix = { inputs: 10, units: 1, useBias: true, channels: 5 };
  const weights = Float32Array.from({ length: 10 }, (_, k) => k + 1);
  const packed = packWeights(matrix, weights, Float32Array.of(20), null);
  const column = Array.from({ length: matrixRows(matrix) }, (_, k) => packed[8 * k]);
  assertEquals(column, [1, 2, 3, 4, 5, 0, 0, 0, 6, 7, 8, 9, 10, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(unpackWeights(matrix, packed), { weights, biases: Float32Array.of(20) });
  const mask = weights.map((w) => w % 2), bits = packMask(matrix, mask);
  assertEquals([...bits], column.map((w) => w === 20 ? 1 : w % 2));
});

Deno.test("pitch: the smallest multiple of 8 above", () => {
  assertEquals([1, 6, 7, 8, 9, 15, 16, 300, 784].map(pitch), [8, 8, 8, 16, 16, 16, 24, 304, 792]);
  assertEquals([8, 24, 32, 40, 64, 72].map(maskWords), [1, 1, 1, 2, 2, 3]);
});

Deno.test("packWeights and packMask: a 2 x 1 layer by hand", () => {
  const layer = layerOf(2, 1);
  assertEquals(matrixSize(layer), 64);
  const packed = packWeights(
    layer,
    Float32Array.of(5, 6),
    Float32Array.of(7),
    Float32Array.of(0, 1),
  );
  const expected = new Float32Array(64);
  expected[8] = 6; // row 1, column 0; the weight of row 0 is masked
  expected[16] = 7; // row 2 holds the biases
  assertEquals(packed, expected);
  assertEquals(packMask(layer, Float32Array.of(0, 1)), Uint32Array.of(0, 1, 1, 0, 0, 0, 0, 0));
  assertEquals(
    packMask({ ...layer, useBias: false }, Float32Array.of(0, 1)),
    Uint32Array.of(0, 1, 0, 0, 0, 0, 0, 0),
  );
});

const shapes = fc.record({
  inputs: fc.integer({ min: 1, max: 40 }),
  units: fc.integer({ min: 1, max: 70 }),
  useBias: fc.boolean(),
  seed: fc.nat(),
});

Deno.test("unpackWeights: gives back what packWeights was given, masked weights as 0", () => {
  fc.assert(
    fc.property(shapes, ({ inputs, units, useBias, seed }) => {
      const stream = new RandomStream(seedKey(seed)), layer = layerOf(inputs, units, useBias);
      const weights = new Float32Array(inputs * units).map(() => stream.normal());
      const mask = weights.map(() => stream.integerBelow(2));
      const biases = new Float32Array(units).map(() => stream.normal());
      const packed = packWeights(layer, weights, biases, mask);
      assertEquals(unpackWeights(layer, packed), {
        weights: weights.map((w, i) => mask[i] === 0 ? 0 : w),
        biases: useBias ? biases : new Float32Array(units),
      });
      const stored = packed.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
      const live = mask.reduce((a, b) => a + b, 0) + (useBias ? units : 0);
      assertEquals(stored, live, "everything else is padding, and 0");
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("packMask: bit n of row k is the mask of weight (k, n), and no other bit is set", () => {
  fc.assert(
    fc.property(shapes, ({ inputs, units, useBias, seed }) => {
      const stream = new RandomStream(seedKey(seed)), layer = layerOf(inputs, units, useBias);
      const mask = new Float32Array(inputs * units).map(() => stream.integerBelow(2));
      const packed = packMask(layer, mask), words = maskWords(pitch(units));
      assertEquals(packed.length, pitch(inputs) * words);
      for (let k = 0; k < pitch(inputs); k++) {
        for (let n = 0; n < 32 * words; n++) {
          const bit = packed[k * words + Math.floor(n / 32)] / 2 ** (n % 32) & 1;
          const live = n < units && (k < inputs ? mask[k * units + n] : useBias && k === inputs);
          if (bit !== Number(live)) throw new Error(`weight (${k}, ${n}): bit ${bit}`);
        }
      }
    }),
    { seed: 2, numRuns: 50 },
  );
});
