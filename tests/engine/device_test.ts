import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { describeAdapter } from "../../src/engine/adapter.ts";
import { Gpu, openGpu } from "../../src/engine/device.ts";
import { createKernels, type KernelSource, write } from "../../src/engine/kernels/kernel.ts";
import type { BurstStep } from "../../src/engine/programs/program.ts";
import { pruneSmallest } from "../../src/engine/programs/prune.ts";
import { RandomStream, seedKey } from "../../src/engine/random.ts";
import { runTraining } from "../../src/engine/programs/training_loop.ts";
import { DeviceLostError, GpuError, NoAdapterError } from "../../src/errors.ts";
import { randomRun, withProgram } from "./programs/run_case.ts";
import { openTestGpu, withScratch } from "./gpu.ts";

/** Adapters that the fake GPU knows; `info` as a driver tells it, `isFallback` as Chrome does. */
type FakeInfo = { description?: string; vendor?: string; isFallbackAdapter?: boolean };

/** A GPU that answers each request by power preference; its devices are stand-ins. */
function fakeGpu(
  adapters: { [preference in GPUPowerPreference | "none"]?: FakeInfo | null },
  requestDevice: () => Promise<GPUDevice> = () =>
    Promise.resolve(
      { lost: new Promise(() => {}), addEventListener() {} } as unknown as GPUDevice,
    ),
): GPU {
  const gpu = {
    requestAdapter(options?: GPURequestAdapterOptions) {
      const info = adapters[options?.powerPreference ?? "none"];
      if (!info) return Promise.resolve(null);
      const { description = "", vendor = "", ...rest } = info;
      return Promise.resolve({
        info: { description, vendor, architecture: "", device: "", ...rest },
        limits: { maxBufferSize: 1, maxStorageBufferBindingSize: 1 },
        features: new Set<string>(),
        requestDevice,
      });
    },
  };
  return gpu as unknown as GPU;
}

const LLVMPIPE = { description: "llvmpipe (LLVM 15.0.6, 256 bits)" };
const NVIDIA = { description: "NVIDIA H200", vendor: "nvidia" };

Deno.test("openGpu: without WebGPU it says what has it", async () => {
  const navigator = Object.getOwnPropertyDescriptor(globalThis, "navigator")!;
  for (const value of [undefined, {}]) {
    Object.defineProperty(globalThis, "navigator", { value, configurable: true });
    try {
      await assertRejects(
        () => openGpu(),
        NoAdapterError,
        "WebGPU is not available here; use Deno",
      );
    } finally {
      Object.defineProperty(globalThis, "navigator", navigator);
    }
  }
});

Deno.test("openGpu: without an adapter it says what to install", async () => {
  await assertRejects(() => openGpu(fakeGpu({})), NoAdapterError, "apt-get install");
});

Deno.test("openGpu: an adapter that opens no device is named", async () => {
  const gpu = fakeGpu({ "high-performance": NVIDIA }, () => Promise.reject(new Error("in use")));
  await assertRejects(() => openGpu(gpu), NoAdapterError, '"NVIDIA H200" opens no device (in use)');
});

Deno.test("openGpu: prefers a hardware adapter however it is found", async () => {
  const cases: [Parameters<typeof fakeGpu>[0], string, boolean][] = [
    [{ "high-performance": NVIDIA, none: LLVMPIPE }, "NVIDIA H200", false],
    [{ "high-performance": LLVMPIPE, none: NVIDIA }, "NVIDIA H200", false],
    [{ "high-performance": LLVMPIPE, none: LLVMPIPE, "low-power": NVIDIA }, "NVIDIA H200", false],
    [{ "high-performance": LLVMPIPE, none: null, "low-power": LLVMPIPE }, "llvmpipe", true],
    [{ "high-performance": { vendor: "intel" } }, "intel", false],
    [{ "high-performance": { vendor: "google", isFallbackAdapter: true } }, "google", true],
  ];
  for (const [adapters, name, isSoftware] of cases) {
    const { adapter } = await openGpu(fakeGpu(adapters));
    assertStringIncludes(adapter.name, name);
    assertEquals(adapter.isSoftware, isSoftware, name);
  }
});

Deno.test("describeAdapter: names what there is to name", () => {
  const describe = (info: Partial<GPUAdapterInfo>) =>
    describeAdapter(
      { vendor: "", architecture: "", device: "", description: "", ...info } as GPUAdapterInfo,
    );
  assertEquals(describe({}).name, "unnamed adapter");
  assertEquals(describe({ vendor: "apple", architecture: "metal-3" }).name, "apple metal-3");
  assertEquals(describe({ device: "0x7340", vendor: "amd" }).name, "0x7340");
  const software = ["SwiftShader Device", "Microsoft Basic Render Driver", "llvmpipe", "WARP"];
  assertEquals(software.map((description) => describe({ description }).isSoftware), [
    true,
    true,
    true,
    true,
  ]);
  assertEquals(describe({ description: "AMD Radeon RX 6600" }).isSoftware, false);
});

const RUN = randomRun({
  features: 13,
  layers: [{ units: 10, activation: null }],
  optimizer: { kind: "sgd", learningRate: 0.1 },
  batchSize: 21,
  poolCount: 90,
  trainCount: 70,
}, new RandomStream(seedKey(3)));

/** Fails if `work` takes longer than anything that has failed may. */
async function bounded<T>(work: () => Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("still waiting after 10 s")), 10_000);
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

const STEPS: BurstStep[] = [{ iterate: 200 }, { evaluate: "test" }];

Deno.test("device loss: a burst in flight and all that comes after reject with DeviceLostError", async () => {
  const gpu = await openGpu();
  // Hardware tiles compile faster.
  const fast = new Gpu(gpu.device, { ...gpu.adapter, isSoftware: false });
  await withProgram(fast, RUN, async (program) => {
    await program.run(STEPS);
    const inFlight = program.run(STEPS);
    gpu.device.destroy();
    const training = { iterations: 10, validateInterval: null, testInterval: null };
    const job = { weights: new Float32Array(9), mask: new Float32Array(9).fill(1), prune: 3 };
    // Once before the news of the loss, once after it.
    for (let turn = 0; turn < 2; turn++) {
      const attempts: Record<string, () => Promise<unknown>> = {
        "in flight": () => inFlight,
        run: () => program.run(STEPS),
        read: () => program.readParameters(),
        train: () => runTraining(program, training),
        prune: () => pruneSmallest(fast, [job]),
      };
      for (const [name, attempt] of Object.entries(attempts)) {
        const error = await assertRejects(
          () => bounded(attempt),
          DeviceLostError,
          "was lost",
          name,
        );
        assertStringIncludes(String(error), "run the same command again");
      }
    }
  });
});

Deno.test("device loss: the first call after it knows", async () => {
  const gpu = await openGpu();
  const fast = new Gpu(gpu.device, { ...gpu.adapter, isSoftware: false });
  await withProgram(fast, RUN, async (program) => {
    gpu.device.destroy();
    await assertRejects(() => bounded(() => program.run(STEPS)), DeviceLostError);
  });
});

Deno.test("device loss: ends a wait for work that never does", async () => {
  const { promise: lost, resolve } = Promise.withResolvers<GPUDeviceLostInfo>();
  const device = { lost, addEventListener() {} } as unknown as GPUDevice;
  const gpu = new Gpu(device, describeAdapter({ description: "some GPU" } as GPUAdapterInfo));
  assertEquals(await gpu.wait(Promise.resolve(7)), 7);
  gpu.check();
  const waiting = gpu.wait(new Promise(() => {}));
  resolve({ reason: "destroyed", message: "unplugged" } as GPUDeviceLostInfo);
  await assertRejects(
    () => bounded(() => waiting),
    DeviceLostError,
    '"some GPU" was lost (unplugged)',
  );
  assertThrows(() => gpu.check(), DeviceLostError);
});

Deno.test("device loss: training ends with it", async () => {
  const gpu = await openGpu();
  const fast = new Gpu(gpu.device, { ...gpu.adapter, isSoftware: false });
  await withProgram(fast, RUN, async (program) => {
    const plan = { iterations: 20_000, validateInterval: 100, testInterval: null };
    const training = () => runTraining(program, plan, { onProgress: () => gpu.device.destroy() });
    await assertRejects(() => bounded(training), DeviceLostError);
  });
});

const shared = await openTestGpu();

Deno.test("createKernels: WGSL that is invalid throws the compiler's message", async () => {
  await withScratch(shared, async (scratch) => {
    const buffer = scratch.output(4);
    const kernel = (body: string): KernelSource => ({
      label: "broken",
      template: `
        @group(0) @binding(0) var<storage, read_write> out: array<f32>;
        @compute @workgroup_size(1) fn main() { ${body} }`,
      constants: {},
      bindings: [write(buffer)],
      grid: [1, 1, 1],
    });
    const bad: [string, string][] = [
      ["out[0] = nowhere;", "nowhere"],
      ["out[0] = 1u;", ""],
      ["out[0] = 1.0", "expected"],
    ];
    for (const [body, message] of bad) {
      const error = await assertRejects(
        () => createKernels(shared, [kernel(body)]),
        GpuError,
        message,
      );
      assertStringIncludes(String(error), "kernel broken: ");
    }
    const misbound = { ...kernel("out[0] = 7.0;"), bindings: [] };
    await assertRejects(() => createKernels(shared, [misbound]), GpuError, "kernel broken: ");
    // One broken kernel does not harm the next.
    await scratch.run([kernel("out[0] = 7.0;")]);
    assertEquals((await scratch.floats(buffer))[0], 7);
  });
});

Deno.test("commands that the device rejects are errors, not zeros", async () => {
  const gpu = await openGpu();
  try {
    await withScratch(gpu, async (scratch) => {
      const buffer = scratch.output(4), limit = gpu.device.limits.maxComputeWorkgroupsPerDimension;
      const tooWide: KernelSource = {
        label: "too wide",
        template: `
          @group(0) @binding(0) var<storage, read_write> out: array<f32>;
          @compute @workgroup_size(1) fn main() { out[0] = 1.0; }`,
        constants: {},
        bindings: [write(buffer)],
        grid: [limit + 1, 1, 1],
      };
      await scratch.run([tooWide]);
      await assertRejects(() => bounded(() => scratch.floats(buffer)), GpuError, gpu.adapter.name);
    });
  } finally {
    gpu.destroy();
  }
});
