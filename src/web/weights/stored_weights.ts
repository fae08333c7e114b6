/** The weights of finished runs, from their files: as they began, and as training left them. */

import type { Masks } from "../../models/masks.ts";
import type { Network } from "../../models/network.ts";
import { parametersOf, prunableOf } from "../../models/parameters.ts";
import * as paths from "../../records/paths.ts";
import { restorePart } from "../../records/saved_run.ts";
import type { RunConfig } from "../../runs/schema.ts";
import type { Storage } from "../../storage/storage.ts";
import { dataOf } from "./live_weights.ts";
import { frameOf, type RunWeights, sampled, sampleNetwork, shareOf } from "./sample.ts";

/**
 * Reads what is drawn of a run; null where its network cannot be drawn.
 *
 * @param before folder of the ticket from which it was pruned, if that is there
 * @throws StorageError, FormatError, InputError naming the file that cannot be used
 */
export async function storedWeights(
  storage: Storage,
  folder: string,
  config: RunConfig,
  before: string | null,
): Promise<RunWeights | null> {
  const parameters = prunableOf(parametersOf(config.network.layers));
  const shapes = parameters.map(({ name, shape }) => [name, shape] as const);
  const sample = sampleNetwork(shapes, config.dataset.shape);
  if (sample === null) return null;
  const read = (folder: string, part: (run: string) => string) =>
    restorePart(storage, folder, part, parameters);
  const masks = await read(folder, paths.masks), live = dataOf(masks);
  const initial = dataOf(await read(folder, paths.initial));
  const final = dataOf(await read(folder, paths.final));
  const first = sample.layers[0].name;
  const threshold = before === null
    ? null
    : cutBelow(first, await read(before, paths.final), await read(before, paths.masks), masks);
  return {
    run: config.id,
    sample,
    ...shareOf(sample, masks),
    live: Uint8Array.from(sampled(sample, live)),
    frames: [
      frameOf(sample, 0, initial, live),
      frameOf(sample, Math.max(1, config.training.iterations), final, live),
    ],
    threshold,
  };
}

/**
 * The largest weight, either way, that a layer lost between two levels; null where it lost none.
 */
function cutBelow(name: string, weights: Network, before: Masks, after: Masks): number | null {
  const values = weights[name].data, was = before[name].data, is = after[name].data;
  let largest = -1;
  for (let i = 0; i < values.length; i++) {
    if (was[i] !== 0 && is[i] === 0) largest = Math.max(largest, Math.abs(values[i]));
  }
  return largest < 0 ? null : largest;
}
