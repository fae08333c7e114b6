/**
 * The GPU in tests. Opens it once per test file (no adapter: the file fails, it is never skipped),
 * gives it as a software and as a hardware adapter, since each has tile shapes of its own, and runs
 * single kernels on arrays.
 */
import { BufferPool, readFloats, UNIFORM_STRIDE } from "../../src/engine/buffers.ts";
import { Gpu, openGpu } from "../../src/engine/device.ts";
import { createKernels, dispatch, type KernelSource } from "../../src/engine/kernel.ts";

/** The file's GPU; call it once, at the top level. The device is released after the last test. */
export async function openTestGpu(): Promise<Gpu> {
  const gpu = await openGpu();
  globalThis.addEventListener("unload", () => gpu.destroy());
  return gpu;
}

/** The same device taken for a software adapter and for a hardware one, with names for the tests. */
export function asEachAdapter({ device, adapter }: Gpu): [name: string, gpu: Gpu][] {
  return [
    ["software tiles", new Gpu(device, { ...adapter, isSoftware: true })],
    ["hardware tiles", new Gpu(device, { ...adapter, isSoftware: false })],
  ];
}

/** What no kernel writes by itself: outputs are filled with it to show what is written. */
export const UNTOUCHED = 12345.5;

/** Buffers of one kernel test. */
export class Scratch {
  readonly #pool: BufferPool;

  constructor(readonly gpu: Gpu) {
    this.#pool = new BufferPool(gpu);
  }

  /** A buffer that holds `data`. */
  put(data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.#pool.storage("test", data.byteLength);
    this.write(buffer, data);
    return buffer;
  }

  /** Overwrites the head of a buffer. */
  write(buffer: GPUBuffer, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    this.gpu.device.queue.writeBuffer(buffer, 0, data);
  }

  /** A buffer of `count` floats, all `UNTOUCHED`. */
  output(count: number): GPUBuffer {
    return this.put(new Float32Array(count).fill(UNTOUCHED));
  }

  /** A uniform buffer of structs of u32, `UNIFORM_STRIDE` apart. */
  uniforms(...structs: number[][]): GPUBuffer {
    return this.#pool.uniforms("test", structs);
  }

  /** Runs kernels in order; a dynamic uniform is the struct of index `struct`. */
  async run(sources: KernelSource[], struct = 0): Promise<void> {
    const kernels = await createKernels(this.gpu, sources);
    const encoder = this.gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    kernels.forEach((kernel, i) => {
      const dynamic = sources[i].bindings.some((binding) => binding?.access === "dynamic-uniform");
      dispatch(pass, kernel, dynamic ? [struct * UNIFORM_STRIDE] : undefined);
    });
    pass.end();
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** The floats of a buffer. */
  floats(buffer: GPUBuffer): Promise<Float32Array<ArrayBuffer>> {
    return readFloats(this.gpu, [{ buffer, count: buffer.size / 4 }]).then(([floats]) => floats);
  }

  /** The u32 words of a buffer. */
  async words(buffer: GPUBuffer): Promise<Uint32Array<ArrayBuffer>> {
    return new Uint32Array((await this.floats(buffer)).buffer);
  }

  destroy(): void {
    this.#pool.destroy();
  }
}

/** Runs `work` with buffers that are released afterwards. */
export async function withScratch(gpu: Gpu, work: (scratch: Scratch) => Promise<void>) {
  const scratch = new Scratch(gpu);
  try {
    await work(scratch);
  } finally {
    scratch.destroy();
  }
}
