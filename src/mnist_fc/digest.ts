/** A fingerprint of a network's arrays. */

import { sha256Hex } from "../formats/sha256.ts";
import type { Network } from "../foundations/network.ts";

/** SHA-256 over names, shapes and values, whatever the order of the layers. */
export async function networkDigest(network: Network): Promise<string> {
  const parts: string[] = [];
  for (const name of Object.keys(network).sort()) {
    const { shape, data } = network[name];
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    parts.push(`${name} ${shape.join("x")} ${await sha256Hex(bytes)}`);
  }
  return await sha256Hex(new TextEncoder().encode(parts.join("\n")));
}
