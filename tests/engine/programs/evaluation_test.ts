import { assertEquals, assertRejects } from "@std/assert";
import { permute, RandomStream, seedKey } from "../../../src/engine/random.ts";
import type { Split } from "../../../src/engine/kernels/program_spec.ts";
import { InputError } from "../../../src/errors.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { forward, softmaxCrossEntropy } from "../../reference/network.ts";
import { Program } from "../../../src/engine/programs/program.ts";
import { asEachAdapter, openTestGpu } from "../gpu.ts";
import { logSubmits } from "../submit_log.ts";
import {
  mappedLabels,
  normalizedInputs,
  oracleLayers,
  randomRun,
  type RunCase,
  type RunShape,
  withProgram,
} from "./run_case.ts";

const adapters = asEachAdapter(await openTestGpu());

/** Indices of a split's examples into their set, in the order of the split. */
function splitIndices({ pool, test, replicas, spec }: RunCase, replica: number, split: Split) {
  if (split === "test") return Array.from({ length: test.count }, (_, i) => i);
  const { splitKey } = replicas[replica], { trainCount } = spec;
  const shuffled = Array.from(
    { length: pool.count },
    (_, i) => splitKey ? permute(i, pool.count, splitKey) : i,
  );
  return split === "train" ? shuffled.slice(0, trainCount) : shuffled.slice(trainCount);
}

/** Loss, right predictions and predicted classes of a replica's initial weights, by the oracle. */
function oracleEvaluation(run: RunCase, replica: number, split: Split) {
  const set = split === "test" ? run.test : run.pool, { features } = set;
  const indices = splitIndices(run, replica, split);
  const inputs = normalizedInputs(set, run.normalization, run.pool);
  const x = new Float64Array(indices.length * features);
  indices.forEach((index, i) =>
    x.set(inputs.subarray(index * features, (index + 1) * features), i * features)
  );
  const labels = mappedLabels(run, replica, set.labels);
  const layers = oracleLayers(run, replica), classes = layers.at(-1)!.biases.length;
  const logits = forward(layers, x, indices.length).post.at(-1)!;
  const predicted = indices.map((_, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(Math.max(...row));
  });
  const own = indices.map((i) => labels[i]);
  return { ...softmaxCrossEntropy(logits, own, indices.length, classes), labels: own, predicted };
}

/** Compares evaluations of these splits, and predictions of their classes, with the oracle's. */
async function assertEvaluations(program: Program, run: RunCase, splits: Split[]): Promise<void> {
  const { evaluations } = await program.run(splits.map((evaluate) => ({ evaluate })));
  for (const [i, split] of splits.entries()) {
    const { classes, ...measured } = await program.predict(split);
    assertEquals(measured, evaluations[i], "measured as any evaluation is");
    run.replicas.forEach((_, r) => {
      const what = `${split}, replica ${r}`, oracle = oracleEvaluation(run, r, split);
      assertEquals(measured.count, oracle.labels.length, what);
      assertAllClose([measured.losses[r]], [oracle.loss], { what });
      assertEquals(measured.correct[r], oracle.correct, what);
      assertEquals([...classes[r]], oracle.predicted, what);
      const right = classes[r].filter((c, i) => c === oracle.labels[i]).length;
      assertEquals(right, measured.correct[r], "accuracy and classes agree");
    });
  }
}

/** Three small networks. */
const SMALL = {
  layers: [{ units: 6, activation: "relu" }, { units: 4, activation: null }],
  optimizer: { kind: "sgd", learningRate: 0.1 },
  batchSize: 10,
  replicas: 3,
} satisfies Partial<RunShape>;

for (
  const [[name, gpu], isSparse] of adapters.flatMap((of) => [[of, false], [of, true]] as const)
) {
  const way = isSparse ? `${name}, sparse` : name;
  Deno.test(`evaluation: splits that windows do not divide agree with the oracle, ${way}`, async () => {
    const run = randomRun({
      ...SMALL,
      // Three channels: the test set by the means and deviations of the pool.
      features: 6,
      normalization: "standardize",
      // Windows are of 480 to 1024 rows.
      poolCount: 2503,
      trainCount: 1501,
      testCount: 1001,
      isSparse,
    }, new RandomStream(seedKey(5)));
    await withProgram(
      gpu,
      run,
      (program) =>
        assertEvaluations(program, run, ["test", "train", "validate", "validate", "test"]),
    );
  });

  Deno.test(`evaluation: examples with zeros, and splits that are loaded anew, ${way}`, async () => {
    const stream = new RandomStream(seedKey(6));
    const run = randomRun({
      ...SMALL,
      features: 30,
      poolCount: 2001,
      trainCount: 1203,
      testCount: 1001,
      isSparse,
    }, stream);
    // Whole words of four are 0, as in images of digits.
    for (const { inputs, count, features } of [run.pool, run.test]) {
      for (let i = 0; i < count; i++) {
        for (let word = 0; word < features; word += 4) {
          if (stream.uniform() < 0.6) inputs.fill(0, i * features + word, i * features + word + 4);
        }
      }
    }
    await withProgram(gpu, run, async (program) => {
      const splits: Split[] = ["validate", "test", "train", "validate", "test"];
      await assertEvaluations(program, run, splits);
      const [first, second, third] = run.replicas;
      const others = [
        { ...first, splitKey: second.splitKey },
        { ...second, splitKey: null, labelMap: third.labelMap },
        { ...third, splitKey: [1, 2] as const },
      ];
      others.forEach((parameters, r) => program.load(r, parameters));
      await assertEvaluations(program, { ...run, replicas: others }, splits);
    });
  });

  Deno.test(`predictions: those of the oracle in the order of the split, ${way}`, async () => {
    for (const classes of [1, 3, 10, 65]) {
      const run = randomRun({
        features: 7,
        ...SMALL,
        layers: [{ units: 9, activation: "tanh" }, { units: classes, activation: null }],
        batchSize: 3,
        poolCount: 1303,
        trainCount: 1100,
        testCount: 1031,
        isSparse,
      }, new RandomStream(seedKey(classes)));
      await withProgram(
        gpu,
        run,
        (program) => assertEvaluations(program, run, ["test", "train", "validate"]),
      );
    }
  });

  Deno.test(`predictions: the first of equal logits, after training too, ${way}`, async () => {
    const run = randomRun({
      features: 4,
      layers: [{ units: 3, activation: "relu" }, { units: 5, activation: null }],
      optimizer: { kind: "sgd", learningRate: 0.5 },
      batchSize: 8,
      poolCount: 24,
      trainCount: 24,
      testCount: 9,
      isSparse,
    }, new RandomStream(seedKey(8)));
    const [, last] = run.replicas[0].layers;
    last.weights.fill(0);
    last.biases.set([-1, 2, 0, 2, 2]);
    run.pool.labels.fill(4);
    await withProgram(gpu, run, async (program) => {
      assertEquals((await program.predict("test")).classes, [new Uint8Array(9).fill(1)]);
      await program.run([{ iterate: 50 }]);
      assertEquals((await program.predict("test")).classes, [new Uint8Array(9).fill(4)]);
    });
  });
}

/** A run of so many training examples, 700 to validate and 600 to test. */
const largeRun = (trainCount: number, replicas = 1) =>
  randomRun({
    features: 8,
    layers: [{ units: 5, activation: "relu" }, { units: 3, activation: null }],
    optimizer: { kind: "sgd", learningRate: 0.1 },
    batchSize: 8,
    poolCount: trainCount + 700,
    trainCount,
    testCount: 600,
    replicas,
  }, new RandomStream(seedKey(9)));

Deno.test("evaluation: windows of one memory share their kernels, however many there are", async () => {
  for (const [name, gpu] of adapters) {
    const { device } = gpu, create = device.createBindGroup.bind(device), made: number[] = [];
    for (const trainCount of [100, 9000]) {
      let count = 0;
      device.createBindGroup = (descriptor) => {
        count++;
        return create(descriptor);
      };
      try {
        await withProgram(gpu, largeRun(trainCount), () => Promise.resolve());
      } finally {
        Reflect.deleteProperty(device, "createBindGroup");
      }
      made.push(count);
    }
    assertEquals(made[1], made[0], name);
  }
});

Deno.test("evaluation: windows that keep their examples are filled once", async () => {
  for (const [name, gpu] of adapters) {
    const log = logSubmits(gpu.device);
    try {
      await withProgram(gpu, largeRun(100), async (program) => {
        const evaluate = async (split: Split) => {
          log.take();
          await program.run([{ evaluate: split }]);
          return log.take().flat().length;
        };
        for (const split of ["validate", "test"] as const) {
          const first = await evaluate(split), second = await evaluate(split);
          assertEquals(second < first, gpu.adapter.isSoftware, `${name}, ${split}`);
        }
        assertEquals(await evaluate("train"), await evaluate("train"), name);
      });
    } finally {
      log.end();
    }
  }
});

Deno.test("evaluation: a replica that nothing was loaded into disturbs no other", async () => {
  const run = largeRun(800, 3);
  for (const [name, gpu] of adapters) {
    await withProgram(gpu, run, async (loaded) => {
      const program = await Program.create(gpu, loaded.spec);
      program.load(0, run.replicas[0]);
      for (const split of ["validate", "test"] as const) {
        const { losses: [loss], classes: [classes] } = await program.predict(split);
        const expected = await loaded.predict(split);
        assertEquals(
          [loss, classes],
          [expected.losses[0], expected.classes[0]],
          `${name}, ${split}`,
        );
      }
      program.destroy();
    });
  }
});

Deno.test("evaluation: one example, one class, one replica", async () => {
  const run = randomRun({
    features: 1,
    layers: [{ units: 1, activation: null }],
    optimizer: { kind: "sgd", learningRate: 0.1 },
    batchSize: 1,
    poolCount: 1,
    trainCount: 1,
    testCount: 1,
  }, new RandomStream(seedKey(5)));
  const [[, gpu]] = adapters;
  await withProgram(gpu, run, async (program) => {
    const { evaluations } = await program.run([{ evaluate: "train" }, { evaluate: "test" }]);
    const expected = { count: 1, losses: [0], correct: [1] };
    assertEquals(evaluations, [expected, expected]);
    await assertRejects(
      () => program.run([{ evaluate: "validate" }]),
      InputError,
      "validate: no examples to evaluate",
    );
    await assertRejects(() => program.predict("validate"), InputError, "validate: no examples");
    assertEquals(await program.predict("test"), { ...expected, classes: [Uint8Array.of(0)] });
  });
});
