import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { forwardSource } from "../../../src/engine/kernels/dense/matmul_kernels.ts";
import { nonzeroSource, wordListWords } from "../../../src/engine/kernels/dense/weight_kernels.ts";
import {
  forwardInPartsSources,
  partialSumVectors,
} from "../../../src/engine/kernels/dense/parts_kernels.ts";
import { tiledForwardSource } from "../../../src/engine/kernels/dense/tiled_kernels.ts";
import type { DenseSpec } from "../../../src/engine/layer_spec.ts";
import { packWeights, pitch } from "../../../src/engine/kernels/layout.ts";
import type { RandomStream } from "../../../src/engine/random.ts";
import { paddedRows } from "../../../src/engine/kernels/tiles.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { forward } from "../../reference/network.ts";
import {
  activations,
  batchSizes,
  replicaCounts,
  streams,
  stretchesOfZeros,
  TILINGS,
  widths,
} from "./arbitraries.ts";
import { openTestGpu, UNTOUCHED, withScratch } from "../gpu.ts";

const gpu = await openTestGpu();

/** Weights of a size that keeps the layer's sums near 1, masked ones NaN: they must not matter. */
function randomLayer({ inputs, units }: DenseSpec, density: number, stream: RandomStream) {
  const mask = new Float32Array(inputs * units).map(() => stream.uniform() < density ? 1 : 0);
  return {
    mask,
    weights: mask.map((m) => m === 0 ? NaN : stream.normal() / Math.sqrt(inputs)),
    biases: new Float32Array(units).map(() => stream.normal()),
  };
}

const shapes = fc.record({
  inputs: widths,
  units: widths,
  batch: batchSizes,
  replicas: replicaCounts,
  activation: activations,
  useBias: fc.boolean(),
  isLast: fc.boolean(),
  parts: fc.constantFrom(1, 1, 2, 3, 8),
  density: fc.constantFrom(1, 0.5, 0.5, 0.1, 0),
  stream: streams,
});

for (const [name, numRuns, tilings] of TILINGS) {
  Deno.test(`forward: activation(inputs · weights + biases), ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(shapes, tilings, async (shape, tiles) => {
        const { batch, replicas, isLast, parts, density, stream } = shape;
        const layer: DenseSpec = { name: "layer", ...shape };
        const rows = paddedRows(batch, tiles);
        const inPitch = pitch(layer.inputs), outPitch = pitch(layer.units);
        const inputs = new Float32Array(replicas * rows * inPitch);
        const weights = new Float32Array(replicas * inPitch * outPitch);
        const guard = outPitch;
        const expected = new Float64Array(replicas * batch * layer.units);
        for (let r = 0; r < replicas; r++) {
          const parameters = randomLayer(layer, density, stream);
          const { weights: w, biases, mask } = parameters;
          weights.set(packWeights(layer, w, biases, mask), r * inPitch * outPitch);
          const x = stretchesOfZeros(stream, batch * layer.inputs);
          for (let b = 0; b < batch; b++) {
            const at = (r * rows + b) * inPitch;
            inputs.set(x.subarray(b * layer.inputs, (b + 1) * layer.inputs), at);
            inputs[at + layer.inputs] = 1;
          }
          const { post } = forward(
            [{
              ...layer,
              activation: layer.activation ?? "none",
              weights: Float64Array.from(w, (value) => Number.isNaN(value) ? 0 : value),
              biases: Float64Array.from(biases),
              mask: Float64Array.from(mask),
            }],
            Float64Array.from(x),
            batch,
          );
          expected.set(post[0], r * batch * layer.units);
        }
        await withScratch(gpu, async (scratch) => {
          const { storage } = tiles;
          const outputs = scratch.outputMatrix(storage, outPitch / 4, replicas * rows + 1);
          const from = scratch.matrix(storage, inPitch / 4, inputs);
          const sizes = { replicas, rows, limits: gpu.device.limits };
          const listed = tiles.skipsZeros ? replicas * wordListWords(layer, rows, tiles) : 0;
          const lists = listed > 0 ? scratch.output(listed) : null;
          const operands = {
            inputs: from,
            weights: scratch.matrix(storage, outPitch / 4, weights),
            outputs,
          };
          await scratch.run([
            ...(lists
              ? [
                nonzeroSource(layer, sizes, tiles, {
                  inputs: from,
                  wordLists: lists,
                  rowLists: null,
                }),
              ]
              : []),
            ...(parts > 1
              ? forwardInPartsSources(layer, isLast, sizes, tiles, parts, {
                ...operands,
                sums: scratch.outputMatrix(
                  "buffers",
                  partialSumVectors(layer, parts),
                  replicas * rows,
                ),
              })
              : tiles.groupRows > 0 && !lists
              ? [tiledForwardSource(layer, isLast, sizes, tiles, operands)]
              : [forwardSource(layer, isLast, sizes, tiles, { ...operands, lists })]),
          ]);
          const actual = await scratch.floats(outputs);
          assertEquals(
            actual.subarray(-guard).every((value) => value === UNTOUCHED),
            true,
            "guard",
          );
          const rest = new Float32Array(outPitch - layer.units);
          if (!isLast) rest[0] = 1;
          for (let r = 0; r < replicas; r++) {
            for (let b = 0; b < rows; b++) {
              const row = actual.subarray((r * rows + b) * outPitch, (r * rows + b + 1) * outPitch);
              assertEquals(row.slice(layer.units), rest, `replica ${r}, row ${b}: columns beyond`);
              if (b >= batch) continue;
              assertAllClose(
                row.subarray(0, layer.units),
                expected.subarray((r * batch + b) * layer.units).subarray(0, layer.units),
                { what: `replica ${r}, row ${b}` },
              );
            }
          }
        });
      }),
      { seed: 1, numRuns },
    );
  });
}

Deno.test("forward: activations far from 0 saturate, and relu lets NaN pass", async () => {
  const values = [-1e30, -1000, -20, -1e-6, 0, 1e-6, 20, 1000, 1e30, NaN];
  const [, , tilings] = TILINGS[0];
  const [tiles] = fc.sample(tilings, { seed: 1, numRuns: 1 });
  const rows = paddedRows(values.length, tiles);
  const inputs = new Float32Array(rows * 8), weights = new Float32Array(64);
  values.forEach((value, b) => inputs.set([value, 1], 8 * b));
  weights[0] = 1;
  for (const activation of ["relu", "tanh", "sigmoid", null] as const) {
    const layer: DenseSpec = { name: "layer", inputs: 1, units: 1, activation, useBias: true };
    await withScratch(gpu, async (scratch) => {
      const outputs = scratch.output(rows * 8);
      const sizes = { replicas: 1, rows };
      const buffers = { inputs: scratch.put(inputs), weights: scratch.put(weights), outputs };
      await scratch.run([forwardSource(layer, false, sizes, tiles, buffers)]);
      const floats = await scratch.floats(outputs);
      const actual = values.map((_, b) => floats[8 * b]);
      const expected = {
        relu: (z: number) => Math.max(0, z),
        tanh: Math.tanh,
        sigmoid: (z: number) => 1 / (1 + Math.exp(-z)),
        none: (z: number) => z,
      }[activation ?? "none"];
      assertAllClose(actual.slice(0, -1), values.slice(0, -1).map(expected), {
        what: String(activation),
      });
      if (activation === "relu") assertEquals(actual.at(-1), NaN);
    });
  }
});
