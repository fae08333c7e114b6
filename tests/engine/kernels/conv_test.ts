import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  convActivationGradientSource,
  convForwardSource,
} from "../../../src/engine/kernels/images/conv_kernels.ts";
import {
  convUpdateSources,
  gradientSlices,
  partialBytes,
} from "../../../src/engine/kernels/images/conv_update_kernels.ts";
import {
  imageVectors,
  layerMatrices,
  maskWords,
  matrixRows,
  matrixSize,
  packMask,
  packWeights,
  pitch,
  unpackWeights,
} from "../../../src/engine/kernels/layout.ts";
import { paddedRows } from "../../../src/engine/kernels/tiles.ts";
import {
  type Conv2dSpec,
  inputSize,
  type LayerImage,
  outputShape,
} from "../../../src/engine/layer_spec.ts";
import {
  adamSpec,
  decayOf,
  type OptimizerSpec,
  optimizerSpec,
  stateCount,
  stepSize,
} from "../../../src/engine/optimizers.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { backward, forward, type OracleLayer } from "../../reference/network.ts";
import { imageBackward } from "../../reference/images.ts";
import { oracleOptimizer } from "../../reference/optimizers.ts";
import { clockWords, fitting, openTestGpu, UNTOUCHED, withScratch } from "../gpu.ts";
import { activations, streams, stretchesOfZeros, TILINGS } from "./arbitraries.ts";
import {
  convolutions,
  drawParameters,
  oracleConv,
  packImages,
  unpackImages,
} from "./image_case.ts";

const gpu = await openTestGpu();

const shapes = fc.record({
  layer: convolutions,
  batch: fc.integer({ min: 1, max: 9 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  density: fc.constantFrom(1, 0.5, 0.1),
  hasOnes: fc.boolean(),
  below: activations,
  stream: streams,
});

/** The sizes of a layer's images as kernels see them. */
function sizesOf(layer: Conv2dSpec, hasOnes = false) {
  const [matrix] = layerMatrices([layer]);
  const output = outputShape(layer) as unknown as LayerImage;
  const outVectors = imageVectors(output);
  return {
    matrix,
    output,
    inVectors: imageVectors(layer.image),
    outVectors: hasOnes ? pitch(4 * outVectors) / 4 : outVectors,
    columns: pitch(layer.filters) / 4,
  };
}

const joined = (arrays: Float32Array[]) => Float32Array.from(arrays.flatMap((a) => [...a]));

/** Rows of each replica's batch, those after the batch filled with what must not matter. */
function padRows(rows: Float32Array, count: number, batch: number, fill = 0) {
  const padded = new Float32Array(rows.length / batch * count).fill(fill);
  padded.set(rows);
  return padded;
}

for (const [name, numRuns, tilings] of TILINGS) {
  Deno.test(`convolution: outputs agree with the oracle, ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(shapes, tilings, async (shape, tiles) => {
        const { layer, batch, replicas, density, hasOnes, stream } = shape;
        const rows = paddedRows(batch, tiles), { storage } = tiles;
        const { matrix, output, inVectors, outVectors, columns } = sizesOf(layer, hasOnes);
        const cases = Array.from({ length: replicas }, () => {
          const parameters = drawParameters(layer, density, stream);
          const x = stretchesOfZeros(stream, batch * inputSize(layer));
          const { post } = forward([oracleConv(layer, parameters)], Float64Array.from(x), batch);
          return { parameters, x, expected: post[0] };
        });
        await withScratch(gpu, async (scratch) => {
          const outputs = scratch.outputMatrix(storage, outVectors, replicas * rows + 1);
          await scratch.run([
            convForwardSource(layer, { replicas, rows }, tiles, {
              inputs: scratch.matrix(
                storage,
                inVectors,
                joined(
                  cases.map(({ x }) =>
                    padRows(packImages(x, layer.image, inVectors), rows, batch, 7)
                  ),
                ),
              ),
              weights: scratch.matrix(
                storage,
                columns,
                joined(
                  cases.map(({ parameters: { weights, biases, mask } }) =>
                    packWeights(matrix, weights, biases, mask)
                  ),
                ),
              ),
              outputs: { matrix: outputs, vectors: outVectors },
              hasOnes,
            }),
          ]);
          const actual = await scratch.floats(outputs);
          assert(actual.subarray(-4 * outVectors).every((value) => value === UNTOUCHED), "guard");
          cases.forEach(({ expected }, r) => {
            const start = r * rows * 4 * outVectors, what = `replica ${r}`;
            const own = actual.subarray(start, start + batch * 4 * outVectors);
            const images = unpackImages(own, output, outVectors, batch);
            assertAllClose(images, expected, { what });
            const again = packImages(images, output, outVectors);
            const end = 4 * imageVectors(output);
            for (let b = 0; b < batch; b++) {
              const row = own.slice(b * 4 * outVectors, (b + 1) * 4 * outVectors);
              const packed = again.slice(b * 4 * outVectors, (b + 1) * 4 * outVectors);
              assertEquals(row.slice(0, end), packed.slice(0, end), `${what}: padding is 0`);
              if (hasOnes) assertEquals(row.slice(end, end + 4), Float32Array.of(1, 0, 0, 0));
            }
          });
        });
      }),
      { seed: 1, numRuns },
    );
  });

  Deno.test(`convolution: gradients by inputs agree with the oracle, ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(shapes, tilings, async (shape, tiles) => {
        const { layer, batch, replicas, density, hasOnes, below, stream } = shape;
        const rows = paddedRows(batch, tiles), { storage } = tiles, inputs = inputSize(layer);
        const { matrix, output, inVectors, outVectors, columns } = sizesOf(layer, hasOnes);
        const ones = new Float64Array(inputs * inputs).map((_, i) => i % (inputs + 1) ? 0 : 1);
        const identity: OracleLayer = {
          inputs,
          units: inputs,
          activation: below ?? "none",
          weights: ones,
          biases: new Float64Array(inputs),
          mask: ones.map(() => 1),
          useBias: false,
        };
        const cases = Array.from({ length: replicas }, () => {
          const parameters = drawParameters(layer, density, stream);
          const network = [identity, {
            ...oracleConv(layer, parameters),
            activation: "none" as const,
          }];
          const z = new Float64Array(batch * inputs).map(() => stream.normal());
          const size = output.reduce((a, b) => a * b);
          const deltas = new Float64Array(batch * size).map(() => Math.fround(stream.normal()));
          const values = forward(network, z, batch);
          const [{ delta }] = backward(network, z, batch, values, deltas);
          return { parameters, deltas, activations: values.post[0], expected: delta };
        });
        await withScratch(gpu, async (scratch) => {
          const result = scratch.outputMatrix(storage, inVectors, replicas * rows + 1);
          await scratch.run([
            convActivationGradientSource(layer, below, { replicas, rows }, tiles, {
              deltas: {
                matrix: scratch.matrix(
                  storage,
                  outVectors,
                  joined(
                    cases.map(({ deltas }) =>
                      padRows(packImages(deltas, output, outVectors), rows, batch)
                    ),
                  ),
                ),
                vectors: outVectors,
              },
              weights: scratch.matrix(
                storage,
                columns,
                joined(
                  cases.map(({ parameters: { weights, biases, mask } }) =>
                    packWeights(matrix, weights, biases, mask)
                  ),
                ),
              ),
              activations: scratch.matrix(
                storage,
                inVectors,
                joined(
                  cases.map(({ activations }) =>
                    padRows(packImages(activations, layer.image, inVectors), rows, batch)
                  ),
                ),
              ),
              below: result,
            }),
          ]);
          const actual = await scratch.floats(result);
          assert(actual.subarray(-4 * inVectors).every((value) => value === UNTOUCHED), "guard");
          cases.forEach(({ expected }, r) => {
            const own = actual.subarray(r * rows * 4 * inVectors, (r + 1) * rows * 4 * inVectors);
            const images = unpackImages(own, layer.image, inVectors, batch);
            assertAllClose(images, expected, { what: `replica ${r}` });
            const packed = padRows(packImages(images, layer.image, inVectors), rows, batch);
            assertEquals(
              own.map((value) => value + 0),
              packed.map((value) => value + 0),
              "padding",
            );
          });
        });
      }),
      { seed: 2, numRuns },
    );
  });
}

const OPTIMIZERS: OptimizerSpec[] = [
  { kind: "sgd", learningRate: 0.1, weightDecay: 0.2 },
  { kind: "momentum", learningRate: 0.05, momentum: 0.8 },
  { kind: "nesterov", learningRate: 0.05, momentum: 0.8, weightDecay: 0.2 },
  adamSpec(1.2e-3),
  optimizerSpec("adamw", 0.05, { weightDecay: 0.2 }),
];

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
