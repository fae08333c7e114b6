/**
 * Each kernel of a sparse network against the oracle; program_test.ts does the same with whole
 * iterations.
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { sparseHeadSource } from "../../../../src/engine/kernels/sparse/sparse_head_kernel.ts";
import {
  sparseBackwardSource,
  sparseForwardSource,
  sparseUpdateSource,
} from "../../../../src/engine/kernels/sparse/sparse_kernels.ts";
import { featureRows } from "../../../../src/engine/kernels/sparse/feature_maps.ts";
import {
  groupsOf,
  type SparseLayout,
  unpackSparse,
} from "../../../../src/engine/kernels/sparse/sparse_layout.ts";
import { columnsFor } from "../../../../src/engine/kernels/sparse/sparse_row_kernels.ts";
import {
  adamSpec,
  type OptimizerSpec,
  stateCount,
  stepSize,
} from "../../../../src/engine/optimizers.ts";
import { assertAllClose } from "../../../reference/allclose.ts";
import { forward, softmaxCrossEntropy } from "../../../reference/network.ts";
import { oracleOptimizer } from "../../../reference/optimizers.ts";
import { clockWords, openTestGpu, readClocks, withScratch } from "../../gpu.ts";
import {
  examplesOf,
  featureMatrix,
  type Layer,
  listsOf,
  normal,
  randomLayer,
  shapes,
} from "./sparse_case.ts";

const gpu = await openTestGpu();
const TILES = gpu.tuned;
const NO_LABEL = 0xffffffff;

Deno.test("sparse forward: activation(inputs · live weights + biases)", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async ({ inputs, units, batch, storage, activation, ...how }) => {
      const layer = randomLayer("layer", [inputs, units], activation, how);
      const { replicas, stream } = how, shape = columnsFor(batch);
      const x = normal(stream, batch * inputs, replicas);
      await withScratch(gpu, async (scratch) => {
        const lists = listsOf(scratch, storage, [layer]);
        const rows = replicas * shape.tiles * featureRows(units);
        const outputs = scratch.outputMatrix(storage, shape.columns, rows);
        const from = scratch.matrix(storage, shape.columns, featureMatrix(x, inputs, shape));
        await scratch.run([
          sparseForwardSource(0, shape, TILES, lists, { inputs: from, outputs }),
        ]);
        const all = await scratch.floats(outputs);
        for (let r = 0; r < replicas; r++) {
          const oracle = {
            ...layer.spec,
            activation: activation ?? "none" as const,
            weights: Float64Array.from(layer.weights[r]),
            biases: Float64Array.from(layer.biases[r]),
            mask: Float64Array.from(layer.masks[r]),
          };
          const { post } = forward([oracle], Float64Array.from(x[r]), batch);
          assertAllClose(examplesOf(all, r, batch, units, shape), post[0], {
            what: `replica ${r}`,
          });
        }
      });
    }),
    { seed: 1, numRuns: 12 },
  );
});

/** By an activation's output. */
const DERIVATIVES: Record<string, (a: number) => number> = {
  none: () => 1,
  relu: (a) => a > 0 ? 1 : 0,
  tanh: (a) => 1 - a * a,
  sigmoid: (a) => a * (1 - a),
};

Deno.test("sparse backward: (deltas · live weightsᵀ) ⊙ activation'", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async ({ inputs, units, batch, storage, activation, ...how }) => {
      const { replicas, stream } = how, shape = columnsFor(batch);
      // The kernel works on the second layer; its inputs are outputs of the first one.
      const below = randomLayer("layer0", [3, inputs], activation, { ...how, density: 1 });
      const layer = randomLayer("layer1", [inputs, units], null, how);
      const deltas = normal(stream, batch * units, replicas);
      const a = normal(stream, batch * inputs, replicas).map((values) => values.map(Math.tanh));
      await withScratch(gpu, async (scratch) => {
        const lists = listsOf(scratch, storage, [below, layer]);
        const matrix = (x: Float32Array[], width: number) =>
          scratch.matrix(storage, shape.columns, featureMatrix(x, width, shape));
        const rows = replicas * shape.tiles * featureRows(inputs);
        // Units that feed nothing are not written: their gradient is 0 from the beginning.
        const zeros = new Float32Array(4 * shape.columns * rows);
        const out = scratch.matrix(storage, shape.columns, zeros);
        await scratch.run([
          sparseBackwardSource(1, shape, TILES, lists, {
            deltas: matrix(deltas, units),
            activations: matrix(a, inputs),
            below: out,
          }),
        ]);
        const all = await scratch.floats(out);
        for (let r = 0; r < replicas; r++) {
          const expected = Float64Array.from({ length: batch * inputs }, (_, i) => {
            const b = Math.floor(i / inputs), k = i % inputs;
            let sum = 0;
            for (let u = 0; u < units; u++) {
              sum += deltas[r][b * units + u] * layer.weights[r][k * units + u];
            }
            return sum * DERIVATIVES[activation ?? "none"](a[r][i]);
          });
          assertAllClose(examplesOf(all, r, batch, inputs, shape), expected, {
            what: `replica ${r}`,
          });
        }
      });
    }),
    { seed: 1, numRuns: 12 },
  );
});

const OPTIMIZERS: OptimizerSpec[] = [
  { kind: "sgd", learningRate: 0.1 },
  { kind: "momentum", learningRate: 0.05, momentum: 0.8 },
  { kind: "nesterov", learningRate: 0.05, momentum: 0.8 },
  adamSpec(1.2e-3),
];

for (const spec of OPTIMIZERS) {
  Deno.test(`sparse update: two steps of ${spec.kind} on live weights`, async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ inputs, units, batch, storage, ...how }) => {
        const { replicas, stream } = how, shape = columnsFor(batch);
        const layer = randomLayer("layer", [inputs, units], null, how);
        const rates = layer.masks.map((_, r) => spec.learningRate / (r + 1));
        const expected = layer.masks.map((mask, r) => ({
          optimizer: oracleOptimizer(spec, rates[r]),
          mask: Float64Array.from(mask),
          weights: Float64Array.from(layer.weights[r]),
          biases: Float64Array.from(layer.biases[r]),
          states: [inputs * units, units].map((size) =>
            oracleOptimizer(spec, rates[r]).start(size)
          ),
        }));
        await withScratch(gpu, async (scratch) => {
          const lists = listsOf(scratch, storage, [layer]), { layout } = lists;
          const updated = scratch.put(lists.slots.slice(0, 4 * layout.groups));
          const state = Array.from(
            { length: stateCount(spec) },
            () => scratch.put(new Float32Array(4 * layout.groups)),
          );
          const clocks = scratch.put(clockWords(rates.map(() => 0)));
          const [first, end] = groupsOf(layout, 0, 0);
          for (const step of [1, 2]) {
            const x = normal(stream, batch * inputs, replicas);
            const deltas = normal(stream, batch * units, replicas)
              .map((values) => values.map((value) => value / batch));
            scratch.write(
              clocks,
              clockWords(rates.map(() => step), rates.map((rate) => stepSize(spec, rate, step))),
            );
            const group = {
              layers: [0],
              groups: end - first,
              range: scratch.uniforms([first, end, shape.columns, 0]),
            };
            const matrix = (values: Float32Array[], width: number, ones: number) =>
              scratch.matrix(storage, shape.columns, featureMatrix(values, width, shape, ones));
            await scratch.run([
              sparseUpdateSource(spec, shape, TILES, lists, group, {
                activations: [matrix(x, inputs, 1)],
                deltas: [matrix(deltas, units, 0)],
                ...{ updated, clocks, state },
              }),
            ]);
            expected.forEach(({ optimizer, states, weights, biases, mask }, r) => {
              const byWeights = new Float64Array(inputs * units),
                byBiases = new Float64Array(units);
              for (let b = 0; b < batch; b++) {
                for (let u = 0; u < units; u++) {
                  const d = deltas[r][b * units + u];
                  byBiases[u] += d;
                  for (let k = 0; k < inputs; k++) {
                    byWeights[k * units + u] += x[r][b * inputs + k] * d;
                  }
                }
              }
              optimizer.update(states[0], weights, byWeights, mask);
              optimizer.update(states[1], biases, byBiases);
            });
          }
          assertWeights(await scratch.floats(updated), layout, layer, expected);
          // The copy that the other kernels read.
          assertWeights(await scratch.floats(lists.values), layout, layer, expected);
        });
      }),
      { seed: 1, numRuns: 12 },
    );
  });
}

function assertWeights(
  slots: Float32Array,
  layout: SparseLayout,
  { spec: { inputs, units } }: Layer,
  expected: { weights: Float64Array; biases: Float64Array; mask: Float64Array }[],
): void {
  expected.forEach(({ weights, biases, mask }, r) => {
    const actual = { weights: new Float32Array(inputs * units), biases: new Float32Array(units) };
    unpackSparse(layout, 0, r, slots, actual);
    // Those without a slot stay 0, as their mask has them.
    assertAllClose(actual.weights, weights.map((w, i) => w * mask[i]), { what: `weights ${r}` });
    assertAllClose(actual.biases, biases, { what: `biases ${r}` });
  });
}

Deno.test("sparse head: logits, loss, correct predictions and gradient, fused or not", async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      fc.integer({ min: 1, max: 40 }),
      async ({ inputs, batch, storage, ...how }, classes) => {
        const { replicas, stream } = how, shape = columnsFor(batch);
        const layer = randomLayer("layer", [inputs, classes], null, how);
        const x = normal(stream, batch * inputs, replicas);
        const labels = x.map(() =>
          Array.from({ length: batch }, () => stream.integerBelow(classes))
        );
        const isFused = classes <= 32;
        await withScratch(gpu, async (scratch) => {
          const lists = listsOf(scratch, storage, [layer]);
          const logits = x.map((values, r) => {
            const oracle = {
              ...layer.spec,
              activation: "none" as const,
              weights: Float64Array.from(layer.weights[r]),
              biases: Float64Array.from(layer.biases[r]),
              mask: Float64Array.from(layer.masks[r]),
            };
            return forward([oracle], Float64Array.from(values), batch).post[0];
          });
          const padded = 4 * shape.columns * shape.tiles;
          const rows = replicas * shape.tiles * featureRows(classes);
          const deltas = scratch.outputMatrix(storage, shape.columns, rows);
          const metrics = scratch.put(new Float32Array(2 * replicas * 4).fill(0.25));
          const clocks = scratch.put(clockWords(x.map(() => 6)));
          await scratch.run([
            sparseHeadSource({ batchSize: batch, trainCount: batch }, shape, lists, {
              inputs: isFused
                ? scratch.matrix(storage, shape.columns, featureMatrix(x, inputs, shape))
                : scratch.matrix(
                  storage,
                  shape.columns,
                  featureMatrix(logits.map((z) => Float32Array.from(z)), classes, shape),
                ),
              labels: scratch.put(
                Uint32Array.from(
                  { length: replicas * padded },
                  (_, i) => labels[Math.floor(i / padded)][i % padded] ?? NO_LABEL,
                ),
              ),
              ...{ deltas, metrics, clocks, below: null, burst: scratch.uniforms([5]) },
            }),
          ]);
          const all = await scratch.floats(deltas), measured = await scratch.floats(metrics);
          assertEquals(
            readClocks(await scratch.words(clocks)),
            x.map(() => ({ done: 7, rate: 0.25, decay: 0.25 })),
          );
          logits.forEach((z, r) => {
            const ofReplica = Uint32Array.from(labels[r]);
            const expected = softmaxCrossEntropy(z, ofReplica, batch, classes);
            assertAllClose(examplesOf(all, r, batch, classes, shape), expected.gradient, {
              what: `gradient of replica ${r}`,
            });
            const at = 2 * (replicas + r);
            assertAllClose(measured.subarray(at, at + 2), [expected.loss, expected.correct], {
              what: `metrics of replica ${r}`,
            });
          });
        });
      },
    ),
    { seed: 1, numRuns: 12 },
  );
});
