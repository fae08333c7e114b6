/**
 * Choices by class of adapter: tile shapes of the kernels (how many rows and columns one invocation
 * computes, how many invocations share a workgroup), and when to do what. A tile shape changes
 * speed and never results: each output is one fma chain in the same order whatever its tile. (What
 * `forwardParts` and `sparse.below` say does change last bits.)
 *
 * The table is tuned.json, which `deno task tune` measures and rewrites. What to know of it: a
 * software adapter is a handful of processor cores, best used with few large tiles, bounded by its
 * compiler (forward with 20 rows × 5 vec4 takes llvmpipe 0.9 s to compile, 30 × 5 takes 1.7); where
 * loads are cheap, smaller tiles leave out more zeros; a GPU hides latency with many invocations,
 * so small tiles.
 */

import type { AdapterDescription } from "../adapter.ts";
import table from "../tuned.json" with { type: "json" };

/** Where matrices lie. */
export type MatrixStorage = "buffers" | "textures";

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
  /** vec4s of weight rows per invocation of the weight gradient; 0.25: a single row. */
  weightRowVectors: number;
  /**
   * Most invocations of a workgroup along the rows, 16 along the columns, in forward and activation
   * gradient of dense layers: together they load blocks of both operands into workgroup memory. 0:
   * each invocation loads its own.
   */
  groupRows: number;
  /** Most batch rows per step of the weight gradient. */
  unroll: number;
  /** Whether the first layer's kernels skip inputs that are 0 throughout a tile. */
  skipsZeros: boolean;
  /** Rows of an evaluation window, a multiple of `rows`. */
  window: number;
  /** Of the kernels of convolutions. */
  images: ImageTiles;
  /** Of the sparse kernels. */
  sparse: SparseTiles;
}

/** Tile shapes of the kernels of convolutions, whose lanes are those of dense layers. */
export interface ImageTiles {
  /**
   * Most examples per invocation, forward and activation gradient; they divide the batch's rows.
   */
  rows: number;
  /** Most vec4s of filters per invocation, forward. */
  forwardVectors: number;
  /** Most vec4s of channels per invocation of the activation gradient. */
  backwardVectors: number;
  /** Most vec4s of filters per invocation of the weight gradient. */
  weightVectors: number;
  /** Most vec4s of its rows, which are taps and channels. */
  weightRowVectors: number;
  /** Most pixels of a row of the output per step of it. */
  unroll: number;
}

/** The choices for a class of adapters. */
export interface Tuned extends Tiles {
  /** On what adapter and when it was measured; null: never, a guess. */
  measured: string | null;
  /** Most networks to train at once; null: as many as fit. */
  replicas: number | null;
  /**
   * Parts in which a dense first layer's long sums are made in training, which are then added in
   * their order; 1: one chain. It decides last bits, so each run has it in its record.
   */
  forwardParts: number;
  /** Of the sparse kernels, and when these are used. */
  sparse: SparseTiles & {
    /** Networks with a smaller share of live weights are trained as lists of these. */
    below: number;
    /**
     * The same of networks that take images, by their share of live multiplications. On
     * llvmpipe lists of LeNet-5 and Conv-2 win with 26%, and win or lose with 33%.
     */
    belowImages: number;
  };
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
  /** Most iterations of a dispatch, a workgroup a network; 0: a dispatch for each kernel. */
  iterations: number;
  /** Invocations of such a workgroup. */
  iterationLanes: number;
  /** Most examples of an evaluation window. */
  window: number;
}

/** Classes of adapters with a configuration of their own. */
export type AdapterClass = "llvmpipe" | "software" | "hardware";

/** The table. */
export const TUNED = table as Readonly<Record<AdapterClass, Tuned>>;

/** The class of an adapter. */
export function adapterClass({ isSoftware, name }: AdapterDescription): AdapterClass {
  if (!isSoftware) return "hardware";
  return /llvmpipe/i.test(name) ? "llvmpipe" : "software";
}

/** Returns the table's row for an adapter. A device may have other choices: see `Gpu.tuned`. */
export function tunedFor(adapter: AdapterDescription): Tuned {
  return TUNED[adapterClass(adapter)];
}

/** Tiles with as few rows per tile as cut a batch into the same number of tiles. */
export function tilesForBatch(tiles: Tiles, batchSize: number): Tiles {
  const count = Math.ceil(batchSize / tiles.rows);
  return { ...tiles, rows: Math.ceil(batchSize / count) };
}

/** Rows of a batch padded to whole tiles. */
export function paddedRows(batchSize: number, tiles: Tiles): number {
  return tiles.rows * Math.ceil(batchSize / tiles.rows);
}
