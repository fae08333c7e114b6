/** Small networks of convolutions and pools, for the tests of whole programs. */

import {
  type Conv2dSpec,
  type LayerImage,
  outputShape,
  type PoolSpec,
} from "../../../src/engine/layer_spec.ts";
import { adamSpec, optimizerSpec } from "../../../src/engine/optimizers.ts";
import type { RunShape } from "./run_case.ts";

/** What tells a layer from the usual; of a pool its kind. */
type Part =
  & Partial<Omit<Conv2dSpec, "kind" | "name" | "image">>
  & Partial<Pick<PoolSpec, "kind" | "size">>;

/** Layers that chain, from an image and what tells each from the usual. */
function chain(image: LayerImage, parts: Part[]): (Conv2dSpec | PoolSpec)[] {
  const layers: (Conv2dSpec | PoolSpec)[] = [];
  for (const [i, { kind, size = [2, 2] as const, stride, ...rest }] of parts.entries()) {
    const below = (i === 0 ? image : outputShape(layers[i - 1])) as unknown as LayerImage;
    layers.push(
      kind ? { kind, name: `pool${i}`, image: below, size, stride: stride ?? size } : {
        kind: "conv2d",
        name: `conv${i}`,
        image: below,
        kernel: [3, 3],
        stride: stride ?? [1, 1],
        padding: "valid",
        filters: 5,
        activation: "relu",
        useBias: true,
        ...rest,
      },
    );
  }
  return layers;
}

const RUN = { batchSize: 11, poolCount: 40, trainCount: 35, testCount: 23 };

/** Runs of networks that differ in as much as possible. */
export const CONV_RUNS: Record<string, RunShape> = {
  "a small LeNet-5, adam": {
    ...RUN,
    features: 144,
    images: chain([12, 12, 1], [
      { filters: 6 },
      { kind: "maxPool2d" },
      { kernel: [2, 2], filters: 9 },
      { kind: "maxPool2d" },
    ]),
    layers: [{ units: 13, activation: "relu" }, { units: 10, activation: null }],
    optimizer: adamSpec(1.2e-3),
    replicas: 2,
  },
  "three channels, same, momentum": {
    ...RUN,
    features: 6 * 7 * 3,
    images: chain([6, 7, 3], [
      { padding: "same", activation: "tanh" },
      { padding: "same", kernel: [5, 3], filters: 8, useBias: false },
      { kind: "avgPool2d", size: [3, 2], stride: [1, 2] },
    ]),
    layers: [{ units: 4, activation: null }],
    optimizer: { kind: "momentum", learningRate: 0.02, momentum: 0.9 },
    replicas: 3,
    density: 0.3,
    normalization: "l2",
  },
  "five channels, strides, nesterov with weight decay": {
    ...RUN,
    features: 8 * 9 * 5,
    images: chain([8, 9, 5], [
      { stride: [2, 3], filters: 4, activation: "sigmoid" },
      { padding: "same", stride: [2, 1], filters: 7, activation: null },
    ]),
    layers: [{ units: 5, activation: "tanh" }, { units: 3, activation: null }],
    optimizer: { kind: "nesterov", learningRate: 0.02, momentum: 0.9, weightDecay: 0.05 },
  },
  "pools first and last, over the whole image, adamw": {
    ...RUN,
    features: 10 * 10 * 2,
    images: chain([10, 10, 2], [
      { kind: "maxPool2d", size: [3, 3], stride: [2, 2] },
      { kernel: [1, 1], filters: 3 },
      { kind: "avgPool2d", size: [4, 4] },
    ]),
    layers: [{ units: 6, activation: null }],
    optimizer: optimizerSpec("adamw", 1e-2, { weightDecay: 0.3 }),
    replicas: 2,
  },
  "three channels, standardized, sgd": {
    ...RUN,
    features: 7 * 5 * 3,
    normalization: "standardize",
    images: chain([7, 5, 3], [{ filters: 4, padding: "same" }, { kind: "avgPool2d" }]),
    layers: [{ units: 6, activation: null }],
    optimizer: optimizerSpec("sgd", 0.1),
    replicas: 2,
  },
  "strides that leave pixels over, sgd": {
    ...RUN,
    features: 7 * 8 * 2,
    images: chain([7, 8, 2], [
      { kernel: [2, 2], filters: 4, activation: "sigmoid", useBias: false },
      { kernel: [3, 2], stride: [2, 3], filters: 3 },
    ]),
    layers: [{ units: 4, activation: null }],
    optimizer: optimizerSpec("sgd", 0.1),
    replicas: 2,
    density: 0.2,
  },
};

/** The same runs as lists of live weights, which do not decay. */
export const SPARSE_CONV_RUNS: Record<string, RunShape> = Object.fromEntries(
  Object.entries(CONV_RUNS).map(([name, { optimizer, ...shape }]) => [
    `${name}, sparse`,
    { ...shape, optimizer: { ...optimizer, weightDecay: 0 }, isSparse: true },
  ]),
);
