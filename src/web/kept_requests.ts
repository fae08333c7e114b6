/**
 * Remembers which experiments were started in this browser, so that they can be continued after the
 * tab was closed. Keeps one small file per experiment and task, in a folder of its own: experiments
 * have the same tree as on disk.
 */

import * as v from "../npm/valibot.ts";
import { isOfFile } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";

/** The folder of these files. */
export const REQUESTS_FOLDER = ".request";

const RECORD = v.object({
  path: v.string(),
  task: v.picklist(["run-lottery", "reinitialize", "random-sparsity"]),
  args: v.array(v.string()),
  since: v.string(),
  state: v.picklist(["unfinished", "stopped", "finished"]),
  runsTotal: v.number(),
  /** Where its runs are kept; records of earlier pages lack it. */
  folders: v.optional(v.array(v.string()), []),
  settings: v.array(v.tuple([v.string(), v.string()])),
});

/** A task as it was asked for, and what became of it. */
export type KeptRequest = v.InferOutput<typeof RECORD>;

const fileOf = ({ path, task }: Pick<KeptRequest, "path" | "task">): string =>
  `${REQUESTS_FOLDER}/${encodeURIComponent(path)} ${task}.json`;

/** Keeps what was asked for, in the place of what was asked for before of the same task there. */
export async function keepRequest(storage: Storage, record: KeptRequest): Promise<void> {
  await storage.write(fileOf(record), new TextEncoder().encode(JSON.stringify(record)));
}

/** All that is kept; files that cannot be read are left out. */
export async function listRequests(storage: Storage): Promise<KeptRequest[]> {
  const records: KeptRequest[] = [];
  for (const { name } of await storage.list(REQUESTS_FOLDER)) {
    const bytes = await storage.read(`${REQUESTS_FOLDER}/${name}`).catch((error) => {
      if (!isOfFile(error)) throw error;
      return new Uint8Array();
    });
    const text = new TextDecoder().decode(bytes);
    const result = v.safeParse(v.pipe(v.string(), v.parseJson(), RECORD), text);
    if (result.success) records.push(result.output);
  }
  return records;
}

/** Forgets what was asked for of an experiment. */
export async function forgetRequests(storage: Storage, path: string): Promise<void> {
  for (const record of await listRequests(storage)) {
    if (record.path === path) await storage.remove(fileOf(record));
  }
}
