/**
 * `Storage` in the browser's origin-private file system (OPFS): the files of one page's address,
 * which no other site sees. For workers alone, since only they may write without a copy of the
 * file.
 *
 * A write goes to a temporary name, is flushed, then moved over the target.
 */

import { StorageError } from "../errors.ts";
import { asStorageError, belowFile, isFolder, messageOf, nameOf, notFound } from "./opfs_faults.ts";
import type { BrowserNavigator, FileHandle, FolderHandle, WebLocks } from "./opfs_handles.ts";
import { OpfsLocks } from "./opfs_locks.ts";
import { pathParts } from "./path_parts.ts";
import type {
  LockHolder,
  ReadOptions,
  Storage,
  StorageEntry,
  StorageLock,
  SweepOptions,
} from "./storage.ts";
import { isTemporary, temporaryName } from "./temporary.ts";

/** Temporary names that this worker writes, which are nobody's leftovers. */
const beingWritten = new Set<string>();

/** How often a file is read that is replaced meanwhile. */
const READ_TRIES = 10;

/** Files in the browser's origin private file system. */
export class OpfsStorage implements Storage {
  readonly #locks: OpfsLocks;

  private constructor(private readonly root: FolderHandle, locks: WebLocks) {
    this.#locks = new OpfsLocks(locks, this, (path, action) => this.#find(path, action));
  }

  /**
   * @throws StorageError if the browser keeps no files for this page, as in some private windows
   */
  static async open(): Promise<OpfsStorage> {
    const { storage, locks } = globalThis.navigator as unknown as BrowserNavigator;
    if (!storage?.getDirectory || !locks) {
      throw new StorageError(
        "this browser keeps no files for this page; open it in Chrome 121 or later, at an " +
          "address that begins with https:// or http://127.0.0.1",
      );
    }
    try {
      return new OpfsStorage(await storage.getDirectory(), locks);
    } catch (error) {
      throw new StorageError(
        `this browser keeps no files for this page (${
          messageOf(error)
        }); open it in a window that is ` +
          "not private, and allow the site to keep data",
      );
    }
  }

  async read(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
    const { maxBytes = Infinity, firstBytes = Infinity } = options;
    for (let tries = 1;; tries++) {
      const found = await this.#find(path, "read");
      if (found === null) throw notFound("read", path);
      if (found.kind === "directory") throw isFolder("read", path);
      try {
        const file = await found.getFile();
        if (file.size > maxBytes) {
          throw new StorageError(
            `cannot read ${path}: it holds ${file.size} bytes, at most ${maxBytes} are read; ` +
              "name another file",
          );
        }
        return new Uint8Array(await file.slice(0, Math.min(firstBytes, file.size)).arrayBuffer());
      } catch (error) {
        // A file that is replaced while it is read can be read no more; what replaced it can.
        const isReplaced = ["NotReadableError", "NotFoundError"].includes(nameOf(error));
        if (!isReplaced || tries === READ_TRIES) throw asStorageError(error, "read", path);
      }
    }
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    if ((await this.#find(path, "write"))?.kind === "directory") throw isFolder("write", path);
    const { parents, name } = splitPath(path);
    const temporary = temporaryName(name);
    beingWritten.add(temporary);
    let folder: FolderHandle | null = null;
    try {
      folder = await this.#makeFolder(parents);
      const file = await folder.getFileHandle(temporary, { create: true });
      await writeFlushed(file, bytes);
      await file.move(folder, name);
    } catch (error) {
      // The failure to report is the first one; there may be no temporary file to remove.
      await folder?.removeEntry(temporary).catch(() => {});
      throw asStorageError(error, "write", path);
    } finally {
      beingWritten.delete(temporary);
    }
  }

  async list(path: string): Promise<StorageEntry[]> {
    const folder = await this.#findFolder(path, "list");
    if (folder === null) return [];
    try {
      const entries: StorageEntry[] = [];
      for await (const [name, { kind }] of folder.entries()) {
        if (!isTemporary(name)) entries.push({ name, isDirectory: kind === "directory" });
      }
      return entries.sort((a, b) => a.name < b.name ? -1 : 1);
    } catch (error) {
      if (nameOf(error) === "NotFoundError") return [];
      throw asStorageError(error, "list", path);
    }
  }

  async exists(path: string): Promise<boolean> {
    return await this.#find(path, "look at") !== null;
  }

  realPath(path: string): Promise<string> {
    return Promise.resolve(pathParts(path).join("/"));
  }

  async rename(from: string, to: string): Promise<void> {
    const source = await this.#find(from, "move");
    if (source === null) throw notFound("move", from);
    if (await this.exists(to)) {
      throw new StorageError(`cannot move ${from}: ${to} exists; remove it or choose another name`);
    }
    const [old, target] = [pathParts(from), pathParts(to)];
    if (old.every((part, i) => part === target[i])) {
      throw new StorageError(`cannot move ${from}: ${to} lies inside it; choose another name`);
    }
    try {
      const folder = await this.#makeFolder(target.slice(0, -1));
      await moveInto(source, folder, target.at(-1)!);
    } catch (error) {
      throw asStorageError(error, "move", from);
    }
    if (source.kind === "directory") await this.remove(from);
  }

  async remove(path: string): Promise<void> {
    const { parents, name } = splitPath(path);
    try {
      const folder = await this.#walk(parents);
      if (folder?.kind === "directory") await folder.removeEntry(name, { recursive: true });
    } catch (error) {
      if (nameOf(error) !== "NotFoundError") throw asStorageError(error, "remove", path);
    }
  }

  async lock(path: string, holder: LockHolder): Promise<StorageLock> {
    return await this.#locks.take(path, holder);
  }

  async checkLock(path: string, holder: LockHolder): Promise<void> {
    await this.#locks.check(path, holder);
  }

  /** Whether a lock file is held now, in any tab. */
  async isLocked(path: string): Promise<boolean> {
    return await this.#locks.isHeld(path);
  }

  /** The size of all files, in bytes. */
  async bytes(): Promise<number> {
    return await bytesIn(this.root);
  }

  async sweep(folder: string, { isDeep = true }: SweepOptions = {}): Promise<void> {
    const found = await this.#findFolder(folder, "tidy");
    try {
      if (found) await sweepFolder(found, isDeep);
    } catch (error) {
      throw asStorageError(error, "tidy", folder);
    }
  }

  /** The entry at a path; null if there is none. */
  async #find(path: string, action: string): Promise<FileHandle | FolderHandle | null> {
    try {
      return await this.#walk(pathParts(path));
    } catch (error) {
      throw asStorageError(error, action, path);
    }
  }

  async #walk(parts: readonly string[]): Promise<FileHandle | FolderHandle | null> {
    let at: FileHandle | FolderHandle = this.root;
    for (const part of parts) {
      if (at.kind === "file") return null;
      const next: FileHandle | FolderHandle | null = await childOf(at, part);
      if (next === null) return null;
      at = next;
    }
    return at;
  }

  /** The folder at a path; null if it is missing. A file on the way is an error. */
  async #findFolder(path: string, action: string): Promise<FolderHandle | null> {
    const parts = pathParts(path);
    let at: FolderHandle = this.root;
    for (const part of parts) {
      const next = await childOf(at, part);
      if (next === null) return null;
      if (next.kind === "file") throw belowFile(action, path);
      at = next;
    }
    return at;
  }

  async #makeFolder(parts: readonly string[]): Promise<FolderHandle> {
    let at = this.root;
    for (const part of parts) at = await at.getDirectoryHandle(part, { create: true });
    return at;
  }
}

async function bytesIn(folder: FolderHandle): Promise<number> {
  let sum = 0;
  for await (const [, handle] of folder.entries()) {
    try {
      sum += handle.kind === "directory" ? await bytesIn(handle) : (await handle.getFile()).size;
    } catch (error) {
      // Files that are being replaced or removed are counted the next time.
      if (!["NotFoundError", "NotReadableError"].includes(nameOf(error))) throw error;
    }
  }
  return sum;
}

async function childOf(
  folder: FolderHandle,
  name: string,
): Promise<FileHandle | FolderHandle | null> {
  try {
    return await folder.getFileHandle(name);
  } catch (error) {
    if (nameOf(error) === "NotFoundError") return null;
    if (nameOf(error) !== "TypeMismatchError") throw error;
  }
  return await folder.getDirectoryHandle(name);
}

/** The bytes are on the disk on return. */
async function writeFlushed(file: FileHandle, bytes: Uint8Array): Promise<void> {
  const access = await file.createSyncAccessHandle();
  try {
    for (let done = 0; done < bytes.length;) {
      const count = access.write(bytes.subarray(done), { at: done });
      if (count === 0) throw new DOMException("nothing more can be written", "QuotaExceededError");
      done += count;
    }
    access.flush();
  } finally {
    access.close();
  }
}

/** Moves a file, or a folder file by file: browsers move no folders. */
async function moveInto(
  source: FileHandle | FolderHandle,
  folder: FolderHandle,
  name: string,
): Promise<void> {
  if (source.kind === "file") return await source.move(folder, name);
  const target = await folder.getDirectoryHandle(name, { create: true });
  const entries = await Array.fromAsync(source.entries());
  for (const [child, handle] of entries) await moveInto(handle, target, child);
}

async function sweepFolder(folder: FolderHandle, isDeep: boolean): Promise<void> {
  for (const [name, handle] of await Array.fromAsync(folder.entries())) {
    if (handle.kind === "directory") {
      if (isDeep) await sweepFolder(handle, isDeep);
    } else if (isTemporary(name) && !beingWritten.has(name)) {
      await folder.removeEntry(name).catch((error) => {
        if (nameOf(error) !== "NotFoundError") throw error;
      });
    }
  }
}

function splitPath(path: string): { parents: string[]; name: string } {
  const parts = pathParts(path);
  return { parents: parts.slice(0, -1), name: parts.at(-1) ?? "" };
}
