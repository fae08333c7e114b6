import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { adamSpec, type OptimizerSpec, optimizerSpec } from "../../../src/engine/optimizers.ts";
import type { Program } from "../../../src/engine/programs/program.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { activations, batchSizes, streams, widths } from "../kernels/arbitraries.ts";
import { asEachAdapter, openTestGpu } from "../gpu.ts";
import {
  assertLayers,
  oracleTrain,
  randomRun,
  type RunCase,
  type RunShape,
  withProgram,
} from "./run_case.ts";

const gpu = await openTestGpu();
const adapters = asEachAdapter(gpu);
const [[, llvmpipe], [, software], [, hardware]] = adapters;

const OPTIMIZERS: OptimizerSpec[] = [
  { kind: "sgd", learningRate: 0.1 },
  { kind: "momentum", learningRate: 0.02, momentum: 0.9 },
  adamSpec(1.2e-3),
];

/** Compares a program's parameters, after `iterations`, with the oracle's. */
async function assertParameters(
  program: Program,
  run: RunCase,
  iterations: number,
): Promise<void> {
  const parameters = await program.readParameters();
  parameters.forEach((layers, r) => {
    const oracle = oracleTrain(run, r, iterations);
    assertLayers(layers, run, r, oracle, `replica ${r}, after ${iterations}`);
  });
}

/** Runs `iterations` and compares each one's loss and correct predictions with the oracle's. */
async function assertMetrics(
  program: Program,
  run: RunCase,
  done: number,
  iterations: number,
): Promise<void> {
  const result = await program.run([{ iterate: iterations }]);
  assertEquals(result.iterations.length, iterations);
  run.replicas.forEach((_, r) => {
    const expected = oracleTrain(run, r, done + iterations).metrics.slice(done);
    const actual = result.iterations;
    const what = `replica ${r}, iterations ${done} to ${done + iterations}`;
    const losses = expected.map(({ loss }) => loss);
    assertAllClose(actual.map(({ losses }) => losses[r]), losses, { what });
    const correct = expected.map(({ accuracy }, i) => Math.round(accuracy * actual[i].count));
    assertEquals(actual.map(({ correct }) => correct[r]), correct, what);
  });
}

const shapes = fc.record({
  features: widths,
  hidden: fc.array(fc.record({ units: widths, activation: activations, useBias: fc.boolean() }), {
    maxLength: 2,
  }),
  classes: fc.constantFrom(1, 2, 3, 8, 10, 33),
  optimizer: fc.constantFrom(...OPTIMIZERS),
  batchSize: batchSizes,
  poolCount: fc.integer({ min: 1, max: 150 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  density: fc.constantFrom(1, 0.5, 0.1, 0.02),
  normalization: fc.constantFrom("unit" as const, "l2" as const, "standardize" as const),
  stream: streams,
});

for (
  const [name, gpu, numRuns, isSparse] of [
    ["software tiles", software, 2, false],
    ["hardware tiles", hardware, 6, false],
    ["sparse, llvmpipe's tiles", llvmpipe, 20, true],
    ["sparse, hardware tiles", hardware, 20, true],
  ] as const
) {
  Deno.test(`program: one iteration agrees with the oracle, ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ hidden, classes, stream, ...shape }) => {
        const layers = [...hidden, { units: classes, activation: null }];
        const trainCount = 1 + stream.integerBelow(shape.poolCount);
        const run = randomRun({ ...shape, layers, trainCount, isSparse }, stream);
        await withProgram(gpu, run, async (program) => {
          await assertMetrics(program, run, 0, 1);
          await assertParameters(program, run, 1);
        });
      }),
      { seed: 3, numRuns },
    );
  });
}

const relu = "relu" as const;

/** Runs of 100 iterations; none of their training sets is a multiple of its batch. */
const LONG_RUNS: Record<string, RunShape> = {
  "one layer, sgd": {
    features: 13,
    layers: [{ units: 10, activation: null }],
    optimizer: OPTIMIZERS[0],
    batchSize: 21,
    poolCount: 90,
    trainCount: 70,
    replicas: 2,
  },
  "three odd layers, momentum": {
    features: 25,
    layers: [{ units: 33, activation: relu }, { units: 17, activation: relu }, {
      units: 5,
      activation: null,
    }],
    optimizer: OPTIMIZERS[1],
    batchSize: 19,
    poolCount: 100,
    trainCount: 81,
    replicas: 3,
    density: 0.3,
  },
  "a rate that changes at every iteration, momentum": {
    features: 13,
    layers: [{ units: 12, activation: relu }, { units: 5, activation: null }],
    optimizer: OPTIMIZERS[1],
    rate: (iteration) => 0.02 * (iteration < 10 ? (iteration + 1) / 10 : 1 / (iteration - 8)),
    batchSize: 11,
    poolCount: 70,
    trainCount: 60,
    replicas: 2,
  },
  "weight decay and a rate that changes, nesterov": {
    features: 13,
    layers: [{ units: 12, activation: relu }, { units: 5, activation: null }],
    optimizer: { kind: "nesterov", learningRate: 0.02, momentum: 0.9, weightDecay: 0.05 },
    rate: (iteration) => 0.02 / (1 + iteration % 7),
    batchSize: 11,
    poolCount: 70,
    trainCount: 60,
    replicas: 2,
  },
  "weight decay and a rate that changes, adamw": {
    features: 13,
    layers: [{ units: 12, activation: relu }, { units: 5, activation: null }],
    optimizer: optimizerSpec("adamw", 1e-2, { weightDecay: 0.3 }),
    rate: (iteration) => 0.01 / (1 + iteration % 7),
    batchSize: 11,
    poolCount: 70,
    trainCount: 60,
    replicas: 2,
  },
  "five layers, adam": {
    features: 9,
    layers: [
      { units: 16, activation: relu },
      { units: 15, activation: "tanh" },
      { units: 8, activation: "sigmoid", useBias: false },
      { units: 7, activation: relu },
      { units: 3, activation: null },
    ],
    optimizer: OPTIMIZERS[2],
    batchSize: 7,
    poolCount: 40,
    trainCount: 39,
    density: 0.8,
  },
  "one class, adam": {
    features: 4,
    layers: [{ units: 6, activation: relu }, { units: 1, activation: null }],
    optimizer: OPTIMIZERS[2],
    batchSize: 8,
    poolCount: 20,
    trainCount: 20,
  },
  "256 classes, a batch larger than the training set, sgd": {
    features: 8,
    layers: [{ units: 12, activation: "tanh" }, { units: 256, activation: null }],
    optimizer: OPTIMIZERS[0],
    batchSize: 130,
    poolCount: 60,
    trainCount: 50,
  },
};

for (const [name, shape] of Object.entries(LONG_RUNS)) {
  const ways = [
    // The small shape is compiled for all kinds of adapters, the others for one.
    ...(name === "one layer, sgd" ? adapters : [adapters[1]]).map((of) => [...of, false] as const),
    // Lists of live weights cannot decay.
    ...(shape.optimizer.weightDecay ? [] : adapters)
      .map(([tiles, gpu]) => [`${tiles}, sparse`, gpu, true] as const),
  ];
  for (const [way, gpu, isSparse] of ways) {
    Deno.test(`program: 100 iterations agree with the oracle: ${name}, ${way}`, async () => {
      const run = randomRun({ ...shape, isSparse }, new RandomStream(seedKey(7)));
      await withProgram(gpu, run, async (program) => {
        let done = 0;
        for (const end of [1, 10, 100]) {
          await assertMetrics(program, run, done, end - done);
          await assertParameters(program, run, end);
          done = end;
        }
      });
    });
  }
}
