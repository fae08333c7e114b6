import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  deriveKey,
  epochKey,
  type Key,
  permute,
  philox,
  RandomStream,
  seedKey,
} from "../../src/engine/random.ts";

const ONES = 0xffffffff;

Deno.test("philox: the known answers of Random123's kat_vectors", () => {
  assertEquals(philox([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  assertEquals(
    philox([ONES, ONES, ONES, ONES], [ONES, ONES]),
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  );
  assertEquals(
    philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  );
});

/** Philox4x32-10 in big integers, written from the paper's section 3.3. */
function philoxBig(counter: readonly number[], key: readonly number[]): number[] {
  const word = 2n ** 32n;
  let [c0, c1, c2, c3] = counter.map(BigInt);
  let [k0, k1] = key.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const product0 = 0xd2511f53n * c0, product1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [
      product1 / word ^ c1 ^ k0,
      product1 % word,
      product0 / word ^ c3 ^ k1,
      product0 % word,
    ];
    k0 = (k0 + 0x9e3779b9n) % word;
    k1 = (k1 + 0xbb67ae85n) % word;
  }
  return [c0, c1, c2, c3].map(Number);
}

const uint32 = fc.integer({ min: 0, max: ONES });

Deno.test("philox: agrees with big-integer arithmetic", () => {
  fc.assert(
    fc.property(
      fc.tuple(uint32, uint32, uint32, uint32),
      fc.tuple(uint32, uint32),
      (counter, key) => assertEquals([...philox(counter, key)], philoxBig(counter, key)),
    ),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("RandomStream: gives the words of blocks 0, 1, 2, … in order", () => {
  const key: Key = [0xa4093822, 0x299f31d0];
  const stream = new RandomStream(key);
  for (let block = 0; block < 5; block++) {
    const words = Array.from({ length: 4 }, () => stream.uint32());
    assertEquals(words, philoxBig([block, 0, 0, 0], key));
  }
});

Deno.test("seedKey and deriveKey: both words of a seed and every coordinate matter", () => {
  assertEquals(seedKey(0), [0, 0]);
  assertEquals(seedKey(2 ** 32 + 5), [5, 1]);
  assertEquals(seedKey(Number.MAX_SAFE_INTEGER), [ONES, 2 ** 21 - 1]);
  const keys = new Set<string>();
  for (const seed of [0, 1, 2 ** 32]) {
    for (const at of [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]) {
      keys.add(deriveKey(seedKey(seed), at[0], at[1], at[2], at[3]).join());
    }
  }
  assertEquals(keys.size, 15);
});

/** Mean, variance, skewness and kurtosis. */
function moments(values: Float64Array): [number, number, number, number] {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const central = (k: number) => values.reduce((sum, v) => sum + (v - mean) ** k, 0) / n;
  const variance = central(2);
  return [mean, variance, central(3) / variance ** 1.5, central(4) / variance ** 2];
}

// With 100,000 draws the bounds below are four to six standard errors of each moment.

Deno.test("uniform: in [0, 1) with the moments of the uniform distribution", () => {
  const stream = new RandomStream(deriveKey(seedKey(11), 1));
  const values = Float64Array.from({ length: 100_000 }, () => stream.uniform());
  assert(values.every((v) => v >= 0 && v < 1));
  const [mean, variance, skewness, kurtosis] = moments(values);
  assertAlmostEquals(mean, 1 / 2, 0.005);
  assertAlmostEquals(variance, 1 / 12, 0.0015);
  assertAlmostEquals(skewness, 0, 0.03);
  assertAlmostEquals(kurtosis, 9 / 5, 0.03);
});

Deno.test("normal: the moments and tails of the standard normal, neighbours independent", () => {
  const stream = new RandomStream(deriveKey(seedKey(11), 2));
  const values = Float64Array.from({ length: 100_000 }, () => stream.normal());
  const [mean, variance, skewness, kurtosis] = moments(values);
  assertAlmostEquals(mean, 0, 0.015);
  assertAlmostEquals(variance, 1, 0.02);
  assertAlmostEquals(skewness, 0, 0.035);
  assertAlmostEquals(kurtosis, 3, 0.07);
  const beyond2 = values.filter((v) => Math.abs(v) > 2).length / values.length;
  assertAlmostEquals(beyond2, 0.0455, 0.003);
  let products = 0;
  for (let i = 1; i < values.length; i++) products += values[i] * values[i - 1];
  assertAlmostEquals(products / values.length, 0, 0.015);
});

Deno.test("below: every value equally often", () => {
  const stream = new RandomStream(deriveKey(seedKey(11), 3));
  const counts = new Array(10).fill(0);
  for (let i = 0; i < 100_000; i++) counts[stream.integerBelow(10)]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  assert(chiSquare < 27.88, `chi-square ${chiSquare}, 9 degrees of freedom, p < 0.001`);
});

Deno.test("permute: a bijection of [0, n) for every n from 1 to 2000", () => {
  for (let n = 1; n <= 2000; n++) {
    const key = deriveKey(seedKey(n), 4), seen = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      const value = permute(i, n, key);
      if (!(value >= 0 && value < n)) throw new Error(`permute(${i}, ${n}) is ${value}`);
      seen[value]++;
    }
    assert(seen.every((count) => count === 1), `permute is no bijection for n = ${n}`);
  }
});

Deno.test("permute: stays in [0, n) and one to one for large n", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 2 ** 31 }),
      fc.tuple(uint32, uint32),
      fc.tuple(fc.nat(), fc.nat()),
      (n, key, [a, b]) => {
        const i = a % n, j = b % n;
        const atI = permute(i, n, key), atJ = permute(j, n, key);
        assert(Number.isInteger(atI) && atI >= 0 && atI < n, `permute(${i}, ${n}) is ${atI}`);
        assertEquals(atI === atJ, i === j);
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});

Deno.test("permute: differs between keys, in either word", () => {
  const orders = new Set<string>();
  for (const key of [[0, 0], [1, 0], [0, 1], [1, 1], [ONES, 0], [0, ONES]] as Key[]) {
    orders.add(Array.from({ length: 100 }, (_, i) => permute(i, 100, key)).join());
  }
  assertEquals(orders.size, 6);
});

/**
 * Over random keys, value j stands at position i equally often. For uniform permutations
 * (n-1)/n · Σ (observed - expected)² / expected follows chi-square with (n-1)² degrees of freedom
 * (rows and columns of every permutation matrix sum to one); the bound is four standard deviations.
 */
for (const n of [3, 8, 11, 16, 37, 100]) {
  Deno.test(`permute: every value at every position equally often, n = ${n}`, () => {
    const keys = 20_000, expected = keys / n, counts = new Float64Array(n * n);
    for (let k = 0; k < keys; k++) {
      const key = deriveKey(seedKey(5), 5, k);
      for (let i = 0; i < n; i++) counts[i * n + permute(i, n, key)]++;
    }
    const sum = counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0);
    const chiSquare = sum * (n - 1) / n, freedom = (n - 1) ** 2;
    const z = (chiSquare - freedom) / Math.sqrt(2 * freedom);
    assert(Math.abs(z) < 4, `chi-square ${chiSquare} for ${freedom} degrees of freedom`);
  });
}

Deno.test("permute: the values at two neighbouring positions are unrelated", () => {
  // The ordered pairs (value at 0, value at 1) of n = 10: 90 cells, 89 degrees of freedom.
  const keys = 90_000, counts = new Float64Array(100);
  for (let k = 0; k < keys; k++) {
    const key = deriveKey(seedKey(6), 6, k);
    counts[permute(0, 10, key) * 10 + permute(1, 10, key)]++;
  }
  let chiSquare = 0;
  counts.forEach((count, cell) => {
    if (cell % 11 === 0) assertEquals(count, 0);
    else chiSquare += (count - 1000) ** 2 / 1000;
  });
  const z = (chiSquare - 89) / Math.sqrt(2 * 89);
  assert(Math.abs(z) < 4, `chi-square ${chiSquare} for 89 degrees of freedom`);
});

/** MurmurHash3's 32-bit finalizer in big integers. */
function murmurBig(word: bigint): bigint {
  const mask = 2n ** 32n - 1n;
  word = (word ^ (word >> 16n)) * 0x85ebca6bn & mask;
  word = (word ^ (word >> 13n)) * 0xc2b2ae35n & mask;
  return word ^ (word >> 16n);
}

Deno.test("epochKey: agrees with big-integer arithmetic", () => {
  fc.assert(
    fc.property(fc.tuple(uint32, uint32), uint32, (key, epoch) => {
      const first = murmurBig((BigInt(key[0]) + BigInt(epoch) * 0x9e3779b9n) % 2n ** 32n);
      const second = murmurBig(BigInt(key[1]) ^ murmurBig(BigInt(epoch)));
      assertEquals([...epochKey(key, epoch)], [Number(first), Number(second)]);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("epochKey: both words differ between epochs, and orders between epochs and keys", () => {
  const key: Key = [123, 456], words = [new Set<number>(), new Set<number>()];
  for (let epoch = 0; epoch < 10_000; epoch++) {
    epochKey(key, epoch).forEach((word, i) => words[i].add(word));
  }
  assertEquals(words.map(({ size }) => size), [10_000, 10_000]);

  const orders = new Set<string>();
  for (const key of [[0, 0], [0, 1], [1, 0]] as Key[]) {
    for (let epoch = 0; epoch < 100; epoch++) {
      const ofEpoch = epochKey(key, epoch);
      orders.add(Array.from({ length: 50 }, (_, i) => permute(i, 50, ofEpoch)).join());
    }
  }
  assertEquals(orders.size, 300);
});
