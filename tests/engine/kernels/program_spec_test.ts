import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Gpu } from "../../../src/engine/device.ts";
import { Program } from "../../../src/engine/programs/program.ts";
import { matrixStorage, type ProgramSpec } from "../../../src/engine/kernels/program_spec.ts";
import { checkProgramSpec } from "../../../src/engine/kernels/program_limits.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { InputError } from "../../../src/errors.ts";
import { randomRun, withProgram } from "../programs/run_case.ts";
import {
  adapters,
  examples,
  GOOD,
  hardware,
  layer,
  llvmpipe,
  SHAPE,
  software,
} from "./spec_case.ts";

Deno.test("checkProgramSpec: refuses what does not fit together, naming it", async () => {
  checkProgramSpec(software, GOOD);
  checkProgramSpec(hardware, { ...GOOD, trainCount: 10, batchSize: 65_520 });
  const bad: [Partial<ProgramSpec>, string][] = [
    [{ layers: [] }, "no layers; give at least one"],
    [{ layers: [layer("first", 4, 5), layer("second", 6, 3)] }, "second: takes 6 inputs"],
    [{ layers: [layer("first", 4, 0), layer("second", 0, 3)] }, "first: units: 0 is not a whole"],
    [{ layers: [layer("first", 4, 2.5), layer("second", 2.5, 3)] }, "first: units: 2.5 is not"],
    [{ layers: [layer("first", 4, 3, "relu")] }, 'use the activation null for it, not "relu"'],
    [{ layers: [layer("first", 4, 257)] }, "first: 257 classes; labels are bytes, so use 1 to 256"],
    [
      { layers: [layer("first", 4, 2)] },
      "2 classes, but the training examples have labels up to 2",
    ],
    [{ examples: await examples(5, 3) }, "first: takes 4 inputs, but the training examples have 5"],
    [{ test: await examples(3, 3) }, "first: takes 4 inputs, but the test examples have 3"],
    [{ test: await examples(4, 4) }, "3 classes, but the test examples have labels up to 3"],
    ...[0, -1, 1.5, NaN, 65_536].map((batchSize): [Partial<ProgramSpec>, string] => [
      { batchSize },
      `batch size: ${batchSize} is not a whole number from 1 to 65`,
    ]),
    ...[0, 11, 2.5].map((trainCount): [Partial<ProgramSpec>, string] => [
      { trainCount },
      `training examples: ${trainCount} is not a whole number from 1 to 10`,
    ]),
  ];
  for (const [part, message] of bad) {
    assertThrows(() => checkProgramSpec(software, { ...GOOD, ...part }), InputError, message);
    assertThrows(() => checkProgramSpec(hardware, { ...GOOD, ...part }), InputError, message);
  }
  await assertRejects(() => Program.create(software, { ...GOOD, layers: [] }), InputError);
});

Deno.test("program: the largest batch runs, on either adapter", async () => {
  for (const [name, gpu] of adapters) {
    const limits = gpu.device.limits.maxComputeWorkgroupsPerDimension;
    const error = assertThrows(() => checkProgramSpec(gpu, { ...GOOD, batchSize: limits + 1 }));
    const batchSize = Number(/to (\d+)$/.exec(String(error))?.[1]);
    assert(batchSize > limits - 100 && batchSize <= limits, `${name}: ${error}`);
    const run = randomRun({
      features: 1,
      layers: [{ units: 2, activation: null }],
      optimizer: { kind: "sgd", learningRate: 0.1 },
      batchSize,
      poolCount: 5,
      trainCount: 5,
    }, new RandomStream(seedKey(1)));
    await withProgram(gpu, run, async (program) => {
      const { iterations: [{ count, losses }] } = await program.run([{ iterate: 1 }]);
      assertEquals(count, 5);
      assert(losses[0] > 0, `${name}: loss ${losses}`);
    });
  }
});

Deno.test("program: load refuses arrays of the wrong length and labels beyond the classes", async () => {
  const run = randomRun(SHAPE, new RandomStream(seedKey(4)));
  await withProgram(hardware, run, async (program) => {
    const [parameters] = run.replicas, [first, second] = parameters.layers;
    const bad = (part: Partial<typeof first>) => ({
      ...parameters,
      layers: [first, { ...second, ...part }],
    });
    const wrong: [ReturnType<typeof bad>, string][] = [
      [bad({ weights: new Float32Array(79) }), "layer1: weights has 79 values, expected 80"],
      [bad({ mask: new Float32Array(81) }), "layer1: mask has 81 values, expected 80"],
      [bad({ biases: new Float32Array(3) }), "layer1: biases has 3 values, expected 4"],
    ];
    for (const [given, message] of wrong) {
      assertThrows(() => program.load(0, given), InputError, message);
    }
    const labelMap = Uint8Array.of(0, 1, 4, 2);
    assertThrows(
      () => program.load(0, { ...parameters, labelMap }),
      InputError,
      "label map: holds 4, but labels are from 0 to 3",
    );
    program.load(0, parameters);
    const { iterations } = await program.run([{ iterate: 1 }]);
    assert(Number.isFinite(iterations[0].losses[0]));
  });
});

Deno.test("matrices are textures on llvmpipe alone, and only where its textures hold all replicas", () => {
  assertEquals([llvmpipe, software, hardware].map((gpu) => matrixStorage(gpu, GOOD)), [
    "textures",
    "buffers",
    "buffers",
  ]);
  const { window, rows } = llvmpipe.tuned;
  const fits = Math.floor(llvmpipe.device.limits.maxTextureDimension2D / Math.max(window, rows));
  assertEquals(matrixStorage(llvmpipe, { ...GOOD, replicas: fits }), "textures");
  assertEquals(matrixStorage(llvmpipe, { ...GOOD, replicas: fits + 1 }), "buffers");
  const limited = { ...llvmpipe.device.limits, maxStorageTexturesPerShaderStage: 4 };
  const device = { ...llvmpipe, adapter: llvmpipe.adapter, device: { limits: limited } };
  assertEquals(matrixStorage(device as unknown as Gpu, GOOD), "buffers");
});
