/**
 * Who holds a lock, as the text of the lock file and as the refusal of those who find it taken.
 * What a lock file says is not trusted: it may be half written, damaged or made by something else.
 */

import { LockedError } from "../errors.ts";
import type { LockHolder } from "./storage.ts";

/** The text of a lock file. */
export function formatHolder({ pid, host, since, command }: LockHolder): string {
  return JSON.stringify({ pid, host, since, command }) + "\n";
}

/** The holder that a lock file names; null if it names none. */
export type FoundHolder = { [field in keyof LockHolder]: LockHolder[field] | null };

/** Reads the text of a lock file; undefined if it is not a JSON object. */
export function parseHolder(text: string): FoundHolder | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) return undefined;
  const { pid, host, since, command } = found as Record<string, unknown>;
  return {
    pid: typeof pid === "number" && Number.isSafeInteger(pid) && pid > 0 ? pid : null,
    host: typeof host === "string" ? onOneLine(host, 60) || null : null,
    since: typeof since === "string" ? formatTime(since) : null,
    command: typeof command === "string" ? onOneLine(command, 200) || null : null,
  };
}

/**
 * The error of a lock that is taken.
 *
 * @param path the lock file: `x/.lock` locks the folder `x`, `x/.name.lock` locks `x/name`
 * @param found what it says of its holder, if anything
 * @param taker who finds it taken; one without a process number is a tab of a browser
 */
export function lockedError(
  path: string,
  found: FoundHolder | undefined,
  taker: LockHolder,
): LockedError {
  const { pid, host, since, command } = found ?? {};
  const details = `${since ? ` since ${since}` : ""}${command ? ` (${command})` : ""}`;
  if (taker.pid === null) {
    return new LockedError(
      `${
        lockedBy(path)
      } is in use in another tab${details}; continue there, or close that tab and try ` +
        "again here",
    );
  }
  const isHere = host === taker.host, hasPid = typeof pid === "number";
  const isThisProcess = isHere && hasPid && pid === taker.pid;
  const who = isThisProcess
    ? "another job of this process"
    : (hasPid ? `process ${pid}` : "another process") + (host ? ` on host "${host}"` : "");
  const kill = hasPid ? `, or stop it (kill ${pid}${isHere ? "" : " on that host"}),` : ",";
  const action = isThisProcess
    ? "give each job a folder of its own"
    : `wait for it to end${kill} then run the same command again`;
  return new LockedError(
    `${lockedBy(path)} is in use by ${who}${details}; ${action}`,
  );
}

/**
 * The error of a lock that another took over while this process was stopped.
 *
 * @param seconds for how long it was
 */
export function takenError(
  path: string,
  found: FoundHolder | undefined,
  seconds: number,
): LockedError {
  const { pid, host } = found ?? {};
  const who = found ? `process ${pid ?? "?"} on host "${host ?? "?"}"` : "another process";
  return new LockedError(
    `${lockedBy(path)} was taken over by ${who} while this process stood still for ` +
      `${Math.round(seconds)} seconds; it writes nothing more: run the same command again once ` +
      "that one has ended",
  );
}

/** The folder that a lock file locks. */
function lockedBy(path: string): string {
  const start = path.lastIndexOf("/") + 1;
  const folder = path.slice(0, start), name = path.slice(start);
  if (name === ".lock") return folder.replace(/(.)\/+$/, "$1") || ".";
  return folder + name.replace(/^\.(.+)\.lock$/, "$1");
}

/** An ISO 8601 time as "2026-11-23 20:15:03 UTC"; null if it is no time. */
function formatTime(text: string): string | null {
  const time = Date.parse(text);
  if (isNaN(time)) return null;
  return new Date(time).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

/** The text, cut to `most` characters, without those that move the cursor or turn its direction. */
function onOneLine(text: string, maxLength: number): string {
  const plain = [...text.slice(0, 4 * maxLength).replace(/[\p{C}\s]+/gu, " ").trim()];
  return plain.length <= maxLength ? plain.join("") : plain.slice(0, maxLength).join("") + "…";
}
