import { assertEquals } from "@std/assert";
import { fractionText, numberText, percentText, pointsText } from "../../src/analysis/percent.ts";

Deno.test("percentText: as many digits as asked for, more where it would be 0% or 100%", () => {
  const cases: [number | null, string, string][] = [
    [0, "0.0%", "0.00%"],
    [10.83, "10.8%", "10.83%"],
    [0.14, "0.1%", "0.14%"],
    [0.03, "0.03%", "0.03%"],
    [0.004, "0.004%", "0.004%"],
    [99.98, "99.98%", "99.98%"],
    [99.9996, "99.9996%", "99.9996%"],
    [99.5, "99.5%", "99.50%"],
    [100, "100.0%", "100.00%"],
    [null, "–", "–"],
    [NaN, "–", "–"],
  ];
  for (const [percent, one, two] of cases) {
    assertEquals([percentText(percent, 1), percentText(percent)], [one, two]);
  }
  assertEquals([fractionText(0.97125), fractionText(null), fractionText(1)], [
    ...["97.13%", "–", "100.00%"],
  ]);
});

Deno.test("pointsText and numberText: no difference is written as none", () => {
  assertEquals([0.004, -0.0371, 0.00003, 1e-15, 0].map(pointsText), [
    "0.40 points above",
    "3.71 points below",
    "0.003 points above",
    "level with",
    "level with",
  ]);
  assertEquals([0, 1.005, 0.004, -0.0004].map((value) => numberText(value, 2)), [
    ...["0.00", "1.00", "0.004", "-0.0004"],
  ]);
});
