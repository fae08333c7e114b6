/**
 * SHA-256 (FIPS 180-4) of bytes as 64 lower-case hexadecimal digits: by the platform's WebCrypto;
 * here where that is withheld, as browsers do from pages of insecure addresses.
 */

/** The digest of `bytes`. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const { subtle } = crypto as { subtle?: SubtleCrypto };
  if (!subtle) return ownSha256Hex(bytes);
  // WebCrypto refuses shared memory; the copy also has the type that says so.
  return hex(new Uint8Array(await subtle.digest("SHA-256", new Uint8Array(bytes))));
}

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const BLOCK = 64;
const PRIMES = [...primes(64)];
/** The first 32 bits of the fractions of square and cube roots. */
const fraction = (root: number) => (root - Math.floor(root)) * 2 ** 32 | 0;
const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
const ROUNDS = PRIMES.map((prime) => fraction(Math.cbrt(prime)));

function* primes(count: number): Generator<number> {
  for (let n = 2, found: number[] = []; found.length < count; n++) {
    if (found.every((prime) => n % prime !== 0)) {
      found = [...found, n];
      yield n;
    }
  }
}

const turn = (word: number, bits: number) => word >>> bits | word << 32 - bits;

/** The same without WebCrypto. Exported for its tests. */
export function ownSha256Hex(bytes: Uint8Array): string {
  // A one bit, zeros, the length in bits.
  const padded = new Uint8Array(BLOCK * Math.ceil((bytes.length + 9) / BLOCK));
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, 8n * BigInt(bytes.length));
  const state = Int32Array.from(START), words = new Int32Array(64);
  for (let block = 0; block < padded.length; block += BLOCK) {
    for (let i = 0; i < 64; i++) {
      if (i < 16) words[i] = view.getInt32(block + 4 * i);
      else {
        const a = words[i - 15], b = words[i - 2];
        words[i] = words[i - 16] + words[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ a >>> 3) +
          (turn(b, 17) ^ turn(b, 19) ^ b >>> 10);
      }
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const first = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + ROUNDS[i] +
        words[i];
      const second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c);
      [h, g, f, e, d, c, b, a] = [g, f, e, d + first | 0, c, b, a, first + second | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => state[i] += word);
  }
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => digest.setInt32(4 * i, word));
  return hex(new Uint8Array(digest.buffer));
}
