/**
 * Locks between the tabs of a browser: each is a file that names a Web Lock, which is free again
 * when its tab is closed, reloaded or crashes.
 */

import { once } from "../memo.ts";
import { NotFoundError, StorageError } from "../errors.ts";
import { formatHolder, lockedError, parseHolder } from "./lock_holder.ts";
import { isFolder } from "./opfs_faults.ts";
import type { FileHandle, FolderHandle, WebLocks } from "./opfs_handles.ts";
import type { LockHolder, Storage, StorageLock } from "./storage.ts";

/** Takes and looks at the locks of a storage. */
export class OpfsLocks {
  /**
   * @param find the entry at a path, null if there is none; `action` names in errors what failed
   */
  constructor(
    private readonly locks: WebLocks,
    private readonly files: Pick<Storage, "read" | "write" | "remove">,
    private readonly find: (
      path: string,
      action: string,
    ) => Promise<FileHandle | FolderHandle | null>,
  ) {}

  /** As `Storage.lock`. */
  async take(path: string, holder: LockHolder): Promise<StorageLock> {
    // One at a time, in all tabs: between looking at the file and writing it nobody else may look.
    return await this.locks.request("lottery locks", async () => {
      await this.#checkLock(path, holder, "lock");
      const id = `lottery ${crypto.randomUUID()}`;
      const content = JSON.stringify({ ...JSON.parse(formatHolder(holder)), id }) + "\n";
      await this.files.write(path, new TextEncoder().encode(content)).catch((error) => {
        throw error instanceof StorageError
          ? new StorageError(error.message.replace(/^cannot write/, "cannot lock"))
          : error;
      });
      const giveBack = await hold(this.locks, id);
      return { release: once(() => this.#release(path, id).finally(giveBack)) };
    });
  }

  /** As `Storage.checkLock`. */
  async check(path: string, holder: LockHolder): Promise<void> {
    await this.#checkLock(path, holder, "look at");
  }

  /** Whether a lock file is held now, in any tab. */
  async isHeld(path: string): Promise<boolean> {
    const found = await this.#lockFile(path, "look at");
    return found !== null && await this.#isTaken(found.id);
  }

  async #checkLock(path: string, holder: LockHolder, action: string): Promise<void> {
    const found = await this.#lockFile(path, action);
    if (found && await this.#isTaken(found.id)) {
      throw lockedError(path, parseHolder(found.text), holder);
    }
  }

  /** A lock file's text and the Web Lock that it names; null if there is none. */
  async #lockFile(path: string, action: string): Promise<{ text: string; id: string } | null> {
    const found = await this.find(path, action);
    if (found?.kind === "directory") throw isFolder(action, path);
    if (found === null) return null;
    try {
      const text = new TextDecoder().decode(await this.files.read(path));
      const { id } = JSON.parse(text);
      return { text, id: String(id) };
    } catch (error) {
      // Who held it has just released it, or it is no lock file.
      if (error instanceof NotFoundError || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  async #isTaken(id: string): Promise<boolean> {
    const { held = [] } = await this.locks.query();
    return held.some(({ name }) => name === id);
  }

  /** Removes a lock's file; if it was moved or removed, another may lie there. */
  async #release(path: string, id: string): Promise<void> {
    try {
      if ((await this.#lockFile(path, "release"))?.id === id) await this.files.remove(path);
    } catch {
      // A file that stays behind locks nothing.
    }
  }
}

/** Takes a Web Lock of a new name; returns the function that releases it. */
function hold(locks: WebLocks, id: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    locks.request(id, () => new Promise<void>((release) => resolve(release))).catch(reject);
  });
}
