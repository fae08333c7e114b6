import { assertEquals, assertRejects } from "@std/assert";
import { createKernels, type KernelSource, write } from "../../../src/engine/kernels/kernel.ts";
import { openTestGpu, withScratch } from "../gpu.ts";

const gpu = await openTestGpu();

Deno.test("a pipeline that could not be made once is made when it is asked for again", () =>
  withScratch(gpu, async (scratch) => {
    const output = scratch.output(1);
    const source: KernelSource = {
      label: "again",
      template: `@group(0) @binding(0) var<storage, read_write> output: array<f32>;
        @compute @workgroup_size(1) fn main() { output[0] = 7.0; }`,
      constants: {},
      bindings: [write(output)],
      grid: [1, 1, 1],
    };
    const { device } = gpu, { createShaderModule } = device;
    device.createShaderModule = () => {
      throw new Error("the compiler is busy");
    };
    try {
      await assertRejects(() => createKernels(gpu, [source]), Error, "the compiler is busy");
    } finally {
      device.createShaderModule = createShaderModule;
    }
    await scratch.run([source]);
    assertEquals([...await scratch.floats(output)], [7]);
  }));
