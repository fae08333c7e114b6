import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { decidingTrials, studentInterval, summarize } from "../../src/analysis/statistics.ts";
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

Deno.test("Student: worked by hand; none of one value; near the normal law of many", () => {
  // Mean 3, standard deviation sqrt(2.5), t of 4 degrees of freedom 2.132.
  const [low, high] = studentInterval([1, 2, 3, 4, 5])!;
  assertAlmostEquals(low, 3 - 2.132 * Math.sqrt(2.5 / 5), 1e-9);
  assertAlmostEquals(high, 3 + 2.132 * Math.sqrt(2.5 / 5), 1e-9);
  assertEquals(studentInterval([1]), null);
  // 20 degrees of freedom: 1.7247 in the tables.
  const values = Array.from({ length: 21 }, (_, i) => i);
  assertAlmostEquals(studentInterval(values)![1], 10 + 1.7247 * Math.sqrt(38.5 / 21), 2e-3);
});

Deno.test("intervals of five normal values: Student's holds the mean in 90 of 100 cases, the bootstrap's in 83", () => {
  const stream = new RandomStream([5, 0]);
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform());
  let student = 0, bootstrap = 0;
  const cases = 2000;
  for (let i = 0; i < cases; i++) {
    const values = Array.from({ length: 5 }, normal);
    const holds = ([low, high]: readonly [number, number]) => Number(low < 0 && 0 < high);
    student += holds(studentInterval(values)!);
    bootstrap += holds(summarize(values).interval!);
  }
  assertAlmostEquals(student / cases, 0.9, 0.025);
  assertAlmostEquals(bootstrap / cases, 0.83, 0.025);
});

Deno.test("values of a mean that are not finite are refused", () => {
  assertThrows(() => summarize([1, Infinity]), InputError, "value 1 of a mean is Infinity");
  assertThrows(() => studentInterval([1, NaN]), InputError, "value 1 of a mean is NaN");
});

Deno.test("deciding trials: the least number whose interval is off the bound", () => {
  // Mean 1, standard deviation 1: 1.833 / √10 = 0.58 and 1.860 / √9 = 0.62 of a distance of 0.6.
  const values = [0, 1, 2];
  assertEquals(decidingTrials(values, 0.4), 10);
  assertEquals(decidingTrials(values, 1.6), 10);
  assertEquals(decidingTrials(values, 1), Infinity);
  assertEquals(decidingTrials([2, 2], 1), 2);
});

Deno.test("deciding trials: a mean that rounding alone keeps off the bound has no number", () => {
  // Their sum is 0, but -1e-19 as 64-bit floats; a number found one by one would take for ever.
  assertEquals(decidingTrials([0.0012, -0.0005, -0.0007], 0), Infinity);
  // (1.644854 · 1 / 1e-5)² and two more for Student's distribution, to the sixth digit.
  assertAlmostEquals(decidingTrials([0, 1, 2], 1 + 1e-5) / 1.644854 ** 2 / 1e10, 1, 1e-6);
});
