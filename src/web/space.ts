/** How much of the browser's storage the page's files take, and how much they may. */

import type { OpfsStorage } from "../storage/opfs.ts";
import type { StorageSpace } from "./messages.ts";

/** The part of `navigator.storage` that tells; Deno's libraries do not know it. */
interface StorageManager {
  estimate(): Promise<{ quota?: number }>;
  persisted(): Promise<boolean>;
}

/** Returns the storage used and left. The browser's own estimate lags behind and is padded. */
export async function storageSpace(files: OpfsStorage): Promise<StorageSpace> {
  const { storage } = globalThis.navigator as unknown as { storage: StorageManager };
  const { quota = 0 } = await storage.estimate();
  return { used: await files.bytes(), quota, isPersistent: await storage.persisted() };
}
