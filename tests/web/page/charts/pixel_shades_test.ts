import { assertAlmostEquals, assertEquals } from "@std/assert";
import { deviations, scaleOf, shade } from "../../../../src/web/page/charts/pixel_shades.ts";

/** Lightness as eyes weigh it. */
const luma = ([red, green, blue]: number[]) => 0.299 * red + 0.587 * green + 0.114 * blue;

Deno.test("pixel maps: deviations from the map's own mean; a map without weights has none", () => {
  assertEquals(deviations([2, 4, 6]), [-0.5, 0, 0.5]);
  assertEquals(deviations([0, 0]), [0, 0]);
});

Deno.test("pixel maps: one scale for all, of which noise in equal pixels is no part", () => {
  const flat = new Array(100).fill(300), steep = Array.from({ length: 100 }, (_, i) => i);
  assertEquals(scaleOf([flat]), 0.1);
  assertAlmostEquals(scaleOf([steep]), 0.98, 0.03);
  assertEquals(scaleOf([]), 0.1);
});

Deno.test("pixel maps: the more weights the brighter, as in the report", () => {
  const bright = [-2, -1, -0.5, 0, 0.5, 1].map((deviation) => luma(shade(deviation, 1)));
  assertEquals(bright[0], bright[1]);
  for (let i = 2; i < bright.length; i++) assertEquals(bright[i] > bright[i - 1], true);
  assertEquals(shade(1, 1), [253, 231, 37]);
});
