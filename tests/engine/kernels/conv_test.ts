import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  convActivationGradientSource,
  convForwardSource,
} from "../../../src/engine/kernels/images/conv_kernels.ts";
import { imageVectors, packWeights } from "../../../src/engine/kernels/layout.ts";
import { paddedRows } from "../../../src/engine/kernels/tiles.ts";
import { inputSize } from "../../../src/engine/layer_spec.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { backward, forward, type OracleLayer } from "../../reference/network.ts";
import { openTestGpu, UNTOUCHED, withScratch } from "../gpu.ts";
import { stretchesOfZeros, TILINGS } from "./arbitraries.ts";
import { drawParameters, oracleConv, packImages, unpackImages } from "./image_case.ts";
import { joined, padRows, shapes, sizesOf } from "./conv_case.ts";

const gpu = await openTestGpu();

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
