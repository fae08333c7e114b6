import { AssertionError, assertThrows } from "@std/assert";
import { assertAllClose } from "./allclose.ts";

const fails = (actual: number[], expected: number[], message: string) =>
  assertThrows(() => assertAllClose(actual, expected, { what: "w" }), AssertionError, message);

Deno.test("assertAllClose accepts what the tolerances allow", () => {
  assertAllClose([1.00009, 0.000009, -1000.05], [1, 0, -1000]);
  assertAllClose([], []);
});

Deno.test("assertAllClose names the worst element", () => {
  fails(
    [1, 1.001, 5, 7],
    [1, 1, 6, 7],
    "w: 2 of 4 differ, worst at index 2: 5 where 6 is expected",
  );
  fails([1], [1, 2], "w: 1 values where 2 are expected");
});

Deno.test("assertAllClose never accepts values that are not finite", () => {
  fails([NaN], [NaN], "worst at index 0");
  fails([Infinity], [Infinity], "worst at index 0");
  fails([0, 5, NaN], [0, 0, 0], "worst at index 2: NaN where 0");
});
