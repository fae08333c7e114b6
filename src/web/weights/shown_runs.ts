/** Which runs of a trial the drawing of the network shows. */

import type { RunId } from "../../records/run_id.ts";

/** Tickets, and the reinitialized control that the lottery itself trains. */
export function isShown({ kind, run }: Pick<RunId, "kind" | "run">): boolean {
  return kind === "ticket" || kind === "reinit" && run <= 1;
}
