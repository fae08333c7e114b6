/** The masks of a run over time, with one bit per weight: a long run has hundreds of them. */

/** The masks of a network from an iteration on. */
export interface MaskStep {
  /** Updates made when they came into force. */
  iteration: number;
  /** Of each layer, in order: a bit per weight in C order, the lowest bit of a byte first. */
  bits: Uint8Array[];
}

/** Bytes of a mask of so many weights. */
export function maskBytes(size: number): number {
  return Math.ceil(size / 8);
}

/** A mask as bits. */
export function toBits(mask: ArrayLike<number>): Uint8Array {
  const bits = new Uint8Array(maskBytes(mask.length));
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) bits[i >> 3] |= 1 << (i & 7);
  return bits;
}

/** The mask of so many weights in these bits, as bytes of 0 and 1. */
export function fromBits(bits: Uint8Array, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => bits[i >> 3] >> (i & 7) & 1);
}
