/** The holder of a lock in words, also where the file that names it says nothing of the kind. */

import { LockedError } from "../errors.ts";
import type { LockHolder } from "./storage.ts";

/** Longest text of a lock file that is shown. */
const MAX_LENGTH = 200;

/**
 * The error of a lock that is taken.
 *
 * @param path the lock file
 * @param text what it holds: a `LockHolder` as JSON, if its writer came so far
 */
export function lockedError(path: string, text: string): LockedError {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf("/"))) || ".";
  let holder: Partial<Record<keyof LockHolder, unknown>> = {};
  try {
    holder = JSON.parse(text) ?? {};
  } catch {
    // Not written yet, or by something else.
  }
  const plain = (value: unknown) =>
    // deno-lint-ignore no-control-regex -- what a file says must not move the cursor
    String(value).replace(/[\x00-\x1f\x7f-\x9f]+/g, " ").slice(0, MAX_LENGTH);
  const { pid, host, since, command } = holder;
  const who = Number.isSafeInteger(pid) ? `process ${pid}` : "another process";
  const where = typeof host === "string" ? ` on ${plain(host)}` : "";
  const when = typeof since === "string" ? ` since ${plain(since)}` : "";
  const what = typeof command === "string" ? ` (${plain(command)})` : "";
  return new LockedError(
    `${folder} is in use by ${who}${where}${when}${what}; wait for it to end, or stop it, then run ` +
      "the same command again",
  );
}
