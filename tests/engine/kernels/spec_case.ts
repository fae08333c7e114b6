/** A small program that every adapter takes; tests of what programs refuse change parts of it. */

import { uploadExamples } from "../../../src/engine/examples/dataset.ts";
import { adamSpec } from "../../../src/engine/optimizers.ts";
import type { ProgramSpec } from "../../../src/engine/kernels/program_spec.ts";
import { asEachAdapter, openTestGpu } from "../gpu.ts";
import type { RunShape } from "../programs/run_case.ts";

/** The test GPU as each kind of adapter. */
export const adapters = asEachAdapter(await openTestGpu());
/** Each of them. */
export const [[, llvmpipe], [, software], [, hardware]] = adapters;

/** A dense layer with biases. */
export const layer = (
  name: string,
  inputs: number,
  units: number,
  activation: "relu" | null = null,
) => ({
  name,
  inputs,
  units,
  activation,
  useBias: true,
});

/** Ten examples of `features` values with labels 0 to `classes` - 1. */
export const examples = (features: number, classes: number) =>
  uploadExamples(software, {
    inputs: new Uint8Array(10 * features),
    labels: new Uint8Array(10).fill(classes - 1),
    count: 10,
    features,
  }, "unit");

/** The program. */
export const GOOD: ProgramSpec = {
  layers: [layer("first", 4, 5, "relu"), layer("second", 5, 3)],
  optimizer: adamSpec(1e-3),
  batchSize: 7,
  examples: await examples(4, 3),
  test: await examples(4, 2),
  trainCount: 8,
  replicas: 2,
};

/** A small run. */
export const SHAPE: RunShape = {
  features: 6,
  layers: [{ units: 20, activation: "relu" }, { units: 4, activation: null }],
  optimizer: { kind: "sgd", learningRate: 0.1 },
  batchSize: 7,
  poolCount: 30,
  trainCount: 20,
};
