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
  /** Most vec4 columns per invocation. */
  vectors: number;
  /** vec4s of weight rows per invocation of the weight gradient. */
  weightRowVectors: number;
  /** Most batch rows per step of the weight gradient. */
  unroll: number;
  /** Rows of an evaluation window, a multiple of `rows`. */
  window: number;
}

/**
 * A software adapter is a handful of processor cores: few large tiles. Mesa's llvmpipe 22.3 runs every
 * load in a loop as one branch per lane and component, some 360 instructions per vec4, whether or not
 * the address is uniform, so the tile with the fewest loads per multiply-add wins: 2.37 ms of
 * processor time for 60×784×300 forward with 20 rows × 2 vec4, 1.61 with 30 × 5; the weight gradient
 * 3.13 with 5 × 2, 2.40 with 8 × 5 (two cores of an EPYC, llvmpipe, 2026-11-22). Larger tiles spill
 * out of the first-level cache.
 */
const SOFTWARE: Tiles = {
  lanes: 8,
  rows: 30,
  vectors: 5,
  weightRowVectors: 8,
  unroll: 4,
  window: 510,
};
/** A GPU hides latency with many invocations: small tiles. Not yet measured on one. */
const HARDWARE: Tiles = {
  lanes: 32,
  rows: 4,
  vectors: 1,
  weightRowVectors: 1,
  unroll: 4,
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
