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
 * more rows than a texture may have lies with some of its rows side by side in each of the texture:
 * one after the other in memory, as they are in a buffer.
 */

import { type BufferPool, readBack } from "../buffers.ts";
import type { Gpu } from "../device.ts";
import { type Binding, read, write } from "./kernel.ts";
import type { MatrixStorage } from "./tiles.ts";

export type { MatrixStorage };

/** How four columns of a batch are kept: as floats, or as bytes that mean v/255. */
export type BatchFormat = "f32" | "u8";
/** The same of any matrix: whole numbers too. */
export type MatrixFormat = BatchFormat | "u32";

/** A texture of one texel per four columns, which may have more columns than the matrix. */
export interface MatrixTexture {
  texture: GPUTexture;
  view: GPUTextureView;
  /** Rows that lie side by side in one row of the texture. */
  abreast: number;
}

/** A matrix in GPU memory. */
export type Matrix = GPUBuffer | MatrixTexture;

const TEXEL = { f32: "rgba32float", u8: "r32uint", u32: "rgba32uint" } as const;
const VALUE = { f32: "vec4f", u8: "u32", u32: "vec4u" } as const;
/** Bytes of four columns. */
export const COLUMN_BYTES: Readonly<Record<MatrixFormat, number>> = { f32: 16, u8: 4, u32: 16 };

/** Most columns of a texture in which rows lie side by side; WebGPU promises so many. */
const WIDEST = 8192;

/** Rows side by side, a power of two: shifts are cheaper than divisions. */
function abreast(vectors: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(WIDEST / vectors)));
}

/** The size of the texture of a matrix, on a device whose textures have at most `most` each way. */
export function textureSize(rows: number, vectors: number, most: number): [number, number] {
  if (rows <= most) return [vectors, rows];
  return [vectors * abreast(vectors), Math.ceil(rows / abreast(vectors))];
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
  return { texture, view: texture.createView(), abreast: width / vectors };
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
  for (const { row, count, origin, size } of partsOf(matrix, vectors, firstRow, rows)) {
    queue.writeTexture(
      { texture: matrix.texture, origin },
      data,
      { offset: (row - firstRow) * rowBytes, bytesPerRow: count / size[1] * rowBytes },
      size,
    );
  }
}

/** A part of a matrix that is a rectangle of its texture. */
interface Part {
  row: number;
  count: number;
  origin: [number, number];
  size: [number, number];
}

/** The parts of rows `first` to `first + count`. */
function partsOf(matrix: MatrixTexture, vectors: number, first: number, count: number): Part[] {
  const each = matrix.abreast, parts: Part[] = [], last = first + count;
  for (let row = first; row < last; row = parts.at(-1)!.row + parts.at(-1)!.count) {
    const beside = row % each, whole = Math.floor((last - row) / each);
    const isWhole = beside === 0 && whole > 0;
    const rows = isWhole ? whole * each : Math.min(last - row, each - beside);
    parts.push({
      row,
      count: rows,
      origin: [vectors * beside, Math.floor(row / each)],
      size: isWhole ? [vectors * each, whole] : [vectors * rows, 1],
    });
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
    const each = isTexture(matrix) ? matrix.abreast : 1;
    const rowBytes = COLUMN_BYTES.f32 * vectors, bytes = each * rowBytes;
    // A copy of a texture has rows of multiples of 256 bytes.
    const pitch = isTexture(matrix) ? 256 * Math.ceil(bytes / 256) : bytes;
    return { matrix, rows, vectors, rowBytes, each, pitch, lines: Math.ceil(rows / each) };
  });
  const contents = await readBack(
    gpu,
    layouts.map(({ matrix, vectors, each, pitch, lines }) => ({
      bytes: lines * pitch,
      copy: (encoder, buffer) => {
        if (!isTexture(matrix)) {
          return encoder.copyBufferToBuffer(matrix, 0, buffer, 0, lines * pitch);
        }
        encoder.copyTextureToBuffer(
          { texture: matrix.texture },
          { buffer, bytesPerRow: pitch },
          [each * vectors, lines],
        );
      },
    })),
  );
  return layouts.map(({ rows, rowBytes, each, pitch, lines }, i) => {
    const lineBytes = each * rowBytes;
    if (pitch === lineBytes) return new Float32Array(contents[i], 0, rows * rowBytes / 4);
    const packed = new Uint8Array(lines * lineBytes);
    for (let line = 0; line < lines; line++) {
      packed.set(new Uint8Array(contents[i], line * pitch, lineBytes), line * lineBytes);
    }
    return new Float32Array(packed.buffer, 0, rows * rowBytes / 4);
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
function texelOf(matrix: MatrixTexture, vectors: number): string {
  const each = matrix.abreast;
  if (each === 1) return "vec2u(column, row)";
  return `vec2u(column + row % ${each}u * ${vectors}u, row / ${each}u)`;
}

/** Both, of floats that are updated: in place in a buffer, from one texture to another. */
export function updateWgsl(before: MatrixUse, after: MatrixUse): string {
  if (isTexture(before.matrix)) return `${loadWgsl(before)}\n${storeWgsl(after)}`;
  return [
    storeWgsl({ ...after, binding: before.binding }),
    ...loadFromBuffer(`load_${before.name}`, after.name, VALUE.f32, before.vectors),
  ].join("\n");
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
