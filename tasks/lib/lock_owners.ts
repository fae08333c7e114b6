/** Finds out who holds the locks of an experiment, on whatever host. */

import { LockedError } from "../../src/errors.ts";
import type { Owner, WorkNote } from "../../src/commands/status.ts";
import { CLAIM_TIMES } from "../../src/storage/deno_claim.ts";
import { type FoundClaim, lastClaim } from "../../src/storage/deno_claim_file.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import * as paths from "../../src/records/paths.ts";

/** Time in which a heart that beats has done so. */
const WATCH = 1.3, LOOK_MS = 500;

/**
 * The owners that live, by folder. On this machine the system's locks tell; of other hosts each is
 * watched until its heart beats, at most some seconds.
 *
 * @param onWatch told that this takes time
 */
export async function liveOwners(
  folders: readonly string[],
  onWatch: (seconds: number) => void,
): Promise<Map<string, Owner>> {
  const owners = new Map<string, Owner>(), elsewhere = new Map<string, FoundClaim>();
  for (const folder of folders) {
    const path = paths.lock(folder);
    const claim = await lastClaim(path);
    if (claim === null) continue;
    if (claim.owner?.host !== Deno.hostname()) elsewhere.set(folder, claim);
    else if (await isLockedHere(path)) owners.set(folder, ownerOf(claim));
  }
  const every = Math.max(CLAIM_TIMES.beat, ...[...elsewhere.values()].map(({ every }) => every));
  if (elsewhere.size > 0) onWatch(WATCH * every / 1000);
  for (const end = performance.now() + WATCH * every; elsewhere.size > 0;) {
    if (performance.now() > end) break;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    for (const [folder, { text }] of elsewhere) {
      const now = await lastClaim(paths.lock(folder));
      if (now?.text === text) continue;
      elsewhere.delete(folder);
      if (now) owners.set(folder, ownerOf(now));
    }
  }
  return owners;
}

async function isLockedHere(path: string): Promise<boolean> {
  const holder = { pid: Deno.pid, host: Deno.hostname(), since: "", command: "status" };
  try {
    await new DenoStorage().checkLock(path, holder);
    return false;
  } catch (error) {
    if (error instanceof LockedError) return true;
    throw error;
  }
}

function ownerOf({ owner, note }: FoundClaim): Owner {
  return { host: owner?.host ?? "?", pid: owner?.pid ?? 0, note: isNote(note) ? note : null };
}

/** What a claim says is not trusted. */
function isNote(note: unknown): note is WorkNote {
  if (typeof note !== "object" || note === null) return false;
  const { runs, iteration, iterations, secondsLeft } = note as Record<string, unknown>;
  const isCount = (n: unknown) => typeof n === "number" && Number.isFinite(n) && n >= 0;
  return [runs, iteration, iterations].every(isCount) &&
    (secondsLeft === null || isCount(secondsLeft));
}
