/**
 * One training run that the tests repeat in Deno and in a browser: LeNet-300-100 on synthetic digits,
 * 20 iterations of Adam at batch 60, an evaluation and a pruning step. Takes nothing but the adapter
 * that `openGpu` finds; gives numbers that can be compared.
 */

import { makeSyntheticDigits } from "../../src/datasets/synthetic_digits.ts";
import {
  adamSpec,
  type DenseSpec,
  destroyExamples,
  openGpu,
  Program,
  pruneSmallest,
  runTraining,
  uploadExamples,
} from "../../src/engine/mod.ts";
import { deriveKey, RandomStream, seedKey } from "../../src/engine/random.ts";
import { glorotNormal } from "../../src/models/initializers.ts";

const SEED = 1;
const ITERATIONS = 20;
const LAYERS: DenseSpec[] = [
  { name: "layer0", inputs: 784, units: 300, activation: "relu", useBias: true },
  { name: "layer1", inputs: 300, units: 100, activation: "relu", useBias: true },
  { name: "layer2", inputs: 100, units: 10, activation: null, useBias: true },
];
/** Live weights that each layer loses: 20%, 20%, 10%. */
export const PRUNED = [47040, 6000, 100];

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
 * @param density share of live weights, at random places; below 1 the network is trained as lists of them
 */
export async function runScenario(density = 1): Promise<ScenarioResult> {
  const digits = await makeSyntheticDigits({ seed: SEED, trainCount: 1200, testCount: 300 });
  const gpu = await openGpu();
  const pool = await uploadExamples(gpu, digits.train, "unit");
  const test = await uploadExamples(gpu, digits.test, "unit");
  const liveMasks = LAYERS.map(({ inputs, units }, i) => {
    const stream = new RandomStream(deriveKey(seedKey(SEED), 200 + i));
    return new Float32Array(inputs * units).map(() => stream.uniform() < density ? 1 : 0);
  });
  const program = await Program.create(gpu, {
    layers: LAYERS,
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
      layers: LAYERS.map(({ inputs, units }, i) => ({
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
    const [layers] = await program.readParameters();
    const masks = await pruneSmallest(
      gpu,
      layers.map(({ weights }, i) => ({
        weights,
        mask: liveMasks[i],
        prune: density < 1 ? 0 : PRUNED[i],
      })),
    );
    return {
      adapter: gpu.adapter.name,
      losses: curves.train.map(({ loss }) => loss),
      testAccuracy: curves.test.at(-1)?.accuracy ?? NaN,
      weights: layers.map(({ weights }) => Array.from(weights)),
      biases: layers.map(({ biases }) => Array.from(biases)),
      masks: masks.map((mask) => Array.from(mask)),
    };
  } finally {
    program.destroy();
    destroyExamples(pool);
    destroyExamples(test);
    gpu.destroy();
  }
}
