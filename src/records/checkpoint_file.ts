/**
 * Encodes and decodes the state of a run in training: weights, biases, the optimizer's matrices and
 * the curves so far, from which training continues to the same bits.
 *
 * The file is a line of JSON, then the arrays it lists: little-endian 32-bit floats of each layer,
 * then 64-bit floats of each curve, and of a run whose masks change these so far, a bit per weight.
 * The line holds the SHA-256 of the arrays and, as its last
 * field, its own.
 */

import * as v from "../npm/valibot.ts";
import type { LayerValues, TrainingState } from "../engine/mod.ts";
import { sha256Hex } from "../formats/digests/sha256.ts";
import { FORWARD_PARTS } from "./forward_parts.ts";
import { isShallow } from "./json_depth.ts";
import { maskBytes, type MaskStep } from "../models/mask_history.ts";
import { type Parameter, prunableOf } from "../models/parameters.ts";

/** The header of a checkpoint. */
export type CheckpointHeader = v.InferOutput<typeof HEADER>;

/** A checkpoint whose digests are right; its arrays are read for a given shape. */
export interface Checkpoint {
  header: CheckpointHeader;
  payload: Uint8Array;
}

/** Version of the file's form. */
export const CHECKPOINT_FORMAT = "lottery-ticket checkpoint 2";

const COUNT = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const HEADER = v.looseObject({
  format: v.literal(CHECKPOINT_FORMAT),
  /** Configuration of the run; JSON. */
  config: v.unknown(),
  /** Digest of the masks and weights from which the run started. */
  start: v.string(),
  /** How the kernels store the network, from the first iteration to the last. */
  kernels: v.picklist(["dense", "sparse"]),
  /** Parts in which they make the first layer's sums; absent: 1. */
  forwardParts: v.optional(FORWARD_PARTS),
  /** The adapters that have trained it, each from an iteration on. */
  adapters: v.array(v.object({
    iteration: COUNT,
    adapter: v.object({
      name: v.string(),
      vendor: v.string(),
      architecture: v.string(),
      isSoftware: v.boolean(),
    }),
  })),
  /** Updates made. */
  iteration: COUNT,
  /** Points of each curve. */
  points: v.object({ train: COUNT, validate: COUNT, test: COUNT }),
  /** Of a run whose masks change: since when each of them was in force, the first ones first. */
  masks: v.optional(v.pipe(v.array(COUNT), v.minLength(1))),
  /** Digest of the arrays. */
  payload: v.string(),
});

const PHASES = ["train", "validate", "test"] as const;
type Phase = typeof PHASES[number];
const NEWLINE = 10;
/** No header is longer. */
const MAX_HEADER_BYTES = 1 << 20;

/** The bytes of a checkpoint. */
export async function encodeCheckpoint(
  header: Pick<CheckpointHeader, "config" | "start" | "kernels" | "forwardParts" | "adapters">,
  state: TrainingState,
  history?: readonly MaskStep[],
): Promise<Uint8Array> {
  const arrays: (Float32Array | Float64Array | Uint8Array)[] = state.layers.flatMap((
    { optimizer, ...values },
  ) => [values, ...optimizer].flatMap(({ weights, biases }) => [weights, biases]));
  for (const phase of PHASES) arrays.push(state.curves[phase]);
  for (const { bits } of history ?? []) arrays.push(...bits);
  const payload = joined(arrays);
  const points = (phase: Phase) => state.curves[phase].length / 3;
  const line = await sealedLine({
    format: CHECKPOINT_FORMAT,
    ...header,
    iteration: state.iteration,
    points: { train: points("train"), validate: points("validate"), test: points("test") },
    ...(history && { masks: history.map(({ iteration }) => iteration) }),
    payload: await sha256Hex(payload),
  });
  return joined([line, payload]);
}

/** The checkpoint in these bytes, or what is wrong with them: "is cut short". */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint | string> {
  const end = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(NEWLINE) + 1;
  const line = bytes.subarray(0, end), payload = bytes.subarray(end);
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch {
    return "is not a checkpoint, or is cut short";
  }
  const { sha256: _, ...rest } = header ?? {};
  if (!isShallow(rest) || !v.is(HEADER, rest)) return "is not a checkpoint of this version";
  if (rest.kernels === "sparse" && rest.forwardParts !== undefined) {
    return "has sums in parts, which kernels on lists of live weights do not make";
  }
  const again = await sealedLine(rest);
  const isSame = again.length === line.length && again.every((byte, i) => byte === line[i]);
  if (!isSame || await sha256Hex(payload) !== rest.payload) {
    return "has changed since it was written";
  }
  return { header: rest, payload };
}

/**
 * The state in a checkpoint of a network of these parameters, with `optimizerMatrices` matrices per
 * layer; null if it holds something else.
 */
export function stateOf(
  { header, payload }: Checkpoint,
  parameters: readonly Parameter[],
  optimizerMatrices: number,
): TrainingState | null {
  const { iteration, points, masks = [] } = header;
  // Every layer has biases here, trained or not.
  const weights = prunableOf(parameters);
  const floats = weights.reduce((sum, { rows, columns }) => sum + (rows + 1) * columns, 0);
  const rows = PHASES.reduce((sum, phase) => sum + points[phase], 0);
  const bytes = 4 * floats * (1 + optimizerMatrices) + 24 * rows;
  if (payload.length !== bytes + masks.length * bytesOfMasks(parameters)) return null;
  let offset = 0;
  const take = (size: number) => payload.slice(offset, offset += size).buffer;
  const values = ({ rows, columns }: Parameter): LayerValues => ({
    weights: new Float32Array(take(4 * rows * columns)),
    biases: new Float32Array(take(4 * columns)),
  });
  const states = weights.map((parameter) => ({
    ...values(parameter),
    optimizer: Array.from({ length: optimizerMatrices }, () => values(parameter)),
  }));
  const curve = (phase: Phase) => new Float64Array(take(24 * points[phase]));
  const curves = { train: curve("train"), validate: curve("validate"), test: curve("test") };
  return { iteration, layers: states, curves };
}

/**
 * The masks so far in a checkpoint of which `stateOf` gives a state; null if they never change.
 */
export function historyOf(
  { header: { masks }, payload }: Checkpoint,
  parameters: readonly Parameter[],
): MaskStep[] | null {
  if (!masks) return null;
  let offset = payload.length - masks.length * bytesOfMasks(parameters);
  return masks.map((iteration) => ({
    iteration,
    bits: prunableOf(parameters).map(({ rows, columns }) =>
      payload.slice(offset, offset += maskBytes(rows * columns))
    ),
  }));
}

/** Bytes of the masks of a network. */
function bytesOfMasks(parameters: readonly Parameter[]): number {
  return prunableOf(parameters)
    .reduce((sum, { rows, columns }) => sum + maskBytes(rows * columns), 0);
}

async function sealedLine(header: Record<string, unknown>): Promise<Uint8Array> {
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  return joined([
    encode({ ...header, sha256: await sha256Hex(encode(header)) }),
    Uint8Array.of(10),
  ]);
}

function joined(arrays: readonly (Uint8Array | Float32Array | Float64Array)[]): Uint8Array {
  const whole = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    whole.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += byteLength;
  }
  return whole;
}
