import { assertEquals, assertRejects } from "@std/assert";
import { RandomStream, seedKey } from "../../src/engine/random.ts";
import type { Split } from "../../src/engine/program_spec.ts";
import { InputError } from "../../src/errors.ts";
import { assertAllClose } from "../reference/allclose.ts";
import { forward, softmaxCrossEntropy } from "../reference/network.ts";
import { asEachAdapter, openTestGpu } from "./gpu.ts";
import {
  mappedLabels,
  normalizedInputs,
  oracleLayers,
  randomRun,
  type RunCase,
  trainingSet,
  withProgram,
} from "./run_case.ts";

const adapters = asEachAdapter(await openTestGpu());

/** Loss and correct predictions of a replica's initial weights over a split, by the oracle. */
function oracleEvaluation(run: RunCase, replica: number, split: Split) {
  const set = split === "test" ? run.test : run.pool, { features } = set;
  const training = new Set(trainingSet(run, replica));
  const indices = Array.from({ length: set.count }, (_, i) => i)
    .filter((i) => split === "test" || training.has(i) === (split === "train"));
  const inputs = normalizedInputs(set, run.normalization);
  const x = new Float64Array(indices.length * features);
  indices.forEach((index, i) =>
    x.set(inputs.subarray(index * features, (index + 1) * features), i * features)
  );
  const labels = mappedLabels(run, replica, set.labels);
  const layers = oracleLayers(run, replica), classes = layers.at(-1)!.units;
  const logits = forward(layers, x, indices.length).post.at(-1)!;
  return softmaxCrossEntropy(logits, indices.map((i) => labels[i]), indices.length, classes);
}

for (
  const [[name, gpu], isSparse] of adapters.flatMap((of) => [[of, false], [of, true]] as const)
) {
  const way = isSparse ? `${name}, sparse` : name;
  Deno.test(`evaluation: splits that windows do not divide agree with the oracle, ${way}`, async () => {
    const run = randomRun({
      features: 5,
      layers: [{ units: 6, activation: "relu" }, { units: 4, activation: null }],
      optimizer: { kind: "sgd", learningRate: 0.1 },
      batchSize: 10,
      // Windows are of 480 to 1024 rows.
      poolCount: 2503,
      trainCount: 1501,
      testCount: 1001,
      replicas: 3,
      isSparse,
    }, new RandomStream(seedKey(5)));
    await withProgram(gpu, run, async (program) => {
      const splits: Split[] = ["test", "train", "validate", "validate", "test"];
      const { evaluations } = await program.run(splits.map((evaluate) => ({ evaluate })));
      splits.forEach((split, i) => {
        run.replicas.forEach((_, r) => {
          const { loss, correct } = oracleEvaluation(run, r, split);
          assertAllClose([evaluations[i].losses[r]], [loss], { what: `${split}, replica ${r}` });
          assertEquals(evaluations[i].correct[r], correct, `${split}, replica ${r}`);
        });
      });
      const counts = { train: 1501, validate: 1002, test: 1001 };
      assertEquals(evaluations.map(({ count }) => count), splits.map((split) => counts[split]));
    });
  });
}

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
  });
});
