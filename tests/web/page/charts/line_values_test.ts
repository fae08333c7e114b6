/** What a line chart computes, against values worked out by hand. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  measuredAt,
  type Point,
  readoutName,
  shortName,
  sparsity,
  spread,
  thin,
  valueAt,
} from "../../../../src/web/page/charts/line_values.ts";

Deno.test("the crosshair stands where any line was measured; lines are named", () => {
  const line = (...xs: number[]) => ({ points: xs.map((x) => [x, 0] as const) });
  assertEquals(measuredAt([line(0, 50, 100), line(0, 25)]), [0, 25, 50, 100]);
  assertEquals(measuredAt([]), [0]);
  const role = "earlier" as const;
  assertEquals(readoutName({ role, level: 1, percent: 67.2 }), "67% left");
  assertEquals(readoutName({ role, level: 1, percent: null }), "level 1");
  assertEquals(readoutName({ role: "full", level: 0, percent: 100 }), "full");
});

Deno.test("a line's value between its points, and nothing outside of them", () => {
  const points: Point[] = [[10, 0.5], [20, 0.7], [40, 0.6]];
  assertEquals([9, 10, 20, 40, 41].map((x) => valueAt(points, x)), [null, 0.5, 0.7, 0.6, null]);
  assertAlmostEquals(valueAt(points, 15)!, 0.6);
  assertAlmostEquals(valueAt(points, 35)!, 0.625);
  assertEquals(valueAt([], 1), null);
});

Deno.test("names of lines keep their order and their distance, within the chart where there is room", () => {
  assertEquals(spread([50, 10], 14, 0, 100), [50, 10]);
  assertEquals(spread([98, 99, 97], 14, 0, 100), [86, 100, 72]);
  const crowded = spread([5, 5, 5, 5], 10, 0, 100);
  for (let i = 1; i < 4; i++) assert(crowded[i] - crowded[i - 1] >= 10);
});

Deno.test("colours go by the logarithm of the weights that are left", () => {
  const percents = [100, 50, 25];
  assertEquals([100, 25].map((percent) => sparsity(percent, percents)), [0, 1]);
  assertAlmostEquals(sparsity(50, percents), 0.5);
  assertEquals([sparsity(100, [100]), sparsity(null, percents)], [1, 1]);
});

Deno.test("names of lines are short; points are thinned but for the last", () => {
  const name = (role: "full" | "earlier" | "reinit", percent: number | null) =>
    shortName({ role, percent, level: 3 });
  assertEquals(
    [name("full", 100), name("earlier", 34.4), name("earlier", 3.51), name("reinit", 3.5)],
    ["full", "34%", "3.5%", "control"],
  );
  assertEquals(name("earlier", null), "level 3");
  const points = Array.from({ length: 1001 }, (_, i): Point => [i, i]);
  const few = thin(points, 11);
  assertEquals([few.length, few[0], few.at(-1)], [11, [0, 0], [1000, 1000]]);
});
