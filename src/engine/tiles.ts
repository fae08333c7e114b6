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
  /** Rows per invocation, forward and activation gradient. */
  rows: number;
  /** vec4 columns per invocation: 1 or 2 (pitches are whole pairs). */
  vectors: number;
  /** vec4s of weight rows per invocation of the weight gradient. */
  weightRowVectors: number;
  /** Batch rows per step of the weight gradient; divides `rows`. */
  unroll: number;
  /** Rows of an evaluation window, a multiple of `rows`. */
  window: number;
}

/**
 * A software adapter is a handful of processor cores: few large tiles, because a load whose address
 * differs between lanes costs as much as eight multiply-adds. A GPU hides latency with many
 * invocations: small tiles.
 */
const SOFTWARE: Tiles = {
  lanes: 8,
  rows: 20,
  vectors: 2,
  weightRowVectors: 5,
  unroll: 4,
  window: 500,
};
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

/** Rows of a batch padded to whole tiles. */
export function paddedRows(batchSize: number, tiles: Tiles): number {
  return tiles.rows * Math.ceil(batchSize / tiles.rows);
}
