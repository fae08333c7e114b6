/** The settings that all methods of a comparison share; checks that those in its folder do. */

import { InputError } from "../errors.ts";
import { readRecord } from "../records/condition.ts";
import { methodFolder } from "../records/experiments/comparison_file.ts";
import * as paths from "../records/paths.ts";
import { findRunFolders } from "../records/tree.ts";
import { configDifferences } from "../runs/config.ts";
import { isRunRecord, parseConfig, type RunConfig } from "../runs/schema.ts";
import type { Storage } from "../storage/storage.ts";

/** Fields of a configuration that are alike in all methods; in others they differ by nature. */
const SHARED =
  /^(network|training|dataset|pruning\.percents|rewind|prunedWeights|(start\.)?(presets|masks))\b/;

/** Of the differences of two configurations or studies, those of fields that methods share. */
export function sharedDifferences(differences: readonly string[]): string[] {
  return differences.filter((line) => SHARED.test(line));
}

/**
 * Checks that the methods that a folder holds were trained as others are to be: of each, the first
 * finished full network that these others do not train themselves.
 *
 * @param methods those that the folder holds
 * @param now the configuration of one of the others' full networks
 * @param own the folders of all of the others' full networks
 * @throws InputError if one was trained otherwise; FormatError if its record is damaged
 */
export async function checkSharedTraining(
  storage: Storage,
  root: string,
  methods: readonly string[],
  now: RunConfig,
  own: readonly string[],
): Promise<void> {
  for (const method of methods) {
    const found = await fullNetwork(storage, methodFolder(root, method), own);
    const differences = found ? sharedDifferences(configDifferences(found.config, now)) : [];
    if (differences.length === 0) continue;
    throw new InputError(
      `${found!.folder} is not trained as these methods would be (${
        differences.slice(0, 3).join("; ")
      }): give another --experiment-path, or the same flags`,
    );
  }
}

/** The first finished run of level 0 that is none of `others`; null where there is none. */
async function fullNetwork(
  storage: Storage,
  experiment: string,
  others: readonly string[],
): Promise<{ folder: string; config: RunConfig } | null> {
  if (!await storage.exists(experiment)) return null;
  for (const folder of (await findRunFolders(storage, experiment)).runs) {
    if (!/\/0\/[^/]+$/.test(folder) || others.includes(folder)) continue;
    const record = await readRecord(storage, folder);
    if (record === null || !isRunRecord(record)) continue;
    const config = parseConfig(record, paths.record(folder));
    if (config.id.kind === "ticket") return { folder, config };
  }
  return null;
}
