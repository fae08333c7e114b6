/**
 * The sources of a forward whose long sums are made in parts, by as many times the workgroups: the
 * parts first, then their sums. How many parts there are changes last bits, and nothing else of how
 * they are made does. All inputs count: lists of nonzero words are not looked at.
 */

import finishForward from "../../../../shaders/finish_forward.wgsl" with { type: "text" };
import finishPart from "../../../../shaders/finish_part.wgsl" with { type: "text" };
import forwardPart from "../../../../shaders/forward_part.wgsl" with { type: "text" };
import forwardSum from "../../../../shaders/forward_sum.wgsl" with { type: "text" };
import type { DenseSpec } from "../../layer_spec.ts";
import { activationWgsl } from "../activation_wgsl.ts";
import type { KernelSource } from "../kernel.ts";
import { pitch } from "../layout.ts";
import { loadWgsl, type Matrix, matrixBinding, storeWgsl } from "../matrix.ts";
import type { Tiles } from "../tiles.ts";
import { columnGroups, groupBytes, tileVectors } from "./matmul_kernels.ts";
import {
  finishing,
  forwardFloats,
  type ForwardOperands,
  forwardOperands,
  matmulWork,
} from "./matmul_operands.ts";
import {
  TILED_FORWARD,
  tiledGrid,
  tiledReads,
  tiledShape,
  type TiledSizes,
} from "./tiled_kernels.ts";

/** vec4s of a row of parts of sums. */
export function partialSumVectors(layer: DenseSpec, parts: number): number {
  return parts * pitch(layer.units) / 4;
}

/** The operands of a forward in parts. */
interface PartOperands extends ForwardOperands {
  /** (R, rows) rows of `partialSumVectors`. */
  sums: Matrix;
  outputs: Matrix;
}

/** `forwardSource` in two stages: `parts` parts of each sum, then their sum in their order. */
export function forwardInPartsSources(
  layer: DenseSpec,
  isLast: boolean,
  sizes: TiledSizes,
  tiles: Tiles,
  parts: number,
  operands: PartOperands,
): KernelSource[] {
  return [
    partsSource(layer, sizes, tiles, parts, operands),
    sumSource(layer, isLast, sizes, tiles, parts, operands),
  ];
}

function partsSource(
  layer: DenseSpec,
  sizes: TiledSizes,
  tiles: Tiles,
  parts: number,
  { sums, ...operands }: PartOperands,
): KernelSource {
  const { inVectors, outVectors, wgsl, batchWgsl, constants, bindings } = forwardOperands(
    layer,
    operands,
  );
  const each = Math.ceil(inVectors / parts), sumVectors = partialSumVectors(layer, parts);
  const ofParts = {
    ...{ STEPS: inVectors, ...constants },
    ...{ PARTS: parts, PART_STEPS: each, OUT_VECTORS: outVectors },
  };
  const template = [
    ...[wgsl, batchWgsl],
    storeWgsl({ name: "sums", binding: 2, matrix: sums, vectors: sumVectors }),
    finishPart,
  ];
  const floats = forwardFloats(layer, sizes, operands) + 4 * sizes.rows * sumVectors;
  const work = matmulWork(layer, sizes, floats);
  const shared = { label: `forward ${layer.name}, in parts`, bindings: bindings(sums) };
  const { format } = operands;
  if (tiles.groupRows > 0) {
    const shape = tiledShape(sizes, outVectors, tiles.forwardVectors, tiles);
    return {
      ...shared,
      template: [...template, TILED_FORWARD].join("\n"),
      constants: { ...shape, ...ofParts },
      grid: tiledGrid(shape, sizes, parts),
      work: { ...work, ...tiledReads(shape, sizes, inVectors, format, parts) },
    };
  }
  const vectors = tileVectors(outVectors, tiles.forwardVectors, tiles);
  const groups = columnGroups(outVectors, vectors, tiles);
  const grid = [parts * groups, sizes.rows / tiles.rows, sizes.replicas] as const;
  const tile = { rows: tiles.rows, vectors: Math.min(outVectors, tiles.lanes * vectors), format };
  return {
    ...shared,
    template: [...template, forwardPart].join("\n"),
    constants: {
      ...{ ...ofParts, LANES: tiles.lanes, ROWS: tiles.rows, VECTORS: vectors },
      COLUMN_GROUPS: groups,
    },
    grid,
    work: { ...work, groupBytes: groupBytes(grid, 4 * each, tile), loads: each },
  };
}

function sumSource(
  layer: DenseSpec,
  isLast: boolean,
  { rows, replicas }: TiledSizes,
  { lanes }: Tiles,
  parts: number,
  { sums, outputs }: PartOperands,
): KernelSource {
  const vectors = pitch(layer.units) / 4, sumVectors = partialSumVectors(layer, parts);
  return {
    label: `forward ${layer.name}, sum`,
    template: [
      activationWgsl(layer.activation),
      loadWgsl({ name: "sums", binding: 0, matrix: sums, vectors: sumVectors }),
      storeWgsl({ name: "outputs", binding: 1, matrix: outputs, vectors }),
      ...[finishForward, forwardSum],
    ].join("\n"),
    constants: {
      ...{ LANES: lanes, PARTS: parts, OUT_VECTORS: vectors },
      ...finishing(layer, isLast),
    },
    bindings: [matrixBinding(sums, "read"), matrixBinding(outputs, "write")],
    grid: [Math.ceil(vectors / lanes), rows, replicas],
    work: {
      flops: 4 * replicas * rows * sumVectors,
      bytes: 16 * replicas * rows * (sumVectors + vectors),
      loads: 1,
    },
  };
}
