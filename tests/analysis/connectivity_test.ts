import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { barrier, networksBetween } from "../../src/analysis/connectivity.ts";
import { type FinishedNetwork, NetworkEvaluator } from "../../src/models/network_evaluator.ts";
import { destroyExamples, type ExampleArrays, uploadExamples } from "../../src/engine/mod.ts";
import type { DenseSpec } from "../../src/engine/layer_spec.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { InputError } from "../../src/errors.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { assertAllClose } from "../reference/allclose.ts";

const gpu = await openTestGpu();

/** Two inputs, a hidden layer of two units, two classes. */
const LAYERS: DenseSpec[] = [
  { name: "layer0", inputs: 2, units: 2, activation: "relu", useBias: true },
  { name: "layer1", inputs: 2, units: 2, activation: null, useBias: true },
];

function network(
  layer0: number[],
  layer1: number[],
  biases: number[] = [0, 0, 0, 0],
  masks: [number[], number[]] = [[1, 1, 1, 1], [1, 1, 1, 1]],
): FinishedNetwork {
  const layers = (shape: number[], first: number[], second: number[]) => ({
    layer0: { shape, data: Float32Array.from(first) },
    layer1: { shape, data: Float32Array.from(second) },
  });
  return {
    weights: layers([2, 2], layer0, layer1),
    biases: layers([2], biases.slice(0, 2), biases.slice(2)),
    masks: layers([2, 2], ...masks),
  };
}

/** Inputs (1, 0) of class 0 and (0, 1) of class 1. */
const CORNERS: ExampleArrays = {
  inputs: Float32Array.of(1, 0, 0, 1),
  labels: Uint8Array.of(0, 1),
  count: 2,
  features: 2,
};

async function withEvaluator(
  sets: { test: ExampleArrays; train?: ExampleArrays },
  work: (evaluator: NetworkEvaluator) => Promise<void>,
  most = 11,
): Promise<void> {
  const test = await uploadExamples(gpu, sets.test, "none");
  const train = sets.train ? await uploadExamples(gpu, sets.train, "none") : null;
  try {
    const evaluator = await NetworkEvaluator.create(gpu, { test, train }, LAYERS, most);
    try {
      await work(evaluator);
    } finally {
      evaluator.destroy();
    }
  } finally {
    destroyExamples(test);
    if (train) destroyExamples(train);
  }
}

const softplus = (x: number) => Math.log(1 + Math.exp(x));

Deno.test("barrier: of a network and its permuted copy, worked by hand", async () => {
  // Both give an input's own class the logit a·c and the other 0; the units have changed places.
  const a = 2, c = 3;
  const one = network([a, 0, 0, a], [c, 0, 0, c]), other = network([0, a, a, 0], [0, c, c, 0]);
  await withEvaluator(
    { test: CORNERS, train: { ...CORNERS, labels: Uint8Array.of(0, 0) } },
    async (evaluator) => {
      const { test, train, disagreement } = await barrier(evaluator, one, other);
      // At α its own class has the logit a·c·((1 − α)² + α²), the other one a·c·2α(1 − α).
      const margins = Array.from({ length: 11 }, (_, i) => a * c * (1 - 2 * i / 10) ** 2);
      const losses = margins.map((margin) => softplus(-margin));
      assertAllClose(test.losses, losses);
      assertAlmostEquals(test.barrier, Math.log(2) - softplus(-a * c), 1e-5);
      assertEquals([0, 1, 9, 10].map((i) => test.accuracies[i]), [1, 1, 1, 1]);
      assertEquals(disagreement, 0, "the two compute the same");
      // Half of these training labels are the other class.
      assertAllClose(train!.losses, margins.map((m) => (softplus(-m) + softplus(m)) / 2));
      assertEquals(train!.barrier, 0, "the middle has the smaller loss");
      assertEquals(train!.accuracies[0], 0.5);
    },
  );
});

Deno.test("barrier: none from a network to itself, and the same both ways", async () => {
  const stream = new RandomStream([1, 1]);
  const draw = () => {
    const some = () => Array.from({ length: 4 }, () => stream.normal());
    return network(some(), some(), some());
  };
  const one = draw(), other = draw();
  await withEvaluator({ test: CORNERS }, async (evaluator) => {
    const same = await barrier(evaluator, one, one);
    assertEquals([same.test.barrier, same.disagreement, same.train], [0, 0, null]);
    assertEquals(same.test.losses, new Array(11).fill(same.test.losses[0]));
    const there = await barrier(evaluator, one, other), back = await barrier(evaluator, other, one);
    assertAllClose(back.test.losses.toReversed(), there.test.losses);
    assertAlmostEquals(back.test.barrier, there.test.barrier, 1e-5);
    assertEquals(back.disagreement, there.disagreement);
  });
});

Deno.test("barrier: its ends are the two networks alone, bit for bit, whatever lies under their masks", async () => {
  const one = network([1.1, 50, 0.3, -2.7], [0.9, -1.3, 60, 0.2], [0.1, -0.2, 0.3, 0.7], [
    [1, 0, 1, 1],
    [1, 1, 0, 1],
  ]);
  const other = network([70, 0.4, -0.6, 80], [1.7, 0.1, -0.4, 90], [-0.3, 0.5, 0.2, 0.1], [
    [0, 1, 1, 0],
    [1, 1, 1, 0],
  ]);
  for (const points of [2, 3, 11, 12]) {
    await withEvaluator({ test: CORNERS, train: CORNERS }, async (evaluator) => {
      const line = await barrier(evaluator, one, other, points);
      const [first] = await evaluator.evaluate([one]);
      const [last] = await evaluator.evaluate([other]);
      for (const part of ["test", "train"] as const) {
        const { losses, accuracies } = line[part]!;
        assertEquals([losses.length, accuracies.length], [points, points]);
        assert(
          Object.is(losses[0], first[part]!.loss) && Object.is(losses.at(-1), last[part]!.loss),
        );
        assertEquals(accuracies[0], first[part]!.accuracy);
        assertEquals(accuracies.at(-1), last[part]!.accuracy);
      }
      const different = [0, 1].filter((i) => first.test.classes[i] !== last.test.classes[i]);
      assertEquals(line.disagreement, different.length / 2);
    }, points);
  }
});

Deno.test("networks between: weights and biases at equal steps, live where one of the two is", () => {
  const one = network([4, 9, 0, 0], [0, 0, 0, 0], [0, 2, 0, 0], [[1, 0, 1, 0], [1, 0, 0, 0]]);
  const other = network([0, 8, 4, 9], [0, 0, 0, 8], [4, 2, 0, 0], [[1, 1, 1, 0], [0, 0, 0, 1]]);
  const line = networksBetween(one, other, 5);
  assertEquals(line.map(({ weights }) => [...weights.layer0.data]), [
    [4, 0, 0, 0],
    [3, 2, 1, 0],
    [2, 4, 2, 0],
    [1, 6, 3, 0],
    [0, 8, 4, 0],
  ]);
  assertEquals(line.map(({ biases }) => [...biases.layer0.data]), [
    [0, 2],
    [1, 2],
    [2, 2],
    [3, 2],
    [4, 2],
  ]);
  for (const { masks } of line) {
    assertEquals([[...masks.layer0.data], [...masks.layer1.data]], [[1, 1, 1, 0], [1, 0, 0, 1]]);
  }
  for (const points of [1, 0, 2.5, NaN]) {
    assertThrows(() => networksBetween(one, other, points), InputError, `${points} points`);
  }
  const { layer1: _, ...layer0 } = other.masks;
  assertThrows(
    () => networksBetween(one, { ...other, masks: layer0 }, 3),
    InputError,
    "different layers",
  );
});
