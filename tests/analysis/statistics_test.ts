import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { summarize } from "../../src/analysis/statistics.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { InputError } from "../../src/errors.ts";

Deno.test("summary: mean and range; one trial has no interval", () => {
  const { trials, mean, min, max, interval } = summarize([1, 2, 6]);
  assertEquals([trials, mean, min, max], [3, 3, 1, 6]);
  assert(
    interval !== null && interval[0] >= 1 && interval[0] < 3 && interval[1] > 3 && interval[1] <= 6,
  );
  assertEquals(summarize([5]).interval, null);
  assertEquals(summarize([4, 4, 4]).interval, [4, 4]);
  assertThrows(() => summarize([]), InputError, "0 values");
  assertThrows(() => summarize([1, NaN]), InputError, "finite");
});

Deno.test("summary: the same values give the same interval", () => {
  assertEquals(summarize([1, 2, 3, 5]), summarize([1, 2, 3, 5]));
});

Deno.test("bootstrap: of many values, the interval that the normal law gives", () => {
  const stream = new RandomStream([1, 0]);
  const values = Array.from({ length: 400 }, () => stream.normal());
  const { mean, interval } = summarize(values);
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  const half = 1.96 * Math.sqrt(variance / values.length);
  assertAlmostEquals(interval![0], mean - half, 0.1 * half);
  assertAlmostEquals(interval![1], mean + half, 0.1 * half);
});
