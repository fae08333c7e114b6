/**
 * A run as files (DESIGN section 6). Takes a trained run and its record, writes its folder with
 * run.json last, so that a run exists exactly if its run.json does; and reads back what the next level
 * and the summary need of a finished run.
 */

import type { CurvePoint, Curves, LayerSpec } from "../engine/mod.ts";
import { FormatError } from "../errors.ts";
import { encodeEvents } from "../formats/tfevents.ts";
import type { Storage } from "../storage/storage.ts";
import type { Masks } from "./masks.ts";
import { checkShape, type Network } from "./network.ts";
import * as paths from "./paths.ts";
import { restoreNetwork, saveNetwork, writeLog } from "./save_restore.ts";
import { earlyStop, type TrainedRun } from "./trained_run.ts";

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
  /** Masks that it was trained with. */
  masks: Masks;
  /** Loss and accuracy by iteration. */
  curves: Curves;
}

/** What `saveRun` writes beside run.json and single files that are replaced whole. */
const RUN_CONTENTS = [
  paths.initial,
  paths.initialBiases,
  paths.masks,
  paths.final,
  paths.finalBiases,
  paths.summaries,
];

/**
 * Writes a run's folder; what an interrupted attempt left there is removed first. No file
 * holds the time, not even the event file's name, so repeating a run gives the same bytes.
 */
export async function saveRun(
  storage: Storage,
  folder: string,
  run: TrainedRun,
  record: Record<string, unknown>,
): Promise<void> {
  // Removed first, so that a crash midway never leaves a record beside files of two attempts.
  await storage.remove(paths.record(folder));
  for (const leftover of RUN_CONTENTS) await storage.remove(leftover(folder));
  await saveNetwork(storage, paths.initial(folder), run.initial);
  await saveNetwork(storage, paths.initialBiases(folder), run.initialBiases);
  await saveNetwork(storage, paths.masks(folder), run.masks);
  await saveNetwork(storage, paths.final(folder), run.final);
  await saveNetwork(storage, paths.finalBiases(folder), run.finalBiases);
  for (const phase of ["train", "validate", "test"] as const) {
    await writeLog(storage, folder, phase, run.curves[phase]);
  }
  const { train, validate, test } = run.curves;
  const metrics: Metrics = {
    earlyStopIteration: earlyStop(run.curves)?.iteration ?? null,
    train,
    validate,
    test,
  };
  await writeJson(storage, paths.metrics(folder), metrics, 0);
  await storage.write(paths.events(folder), eventsOf(run.curves));
  await writeJson(storage, paths.record(folder), record, 2);
}

/** The curves for TensorBoard: train_loss, train_accuracy and so on, by iteration; no wall time. */
function eventsOf(curves: Curves): Uint8Array {
  const scalars = (["train", "validate", "test"] as const).flatMap((phase) =>
    curves[phase].flatMap(({ iteration: step, loss, accuracy }) => [
      { tag: `${phase}_loss`, step, value: loss },
      { tag: `${phase}_accuracy`, step, value: accuracy },
    ])
  );
  return encodeEvents(scalars, 0);
}

/** The record of a finished run; null if there is no finished run. */
export async function readRecord(
  storage: Storage,
  folder: string,
): Promise<Record<string, unknown> | null> {
  const path = paths.record(folder);
  if (!await storage.exists(path)) return null;
  const record = await readJson(storage, path);
  if (typeof record === "object" && record !== null && !Array.isArray(record)) {
    return record as Record<string, unknown>;
  }
  throw new FormatError(`${path} is not a run's record; move the folder away and run again`);
}

/**
 * Reads a finished run.
 *
 * @param layers what it should hold: a run with some of its arrays gone must not pass for another one
 * @throws StorageError, FormatError, InputError naming what is missing or damaged
 */
export async function restoreRun(
  storage: Storage,
  folder: string,
  layers: readonly LayerSpec[],
): Promise<SavedRun> {
  const restore = async (path: string, shapeOf: (layer: LayerSpec) => number[] | null) => {
    const wanted = layers.filter((layer) => shapeOf(layer) !== null);
    const network = wanted.length > 0 ? await restoreNetwork(storage, path) : {};
    const stray = Object.keys(network).find((name) => !wanted.some((layer) => layer.name === name));
    if (stray !== undefined) {
      throw new FormatError(
        `${paths.layer(path, stray)} is of no layer of this run; move ${folder} away and run again`,
      );
    }
    for (const layer of wanted) {
      const tensor = network[layer.name];
      if (!tensor) {
        throw new FormatError(
          `${path} lacks ${layer.name}.npy; move the folder away, run again`,
        );
      }
      checkShape(tensor, shapeOf(layer)!, paths.layer(path, layer.name));
    }
    return network;
  };
  const weights = ({ inputs, units }: LayerSpec) => [inputs, units];
  const biases = ({ units, useBias }: LayerSpec) => useBias ? [units] : null;
  const curves = await restoreCurves(storage, folder);
  return {
    initial: await restore(paths.initial(folder), weights),
    initialBiases: await restore(paths.initialBiases(folder), biases),
    final: await restore(paths.final(folder), weights),
    masks: await restore(paths.masks(folder), weights),
    curves,
  };
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
  return { train, validate, test };
}

async function writeJson(
  storage: Storage,
  path: string,
  value: unknown,
  indent: number,
): Promise<void> {
  await storage.write(path, new TextEncoder().encode(JSON.stringify(value, null, indent) + "\n"));
}

async function readJson(storage: Storage, path: string): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(await storage.read(path)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FormatError(
      `${path} is not JSON (${error.message}); move the folder away, run again`,
    );
  }
}
