import type { Storage } from "../storage/storage.ts";
import { checkBinary, type Network } from "./network.ts";
import { restoreNetwork } from "./save_restore.ts";
import * as paths from "./paths.ts";
export async function readNetwork(
  storage: Storage,
  source: string,
  part: "initial" | "final" | "masks",
): Promise<Network> {
  const network = await restoreNetwork(storage, source);
  if (part === "masks") {
    for (const [name, mask] of Object.entries(network)) {
      checkBinary(mask, paths.layer(source, name));
    }
  }
  return network;
}
