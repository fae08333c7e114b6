/**
 * The locks that one process holds, so that no two work in a folder at once. Takes folders; a second
 * process is told who works there.
 */

import type { LockHolder, Storage, StorageLock } from "../storage/storage.ts";
import * as paths from "../foundations/paths.ts";

/** See the head of this file. */
export class Locks {
  readonly #held = new Map<string, Promise<StorageLock>>();

  /** @param holder what others are told of this process */
  constructor(private readonly storage: Storage, private readonly holder: LockHolder) {}

  /**
   * Takes a folder of many runs for this process until `release`, and removes what killed processes
   * left half-written there. Jobs of one process share it.
   *
   * @throws LockedError if another process works there
   */
  async takeFolder(folder: string): Promise<void> {
    const path = paths.lock(folder.replace(/\/+$/, "") || folder);
    let lock = this.#held.get(path);
    if (!lock) {
      lock = this.storage.lock(path, this.holder);
      this.#held.set(path, lock);
      lock.catch(() => this.#held.delete(path));
    }
    await lock;
    await this.storage.sweep(folder);
  }

  /** Does some work while no other process, or job of this one, trains that run. Throws as above. */
  async whileTraining<T>(run: string, work: () => Promise<T>): Promise<T> {
    const lock = await this.storage.lock(paths.runLock(run), this.holder);
    try {
      await this.storage.sweep(run);
      return await work();
    } finally {
      await lock.release();
    }
  }

  /** Gives all folders back. */
  async release(): Promise<void> {
    const locks = await Promise.allSettled(this.#held.values());
    this.#held.clear();
    for (const lock of locks) if (lock.status === "fulfilled") await lock.value.release();
  }
}
