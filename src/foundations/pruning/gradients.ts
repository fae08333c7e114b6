/**
 * Gradients of the loss by every weight of a network, over training batches, and their products
 * with the Hessian: what SNIP and GraSP are made from.
 */

import type { Gpu } from "../../engine/device.ts";
import { checkNetwork } from "../../engine/kernels/program_limits.ts";
import { weightedLayers, weightShape } from "../../engine/layer_spec.ts";
import { firstNotFinite } from "../../engine/numbers.ts";
import { derivatives } from "../../engine/programs/derivatives.ts";
import { InputError } from "../../errors.ts";
import { formatIndex, type Network } from "../../models/network.ts";
import type { DatasetBase } from "../dataset_base.ts";
import type { ModelBase } from "../model.ts";
import { type BatchChoice, trainingBatches } from "./host_batches.ts";

/** The parts of a model that its loss depends on; `weights` are 0 where they are masked. */
export type Differentiable = Pick<ModelBase, "layers" | "weights" | "biases">;

/**
 * The gradient of the mean loss by every weight, live or masked: the mean over the first training
 * batches, each batch counting the same.
 *
 * ```ts
 * import { DatasetBase, lossGradients, ModelFc, openGpu } from "lottery-tickets";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const points = { inputs: [1, -2], labels: [0, 1], count: 2, features: 1 };
 * const dataset = new DatasetBase({ name: "two points", classes: 2, train: points, test: points });
 * const zero = { layer0: { shape: [1, 2], data: [0, 0] } };
 * const model = new ModelFc({ layers: [[2, null]] }, 1, { presets: zero });
 * const gpu = await openGpu();
 * const { layer0 } = await lossGradients(gpu, model, dataset, { batches: 1, batchSize: 2 });
 * // Both classes have the probability 1/2: (1 · (1/2 - 1) - 2 · 1/2) / 2.
 * assertAlmostEquals(layer0.data[0], -0.75, 1e-5);
 * gpu.destroy();
 * ```
 *
 * @returns arrays of the weights' shapes
 * @throws InputError if network and examples do not fit together, `batches` or `batchSize` is no
 *   whole number from 1 on, or the gradient is not finite; CapacityError if the device cannot hold
 *   it
 */
export async function lossGradients(
  gpu: Gpu,
  model: Differentiable,
  dataset: DatasetBase,
  choice: BatchChoice,
): Promise<Network> {
  return await meanDerivatives(gpu, model, dataset, choice, null);
}

/**
 * H · g: the Hessian of the loss by all weights, times its gradient g (GraSP: Wang et al. 2020,
 * equation 8). g is the mean over the first training batches, and so is H · g with this g.
 *
 * @returns arrays of the weights' shapes
 * @throws InputError, CapacityError as `lossGradients`
 */
export async function hessianGradientProducts(
  gpu: Gpu,
  model: Differentiable,
  dataset: DatasetBase,
  choice: BatchChoice,
): Promise<Network> {
  const gradients = await lossGradients(gpu, model, dataset, choice);
  return await meanDerivatives(gpu, model, dataset, choice, gradients);
}

/** The mean gradient, or its derivative along a direction where there is one. */
async function meanDerivatives(
  gpu: Gpu,
  { layers, weights, biases }: Differentiable,
  dataset: DatasetBase,
  choice: BatchChoice,
  direction: Network | null,
): Promise<Network> {
  const batches = trainingBatches(dataset, choice);
  checkNetwork(layers, { training: { features: dataset.features, classes: classesOf(dataset) } });
  const weighted = weightedLayers(layers);
  const parts = (network: Network) => weighted.map(({ name }) => network[name].data);
  const network = {
    layers,
    weights: parts(weights),
    biases: weighted.map((layer) =>
      biases[layer.name]?.data ?? new Float32Array(weightShape(layer).units)
    ),
    ...(direction && { direction: parts(direction) }),
  };
  const sums = network.weights.map(({ length }) => new Float64Array(length));
  for (const batch of batches) {
    const { gradients, products } = await derivatives(gpu, { ...network, batch });
    (direction ? products : gradients).forEach((values, layer) => {
      const sum = sums[layer];
      for (let i = 0; i < sum.length; i++) sum[i] += values[i];
    });
  }
  const what = direction ? "Hessian products" : "gradients";
  return Object.fromEntries(weighted.map(({ name }, i) => {
    const { shape } = weights[name];
    const mean = { shape: [...shape], data: Float32Array.from(sums[i], (s) => s / choice.batches) };
    const stray = firstNotFinite(mean.data);
    if (stray === -1) return [name, mean];
    throw new InputError(
      `${what} of ${name} hold ${mean.data[stray]} at ${formatIndex(stray, shape)}: they must be ` +
        "finite; use smaller initial weights, or scale the inputs down",
    );
  }));
}

/** The largest label that is trained on + 1. */
function classesOf({ sets, labelMap }: DatasetBase): number {
  return sets.train.labels.reduce((most, l) => Math.max(most, labelMap?.[l] ?? l), 0) + 1;
}
