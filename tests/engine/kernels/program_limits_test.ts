import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Gpu } from "../../../src/engine/device.ts";
import { Program } from "../../../src/engine/programs/program.ts";
import type { ProgramSpec } from "../../../src/engine/kernels/program_spec.ts";
import { checkProgramSpec, maxReplicas } from "../../../src/engine/kernels/program_limits.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { CapacityError, OutOfMemoryError } from "../../../src/errors.ts";
import { randomRun, type RunShape, withProgram } from "../programs/run_case.ts";
import { adapters, GOOD, hardware, layer, SHAPE, software } from "./spec_case.ts";

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
