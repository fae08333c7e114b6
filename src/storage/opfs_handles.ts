/**
 * Declares the parts of the browser's file system and locks that are used here, because Deno's
 * libraries, against which all of src/ is checked too, know neither.
 */

/** A file. */
export interface FileHandle {
  readonly kind: "file";
  readonly name: string;
  getFile(): Promise<Blob>;
  /** In workers alone; while it is open nobody else can open one. */
  createSyncAccessHandle(): Promise<SyncAccess>;
  /** Takes the place of a file of that name. */
  move(folder: FolderHandle, name: string): Promise<void>;
}

/** A file that is open. */
export interface SyncAccess {
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

/** A folder. */
export interface FolderHandle {
  readonly kind: "directory";
  readonly name: string;
  getFileHandle(name: string, options?: { create: boolean }): Promise<FileHandle>;
  getDirectoryHandle(name: string, options?: { create: boolean }): Promise<FolderHandle>;
  removeEntry(name: string, options?: { recursive: boolean }): Promise<void>;
  entries(): AsyncIterable<[name: string, handle: FileHandle | FolderHandle]>;
}

/** `navigator.locks`: held by the tab or worker until it ends, however it does. */
export interface WebLocks {
  request<T>(name: string, work: (lock: object) => Promise<T>): Promise<T>;
  query(): Promise<{ held?: { name?: string }[] }>;
}

/** The part of `navigator` that has them. */
export interface BrowserNavigator {
  storage?: { getDirectory?(): Promise<FolderHandle> };
  locks?: WebLocks;
}
