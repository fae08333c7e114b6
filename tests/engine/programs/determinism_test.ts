import { assertEquals, assertNotEquals } from "@std/assert";
import type { GpuExamples } from "../../../src/engine/examples/dataset.ts";
import { adamSpec } from "../../../src/engine/optimizers.ts";
import type { BurstStep, Measurement, Program } from "../../../src/engine/programs/program.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { asEachAdapter, openTestGpu } from "../gpu.ts";
import { aloneCase, randomRun, type RunShape, withProgram } from "./run_case.ts";

const adapters = asEachAdapter(await openTestGpu());
const [, [, hardware]] = adapters;

const SHAPE: RunShape = {
  features: 13,
  layers: [{ units: 10, activation: null }],
  optimizer: { kind: "sgd", learningRate: 0.1 },
  batchSize: 21,
  poolCount: 90,
  trainCount: 70,
  testCount: 33,
  replicas: 3,
};
const DEEP: RunShape = {
  ...SHAPE,
  layers: [{ units: 33, activation: "relu" }, { units: 17, activation: "tanh" }, {
    units: 10,
    activation: null,
  }],
};

const SPARSE: RunShape = {
  ...DEEP,
  optimizer: adamSpec(1.2e-3),
  batchSize: 37,
  density: 0.2,
  isSparse: true,
};

const draw = (shape: RunShape) => randomRun(shape, new RandomStream(seedKey(3)));

const STEPS: BurstStep[] = [
  { evaluate: "test" },
  { iterate: 60 },
  { evaluate: "train" },
  { evaluate: "validate" },
  { iterate: 40 },
  { evaluate: "test" },
];

/** All that a program measures and its parameters afterwards, exactly. */
async function outcome(program: Program, bursts: BurstStep[][]) {
  const iterations: Measurement[] = [], evaluations: Measurement[] = [];
  for (const steps of bursts) {
    const result = await program.run(steps);
    iterations.push(...result.iterations);
    evaluations.push(...result.evaluations);
  }
  return { iterations, evaluations, parameters: await program.readParameters() };
}

/** One replica's part of an outcome. */
function ofReplica(
  { iterations, evaluations, parameters }: Awaited<ReturnType<typeof outcome>>,
  r: number,
) {
  const only = ({ count, losses, correct }: Measurement) => [count, losses[r], correct[r]];
  return {
    iterations: iterations.map(only),
    evaluations: evaluations.map(only),
    parameters: parameters[r],
  };
}

const COMBINATIONS: [string, RunShape][] = [
  ["sgd", DEEP],
  ["momentum", { ...DEEP, optimizer: { kind: "momentum", learningRate: 0.02, momentum: 0.9 } }],
  ["adam", { ...DEEP, optimizer: adamSpec(1.2e-3) }],
  ["standardized", { ...DEEP, features: 27, normalization: "standardize" }],
];

for (
  const [name, shape, gpu] of [
    ...COMBINATIONS.map(([name, shape]) => [`${name}, hardware tiles`, shape, hardware] as const),
    ...adapters.map(([name, gpu]) => [`one layer, ${name}`, SHAPE, gpu] as const),
    ...adapters.map(([name, gpu]) => [`adam, sparse, ${name}`, SPARSE, gpu] as const),
  ]
) {
  Deno.test(`determinism: a replica of three is bit-identical to the same run alone: ${name}`, async () => {
    const run = draw(shape);
    const together = await withProgram(gpu, run, (program) => outcome(program, [STEPS]));
    for (const r of [0, 1, 2]) {
      const alone = await withProgram(gpu, aloneCase(run, r), (p) => outcome(p, [STEPS]));
      assertEquals(ofReplica(alone, 0), ofReplica(together, r), `replica ${r}`);
    }
    assertNotEquals(ofReplica(together, 0), ofReplica(together, 1), "they differ from each other");
  });
}

for (const isSparse of [false, true]) {
  const how = isSparse ? ", sparse" : "";
  Deno.test(`determinism: a program loaded again repeats itself bit for bit${how}`, async () => {
    // Adam: its state and the count of iterations must start anew.
    const run = draw({ ...SHAPE, optimizer: adamSpec(1.2e-3), isSparse });
    await withProgram(hardware, run, async (program) => {
      const first = await outcome(program, [STEPS]);
      run.replicas.forEach((parameters, r) => program.load(r, parameters));
      assertEquals(await outcome(program, [STEPS]), first);
    });
  });

  Deno.test(`determinism: neither the length of bursts nor evaluations change a run${how}`, async () => {
    // Adam's step sizes differ from one iteration to the next.
    const run = draw({ ...DEEP, optimizer: adamSpec(1.2e-3), isSparse });
    const results = [];
    for (
      const bursts of [
        [STEPS],
        STEPS.map((step) => [step]),
        [
          [STEPS[0]],
          ...[1, 2, 7, 50].map((iterate) => [{ iterate }]),
          ...STEPS.slice(2).map((step) => [step]),
        ],
      ]
    ) {
      results.push(await withProgram(hardware, run, (program) => outcome(program, bursts)));
    }
    assertEquals(results[1], results[0]);
    assertEquals(results[2], results[0]);

    const unwatched = await withProgram(hardware, run, (p) => outcome(p, [[{ iterate: 100 }]]));
    assertEquals(unwatched.iterations, results[0].iterations);
    assertEquals(unwatched.parameters, results[0].parameters);
  });
}

Deno.test("determinism: bursts may be submitted before the one before them has been read", async () => {
  const run = draw(SHAPE);
  const bursts: BurstStep[][] = [30, 1, 40, 29].map((
    iterate,
  ) => [{ iterate }, { evaluate: "test" }]);
  await withProgram(hardware, run, async (program) => {
    const inTurn = await outcome(program, bursts);
    run.replicas.forEach((parameters, r) => program.load(r, parameters));
    const results = await Promise.all(bursts.map((steps) => program.run(steps)));
    assertEquals(results.flatMap((result) => result.iterations), inTurn.iterations);
    assertEquals(results.flatMap((result) => result.evaluations), inTurn.evaluations);
    assertEquals(await program.readParameters(), inTurn.parameters);
  });
});

/** A run on images that are mostly black, as digits are: whole tiles of a batch are 0. */
function mostlyBlack() {
  const run = draw({ ...DEEP, features: 101, batchSize: 24 });
  const stream = new RandomStream(seedKey(4));
  for (const { inputs } of [run.pool, run.test]) {
    for (let i = 0; i < inputs.length; i += 8) {
      if (stream.uniform() < 0.8) inputs.fill(0, i, i + 8);
    }
  }
  return run;
}

Deno.test("determinism: tile shapes, textures for buffers, and inputs left out because they are 0, change no bit", async () => {
  const run = mostlyBlack();
  const results = [];
  for (const [, gpu] of adapters) {
    results.push(await withProgram(gpu, run, (program) => outcome(program, [STEPS])));
  }
  assertEquals(results[1], results[0]);
  assertEquals(results[2], results[0]);
});

Deno.test("determinism: tile shapes, and textures for buffers, change no bit of a sparse run", async () => {
  const run = draw(SPARSE), results = [];
  for (const [, gpu] of adapters) {
    results.push(await withProgram(gpu, run, (program) => outcome(program, [STEPS])));
  }
  assertEquals(results[1], results[0]);
  assertEquals(results[2], results[0]);
});

Deno.test("determinism: batches of bytes give the bits that batches of floats give", async () => {
  const run = mostlyBlack();
  for (const [, gpu] of adapters) {
    const results = [];
    for (const isPacked of [true, false]) {
      const as = (examples: GpuExamples) => ({ ...examples, isPacked });
      results.push(await withProgram(gpu, run, (program) => outcome(program, [STEPS]), as));
    }
    assertEquals(results[1], results[0]);
  }
});
