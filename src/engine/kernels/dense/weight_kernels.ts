/**
 * The sources of the kernel that updates dense layers, a weight gradient with an optimizer, and of
 * the one that lists which inputs of a batch count in it and in forward.
 */

import common from "../../../../shaders/common.wgsl" with { type: "text" };
import nonzero from "../../../../shaders/nonzero.wgsl" with { type: "text" };
import stepsAll from "../../../../shaders/steps_all.wgsl" with { type: "text" };
import stepsListed from "../../../../shaders/steps_listed.wgsl" with { type: "text" };
import weightGradient from "../../../../shaders/weight_gradient.wgsl" with { type: "text" };
import weightGradientRow from "../../../../shaders/weight_gradient_row.wgsl" with { type: "text" };
import { type KernelSource, read, write } from "../kernel.ts";
import type { DenseSpec } from "../../layer_spec.ts";
import { maskWords, pitch } from "../layout.ts";
import { columnGroups, tileVectors } from "./matmul_kernels.ts";
import { matmulWork } from "./matmul_operands.ts";
import {
  type BatchFormat,
  isTexture,
  loadWgsl,
  type Matrix,
  matrixBinding,
  updateWgsl as updateMatrixWgsl,
} from "../matrix.ts";
import { type UpdateRule, updateWgsl } from "../../optimizers.ts";
import type { Tiles } from "../tiles.ts";

/** Workgroups along an axis that WebGPU promises. */
const MOST_GROUPS = 65535;

/** Masked weight gradient and the optimizer's update. */
export function weightGradientSource(
  layer: DenseSpec,
  optimizer: UpdateRule,
  sizes: { replicas: number; rows: number },
  tiles: Tiles,
  buffers: {
    inputs: Matrix;
    format?: BatchFormat;
    deltas: Matrix;
    mask: Matrix;
    weights: Matrix;
    /** Where updated weights go; buffers are updated in place. */
    updated: Matrix;
    clocks: GPUBuffer;
    /** The lists of rows of `nonzeroSource`; null: every batch row counts. */
    lists: GPUBuffer | null;
    /** Batches that lie one after the other in the inputs. Default: 1. */
    ahead?: number;
    state: GPUBuffer[];
  },
): KernelSource {
  const { inputs, format, deltas, mask, weights, updated, lists } = buffers;
  const inVectors = pitch(layer.inputs) / 4, outVectors = pitch(layer.units) / 4;
  const { rowVectors, count } = weightTiles(layer, tiles);
  const isOfRows = tiles.weightRowVectors < 1 && 4 * inVectors <= MOST_GROUPS;
  const vectors = tileVectors(outVectors, tiles.weightVectors, tiles);
  const ofMask = { vectors: maskWords(4 * outVectors), format: "u8" } as const;
  const ofWeights = { name: "weights", vectors: outVectors };
  return {
    label: `weight gradient ${layer.name}`,
    template: [
      common,
      updateWgsl(optimizer),
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors: inVectors, format }),
      loadWgsl({ name: "deltas", binding: 1, matrix: deltas, vectors: outVectors }),
      loadWgsl({ name: "mask", binding: 2, matrix: mask, ...ofMask }),
      updateMatrixWgsl(
        { ...ofWeights, binding: 3, matrix: weights },
        { ...ofWeights, binding: 8, matrix: updated },
      ),
      lists ? stepsListed : stepsAll,
      isOfRows ? weightGradientRow : weightGradient,
    ].join("\n"),
    constants: {
      LANES: tiles.lanes,
      VECTORS: vectors,
      TILE_VECTORS: rowVectors,
      TILE: 4 * rowVectors * vectors,
      TILES: count,
      UNROLL: unrollFor(sizes.rows, tiles),
      BATCH_ROWS: sizes.rows,
      AHEAD: buffers.ahead ?? 1,
      REPLICAS: sizes.replicas,
      STEPS: sizes.rows,
      INPUTS: layer.inputs,
      IN_PITCH: 4 * inVectors,
      IN_VECTORS: inVectors,
      OUT_VECTORS: outVectors,
    },
    bindings: [
      matrixBinding(inputs, "read"),
      matrixBinding(deltas, "read"),
      matrixBinding(mask, "read"),
      matrixBinding(weights, isTexture(weights) ? "read" : "write"),
      read(buffers.clocks),
      lists && read(lists),
      ...[0, 1].map((i) => buffers.state[i] ? write(buffers.state[i]) : null),
      isTexture(updated) ? matrixBinding(updated, "write") : null,
    ],
    grid: [
      columnGroups(outVectors, vectors, tiles),
      isOfRows ? 4 * inVectors : Math.ceil(inVectors / rowVectors),
      sizes.replicas,
    ],
    work: {
      ...matmulWork(
        layer,
        sizes,
        // Weights and state are read and written; a mask is a bit per weight.
        layer.inputs * layer.units * (2 + 2 * buffers.state.length + 1 / 32) +
          sizes.rows * (layer.inputs * (format === "u8" ? 0.25 : 1) + layer.units),
      ),
      loads: sizes.rows / unrollFor(sizes.rows, tiles),
    },
  };
}

/**
 * The weight gradient's tiles along a layer's inputs: their vec4s, and how many there are. Tiles of
 * a single row share the list of their vec4.
 */
function weightTiles(layer: DenseSpec, tiles: Tiles): { rowVectors: number; count: number } {
  const inVectors = pitch(layer.inputs) / 4;
  const rowVectors = Math.min(Math.ceil(tiles.weightRowVectors), inVectors);
  return { rowVectors, count: Math.ceil(inVectors / rowVectors) };
}

/** u32 words of one replica's lists of nonzero rows. */
export function rowListWords(layer: DenseSpec, rows: number, tiles: Tiles): number {
  return weightTiles(layer, tiles).count * (rows + 1);
}

/** u32 words of one replica's lists of nonzero words. */
export function wordListWords(layer: DenseSpec, rows: number, tiles: Tiles): number {
  return rows / tiles.rows * (pitch(layer.inputs) / 4 + 1);
}

/** Lists what of a batch counts in each tile of forward and, if wanted, of the weight gradient. */
export function nonzeroSource(
  layer: DenseSpec,
  sizes: { replicas: number; rows: number; ahead?: number },
  tiles: Tiles,
  buffers: {
    inputs: Matrix;
    format?: BatchFormat;
    wordLists: GPUBuffer;
    rowLists: GPUBuffer | null;
  },
): KernelSource {
  const { inputs, format = "f32", wordLists, rowLists } = buffers, { ahead = 1 } = sizes;
  const { rowVectors, count } = weightTiles(layer, tiles);
  const weightTileCount = rowLists ? count : 0, rowTiles = sizes.rows / tiles.rows;
  const vectors = pitch(layer.inputs) / 4;
  const value = {
    f32: "any(load_inputs(row, k) != vec4f())",
    u8: "load_inputs_word(row, k) != 0u",
  };
  return {
    label: `nonzero ${layer.name}`,
    template: [
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors, format }),
      `fn is_nonzero(row: u32, k: u32) -> bool { return ${value[format]}; }`,
      nonzero,
    ].join("\n"),
    constants: {
      LANES: tiles.lanes,
      LISTS_ROWS: rowLists ? 1 : 0,
      WEIGHT_TILES: weightTileCount,
      ROW_TILES: rowTiles,
      TILE_ROWS: tiles.rows,
      TILE_VECTORS: rowVectors,
      IN_VECTORS: vectors,
      ROWS: sizes.rows,
      UNROLL: unrollFor(sizes.rows, tiles),
    },
    bindings: [
      matrixBinding(inputs, "read"),
      write(wordLists),
      rowLists && write(rowLists),
    ],
    // Batches of several iterations are as those of more replicas.
    grid: [Math.ceil((weightTileCount + rowTiles) / tiles.lanes), 1, ahead * sizes.replicas],
    ahead,
  };
}

/** The largest step of the weight gradient that divides a batch's rows. */
function unrollFor(rows: number, tiles: Tiles): number {
  let unroll = tiles.unroll;
  while (rows % unroll !== 0) unroll--;
  return unroll;
}
