import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { activationGradientSource } from "../../../src/engine/kernels/dense/matmul_kernels.ts";
import { tiledActivationGradientSource } from "../../../src/engine/kernels/dense/tiled_kernels.ts";
import type { DenseSpec } from "../../../src/engine/layer_spec.ts";
import { packWeights, pitch } from "../../../src/engine/kernels/layout.ts";
import { paddedRows } from "../../../src/engine/kernels/tiles.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { backward, forward, type OracleLayer } from "../../reference/network.ts";
import { activations, batchSizes, replicaCounts, streams, TILINGS, widths } from "./arbitraries.ts";
import { openTestGpu, UNTOUCHED, withScratch } from "../gpu.ts";

const gpu = await openTestGpu();

const shapes = fc.record({
  inputs: widths,
  units: widths,
  below: activations,
  batch: batchSizes,
  replicas: replicaCounts,
  density: fc.constantFrom(1, 0.5, 0.05),
  stream: streams,
});

for (const [name, numRuns, tilings] of TILINGS) {
  Deno.test(`activation gradient: agrees with the oracle's backward, ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(shapes, tilings, async (shape, tiles) => {
        const { inputs, units, below, batch, replicas, density, stream } = shape;
        const layer: DenseSpec = { name: "layer", inputs, units, activation: null, useBias: true };
        const rows = paddedRows(batch, tiles), inPitch = pitch(inputs), outPitch = pitch(units);
        const deltas = new Float32Array(replicas * rows * outPitch);
        const weights = new Float32Array(replicas * inPitch * outPitch);
        const activated = new Float32Array(replicas * rows * inPitch);
        const guard = inPitch, expected = new Float64Array(replicas * rows * inPitch);
        for (let r = 0; r < replicas; r++) {
          const mask = new Float32Array(inputs * units).map(() =>
            stream.uniform() < density ? 1 : 0
          );
          const w = mask.map((m) => m * stream.normal() / Math.sqrt(units));
          const biases = new Float32Array(units).map(() => stream.normal());
          weights.set(packWeights(layer, w, biases, mask), r * inPitch * outPitch);
          // Below this layer: one whose pre-activations are its input, through a unit matrix.
          const unit = Float64Array.from(
            { length: inputs * inputs },
            (_, i) => i % (inputs + 1) === 0 ? 1 : 0,
          );
          const identity: OracleLayer = {
            inputs,
            units: inputs,
            activation: below ?? "none",
            weights: unit,
            biases: new Float64Array(inputs),
            mask: unit.map(() => 1),
            useBias: false,
          };
          const oracle: OracleLayer = {
            ...layer,
            activation: "none",
            weights: Float64Array.from(w),
            biases: Float64Array.from(biases),
            mask: Float64Array.from(mask),
          };
          const z = new Float64Array(batch * inputs).map(() => stream.normal());
          const gradient = new Float64Array(batch * units).map(() => Math.fround(stream.normal()));
          const values = forward([identity, oracle], z, batch);
          const [{ delta }] = backward([identity, oracle], z, batch, values, gradient);
          for (let b = 0; b < batch; b++) {
            deltas.set(gradient.subarray(b * units, (b + 1) * units), (r * rows + b) * outPitch);
            const at = (r * rows + b) * inPitch;
            activated.set(values.post[0].subarray(b * inputs, (b + 1) * inputs), at);
            activated.fill(0.5, at + inputs, at + inPitch); // whatever stands there, 0 comes out
            activated[at + inputs] = 1;
            expected.set(delta.subarray(b * inputs, (b + 1) * inputs), at);
          }
        }
        await withScratch(gpu, async (scratch) => {
          const { storage } = tiles;
          const source = tiles.groupRows > 0
            ? tiledActivationGradientSource
            : activationGradientSource;
          const output = scratch.outputMatrix(storage, inPitch / 4, replicas * rows + 1);
          await scratch.run([
            source(layer, below, { replicas, rows, limits: gpu.device.limits }, tiles, {
              deltas: scratch.matrix(storage, outPitch / 4, deltas),
              weights: scratch.matrix(storage, outPitch / 4, weights),
              activations: scratch.matrix(storage, inPitch / 4, activated),
              below: output,
            }),
          ]);
          const actual = await scratch.floats(output);
          assertAllClose(actual.subarray(0, expected.length), expected);
          const padding = actual.filter((_, i) => i < expected.length && i % inPitch >= inputs);
          assert(padding.every((value) => Object.is(value, 0)), "padding columns are exactly 0");
          assertEquals(
            actual.subarray(-guard).every((value) => value === UNTOUCHED),
            true,
            "guard",
          );
        });
      }),
      { seed: 1, numRuns },
    );
  });
}
