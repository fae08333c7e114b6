/**
 * The sources of forward and activation gradient with tiles in workgroup memory; their bits are
 * those of matmul_kernels.ts. They know no lists of nonzero words: a layer that has lists keeps to
 * the kernels there.
 */

import common from "../../../../shaders/common.wgsl" with { type: "text" };
import batchAhead from "../../../../shaders/batch_ahead.wgsl" with { type: "text" };
import batchAlone from "../../../../shaders/batch_alone.wgsl" with { type: "text" };
import finishBackward from "../../../../shaders/finish_backward.wgsl" with { type: "text" };
import finishForward from "../../../../shaders/finish_forward.wgsl" with { type: "text" };
import tiledMatmul from "../../../../shaders/tiled_matmul.wgsl" with { type: "text" };
import tiledWeights from "../../../../shaders/tiled_weights.wgsl" with { type: "text" };
import transposed from "../../../../shaders/tiled_weights_transposed.wgsl" with { type: "text" };
import type { Activation, DenseSpec } from "../../layer_spec.ts";
import { type KernelSource, read } from "../kernel.ts";
import { pitch } from "../layout.ts";
import {
  activationWgsl,
  type Ahead,
  groupBytes,
  matmulWork,
  tileVectors,
} from "./matmul_kernels.ts";
import { type BatchFormat, loadWgsl, type Matrix, matrixBinding, storeWgsl } from "../matrix.ts";
import type { Tiles } from "../tiles.ts";

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

/** The operands of a forward. */
export interface ForwardOperands {
  inputs: Matrix;
  format?: BatchFormat;
  /** Where the inputs are the batches of several iterations, one after the other. */
  ahead?: Ahead | null;
  weights: Matrix;
}

/** Shared by the forward kernels: WGSL that accesses the operands, and bindings 0, 1 and 4. */
export function forwardWgsl(
  layer: DenseSpec,
  { inputs, format, ahead = null, weights }: ForwardOperands,
) {
  const inVectors = pitch(layer.inputs) / 4, outVectors = pitch(layer.units) / 4;
  return {
    inVectors,
    outVectors,
    wgsl: [
      loadWgsl({ name: "inputs", binding: 0, matrix: inputs, vectors: inVectors, format }),
      loadWgsl({ name: "weights", binding: 1, matrix: weights, vectors: outVectors }),
      ahead ? [common, batchAhead].join("\n") : batchAlone,
    ].join("\n"),
    constants: { STEPS: inVectors, ...(ahead && { AHEAD: ahead.batches }) },
    bindings: (result: Matrix) => [
      matrixBinding(inputs, "read"),
      matrixBinding(weights, "read"),
      matrixBinding(result, "write"),
      null,
      ahead && read(ahead.clocks),
    ],
  };
}

const LOAD_INPUTS = "fn load_left(row: u32, step: u32) -> vec4f { return load_inputs(row, step); }";
const LOAD_DELTAS = "fn load_left(row: u32, step: u32) -> vec4f { return load_deltas(row, step); }";

/** tiled_matmul.wgsl with the operands of forward. */
export const TILED_FORWARD = [LOAD_INPUTS, tiledWeights, tiledMatmul].join("\n");

/** The constants of finish_forward.wgsl. */
export function finishing(layer: DenseSpec, isLast: boolean) {
  // The logits feed no layer: no column of theirs is the constant 1.
  return { UNITS: layer.units, ONES_COLUMN: isLast ? pitch(layer.units) : layer.units };
}

/** outputs = activation(inputs · weights), tiles in workgroup memory. */
export function tiledForwardSource(
  layer: DenseSpec,
  isLast: boolean,
  sizes: TiledSizes,
  tiles: Tiles,
  { outputs, ...operands }: ForwardOperands & { outputs: Matrix },
): KernelSource {
  const { inVectors, outVectors, wgsl, constants, bindings } = forwardWgsl(layer, operands);
  const shape = tiledShape(sizes, outVectors, tiles.forwardVectors, tiles);
  return {
    label: `forward ${layer.name}`,
    template: [
      activationWgsl(layer.activation),
      ...[wgsl, TILED_FORWARD],
      storeWgsl({ name: "outputs", binding: 2, matrix: outputs, vectors: outVectors }),
      finishForward,
    ].join("\n"),
    constants: {
      ...{ ...shape, ...constants, PARTS: 1, PART_STEPS: inVectors },
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

/** Floats that forward reads and writes, of each replica. */
export function forwardFloats(
  layer: DenseSpec,
  { rows }: { rows: number },
  { format }: ForwardOperands,
): number {
  return layer.inputs * layer.units +
    rows * (layer.inputs * (format === "u8" ? 0.25 : 1) + layer.units);
}

/** Gradient at the pre-activations of the layer below, tiles in workgroup memory. */
export function tiledActivationGradientSource(
  layer: DenseSpec,
  below: Activation,
  sizes: TiledSizes,
  tiles: Tiles,
  buffers: { deltas: Matrix; weights: Matrix; activations: Matrix; below: Matrix },
): KernelSource {
  const { deltas, weights, activations } = buffers;
  const inVectors = pitch(layer.inputs) / 4, outVectors = pitch(layer.units) / 4;
  const shape = tiledShape(sizes, inVectors, tiles.backwardVectors, tiles);
  return {
    label: `activation gradient ${layer.name}`,
    template: [
      activationWgsl(below),
      loadWgsl({ name: "deltas", binding: 0, matrix: deltas, vectors: outVectors }),
      loadWgsl({ name: "weights", binding: 1, matrix: weights, vectors: outVectors }),
      loadWgsl({ name: "activations", binding: 2, matrix: activations, vectors: inVectors }),
      storeWgsl({ name: "below", binding: 3, matrix: buffers.below, vectors: inVectors }),
      ...[LOAD_DELTAS, batchAlone, transposed, finishBackward, tiledMatmul],
    ].join("\n"),
    constants: {
      ...{ ...shape, STEPS: outVectors, PARTS: 1, PART_STEPS: outVectors },
      INPUTS: layer.inputs,
    },
    bindings: [
      matrixBinding(deltas, "read"),
      matrixBinding(weights, "read"),
      matrixBinding(activations, "read"),
      matrixBinding(buffers.below, "write"),
    ],
    grid: tiledGrid(shape, sizes),
    work: {
      ...matmulWork(
        layer,
        sizes,
        layer.inputs * layer.units + sizes.rows * (2 * layer.inputs + layer.units),
      ),
      ...tiledReads(shape, sizes, outVectors),
    },
  };
}

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
