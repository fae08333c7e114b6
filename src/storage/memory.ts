/**
 * `Storage` in memory: for tests, and for trees that are built before they are saved. Every path
 * starts at one root, whether it is written `/a`, `a` or `./a`.
 */

import { NotFoundError, StorageError } from "../errors.ts";
import { formatHolder, lockedError, parseHolder } from "./lock_holder.ts";
import { pathParts } from "./path_parts.ts";
import type {
  LockHolder,
  ReadOptions,
  Storage,
  StorageEntry,
  StorageLock,
  SweepOptions,
} from "./storage.ts";
import { isTemporary } from "./temporary.ts";

/** Files held by this object; bytes are copied on their way in and out. */
export class MemoryStorage implements Storage {
  /** Normalized path → content of a file, or null for a folder. The root is "". */
  #nodes = new Map<string, Uint8Array | null>([["", null]]);
  /** The contents of lock files that are held: as on a disk, a lock goes where its file goes. */
  #locks = new Set<Uint8Array>();

  read(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
    const { maxBytes = Infinity, firstBytes = Infinity } = options;
    return settle(() => {
      const content = this.#nodes.get(normalize(path));
      if (content === undefined) {
        throw new NotFoundError(`cannot read ${path}: it does not exist; check the path`);
      }
      if (content === null) {
        throw new StorageError(`cannot read ${path}: it is a folder, not a file; name a file`);
      }
      if (content.length > maxBytes) {
        throw new StorageError(
          `cannot read ${path}: it holds ${content.length} bytes, at most ${maxBytes} are read; ` +
            "name another file",
        );
      }
      return content.slice(0, firstBytes);
    });
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    return settle(() => {
      const key = normalize(path);
      if (this.#nodes.get(key) === null) {
        throw new StorageError(`cannot write ${path}: it is a folder, not a file; name a file`);
      }
      this.#makeParents(key, `write ${path}`);
      this.#nodes.set(key, new Uint8Array(bytes));
    });
  }

  list(path: string): Promise<StorageEntry[]> {
    return settle(() => {
      const key = this.#folderKey(path, "list");
      const entries: StorageEntry[] = [];
      for (const [child, content] of this.#nodes) {
        const name = nameOf(child);
        if (child === "" || parentOf(child) !== key || isTemporary(name)) continue;
        entries.push({ name, isDirectory: content === null });
      }
      return entries.sort((a, b) => a.name < b.name ? -1 : 1);
    });
  }

  exists(path: string): Promise<boolean> {
    return settle(() => this.#nodes.has(normalize(path)));
  }

  realPath(path: string): Promise<string> {
    return Promise.resolve(normalize(path));
  }

  rename(from: string, to: string): Promise<void> {
    return settle(() => {
      const source = normalize(from), target = normalize(to);
      if (this.#nodes.has(target)) {
        throw new StorageError(
          `cannot move ${from}: ${to} exists; remove it or choose another name`,
        );
      }
      if (!this.#nodes.has(source)) {
        throw new NotFoundError(`cannot move ${from}: it does not exist; check the path`);
      }
      if (target.startsWith(source + "/")) {
        throw new StorageError(`cannot move ${from}: ${to} lies inside it; choose another name`);
      }
      this.#makeParents(target, `move ${from}`);
      for (const [key, content] of this.#below(source)) {
        this.#nodes.delete(key);
        this.#nodes.set(target + key.slice(source.length), content);
      }
    });
  }

  remove(path: string): Promise<void> {
    return settle(() => {
      for (const [key] of this.#below(normalize(path))) this.#nodes.delete(key);
      this.#nodes.set("", null);
    });
  }

  lock(path: string, holder: LockHolder): Promise<StorageLock> {
    return settle(() => {
      const key = normalize(path);
      if (this.#nodes.get(key) === null) {
        throw new StorageError(`cannot lock ${path}: it is a folder, not a file; name a file`);
      }
      this.#checkLock(path, holder);
      this.#makeParents(key, `lock ${path}`);
      const content = new TextEncoder().encode(formatHolder(holder));
      this.#nodes.set(key, content);
      this.#locks.add(content);
      return { release: () => settle(() => this.#release(key, content)) };
    });
  }

  checkLock(path: string, holder: LockHolder): Promise<void> {
    return settle(() => this.#checkLock(path, holder));
  }

  sweep(folder: string, { isDeep = true }: SweepOptions = {}): Promise<void> {
    return settle(() => {
      const root = this.#folderKey(folder, "tidy");
      for (const [key, content] of this.#below(root)) {
        const isMeant = isDeep || parentOf(key) === root;
        if (isMeant && content && isTemporary(nameOf(key))) this.#nodes.delete(key);
      }
    });
  }

  #checkLock(path: string, holder: LockHolder): void {
    const content = this.#nodes.get(normalize(path));
    if (!content || !this.#locks.has(content)) return;
    throw lockedError(path, parseHolder(new TextDecoder().decode(content)), holder);
  }

  #release(key: string, content: Uint8Array): void {
    this.#locks.delete(content);
    // If the file was moved or removed, another may lie there.
    if (this.#nodes.get(key) === content) this.#nodes.delete(key);
  }

  /** The key of what must not be a file. */
  #folderKey(path: string, action: string): string {
    const key = normalize(path);
    if (this.#isBelowFile(key) || this.#nodes.get(key) instanceof Uint8Array) {
      throw new StorageError(
        `cannot ${action} ${path}: a part of the path is a file, not a folder; name another path`,
      );
    }
    return key;
  }

  /** A path and everything under it. */
  #below(root: string): [string, Uint8Array | null][] {
    return [...this.#nodes].filter(([key]) =>
      key === root || root === "" || key.startsWith(root + "/")
    );
  }

  #isBelowFile(key: string): boolean {
    for (let parent = parentOf(key); parent !== ""; parent = parentOf(parent)) {
      if (this.#nodes.get(parent) instanceof Uint8Array) return true;
    }
    return false;
  }

  #makeParents(key: string, action: string): void {
    if (this.#isBelowFile(key)) {
      throw new StorageError(
        `cannot ${action}: a part of the path is a file, not a folder; name another path`,
      );
    }
    for (let parent = parentOf(key); parent !== ""; parent = parentOf(parent)) {
      this.#nodes.set(parent, null);
    }
  }
}

/** A promise of what `act` returns, rejected with what it throws. */
function settle<T>(act: () => T): Promise<T> {
  return new Promise((resolve) => resolve(act()));
}

function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf("/")));
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

function normalize(path: string): string {
  return pathParts(path).join("/");
}
