/**
 * Locks on the disk: the system's lock of an open file, which is free again when its process ends,
 * however it does; and, for other hosts, a claim. Where the system has no locks the claim alone has
 * to do.
 */

import { once } from "../memo.ts";
import { checkClaim, type ClaimTimes, HostClaim } from "./deno_claim.ts";
import { isMissing, writeAll } from "./deno_files.ts";
import type { Heart } from "./deno_heart.ts";
import { formatHolder, lockedError, parseHolder } from "./lock_holder.ts";
import type { LockHolder, StorageLock } from "./storage.ts";

/** How a process locks. */
export interface Locking {
  times: ClaimTimes;
  /** Keeps its claims alive. */
  heart: Heart;
  /** Told that the owner of a lock on another host is watched, which takes time. */
  onWatch: (line: string) => void;
}

/** How often a lock is tried whose file goes away meanwhile or says nothing of its holder. */
const LOCK_TRIES = 10, LOOK_TRIES = 4;
const LOCK_PAUSE_MILLISECONDS = 25;

/** Bytes of a lock file that are looked at. */
const LOCK_BYTES = 65536;

/** Takes the lock of a lock file, in a folder that exists. Throws as `Storage.lock`. */
export async function takeLock(
  path: string,
  holder: LockHolder,
  { times, heart, onWatch }: Locking,
): Promise<StorageLock> {
  for (let tries = 1; tries <= LOCK_TRIES; tries++) {
    const file = await Deno.open(path, { read: true, write: true, create: true });
    let isHeld = false;
    try {
      const system = await tryLock(file);
      if (system !== "taken") {
        // Who released it removed the file that was opened here: that one's lock is worth
        // nothing.
        if (!await isAt(path, file)) continue;
        const { ino } = await file.stat();
        const claim = await HostClaim.take(path, holder, {
          times,
          lockFile: system === "had" ? ino ?? 0 : null,
          onWatch,
          said: () => ({ ...heart.said, lockFile: ino }),
        });
        const lock = new DenoLock(path, file, claim, heart);
        isHeld = true;
        await writeHolder(file, holder).catch(async (error) => {
          await lock.release();
          throw error;
        });
        return lock;
      }
      const found = parseHolder(await readLocked(file));
      // Whoever only looks at a lock has it for a moment, whatever its file says.
      if (found && tries > LOOK_TRIES) throw lockedError(path, found, holder);
    } finally {
      if (!isHeld) file.close();
    }
    // Who has it is about to write its name.
    await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MILLISECONDS));
  }
  throw lockedError(path, undefined, holder);
}

/** Throws as `Storage.checkLock`. */
export async function lookAtLock(
  path: string,
  holder: LockHolder,
  { times, onWatch }: Locking,
): Promise<void> {
  try {
    const lockFile = await checkSystemLock(path, holder);
    await checkClaim(path, holder, { times, lockFile, onWatch });
  } catch (error) {
    // There is none, or it is that of others who hide it: no lock of this program is made that way.
    if (!(isMissing(error) || error instanceof Deno.errors.PermissionDenied)) throw error;
  }
}

/**
 * Looks at the system's lock, and does not keep it; returns the number of its file as
 * `TakeOptions.lockFile` has it. A lock file that is not there has none.
 */
async function checkSystemLock(path: string, holder: LockHolder): Promise<number | null> {
  try {
    if (!(await Deno.stat(path)).isFile) return 0;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
  using file = await Deno.open(path, { read: true });
  const system = await tryLock(file, false);
  if (system === "had") return (await file.stat()).ino ?? 0;
  if (system === "none") return null;
  throw lockedError(path, parseHolder(await readLocked(file)), holder);
}

/** A lock file held through its open handle, and its claim. */
class DenoLock implements StorageLock {
  readonly release = once(() => this.#release());

  constructor(
    private readonly path: string,
    private readonly file: Deno.FsFile,
    private readonly claim: HostClaim,
    private readonly heart: Heart,
  ) {
    heart.add(claim);
  }

  async #release(): Promise<void> {
    this.heart.delete(this.claim);
    const wasHeld = await this.claim.release();
    try {
      // If the file was moved or removed, another may lie there.
      if (wasHeld && await isAt(this.path, this.file)) await Deno.remove(this.path);
    } catch {
      // A file that stays behind locks nothing.
    } finally {
      this.file.close();
    }
  }
}

/** Says in a lock file who has it. */
async function writeHolder(file: Deno.FsFile, holder: LockHolder): Promise<void> {
  await file.truncate(0);
  await writeAll(file, new TextEncoder().encode(formatHolder(holder)));
  await file.sync();
}

/**
 * Takes the system's lock of an open file, exclusive or shared, unless it is taken; file systems
 * without locks, which answer in several ways, have none.
 */
async function tryLock(
  file: Deno.FsFile,
  isExclusive = true,
): Promise<"had" | "taken" | "none"> {
  try {
    return await file.tryLock(isExclusive) ? "had" : "taken";
  } catch {
    return "none";
  }
}

/** Whether an open file is the one at a path. */
async function isAt(path: string, file: Deno.FsFile): Promise<boolean> {
  try {
    const [there, opened] = [await Deno.stat(path), await file.stat()];
    return there.ino === opened.ino && there.dev === opened.dev;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** The text of a file that another has locked; "" where Windows forbids to read it. */
async function readLocked(file: Deno.FsFile): Promise<string> {
  const buffer = new Uint8Array(LOCK_BYTES);
  let length = 0;
  try {
    for (let count; (count = await file.read(buffer.subarray(length)));) length += count;
  } catch {
    return "";
  }
  return new TextDecoder().decode(buffer.subarray(0, length));
}
