/**
 * Checks whether the parts of a run's record fit together and fit the run's arrays: a record can be
 * sealed and wrong all the same.
 */

import type { LayerSpec } from "../engine/mod.ts";
import { FormatError } from "../errors.ts";
import { NPY_HEADER_BYTES, npyShape } from "../formats/npy.ts";
import { formatShape } from "../models/network.ts";
import * as paths from "../records/paths.ts";
import { type RunRecord, unreadable } from "../records/run_record.ts";
import type { RunResults } from "../records/trained_run.ts";
import type { Storage } from "../storage/storage.ts";
import { RUN_AGAIN } from "./parse_config.ts";
import type { RunConfig } from "./run_config.ts";

/**
 * Compares the parts of a record with each other.
 *
 * @param where the record's path, for the error
 * @throws FormatError naming the first part that contradicts another
 */
export function checkRecord(config: RunConfig, results: RunResults, where: string): void {
  const { layers, dataset } = config;
  const fault = (what: string) => new FormatError(`${where}: ${what}; ${RUN_AGAIN}`);
  let inputs = dataset.features, from = "the features of its examples";
  for (const [l, layer] of layers.entries()) {
    if (layer.inputs !== inputs) {
      throw fault(`config.layers[${l}].inputs is ${layer.inputs}, not ${inputs} as ${from}`);
    }
    inputs = layer.units;
    from = `config.layers[${l}].units`;
  }
  if (inputs < dataset.classes) {
    throw fault(`${from} is ${inputs}, less than the ${dataset.classes} classes of its examples`);
  }
  const names = layers.map(({ name }) => name), known = new Set(names);
  const live = Object.keys(results.live);
  if (known.size < names.length || live.length < known.size || !live.every((n) => known.has(n))) {
    throw fault(
      `results.live counts ${live.join(", ") || "none"} where the layers are ${names.join(", ")}`,
    );
  }
  for (const { name, inputs, units } of layers) {
    if (results.live[name] <= inputs * units) continue;
    throw fault(`results.live.${name} is ${results.live[name]}, of ${inputs * units} weights`);
  }
  const stop = results.earlyStopIteration ?? 0;
  if (stop > config.iterations) {
    throw fault(`results.earlyStopIteration is ${stop}, of ${config.iterations} iterations`);
  }
}

/**
 * Compares the shapes of a run's masks with its layers, by the beginnings of their files. Whether the files are
 * there, and as they were written, is found by whoever reads them.
 *
 * @throws FormatError naming the file that is of no layer, or of another shape
 */
export async function checkMaskShapes(
  storage: Storage,
  folder: string,
  layers: readonly LayerSpec[],
  { files }: RunRecord,
): Promise<void> {
  const prefix = `${paths.masks("")}/`, ending = ".npy";
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  for (const file of Object.keys(files)) {
    if (!file.startsWith(prefix) || !file.endsWith(ending)) continue;
    const name = file.slice(prefix.length, -ending.length);
    const path = paths.layer(paths.masks(folder), name), layer = byName.get(name);
    if (!layer) {
      throw new FormatError(`${path} is of no layer of ${paths.record(folder)}; ${RUN_AGAIN}`);
    }
    const shape = await shapeIn(storage, path), { inputs, units } = layer;
    if (shape === null || String(shape) === String([inputs, units])) continue;
    throw new FormatError(
      `${path} has the shape ${formatShape(shape)} where ${paths.record(folder)} has ` +
        `${formatShape([inputs, units])}; ${RUN_AGAIN}`,
    );
  }
}

/** The shape in a `.npy` file's header; null where it cannot be read. */
async function shapeIn(storage: Storage, path: string): Promise<number[] | null> {
  try {
    return npyShape(await storage.read(path, { firstBytes: NPY_HEADER_BYTES }), path);
  } catch (error) {
    if (!(error instanceof FormatError)) unreadable(path, error);
    return null;
  }
}
