/** Finds the prunings of a trial whose scores were kept. */

import { scoresFolder } from "../records/experiments/control_paths.ts";
import type { Storage } from "../storage/storage.ts";
import type { RunConfig } from "./schema.ts";

/** A pruning: the ticket whose weights were scored, and the one with the masks made by it. */
export interface KeptPruning<Ticket> {
  scored: Ticket;
  pruned: Ticket;
}

/**
 * The prunings of which there are scores, by level.
 *
 * @param tickets finished ones of one trial
 */
export async function keptPrunings<Ticket extends { folder: string; config: RunConfig }>(
  storage: Storage,
  tickets: readonly Ticket[],
): Promise<KeptPruning<Ticket>[]> {
  const found: KeptPruning<Ticket>[] = [];
  for (const pruned of tickets.toSorted((a, b) => a.config.id.level - b.config.id.level)) {
    const { id: { level }, pruning } = pruned.config;
    if (level === 0 || !pruning || pruning.dynamic) continue;
    const from = pruning.at === "init" || pruning.oneShot ? 0 : level - 1;
    const scored = tickets.find(({ config }) =>
      config.id.level === from && config.pruning?.oneShot === pruning.oneShot
    );
    if (scored && await storage.exists(scoresFolder(scored.folder))) found.push({ scored, pruned });
  }
  return found;
}
