/** How large a buffer may be, and sizes in words. */

import type { Gpu } from "./device.ts";

/** Most bytes of a buffer that kernels read or write. */
export function bufferLimit({ device }: Gpu): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  return Math.min(maxStorageBufferBindingSize, maxBufferSize);
}

/** Bytes in words. */
export function sizeText(bytes: number): string {
  const [unit, size] = bytes >= 1e9 ? ["GB", 1e9] : bytes >= 1e6 ? ["MB", 1e6] : ["kB", 1e3];
  return `${Number((bytes / size).toPrecision(3))} ${unit}`;
}
