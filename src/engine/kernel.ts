/**
 * Compiles WGSL templates into kernels bound to their buffers. Takes a template, its constants and
 * buffers; gives something to dispatch. Binding numbers follow the order of the buffers.
 */

import type { Gpu } from "./device.ts";
import { type Constants, expandWgsl } from "./wgsl.ts";

/** A buffer as a kernel sees it. */
export interface Binding {
  buffer: GPUBuffer;
  access: "read" | "write" | "uniform" | "dynamic-uniform";
  /** Bytes visible at a dynamic offset. */
  size?: number;
}

export const read = (buffer: GPUBuffer): Binding => ({ buffer, access: "read" });
export const write = (buffer: GPUBuffer): Binding => ({ buffer, access: "write" });
export const uniform = (buffer: GPUBuffer): Binding => ({ buffer, access: "uniform" });
export const dynamicUniform = (buffer: GPUBuffer, size: number): Binding => ({
  buffer,
  access: "dynamic-uniform",
  size,
});

/** A compiled kernel with its buffers and grid. */
export interface Kernel {
  label: string;
  pipeline: GPUComputePipeline;
  bindings: GPUBindGroup;
  grid: readonly [number, number, number];
}

/** What a kernel is made of. */
export interface KernelSource {
  label: string;
  /** Template text (see wgsl.ts). */
  template: string;
  constants: Constants;
  bindings: Binding[];
  grid: readonly [number, number, number];
}

const BINDING_TYPES = {
  read: "read-only-storage",
  write: "storage",
  uniform: "uniform",
  "dynamic-uniform": "uniform",
} as const;

/** Compiles kernels, at once; a rejected one throws `GpuError` with the compiler's message. */
export function createKernels(gpu: Gpu, sources: KernelSource[]): Promise<Kernel[]> {
  return Promise.all(sources.map((source) => createKernel(gpu, source)));
}

function createKernel(gpu: Gpu, source: KernelSource): Promise<Kernel> {
  const { device } = gpu;
  const { label, grid } = source;
  return gpu.scoped(`kernel ${label}`, () => {
    const module = device.createShaderModule({
      label,
      code: expandWgsl(source.template, source.constants),
    });
    const layout = device.createBindGroupLayout({
      label,
      entries: source.bindings.map(({ access }, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: BINDING_TYPES[access], hasDynamicOffset: access === "dynamic-uniform" },
      })),
    });
    const pipeline = device.createComputePipeline({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    const bindings = device.createBindGroup({
      label,
      layout,
      entries: source.bindings.map(({ buffer, size }, binding) => ({
        binding,
        resource: { buffer, size },
      })),
    });
    return { label, pipeline, bindings, grid };
  });
}

/** Records one dispatch. */
export function dispatch(pass: GPUComputePassEncoder, kernel: Kernel, offsets?: number[]): void {
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, kernel.bindings, offsets);
  pass.dispatchWorkgroups(...kernel.grid);
}
