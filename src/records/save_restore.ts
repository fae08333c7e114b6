/**
 * Writes and reads networks and logs (the original's save_restore.py): a network is a folder with
 * one `.npy` per layer, a log has one line per iteration.
 */
import { FormatError, InputError, NotFoundError } from "../errors.ts";
import { decodeLog, encodeLog, type LogRow, type Phase } from "../formats/csv_log.ts";
import { decodeNpy, encodeNpy } from "../formats/npy.ts";
import { type Tensor, tensorFromNpy } from "../formats/tensor.ts";
import type { Storage } from "../storage/storage.ts";
import {
  checkFinite,
  type GivenNetwork,
  type Network,
  toNetwork,
  toTensor,
} from "../models/network.ts";
import * as paths from "./paths.ts";
import { within } from "./record.ts";

const EXTENSION = ".npy";
/** In a folder without arrays: that it is a network's, of no layers. */
const NO_LAYERS = ".no_layers";

/**
 * Writes each layer's array to `folder/{layer}.npy`, in the place of a network that is there: its
 * other arrays are removed. What else is in the folder stays.
 *
 * ```ts
 * import { MemoryStorage, paths, restoreNetwork, saveNetwork } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const storage = new MemoryStorage();
 * const weights = { layer0: { shape: [2, 1], data: Float32Array.of(0.5, -1) } };
 * await saveNetwork(storage, paths.final("results/run"), weights);
 * assertEquals(await restoreNetwork(storage, "results/run/final"), weights);
 * ```
 *
 * @throws InputError naming file, index and value if one is NaN or infinite; nothing is written
 *   then
 */
export async function saveNetwork(
  storage: Storage,
  folder: string,
  network: GivenNetwork,
): Promise<void> {
  const files = encodeNetwork(folder, network);
  const obsolete = (await arraysOf(storage, folder))
    .filter((name) => !Object.hasOwn(network, name));
  for (const [path, bytes] of files) await storage.write(path, bytes);
  // Not before: what is there is lost only when the new one is written.
  for (const name of obsolete) await storage.remove(within(folder, name + EXTENSION));
  const mark = within(folder, NO_LAYERS);
  if (files.length === 0) await storage.write(mark, new Uint8Array());
  else await storage.remove(mark);
}

/** Names of the layers whose arrays a folder holds. */
async function arraysOf(storage: Storage, folder: string): Promise<string[]> {
  const entries = await storage.list(folder);
  // Hidden files are left by file managers, such as macOS's ._layer0.npy.
  return entries
    .filter(({ name, isDirectory }) =>
      !isDirectory && name.endsWith(EXTENSION) && !name.startsWith(".")
    )
    .map(({ name }) => name.slice(0, -EXTENSION.length));
}

/** The files of a network: path and content of each. Throws as `saveNetwork`. */
export function encodeNetwork(
  folder: string,
  network: GivenNetwork,
): [path: string, Uint8Array][] {
  return Object.entries(toNetwork(network, toTensor, folder || "network")).map(([name, tensor]) => {
    const path = paths.layer(folder, name);
    checkFinite(tensor, path);
    return [path, encodeNpy(tensor)];
  });
}

/**
 * The arrays of a folder's `.npy` files by layer name, as 32-bit floats.
 *
 * @throws NotFoundError if there is no such folder or it holds none; FormatError naming the file
 *   that cannot be read as an array of finite numbers
 */
export async function restoreNetwork(storage: Storage, folder: string): Promise<Network> {
  const names = await arraysOf(storage, folder);
  if (names.length === 0) {
    if (await storage.exists(within(folder, NO_LAYERS))) return {};
    const why = await storage.exists(folder) ? "holds no .npy files" : "does not exist";
    throw new NotFoundError(
      `${folder} ${why}: give a folder such as a run's initial, final or masks`,
    );
  }
  const layers: [string, Tensor][] = [];
  for (const name of names) {
    const path = paths.layer(folder, name);
    layers.push([name, tensorFromNpy(decodeNpy(await storage.read(path), path), path)]);
  }
  return Object.fromEntries(layers);
}

/** The forms in which a network can be given; null is none. */
export type NetworkSource = GivenNetwork | string | null | readonly NetworkSource[];

/** Makes one network of several: `union` for masks. */
export type Combine = (...networks: Network[]) => Network;

/**
 * The network of a dictionary, of a folder, or of a list of these combined; null if none is given.
 * Of an empty list, what `combine` makes of nothing: `{}` of union.
 *
 * ```ts
 * import { MemoryStorage, saveNetwork, standardize, union } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const storage = new MemoryStorage();
 * const a = { layer0: { shape: [1, 2], data: Float32Array.of(1, 0) } };
 * const b = { layer0: { shape: [1, 2], data: Float32Array.of(0, 1) } };
 * await saveNetwork(storage, "masks", b);
 * assertEquals(await standardize(null, null, storage), null);
 * assertEquals(await standardize(a, null, storage), a);
 * assertEquals(await standardize("masks", null, storage), b);
 * const both = await standardize([a, "masks"], union, storage);
 * assertEquals(both?.layer0.data, Float32Array.of(1, 1));
 * ```
 *
 * @param combine what to make of a list of two or more; null if a list makes no sense
 * @throws InputError for a value of another kind, or if a list of two or more cannot be combined;
 *   as `restoreNetwork`
 */
export async function standardize(
  value: NetworkSource,
  combine: Combine | null,
  storage: Storage,
): Promise<Network | null> {
  if (typeof value === "string") return await restoreNetwork(storage, value);
  if (value === null) return null;
  if (!isList(value)) return toNetwork(value, toTensor, "network");
  const networks: Network[] = [];
  for (const item of value) {
    const network = await standardize(item, combine, storage);
    if (network !== null) networks.push(network);
  }
  if (combine !== null) return combine(...networks);
  if (networks.length < 2) return networks[0] ?? null;
  throw new InputError(`one network is needed but ${networks.length} are given: give one folder`);
}

// Array.isArray does not tell a read-only list from what else there is.
function isList(value: NetworkSource): value is readonly NetworkSource[] {
  return Array.isArray(value);
}

/**
 * Writes the log of a phase to `runFolder/{name}.log`; `readLog` reads it.
 *
 * ```ts
 * import { MemoryStorage, readLog, writeLog } from "lottery-tickets";
 * import { assertEquals } from "@std/assert";
 *
 * const storage = new MemoryStorage();
 * const rows = [
 *   { iteration: 0, loss: 2.3, accuracy: 0.1 },
 *   { iteration: 100, loss: 0.4, accuracy: 0.9 },
 * ];
 * await writeLog(storage, "run", "test", rows);
 * assertEquals(await readLog(storage, "run", "test"), rows);
 * assertEquals(await readLog(storage, "run", "test", 1), rows.slice(1));
 * ```
 */
export async function writeLog(
  storage: Storage,
  runFolder: string,
  name: Phase,
  rows: readonly LogRow[],
): Promise<void> {
  await storage.write(paths.log(runFolder, name), new TextEncoder().encode(encodeLog(name, rows)));
}

/**
 * The rows of a phase's log, or only the last `tail` of them; as in the original, 0 means all.
 * Reads what the original's `write_log` writes, nan and inf too.
 *
 * @throws NotFoundError if there is none; FormatError if it is damaged or another phase's
 */
export async function readLog(
  storage: Storage,
  runFolder: string,
  name: Phase,
  tail = 0,
): Promise<LogRow[]> {
  const path = paths.log(runFolder, name);
  const text = new TextDecoder().decode(await storage.read(path));
  const { phase, rows } = decodeLog(text, path, "any");
  if (phase !== null && phase !== name) {
    throw new FormatError(
      `${path} is a log of ${phase}, renamed or copied from another; put the right one back`,
    );
  }
  return tail > 0 ? rows.slice(-tail) : rows;
}
