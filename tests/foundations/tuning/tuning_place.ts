/** An empty place for files: memory in Deno, its own files (OPFS) in a browser. */

import { MemoryStorage } from "../../../src/storage/memory.ts";
import { OpfsStorage } from "../../../src/storage/opfs.ts";
import type { Storage } from "../../../src/storage/storage.ts";

const isBrowser = (Deno.build.os as string) === "browser";

/** Does some work in one, which is empty again afterwards. */
export async function withPlace(work: (storage: Storage) => Promise<void>): Promise<void> {
  const storage = isBrowser ? await OpfsStorage.open() : new MemoryStorage();
  try {
    await work(storage);
  } finally {
    await storage.remove("results");
  }
}
