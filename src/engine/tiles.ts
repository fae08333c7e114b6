/**
 * Tile shapes of the matmul kernels by class of adapter: how many rows and columns one invocation
 * computes, and how many invocations share a workgroup. A shape changes speed and never results: each
 * output is one fma chain in the same order whatever its tile.
 */

import type { AdapterDescription } from "./device.ts";

/** Tile shape of one adapter class. */
export interface Tiles {
  /** Invocations per workgroup along the columns. */
  lanes: number;
  /** Most rows per invocation, forward and activation gradient. */
  rows: number;
  /** Most vec4 columns per invocation, forward. */
  forwardVectors: number;
  /** The same in the activation and weight gradients. */
  backwardVectors: number;
  /** vec4s of weight rows per invocation of the weight gradient. */
  weightRowVectors: number;
  /** Most batch rows per step of the weight gradient. */
  unroll: number;
  /** Whether the first layer's weight gradient skips batch rows whose inputs in a tile are all 0. */
  listsNonzeroRows: boolean;
  /** Rows of an evaluation window, a multiple of `rows`. */
  window: number;
}

/**
 * A software adapter is a handful of processor cores: few large tiles. Mesa's llvmpipe 22.3 runs every
 * load in a loop as one branch per lane and component, some 360 instructions per vec4, whether or not
 * the address is uniform, so larger tiles win: 60×784×300 forward took 2.4 ms of processor time with
 * 20 rows × 2 vec4, 1.8 with 20 × 5, 1.65 with 30 × 5. What bounds them is the compiler: the first took
 * 0.3 s, the second 0.9, the third 1.7; the weight gradient's 5 × 2 took 1.2 s, 8 × 5 over 20 for 2.4 ms
 * instead of 3.1 (two cores of an EPYC, 2026-11-22).
 */
const SOFTWARE: Tiles = {
  lanes: 8,
  rows: 20,
  forwardVectors: 5,
  backwardVectors: 2,
  weightRowVectors: 5,
  unroll: 4,
  listsNonzeroRows: true,
  window: 500,
};
/** A GPU hides latency with many invocations: small tiles. Not yet measured on one. */
const HARDWARE: Tiles = {
  lanes: 32,
  rows: 4,
  forwardVectors: 1,
  backwardVectors: 1,
  weightRowVectors: 1,
  unroll: 4,
  listsNonzeroRows: false,
  window: 1000,
};

/** The tile shapes for an adapter. */
export function tilesFor(adapter: AdapterDescription): Tiles {
  return adapter.isSoftware ? SOFTWARE : HARDWARE;
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
