/**
 * `Storage` on the disk, through Deno's file system. Relative paths start at the working folder.
 *
 * A write goes to a temporary name in the same folder, is flushed to the disk, then renamed over the
 * target, so a crash at any point leaves the old file or the new one.
 */

import { NotFoundError, StorageError } from "../errors.ts";
import { lockedError } from "./lock_holder.ts";
import type { LockHolder, Storage, StorageEntry, StorageLock } from "./storage.ts";
import { isTemporary, temporaryName } from "./temporary.ts";

/** Files on the disk; needs Deno's read permission, and write permission to change anything. */
export class DenoStorage implements Storage {
  async read(path: string): Promise<Uint8Array> {
    try {
      return await Deno.readFile(path);
    } catch (error) {
      throw isMissing(error) ? notFound("read", path) : asStorageError(error, "read", path);
    }
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const { folder, name } = splitPath(path);
    for (let tries = 1;; tries++) {
      const temporary = folder + temporaryName(name);
      try {
        if (folder !== "") await Deno.mkdir(folder, { recursive: true });
        await writeFlushed(temporary, bytes);
        await Deno.rename(temporary, path);
        return await flushFolder(folder);
      } catch (error) {
        // The failure to report is the first one; there may be no temporary file to remove.
        await Deno.remove(temporary).catch(() => {});
        // Another process may have swept it away as a killed one's.
        if (!(error instanceof Deno.errors.NotFound) || tries === WRITE_TRIES) {
          throw asStorageError(error, "write", path);
        }
      }
    }
  }

  async list(path: string): Promise<StorageEntry[]> {
    try {
      const entries: StorageEntry[] = [];
      for await (const { name, isDirectory } of Deno.readDir(path)) {
        if (!isTemporary(name)) entries.push({ name, isDirectory });
      }
      return entries.sort((a, b) => a.name < b.name ? -1 : 1);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw asStorageError(error, "list", path);
    }
  }

  async exists(path: string): Promise<boolean> {
    try {
      await Deno.stat(path);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw asStorageError(error, "look at", path);
    }
  }

  async rename(from: string, to: string): Promise<void> {
    if (!await this.exists(from)) throw notFound("move", from);
    // Deno.rename would replace a file silently.
    if (await this.exists(to)) {
      throw new StorageError(`cannot move ${from}: ${to} exists; remove it or choose another name`);
    }
    try {
      const { folder } = splitPath(to);
      if (folder !== "") await Deno.mkdir(folder, { recursive: true });
      await Deno.rename(from, to);
      await flushFolder(folder);
    } catch (error) {
      throw asStorageError(error, "move", from);
    }
  }

  async remove(path: string): Promise<void> {
    try {
      await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (!isMissing(error)) throw asStorageError(error, "remove", path);
    }
  }

  async lock(path: string, holder: LockHolder): Promise<StorageLock> {
    const { folder } = splitPath(path);
    try {
      if (folder !== "") await Deno.mkdir(folder, { recursive: true });
      for (let tries = 1; tries <= LOCK_TRIES; tries++) {
        const file = await tryLock(path);
        if (file) {
          await writeHolder(file, holder);
          let isReleased = false;
          const release = async () => {
            if (isReleased) return;
            isReleased = true;
            await Deno.remove(path).catch(() => {});
            file.close();
          };
          return { release };
        }
        // Whoever has it may be about to write its name, or to release it.
        const text = await Deno.readTextFile(path).catch(() => "");
        if (text !== "") throw lockedError(path, text);
        await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MILLISECONDS));
      }
    } catch (error) {
      throw error instanceof StorageError ? error : asStorageError(error, "lock", path);
    }
    throw lockedError(path, "");
  }

  async sweep(folder: string): Promise<void> {
    const sweepBelow = async (below: string) => {
      for await (const { name, isDirectory } of Deno.readDir(below)) {
        const path = `${below}/${name}`;
        if (isDirectory) await sweepBelow(path);
        else if (isTemporary(name)) await Deno.remove(path);
      }
    };
    try {
      await sweepBelow(folder.replace(/(.)\/+$/, "$1"));
    } catch (error) {
      if (!isMissing(error)) throw asStorageError(error, "tidy", folder);
    }
  }
}

const WRITE_TRIES = 3;

/** How often a lock is tried whose file goes away meanwhile: its holder is releasing it. */
const LOCK_TRIES = 20;
const LOCK_PAUSE_MILLISECONDS = 25;

/**
 * Takes the lock of a file: the system frees it when the process ends, however it does, so that a lock
 * file that someone has left behind locks nothing. Null if it is taken.
 */
async function tryLock(path: string): Promise<Deno.FsFile | null> {
  const file = await Deno.open(path, { read: true, write: true, create: true });
  let isHeld = false;
  try {
    if (!await file.tryLock(true)) return null;
    // Whoever released it removed the file that was opened here; the lock of that one is worth nothing.
    const [ours, theirs] = [await file.stat(), await Deno.stat(path).catch(() => null)];
    isHeld = theirs !== null && ours.ino === theirs.ino && ours.dev === theirs.dev;
    return isHeld ? file : null;
  } finally {
    if (!isHeld) file.close();
  }
}

async function writeHolder(file: Deno.FsFile, holder: LockHolder): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(holder) + "\n");
  await file.truncate(0);
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}

/**
 * Brings the names in a folder to the disk, so that a power cut cannot undo a rename. Where a folder
 * cannot be flushed, as on Windows, the file system sees to it or nothing does.
 */
async function flushFolder(folder: string): Promise<void> {
  try {
    using file = await Deno.open(folder === "" ? "." : folder);
    await file.sync();
  } catch (error) {
    if (Deno.build.os !== "windows" && !isUnflushable(error)) throw error;
  }
}

/** What file systems answer that do not flush folders. */
function isUnflushable(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["EINVAL", "EISDIR", "ENOTSUP", "EACCES", "EPERM", "EBADF"].includes(code);
}

/** Makes a new file whose bytes are on the disk, not only in the system's cache, on return. */
async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  await file.sync();
}

/** The folder of a path with its final slash ("" for the working folder), and the last name. */
function splitPath(path: string): { folder: string; name: string } {
  const end = path.lastIndexOf("/") + 1;
  return { folder: path.slice(0, end), name: path.slice(end) };
}

/** A path below a file does not exist either. */
function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

function notFound(action: string, path: string): NotFoundError {
  return new NotFoundError(`cannot ${action} ${path}: it does not exist; check the path`);
}

/** What is wrong and what to do next, by the operating system's error code. */
const FAULTS: Record<string, string> = {
  EACCES: "permission denied; check the owner and mode of it and its folder, or choose another",
  EPERM: "the system forbids it; check the owner and mode of it and its folder, or choose another",
  EROFS: "the file system is read-only; choose a folder on another one",
  ENOSPC: "the disk is full; free some space or choose a folder on another disk",
  EDQUOT: "the disk quota is used up; free some space or choose a folder on another disk",
  EISDIR: "it is a folder, not a file; name a file",
  ENOTDIR: "a part of the path is a file, not a folder; name another path",
  EEXIST: "a part of the path is a file, not a folder; name another path",
  EINVAL: "the system cannot use that path (a folder cannot move into itself); name another one",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  EMFILE: "too many files are open; run fewer things at once",
};

/**
 * The one-line error for a failed file operation. Exported for its tests: a full disk cannot be had
 * on demand.
 *
 * @param action what could not be done to `path`, as a verb: "read", "write", …
 */
export function asStorageError(error: unknown, action: string, path: string): StorageError {
  if (error instanceof Deno.errors.NotFound) return notFound(action, path);
  if (error instanceof Deno.errors.NotCapable) {
    return new StorageError(
      `cannot ${action} ${path}: Deno does not permit it; choose another folder, or start the program ` +
        `through \`deno task\``,
    );
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  const fault = FAULTS[code] ?? `${message.split("\n")[0]}; check the path and the disk`;
  return new StorageError(`cannot ${action} ${path}: ${fault}`);
}
