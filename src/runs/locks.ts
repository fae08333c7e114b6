/**
 * The locks of one process, so that no two work in a folder at once. A lock on a folder covers
 * everything below its real path, whatever name it is reached by; a second process learns who works
 * there.
 *
 * Each lock is one file in its folder. Whoever takes one makes it first and then looks for locks
 * above and below: of two who come at the same time at least one finds the other's.
 */

import { LockedError } from "../errors.ts";
import * as paths from "../records/paths.ts";
import { within } from "../records/record.ts";
import type { LockHolder, Storage, StorageLock } from "../storage/storage.ts";
import { listLevels, walkTree } from "../records/tree.ts";

/** How often a lock below is looked at again: its taker releases it on finding ours. */
const BELOW_TRIES = 10, BELOW_PAUSE_MILLISECONDS = 25;

/** The folders that this process has locked. */
export class Locks {
  /** The folders of many runs, by their lock files, and how many jobs rely on each. */
  readonly #held = new Map<string, { lock: Promise<StorageLock>; jobs: number }>();
  /** Every lock file of this process. */
  readonly #own = new Set<string>();

  /** @param holder describes this process to others */
  constructor(private readonly storage: Storage, private readonly holder: LockHolder) {}

  /**
   * Takes a trial's folder for this process until `release`, and what links in it lead to; removes
   * what killed processes left half-written there. Jobs of one process share it.
   *
   * @throws LockedError if another process works there, above or below
   */
  async takeFolder(folder: string): Promise<void> {
    const taken: string[] = [];
    try {
      for (const place of await this.#placesOf(folder)) {
        const path = paths.lock(place);
        const held = this.#held.get(path) ?? { lock: this.#take(place), jobs: 0 };
        this.#held.set(path, held);
        held.jobs++;
        taken.push(path);
        await held.lock;
        await this.storage.sweep(place);
      }
    } catch (error) {
      // Another job that came meanwhile keeps the lock.
      for (const path of taken) if (--this.#held.get(path)!.jobs === 0) await this.#giveBack(path);
      throw error;
    }
  }

  /**
   * Does some work while no other process, or job of this one, trains that run. Throws as above.
   */
  async whileTraining<T>(run: string, work: () => Promise<T>): Promise<T> {
    const place = await this.storage.realPath(run);
    const lock = await this.#take(place);
    try {
      await this.storage.sweep(run);
      return await work();
    } finally {
      this.#own.delete(paths.lock(place));
      await lock.release();
    }
  }

  /** Releases all folders. */
  async release(): Promise<void> {
    for (const path of this.#held.keys()) await this.#giveBack(path);
  }

  async #giveBack(path: string): Promise<void> {
    const taken = this.#held.get(path)?.lock;
    this.#held.delete(path);
    const lock = await taken?.catch(() => null);
    this.#own.delete(path);
    await lock?.release();
  }

  /** The real paths of a trial's folder, and of its levels and runs that lie elsewhere. */
  async #placesOf(trial: string): Promise<string[]> {
    const root = await this.storage.realPath(trial), places = [root];
    const add = async (folder: string) => {
      const real = await this.storage.realPath(folder);
      if (!places.some((place) => real === place || real.startsWith(within(place, "")))) {
        places.push(real);
      }
    };
    for (const level of await listLevels(this.storage, root)) {
      const folder = paths.run(root, level);
      await add(folder);
      for (const { name, isDirectory } of await this.storage.list(folder)) {
        if (isDirectory) await add(within(folder, name));
      }
    }
    return places;
  }

  /** Takes the lock of a real path. */
  async #take(place: string): Promise<StorageLock> {
    const path = paths.lock(place);
    // Before anything is made there, and once more when the lock can be seen.
    await this.#checkAbove(place);
    const lock = await this.storage.lock(path, this.holder);
    this.#own.add(path);
    try {
      await this.#checkAbove(place);
      await this.#checkBelow(place);
      return lock;
    } catch (error) {
      this.#own.delete(path);
      await lock.release();
      throw error;
    }
  }

  async #checkAbove(place: string): Promise<void> {
    for (const folder of foldersAbove(place)) await this.#check(folder);
  }

  async #checkBelow(place: string): Promise<void> {
    const locked: string[] = [];
    for await (
      const { path, entries } of walkTree(this.storage, place, { areLinksFollowed: false })
    ) {
      if (path !== place && entries.some(({ name }) => paths.isLock(name))) locked.push(path);
    }
    // Side by side: whether an owner on another host lives takes minutes to see.
    const results = await Promise.allSettled(locked.map((path) => this.#checkUntilGone(path)));
    const refused = results.find(({ status }) => status === "rejected");
    if (refused?.status === "rejected") throw refused.reason;
  }

  async #checkUntilGone(path: string): Promise<void> {
    for (let tries = 1;; tries++) {
      try {
        return await this.#check(path);
      } catch (error) {
        if (!(error instanceof LockedError) || tries === BELOW_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, BELOW_PAUSE_MILLISECONDS));
      }
    }
  }

  /** @throws LockedError if another process holds the lock of a folder */
  async #check(folder: string): Promise<void> {
    const path = paths.lock(folder);
    if (!this.#own.has(path)) await this.storage.checkLock(path, this.holder);
  }
}

/** The folders that a real path is in, to the root: "" or "/" or "C:/". */
function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  const folders = parts.map((_, i) => parts.slice(0, i + 1).join("/"));
  if (!/^$|^[a-z]:$/i.test(parts[0] ?? "")) folders.unshift("");
  else if (folders.length > 0) folders[0] += "/";
  return folders.filter((folder) => folder !== path).reverse();
}
