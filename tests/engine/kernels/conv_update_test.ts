import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  convUpdateSources,
  gradientSlices,
  partialBytes,
} from "../../../src/engine/kernels/images/conv_update_kernels.ts";
import {
  maskWords,
  matrixRows,
  matrixSize,
  packMask,
  packWeights,
  unpackWeights,
} from "../../../src/engine/kernels/layout.ts";
import { paddedRows } from "../../../src/engine/kernels/tiles.ts";
import { type Conv2dSpec, inputSize } from "../../../src/engine/layer_spec.ts";
import { decayOf, stateCount, stepSize } from "../../../src/engine/optimizers.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { imageBackward } from "../../reference/images.ts";
import { oracleOptimizer } from "../../reference/optimizers.ts";
import { clockWords, fitting, openTestGpu, UNTOUCHED, withScratch } from "../gpu.ts";
import { OPTIMIZERS, stretchesOfZeros, TILINGS } from "./arbitraries.ts";
import { drawParameters, oracleConv, packImages } from "./image_case.ts";
import { joined, padRows, shapes, sizesOf } from "./conv_case.ts";

const gpu = await openTestGpu();

for (const spec of OPTIMIZERS) {
  for (const [name, runs, tilings] of TILINGS) {
    const numRuns = Math.ceil(runs / (spec.kind === "sgd" ? 1 : 3));
    Deno.test(`convolution: two steps of ${spec.kind} agree with the oracle, ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(shapes, tilings, async (shape, drawn) => {
          const { layer, batch, replicas, density, hasOnes, stream } = shape;
          const tiles = fitting(gpu, drawn), rows = paddedRows(batch, tiles), { storage } = tiles;
          const { matrix, output, inVectors, outVectors, columns } = sizesOf(layer, hasOnes);
          const outputs = output.reduce((a, b) => a * b), size = matrixSize(matrix);
          const rates = Array.from({ length: replicas }, (_, r) => spec.learningRate / (r + 1));
          const cases = rates.map((rate) => {
            const { mask, biases } = drawParameters(layer, density, stream);
            const weights = mask.map(() => stream.normal());
            const network = oracleConv(layer, { mask, biases, weights });
            const optimizer = oracleOptimizer(spec, rate);
            const states = [weights, biases].map(({ length }) => optimizer.start(length));
            // Weights under the mask stay as they are.
            const start = packWeights(matrix, weights, biases, null);
            return { mask, weights, network, optimizer, states, start };
          });
          await withScratch(gpu, async (scratch) => {
            const guard = new Float32Array(4 * columns).fill(UNTOUCHED);
            const first = scratch.matrix(
              storage,
              columns,
              joined([...cases.map(({ start }) => start), guard]),
            );
            const second = storage === "buffers" ? first : scratch.matrix(
              storage,
              columns,
              joined([...cases.map(({ start }) => start), guard]),
            );
            const state = Array.from(
              { length: stateCount(spec) },
              () => scratch.put(new Float32Array(replicas * size)),
            );
            const partials = scratch.output(replicas * partialBytes(layer, batch) / 4);
            const sides = [first, second];
            for (const step of [1, 2]) {
              const batches = cases.map(({ network, optimizer, states, mask }) => {
                const x = stretchesOfZeros(stream, batch * inputSize(layer));
                const deltas = new Float32Array(batch * outputs)
                  .map(() => stream.normal() / batch / Math.sqrt(outputs));
                const gradient = imageBackward(
                  network,
                  Float64Array.from(x),
                  batch,
                  Float64Array.from(deltas),
                );
                optimizer.update(
                  states[0],
                  network.weights,
                  gradient.weights,
                  Float64Array.from(mask),
                );
                if (layer.useBias) optimizer.update(states[1], network.biases, gradient.biases);
                return {
                  x: padRows(packImages(x, layer.image, inVectors), rows, batch),
                  deltas: padRows(packImages(deltas, output, outVectors), rows, batch),
                };
              });
              const stepSizes = rates.map((rate) => stepSize(spec, rate, step));
              const decays = rates.map((rate) => decayOf(spec, rate, spec.weightDecay ?? 0));
              const sizes = { replicas, rows, batchSize: batch };
              await scratch.run(
                convUpdateSources(layer, spec, sizes, tiles, {
                  partials,
                  inputs: scratch.matrix(storage, inVectors, joined(batches.map(({ x }) => x))),
                  deltas: {
                    matrix: scratch.matrix(
                      storage,
                      outVectors,
                      joined(batches.map(({ deltas }) => deltas)),
                    ),
                    vectors: outVectors,
                  },
                  mask: scratch.matrix(
                    storage,
                    maskWords(4 * columns),
                    Uint32Array.from(cases.flatMap(({ mask }) => [...packMask(matrix, mask)])),
                    "u8",
                  ),
                  weights: sides[(step + 1) % 2],
                  updated: sides[step % 2],
                  clocks: scratch.put(clockWords(rates.map(() => step), stepSizes, decays)),
                  state,
                }),
              );
            }
            for (const [m, buffer] of [sides[0], ...state].entries()) {
              const all = await scratch.floats(buffer);
              if (m === 0) {
                const rest = all.subarray(replicas * matrixRows(matrix) * 4 * columns);
                assert(rest.every((value) => value === UNTOUCHED), "guard");
              }
              cases.forEach(({ mask, weights, network, states, start }, r) => {
                const packed = all.subarray(r * size, (r + 1) * size);
                const actual = unpackWeights(matrix, packed);
                const [ofWeights, ofBiases] = m === 0
                  ? [network.weights, network.biases]
                  : states.map(({ slots }) => slots[m - 1]);
                const what = `replica ${r}, ${["weights", "first state", "second state"][m]}`;
                const atol = m === 2 ? 1e-7 : 1e-5;
                const kept = ofWeights.map((value, i) =>
                  mask[i] === 0 ? (m === 0 ? weights[i] : 0) : value
                );
                assertAllClose(actual.weights, kept, { what, atol });
                if (layer.useBias) assertAllClose(actual.biases, ofBiases, { what, atol });
                const live = packWeights(
                  matrix,
                  mask,
                  new Float32Array(layer.filters).fill(1),
                  mask,
                );
                const isKept = packed.every((value, i) =>
                  live[i] !== 0 || Object.is(value, m === 0 ? start[i] : 0)
                );
                assert(isKept, `${what}: masked are exactly what they were`);
              });
            }
          });
        }),
        { seed: 3, numRuns },
      );
    });
  }
}

Deno.test("slices of a gradient have each example once, and are few where there are many weights", () => {
  const image = [8, 8, 1] as const, kernel = [5, 5] as const, stride = [1, 1] as const;
  const conv = (channels: number, filters: number): Conv2dSpec => ({
    ...{ kind: "conv2d", name: "conv", kernel, stride, padding: "valid", filters },
    ...{ image: [image[0], image[1], channels], activation: "relu", useBias: true },
  });
  for (const batchSize of [1, 2, 7, 59, 60, 61, 1000, 65536]) {
    // 26 and 126 vec4s of rows, 5 and 13 of columns: those of LeNet-5; then 801 × 50.
    for (const [channels, filters, cells] of [[1, 20, 130], [20, 50, 1638], [128, 200, 40050]]) {
      const { slices, examples } = gradientSlices(conv(channels, filters), batchSize);
      assert((slices - 1) * examples < batchSize && slices * examples >= batchSize);
      // Of loops of 26 steps for each example, no more than llvmpipe ends: 65,535 steps.
      assert(examples <= 2520);
      assert(slices === 1 || slices * cells <= 16384 || examples === 2520);
      assertEquals(partialBytes(conv(channels, filters), batchSize), 64 * slices * cells);
    }
  }
  assertEquals(gradientSlices(conv(1, 20), 60), { slices: 60, examples: 1 });
  assertEquals(gradientSlices(conv(20, 50), 60), { slices: 10, examples: 6 });
});
