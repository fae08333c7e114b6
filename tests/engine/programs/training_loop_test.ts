import { assert, assertEquals, assertRejects } from "@std/assert";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import {
  runTraining,
  type TrainingPlan,
  type TrainingProgress,
  type TrainingState,
} from "../../../src/engine/programs/training_loop.ts";
import type { Curves } from "../../../src/engine/curves.ts";
import { InputError } from "../../../src/errors.ts";
import { asEachAdapter, openTestGpu } from "../gpu.ts";
import { randomRun, type RunCase, type RunShape, withProgram } from "./run_case.ts";

const [, [, gpu]] = asEachAdapter(await openTestGpu());

const SHAPE: RunShape = {
  features: 13,
  layers: [{ units: 10, activation: null }],
  optimizer: { kind: "sgd", learningRate: 0.1 },
  batchSize: 21,
  poolCount: 90,
  trainCount: 70,
  testCount: 33,
  replicas: 2,
};

const draw = (shape: Partial<RunShape> = {}) =>
  randomRun({ ...SHAPE, ...shape }, new RandomStream(seedKey(3)));

/** Iterations of the points of a curve. */
const at = (curve: { iteration: number }[]) => curve.map(({ iteration }) => iteration);

/** 0, every, 2·every, … and the end. */
function evaluatedAt(every: number, end: number): number[] {
  const points = Array.from({ length: Math.floor(end / every) + 1 }, (_, i) => i * every);
  return end % every === 0 ? points : [...points, end];
}

Deno.test("runTraining: curves have their points at 0, every interval, and once at the end", async () => {
  await withProgram(gpu, draw(), async (program) => {
    const plans: [iterations: number, validate: number | null, test: number | null][] = [
      [0, 10, 20],
      [1, 1, 1],
      [20, 10, 20],
      [23, 10, 20],
      [137, 1, 2], // more evaluations than one burst holds
      [170, null, 50],
      [60, 1000, null],
      [60, null, null],
      [1203, 500, 700], // longer than the first bursts
    ];
    for (const [iterations, validateInterval, testInterval] of plans) {
      draw().replicas.forEach((parameters, r) => program.load(r, parameters));
      const plan = { iterations, validateInterval, testInterval };
      const what = JSON.stringify(plan);
      for (const { curves, divergedAt } of await runTraining(program, plan)) {
        assertEquals(divergedAt, null, what);
        assertEquals(at(curves.train), Array.from({ length: iterations }, (_, i) => i), what);
        const expected = (every: number | null) =>
          every === null ? [] : evaluatedAt(every, iterations);
        assertEquals(at(curves.validate), expected(validateInterval), what);
        assertEquals(at(curves.test), expected(testInterval), what);
      }
    }
  });
});

Deno.test("runTraining: weights are told as they are then, and change nothing", async () => {
  const run = draw(), plan = { iterations: 30, validateInterval: 10, testInterval: null };
  await withProgram(gpu, run, async (program) => {
    await runTraining(program, plan);
    const alone = await program.readParameters();
    run.replicas.forEach((parameters, r) => program.load(r, parameters));
    const told = new Map<string, number[]>(), iterations = new Set<number>();
    await runTraining(program, plan, {
      onWeights: (replica, iteration, [{ weights }]) => {
        iterations.add(iteration);
        told.set(`${replica} ${iteration}`, [...weights]);
      },
    });
    const final = await program.readParameters();
    assertEquals(final, alone);
    final.forEach(([{ weights }], r) => assertEquals(told.get(`${r} 30`), [...weights]));
    // Those of a moment before the end, too.
    for (const iteration of iterations) {
      run.replicas.forEach((parameters, r) => program.load(r, parameters));
      await program.run([{ iterate: iteration }]);
      const then = await program.readParameters();
      then.forEach(([{ weights }], r) => assertEquals(told.get(`${r} ${iteration}`), [...weights]));
    }
  });
});

Deno.test("runTraining: the points are what single bursts measure at the same iterations", async () => {
  const run = draw();
  await withProgram(gpu, run, async (program) => {
    const plan = { iterations: 75, validateInterval: 10, testInterval: 25 };
    const outcomes = await runTraining(program, plan);
    run.replicas.forEach((parameters, r) => program.load(r, parameters));
    for (let iteration = 0; iteration <= 75; iteration++) {
      const { iterations, evaluations } = await program.run([
        { evaluate: "validate" },
        { evaluate: "test" },
        ...(iteration < 75 ? [{ iterate: 1 }] : []),
      ]);
      const measured = { train: iterations[0], validate: evaluations[0], test: evaluations[1] };
      outcomes.forEach(({ curves }, r) => {
        for (const name of ["train", "validate", "test"] as const) {
          const point = curves[name].find((point) => point.iteration === iteration);
          if (!point) continue;
          const { losses, correct, count } = measured[name];
          const expected = { iteration, loss: losses[r], accuracy: correct[r] / count };
          assertEquals(point, expected, `${name}, replica ${r}`);
        }
      });
    }
  });
});

Deno.test("runTraining: who goes on from a checkpoint is told the points from before it", async () => {
  const run = draw();
  await withProgram(gpu, run, async (program) => {
    const plan = { iterations: 40, validateInterval: 10, testInterval: 20 };
    const kept: (TrainingState | null)[][] = [];
    const checkpointing = {
      interval: 15,
      isDue: (iteration: number) => iteration === 15,
      keep: (states: (TrainingState | null)[]) => Promise.resolve(void kept.push(states)),
    };
    const outcomes = await runTraining(program, plan, { checkpointing });
    run.replicas.forEach((parameters, r) => program.load(r, parameters, kept[0][r]));
    const told: Curves[][] = run.replicas.map(() => []);
    await runTraining(program, plan, {
      from: { iteration: 15, curves: kept[0].map((state) => state!.curves) },
      onPoints: (r, points) => told[r].push(points),
    });
    outcomes.forEach(({ curves }, r) => {
      for (const name of ["train", "validate", "test"] as const) {
        assertEquals(told[r].flatMap((points) => points[name]), curves[name], name);
      }
    });
  });
});

Deno.test("runTraining: without a validation split there is no validation curve", async () => {
  await withProgram(gpu, draw({ trainCount: 90 }), async (program) => {
    const plan = { iterations: 5, validateInterval: 1, testInterval: 5 };
    const [{ curves, divergedAt }] = await runTraining(program, plan);
    assertEquals([at(curves.validate), at(curves.test), divergedAt], [[], [0, 5], null]);
  });
});

Deno.test("runTraining: begins with the evaluations alone and one iteration, then more and more", async () => {
  await withProgram(gpu, draw(), async (program) => {
    const bursts: [iterations: number, evaluations: number][] = [];
    const run = program.run.bind(program);
    program.run = (steps) => {
      const iterations = steps.flatMap((step) => "iterate" in step ? [step.iterate] : []);
      bursts.push([iterations.reduce((a, b) => a + b, 0), steps.length - iterations.length]);
      return run(steps);
    };
    const activities: string[] = [];
    const plan = { iterations: 600, validateInterval: 1000, testInterval: 1000 };
    await runTraining(program, plan, { onActivity: (activity) => activities.push(activity) });
    assertEquals(bursts.slice(0, 3), [[0, 2], [1, 0], [1, 0]]);
    assertEquals(activities.slice(0, 2), ["evaluating", "training"]);
    bursts.slice(2).forEach(([iterations], i) => {
      assert(iterations <= 4 * bursts[i + 1][0], `${bursts.map(([n]) => n)}`);
    });
  });
});

Deno.test("runTraining: reports progress up to the end", async () => {
  await withProgram(gpu, draw(), async (program) => {
    const reports: TrainingProgress[] = [];
    const plan = { iterations: 120, validateInterval: 50, testInterval: null };
    const outcomes = await runTraining(program, plan, {
      onProgress: (progress) => reports.push(progress),
    });
    const iterations = at(reports);
    assertEquals(iterations, [...iterations].sort((a, b) => a - b));
    assertEquals(iterations.at(-1), 120);
    const last = reports.at(-1)!, mean = (values: number[]) => (values[0] + values[1]) / 2;
    assertEquals(last.iterations, 120);
    assertEquals(last.loss, mean(outcomes.map(({ curves }) => curves.train[119].loss)));
    assertEquals(
      last.accuracy,
      mean(outcomes.map(({ curves }) => curves.validate.at(-1)!.accuracy)),
    );
  });
});

/**
 * Three replicas of a network of one input and two classes, whose examples are all 255,
 * unnormalized: one of them starts with logits beyond the largest float, one learns nothing because
 * its weights are masked, one reaches infinite logits by the first update.
 */
function divergingRun(learningRate: number): RunCase {
  const run = randomRun({
    features: 1,
    layers: [{ units: 2, activation: null, useBias: false }],
    optimizer: { kind: "sgd", learningRate },
    batchSize: 4,
    poolCount: 8,
    trainCount: 4,
    testCount: 4,
    replicas: 3,
    density: 1,
    normalization: "none",
  }, new RandomStream(seedKey(3)));
  run.pool.inputs.fill(255);
  run.pool.labels.fill(1);
  run.replicas.forEach((replica, r) => {
    replica.labelMap = null;
    replica.layers[0].weights.set(r === 0 ? [3e38, -3e38] : [0, 0]);
    replica.layers[0].mask.fill(r === 1 ? 0 : 1);
  });
  return run;
}

Deno.test("runTraining: a replica's divergence is found at its iteration, the others go on", async () => {
  const plan = { iterations: 200, validateInterval: null, testInterval: null };
  await withProgram(gpu, divergingRun(1e38), async (program) => {
    const outcomes = await runTraining(program, plan);
    assertEquals(outcomes.map(({ divergedAt }) => divergedAt), [0, null, 1]);
    assertEquals(outcomes.map(({ curves }) => curves.train.length), [0, 200, 1]);
    const finite = outcomes.flatMap(({ curves }) => curves.train.map(({ loss }) => loss));
    assert(finite.every((loss) => Math.abs(loss - Math.LN2) < 1e-6), "ln 2, or no point at all");
  });
});

Deno.test("runTraining: an evaluation that is not finite is divergence too", async () => {
  const run = divergingRun(1e38), plan = { iterations: 1, validateInterval: 1, testInterval: null };
  await withProgram(gpu, run, async (program) => {
    const outcomes = await runTraining(program, plan);
    assertEquals(outcomes.map(({ divergedAt }) => divergedAt), [0, null, 1]);
    assertEquals(outcomes.map(({ curves }) => at(curves.validate)), [[], [0, 1], [0]]);
  });
});

Deno.test("runTraining: ends early when every replica has diverged", async () => {
  const run = divergingRun(1e38);
  run.replicas[1].layers[0].mask.fill(1);
  await withProgram(gpu, run, async (program) => {
    let last = 0;
    const outcomes = await runTraining(
      program,
      { iterations: 20_000, validateInterval: null, testInterval: null },
      { onProgress: ({ iteration }) => last = iteration },
    );
    assertEquals(outcomes.map(({ divergedAt }) => divergedAt), [0, 1, 1]);
    assert(last < 10_000, `went on to iteration ${last}`);
  });
});

Deno.test("runTraining: an abort stops it with the signal's reason, and the program can be used on", async () => {
  const run = draw(), plan = { iterations: 20_000, validateInterval: null, testInterval: null };
  await withProgram(gpu, run, async (program) => {
    const controller = new AbortController();
    const error = await assertRejects(
      () =>
        runTraining(program, plan, {
          signal: controller.signal,
          onProgress: () => controller.abort(new Error("enough")),
        }),
      Error,
      "enough",
    );
    assertEquals(error, controller.signal.reason);
    await assertRejects(
      () => runTraining(program, plan, { signal: AbortSignal.abort(new Error("before")) }),
      Error,
      "before",
    );
    run.replicas.forEach((parameters, r) => program.load(r, parameters));
    const [{ curves }] = await runTraining(program, { ...plan, iterations: 10 });
    assertEquals(at(curves.train), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

Deno.test("runTraining: a program may be destroyed right after an abort, others go on", async () => {
  const run = draw(), plan = { iterations: 20_000, validateInterval: null, testInterval: null };
  await withProgram(gpu, run, async (program) => {
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const training = () => runTraining(program, plan, { signal: controller.signal, onProgress });
    await assertRejects(training, DOMException, "aborted");
  });
  await withProgram(gpu, run, async (program) => {
    const [{ curves }] = await runTraining(program, { ...plan, iterations: 10 });
    assertEquals(curves.train.length, 10);
  });
});

Deno.test("runTraining: refuses plans that are not whole numbers", async () => {
  const good: TrainingPlan = { iterations: 10, validateInterval: 5, testInterval: null };
  const bad: [Partial<TrainingPlan>, string][] = [
    [{ iterations: -1 }, "iterations: -1 is not"],
    [{ iterations: 1.5 }, "iterations: 1.5 is not"],
    [{ iterations: NaN }, "iterations: NaN is not"],
    [{ validateInterval: 0 }, "validation interval: 0 is not a whole number of at least 1"],
    [{ testInterval: 0.5 }, "test interval: 0.5 is not"],
  ];
  await withProgram(gpu, draw(), async (program) => {
    for (const [part, message] of bad) {
      await assertRejects(() => runTraining(program, { ...good, ...part }), InputError, message);
    }
  });
});
