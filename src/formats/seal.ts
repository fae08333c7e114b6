/** Seals drawings: an SVG ends with a digest of itself, so that damage shows. */

import { sha256Hex } from "./digests/sha256.ts";

const SEAL = /\n<!-- sha256 of all before this line: ([0-9a-f]{64}) -->\n$/;

/** The bytes of a drawing with its seal. */
export async function sealSvg(svg: string): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const digest = await sha256Hex(encoder.encode(svg));
  return encoder.encode(`${svg}\n<!-- sha256 of all before this line: ${digest} -->\n`);
}

/** Whether a drawing is as it was written; one that never had a seal is not. */
export async function isSealIntact(bytes: Uint8Array): Promise<boolean> {
  const text = new TextDecoder().decode(bytes);
  const match = SEAL.exec(text);
  if (!match) return false;
  return await sha256Hex(bytes.subarray(0, bytes.length - match[0].length)) === match[1];
}
