/**
 * The plain masked matmul against the oracle; forward_test.ts holds the tuned one against the same.
 */

import fc from "fast-check";
import { plainForwardSource } from "../../../src/engine/kernels/dense/plain_kernels.ts";
import type { DenseSpec } from "../../../src/engine/layer_spec.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { forward } from "../../reference/network.ts";
import { openTestGpu, UNTOUCHED, withScratch } from "../gpu.ts";
import { activations, batchSizes, replicaCounts, streams, widths } from "./arbitraries.ts";

const gpu = await openTestGpu();

const shapes = fc.record({
  inputs: widths,
  units: widths,
  batch: batchSizes,
  replicas: replicaCounts,
  activation: activations,
  density: fc.constantFrom(1, 0.5, 0.1, 0),
  stream: streams,
});

Deno.test("plain forward: activation(inputs · (weights ⊙ mask) + biases)", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async ({ batch, replicas, density, stream, ...shape }) => {
      const layer: DenseSpec = { name: "layer", useBias: true, ...shape };
      const { inputs, units } = layer;
      const draw = (size: number, scale: number) =>
        new Float32Array(size).map(() => scale * stream.normal());
      const x = draw(replicas * batch * inputs, 1), biases = draw(replicas * units, 1);
      const weights = draw(replicas * inputs * units, 1 / Math.sqrt(inputs));
      const mask = weights.map(() => stream.uniform() < density ? 1 : 0);
      const part = (data: Float32Array, r: number) => {
        const size = data.length / replicas;
        return Float64Array.from(data.subarray(r * size, (r + 1) * size));
      };
      const expected = Array.from({ length: replicas }, (_, r) => {
        const [w, m] = [part(weights, r), part(mask, r)];
        const parameters = { weights: w.map((v, i) => v * m[i]), biases: part(biases, r), mask: m };
        const activation = layer.activation ?? "none";
        return [...forward([{ ...layer, activation, ...parameters }], part(x, r), batch).post[0]];
      });
      await withScratch(gpu, async (scratch) => {
        const outputs = scratch.output(replicas * batch * units + 1);
        await scratch.run([
          plainForwardSource(layer, { rows: batch, replicas }, {
            inputs: scratch.put(x),
            weights: scratch.put(weights),
            mask: scratch.put(mask),
            biases: scratch.put(biases),
            outputs,
          }),
        ]);
        const all = Float64Array.from([...expected.flat(), UNTOUCHED]);
        assertAllClose(await scratch.floats(outputs), all, { what: "outputs" });
      });
    }),
    { seed: 1, numRuns: 15 },
  );
});
