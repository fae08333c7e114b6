/**
 * The sources of a forward whose long sums are made in parts, by as many times the workgroups: the
 * parts first, then their sums. How many parts there are changes last bits, and nothing else of how
 * they are made does. All inputs count: lists of nonzero words are not looked at.
 */

import finishForward from "../../../shaders/finish_forward.wgsl" with { type: "text" };
import finishPart from "../../../shaders/finish_part.wgsl" with { type: "text" };
import forwardPart from "../../../shaders/forward_part.wgsl" with { type: "text" };
import forwardSum from "../../../shaders/forward_sum.wgsl" with { type: "text" };
import type { DenseSpec } from "../layer_spec.ts";
import type { KernelSource } from "./kernel.ts";
import { pitch } from "./layout.ts";
import { activationWgsl, columnGroups, matmulWork, tileVectors } from "./matmul_kernels.ts";
import { loadWgsl, type Matrix, matrixBinding, storeWgsl } from "./matrix.ts";
import {
  finishing,
  forwardFloats,
  type ForwardOperands,
  forwardWgsl,
  TILED_FORWARD,
  tiledGrid,
  tiledShape,
  type TiledSizes,
} from "./tiled_kernels.ts";
import type { Tiles } from "./tiles.ts";

/** vec4s of a row of parts of sums. */
export function partialSumVectors(layer: DenseSpec, parts: number): number {
  return parts * pitch(layer.units) / 4;
}

/** `forwardSource` in two stages: `parts` parts of each sum, then their sum in their order. */
export function forwardInPartsSources(
  layer: DenseSpec,
  isLast: boolean,
  sizes: TiledSizes,
  tiles: Tiles,
  parts: number,
  { outputs, sums, ...operands }: ForwardOperands & {
    /** (R, rows) rows of `partialSumVectors`. */
    sums: Matrix;
    outputs: Matrix;
  },
): KernelSource[] {
  const { inVectors, outVectors, wgsl, constants, bindings } = forwardWgsl(layer, operands);
  const { rows, replicas } = sizes;
  const ofSums = { name: "sums", matrix: sums, vectors: partialSumVectors(layer, parts) };
  const ofParts = {
    ...constants,
    PARTS: parts,
    PART_STEPS: Math.ceil(inVectors / parts),
    OUT_VECTORS: outVectors,
  };
  const template = [wgsl, storeWgsl({ ...ofSums, binding: 2 }), finishPart];
  const floats = 4 * rows * ofSums.vectors;
  const first = {
    label: `forward ${layer.name}`,
    bindings: bindings(sums),
    work: matmulWork(layer, sizes, forwardFloats(layer, sizes, operands) + floats),
  };
  const shape = tiledShape(sizes, outVectors, tiles.forwardVectors, tiles);
  const vectors = tileVectors(outVectors, tiles.forwardVectors, tiles);
  const groups = columnGroups(outVectors, vectors, tiles);
  const isTiled = tiles.groupRows > 0;
  return [
    isTiled
      ? {
        ...first,
        template: [...template, TILED_FORWARD].join("\n"),
        constants: { ...shape, ...ofParts },
        grid: tiledGrid(shape, sizes, parts),
      }
      : {
        ...first,
        template: [...template, forwardPart].join("\n"),
        constants: {
          ...{ ...ofParts, LANES: tiles.lanes, ROWS: tiles.rows, VECTORS: vectors },
          COLUMN_GROUPS: groups,
        },
        grid: [parts * groups, rows / tiles.rows, replicas],
      },
    {
      label: `forward ${layer.name}, sum of ${parts}`,
      template: [
        activationWgsl(layer.activation),
        loadWgsl({ ...ofSums, binding: 0 }),
        storeWgsl({ name: "outputs", binding: 1, matrix: outputs, vectors: outVectors }),
        ...[finishForward, forwardSum],
      ].join("\n"),
      constants: {
        ...{ LANES: tiles.lanes, PARTS: parts, OUT_VECTORS: outVectors },
        ...finishing(layer, isLast),
      },
      bindings: [matrixBinding(sums, "read"), matrixBinding(outputs, "write")],
      grid: [Math.ceil(outVectors / tiles.lanes), rows, replicas],
      work: {
        flops: replicas * floats,
        bytes: 4 * replicas * (floats + rows * layer.units),
      },
    },
  ];
}
