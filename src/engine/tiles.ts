/**
 * Tile shapes of the matmul kernels by class of adapter: how many rows and columns one invocation
 * computes, and how many invocations share a workgroup. A shape changes speed and never results: each
 * output is one fma chain in the same order whatever its tile.
 */

import type { AdapterDescription } from "./device.ts";
import type { MatrixStorage } from "./matrix.ts";

/** Tile shape of one adapter class. */
export interface Tiles {
  /** Where the matrices that kernels read lie, if they fit there. */
  storage: MatrixStorage;
  /** Invocations per workgroup along the columns. */
  lanes: number;
  /** Most rows per invocation, forward and activation gradient. */
  rows: number;
  /** Most vec4 columns per invocation, forward. */
  forwardVectors: number;
  /** The same in the activation gradient. */
  backwardVectors: number;
  /** The same in the weight gradient. */
  weightVectors: number;
  /** vec4s of weight rows per invocation of the weight gradient. */
  weightRowVectors: number;
  /** Most batch rows per step of the weight gradient. */
  unroll: number;
  /** Whether the first layer's kernels skip inputs that are 0 throughout a tile. */
  skipsZeros: boolean;
  /** Rows of an evaluation window, a multiple of `rows`. */
  window: number;
  /** Of the sparse kernels. */
  sparse: SparseTiles;
}

/** Tile shapes of the sparse kernels. */
export interface SparseTiles {
  /** Most invocations along a tile's columns of four examples. */
  lanes: number;
  /** Invocations of a workgroup along the units. */
  unitLanes: number;
  /** Units per invocation. */
  unitsEach: number;
  /** Invocations per workgroup of the update, a group of four weights each. */
  updateLanes: number;
  /** Most examples of an evaluation window. */
  window: number;
}

/**
 * A software adapter is a handful of processor cores: few large tiles. What bounds them is the
 * compiler: on llvmpipe, forward with 20 rows × 5 vec4 takes 0.9 s to compile, with 30 × 5 it takes 1.7.
 */
const SOFTWARE: Tiles = {
  storage: "buffers",
  lanes: 8,
  rows: 20,
  forwardVectors: 5,
  backwardVectors: 2,
  weightVectors: 2,
  weightRowVectors: 5,
  unroll: 4,
  skipsZeros: true,
  window: 500,
  sparse: { lanes: 8, unitLanes: 1, unitsEach: 4, updateLanes: 8, window: 512 },
};
/**
 * Where loads are cheap, smaller tiles leave out more zeros: forward with 12 rows × 5 vec4 is as fast as
 * with 20 × 5 and compiles in half the time, the weight gradient with 1 × 5 as fast as with 2 × 5.
 */
const LLVMPIPE: Tiles = {
  ...SOFTWARE,
  storage: "textures",
  rows: 12,
  weightVectors: 5,
  weightRowVectors: 1,
  window: 480,
};
/** A GPU hides latency with many invocations: small tiles. Not yet measured on one. */
const HARDWARE: Tiles = {
  storage: "buffers",
  lanes: 32,
  rows: 4,
  forwardVectors: 1,
  backwardVectors: 1,
  weightVectors: 1,
  weightRowVectors: 1,
  unroll: 4,
  skipsZeros: false,
  window: 1000,
  sparse: { lanes: 16, unitLanes: 4, unitsEach: 1, updateLanes: 64, window: 1024 },
};

/** The tile shapes for an adapter. */
export function tilesFor(adapter: AdapterDescription): Tiles {
  if (!adapter.isSoftware) return HARDWARE;
  return /llvmpipe/i.test(adapter.name) ? LLVMPIPE : SOFTWARE;
}

/** The same with as few rows per tile as cut a batch into the same number of tiles. */
export function tilesForBatch(adapter: AdapterDescription, batchSize: number): Tiles {
  const tiles = tilesFor(adapter);
  const count = Math.ceil(batchSize / tiles.rows);
  return { ...tiles, rows: Math.ceil(batchSize / count) };
}

/** Rows of a batch padded to whole tiles. */
export function paddedRows(batchSize: number, tiles: Tiles): number {
  return tiles.rows * Math.ceil(batchSize / tiles.rows);
}
