/**
 * One training run that the tests repeat in Deno and in a browser: LeNet-300-100, or a network of
 * convolutions, on synthetic digits, 20 iterations of Adam at batch 60, an evaluation and a pruning
 * step. Takes nothing but the adapter that `openGpu` finds; gives numbers that can be compared.
 */

import { makeSyntheticDigits } from "../../src/datasets/synthetic_digits.ts";
import {
  adamSpec,
  destroyExamples,
  type LayerSpec,
  openGpu,
  Program,
  pruneSmallest,
  runTraining,
  uploadExamples,
  weightedLayers,
  weightShape,
} from "../../src/engine/mod.ts";
import { deriveKey, RandomStream, seedKey } from "../../src/engine/random.ts";
import { glorotNormal } from "../../src/models/initializers.ts";

const SEED = 1;
const ITERATIONS = 20;
const LAYERS: Record<ScenarioNetwork, LayerSpec[]> = {
  dense: [
    { name: "layer0", inputs: 784, units: 300, activation: "relu", useBias: true },
    { name: "layer1", inputs: 300, units: 100, activation: "relu", useBias: true },
    { name: "layer2", inputs: 100, units: 10, activation: null, useBias: true },
  ],
  convolutions: [
    {
      kind: "conv2d",
      name: "conv0",
      image: [28, 28, 1],
      kernel: [5, 5],
      stride: [2, 2],
      padding: "valid",
      filters: 8,
      activation: "relu",
      useBias: true,
    },
    {
      kind: "conv2d",
      name: "conv1",
      image: [12, 12, 8],
      kernel: [3, 3],
      stride: [1, 1],
      padding: "same",
      filters: 10,
      activation: "relu",
      useBias: true,
    },
    { kind: "maxPool2d", name: "pool", image: [12, 12, 10], size: [2, 2], stride: [2, 2] },
    { name: "layer2", inputs: 360, units: 10, activation: null, useBias: true },
  ],
};
/** Live weights that each layer loses: 20%, 20%, 10%. */
export const PRUNED: Record<ScenarioNetwork, number[]> = {
  dense: [47040, 6000, 100],
  convolutions: [40, 144, 360],
};

/** A network to train. */
export type ScenarioNetwork = "dense" | "convolutions";

/** The outcome. Arrays are plain, so that they can leave a page. */
export interface ScenarioResult {
  adapter: string;
  /** Loss of each training iteration. */
  losses: number[];
  /** Fraction of the 300 test images, after the last iteration. */
  testAccuracy: number;
  /** Final weights (inputs, units) and biases (units) by layer. */
  weights: number[][];
  biases: number[][];
  /** New masks (inputs, units) by layer. */
  masks: number[][];
}

/**
 * Runs it on the adapter of this process or page.
 *
 * @param density share of live weights, at random places; below 1 the network is trained as lists
 *   of them
 */
export async function runScenario(
  density = 1,
  network: ScenarioNetwork = "dense",
): Promise<ScenarioResult> {
  const layers = LAYERS[network], shapes = weightedLayers(layers).map(weightShape);
  const digits = await makeSyntheticDigits({ seed: SEED, trainCount: 1200, testCount: 300 });
  const gpu = await openGpu();
  const pool = await uploadExamples(gpu, digits.train, "unit");
  const test = await uploadExamples(gpu, digits.test, "unit");
  const liveMasks = shapes.map(({ inputs, units }, i) => {
    const stream = new RandomStream(deriveKey(seedKey(SEED), 200 + i));
    return new Float32Array(inputs * units).map(() => stream.uniform() < density ? 1 : 0);
  });
  const program = await Program.create(gpu, {
    layers,
    optimizer: adamSpec(1.2e-3),
    batchSize: 60,
    examples: pool,
    test,
    trainCount: digits.train.count,
    replicas: 1,
    sparse: density < 1 ? [liveMasks] : null,
  });
  try {
    program.load(0, {
      layers: shapes.map(({ inputs, units }, i) => ({
        weights: glorotNormal([inputs, units], new RandomStream(deriveKey(seedKey(SEED), i))),
        biases: new Float32Array(units),
        mask: liveMasks[i],
      })),
      orderKey: deriveKey(seedKey(SEED), 100),
      splitKey: null,
      labelMap: null,
      learningRate: 1.2e-3,
    });
    const plan = { iterations: ITERATIONS, validateInterval: null, testInterval: ITERATIONS };
    const [{ curves }] = await runTraining(program, plan);
    const [trained] = await program.readParameters();
    const masks = await pruneSmallest(
      gpu,
      trained.map(({ weights }, i) => ({
        weights,
        mask: liveMasks[i],
        prune: density < 1 ? 0 : PRUNED[network][i],
      })),
    );
    return {
      adapter: gpu.adapter.name,
      losses: curves.train.map(({ loss }) => loss),
      testAccuracy: curves.test.at(-1)?.accuracy ?? NaN,
      weights: trained.map(({ weights }) => Array.from(weights)),
      biases: trained.map(({ biases }) => Array.from(biases)),
      masks: masks.map((mask) => Array.from(mask)),
    };
  } finally {
    program.destroy();
    destroyExamples(pool);
    destroyExamples(test);
    gpu.destroy();
  }
}
