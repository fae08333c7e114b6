import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { uploadExamples } from "../../../src/engine/examples/dataset.ts";
import { Gpu } from "../../../src/engine/device.ts";
import { adamSpec } from "../../../src/engine/optimizers.ts";
import { Program } from "../../../src/engine/programs/program.ts";
import { matrixStorage, type ProgramSpec } from "../../../src/engine/kernels/program_spec.ts";
import { checkProgramSpec, maxReplicas } from "../../../src/engine/kernels/program_limits.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { CapacityError, InputError, OutOfMemoryError } from "../../../src/errors.ts";
import { asEachAdapter, openTestGpu } from "../gpu.ts";
import { randomRun, type RunShape, withProgram } from "../programs/run_case.ts";

const adapters = asEachAdapter(await openTestGpu());
const [[, llvmpipe], [, software], [, hardware]] = adapters;

const layer = (name: string, inputs: number, units: number, activation: "relu" | null = null) => ({
  name,
  inputs,
  units,
  activation,
  useBias: true,
});

/** Ten examples of `features` values with labels 0 to `classes` - 1. */
const examples = (features: number, classes: number) =>
  uploadExamples(software, {
    inputs: new Uint8Array(10 * features),
    labels: new Uint8Array(10).fill(classes - 1),
    count: 10,
    features,
  }, "unit");

const GOOD: ProgramSpec = {
  layers: [layer("first", 4, 5, "relu"), layer("second", 5, 3)],
  optimizer: adamSpec(1e-3),
  batchSize: 7,
  examples: await examples(4, 3),
  test: await examples(4, 2),
  trainCount: 8,
  replicas: 2,
};

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

const SHAPE: RunShape = {
  features: 6,
  layers: [{ units: 20, activation: "relu" }, { units: 4, activation: null }],
  optimizer: { kind: "sgd", learningRate: 0.1 },
  batchSize: 7,
  poolCount: 30,
  trainCount: 20,
};

/** The same device with smaller limits on buffers; a buffer beyond them is refused. */
function withLimits(gpu: Gpu, bytes: number): Gpu {
  const { device } = gpu;
  const limits = {
    maxBufferSize: bytes,
    maxStorageBufferBindingSize: bytes,
    maxComputeWorkgroupsPerDimension: device.limits.maxComputeWorkgroupsPerDimension,
    maxComputeInvocationsPerWorkgroup: device.limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupStorageSize: device.limits.maxComputeWorkgroupStorageSize,
  };
  const createBuffer = (descriptor: GPUBufferDescriptor) => {
    if (descriptor.size <= bytes) return device.createBuffer(descriptor);
    throw new Error(`${descriptor.label}: ${descriptor.size} bytes, beyond the limit`);
  };
  const smaller = new Proxy(device, {
    get(target, name) {
      if (name === "limits") return limits;
      if (name === "createBuffer") return createBuffer;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return new Gpu(smaller, gpu.adapter);
}

for (const [name, gpu] of adapters) {
  Deno.test(`capacity: the error names the largest number of replicas, which runs, ${name}`, async () => {
    // Weights, activations or the results of an evaluation fill the largest buffer.
    for (
      const [part, bytes] of [
        [{ features: 300, layers: [{ units: 4, activation: null }] }, 2_500_000],
        [{ layers: [{ units: 1, activation: null }], features: 1 }, 300_000],
        [{ layers: [{ units: 1, activation: null }], features: 1, testCount: 9000 }, 300_000],
      ] as [Partial<RunShape>, number][]
    ) {
      const small = withLimits(gpu, bytes);
      const run = randomRun({ ...SHAPE, ...part }, new RandomStream(seedKey(2)));
      const create = (replicas: number) => {
        const spec = { ...run.spec, replicas };
        const ofMany = { ...run, spec, replicas: new Array(replicas).fill(run.replicas[0]) };
        return withProgram(small, ofMany, async (program) => {
          const { iterations, evaluations } = await program.run([
            { iterate: 2 },
            { evaluate: "test" },
          ]);
          const losses = [...iterations, ...evaluations].map((measured) => measured.losses);
          assertEquals(losses.map(({ length }) => length), [replicas, replicas, replicas]);
          assert(losses.flat().every(Number.isFinite));
        });
      };
      const error = await assertRejects(() => create(1_000_000), CapacityError);
      assertMatch(
        String(error),
        /replicas: 1000000 networks .* do not fit: .* take .*B, and .* holds at most .*B in one buffer; use 1 to \d+$/,
      );
      const largest = Number(/\d+$/.exec(String(error))![0]);
      assert(largest > 1, String(error));
      await create(largest);
      await assertRejects(() => create(largest + 1), CapacityError, `use 1 to ${largest}`);
      await assertRejects(() => create(0), CapacityError, `use 1 to ${largest}`);
    }
  });
}

Deno.test("capacity: a network of which not even one fits", async () => {
  const small = withLimits(software, 10_000);
  assertEquals(maxReplicas(small, GOOD), 0);
  await assertRejects(
    () => Program.create(small, GOOD),
    CapacityError,
    "network of widths 4-5-3 does not fit",
  );
});

for (const [name, gpu] of adapters) {
  Deno.test(`capacity: the error names what does not fit and the largest that does, ${name}`, async () => {
    const shaped = (batchSize: number, widths: number[]): ProgramSpec => ({
      ...GOOD,
      layers: [...widths, 3].map((units, i) =>
        layer(`layer${i}`, widths[i - 1] ?? 4, units, i < widths.length ? "relu" : null)
      ),
      batchSize,
      replicas: 1,
    });
    const cases: [
      bytes: number,
      batchSize: number,
      widths: number[],
      what: RegExp,
      ways: RegExp,
    ][] = [
      [
        13e6,
        7,
        [3000, 3000],
        /the 3000 × 3000 weights of layer1 take 36.2 MB/,
        /use hidden layers of at most (?<units>\d+) units$/,
      ],
      [
        2e6,
        20_000,
        [100],
        /rows of 100 (outputs|gradients) of layer0 take 8.\d+ MB/,
        /use hidden layers of at most (?<units>\d+) units or a batch of at most (?<batch>\d+)$/,
      ],
      [
        1.2e6,
        50_000,
        [3000, 3000],
        /50\d{3} rows of 3000 outputs of layer0 take 60\d MB/,
        /use hidden layers of at most (?<units>\d+) units and a batch of at most (?<batch>\d+)$/,
      ],
    ];
    for (const [bytes, batchSize, widths, what, ways] of cases) {
      const small = withLimits(gpu, bytes);
      const { message } = await assertRejects(
        () => Program.create(small, shaped(batchSize, widths)),
        CapacityError,
      );
      assertMatch(message, what);
      assertMatch(message, ways);
      const { units, batch } = ways.exec(message)!.groups!;
      const isBoth = message.includes(" and a batch");
      // Alone, or both together, as the message has it.
      const narrow = (most: number) => widths.map((width) => Math.min(width, most));
      const proposals: [number, number][] = [
        ...(batch && !isBoth ? [[Infinity, Number(batch)] as [number, number]] : []),
        [Number(units), isBoth ? Number(batch) : batchSize],
      ];
      for (const [most, size] of proposals) {
        (await Program.create(small, shaped(size, narrow(most)))).destroy();
        const more = shaped(most === Infinity ? size + 100 : size, narrow(most + 8));
        await assertRejects(() => Program.create(small, more), CapacityError);
      }
    }
  });
}

for (const [name, gpu] of adapters) {
  Deno.test(`capacity: a network of images names what does not fit and what does, ${name}`, async () => {
    const shaped = (filters: number, batchSize: number): ProgramSpec => ({
      ...GOOD,
      layers: [
        {
          kind: "conv2d",
          name: "conv",
          image: [2, 2, 1],
          kernel: [3, 3],
          stride: [1, 1],
          padding: "same",
          filters,
          activation: "relu",
          useBias: true,
        },
        { kind: "maxPool2d", name: "pool", image: [2, 2, filters], size: [2, 2], stride: [1, 1] },
        layer("logits", filters, 3),
      ],
      batchSize,
      replicas: 1,
    });
    const small = withLimits(gpu, 2e6);
    const { message } = await assertRejects(
      () => Program.create(small, shaped(3000, 900)),
      CapacityError,
    );
    assertMatch(message, /^network of widths 4-12000-3000-3 does not fit: \d+ rows of 12000 /);
    const way = /use hidden layers of at most (\d+) units and filters/.exec(message);
    const most = Number(way?.[1]);
    (await Program.create(small, shaped(most, 900))).destroy();
    await assertRejects(() => Program.create(small, shaped(most + 8, 900)), CapacityError);
  });

  Deno.test(`capacity: an image beyond the grid is refused, ${name}`, () => {
    const image = [30_000, 30_000, 1] as const, stride = [1, 1] as const;
    const pool = { kind: "avgPool2d", name: "pool", image, size: image.slice(0, 2), stride };
    const layers = [pool, layer("logits", 1, 3)] as unknown as ProgramSpec["layers"];
    const examples = { ...GOOD.examples, features: 9e8 };
    assertThrows(
      () => checkProgramSpec(gpu, { ...GOOD, layers, examples, test: examples }),
      CapacityError,
      "pool: its image of 30000×30000×1 takes",
    );
  });
}

Deno.test("capacity: lists that are larger than the matrices are refused as memory is", async () => {
  const width = 1500;
  const run = randomRun({
    ...SHAPE,
    features: width,
    layers: [{ units: width, activation: "relu" }, { units: 2, activation: null }],
    density: 1,
    isSparse: true,
  }, new RandomStream(seedKey(4)));
  // A matrix takes 9 MB, lists of all of its weights take twice as much.
  const small = withLimits(hardware, 12e6);
  assertEquals(maxReplicas(small, { ...GOOD, layers: run.spec.layers }), 1);
  const { message } = await assertRejects(
    () => withProgram(small, run, () => Promise.resolve()),
    OutOfMemoryError,
  );
  assertMatch(
    message,
    /the lists of live weights of 1 network take \d\d(\.\d)? MB, .* holds at most 12 MB in one buffer; use --kernels dense$/,
  );
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
