/**
 * Matrices that kernels read and write, kept as storage buffers or as storage textures. Takes a
 * kind of storage and a size; returns memory, and the WGSL through which a kernel reaches its
 * elements: `load_NAME(row, column)` and `store_NAME(row, column, value)`, a column being four
 * floats (vec4f), four whole numbers (vec4u) or four bytes that mean v/255 (one u32).
 *
 * A GPU reads buffers. Mesa's llvmpipe 22.3 reads a vec4 of a buffer as one bounds check, branch
 * and scalar load per lane and component, 41 ns for eight lanes; of a read-only storage texture as
 * eight vector loads and a transposition, 3.4 ns (writing one takes 62 ns, a buffer 27). A texture
 * cannot be read and written by one dispatch, so what is updated has two, used in turn. A matrix of
 * more rows than a texture may have lies in stripes of rows, side by side.
 */

import { type BufferPool, readBack } from "../buffers.ts";
import type { Gpu } from "../device.ts";
import { type Binding, read, write } from "./kernel.ts";

/** Where matrices lie. */
export type MatrixStorage = "buffers" | "textures";

/** How four columns of a batch are kept: as floats, or as bytes that mean v/255. */
export type BatchFormat = "f32" | "u8";
/** The same of any matrix: whole numbers too. */
export type MatrixFormat = BatchFormat | "u32";

/** A texture of one texel per four columns, which may have more columns than the matrix. */
export interface MatrixTexture {
  texture: GPUTexture;
  view: GPUTextureView;
  /** Rows of each of its stripes, which lie side by side; null: one row of the matrix per row. */
  stripe: number | null;
}

/** A matrix in GPU memory. */
export type Matrix = GPUBuffer | MatrixTexture;

const TEXEL = { f32: "rgba32float", u8: "r32uint", u32: "rgba32uint" } as const;
const VALUE = { f32: "vec4f", u8: "u32", u32: "vec4u" } as const;
/** Bytes of four columns. */
export const COLUMN_BYTES: Readonly<Record<MatrixFormat, number>> = { f32: 16, u8: 4, u32: 16 };

/** Rows of a stripe: few, so that the last one wastes few; at most as many as WebGPU promises. */
const STRIPES = [1024, 2048, 4096, 8192];

/** The size of the texture of a matrix, on a device whose textures have at most `most` each way. */
export function textureSize(rows: number, vectors: number, most: number): [number, number] {
  if (rows <= most) return [vectors, rows];
  const width = (stripe: number) => vectors * Math.ceil(rows / stripe);
  const stripe = STRIPES.find((stripe) => width(stripe) <= most) ?? STRIPES.at(-1)!;
  return [width(stripe), stripe];
}

/** A zeroed matrix of `rows` rows of `vectors` × 4 columns. */
export function createMatrix(
  pool: BufferPool,
  storage: MatrixStorage,
  label: string,
  { rows, vectors, format = "f32" }: { rows: number; vectors: number; format?: MatrixFormat },
): Matrix {
  if (storage === "buffers") return pool.storage(label, COLUMN_BYTES[format] * rows * vectors);
  const { maxTextureDimension2D } = pool.gpu.device.limits;
  const [width, height] = textureSize(rows, vectors, maxTextureDimension2D);
  const texture = pool.texture(label, TEXEL[format], width, height);
  return { texture, view: texture.createView(), stripe: width > vectors ? height : null };
}

/** Whether a matrix is a texture. */
export function isTexture(matrix: Matrix): matrix is MatrixTexture {
  return "texture" in matrix;
}

/** Overwrites whole rows from `firstRow` on. */
export function writeMatrix(
  { device: { queue } }: Gpu,
  matrix: Matrix,
  firstRow: number,
  vectors: number,
  data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  format: MatrixFormat = "f32",
): void {
  const rowBytes = COLUMN_BYTES[format] * vectors;
  if (!isTexture(matrix)) return queue.writeBuffer(matrix, firstRow * rowBytes, data);
  const rows = data.byteLength / rowBytes;
  for (const { row, count, origin } of stripesOf(matrix, vectors, firstRow, rows)) {
    queue.writeTexture(
      { texture: matrix.texture, origin },
      data,
      { offset: (row - firstRow) * rowBytes, bytesPerRow: rowBytes, rowsPerImage: count },
      [vectors, count],
    );
  }
}

/** The parts of rows `first` to `first + count` that lie in one stripe each, and where. */
function stripesOf({ stripe }: MatrixTexture, vectors: number, first: number, count: number) {
  if (stripe === null) return [{ row: first, count, origin: [0, first] }];
  const parts: { row: number; count: number; origin: [number, number] }[] = [];
  for (let row = first; row < first + count; row = parts.at(-1)!.row + parts.at(-1)!.count) {
    const index = Math.floor(row / stripe), end = Math.min(first + count, stripe * (index + 1));
    parts.push({ row, count: end - row, origin: [vectors * index, row % stripe] });
  }
  return parts;
}

/** A matrix of floats for `readMatrices`, whole. */
export interface MatrixSource {
  matrix: Matrix;
  rows: number;
  vectors: number;
}

/** Copies matrices of floats back to the host, all in one submit; (rows, 4·vectors) each. */
export async function readMatrices(
  gpu: Gpu,
  sources: readonly MatrixSource[],
): Promise<Float32Array<ArrayBuffer>[]> {
  const layouts = sources.map(({ matrix, rows, vectors }) => {
    const rowBytes = COLUMN_BYTES.f32 * vectors;
    // A copy of a texture has rows of multiples of 256 bytes.
    const pitch = isTexture(matrix) ? 256 * Math.ceil(rowBytes / 256) : rowBytes;
    return { matrix, rows, vectors, rowBytes, pitch };
  });
  const contents = await readBack(
    gpu,
    layouts.map(({ matrix, rows, vectors, pitch }) => ({
      bytes: rows * pitch,
      copy: (encoder, buffer) => {
        if (!isTexture(matrix)) {
          return encoder.copyBufferToBuffer(matrix, 0, buffer, 0, rows * pitch);
        }
        for (const { row, count, origin } of stripesOf(matrix, vectors, 0, rows)) {
          encoder.copyTextureToBuffer(
            { texture: matrix.texture, origin },
            { buffer, offset: row * pitch, bytesPerRow: pitch },
            [vectors, count],
          );
        }
      },
    })),
  );
  return layouts.map(({ rows, rowBytes, pitch }, i) => {
    if (pitch === rowBytes) return new Float32Array(contents[i]);
    const packed = new Uint8Array(rows * rowBytes);
    for (let row = 0; row < rows; row++) {
      packed.set(new Uint8Array(contents[i], row * pitch, rowBytes), row * rowBytes);
    }
    return new Float32Array(packed.buffer);
  });
}

/** A kernel's binding of a matrix. */
export function matrixBinding(matrix: Matrix, access: "read" | "write"): Binding {
  if (!isTexture(matrix)) return access === "read" ? read(matrix) : write(matrix);
  const { view, texture: { format } } = matrix;
  return { texture: view, access: `${access}-texture`, format };
}

/** How a kernel accesses a matrix: `vectors` is its width in columns of four. */
export interface MatrixUse {
  name: string;
  binding: number;
  matrix: Matrix;
  vectors: number;
  format?: MatrixFormat;
}

/** `load_NAME(row, column) -> vec4f` (or vec4u), and a word of bytes as `load_NAME_word`. */
export function loadWgsl({ name, binding, matrix, vectors, format = "f32" }: MatrixUse): string {
  const value = VALUE[format], loader = format === "u8" ? `load_${name}_word` : `load_${name}`;
  const lines = isTexture(matrix)
    ? [
      `@group(0) @binding(${binding}) var ${name}: texture_storage_2d<${TEXEL[format]}, read>;`,
      `fn ${loader}(row: u32, column: u32) -> ${value} {`,
      `  return textureLoad(${name}, ${texelOf(matrix, vectors)})${format === "u8" ? ".x" : ""};`,
      "}",
    ]
    : [
      `@group(0) @binding(${binding}) var<storage, read> ${name}: array<${value}>;`,
      ...loadFromBuffer(loader, name, value, vectors),
    ];
  if (format === "u8") {
    lines.push(
      `fn load_${name}(row: u32, column: u32) -> vec4f {`,
      `  return unpack4x8unorm(${loader}(row, column));`,
      "}",
    );
  }
  return lines.join("\n");
}

/** `store_NAME(row, column, value)`. */
export function storeWgsl({ name, binding, matrix, vectors, format = "f32" }: MatrixUse): string {
  const value = VALUE[format];
  if (!isTexture(matrix)) {
    return [
      `@group(0) @binding(${binding}) var<storage, read_write> ${name}: array<${value}>;`,
      ...storeToBuffer(name, value, vectors),
    ].join("\n");
  }
  return [
    `@group(0) @binding(${binding}) var ${name}_after: texture_storage_2d<${
      TEXEL[format]
    }, write>;`,
    `fn store_${name}(row: u32, column: u32, value: ${value}) {`,
    `  textureStore(${name}_after, ${texelOf(matrix, vectors)}, ${
      format === "u8" ? "vec4u(value)" : "value"
    });`,
    "}",
  ].join("\n");
}

/** Where (row, column) of a matrix lies in its texture. */
function texelOf({ stripe }: MatrixTexture, vectors: number): string {
  if (stripe === null) return "vec2u(column, row)";
  return `vec2u(column + row / ${stripe}u * ${vectors}u, row % ${stripe}u)`;
}

/** Both, of floats that are updated: in place in a buffer, from one texture to another. */
export function updateWgsl(before: MatrixUse, after: MatrixUse): string {
  const { name, vectors } = before;
  if (isTexture(before.matrix)) return `${loadWgsl(before)}\n${storeWgsl(after)}`;
  return [storeWgsl(before), ...loadFromBuffer(`load_${name}`, name, VALUE.f32, vectors)].join(
    "\n",
  );
}

function loadFromBuffer(loader: string, name: string, value: string, vectors: number): string[] {
  return [
    `fn ${loader}(row: u32, column: u32) -> ${value} {`,
    `  return ${name}[row * ${vectors}u + column];`,
    "}",
  ];
}

function storeToBuffer(name: string, value: string, vectors: number): string[] {
  return [
    `fn store_${name}(row: u32, column: u32, value: ${value}) {`,
    `  ${name}[row * ${vectors}u + column] = value;`,
    "}",
  ];
}
