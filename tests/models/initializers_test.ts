import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RandomStream, seedKey } from "../../src/engine/random.ts";
import {
  constant,
  glorotNormal,
  truncatedGlorotNormal,
  zeros,
} from "../../src/models/initializers.ts";

const stream = (seed: number) => new RandomStream(seedKey(seed));

Deno.test("glorotNormal has the moments and tails of its normal distribution", () => {
  const weights = glorotNormal([784, 300], stream(1)), n = 784 * 300;
  assertEquals(weights.length, n);
  const sigma = 0.0429537; // sqrt(2/1084)
  const moment = (power: number) => weights.reduce((sum, w) => sum + (w / sigma) ** power, 0) / n;
  // Each within four standard errors: 1/sqrt(n), sqrt(2/n), sqrt(15/n), sqrt(96/n), sqrt(p(1-p)/n).
  assertAlmostEquals(moment(1), 0, 0.0083);
  assertAlmostEquals(moment(2), 1, 0.0117);
  assertAlmostEquals(moment(3), 0, 0.032);
  assertAlmostEquals(moment(4), 3, 0.081);
  const beyondTwoSigma = weights.filter((w) => Math.abs(w) > 2 * sigma).length / n;
  assertAlmostEquals(beyondTwoSigma, 0.0455, 0.0018);
});

Deno.test("truncatedGlorotNormal has the moments and the cut of the original's distribution", () => {
  const weights = truncatedGlorotNormal([784, 300], stream(2)), n = 784 * 300;
  const sigma = 0.0489747; // sqrt(1.3 · 2/1084)
  const moment = (power: number) => weights.reduce((sum, w) => sum + (w / sigma) ** power, 0) / n;
  const largest = weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / sigma;
  assert(largest < 2.00001 && largest > 1.999, `${largest}`);
  // Of the normal cut at 2, with φ(2) = 0.0539910 and 2Φ(2) − 1 = 0.9544997: the second moment is
  // 1 − 2·2φ(2)/0.9544997, the fourth 3 − 2(2³ + 3·2)φ(2)/0.9544997, and P(|z| < 1) =
  // 0.6826895/0.9544997. Each within four standard errors.
  const inside = weights.filter((w) => Math.abs(w) < sigma).length / n;
  assertAlmostEquals(moment(1), 0, 0.0073);
  assertAlmostEquals(moment(2), 0.773741, 0.0075);
  assertAlmostEquals(moment(3), 0, 0.017);
  assertAlmostEquals(moment(4), 1.416179, 0.027);
  assertAlmostEquals(inside, 0.715233, 0.0038);
  // The factor of 1.3 gives back what the cut takes: the variance is nearly 2/(inputs + units).
  assertAlmostEquals(moment(2) * sigma ** 2 / (2 / 1084), 1.0059, 0.01);
  assertEquals(truncatedGlorotNormal([7, 5], stream(3)), truncatedGlorotNormal([7, 5], stream(3)));
});

Deno.test("a kernel's fans count its window: of (5, 5, 20, 50) they are 500 and 1250", () => {
  const shape = [5, 5, 20, 50], n = 25000;
  const square = (weights: Float32Array) => weights.reduce((sum, w) => sum + w * w, 0) / n;
  // The variance of squares of normal numbers is 2: four standard errors.
  const glorot = glorotNormal(shape, stream(5));
  assertEquals(glorot.length, n);
  assertAlmostEquals(square(glorot) / (2 / 1750), 1, 4 * Math.sqrt(2 / n));
  const truncated = square(truncatedGlorotNormal(shape, stream(5)));
  assertAlmostEquals(truncated / (0.773741 * 1.3 * 2 / 1750), 1, 4 * Math.sqrt(2 / n));
  assertEquals(zeros([2, 2, 1, 3]), new Float32Array(12));
  assertEquals(constant(2)([1, 2, 1, 2], stream(1)), Float32Array.of(2, 2, 2, 2));
});

Deno.test("glorotNormal repeats with its key and differs between keys", () => {
  assertEquals(glorotNormal([7, 5], stream(3)), glorotNormal([7, 5], stream(3)));
  const [a, b] = [glorotNormal([7, 5], stream(3)), glorotNormal([7, 5], stream(4))];
  assert(a.every((w, i) => w !== b[i]));
});

Deno.test("zeros and constant", () => {
  assertEquals(zeros([2, 3]), new Float32Array(6));
  assertEquals(constant(0.5)([2, 1], stream(1)), Float32Array.of(0.5, 0.5));
});
