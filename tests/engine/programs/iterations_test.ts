/**
 * Sparse networks whose iterations one kernel does, several in a dispatch: to the bits of the kernels
 * that do a stage each.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Gpu } from "../../../src/engine/device.ts";
import { TUNED } from "../../../src/engine/kernels/tiles.ts";
import { adamSpec, type OptimizerSpec, optimizerSpec } from "../../../src/engine/optimizers.ts";
import type { BurstStep, Program } from "../../../src/engine/programs/program.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { openTestGpu } from "../gpu.ts";
import { randomRun, type RunCase, type RunShape, withProgram } from "./run_case.ts";

const { device, adapter } = await openTestGpu();

const gpuWith = (iterations: number, lanes = 64, budget: number | null = null) =>
  new Gpu(
    device,
    { ...adapter, name: "GPU", isSoftware: false },
    {
      ...TUNED.hardware,
      sparse: { ...TUNED.hardware.sparse, iterations, iterationLanes: lanes },
    },
    budget,
  );
const STAGES = gpuWith(0);

const SHAPE: RunShape = {
  features: 25,
  layers: [{ units: 33, activation: "relu" }, { units: 17, activation: "tanh" }, {
    units: 10,
    activation: null,
  }],
  optimizer: adamSpec(1.2e-3),
  batchSize: 37,
  poolCount: 130,
  trainCount: 101,
  testCount: 33,
  replicas: 3,
  density: 0.2,
  isSparse: true,
};

const draw = (shape: RunShape) => randomRun(shape, new RandomStream(seedKey(3)));

const BURSTS: BurstStep[][] = [
  [{ evaluate: "test" }, { iterate: 6 }, { evaluate: "validate" }, { iterate: 1 }],
  [{ iterate: 9 }, { evaluate: "test" }],
  [{ iterate: 4 }],
];

async function outcome(program: Program, bursts: BurstStep[][]) {
  const results = [];
  for (const steps of bursts) {
    const { iterations, evaluations } = await program.run(steps);
    results.push({ iterations, evaluations });
  }
  return { results, states: await program.readState() };
}
const outcomeOn = (gpu: Gpu, run: RunCase) =>
  withProgram(gpu, run, (program) => outcome(program, BURSTS));

Deno.test("iterations", async () => {
  const run = draw(SHAPE);
  const a = await outcomeOn(STAGES, run), b = await outcomeOn(gpuWith(4), run);
  assertEquals(b, a);
});
