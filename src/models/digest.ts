/** A fingerprint of networks' arrays. */

import { sha256Hex } from "../formats/digests/sha256.ts";
import type { Network } from "./network.ts";

/** SHA-256 over names, shapes and values of networks, whatever the order of their layers. */
export async function networkDigest(...networks: Network[]): Promise<string> {
  const parts: string[] = [];
  for (const network of networks) {
    for (const name of Object.keys(network).sort()) {
      const { shape, data } = network[name];
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      parts.push(`${name} ${shape.join("x")} ${await sha256Hex(bytes)}`);
    }
  }
  return await sha256Hex(new TextEncoder().encode(parts.join("\n")));
}
