/**
 * MD5 (RFC 1321) of bytes as 32 lower-case hexadecimal digits: some archives are published with no
 * other digest, and WebCrypto has none of it. It tells damage, not malice.
 */

const BLOCK = 64;
/** Rotations of the four rounds, by step. */
const SHIFTS = Uint8Array.from(
  [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]]
    .flatMap((four) => [...four, ...four, ...four, ...four]),
);
/** ⌊2³²·|sin(i + 1)|⌋ */
const SINES = Int32Array.from({ length: 64 }, (_, i) => 2 ** 32 * Math.abs(Math.sin(i + 1)) | 0);
/** The word of a block that step i takes. */
const WORDS = Uint8Array.from(
  { length: 64 },
  (_, i) => [i, 5 * i + 1, 3 * i + 5, 7 * i][i >> 4] % 16,
);

/** The digest of `bytes`. */
export function md5Hex(bytes: Uint8Array): string {
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  const whole = bytes.length - bytes.length % BLOCK;
  addBlocks(state, bytes.subarray(0, whole));
  // The end: what is left, a one bit, zeros, the length in bits.
  const left = bytes.subarray(whole);
  const end = new Uint8Array(left.length + 9 > BLOCK ? 2 * BLOCK : BLOCK);
  end.set(left);
  end[left.length] = 0x80;
  new DataView(end.buffer).setBigUint64(end.length - 8, 8n * BigInt(bytes.length), true);
  addBlocks(state, end);
  return Array.from(
    new Uint8Array(state.buffer),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

function addBlocks(state: Int32Array, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Int32Array(16);
  let a0 = state[0], b0 = state[1], c0 = state[2], d0 = state[3];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    for (let w = 0; w < 16; w++) words[w] = view.getInt32(at + 4 * w, true);
    let a = a0, b = b0, c = c0, d = d0;
    for (let i = 0; i < 64; i++) {
      let mix: number;
      if (i < 16) mix = (b & c) | (~b & d);
      else if (i < 32) mix = (d & b) | (~d & c);
      else if (i < 48) mix = b ^ c ^ d;
      else mix = c ^ (b | ~d);
      const sum = (a + mix + SINES[i] + words[WORDS[i]]) | 0, shift = SHIFTS[i];
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    a0 = (a0 + a) | 0;
    b0 = (b0 + b) | 0;
    c0 = (c0 + c) | 0;
    d0 = (d0 + d) | 0;
  }
  // Little-endian, as all machines that have WebGPU are.
  state.set([a0, b0, c0, d0]);
}
