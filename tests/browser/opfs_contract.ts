/** The contract of storages over OPFS, for a worker in Chromium. */

import { OpfsStorage } from "../../src/storage/opfs.ts";
import { type Place, testStorage } from "../storage/contract.ts";
import { testLocks } from "../storage/lock_contract.ts";

let places = 0;

async function makePlace(): Promise<Place> {
  const storage = await OpfsStorage.open();
  const root = `place${++places}`;
  await storage.write(`${root}/f`, new Uint8Array());
  await storage.remove(`${root}/f`);
  return { storage, root, [Symbol.asyncDispose]: () => storage.remove(root) };
}

testStorage("OPFS", makePlace);
testLocks("OPFS", makePlace);
