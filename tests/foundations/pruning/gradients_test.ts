/** Gradients and Hessian products of networks against PyTorch (pytorch.py) and the f64 oracle. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { RandomStream } from "../../../src/engine/random.ts";
import { isDense } from "../../../src/engine/layer_spec.ts";
import { InputError } from "../../../src/errors.ts";
import { DatasetBase } from "../../../src/foundations/dataset_base.ts";
import { ModelBase } from "../../../src/foundations/model.ts";
import { ModelFc } from "../../../src/foundations/model_fc.ts";
import {
  hessianGradientProducts,
  lossGradients,
} from "../../../src/foundations/pruning/gradients.ts";
import { trainingBatches } from "../../../src/foundations/pruning/host_batches.ts";
import type { Network } from "../../../src/models/network.ts";
import { openTestGpu } from "../../engine/gpu.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import {
  backward,
  forward,
  type OracleLayer,
  softmaxCrossEntropy,
} from "../../reference/network.ts";
import pytorch from "../../reference/pytorch.json" with { type: "json" };

const gpu = await openTestGpu();

Deno.test("gradients and Hessian products: as PyTorch's, of live and masked weights", async () => {
  const { widths, inputs, labels, masks, weights, biases, ...expected } = pytorch.init_scores;
  const named = (arrays: number[][], shapeOf: (layer: number) => number[]) =>
    Object.fromEntries(
      arrays.map((data, i) => [`layer${i}`, { shape: shapeOf(i), data }]),
    );
  const matrix = (i: number) => [widths[i], widths[i + 1]];
  const model = new ModelFc({ layers: [[5, "tanh"], [4, "sigmoid"], [3, null]] }, 4, {
    masks: named(masks, matrix),
    presets: named(weights, matrix),
    presetBiases: named(biases, (i) => [widths[i + 1]]),
  });
  const points = { inputs, labels, count: labels.length, features: 4 };
  const dataset = new DatasetBase({ name: "waves", classes: 3, train: points, test: points });
  const choice = { batches: 1, batchSize: 100 };
  const gradients = await lossGradients(gpu, model, dataset, choice);
  const products = await hessianGradientProducts(gpu, model, dataset, choice);
  model.layers.forEach(({ name }, i) => {
    assertAllClose(gradients[name].data, expected.gradients[i], { what: `gradients of ${name}` });
    assertAllClose(products[name].data, expected.products[i], { what: `products of ${name}` });
    const { data } = model.weights[name];
    const times = (other: Float32Array) => data.map((w, at) => w * other[at]);
    assertAllClose(times(gradients[name].data).map(Math.abs), expected.snip[i], { what: "SNIP" });
    assertAllClose(times(products[name].data), expected.grasp[i], { what: "GraSP" });
    assertEquals(gradients[name].shape, model.weights[name].shape);
  });
  const dead = model.masks.layer0.data.findIndex((m) => m === 0);
  assert(gradients.layer0.data[dead] !== 0, "a dead weight has a gradient too");
});

/** Examples of two values in one of three classes. */
function drawn(count: number, scale = 1) {
  const stream = new RandomStream([count, 5]);
  const inputs = Float32Array.from({ length: 2 * count }, () => scale * stream.normal());
  const labels = Uint8Array.from({ length: count }, () => stream.integerBelow(3));
  return { inputs, labels, count, features: 2 };
}

/** A network with a layer without biases. */
class Mixed extends ModelBase {
  constructor(scale = 1) {
    super({ seed: 3 });
    const first = this.dense("first", this.input(2), 6, {
      activation: "relu",
      useBias: false,
      kernelInitializer: ([inputs, units], stream) =>
        Float32Array.from({ length: inputs * units }, () => scale * stream.normal()),
    });
    this.dense("logits", this.dense("second", first, 5, { activation: "tanh" }), 3);
    this.finish();
  }
}

/** The oracle's mean gradient, each batch counting the same, `step` along a direction. */
function oracle(
  model: Mixed,
  batches: { inputs: Float32Array; labels: Uint8Array }[],
  direction: Network | null = null,
  step = 0,
): Float64Array[] {
  const layers = model.layers.filter(isDense).map((layer): OracleLayer => ({
    ...layer,
    activation: layer.activation ?? "none",
    weights: Float64Array.from(
      model.weights[layer.name].data,
      (w, i) => w + step * (direction?.[layer.name].data[i] ?? 0),
    ),
    biases: new Float64Array(layer.units),
    mask: new Float64Array(layer.inputs * layer.units).fill(1),
  }));
  const sums = layers.map(({ weights }) => weights.map(() => 0));
  for (const { inputs, labels } of batches) {
    const x = Float64Array.from(inputs), values = forward(layers, x, labels.length);
    const { gradient } = softmaxCrossEntropy(values.post.at(-1)!, labels, labels.length, 3);
    backward(layers, x, labels.length, values, gradient).forEach(({ weights }, l) => {
      weights.forEach((g, i) => sums[l][i] += g / batches.length);
    });
  }
  return sums;
}

Deno.test("over several batches of a split: means, and H·g with the mean g", async () => {
  const sets = { name: "points", classes: 3, train: drawn(50), test: drawn(4) };
  const dataset = new DatasetBase(sets, { validationSize: 11, permuteLabels: true, seed: 8 });
  const model = new Mixed(), choice = { batches: 5, batchSize: 16 };
  const batches = [...trainingBatches(dataset, choice)];
  assertEquals(batches.map(({ count }) => count), [16, 16, 7, 16, 16]);
  const gradients = await lossGradients(gpu, model, dataset, choice);
  const products = await hessianGradientProducts(gpu, model, dataset, choice);
  const expected = oracle(model, batches), step = 1e-4;
  const above = oracle(model, batches, gradients, step);
  const below = oracle(model, batches, gradients, -step);
  model.layers.forEach(({ name }, l) => {
    assertAllClose(gradients[name].data, expected[l], { what: `gradients of ${name}` });
    const differences = above[l].map((g, i) => (g - below[l][i]) / (2 * step));
    assertAllClose(products[name].data, differences, { what: `products of ${name}` });
  });
});

Deno.test("gradients that cannot be used or asked for are refused", async () => {
  const sets = { name: "points", classes: 3, train: drawn(20), test: drawn(4) };
  const dataset = new DatasetBase(sets), choice = { batches: 1, batchSize: 16 };
  for (const  of of[lossGradients, hessianGradientProducts]) {
    const refuses = (model: ModelBase, data: DatasetBase, message: string, chosen = choice) =>
      assertRejects(() => of(gpu, model, data, chosen), InputError, message);
    await refuses(new Mixed(), dataset, "batches 0 of a gradient", { ...choice, batches: 0 });
    await refuses(new Mixed(), dataset, "batches 1.5 of a gradient", { ...choice, batches: 1.5 });
    await refuses(new Mixed(), dataset, "batch size -1 of a", { ...choice, batchSize: -1 });
    const large = new DatasetBase({ ...sets, train: drawn(20, 1e30) });
    await refuses(
      new Mixed(1e30),
      large,
      "at [0, 0]: they must be finite; use smaller initial weights, or scale the inputs down",
    );
    const two = new ModelFc({ layers: [[2, null]] }, 2);
    await refuses(two, dataset, "has 2 classes, but the training examples have labels up to 2");
    const wide = new ModelFc({ layers: [[3, null]] }, 3);
    await refuses(wide, dataset, "takes 3 inputs, but the training examples have 2");
    const bent = new ModelFc({ layers: [[3, "tanh"]] }, 2);
    await refuses(bent, dataset, "the last layer computes the logits of a softmax");
  }
});
