/**
 * Reads the networks that users name on the command line: a folder of `.npy` files, a run's folder,
 * or a file that `export` wrote.
 */

import type { Storage } from "../storage/storage.ts";
import { exportFormatOf, readExported, readExportedRecord } from "./exported_run.ts";
import { checkBinary, type Network } from "../models/network.ts";
import * as paths from "./paths.ts";
import type { RunRecord } from "./record.ts";
import { restoreNetwork } from "./save_restore.ts";
import type { Parameter } from "../models/parameters.ts";
import { checkIntact, readRecord } from "./condition.ts";

/** Which network of a run is meant. */
export type NetworkPart = "initial" | "final" | "masks";

/**
 * The network that a path stands for. A run's empty folder of masks is that of a network that is
 * not pruned, as the original saves it at level 0: no layer has a mask.
 *
 * @param part   of a run or an exported file, where the path is one of these
 * @param parameters that the network is for, as for `readExported`
 * @throws NotFoundError if there is none; FormatError, InputError naming the file that cannot be
 *   used, also because it is not as the run's record says it was written
 */
export async function readNetwork(
  storage: Storage,
  source: string,
  part: NetworkPart,
  parameters?: readonly Parameter[],
): Promise<Network> {
  const format = exportFormatOf(source);
  if (format !== null && (await storage.exists(source))) {
    const network = await readExported(storage, source, format, part, parameters);
    return checkMasks(network, part, (layer) => `${source}: mask of ${layer}`);
  }
  const folder = await partFolder(storage, source, part);
  const run = above(folder), name = folder.replace(/\/+$/, "").slice(run.length).replace(/^\//, "");
  if (run !== "") await checkIntact(storage, run, name);
  if (part === "masks" && await isEmptyOfRun(storage, folder)) return {};
  const network = await restoreNetwork(storage, folder);
  return checkMasks(network, part, (layer) => paths.layer(folder, layer));
}

/** The folder of arrays that a folder stands for: itself, or that part of a run. */
async function partFolder(storage: Storage, source: string, part: NetworkPart): Promise<string> {
  const entries = await storage.list(source);
  const isRun = entries.some(({ name, isDirectory }) => isDirectory && name === part);
  const hasArrays = entries.some(({ name }) => name.endsWith(".npy"));
  return isRun && !hasArrays ? paths[part](source) : source;
}

/**
 * The record of the run whose network `readNetwork` reads; null where the path is of no run that
 * has one.
 *
 * @throws FormatError if an exported file is damaged
 */
export async function readSourceRecord(
  storage: Storage,
  source: string,
  part: NetworkPart,
): Promise<RunRecord | null> {
  const format = exportFormatOf(source);
  if (format !== null && await storage.exists(source)) {
    return await readExportedRecord(storage, source, format);
  }
  const run = above(await partFolder(storage, source, part));
  return await readRecord(storage, run === "" ? "." : run);
}

/** Whether a folder is empty, and beside a run's initial weights: any other is a mistake. */
async function isEmptyOfRun(storage: Storage, folder: string): Promise<boolean> {
  return (await storage.list(folder)).length === 0 && await storage.exists(folder) &&
    await storage.exists(paths.initial(above(folder)));
}

/** The folder that a folder is in; "" where its path does not say. */
function above(folder: string): string {
  return folder.replace(/\/*$/, "").replace(/\/?[^/]*$/, "");
}

function checkMasks(
  network: Network,
  part: NetworkPart,
  nameOf: (layer: string) => string,
): Network {
  if (part === "masks") {
    for (const [layer, mask] of Object.entries(network)) checkBinary(mask, nameOf(layer));
  }
  return network;
}
