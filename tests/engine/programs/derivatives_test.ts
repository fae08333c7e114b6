/**
 * Gradients and Hessian products against the f64 oracle: its gradients, and their central
 * differences along the direction.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { CapacityError } from "../../../src/errors.ts";
import { Gpu } from "../../../src/engine/device.ts";
import {
  type DenseSpec,
  isPool,
  outputSize,
  weightedLayers,
  weightShape,
} from "../../../src/engine/layer_spec.ts";
import { type DerivativeJob, derivatives } from "../../../src/engine/programs/derivatives.ts";
import type { RandomStream } from "../../../src/engine/random.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import {
  backward,
  forward,
  type OracleAnyLayer,
  softmaxCrossEntropy,
} from "../../reference/network.ts";
import { activations, batchSizes, streams, widths } from "../kernels/arbitraries.ts";
import { oraclePool } from "../kernels/image_case.ts";
import { openTestGpu } from "../gpu.ts";
import { CONV_RUNS } from "./conv_networks.ts";
import { randomRun, type RunShape } from "./run_case.ts";

const gpu = await openTestGpu();

interface Shape {
  features: number;
  hidden: Omit<DenseSpec, "name" | "inputs">[];
  classes: number;
  count: number;
  stream: RandomStream;
}

/** A network whose weights are half of them masked, a batch, and a direction for all weights. */
function drawJob({ features, hidden, classes, count, stream }: Shape) {
  const all = [...hidden, { units: classes, activation: null, useBias: true }];
  const layers = all.map((layer, i): DenseSpec => ({
    ...layer,
    name: `layer${i}`,
    inputs: i === 0 ? features : all[i - 1].units,
  }));
  const draw = (size: number) => new Float32Array(size).map(() => stream.normal());
  const weights = layers.map(({ inputs, units }) =>
    draw(inputs * units).map((w) => stream.uniform() < 0.5 ? 0 : w / Math.sqrt(inputs))
  );
  const labels = new Uint8Array(count).map(() => stream.integerBelow(classes));
  return {
    layers,
    weights,
    batch: { inputs: draw(count * features), labels, count },
    biases: layers.map(({ units }) => draw(units)),
    direction: weights.map(({ length }) => draw(length)),
  };
}

/** Loss and gradients by the oracle, `step` along the direction. */
function oracle({ layers, batch, weights, biases, direction }: DerivativeJob, step = 0) {
  const parameters = weights.map((of, i) => ({
    weights: Float64Array.from(of, (w, at) => w + step * (direction?.[i][at] ?? 0)),
    biases: Float64Array.from(biases[i]),
    mask: new Float64Array(of.length).fill(1),
  }));
  const network = layers.map((layer): OracleAnyLayer => {
    if (isPool(layer)) return oraclePool(layer);
    return { ...layer, activation: layer.activation ?? "none", ...parameters.shift()! };
  });
  const x = Float64Array.from(batch.inputs), values = forward(network, x, batch.count);
  const units = outputSize(layers.at(-1)!);
  const { loss, gradient } = softmaxCrossEntropy(
    values.post.at(-1)!,
    batch.labels,
    batch.count,
    units,
  );
  const gradients = backward(network, x, batch.count, values, gradient);
  const ofWeights = gradients.map(({ weights }) => weights).filter(({ length }) => length > 0);
  return { loss, gradients: ofWeights };
}

/** A network of the convolutions and pools of a shape, with a batch and a direction. */
function drawImages(shape: RunShape, stream: RandomStream) {
  const { layers, features } = shape;
  const { spec } = randomRun(shape, stream);
  const count = 7, classes = layers.at(-1)!.units;
  const draw = (size: number) => new Float32Array(size).map(() => stream.normal());
  const shapes = weightedLayers(spec.layers).map(weightShape);
  const weights = shapes.map(({ inputs, units }) =>
    draw(inputs * units).map((w) => stream.uniform() < 0.5 ? 0 : w / Math.sqrt(inputs))
  );
  const labels = new Uint8Array(count).map(() => stream.integerBelow(classes));
  return {
    layers: spec.layers,
    weights,
    batch: { inputs: draw(count * features), labels, count },
    biases: shapes.map(({ units }) => draw(units)),
    direction: weights.map(({ length }) => draw(length)),
  };
}

/** So small that no relu of the many passes 0 in between. */
const STEP = 1e-7;

async function assertDerivatives(job: DerivativeJob): Promise<void> {
  const { loss, gradients, products } = await derivatives(gpu, job);
  const expected = oracle(job), above = oracle(job, STEP), below = oracle(job, -STEP);
  assertAllClose([loss], [expected.loss], { what: "loss" });
  weightedLayers(job.layers).forEach(({ name }, i) => {
    assertAllClose(gradients[i], expected.gradients[i], { what: `gradients of ${name}` });
    const differences = above.gradients[i].map((g, at) =>
      (g - below.gradients[i][at]) / (2 * STEP)
    );
    assertAllClose(products[i], differences, { what: `products of ${name}` });
  });
}

const hiddenLayers = fc.record({
  units: widths,
  activation: activations,
  useBias: fc.boolean(),
});
const shapes = fc.record({
  features: widths,
  hidden: fc.array(hiddenLayers, { maxLength: 3 }),
  classes: fc.constantFrom(1, 2, 3, 10, 17),
  count: batchSizes,
  stream: streams,
});

Deno.test("derivatives: the oracle's gradients and their differences, of all weights", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, (shape) => assertDerivatives(drawJob(shape))),
    { seed: 1, numRuns: 15 },
  );
});

for (const activation of ["relu", "tanh", "sigmoid", null] as const) {
  Deno.test(`derivatives: two hidden layers of ${activation}`, async () => {
    const [stream] = fc.sample(streams, { seed: 2, numRuns: 1 });
    const hidden = [{ units: 13, activation, useBias: true }, {
      units: 7,
      activation,
      useBias: false,
    }];
    await assertDerivatives(drawJob({ features: 21, hidden, classes: 5, count: 9, stream }));
  });
}

for (const [name, shape] of Object.entries(CONV_RUNS)) {
  Deno.test(`derivatives: ${name}`, async () => {
    const [stream] = fc.sample(streams, { seed: 4, numRuns: 1 });
    await assertDerivatives(drawImages(shape, stream));
  });
}

Deno.test("derivatives: a batch in pieces; without a direction the products are 0", async () => {
  const [stream] = fc.sample(streams, { seed: 3, numRuns: 1 });
  const hidden = [{ units: 6, activation: "tanh" as const, useBias: true }];
  const job = drawJob({ features: 5, hidden, classes: 3, count: 1300, stream });
  await assertDerivatives(job);
  const { direction: _, ...still } = job;
  const { gradients, products } = await derivatives(gpu, still);
  assert(products.every((product) => product.every((value) => value === 0)));
  assertEquals(gradients, (await derivatives(gpu, job)).gradients, "a direction moves no gradient");
});

Deno.test("derivatives: more workgroups than a grid has in one dimension", async () => {
  // 65,536 workgroups, and as many bytes as WebGPU promises for a buffer.
  const features = 65_536, units = 256;
  const layers = [{ name: "layer0", inputs: features, units, activation: null, useBias: false }];
  const inputs = new Float32Array(features).map((_, i) => i % 997 - 498);
  const batch = { inputs, labels: Uint8Array.of(7), count: 1 };
  const weights = [new Float32Array(features * units)];
  const { gradients: [gradient] } = await derivatives(gpu, { layers, batch, weights, biases: [] });
  // Without weights all classes are as likely.
  const wrong = gradient.findIndex((g, i) =>
    g !== inputs[Math.floor(i / units)] * (1 / units - (i % units === 7 ? 1 : 0))
  );
  assertEquals(wrong, -1);
});

Deno.test("derivatives: a layer that does not fit into a buffer is refused", async () => {
  const [stream] = fc.sample(streams, { seed: 5, numRuns: 1 });
  const job = drawJob({ features: 100, hidden: [], classes: 10, count: 1, stream });
  const limits = { maxBufferSize: 7999, maxStorageBufferBindingSize: 7999 };
  const device = new Proxy(gpu.device, {
    get: (target, key) => {
      const value = key === "limits" ? limits : Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await assertRejects(
    () => derivatives(new Gpu(device, gpu.adapter), job),
    CapacityError,
    "layer0: the derivatives by its 100 × 10 weights take 8 kB, and",
  );
});
