/**
 * Checks whether the parts of a run's record fit together and fit the run's arrays: a record can be
 * sealed and wrong all the same.
 */

import { FormatError } from "../errors.ts";
import { NPY_HEADER_BYTES, npyShape } from "../formats/npy.ts";
import { formatShape, sameShape } from "../models/network.ts";
import * as paths from "../records/paths.ts";
import { type RunRecord, unreadable } from "../records/record.ts";
import type { RunResults } from "../records/trained_run.ts";
import type { Storage } from "../storage/storage.ts";
import { trainedPart } from "./config.ts";
import { RUN_AGAIN, type RunConfig } from "./schema.ts";
import { type Parameter, parametersOf, prunableOf } from "../models/parameters.ts";
import { layersFault } from "../models/layers.ts";

/**
 * Compares the parts of a record with each other.
 *
 * @param where the record's path, for the error
 * @throws FormatError naming the first part that contradicts another
 */
export function checkRecord(config: RunConfig, results: RunResults, where: string): void {
  const { network: { layers }, dataset } = config, { stop: last } = trainedPart(config);
  const fault = (what: string) => new FormatError(`${where}: ${what}; ${RUN_AGAIN}`);
  const features = dataset.shape.reduce((a, b) => a * b);
  const why = layersFault(layers, features, dataset.classes);
  if (why) throw fault(why);
  const parameters = prunableOf(parametersOf(layers)), names = parameters.map(({ name }) => name);
  const live = Object.keys(results.live);
  if (live.length < names.length || !live.every((name) => names.includes(name))) {
    throw fault(
      `results.live counts ${live.join(", ") || "none"} where the layers are ${names.join(", ")}`,
    );
  }
  for (const { name, rows, columns } of parameters) {
    if (results.live[name] <= rows * columns) continue;
    throw fault(`results.live.${name} is ${results.live[name]}, of ${rows * columns} weights`);
  }
  for (const [name, count] of Object.entries(config.dynamic?.live ?? {})) {
    if (results.live[name] === count) continue;
    throw fault(`results.live.${name} is ${results.live[name]}, and dynamic.live.${name} ${count}`);
  }
  const stop = results.earlyStopIteration ?? 0;
  if (stop > last) {
    throw fault(`results.earlyStopIteration is ${stop}, of ${last} iterations`);
  }
}

/**
 * Compares the shapes of a run's masks with its parameters, by the beginnings of their files.
 * Whether the files are there, and as they were written, is found by whoever reads them.
 *
 * @throws FormatError naming the file that belongs to no layer, or of another shape
 */
export async function checkMaskShapes(
  storage: Storage,
  folder: string,
  parameters: readonly Parameter[],
  { files }: RunRecord,
): Promise<void> {
  const prefix = `${paths.masks("")}/`, ending = ".npy";
  const shapes = new Map(prunableOf(parameters).map(({ name, shape }) => [name, shape]));
  for (const file of Object.keys(files)) {
    if (!file.startsWith(prefix) || !file.endsWith(ending)) continue;
    const name = file.slice(prefix.length, -ending.length);
    const path = paths.layer(paths.masks(folder), name), wanted = shapes.get(name);
    if (!wanted) {
      throw new FormatError(`${path} belongs to no layer of ${paths.record(folder)}; ${RUN_AGAIN}`);
    }
    const shape = await shapeIn(storage, path);
    if (shape === null || sameShape(shape, wanted)) continue;
    throw new FormatError(
      `${path} has the shape ${formatShape(shape)} where ${paths.record(folder)} has ` +
        `${formatShape(wanted)}; ${RUN_AGAIN}`,
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
