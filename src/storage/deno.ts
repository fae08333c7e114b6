/**
 * `Storage` on the disk, through Deno's file system. Relative paths start at the working folder.
 *
 * A write goes to a temporary name in the same folder, is flushed to the disk, then renamed over the
 * target, so a crash at any point leaves the old file or the new one.
 */

import { NotFoundError, StorageError } from "../errors.ts";
import type { Storage, StorageEntry } from "./storage.ts";

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
    const temporary = `${folder}.${name}.${crypto.randomUUID()}.tmp`;
    try {
      if (folder !== "") await Deno.mkdir(folder, { recursive: true });
      await writeFlushed(temporary, bytes);
      await Deno.rename(temporary, path);
    } catch (error) {
      // The failure to report is the first one; there may be no temporary file to remove.
      await Deno.remove(temporary).catch(() => {});
      throw asStorageError(error, "write", path);
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

/** Names that `write` gives to files that are not finished; a killed process leaves them behind. */
function isTemporary(name: string): boolean {
  return /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.test(name);
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
