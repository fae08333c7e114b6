/**
 * Writes and reads a run as files. run.json is written last, so a run exists exactly if its
 * run.json does.
 */

import type { CurvePoint, Curves } from "../engine/mod.ts";
import { FormatError } from "../errors.ts";
import { encodeLog } from "../formats/csv_log.ts";
import { encodeEvents } from "../formats/tfevents.ts";
import type { Storage } from "../storage/storage.ts";
import { encodeNpy } from "../formats/npy.ts";
import { fromBits } from "../models/mask_history.ts";
import type { Masks } from "../models/masks.ts";
import { checkShape, type Network } from "../models/network.ts";
import * as paths from "./paths.ts";
import { encodeRecord, encodeText, readRunFile, within } from "./record.ts";
import { encodeNetwork, restoreNetwork } from "./save_restore.ts";
import { earlyStop, type TrainedRun } from "./trained_run.ts";
import { type Parameter, prunableOf } from "../models/parameters.ts";

const PHASES = ["train", "validate", "test"] as const;

/** metrics.json: the curves of a run and what follows from them. */
export interface Metrics {
  /** Iteration of the smallest validation loss; null without a validation split. */
  earlyStopIteration: number | null;
  train: CurvePoint[];
  validate: CurvePoint[];
  test: CurvePoint[];
}

/** A run's folder read back. */
export interface SavedRun {
  /** Weights before training. */
  initial: Network;
  /** Biases before training. */
  initialBiases: Network;
  /** Weights after training. */
  final: Network;
  /** Biases after training. */
  finalBiases: Network;
  /** Masks that it was trained with; where they changed, the last ones. */
  masks: Masks;
  /** Loss and accuracy by iteration. */
  curves: Curves;
}

/** The files and folders that `saveRun` writes before the record. */
export const CONTENTS: readonly ((run: string) => string)[] = [
  paths.initial,
  paths.initialBiases,
  paths.masks,
  paths.maskHistory,
  paths.final,
  paths.finalBiases,
  ...PHASES.map((phase) => (run: string) => paths.log(run, phase)),
  paths.metrics,
  paths.summaries,
];

/** Every file of a run but the record, by its path in the run's folder. */
export function encodeRun(run: TrainedRun): Map<string, Uint8Array> {
  const { train, validate, test } = run.curves;
  const metrics: Metrics = {
    earlyStopIteration: earlyStop(run.curves)?.iteration ?? null,
    train,
    validate,
    test,
  };
  return new Map([
    ...encodeNetwork(paths.initial(""), run.initial),
    ...encodeNetwork(paths.initialBiases(""), run.initialBiases),
    ...encodeNetwork(paths.masks(""), run.masks),
    ...encodeHistory(run),
    ...encodeNetwork(paths.final(""), run.final),
    ...encodeNetwork(paths.finalBiases(""), run.finalBiases),
    ...PHASES.map((phase): [string, Uint8Array] => [
      paths.log("", phase),
      encodeText(encodeLog(phase, run.curves[phase])),
    ]),
    [paths.metrics(""), encodeText(JSON.stringify(metrics) + "\n")],
    [paths.events(""), eventsOf(run.curves)],
  ]);
}

/** The masks of a run over time: bytes of 0 and 1, a quarter of what floats take. */
function encodeHistory({ masks, history = [] }: TrainedRun): [path: string, Uint8Array][] {
  return history.flatMap(({ iteration, bits }) =>
    Object.entries(masks).map(([name, { shape, data }], l): [string, Uint8Array] => [
      paths.layer(paths.maskStep("", iteration), name),
      encodeNpy({ shape, data: fromBits(bits[l], data.length) }),
    ])
  );
}

/**
 * Writes a run's folder; what an interrupted attempt left there is removed first. The record is
 * written last, with the SHA-256 of every other file and of itself. No file holds the time, not
 * even the event file's name, so repeating a run writes the same bytes.
 */
export async function saveRun(
  storage: Storage,
  folder: string,
  run: TrainedRun,
  record: Record<string, unknown>,
): Promise<void> {
  const files = encodeRun(run);
  // Without it, files without a record would look like a run whose record was lost.
  await storage.write(paths.unfinished(folder), new Uint8Array());
  // Removed first, so that a crash midway never leaves a record beside files of two attempts.
  await storage.remove(paths.record(folder));
  for (const leftover of CONTENTS) await storage.remove(leftover(folder));
  for (const [file, bytes] of files) await storage.write(within(folder, file), bytes);
  await storage.write(paths.record(folder), await encodeRecord(record, files));
  await removeUnfinished(storage, folder);
}

/** Removes what only an unfinished run has. */
export async function removeUnfinished(storage: Storage, folder: string): Promise<void> {
  await storage.remove(paths.checkpoint(folder));
  await storage.remove(paths.unfinished(folder));
}

/** The curves for TensorBoard: train_loss, train_accuracy and so on, by iteration; no wall time. */
function eventsOf(curves: Curves): Uint8Array {
  const scalars = PHASES.flatMap((phase) =>
    curves[phase].flatMap(({ iteration: step, loss, accuracy }) => [
      { tag: `${phase}_loss`, step, value: loss },
      { tag: `${phase}_accuracy`, step, value: accuracy },
    ])
  );
  return encodeEvents(scalars, 0);
}

/**
 * Reads one of a finished run's folders of arrays, such as `paths.masks`.
 *
 * @param parameters that it should hold: a run with some of its arrays gone must not pass for
 *   another one
 * @throws StorageError, FormatError, InputError naming what is missing or damaged
 */
export async function restorePart(
  storage: Storage,
  folder: string,
  part: (run: string) => string,
  parameters: readonly Parameter[],
): Promise<Network> {
  const path = part(folder);
  const network = parameters.length > 0 ? await restoreNetwork(storage, path) : {};
  const stray = Object.keys(network).find((name) => !parameters.some((p) => p.name === name));
  if (stray !== undefined) {
    throw new FormatError(
      `${
        paths.layer(path, stray)
      } belongs to no layer of this run; move ${folder} away and run again`,
    );
  }
  for (const { name, shape } of parameters) {
    const tensor = network[name];
    if (!tensor) {
      throw new FormatError(`${path} lacks ${name}.npy; move the folder away, run again`);
    }
    checkShape(tensor, shape, paths.layer(path, name));
  }
  return network;
}

/**
 * Reads a finished run. Throws as `restorePart`.
 *
 * @param parameters of its network, as `parametersOf` lists them
 */
export async function restoreRun(
  storage: Storage,
  folder: string,
  parameters: readonly Parameter[],
): Promise<SavedRun> {
  const weights = prunableOf(parameters);
  const biases = parameters.filter(({ isPrunable }) => !isPrunable);
  const curves = await restoreCurves(storage, folder);
  return {
    initial: await restorePart(storage, folder, paths.initial, weights),
    initialBiases: await restorePart(storage, folder, paths.initialBiases, biases),
    final: await restorePart(storage, folder, paths.final, weights),
    finalBiases: await restorePart(storage, folder, paths.finalBiases, biases),
    masks: await restorePart(storage, folder, paths.masks, weights),
    curves,
  };
}

/**
 * The masks that a finished run began with. Throws as `restorePart`.
 *
 * @param parameters of its network
 */
export async function restoreStartMasks(
  storage: Storage,
  folder: string,
  parameters: readonly Parameter[],
): Promise<Masks> {
  const [first] = await maskIterations(storage, folder);
  const part = (run: string) => first === undefined ? paths.masks(run) : paths.maskStep(run, first);
  return await restorePart(storage, folder, part, prunableOf(parameters));
}

/** The iterations at which masks of a finished run came into force; none if they never changed. */
export async function maskIterations(storage: Storage, folder: string): Promise<number[]> {
  const entries = await storage.list(paths.maskHistory(folder));
  return entries.filter(({ name }) => /^(0|[1-9]\d*)$/.test(name)).map(({ name }) => Number(name))
    .sort((a, b) => a - b);
}

/**
 * The curves of a finished run.
 *
 * @throws NotFoundError, FormatError naming the file
 */
export async function restoreCurves(storage: Storage, folder: string): Promise<Curves> {
  const path = paths.metrics(folder);
  const { train, validate, test } = (await readJson(storage, path) ?? {}) as Partial<Metrics>;
  if (!Array.isArray(train) || !Array.isArray(validate) || !Array.isArray(test)) {
    throw new FormatError(`${path} lacks a curve; move the folder away, run again`);
  }
  for (const [i, point] of [train, validate, test].flat().entries()) {
    if (isPoint(point)) continue;
    throw new FormatError(`${path}: point ${i} is not valid; move the folder away, run again`);
  }
  return { train, validate, test };
}

function isPoint(value: Partial<CurvePoint> | null): boolean {
  const { iteration, loss, accuracy } = value ?? {};
  // JSON has 1e999 for infinity.
  return [iteration, loss, accuracy].every(Number.isFinite);
}

async function readJson(storage: Storage, path: string): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(await readRunFile(storage, path)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FormatError(
      `${path} is not JSON (${error.message}); move the folder away, run again`,
    );
  }
}
