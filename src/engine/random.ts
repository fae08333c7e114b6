/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011) and a keyed permutation of [0, n). A stream has no state but its position, so
 * any draw can be repeated alone and in any order.
 */

import { InputError } from "../errors.ts";

/** Two unsigned 32-bit words that select one of 2^64 independent streams. */
export type Key = readonly [number, number];

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0;
}

/** One Philox4x32-10 block: four words of counter and two of key give four random words. */
export function philox(
  counter: readonly [number, number, number, number],
  key: Key,
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(MULTIPLIER_0, c0), low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = mulHigh(MULTIPLIER_1, c2), low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** @throws InputError unless it is two unsigned 32-bit words. */
export function checkKey(key: Key): void {
  const isWord = (word: unknown) => Number.isInteger(word) && word === Number(word) >>> 0;
  if (Array.isArray(key) && key.length === 2 && key.every(isWord)) return;
  throw new InputError(
    `key ${String(key)} cannot be used: give two whole numbers from 0 to ${2 ** 32 - 1}`,
  );
}

/** The root key of a seed: any integer from 0 to 2^53 - 1. */
export function seedKey(seed: number): Key {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** A key derived from `parent` and up to four unsigned 32-bit coordinates. */
export function deriveKey(parent: Key, a: number, b = 0, c = 0, d = 0): Key {
  const words = philox([a >>> 0, b >>> 0, c >>> 0, d >>> 0], parent);
  return [words[0], words[1]];
}

/** A sequence of random numbers read from the blocks of one key. */
export class RandomStream {
  #block = 0;
  #words: number[] = [];
  #spareNormal: number | null = null;

  /** The numbers of a key, from the first. */
  constructor(readonly key: Key) {}

  /** Uniform in the integers [0, 2^32). */
  uint32(): number {
    if (this.#words.length === 0) {
      this.#words = philox([this.#block >>> 0, Math.floor(this.#block / 2 ** 32), 0, 0], this.key);
      this.#block++;
    }
    return this.#words.shift()!;
  }

  /** Uniform in [0, 1), 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5, low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** Uniform in the integers [0, n), n at most 2^32. */
  integerBelow(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Standard normal (Box-Muller in f64). */
  normal(): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal;
      this.#spareNormal = null;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/** Rounds of the Feistel network below; the gather kernel (shaders/permute.wgsl) uses the same. */
const PERMUTATION_ROUNDS = 8;

/** The finalizer of MurmurHash3: a bijection of 32-bit words; every bit affects every bit. */
export function mix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}

/**
 * Element `index` of a pseudo-random permutation of [0, n) selected by `key`: an unbalanced Feistel
 * network over the smallest power of two that holds n, walked until it lands inside [0, n) (Black
 * and Rogaway, "Ciphers with arbitrary finite domains", 2002; under two steps expected). Nothing is
 * stored, so the GPU finds its own training order from two words of key.
 *
 * @param index position, 0 ≤ index < n
 * @param n     size of the domain, 1 ≤ n ≤ 2^31
 */
export function permute(index: number, n: number, key: Key): number {
  let bits = 2;
  while (2 ** bits < n) bits++;
  const lowBits = bits >>> 1, highBits = bits - lowBits;
  let value = index;
  do {
    // The halves have different widths when `bits` is odd; they swap roles each round.
    let left = value >>> lowBits, right = value & ((1 << lowBits) - 1);
    let leftBits = highBits, rightBits = lowBits;
    for (let round = 0; round < PERMUTATION_ROUNDS; round++) {
      const noise = mix(mix((right ^ key[0]) >>> 0) ^ ((key[1] + Math.imul(round, WEYL_0)) >>> 0));
      const next = (left ^ noise) & ((1 << leftBits) - 1);
      left = right;
      right = next;
      [leftBits, rightBits] = [rightBits, leftBits];
    }
    value = (left << rightBits) | right;
  } while (value >= n);
  return value;
}

/** The key of one epoch's data order, derived from a run's order key (shaders/permute.wgsl). */
export function epochKey(key: Key, epoch: number): Key {
  return [mix((key[0] + Math.imul(epoch, WEYL_0)) >>> 0), mix((key[1] ^ mix(epoch)) >>> 0)];
}
