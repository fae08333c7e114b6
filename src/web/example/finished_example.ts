/**
 * The files of the finished experiment that comes with the page, in memory: it can be looked at and
 * asked where there is no GPU, and where the browser keeps no files.
 */

import { StorageError } from "../../errors.ts";
import { MemoryStorage } from "../../storage/memory.ts";
import { EXAMPLE_ON_SITE, EXAMPLE_PATH } from "./about_example.ts";
import { unpackExperiment } from "./packed_experiment.ts";

/** Its files, from the page's own server. Throws a LotteryError where they cannot be had. */
export async function loadExample(): Promise<MemoryStorage> {
  const address = new URL(EXAMPLE_ON_SITE, globalThis.location.href).href;
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) {
    throw new StorageError("the finished example cannot be loaded: look at the network, try again");
  }
  return await exampleStorage(new Uint8Array(await response.arrayBuffer()));
}

/** The files of a pack. */
export async function exampleStorage(pack: Uint8Array): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  for (const [path, bytes] of await unpackExperiment(pack, EXAMPLE_ON_SITE)) {
    await storage.write(`${EXAMPLE_PATH}/${path}`, bytes);
  }
  return storage;
}
