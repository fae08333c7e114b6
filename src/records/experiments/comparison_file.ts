/**
 * compare.json, the file by which a folder is known to hold a comparison: its subfolders of these
 * names are the experiments of pruning methods.
 */

import * as v from "../../npm/valibot.ts";
import { FormatError } from "../../errors.ts";
import { encodeText, within } from "../record.ts";
import type { Storage } from "../../storage/storage.ts";

const FORMAT = "lottery-ticket comparison 1";
const SCHEMA = v.object({ format: v.literal(FORMAT), methods: v.array(v.string()) });

/** Where it is. */
export const comparisonPath = (folder: string): string => within(folder, "compare.json");

/** Folder of a method's experiment. */
export const methodFolder = (folder: string, method: string): string => within(folder, method);

/**
 * The methods of a comparison, in order; null for a folder that holds none.
 *
 * @throws FormatError if the file is damaged
 */
export async function readComparison(storage: Storage, folder: string): Promise<string[] | null> {
  const path = comparisonPath(folder);
  if (!await storage.exists(path)) return null;
  const text = new TextDecoder().decode(await storage.read(path));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const parsed = v.safeParse(SCHEMA, value);
  if (parsed.success) return parsed.output.methods;
  throw new FormatError(
    `${path} is not what compare writes: run the command that made the folder again`,
  );
}

/** Adds methods to those of a folder, new or not; a damaged file is replaced. */
export async function addToComparison(
  storage: Storage,
  folder: string,
  methods: readonly string[],
  order: readonly string[],
): Promise<void> {
  const before = await readComparison(storage, folder).catch((error) => {
    if (!(error instanceof FormatError)) throw error;
    return null;
  }) ?? [];
  const all = [...new Set([...before, ...methods])];
  all.sort((a, b) => placeIn(order, a) - placeIn(order, b));
  if (all.join() === before.join()) return;
  await storage.write(
    comparisonPath(folder),
    encodeText(JSON.stringify({ format: FORMAT, methods: all }, null, 1) + "\n"),
  );
}

/** Names that the table does not have come last. */
function placeIn(order: readonly string[], name: string): number {
  const place = order.indexOf(name);
  return place < 0 ? order.length : place;
}
