/** Each kernel of a sparse network against the oracle; program_test.ts does the same with whole iterations. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { sparseHeadSource } from "../../../../src/engine/kernels/sparse/sparse_head_kernel.ts";
import {
  LIST_WIDTH,
  sparseBackwardSource,
  sparseForwardSource,
  sparseUpdateSource,
} from "../../../../src/engine/kernels/sparse/sparse_kernels.ts";
import { featureRows, onesRow } from "../../../../src/engine/kernels/sparse/feature_maps.ts";
import {
  groupsOf,
  packSparse,
  type SparseLayout,
  sparseLayout,
  unpackSparse,
} from "../../../../src/engine/kernels/sparse/sparse_layout.ts";
import {
  type Columns,
  columnsFor,
} from "../../../../src/engine/kernels/sparse/sparse_row_kernels.ts";
import type { Activation, DenseSpec } from "../../../../src/engine/layer_spec.ts";
import {
  adamSpec,
  type OptimizerSpec,
  stateCount,
  stepSize,
} from "../../../../src/engine/optimizers.ts";
import type { RandomStream } from "../../../../src/engine/random.ts";
import { assertAllClose } from "../../../reference/allclose.ts";
import { forward, softmaxCrossEntropy } from "../../../reference/network.ts";
import { oracleOptimizer } from "../../../reference/optimizers.ts";
import { clockWords, openTestGpu, readClocks, type Scratch, withScratch } from "../../gpu.ts";
import { activations, batchSizes, replicaCounts, storages, streams } from "../arbitraries.ts";
import { UPDATE_TEXTURES } from "../../../../src/engine/kernels/program_spec.ts";
import type { MatrixStorage } from "../../../../src/engine/kernels/matrix.ts";

const gpu = await openTestGpu();
const TILES = gpu.tuned;
const NO_LABEL = 0xffffffff;

/** As programs choose it: buffers where a kernel may not have as many textures. */
const fitting = storages.map((storage): MatrixStorage =>
  gpu.device.limits.maxStorageTexturesPerShaderStage < UPDATE_TEXTURES ? "buffers" : storage
);

const shapes = fc.record({
  inputs: fc.integer({ min: 1, max: 70 }),
  units: fc.integer({ min: 1, max: 40 }),
  batch: batchSizes,
  replicas: replicaCounts,
  activation: activations,
  storage: fitting,
  density: fc.constantFrom(1, 0.5, 0.1),
  stream: streams,
});

/** One layer of all replicas: arrays by replica, pruned weights 0. */
interface Layer {
  spec: DenseSpec;
  masks: Float32Array[];
  weights: Float32Array[];
  biases: Float32Array[];
}

function randomLayer(
  name: string,
  [inputs, units]: [number, number],
  activation: Activation,
  { replicas, density, stream }: { replicas: number; density: number; stream: RandomStream },
): Layer {
  const each = <T>(make: () => T) => Array.from({ length: replicas }, make);
  const masks = each(() =>
    new Float32Array(inputs * units).map(() => stream.uniform() < density ? 1 : 0)
  );
  return {
    spec: { name, inputs, units, activation, useBias: true },
    masks,
    weights: masks.map((mask) => mask.map((m) => m * stream.normal() / Math.sqrt(inputs))),
    biases: each(() => new Float32Array(units).map(() => stream.normal())),
  };
}

/** (R, batch, width) as the kernels have it: four examples to a column, a row for each feature. */
function featureMatrix(
  x: Float32Array[],
  width: number,
  { columns, tiles }: Columns,
  ones = 1,
): Float32Array<ArrayBuffer> {
  const rows = featureRows(width), examples = 4 * columns;
  const all = new Float32Array(x.length * tiles * rows * examples);
  x.forEach((values, r) => {
    for (let e = 0; e < tiles * examples; e++) {
      const first = (r * tiles + Math.floor(e / examples)) * rows, column = e % examples;
      all[(first + onesRow(width)) * examples + column] = ones;
      if (e >= values.length / width) continue;
      for (let f = 0; f < width; f++) all[(first + f) * examples + column] = values[e * width + f];
    }
  });
  return all;
}

/** The inverse: one replica's (batch, width). */
function examplesOf(
  all: Float32Array,
  replica: number,
  batch: number,
  width: number,
  { columns, tiles }: Columns,
): Float64Array {
  const rows = featureRows(width), examples = 4 * columns;
  return Float64Array.from({ length: batch * width }, (_, i) => {
    const e = Math.floor(i / width), tile = replica * tiles + Math.floor(e / examples);
    return all[(tile * rows + i % width) * examples + e % examples];
  });
}

/** The lists of networks of these layers, on the GPU, and the weights in them. */
function listsOf(scratch: Scratch, storage: MatrixStorage, layers: Layer[]) {
  const replicas = layers[0].masks.length;
  const masks = Array.from({ length: replicas }, (_, r) => layers.map((layer) => layer.masks[r]));
  const layout = sparseLayout(layers.map(({ spec }) => spec), masks);
  const padded = (length: number) => 4 * LIST_WIDTH * Math.ceil(length / 4 / LIST_WIDTH);
  const records = new Uint32Array(padded(layout.records.length));
  records.set(layout.records);
  const slots = new Float32Array(padded(4 * layout.groups));
  layers.forEach(({ weights, biases }, l) => {
    for (let r = 0; r < replicas; r++) {
      packSparse(layout, l, r, { weights: weights[r], biases: biases[r] }, slots);
    }
  });
  return {
    layout,
    slots,
    records: scratch.matrix(storage, LIST_WIDTH, records, "u32"),
    values: scratch.matrix(storage, LIST_WIDTH, slots),
  };
}

const normal = (stream: RandomStream, size: number, replicas: number) =>
  Array.from({ length: replicas }, () => new Float32Array(size).map(() => stream.normal()));

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
