/** How much of the browser's storage the page uses, and how much it may. */

import type { StorageSpace } from "./messages.ts";

/** The part of `navigator.storage` that tells; Deno's libraries do not know it. */
interface StorageManager {
  estimate(): Promise<{ usage?: number; quota?: number }>;
  persisted(): Promise<boolean>;
}

/** See the head of this file. */
export async function storageSpace(): Promise<StorageSpace> {
  const { storage } = globalThis.navigator as unknown as { storage: StorageManager };
  const { usage = 0, quota = 0 } = await storage.estimate();
  return { used: usage, quota, isPersistent: await storage.persisted() };
}
