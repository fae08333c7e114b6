import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RandomStream, seedKey } from "../../src/engine/random.ts";
import { constant, glorotNormal, zeros } from "../../src/foundations/initializers.ts";

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

Deno.test("glorotNormal repeats with its key and differs between keys", () => {
  assertEquals(glorotNormal([7, 5], stream(3)), glorotNormal([7, 5], stream(3)));
  const [a, b] = [glorotNormal([7, 5], stream(3)), glorotNormal([7, 5], stream(4))];
  assert(a.every((w, i) => w !== b[i]));
});

Deno.test("zeros and constant", () => {
  assertEquals(zeros([2, 3]), new Float32Array(6));
  assertEquals(constant(0.5)([2, 1], stream(1)), Float32Array.of(0.5, 0.5));
});
