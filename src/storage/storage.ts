/**
 * The one interface through which experiments touch files. Implementations: `deno.ts` (disk),
 * `memory.ts` (tests, and trees built in memory), `opfs.ts` (a browser's files of one page). Paths
 * use `/`.
 */

/** One entry of a folder. */
export interface StorageEntry {
  /** Name without its folder. */
  name: string;
  /** Whether it is a folder, or a link to one. */
  isDirectory: boolean;
}

/** Who holds a lock, for those who find it taken. */
export interface LockHolder {
  /** Number of the process; null where there are none, as in a browser. */
  pid: number | null;
  /** Name of the machine. */
  host: string;
  /** ISO 8601. */
  since: string;
  /** Its command line. */
  command: string;
}

/** A lock that is held until it is released or its process ends, however that ends. */
export interface StorageLock {
  /** Releases the lock and removes its file; never rejects, and a second call does nothing. */
  release(): Promise<void>;
}

/** How a file is read. */
export interface ReadOptions {
  /** A larger file is refused before it is read. */
  maxBytes?: number;
  /** Reads this many bytes from the file's beginning. */
  firstBytes?: number;
}

/** How far a sweep goes. */
export interface SweepOptions {
  /** Whether into the folders inside. Default: yes. */
  isDeep?: boolean;
}

/** Files by path. Every failure is a `StorageError` whose message names the path and what to do. */
export interface Storage {
  /** The whole content of a file; `NotFoundError` if there is none. */
  read(path: string, options?: ReadOptions): Promise<Uint8Array>;
  /** Replaces a file as one step: readers see the old content or the new. Makes parent folders. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Entries of a folder by name, without temporary files; empty if the folder is missing. */
  list(path: string): Promise<StorageEntry[]>;
  /** Whether a file or folder exists. */
  exists(path: string): Promise<boolean>;
  /** The path with all links resolved, as far as it exists: equal for two paths of one folder. */
  realPath(path: string): Promise<string>;
  /** Moves a file or folder; the target must not exist. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a folder with all it holds; nothing happens if it is missing. */
  remove(path: string): Promise<void>;
  /**
   * Takes the lock file `path`, making parent folders; `LockedError` if it is taken, by another
   * process or in this one, naming who holds it and since when.
   */
  lock(path: string, holder: LockHolder): Promise<StorageLock>;
  /** Throws as `lock` does if that lock file is taken; takes and makes nothing. */
  checkLock(path: string, holder: LockHolder): Promise<void>;
  /**
   * Removes temporary files that killed writers have left anywhere under a folder, or just in it.
   * Those of other processes that still write go too, who then write again: where much is written,
   * only the holder of the folder's lock may.
   */
  sweep(folder: string, options?: SweepOptions): Promise<void>;
}
