import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { pruneByPercentOracle } from "./prune.ts";

const prune = (weights: number[], mask: number[], percent: number) =>
  Array.from(pruneByPercentOracle(Float32Array.from(weights), Float32Array.from(mask), percent));

Deno.test("hand-worked prunings", () => {
  const weights = [0.5, -0.1, 0.3, -0.9, 0.2];
  assertEquals(prune(weights, [1, 1, 1, 1, 1], 0.4), [1, 0, 1, 1, 0]);
  assertEquals(prune(weights, [1, 1, 1, 1, 1], 0), [1, 1, 1, 1, 1]);
  // 0.5 · 3 live = 1.5, rounded to 2; what is pruned already stays so
  assertEquals(prune(weights, [1, 0, 1, 1, 0], 0.5), [0, 0, 0, 1, 0]);
  assertEquals(prune([1, -1, 1, -1], [1, 1, 1, 1], 0.5), [0, 0, 1, 1], "ties by lowest index");
  assertEquals(prune([0, -0, 0, 0], [1, 1, 1, 1], 0.25), [0, 1, 1, 1], "0 ties with -0");
});

Deno.test("one weight stays unless percent is 1", () => {
  assertEquals(prune([3, 1, 2], [1, 1, 1], 0.99), [1, 0, 0]);
  assertEquals(prune([3, 1, 2], [0, 1, 0], 0.6), [0, 1, 0]);
  assertEquals(prune([3, 1, 2], [1, 1, 1], 1), [0, 0, 0]);
  assertEquals(prune([3, 1, 2], [0, 0, 0], 0.5), [0, 0, 0]);
});

Deno.test("what stays is never smaller than what goes, and the mask only shrinks", () => {
  const cases = fc.tuple(
    fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: 0, max: 1 }))),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );
  fc.assert(
    fc.property(cases, ([pairs, percent]) => {
      const mask = pairs.map(([, m]) => m), next = prune(pairs.map(([w]) => w), mask, percent);
      const sizes = (kept: number) =>
        pairs.flatMap(([w, m], i) => m === 1 && next[i] === kept ? [Math.abs(w)] : []);
      assertEquals(next.every((m, i) => m <= mask[i]), true);
      assertEquals(Math.max(0, ...sizes(0)) <= Math.min(Infinity, ...sizes(1)), true);
    }),
    { seed: 1, numRuns: 200 },
  );
});
