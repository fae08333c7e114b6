/**
 * Storage that fails on purpose: at one operation, counted from 0, it crashes the whole program or
 * answers with an error of the system. Takes the storage that lasts; that is what a program started
 * afterwards finds.
 */

import type { StorageError } from "../../src/errors.ts";
import { asStorageError } from "../../src/storage/deno.ts";
import type {
  LockHolder,
  ReadOptions,
  Storage,
  StorageEntry,
  StorageLock,
  SweepOptions,
} from "../../src/storage/storage.ts";
import { temporaryName } from "../../src/storage/temporary.ts";

/** The fault at the operation. */
export const FAULTS = [
  "crash before",
  /** Half of the bytes are written, to the temporary file; half of what is removed is gone. */
  "crash during",
  "crash after",
  "disk full",
  /** From this operation on nothing can be changed. */
  "permission lost",
  "i/o error",
] as const;
export type Fault = typeof FAULTS[number];

/** The end of the program: every operation from the crash on fails with it. */
export class Crash extends Error {}

type Operation =
  | "read"
  | "write"
  | "list"
  | "exists"
  | "realPath"
  | "checkLock"
  | "rename"
  | "remove"
  | "lock"
  | "sweep";

const CHANGES: readonly Operation[] = ["write", "rename", "remove", "lock", "sweep"];

/** A storage that fails where it is asked to. */
export class FaultyStorage implements Storage {
  /** The operations so far: "write a/b". */
  readonly log: string[] = [];
  /** Path of the half-written file that a crash has left. */
  temporary: string | null = null;
  readonly #locks = new Set<StorageLock>();
  #isDead = false;

  constructor(
    private readonly inner: Storage,
    private readonly fault: Fault,
    private readonly at: number,
  ) {}

  /** Whether the operation has been reached. */
  get hasFired(): boolean {
    return this.log.length > this.at;
  }

  read(path: string, options?: ReadOptions): Promise<Uint8Array> {
    return this.#do("read", path, () => this.inner.read(path, options));
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    return this.#do("write", path, () => this.inner.write(path, bytes), () => {
      const start = path.lastIndexOf("/") + 1;
      this.temporary = path.slice(0, start) + temporaryName(path.slice(start));
      return this.inner.write(this.temporary, bytes.subarray(0, bytes.length >> 1));
    });
  }

  list(path: string): Promise<StorageEntry[]> {
    return this.#do("list", path, () => this.inner.list(path));
  }

  exists(path: string): Promise<boolean> {
    return this.#do("exists", path, () => this.inner.exists(path));
  }

  realPath(path: string): Promise<string> {
    return this.#do("realPath", path, () => this.inner.realPath(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#do("rename", from, () => this.inner.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#do("remove", path, () => this.inner.remove(path), async () => {
      const isFolder = (await this.inner.list(path).catch(() => [])).length > 0;
      const entries = isFolder ? await this.inner.list(path) : [];
      for (const { name } of entries.slice(0, (entries.length + 1) >> 1)) {
        await this.inner.remove(`${path}/${name}`);
      }
    });
  }

  lock(path: string, holder: LockHolder): Promise<StorageLock> {
    return this.#do("lock", path, async () => {
      const lock = await this.inner.lock(path, holder);
      this.#locks.add(lock);
      return lock;
    });
  }

  checkLock(path: string, holder: LockHolder): Promise<void> {
    return this.#do("checkLock", path, () => this.inner.checkLock(path, holder));
  }

  sweep(folder: string, options?: SweepOptions): Promise<void> {
    return this.#do("sweep", folder, () => this.inner.sweep(folder, options));
  }

  async #do<T>(
    operation: Operation,
    path: string,
    whole: () => Promise<T>,
    half: () => Promise<void> = () => Promise.resolve(),
  ): Promise<T> {
    if (this.#isDead) throw new Crash();
    const number = this.log.length;
    this.log.push(`${operation} ${path}`);
    const isChange = CHANGES.includes(operation);
    if (number === this.at) {
      switch (this.fault) {
        case "crash before":
          return await this.#crash();
        case "crash during":
          this.#isDead = true;
          await half();
          return await this.#crash();
        case "crash after":
          this.#isDead = true;
          await whole().catch(() => {});
          return await this.#crash();
        case "i/o error":
          throw systemError("EIO", "input/output error", operation, path);
        case "disk full":
          if (operation === "write" || operation === "lock") {
            throw systemError("ENOSPC", "no space left on device", operation, path);
          }
      }
    }
    if (this.fault === "permission lost" && number >= this.at && isChange) {
      throw systemError("EACCES", "permission denied", operation, path);
    }
    return await whole();
  }

  async #crash(): Promise<never> {
    this.#isDead = true;
    for (const lock of this.#locks) await lock.release();
    throw new Crash();
  }
}

/** The error that the system's code becomes. */
function systemError(code: string, message: string, action: string, path: string): StorageError {
  return asStorageError(Object.assign(new Error(message), { code }), action, path);
}

/** Storage each of whose operations takes a while. */
export function slowStorage(inner: Storage, milliseconds: number): Storage {
  return new Proxy(inner, {
    get(_, name) {
      const method = inner[name as keyof Storage] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        return await method.apply(inner, args);
      };
    },
  });
}
