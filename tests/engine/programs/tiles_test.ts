/**
 * Ways of computing the same sums: tiles in workgroup memory and gradients of single rows change no
 * bit of a run; parts of the first layer's sums do, by their number alone.
 */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { GpuExamples } from "../../../src/engine/examples/dataset.ts";
import { Gpu } from "../../../src/engine/device.ts";
import { InputError } from "../../../src/errors.ts";
import { tiledShape } from "../../../src/engine/kernels/dense/tiled_kernels.ts";
import { weightGradientSource } from "../../../src/engine/kernels/dense/weight_kernels.ts";
import { maxReplicas } from "../../../src/engine/kernels/program_limits.ts";
import { TUNED, type Tuned } from "../../../src/engine/kernels/tiles.ts";
import { adamSpec } from "../../../src/engine/optimizers.ts";
import type { Program } from "../../../src/engine/programs/program.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { fitting, openTestGpu } from "../gpu.ts";
import {
  aloneCase,
  assertLayers,
  oracleTrain,
  randomRun,
  type RunCase,
  type RunShape,
  withProgram,
} from "./run_case.ts";

const real = await openTestGpu();
const hardware = new Gpu(real.device, { ...real.adapter, name: "GPU", isSoftware: false });

/** The plain kernels, a tile of 4 × 4 to an invocation. */
const PLAIN: Tuned = {
  ...TUNED.hardware,
  ...{ lanes: 32, rows: 4, forwardVectors: 1, backwardVectors: 1, groupRows: 0 },
  ...{ weightVectors: 1, weightRowVectors: 1, forwardParts: 1 },
};

const VARIANTS: Record<string, Partial<Tuned>> = {
  "tiles of 16 rows × 64 columns": { groupRows: 4 },
  "of single rows and two vec4s": { groupRows: 16, rows: 1, forwardVectors: 2 },
  "larger than the batch": { groupRows: 32, rows: 2, backwardVectors: 2 },
  "gradients of single rows": { weightRowVectors: 0.25, weightVectors: 2, rows: 2 },
  "with lists of what is not 0": { groupRows: 4, weightRowVectors: 0.25, skipsZeros: true },
  "in textures": { groupRows: 4, storage: "textures", weightRowVectors: 0.25 },
};

const SHAPE: RunShape = {
  features: 784,
  layers: [{ units: 300, activation: "relu" }, { units: 100, activation: "relu" }, {
    units: 10,
    activation: null,
  }],
  optimizer: { kind: "sgd", learningRate: 0.1 },
  batchSize: 60,
  poolCount: 200,
  trainCount: 140,
  testCount: 50,
};
const SHAPES: Record<string, RunShape> = {
  "LeNet-300-100": SHAPE,
  "three of odd sizes": {
    ...SHAPE,
    features: 101,
    layers: [{ units: 33, activation: "tanh" }, { units: 17, activation: "sigmoid" }, {
      units: 10,
      activation: null,
    }],
    optimizer: adamSpec(1.2e-3),
    batchSize: 37,
    replicas: 3,
  },
};

const draw = (shape: RunShape): RunCase => {
  const stream = new RandomStream(seedKey(5)), run = randomRun(shape, stream);
  // Mostly black, as images of digits are.
  for (const { inputs } of [run.pool, run.test]) {
    for (let i = 0; i < inputs.length; i += 8) {
      if (stream.uniform() < 0.7) inputs.fill(0, i, i + 8);
    }
  }
  return run;
};

/** All that a program measures, and its parameters. */
async function outcome(program: Program) {
  const { iterations, evaluations } = await program.run([
    { evaluate: "test" },
    { iterate: 5 },
    { evaluate: "train" },
    { evaluate: "validate" },
  ]);
  return { iterations, evaluations, parameters: await program.readParameters() };
}

const outcomeOf = (tuned: Partial<Tuned>, run: RunCase, as?: (of: GpuExamples) => GpuExamples) =>
  withProgram(hardware.tunedAs({ ...PLAIN, ...tuned, ...fits(tuned) }), run, outcome, as);

/** Buffers where a kernel may not have as many textures. */
const fits = (tuned: Partial<Tuned>) => ({
  storage: fitting(real, { ...PLAIN, ...tuned }).storage,
});

const inParts = (run: RunCase, forwardParts: number): RunCase => ({
  ...run,
  spec: { ...run.spec, forwardParts },
});

for (const [name, shape] of Object.entries(SHAPES)) {
  Deno.test(`tiles: those in workgroup memory, and gradients of single rows, change no bit: ${name}`, async () => {
    const run = draw(shape);
    for (const isPacked of [true, false]) {
      const as = (examples: GpuExamples) => ({ ...examples, isPacked });
      const plain = await outcomeOf({}, run, as);
      for (const [variant, tuned] of Object.entries(VARIANTS)) {
        assertEquals(await outcomeOf(tuned, run, as), plain, `${variant}, packed: ${isPacked}`);
      }
    }
  });
}

Deno.test("tiles: no workgroup has more invocations or memory than the device allows", () => {
  const rows = 120, shape = { ...PLAIN, rows: 20, groupRows: 6 };
  const of = (
    maxComputeInvocationsPerWorkgroup: number,
    maxComputeWorkgroupStorageSize: number,
  ) => {
    const limits = { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupStorageSize };
    const tile = tiledShape({ rows, limits }, 300, 8, shape);
    const { LANES, GROUP_ROWS, LEFT_BLOCK, RIGHT_BLOCK, COLUMNS, COLUMN_GROUPS, STEP_BLOCK } = tile;
    assert(LANES * GROUP_ROWS <= maxComputeInvocationsPerWorkgroup);
    assert(16 * (LEFT_BLOCK + RIGHT_BLOCK) <= maxComputeWorkgroupStorageSize);
    assert(COLUMNS * COLUMN_GROUPS >= 300);
    return [LANES, GROUP_ROWS, STEP_BLOCK];
  };
  assertEquals(of(256, 1 << 20), [16, 6, 8]);
  assertEquals(of(64, 1 << 20), [16, 3, 8]);
  assertEquals(of(8, 1 << 20), [8, 1, 8]);
  assertEquals(of(256, 16384)[2], 1);
  of(64, 2048);
});

Deno.test("tiles: gradients of single rows are left to others where a grid has not as many", () => {
  const none = {} as GPUBuffer, sizes = { replicas: 1, rows: 4 };
  const gridOf = (inputs: number, weightRowVectors: number) => {
    const layer = { name: "layer", inputs, units: 2, activation: null, useBias: true } as const;
    const tiles = { ...PLAIN, weightRowVectors }, rule = { kind: "sgd" } as const;
    return weightGradientSource(layer, rule, sizes, tiles, {
      ...{ inputs: none, deltas: none, mask: none, weights: none, updated: none, clocks: none },
      ...{ lists: null, state: [] },
    }).grid[1];
  };
  assertEquals(gridOf(784, 0.25), 792);
  assertEquals(gridOf(70_000, 0.25), gridOf(70_000, 1));
});

Deno.test("tiles: sums in parts have bits of their own, the same for every tile, and agree with the oracle", async () => {
  const run = draw({ ...SHAPES["three of odd sizes"], optimizer: SHAPE.optimizer });
  const whole = await outcomeOf({}, run);
  for (const parts of [2, 4, 40]) {
    const plain = await outcomeOf({}, inParts(run, parts));
    assertNotEquals(plain.parameters, whole.parameters);
    // Evaluations make whole sums: before the first update they are the same.
    assertEquals(plain.evaluations[0], whole.evaluations[0]);
    for (const [variant, tuned] of Object.entries(VARIANTS)) {
      assertEquals(await outcomeOf(tuned, inParts(run, parts)), plain, `${variant}, ${parts}`);
    }
    plain.parameters.forEach((layers, r) => {
      assertLayers(layers, run, r, oracleTrain(run, r, 5), `${parts} parts, replica ${r}`);
    });
  }
});

Deno.test("tiles: a replica of sums in parts is bit-identical to the same run alone", async () => {
  const run = inParts(draw(SHAPES["three of odd sizes"]), 4);
  for (const tuned of [{}, VARIANTS["in textures"], VARIANTS["tiles of 16 rows × 64 columns"]]) {
    const together = await outcomeOf(tuned, run);
    for (const r of [0, 1, 2]) {
      const alone = await outcomeOf(tuned, aloneCase(run, r));
      assertEquals(alone.parameters[0], together.parameters[r], `replica ${r}`);
      const ofReplica = together.iterations.map(({ losses }) => losses[r]);
      assertEquals(alone.iterations.map(({ losses }) => losses[0]), ofReplica);
    }
  }
});

Deno.test("tiles: lists of live weights, and networks of images, have no sums in parts", async () => {
  const shape = { ...SHAPES["three of odd sizes"], density: 0.2, isSparse: true };
  const run = draw(shape);
  assertEquals(await outcomeOf({}, inParts(run, 4)), await outcomeOf({}, run));
  const image = [6, 6, 1] as const, window = [2, 2] as const;
  const pool = { kind: "maxPool2d", name: "pool", image, size: window, stride: window } as const;
  const images = randomRun({ ...SHAPE, features: 36, images: [pool] }, new RandomStream([1, 2]));
  assertEquals(await outcomeOf({}, inParts(images, 4)), await outcomeOf({}, images));
});

Deno.test("tiles: parts count among a program's buffers, and their number is checked", async () => {
  const run = draw(SHAPE);
  const [whole, parts] = await withProgram(
    hardware,
    run,
    ({ spec }) =>
      Promise.resolve(
        [1, 64].map((forwardParts) => maxReplicas(hardware, { ...spec, forwardParts })),
      ),
  );
  assert(parts < whole, `${parts}, ${whole}`);
  for (const parts of [0, 1.5, 65]) {
    await assertRejects(
      () => outcomeOf({}, inParts(run, parts)),
      InputError,
      "parts of the first layer's sums",
    );
  }
});
