/** Allocates the GPU buffers and textures of one owner and releases them together. */

import type { Gpu } from "./device.ts";

/** Dynamic uniform offsets are multiples of this, the largest alignment that WebGPU allows. */
export const UNIFORM_STRIDE = 256;

/** What matrices in textures are made of. */
export type TexelFormat = "rgba32float" | "r32uint" | "rgba32uint";

/** The GPU buffers and textures of one owner, released together. */
export class BufferPool {
  readonly #owned: (GPUBuffer | GPUTexture)[] = [];
  #bytes = 0;

  constructor(readonly gpu: Gpu) {}

  /** Bytes of all that has been allocated. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A zeroed buffer of `size` bytes for kernels to read and write. */
  storage(label: string, size: number, otherUsage: GPUBufferUsageFlags = 0): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    return this.#create(label, size, usage | otherUsage);
  }

  /** A zeroed storage texture. */
  texture(label: string, format: TexelFormat, width: number, height: number): GPUTexture {
    const usage = GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_DST |
      GPUTextureUsage.COPY_SRC;
    const texture = this.gpu.device.createTexture({ label, format, size: [width, height], usage });
    this.#owned.push(texture);
    this.#bytes += (format === "r32uint" ? 4 : 16) * width * height;
    return texture;
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
    for (const owned of this.#owned) owned.destroy();
  }

  #create(label: string, size: number, usage: number): GPUBuffer {
    const buffer = this.gpu.device.createBuffer({ label, size, usage });
    this.#owned.push(buffer);
    this.#bytes += size;
    return buffer;
  }
}

/** Something to copy to the host. */
export interface ReadSource {
  bytes: number;
  /** Records its copy to the head of a buffer. */
  copy(encoder: GPUCommandEncoder, staging: GPUBuffer): void;
}

/** Copies from the GPU to the host, all in one submit. */
export async function readBack(
  gpu: Gpu,
  sources: readonly ReadSource[],
): Promise<ArrayBuffer[]> {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const stagings = sources.map(({ bytes }) => gpu.device.createBuffer({ size: bytes, usage }));
  try {
    const encoder = gpu.device.createCommandEncoder();
    sources.forEach(({ copy }, i) => copy(encoder, stagings[i]));
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.wait(Promise.all(stagings.map((staging) => staging.mapAsync(GPUMapMode.READ))));
    return stagings.map((staging) => staging.getMappedRange().slice(0));
  } finally {
    for (const staging of stagings) staging.destroy();
  }
}

/** The first `count` floats of a buffer. */
export async function readFloats(
  gpu: Gpu,
  buffer: GPUBuffer,
  count: number,
): Promise<Float32Array<ArrayBuffer>> {
  const bytes = 4 * count;
  const [contents] = await readBack(gpu, [{
    bytes,
    copy: (encoder, staging) => encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes),
  }]);
  return new Float32Array(contents);
}
