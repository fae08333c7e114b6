import { assert, assertEquals } from "@std/assert";
import { renderSvg } from "../../src/figures/render_svg.ts";
import {
  densitySpec,
  type Growth,
  GROWTH_SIZES,
  growthSpec,
} from "../../src/figures/speed_charts.ts";

const points = (values: number[]) => values.map((value) => ({ value, milliseconds: 1 + value }));
const GROWTH: Growth = {
  denseMilliseconds: 2.5,
  density: [{ value: 1, milliseconds: 8 }, { value: 0.1, milliseconds: 1.2 }, {
    value: 0.012,
    milliseconds: 0.6,
  }],
  sizes: {
    replicas: points([1, 2]),
    hidden: points([300, 3000]),
    batch: points([15, 60, 960]),
    dataset: points([1000, 60000]),
  },
};
const TEXT = { title: "A title", subtitle: "A subtitle" };

/** The points as a screen reader reads them: "name: value" pairs. */
const described = (svg: string) => [...svg.matchAll(/aria-roledescription="point"/g)].length;

Deno.test("density chart: a point for each density, dense left, both kernels named", async () => {
  const svg = await renderSvg(densitySpec(GROWTH, TEXT));
  assertEquals(described(svg), GROWTH.density.length);
  for (
    const text of ["A title", "A subtitle", "Weights remaining (%)", "Training iteration (ms)"]
  ) {
    assert(svg.includes(text), text);
  }
  assert(svg.includes("Lists of live weights") && svg.includes("Whole matrices"));
  // From left to right, fewer weights: the points' places rise with their order.
  const places = [
    ...svg.matchAll(/aria-roledescription="point"[^>]*transform="translate\(([\d.]+)/g),
  ]
    .map((match) => Number(match[1]));
  assertEquals(places, places.toSorted((a, b) => a - b));
});

Deno.test("cost chart: a panel for each size with a label for each value", async () => {
  const svg = await renderSvg(growthSpec(GROWTH, TEXT));
  for (const title of Object.values(GROWTH_SIZES)) assert(svg.includes(title), title);
  const count = Object.values(GROWTH.sizes).reduce((sum, all) => sum + all.length, 0);
  assertEquals(described(svg), count);
  for (const label of [">300<", ">3k<", ">960<", ">60k<"]) assert(svg.includes(label), label);
});
