import { assert, assertEquals } from "@std/assert";
import { Gpu } from "../../../src/engine/device.ts";
import { adamSpec } from "../../../src/engine/optimizers.ts";
import type { BurstStep, Program } from "../../../src/engine/programs/program.ts";
import { derivatives } from "../../../src/engine/programs/derivatives.ts";
import { pruneSmallest } from "../../../src/engine/programs/prune.ts";
import { runTraining } from "../../../src/engine/programs/training_loop.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { submitMillisecondsOf } from "../../../src/engine/submits/submit_budget.ts";
import { MOST_TIMED, PassTimer } from "../../../src/engine/timer.ts";
import { openTestGpu } from "../gpu.ts";
import { logSubmits } from "../submit_log.ts";
import { CONV_RUNS } from "../programs/conv_networks.ts";
import { randomRun, type RunCase, type RunShape, withProgram } from "../programs/run_case.ts";

const { device, adapter } = await openTestGpu();
/** The test GPU with tiles that compile fast, and a budget of milliseconds. */
const withBudget = (milliseconds: number | null, of = device) =>
  new Gpu(of, { ...adapter, name: "GPU", isSoftware: false }, undefined, milliseconds);
/** No submit has so much, or all of them have. */
const NOTHING = 1e-9, EVERYTHING = 1e9;

const SHAPE: RunShape = {
  features: 13,
  layers: [{ units: 17, activation: "relu" }, { units: 10, activation: null }],
  optimizer: adamSpec(1.2e-3),
  batchSize: 21,
  poolCount: 2503,
  trainCount: 1501,
  testCount: 33,
  replicas: 2,
};
const CASES: [name: string, shape: RunShape][] = [
  ["dense", SHAPE],
  ["dense, updated in place", { ...SHAPE, optimizer: { kind: "sgd", learningRate: 0.1 } }],
  ["sparse", { ...SHAPE, density: 0.2, isSparse: true }],
  ["images", CONV_RUNS["a small LeNet-5, adam"]],
];
const draw = (shape: RunShape) => randomRun(shape, new RandomStream(seedKey(7)));

const STEPS: BurstStep[] = [
  { evaluate: "train" },
  { iterate: 3 },
  { evaluate: "test" },
  { iterate: 2 },
];

/** What two bursts gave and left, and the dispatches of their submits. */
async function outcome(program: Program) {
  const log = logSubmits(device);
  try {
    const logged = [], measured = [];
    for (let burst = 0; burst < 2; burst++) {
      const running = program.run(STEPS);
      // All of a burst is submitted before the host waits for any of it.
      const submits = log.take();
      const { iterations, evaluations, submitMilliseconds } = await running;
      assertEquals(log.take(), []);
      assertEquals(submitMilliseconds.length, submits.length);
      logged.push(submits);
      measured.push({ iterations, evaluations });
    }
    return { logged, measured, states: await program.readState() };
  } finally {
    log.end();
  }
}
const outcomeWith = (budget: number | null, run: RunCase) =>
  withProgram(withBudget(budget), run, outcome);

for (const [name, shape] of CASES) {
  Deno.test(`submits: cut or not, the same dispatches in the same order, and the same bits: ${name}`, async () => {
    // More networks have other windows, which the next test compares.
    const run = draw({ ...shape, replicas: 1 });
    const whole = await outcomeWith(null, run);
    assertEquals(whole.logged.map((submits) => submits.length), [1, 1]);
    const cut = await outcomeWith(NOTHING, run);
    const learned = await outcomeWith(EVERYTHING, run);
    for (const { logged, measured, states } of [cut, learned]) {
      // Pipelines are compared by identity: programs on one device share them.
      logged.forEach((submits, burst) => {
        const expected = whole.logged[burst][0], dispatches = submits.flat();
        assertEquals(dispatches.length, expected.length);
        dispatches.forEach((dispatch, i) => {
          assert(dispatch.pipeline === expected[i].pipeline, `dispatch ${i}`);
          assertEquals(dispatch.offsets, expected[i].offsets, `dispatch ${i}`);
          assertEquals(dispatch.grid, expected[i].grid, `dispatch ${i}`);
        });
      });
      assertEquals(measured, whole.measured);
      assertEquals(states, whole.states);
    }
    // Every dispatch by itself, those of an evaluation's windows too; or once it is known, all in
    // one.
    for (const submits of cut.logged) assert(submits.every(({ length }) => length === 1));
    assert(learned.logged[0].every(({ length }) => length === 1));
    assertEquals(learned.logged[1].length, 1);
  });
}

Deno.test("submits: predictions after a cut evaluation, and bursts in flight together, are the same", async () => {
  const run = draw(SHAPE), results = [];
  for (const budget of [null, NOTHING]) {
    results.push(
      await withProgram(withBudget(budget), run, async (program) => {
        const bursts = await Promise.all([
          program.run(STEPS),
          program.predict("train"),
          program.run(STEPS),
          program.predict("test"),
        ]);
        return bursts.map((result) =>
          "classes" in result ? result : [result.iterations, result.evaluations]
        );
      }),
    );
  }
  assertEquals(results[1], results[0]);
});

Deno.test("submits: where they have a budget, networks share the examples of windows, to the same bits", async () => {
  for (const [name, shape] of CASES) {
    const run = draw({ ...shape, testCount: 501, replicas: 9 }), log = logSubmits(device);
    try {
      const results = [], windows: number[] = [];
      for (const budget of [null, EVERYTHING]) {
        results.push(
          await withProgram(withBudget(budget), run, async (program) => {
            log.take();
            const { evaluations } = await program.run([{ evaluate: "test" }]);
            windows.push(new Set(log.take().flat().map(({ offsets }) => offsets.join())).size);
            await program.run([{ iterate: 3 }]);
            const { classes } = await program.predict("test");
            return { evaluations, classes, states: await program.readState() };
          }),
        );
      }
      assertEquals(results[1], results[0], name);
      // Offsets: none, one of each window, and that of the sums.
      assert(windows[1] >= windows[0] + 3, `${name}: ${windows}`);
    } finally {
      log.end();
    }
  }
});

Deno.test("submits: a training has the same curves, with and without timestamps", async () => {
  const found = await navigator.gpu.requestAdapter();
  const { maxStorageTexturesPerShaderStage } = device.limits;
  const bare = await found!.requestDevice({ requiredLimits: { maxStorageTexturesPerShaderStage } });
  const run = draw(SHAPE), plan = { iterations: 40, validateInterval: 7, testInterval: 20 };
  const results = [];
  try {
    for (
      const gpu of [
        withBudget(null),
        withBudget(NOTHING),
        withBudget(0.5),
        withBudget(null, bare),
        withBudget(NOTHING, bare),
        withBudget(0.5, bare),
      ]
    ) {
      results.push(await withProgram(gpu, run, (program) => runTraining(program, plan)));
    }
    for (const result of results.slice(1)) assertEquals(result, results[0]);
    // Learned from the wall time of the first burst.
    await withProgram(withBudget(EVERYTHING, bare), run, async (program) => {
      const counts = [];
      for (let burst = 0; burst < 2; burst++) {
        const { submitMilliseconds, gpuMilliseconds } = await program.run([{ iterate: 2 }]);
        assertEquals(gpuMilliseconds, null);
        counts.push(submitMilliseconds.length);
      }
      assert(counts[0] > 1);
      assertEquals(counts[1], 1);
    });
  } finally {
    bare.destroy();
  }
});

Deno.test("submits: pruning and derivatives are cut at each kernel, to the same bits", async () => {
  const stream = new RandomStream(seedKey(9));
  const floats = (count: number) => new Float32Array(count).map(() => stream.normal());
  const { spec: { layers }, replicas: [{ layers: given }], pool } = draw(SHAPE);
  const batch = {
    inputs: floats(700 * pool.features),
    labels: new Uint8Array(700).map(() => stream.integerBelow(10)),
    count: 700,
  };
  const weights = given.map(({ weights }) => weights), biases = given.map(({ biases }) => biases);
  const job = { weights: floats(5000), mask: new Float32Array(5000).fill(1), prune: 999 };
  const log = logSubmits(device);
  try {
    const results = [];
    for (const budget of [null, EVERYTHING]) {
      const gpu = withBudget(budget);
      const pruned = await pruneSmallest(gpu, [job]), prunes = log.take();
      const derived = await derivatives(gpu, { layers, batch, weights, biases });
      results.push({ pruned, derived, prunes, pieces: log.take() });
    }
    const [whole, cut] = results;
    assertEquals([cut.pruned, cut.derived], [whole.pruned, whole.derived] as unknown);
    assertEquals(whole.prunes.length, 1);
    // More examples than pass at once.
    assertEquals(whole.pieces.length, 2);
    for (const [a, b] of [[cut.prunes, whole.prunes], [cut.pieces, whole.pieces]]) {
      assert(a.every(({ length }) => length === 1));
      const pipelines = (submits: typeof a) => submits.flat().map(({ pipeline }) => pipeline);
      assert(pipelines(a).every((pipeline, i) => pipeline === pipelines(b)[i]));
      assertEquals(a.length, b.flat().length);
    }
  } finally {
    log.end();
  }
});

Deno.test("submits: of hardware 12 ms in a browser and 100 elsewhere, of software as long as they like", () => {
  const [software, hardware] = [{ isSoftware: true }, { isSoftware: false }];
  assertEquals(submitMillisecondsOf(hardware, true), 12);
  assertEquals(submitMillisecondsOf(hardware, false), 100);
  assertEquals([true, false].map((where) => submitMillisecondsOf(software, where)), [null, null]);
  const here = submitMillisecondsOf(hardware);
  const isDeno = navigator.userAgent.startsWith("Deno/");
  assertEquals(here, isDeno ? 100 : 12);
  assertEquals(new Gpu(device, { ...adapter, isSoftware: true }).submitMilliseconds, null);
  assertEquals(new Gpu(device, { ...adapter, isSoftware: false }).submitMilliseconds, here);
});

/** Milliseconds as timestamps: pass i begins at 10·i and takes one. */
const stamps = (count: number) =>
  new BigUint64Array(2 * count).map((_, i) => BigInt(1e6 * (10 * (i >> 1) + (i & 1)))).buffer;

Deno.test("timer: passes, and all from the first one's beginning to the last one's end", () => {
  assertEquals(PassTimer.times(stamps(3), 3), { total: 21, passes: [1, 1, 1] });
  assertEquals(PassTimer.times(stamps(9), 1), { total: 1, passes: [1] });
});

Deno.test("submits: some are timed, all of new kernels are, and the end is, as far as timestamps go", async () => {
  // 301 windows at most hold so many examples.
  const count = 301 * 1024, run = draw({ ...SHAPE, features: 1, replicas: 1, testCount: count });
  await withProgram(withBudget(NOTHING), run, async (program) => {
    const { submitMilliseconds, gpuMilliseconds } = await program.run([{ evaluate: "test" }]);
    const timed = submitMilliseconds.flatMap((ms, i) => ms === null ? [] : [i]);
    assertEquals(timed, Array.from({ length: MOST_TIMED - 1 }, (_, i) => i));
    assert(gpuMilliseconds! >= submitMilliseconds.reduce((sum: number, ms) => sum + (ms ?? 0), 0));
    const again = await program.run([{ evaluate: "test" }]);
    const share = again.submitMilliseconds.filter((ms) => ms !== null).length /
      again.submitMilliseconds.length;
    assert(again.submitMilliseconds[0] !== null);
    assert(share > 0.1 && share < 0.15, `${share} of them are timed`);
  });
});
