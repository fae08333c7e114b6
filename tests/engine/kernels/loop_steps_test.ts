/** Loops that llvmpipe would end early: their lengths, worked by hand, and what is done instead. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { CapacityError } from "../../../src/errors.ts";
import {
  type Conv2dSpec,
  type LayerSpec,
  weightedLayers,
  weightShape,
} from "../../../src/engine/layer_spec.ts";
import { imageSteps, mostExamples, SAFE_STEPS } from "../../../src/engine/kernels/loop_steps.ts";
import { gradientSlices } from "../../../src/engine/kernels/images/conv_update_kernels.ts";
import { longestLoops, topSteps } from "../../../src/engine/kernels/sparse/loop_steps.ts";
import { derivatives } from "../../../src/engine/programs/derivatives.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { parseHidden } from "../../../src/models/hidden_layers.ts";
import { networkLayers } from "../../../src/models/layers.ts";
import { NETWORKS } from "../../../src/models/networks.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { asEachAdapter, openTestGpu } from "../gpu.ts";
import { oracleTrain, randomRun, type RunShape, withProgram } from "../programs/run_case.ts";

const gpu = await openTestGpu(), [[, llvmpipe], , [, hardware]] = asEachAdapter(gpu);
const layers = networkLayers(parseHidden("conv3x3:4"), [28, 28, 1], 10);
const [conv] = layers as [Conv2dSpec];

Deno.test("loop steps of an image: the example, its rows, their pixels, and the ends of both loops", () => {
  assertEquals(imageSteps(conv), 1 + 29 + 28 * 29);
  assertEquals(imageSteps(conv, 2), 1 + 29 + 28 * 15);
  assertEquals(mostExamples(conv), 77);
});

Deno.test("a slice of a gradient is no longer than a loop may be", () => {
  const [conv2] = networkLayers(parseHidden("conv3x3:64"), [32, 32, 64], 10) as [Conv2dSpec];
  for (const batchSize of [60, 1024, 65536]) {
    const { slices, examples } = gradientSlices(conv2, batchSize);
    assert(examples * imageSteps(conv2) <= SAFE_STEPS);
    assert(slices * examples >= batchSize);
  }
});

Deno.test("lists: the gradient goes over tiles, places and columns", () => {
  // 5 tiles of 16 columns at 784 places, 260 examples; 4 tiles of 256.
  assertEquals(longestLoops(layers, [36, 310], 260).steps, 5 * (1 + 785 + 784 * 17));
  assert(longestLoops(layers, [36, 310], 256).steps <= SAFE_STEPS);
});

Deno.test("lists: the two last layers at once go through each list forward and backward", () => {
  const layers = [[3, 5], [5, 2]].map(([inputs, units], i): LayerSpec => ({
    ...{ name: `layer${i}`, inputs, units, activation: null, useBias: true },
  }));
  // 4 · (2 · 5 units + 8 · 2 classes + 3 inputs), and three steps for four weights.
  assertEquals(topSteps(layers, [15, 9]), 4 * 29 + 18);
});

Deno.test("lists: networks of the paper train at its batch, however many of their weights live", () => {
  const all = (name: keyof typeof NETWORKS, image: [number, number, number]) => {
    const layers = networkLayers(NETWORKS[name].hidden, image, 10);
    const live = weightedLayers(layers).map(weightShape).map((w) => w.inputs * w.units);
    return longestLoops(layers, live, 60).steps <= SAFE_STEPS;
  };
  assert(all("lenet-300-100", [28, 28, 1]));
  assert(all("lenet-5", [28, 28, 1]));
  assert(all("conv-2", [32, 32, 3]));
  assert(all("conv-4", [32, 32, 3]));
  // Of conv-6 a channel feeds 9 × 256 weights; 64 channels at two steps for four of them.
  assert(!all("conv-6", [32, 32, 3]));
});

Deno.test("derivatives of more examples than a loop goes through: those of each, repeated", async () => {
  const stream = new RandomStream(seedKey(3)),
    draw = (n: number) => new Float32Array(n).map(() => stream.normal());
  const count = 30, inputs = draw(count * 784);
  const labels = new Uint8Array(count).map(() => stream.integerBelow(10));
  const weights = [draw(36), draw(31360).map((w) => w / 100)], biases = [draw(4), draw(10)];
  const once = { layers, weights, biases, batch: { inputs, labels, count } };
  const times = [0, 1, 2, 3, 4];
  const batch = {
    inputs: Float32Array.from(times.flatMap(() => [...inputs])),
    labels: Uint8Array.from(times.flatMap(() => [...labels])),
    count: 5 * count,
  };
  const [one, many] = [await derivatives(gpu, once), await derivatives(gpu, { ...once, batch })];
  one.gradients.forEach((gradient, i) => assertAllClose(many.gradients[i], gradient));
});

const shape: RunShape = {
  features: 784,
  images: [conv],
  layers: [{ units: 10, activation: null }],
  optimizer: { kind: "sgd", learningRate: 0.05 },
  batchSize: 260,
  poolCount: 260,
  trainCount: 260,
  density: 0.05,
};

Deno.test("lists whose loops llvmpipe would end early are refused there", async () => {
  const run = randomRun({ ...shape, isSparse: true }, new RandomStream(seedKey(4)));
  await assertRejects(
    () => withProgram(llvmpipe, run, () => Promise.resolve()),
    CapacityError,
    "the gradient of layer0 takes 70570 steps as lists of live weights at a batch of 260",
  );
  await withProgram(hardware, run, () => Promise.resolve());
});

Deno.test("whole matrices at such a batch agree with the oracle", async () => {
  const run = randomRun(shape, new RandomStream(seedKey(4)));
  await withProgram(llvmpipe, run, async (program) => {
    await program.run([{ iterate: 1 }]);
    const [{ layers: [first] }] = await program.readState();
    assertAllClose(first.weights, oracleTrain(run, 0, 1).layers[0].weights);
  });
});
