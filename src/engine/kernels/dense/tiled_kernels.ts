/**
 * The sources of forward and activation gradient with tiles in workgroup memory; their bits are
 * those of matmul_kernels.ts. They know no lists of nonzero words: a layer that has lists keeps to
 * the kernels there.
 */

import batchAlone from "../../../../shaders/batch_alone.wgsl" with { type: "text" };
import finishBackward from "../../../../shaders/finish_backward.wgsl" with { type: "text" };
import finishForward from "../../../../shaders/finish_forward.wgsl" with { type: "text" };
import tiledMatmul from "../../../../shaders/tiled_matmul.wgsl" with { type: "text" };
import tiledWeights from "../../../../shaders/tiled_weights.wgsl" with { type: "text" };
import transposed from "../../../../shaders/tiled_weights_transposed.wgsl" with { type: "text" };
import type { Activation, DenseSpec } from "../../layer_spec.ts";
import { activationWgsl } from "../activation_wgsl.ts";
import type { KernelSource } from "../kernel.ts";
import { type BatchFormat, type Matrix, storeWgsl } from "../matrix.ts";
import type { Tiles } from "../tiles.ts";
import { groupBytes, tileVectors } from "./matmul_kernels.ts";
import {
  finishing,
  forwardFloats,
  type ForwardOperands,
  forwardOperands,
  gradientFloats,
  type GradientOperands,
  gradientOperands,
  matmulWork,
} from "./matmul_operands.ts";

/** The device's limits on a workgroup. */
export type GroupLimits = Pick<
  GPUSupportedLimits,
  "maxComputeInvocationsPerWorkgroup" | "maxComputeWorkgroupStorageSize"
>;

/** Replicas, rows of each, and what the device allows. */
export interface TiledSizes {
  replicas: number;
  rows: number;
  limits: GroupLimits;
}

/**
 * Most invocations of a workgroup along the columns: neighbours read 256 bytes of a row of weights.
 */
const LANES = 16;
/** Most steps of a block, four columns of the left matrix each. */
const STEP_BLOCK = 8;
/** Bytes of a vec4 in workgroup memory. */
const VECTOR_BYTES = 16;

/** The constants of tiled_matmul.wgsl that follow from its shape. */
interface TiledShape {
  LANES: number;
  GROUP_ROWS: number;
  ROWS: number;
  VECTORS: number;
  STEP_BLOCK: number;
  COLUMNS: number;
  COLUMN_VECTORS: number;
  COLUMN_GROUPS: number;
  BATCH_ROWS: number;
  LEFT_BLOCK: number;
  RIGHT_BLOCK: number;
}

/**
 * The shape of a tile of at most `most` vec4 columns per invocation: the fewest that fill as few
 * workgroups; less where the device's workgroups have no room for it.
 */
export function tiledShape(
  { rows, limits }: Pick<TiledSizes, "rows" | "limits">,
  width: number,
  most: number,
  tiles: Tiles,
): TiledShape {
  const { maxComputeInvocationsPerWorkgroup: room, maxComputeWorkgroupStorageSize: bytes } = limits;
  let lanes = Math.min(LANES, width, room);
  const rowTiles = rows / tiles.rows;
  const wanted = Math.max(1, Math.min(tiles.groupRows, rowTiles, Math.floor(room / lanes)));
  let groupRows = Math.ceil(rowTiles / Math.ceil(rowTiles / wanted));
  let vectors = tileVectors(width, most, { ...tiles, lanes }), block = STEP_BLOCK;
  const left = () => groupRows * tiles.rows * block, right = () => 4 * block * lanes * vectors;
  while (VECTOR_BYTES * (left() + right()) > bytes) {
    if (block > 1) block--;
    else if (groupRows > 1) groupRows--;
    else if (vectors > 1) vectors--;
    else if (lanes > 1) lanes = Math.ceil(lanes / 2);
    else break;
  }
  return {
    LANES: lanes,
    GROUP_ROWS: groupRows,
    ROWS: tiles.rows,
    VECTORS: vectors,
    STEP_BLOCK: block,
    COLUMNS: lanes * vectors,
    COLUMN_VECTORS: width,
    COLUMN_GROUPS: Math.ceil(width / (lanes * vectors)),
    BATCH_ROWS: rows,
    LEFT_BLOCK: left(),
    RIGHT_BLOCK: right(),
  };
}

const LOAD_INPUTS = "fn load_left(row: u32, step: u32) -> vec4f { return load_inputs(row, step); }";
const LOAD_DELTAS = "fn load_left(row: u32, step: u32) -> vec4f { return load_deltas(row, step); }";

/** tiled_matmul.wgsl with the operands of forward. */
export const TILED_FORWARD = [LOAD_INPUTS, tiledWeights, tiledMatmul].join("\n");

/** outputs = activation(inputs · weights), tiles in workgroup memory. */
export function tiledForwardSource(
  layer: DenseSpec,
  isLast: boolean,
  sizes: TiledSizes,
  tiles: Tiles,
  { outputs, ...operands }: ForwardOperands & { outputs: Matrix },
): KernelSource {
  const { inVectors, outVectors, wgsl, batchWgsl, constants, bindings } = forwardOperands(
    layer,
    operands,
  );
  const shape = tiledShape(sizes, outVectors, tiles.forwardVectors, tiles);
  return {
    label: `forward ${layer.name}`,
    template: [
      activationWgsl(layer.activation),
      ...[wgsl, batchWgsl, TILED_FORWARD],
      storeWgsl({ name: "outputs", binding: 2, matrix: outputs, vectors: outVectors }),
      finishForward,
    ].join("\n"),
    constants: {
      ...{ ...shape, STEPS: inVectors, ...constants, PARTS: 1, PART_STEPS: inVectors },
      ...finishing(layer, isLast),
    },
    bindings: bindings(outputs),
    grid: tiledGrid(shape, sizes),
    work: {
      ...matmulWork(layer, sizes, forwardFloats(layer, sizes, operands)),
      ...tiledReads(shape, sizes, inVectors, operands.format),
    },
  };
}

/** Gradient at the pre-activations of the layer below, tiles in workgroup memory. */
export function tiledActivationGradientSource(
  layer: DenseSpec,
  below: Activation,
  sizes: TiledSizes,
  tiles: Tiles,
  operands: GradientOperands,
): KernelSource {
  const { inVectors, outVectors, wgsl, bindings } = gradientOperands(layer, operands);
  const shape = tiledShape(sizes, inVectors, tiles.backwardVectors, tiles);
  return {
    label: `activation gradient ${layer.name}`,
    template: [
      activationWgsl(below),
      ...[wgsl, LOAD_DELTAS, batchAlone, transposed, finishBackward, tiledMatmul],
    ].join("\n"),
    constants: {
      ...{ ...shape, STEPS: outVectors, PARTS: 1, PART_STEPS: outVectors },
      INPUTS: layer.inputs,
    },
    bindings,
    grid: tiledGrid(shape, sizes),
    work: {
      ...matmulWork(layer, sizes, gradientFloats(layer, sizes)),
      ...tiledReads(shape, sizes, outVectors),
    },
  };
}

/** The grid of `parts` times the tiles of a result. */
export function tiledGrid(
  { COLUMN_GROUPS, GROUP_ROWS, ROWS }: TiledShape,
  { rows, replicas }: TiledSizes,
  parts = 1,
): [number, number, number] {
  return [parts * COLUMN_GROUPS, Math.ceil(rows / (GROUP_ROWS * ROWS)), replicas];
}

/** Bytes and blocks that workgroups read, for profiles: `steps` words of four, in `parts` parts. */
export function tiledReads(
  shape: TiledShape,
  sizes: TiledSizes,
  steps: number,
  format: BatchFormat = "f32",
  parts = 1,
) {
  const each = Math.ceil(steps / parts), { ROWS, GROUP_ROWS, COLUMNS, STEP_BLOCK } = shape;
  const tile = { rows: ROWS * GROUP_ROWS, vectors: COLUMNS, format };
  return {
    groupBytes: groupBytes(tiledGrid(shape, sizes, parts), 4 * each, tile),
    blocks: Math.ceil(each / STEP_BLOCK),
  };
}
