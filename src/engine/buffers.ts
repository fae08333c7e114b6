/** Allocates the GPU buffers of one owner and releases them together. */

import type { Gpu } from "./device.ts";

/** Dynamic uniform offsets are multiples of this, the largest alignment that WebGPU allows. */
export const UNIFORM_STRIDE = 256;

/** See the head of this file. */
export class BufferPool {
  readonly #buffers: GPUBuffer[] = [];

  constructor(readonly gpu: Gpu) {}

  /** A zeroed buffer of `size` bytes for kernels to read and write. */
  storage(label: string, size: number): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    return this.#create(label, size, usage);
  }

  /** A uniform buffer that holds `words`. */
  uniform(label: string, words: Uint32Array<ArrayBuffer>): GPUBuffer {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const buffer = this.#create(label, words.byteLength, usage);
    this.gpu.device.queue.writeBuffer(buffer, 0, words);
    return buffer;
  }

  /** A uniform buffer of structs, struct i at offset i·UNIFORM_STRIDE. */
  uniforms(label: string, structs: number[][]): GPUBuffer {
    const words = new Uint32Array(structs.length * UNIFORM_STRIDE / 4);
    structs.forEach((struct, i) => words.set(struct, i * UNIFORM_STRIDE / 4));
    return this.uniform(label, words);
  }

  /** A buffer that receives the results of queries. */
  queryResults(size: number): GPUBuffer {
    return this.#create("queries", size, GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
  }

  /** A buffer through which the host reads. */
  readback(size: number): GPUBuffer {
    return this.#create("readback", size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  }

  /** Releases all of them. */
  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  #create(label: string, size: number, usage: number): GPUBuffer {
    const buffer = this.gpu.device.createBuffer({ label, size, usage });
    this.#buffers.push(buffer);
    return buffer;
  }
}

/** Copies the first `count` floats of each buffer back to the host, all in one submit. */
export async function readFloats(
  gpu: Gpu,
  sources: readonly { buffer: GPUBuffer; count: number }[],
): Promise<Float32Array<ArrayBuffer>[]> {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const stagings = sources.map(({ count }) => gpu.device.createBuffer({ size: 4 * count, usage }));
  try {
    const encoder = gpu.device.createCommandEncoder();
    sources.forEach(({ buffer, count }, i) =>
      encoder.copyBufferToBuffer(buffer, 0, stagings[i], 0, 4 * count)
    );
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.wait(Promise.all(stagings.map((staging) => staging.mapAsync(GPUMapMode.READ))));
    return stagings.map((staging) => new Float32Array(staging.getMappedRange().slice(0)));
  } finally {
    for (const staging of stagings) staging.destroy();
  }
}
