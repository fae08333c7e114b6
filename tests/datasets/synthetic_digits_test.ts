import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { makeSyntheticDigits } from "../../src/datasets/synthetic_digits.ts";
import { InputError } from "../../src/errors.ts";

const PIXELS = 784;

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One set for the tests that look at statistics. */
const digits = await makeSyntheticDigits({ seed: 3, trainCount: 6000, testCount: 2000 });

Deno.test("synthetic digits: shapes, labels and counts as asked", () => {
  assertEquals(digits.name, "synthetic-digits");
  assertEquals(digits.classes, 10);
  assertEquals(digits.imageShape, [28, 28]);
  for (const [split, count] of [[digits.train, 6000], [digits.test, 2000]] as const) {
    assertEquals([split.count, split.features], [count, PIXELS]);
    assertEquals([split.inputs.length, split.labels.length], [count * PIXELS, count]);
  }
});

Deno.test("synthetic digits: the first hundred images of seed 0 are the pinned ones", async () => {
  const { train } = await makeSyntheticDigits({ seed: 0, trainCount: 100, testCount: 1 });
  const bytes = new Uint8Array([...train.inputs, ...train.labels]);
  assertEquals(
    await sha256(bytes),
    "ae0630a1f4ed217a70172fee3ad72ca14bef5252bd9b2c6fd8bb84b8eccbd45c",
  );
});

Deno.test("synthetic digits: image i depends on (seed, split, i) alone", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.maxSafeNat(),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      async (seed, trainCount, testCount) => {
        const small = await makeSyntheticDigits({ seed, trainCount, testCount });
        const large = await makeSyntheticDigits({ seed, trainCount: 40, testCount: 40 });
        for (const split of ["train", "test"] as const) {
          const { inputs, labels, count } = small[split];
          assertEquals(inputs, large[split].inputs.subarray(0, count * PIXELS));
          assertEquals(labels, large[split].labels.subarray(0, count));
        }
      },
    ),
    { seed: 1, numRuns: 20 },
  );
});

Deno.test("synthetic digits: seeds and splits differ", async () => {
  const firstImages = new Set<string>();
  // 2^32 and 2^32 + 1 share their low words with 0 and 1: the high word must count as well.
  for (const seed of [0, 1, 2, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    const { train, test } = await makeSyntheticDigits({ seed, trainCount: 1, testCount: 1 });
    firstImages.add(train.inputs.join()).add(test.inputs.join());
  }
  assertEquals(firstImages.size, 12);
});

Deno.test("synthetic digits: no image occurs twice", () => {
  const images = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    images.add(digits.test.inputs.subarray(i * PIXELS, (i + 1) * PIXELS).join());
  }
  assertEquals(images.size, 2000);
});

Deno.test("synthetic digits: every label is about as common as the others", () => {
  const counts = new Array(10).fill(0);
  for (const label of digits.train.labels) counts[label]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 600) ** 2 / 600, 0);
  assert(chiSquare < 27.88, `labels: chi-square ${chiSquare}, 9 degrees of freedom, p < 0.001`);
});

Deno.test("synthetic digits: about as much ink as MNIST, in every image, in its middle", () => {
  const { inputs, count } = digits.train;
  let nonZero = 0, sumX = 0, sumY = 0, mass = 0;
  for (let i = 0; i < count; i++) {
    let inked = 0, brightest = 0;
    for (let p = 0; p < PIXELS; p++) {
      const value = inputs[i * PIXELS + p];
      if (value === 0) continue;
      inked++;
      brightest = Math.max(brightest, value);
      mass += value;
      sumX += value * (p % 28 + 0.5);
      sumY += value * (Math.floor(p / 28) + 0.5);
    }
    assert(inked >= 20 && inked <= 450, `image ${i} has ${inked} inked pixels`);
    assert(brightest >= 100, `image ${i} is no brighter than ${brightest}`);
    nonZero += inked;
  }
  const share = nonZero / (count * PIXELS);
  assert(share > 0.13 && share < 0.25, `share of inked pixels ${share}; MNIST's is 0.191`);
  assert(Math.abs(sumX / mass - 14) < 0.25, `mean column ${sumX / mass}`);
  assert(Math.abs(sumY / mass - 14) < 0.25, `mean row ${sumY / mass}`);
});

Deno.test("synthetic digits: the nearest class mean is a fair guess but no more", () => {
  const { train, test } = digits;
  const means = Array.from({ length: 10 }, () => new Float64Array(PIXELS));
  const counts = new Array(10).fill(0);
  train.labels.forEach((label, i) => {
    counts[label]++;
    for (let p = 0; p < PIXELS; p++) means[label][p] += train.inputs[i * PIXELS + p];
  });
  means.forEach((mean, label) => mean.forEach((sum, p) => mean[p] = sum / counts[label]));
  let correct = 0;
  test.labels.forEach((label, i) => {
    const distances = means.map((mean) => {
      let sum = 0;
      for (let p = 0; p < PIXELS; p++) sum += (test.inputs[i * PIXELS + p] - mean[p]) ** 2;
      return sum;
    });
    if (distances.indexOf(Math.min(...distances)) === label) correct++;
  });
  const accuracy = correct / test.count;
  assert(
    accuracy > 0.6 && accuracy < 0.92,
    `nearest class mean: ${accuracy}; MNIST's is about 0.78`,
  );
});

Deno.test("synthetic digits: progress rises to the total", async () => {
  const seen: number[] = [];
  await makeSyntheticDigits({
    seed: 1,
    trainCount: 1500,
    testCount: 600,
    onProgress: (done, total) => {
      assertEquals(total, 2100);
      seen.push(done);
    },
  });
  assertEquals(seen, [...seen].sort((a, b) => a - b));
  assertEquals(seen.at(-1), 2100);
  assertNotEquals(seen.length, 1);
});

Deno.test("synthetic digits: seeds and counts out of range are refused by name", async () => {
  for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    await assertRejects(() => makeSyntheticDigits({ seed }), InputError, `seed is ${seed}`);
  }
  for (const count of [0, -1, 1.5, NaN, 1e9]) {
    await assertRejects(
      () => makeSyntheticDigits({ seed: 0, trainCount: count }),
      InputError,
      `trainCount is ${count}`,
    );
    await assertRejects(
      () => makeSyntheticDigits({ seed: 0, testCount: count }),
      InputError,
      `testCount is ${count}`,
    );
  }
});
