/**
 * The scores that decided a level's masks, as files beside its runs: no part of a run, and like no
 * weights, for -Infinity says that a weight goes first.
 */

import { FormatError, InputError } from "../../errors.ts";
import { GREATEST_FLOAT } from "../../float32.ts";
import { decodeNpy, encodeNpy } from "../../formats/npy.ts";
import type { Tensor } from "../../formats/tensor.ts";
import type { Parameter } from "../../models/parameters.ts";
import { checkShape, type Network } from "../../models/network.ts";
import type { Storage } from "../../storage/storage.ts";
import * as paths from "../paths.ts";
import { readRunFile, within } from "../record.ts";

/**
 * Writes the scores of each layer to `folder/{layer}.npy`, `<f4`; scores in 64 bits are rounded, to
 * finite numbers. Arrays of other layers are removed.
 *
 * @param like arrays of the layers' shapes, such as their masks
 */
export async function saveScores(
  storage: Storage,
  folder: string,
  scores: Readonly<Record<string, Float32Array | Float64Array>>,
  like: Network,
): Promise<void> {
  const files = Object.entries(scores).map(([name, values]) => ({
    path: paths.layer(folder, name),
    bytes: encodeNpy({ shape: like[name].shape, data: Float32Array.from(values, rounded) }),
  }));
  for (const { path, bytes } of files) await storage.write(path, bytes);
  for (const { name } of await storage.list(folder)) {
    const path = within(folder, name);
    if (name.endsWith(".npy") && !files.some((file) => file.path === path)) {
      await storage.remove(path);
    }
  }
}

/** Too large for 32 bits: as large as they go, since infinite ones say something else. */
function rounded(score: number): number {
  if (score === -Infinity) return score;
  return Math.min(Math.max(score, -GREATEST_FLOAT), GREATEST_FLOAT);
}

/**
 * The kept scores of a level; null where none are kept.
 *
 * @param parameters those with scores may be some of them
 * @throws FormatError, StorageError naming the file that cannot be used
 */
export async function restoreScores(
  storage: Storage,
  folder: string,
  parameters: readonly Parameter[],
): Promise<Network | null> {
  const found: [string, Tensor][] = [];
  for (const { name, shape } of parameters) {
    const path = paths.layer(folder, name);
    if (!await storage.exists(path)) continue;
    const bytes = await readRunFile(storage, path);
    try {
      found.push([name, decodeScores(bytes, path, shape)]);
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof InputError)) throw error;
      throw new FormatError(
        `${error.message}: run the command that made the experiment again with --keep-scores`,
      );
    }
  }
  return found.length > 0 ? Object.fromEntries(found) : null;
}

function decodeScores(bytes: Uint8Array, path: string, shape: readonly number[]): Tensor {
  const array = decodeNpy(bytes, path), { data } = array;
  checkShape(array, shape, path);
  const isScore = (value: number) => value < Infinity;
  if (!(data instanceof Float32Array) || !data.every(isScore)) {
    throw new FormatError(`${path} holds no scores`);
  }
  return { shape: array.shape, data };
}
