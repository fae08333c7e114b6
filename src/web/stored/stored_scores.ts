/** The scores of a stored experiment, where they were kept. */

import { scoreHistograms } from "../../analysis/score_histogram.ts";
import { scopeOf } from "../../foundations/pruning/pruning_spec.ts";
import { parametersOf, prunableOf } from "../../models/parameters.ts";
import { scoresFolder } from "../../records/experiments/control_paths.ts";
import { restoreScores } from "../../records/experiments/kept_scores.ts";
import * as paths from "../../records/paths.ts";
import { restorePart } from "../../records/saved_run.ts";
import { keptPrunings } from "../../runs/kept_prunings.ts";
import type { RunConfig } from "../../runs/schema.ts";
import type { Storage } from "../../storage/storage.ts";
import type { PruningScores } from "../messages.ts";

/** A finished ticket. */
export interface StoredTicket {
  folder: string;
  config: RunConfig;
}

/**
 * The last pruning of a trial whose scores were kept; null where none were.
 *
 * @throws StorageError, FormatError, InputError naming the file that cannot be used
 */
export async function lastScores(
  storage: Storage,
  tickets: readonly StoredTicket[],
): Promise<PruningScores | null> {
  const last = (await keptPrunings(storage, tickets)).at(-1);
  if (!last) return null;
  const { scored, pruned } = last, { id, network, pruning } = scored.config;
  const parameters = prunableOf(parametersOf(network.layers));
  const kept = await restoreScores(storage, scoresFolder(scored.folder), parameters);
  if (!kept) return null;
  const [before, after] = await Promise.all(
    [scored, pruned].map(({ folder }) => restorePart(storage, folder, paths.masks, parameters)),
  );
  const scores = Object.fromEntries(Object.entries(kept).map(([name, { data }]) => [name, data]));
  return {
    ...{ trial: id.trial, level: id.level, next: pruned.config.id.level },
    histograms: scoreHistograms({ scores, before, after, scope: scopeOf(pruning!) }),
  };
}
