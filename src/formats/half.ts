/** 16-bit floats. Not every browser has `Float16Array` and `Math.f16round`. */

/** The numbers of IEEE 754 half precision: 1 bit of sign, 5 of exponent, 10 of fraction. */
export function halvesToFloats(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(halves.length), bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i], exponent = (half >> 10) & 31, fraction = half & 1023;
    if (exponent === 0) {
      floats[i] = (half & 0x8000 ? -1 : 1) * fraction * 2 ** -24;
    } else {
      const biased = exponent === 31 ? 255 : exponent - 15 + 127;
      bits[i] = (half & 0x8000) << 16 | biased << 23 | fraction << 13;
    }
  }
  return floats;
}

/** The number of half precision that is nearest to one from 0 to 65,504; of two, the larger. */
export function nearestHalf(value: number): number {
  if (value === 0) return 0;
  const step = 2 ** (Math.max(Math.floor(Math.log2(value)), -14) - 10);
  return Math.round(value / step) * step;
}
