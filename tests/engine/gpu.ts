/**
 * The GPU in tests. Opens it once per test file (no adapter: the file fails, it is never skipped),
 * gives it as an adapter of each class, since each has tile shapes of its own, and runs single
 * kernels on arrays.
 */
import { BufferPool, readFloats, UNIFORM_STRIDE } from "../../src/engine/buffers.ts";
import { Gpu, openGpu } from "../../src/engine/device.ts";
import { createKernels, dispatch, type KernelSource } from "../../src/engine/kernels/kernel.ts";
import {
  COLUMN_BYTES,
  createMatrix,
  isTexture,
  type Matrix,
  type MatrixFormat,
  type MatrixStorage,
  readMatrices,
  writeMatrix,
} from "../../src/engine/kernels/matrix.ts";
import { UPDATE_TEXTURES } from "../../src/engine/kernels/program_spec.ts";
import type { Tiles } from "../../src/engine/kernels/tiles.ts";
import { refuseExplicitUndefined } from "../explicit_undefined.ts";

/** The file's GPU; call it once, at the top level. The device is released after the last test. */
export async function openTestGpu(): Promise<Gpu> {
  refuseExplicitUndefined("webgpu");
  const gpu = await openGpu();
  globalThis.addEventListener("unload", () => gpu.destroy());
  return gpu;
}

/** The same device taken for each class of adapters, with names for the tests. */
export function asEachAdapter({ device, adapter }: Gpu): [name: string, gpu: Gpu][] {
  return [
    ["llvmpipe's tiles", new Gpu(device, { ...adapter, name: "llvmpipe", isSoftware: true })],
    ["software tiles", new Gpu(device, { ...adapter, name: "SwiftShader", isSoftware: true })],
    ["hardware tiles", new Gpu(device, { ...adapter, name: "GPU", isSoftware: false })],
  ];
}

/** The tiles as programs use them: with buffers where a kernel may not have as many textures. */
export function fitting({ device }: Gpu, tiles: Tiles): Tiles {
  const { maxStorageTexturesPerShaderStage } = device.limits;
  return maxStorageTexturesPerShaderStage < UPDATE_TEXTURES
    ? { ...tiles, storage: "buffers" }
    : tiles;
}

/** A value that no kernel writes: outputs are filled with it to show what is written. */
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

  /** A matrix that holds whole rows of `vectors` × 4 columns. */
  matrix(
    storage: MatrixStorage,
    vectors: number,
    data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
    format: MatrixFormat = "f32",
  ): Matrix {
    const rows = data.byteLength / (COLUMN_BYTES[format] * vectors);
    const matrix = createMatrix(this.#pool, storage, "test", { rows, vectors, format });
    writeMatrix(this.gpu, matrix, 0, vectors, data, format);
    return matrix;
  }

  /** A matrix of `rows` rows, all `UNTOUCHED`. */
  outputMatrix(storage: MatrixStorage, vectors: number, rows: number): Matrix {
    return this.matrix(storage, vectors, new Float32Array(4 * vectors * rows).fill(UNTOUCHED));
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

  /** The floats of a buffer or matrix. */
  async floats(matrix: Matrix): Promise<Float32Array<ArrayBuffer>> {
    if (!isTexture(matrix)) return await readFloats(this.gpu, matrix, matrix.size / 4);
    const { width: vectors, height: rows } = matrix.texture;
    const [floats] = await readMatrices(this.gpu, [{ matrix, rows, vectors }]);
    return floats;
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

/** `Clock` structs (common.wgsl) of replicas: iterations done and step sizes, in words. */
export function clockWords(
  done: readonly number[],
  rates?: readonly number[],
  decays?: readonly number[],
): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(3 * done.length), floats = new Float32Array(words.buffer);
  done.forEach((iterations, r) => {
    words[3 * r] = iterations;
    floats[3 * r + 1] = rates?.[r] ?? UNTOUCHED;
    floats[3 * r + 2] = decays?.[r] ?? 0;
  });
  return words;
}

/** The inverse of `clockWords`. */
export function readClocks(words: Uint32Array): { done: number; rate: number; decay: number }[] {
  const floats = new Float32Array(words.slice().buffer);
  return Array.from({ length: words.length / 3 }, (_, r) => ({
    done: words[3 * r],
    rate: floats[3 * r + 1],
    decay: floats[3 * r + 2],
  }));
}
