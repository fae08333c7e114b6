/**
 * Sparse networks whose iterations one kernel does, several in a dispatch: to the bits of the
 * kernels that do a stage each, which program_test.ts holds against the oracle, and against it too.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { Gpu } from "../../../src/engine/device.ts";
import { iterationsChoice } from "../../../src/engine/kernels/sparse/iterations_choice.ts";
import { iterationSteps } from "../../../src/engine/kernels/sparse/loop_steps.ts";
import { SAFE_STEPS } from "../../../src/engine/kernels/loop_steps.ts";
import type { ProgramSpec } from "../../../src/engine/kernels/program_spec.ts";
import { TUNED } from "../../../src/engine/kernels/tiles.ts";
import { adamSpec, type OptimizerSpec, optimizerSpec } from "../../../src/engine/optimizers.ts";
import type { BurstStep, Program } from "../../../src/engine/programs/program.ts";
import { runTraining } from "../../../src/engine/programs/training_loop.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { activations, batchSizes, streams, widths } from "../kernels/arbitraries.ts";
import { openTestGpu } from "../gpu.ts";
import { logSubmits } from "../submit_log.ts";
import { CONV_RUNS } from "./conv_networks.ts";
import {
  assertLayers,
  oracleTrain,
  randomRun,
  type RunCase,
  type RunShape,
  withProgram,
} from "./run_case.ts";

const { device, adapter } = await openTestGpu();

/** The test GPU with so many iterations of a dispatch, or a dispatch for each stage. */
function gpuWith(
  iterations: number,
  { lanes = 64, budget = null as number | null, name = "GPU", of = device } = {},
): Gpu {
  const { hardware } = TUNED, sparse = { ...hardware.sparse, iterations, iterationLanes: lanes };
  const as = { ...adapter, name, isSoftware: name !== "GPU" };
  return new Gpu(of, as, { ...hardware, sparse }, budget);
}
const STAGES = gpuWith(0);

const SHAPE: RunShape = {
  features: 25,
  layers: [{ units: 33, activation: "relu" }, { units: 17, activation: "tanh" }, {
    units: 10,
    activation: null,
  }],
  optimizer: adamSpec(1.2e-3),
  batchSize: 37,
  poolCount: 130,
  trainCount: 101,
  testCount: 33,
  replicas: 3,
  density: 0.2,
  isSparse: true,
};

const draw = (shape: RunShape) => randomRun(shape, new RandomStream(seedKey(3)));

/** Their ends are in the middle of 4 and of 16 iterations, and so are evaluations. */
const BURSTS: BurstStep[][] = [
  [{ evaluate: "test" }, { iterate: 6 }, { evaluate: "validate" }, { iterate: 1 }],
  [{ iterate: 9 }, { evaluate: "train" }],
  [{ iterate: 4 }],
];

/** All that bursts measure, and what they leave, exactly. */
async function outcome(program: Program, bursts = BURSTS) {
  const results = [];
  for (const steps of bursts) {
    const { iterations, evaluations } = await program.run(steps);
    results.push({ iterations, evaluations });
  }
  return { results, states: await program.readState() };
}
const outcomeOn = (gpu: Gpu, run: RunCase) => withProgram(gpu, run, (program) => outcome(program));

/** Counts of dispatches, and how many iterations each had where it says so. */
async function dispatchesOn(gpu: Gpu, run: RunCase, bursts: BurstStep[][]) {
  const log = logSubmits(gpu.device);
  try {
    return await withProgram(gpu, run, async (program) => {
      log.take();
      const all = [];
      for (const steps of bursts) {
        await program.run(steps);
        // A uniform's stride of numbers.
        all.push(log.take().map((submit) => submit.map(({ offsets }) => (offsets[1] ?? 0) / 256)));
      }
      return all;
    });
  } finally {
    log.end();
  }
}

const OPTIMIZERS: OptimizerSpec[] = [
  { kind: "sgd", learningRate: 0.1 },
  { kind: "momentum", learningRate: 0.02, momentum: 0.9 },
  { kind: "nesterov", learningRate: 0.02, momentum: 0.9 },
  adamSpec(1.2e-3),
  optimizerSpec("adamw", 1e-3, {}),
];

for (const optimizer of OPTIMIZERS) {
  Deno.test(`iterations: in one dispatch or a stage each, the same bits: ${optimizer.kind}`, async () => {
    for (const replicas of [1, 3]) {
      // Adam's step sizes differ from one iteration to the next; so do these of the others.
      const rate = (i: number) => optimizer.learningRate / (1 + i % 5);
      const run = draw({ ...SHAPE, optimizer, replicas, rate }), one = gpuWith(1);
      const expected = await outcomeOn(STAGES, run);
      for (const gpu of [one, gpuWith(4), gpuWith(16, { lanes: 8 }), gpuWith(1000)]) {
        assertEquals(await outcomeOn(gpu, run), expected);
      }
      assertNotEquals(expected.results[1].iterations[0], expected.results[1].iterations[1]);
    }
  });
}

const shapes = fc.record({
  features: widths,
  hidden: fc.array(fc.record({ units: widths, activation: activations, useBias: fc.boolean() }), {
    maxLength: 2,
  }),
  classes: fc.constantFrom(1, 2, 3, 10, 33),
  optimizer: fc.constantFrom(...OPTIMIZERS),
  batchSize: batchSizes,
  poolCount: fc.integer({ min: 1, max: 150 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  density: fc.constantFrom(1, 0.5, 0.1, 0.02),
  normalization: fc.constantFrom("unit" as const, "l2" as const, "standardize" as const),
  lanes: fc.constantFrom(8, 24, 256),
  stream: streams,
});

Deno.test("iterations: the same bits for odd sizes, batches of several tiles, single layers", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async ({ hidden, classes, stream, lanes, ...shape }) => {
      const layers = [...hidden, { units: classes, activation: null }];
      const trainCount = 1 + stream.integerBelow(shape.poolCount);
      const run = randomRun({ ...shape, layers, trainCount, isSparse: true }, stream);
      const bursts: BurstStep[][] = [[{ iterate: 5 }]], results = [];
      for (const gpu of [STAGES, gpuWith(3, { lanes })]) {
        results.push(await withProgram(gpu, run, (program) => outcome(program, bursts)));
      }
      assertEquals(results[1], results[0]);
    }),
    { seed: 5, numRuns: 8 },
  );
});

Deno.test("iterations: the same bits of floats, of crops and mirrorings, of a width that words do not divide", async () => {
  const run = draw({ ...SHAPE, features: 27 });
  const augment = { names: ["crop", "flip"] as const, image: [3, 3, 3] as const };
  const floats = {
    ...run,
    normalization: "none" as const,
    pool: { ...run.pool, inputs: Float32Array.from(run.pool.inputs, (v) => v / 99) },
    test: { ...run.test, inputs: Float32Array.from(run.test.inputs, (v) => v / 99) },
  };
  const augmented = { ...run, spec: { ...run.spec, augment } as RunCase["spec"] };
  for (const [r, parameters] of run.replicas.entries()) parameters.augmentKey = [r, 7];
  for (const some of [floats, augmented]) {
    assertEquals(await outcomeOn(gpuWith(4), some), await outcomeOn(STAGES, some));
  }
  const plain = await outcomeOn(STAGES, run), changed = await outcomeOn(STAGES, augmented);
  assertNotEquals(changed.states, plain.states);
});

Deno.test("iterations: 100 iterations agree with the oracle, several in a dispatch", async () => {
  for (const optimizer of [OPTIMIZERS[0], OPTIMIZERS[1], OPTIMIZERS[3]]) {
    const run = draw({ ...SHAPE, optimizer });
    await withProgram(gpuWith(16), run, async (program) => {
      const { iterations } = await program.run([{ iterate: 100 }]);
      const parameters = await program.readParameters();
      run.replicas.forEach((_, r) => {
        const oracle = oracleTrain(run, r, 100), what = `replica ${r}`;
        const losses = iterations.map(({ losses }) => losses[r]);
        assertAllClose(losses, oracle.metrics.map(({ loss }) => loss), { what });
        assertLayers(parameters[r], run, r, oracle);
      });
    });
  }
});

Deno.test("iterations: a run that is interrupted and resumed, there or with a stage each, has the same curves", async () => {
  const run = draw(SHAPE), several = gpuWith(16);
  const plan = { iterations: 40, validateInterval: 7, testInterval: 20 };
  const whole = await withProgram(STAGES, run, (program) => runTraining(program, plan));
  const straight = await withProgram(several, run, (program) => runTraining(program, plan));
  assertEquals(straight, whole);
  for (const [first, then] of [[several, several], [several, STAGES], [STAGES, several]]) {
    const paused = await withProgram(
      first,
      run,
      (program) => program.run([{ iterate: 23 }]).then(() => program.readState()),
    );
    const ends = [];
    for (const gpu of [then, STAGES]) {
      ends.push(
        await withProgram(gpu, run, (program) => {
          run.replicas.forEach((parameters, r) => program.load(r, parameters, paused[r]));
          return outcome(program);
        }),
      );
    }
    assertEquals(ends[1], ends[0]);
    assertEquals(ends[0].states[0].iteration, 43);
  }
});

Deno.test("iterations: bursts in flight together, and a program loaded again, repeat themselves", async () => {
  const run = draw(SHAPE);
  const bursts: BurstStep[][] = [30, 1, 40].map((iterate) => [{ iterate }, { evaluate: "test" }]);
  await withProgram(gpuWith(16), run, async (program) => {
    const inTurn = await outcome(program, bursts);
    run.replicas.forEach((parameters, r) => program.load(r, parameters));
    const results = await Promise.all(bursts.map((steps) => program.run(steps)));
    const states = await program.readState();
    assertEquals(
      results.map(({ iterations, evaluations }) => ({ iterations, evaluations })),
      inTurn.results,
    );
    assertEquals(states, inTurn.states);
  });
});

const TRAIN_ONLY: BurstStep[][] = [[{ iterate: 10 }], [{ iterate: 10 }]];

Deno.test("iterations: as many in a dispatch as there are and may be, and as submits have time for", async () => {
  const run = draw(SHAPE), [counts] = await dispatchesOn(gpuWith(4), run, TRAIN_ONLY);
  assertEquals(counts, [[4, 4, 2]]);
  const evaluated = await dispatchesOn(gpuWith(4), run, BURSTS.slice(2));
  assertEquals(evaluated, [[[4]]]);
  // Until it is known what one costs, each has a submit for itself.
  const alone = Array.from({ length: 10 }, () => [1]);
  const late = await dispatchesOn(gpuWith(16, { budget: 1e9 }), run, TRAIN_ONLY);
  assertEquals(late, [alone, [[10]]]);
  const never = await dispatchesOn(gpuWith(16, { budget: 1e-9 }), run, TRAIN_ONLY);
  assertEquals(never, [alone, alone]);
  const expected = await outcomeOn(STAGES, run);
  for (const budget of [1e9, 1e-9, 0.5]) {
    assertEquals(await outcomeOn(gpuWith(16, { budget }), run), expected);
  }
});

Deno.test("iterations: where the device's limits do not suffice, a dispatch for each stage, the same bits", async () => {
  const run = draw(SHAPE), expected = await outcomeOn(STAGES, run);
  const found = await navigator.gpu.requestAdapter(), bare = await found!.requestDevice();
  try {
    // Adam takes ten storage buffers, which WebGPU does not promise.
    const few = bare.limits.maxStorageBuffersPerShaderStage < 10;
    const gpu = gpuWith(4, { of: bare });
    const [[submit]] = await dispatchesOn(gpu, run, [[{ iterate: 1 }]]);
    assertEquals(submit.length > 1, few);
    assertEquals(await outcomeOn(gpu, run), expected);
    const sgd = draw({ ...SHAPE, optimizer: OPTIMIZERS[0] });
    assertEquals((await dispatchesOn(gpu, sgd, [[{ iterate: 4 }]]))[0], [[4]]);
  } finally {
    bare.destroy();
  }
});

Deno.test("iterations: no more than a loop's steps allow, and none of images, or of batches too large", () => {
  const live = [9000, 1800, 200];
  const layers = [[784, 300], [300, 100], [100, 10]].map(([inputs, units], i) => ({
    ...{ name: `layer${i}`, inputs, units, activation: null, useBias: true },
  }));
  const spec = { ...draw(SHAPE).spec, layers, batchSize: 60, replicas: 1 } as ProgramSpec;
  const llvmpipe = gpuWith(1000, { name: "llvmpipe" });
  const { most } = iterationsChoice(llvmpipe, spec, live)!;
  const steps = iterationSteps(layers, live, 60, 64);
  assert(most >= 2 && most * steps < SAFE_STEPS && (most + 1) * steps >= SAFE_STEPS, `${most}`);
  assertEquals(iterationsChoice(gpuWith(1000), spec, live)!.most, 1000);
  // A list of every input of every unit.
  const all = [784 * 300, 30000, 1000];
  assertEquals(iterationsChoice(llvmpipe, spec, all), null);
  assertEquals(iterationsChoice(gpuWith(4), { ...spec, batchSize: 4096 }, live), null);
  assertEquals(iterationsChoice(STAGES, spec, live), null);
  const images = draw({ ...CONV_RUNS["a small LeNet-5, adam"], isSparse: true }).spec;
  assertEquals(iterationsChoice(gpuWith(4), images as ProgramSpec, [1, 1, 1, 1]), null);
});

Deno.test("iterations: a profile times one", async () => {
  await withProgram(gpuWith(16), draw(SHAPE), async (program) => {
    const [kernel, ...others] = await program.profile(3);
    assertEquals([kernel.label, kernel.invocations, others], ["iterations", 3 * 64, []]);
    assert(kernel.milliseconds > 0);
  });
});
