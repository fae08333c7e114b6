/**
 * In how many parts dense kernels made a run's first sums, which decides last bits: a field of
 * records and checkpoints, `forwardParts`, which those of one part leave out.
 */

import * as v from "../npm/valibot.ts";
import { MOST_PARTS } from "../engine/kernels/program_spec.ts";
import { FormatError } from "../errors.ts";
import type { RunRecord } from "./record.ts";

/** The field where there are several. */
export const FORWARD_PARTS = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(2),
  v.maxValue(MOST_PARTS),
);

/** The field as it is written. */
export function partsField(forwardParts: number): { forwardParts?: number } {
  return forwardParts > 1 ? { forwardParts } : {};
}

/**
 * The parts of the run of a record.
 *
 * @param where the record's path, for the error
 * @throws FormatError if the record has a number that no run has
 */
export function partsIn({ forwardParts, kernels }: RunRecord, where: string): number {
  if (forwardParts === undefined) return 1;
  if (kernels !== "sparse" && v.is(FORWARD_PARTS, forwardParts)) return forwardParts;
  throw new FormatError(
    `${where}: forwardParts is ${JSON.stringify(forwardParts)}, where runs of dense kernels have ` +
      `2 to ${MOST_PARTS} or none; move the run's folder away and run the experiment again`,
  );
}
