/** The errors of files in a browser: what failed, why, and the next action. */

import { NotFoundError, StorageError } from "../errors.ts";

/** The name of a browser's exception. */
export const nameOf = (error: unknown): string => error instanceof Error ? error.name : "";
/** Its message. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : `${error}`;

export function notFound(action: string, path: string): NotFoundError {
  return new NotFoundError(`cannot ${action} ${path}: it does not exist; check the path`);
}

export function isFolder(action: string, path: string): StorageError {
  return new StorageError(`cannot ${action} ${path}: it is a folder, not a file; name a file`);
}

export function belowFile(action: string, path: string): StorageError {
  return new StorageError(
    `cannot ${action} ${path}: a part of the path is a file, not a folder; name another path`,
  );
}

/** The fault and the next action, by the name of the browser's exception. */
const FAULTS: Record<string, string> = {
  QuotaExceededError: "the browser's storage for this page is full; download and delete " +
    "experiments that are no longer needed, or free disk space, then continue",
  NoModificationAllowedError: "another tab is using it; close that tab, then try again",
  SecurityError: "the browser forbids it; allow the site to keep data",
  TypeError: "the browser cannot use such a name; choose another one",
};

export function asStorageError(error: unknown, action: string, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const name = nameOf(error);
  if (name === "NotFoundError") return notFound(action, path);
  if (name === "TypeMismatchError") return belowFile(action, path);
  const fault = FAULTS[name] ?? `${messageOf(error).split("\n")[0]}; check the path`;
  return new StorageError(`cannot ${action} ${path}: ${fault}`);
}
