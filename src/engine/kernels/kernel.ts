/** Compiles WGSL templates into kernels bound to their buffers, numbered in the buffers' order. */

import { Memo } from "../../memo.ts";
import type { Gpu } from "../device.ts";
import { type Constants, expandWgsl } from "./wgsl.ts";

/** A buffer as a kernel sees it. */
export interface BufferBinding {
  buffer: GPUBuffer;
  access: "read" | "write" | "uniform" | "dynamic-uniform";
  /** Bytes visible at a dynamic offset. */
  size?: number;
}

/** A storage texture as a kernel sees it. */
export interface TextureBinding {
  texture: GPUTextureView;
  access: "read-texture" | "write-texture";
  format: GPUTextureFormat;
}

/** A resource that a kernel reads or writes. */
export type Binding = BufferBinding | TextureBinding;

export const read = (buffer: GPUBuffer): Binding => ({ buffer, access: "read" });
export const write = (buffer: GPUBuffer): Binding => ({ buffer, access: "write" });
export const uniform = (buffer: GPUBuffer): Binding => ({ buffer, access: "uniform" });
export const dynamicUniform = (buffer: GPUBuffer, size: number): Binding => ({
  buffer,
  access: "dynamic-uniform",
  size,
});

/** The work of a dispatch at full density, for profiles. */
export interface Work {
  /** Multiplications and additions. */
  flops: number;
  /** Each operand read once, each result written once. */
  bytes: number;
  /** Bytes that all workgroups read, each its own operands once. Absent: no more than `bytes`. */
  groupBytes?: number;
  /** Bytes that all invocations load, each through the cache of its processor. */
  laneBytes?: number;
  /** Loads of an invocation that wait for one another, each from the nearest cache. */
  loads?: number;
  /** Blocks that a workgroup loads into its memory, one after the other. */
  blocks?: number;
}

/** A compiled kernel with its buffers and grid. */
export interface Kernel {
  label: string;
  work: Work | null;
  pipeline: GPUComputePipeline;
  bindings: GPUBindGroup;
  grid: readonly [number, number, number];
  /** Of a workgroup. */
  lanes: number;
  /** Iterations that one dispatch of it is for. */
  ahead: number;
  /** Dynamic offsets of a dispatch that is given none. */
  offsets?: number[];
}

/** The parts of a kernel. */
export interface KernelSource {
  label: string;
  /** Template text (see wgsl.ts). */
  template: string;
  constants: Constants;
  /** null leaves a number unused. */
  bindings: (Binding | null)[];
  grid: readonly [number, number, number];
  work?: Work;
  /** Iterations that one dispatch of it is for. Default: 1. */
  ahead?: number;
  /** Dynamic offsets of a dispatch that is given none. Default: it has no dynamic uniforms. */
  offsets?: number[];
}

const BUFFER_TYPES = {
  read: "read-only-storage",
  write: "storage",
  uniform: "uniform",
  "dynamic-uniform": "uniform",
} as const;
const TEXTURE_ACCESS = { "read-texture": "read-only", "write-texture": "write-only" } as const;

/** Compiles kernels, at once; a rejected one throws `GpuError` with the compiler's message. */
export function createKernels(gpu: Gpu, sources: KernelSource[]): Promise<Kernel[]> {
  return Promise.all(sources.map((source) => createKernel(gpu, source)));
}

async function createKernel(gpu: Gpu, source: KernelSource): Promise<Kernel> {
  const { device } = gpu;
  const { label, grid, offsets, constants: { LANES = 1, GROUP_ROWS = 1 } } = source;
  const pipeline = await cachedPipeline(gpu, source);
  return await gpu.scoped(`kernel ${label}`, () => {
    const bindings = device.createBindGroup({
      label,
      layout: pipeline.getBindGroupLayout(0),
      entries: numbered(source.bindings).map((used) => ({
        binding: used.binding,
        resource: "texture" in used ? used.texture : bufferResource(used),
      })),
    });
    const work = source.work ?? null, ahead = source.ahead ?? 1;
    return { label, work, pipeline, bindings, grid, lanes: LANES * GROUP_ROWS, ahead, offsets };
  });
}

function bufferResource({ buffer, size }: BufferBinding): GPUBufferBinding {
  return size === undefined ? { buffer } : { buffer, size };
}

/** The bindings in use with their numbers. */
function numbered(bindings: (Binding | null)[]): (Binding & { binding: number })[] {
  return bindings.flatMap((value, binding) => value ? [{ ...value, binding }] : []);
}

/**
 * Pipelines by their code and the kinds of their bindings. Programs of one shape share them, and so
 * do training and evaluation: a driver may compile for seconds, and does so for each pipeline
 * object.
 */
const pipelines = new WeakMap<GPUDevice, Memo<string, GPUComputePipeline>>();

function cachedPipeline(gpu: Gpu, source: KernelSource): Promise<GPUComputePipeline> {
  const { bindings } = source;
  const code = expandWgsl(source.template, source.constants);
  const key = `${bindings.map((binding) => binding?.access).join()}\n${code}`;
  const known = pipelines.get(gpu.device) ?? new Memo<string, GPUComputePipeline>();
  pipelines.set(gpu.device, known);
  return known.get(key, () => createPipeline(gpu, source, code));
}

/** Rejects with `GpuError` and the compiler's message if the code or its bindings are not valid. */
function createPipeline(
  gpu: Gpu,
  { label, bindings }: KernelSource,
  code: string,
): Promise<GPUComputePipeline> {
  const { device } = gpu;
  return gpu.scoped(`kernel ${label}`, () => {
    const layout = device.createBindGroupLayout({
      label,
      entries: numbered(bindings).map((used) => ({
        binding: used.binding,
        visibility: GPUShaderStage.COMPUTE,
        ...("texture" in used
          ? { storageTexture: { access: TEXTURE_ACCESS[used.access], format: used.format } }
          : {
            buffer: {
              type: BUFFER_TYPES[used.access],
              hasDynamicOffset: used.access === "dynamic-uniform",
            },
          }),
      })),
    });
    return device.createComputePipeline({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ label, code }), entryPoint: "main" },
    });
  });
}

/** Records one dispatch. */
export function dispatch(
  pass: GPUComputePassEncoder,
  kernel: Kernel,
  offsets: number[] | undefined = kernel.offsets,
): void {
  pass.setPipeline(kernel.pipeline);
  // Chromium 150 rejects an explicit undefined once V8 has optimized the call.
  if (offsets) pass.setBindGroup(0, kernel.bindings, offsets);
  else pass.setBindGroup(0, kernel.bindings);
  pass.dispatchWorkgroups(...kernel.grid);
}
