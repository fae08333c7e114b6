import { assertEquals } from "@std/assert";
import {
  fractionText,
  numberText,
  percentText,
  pointsText,
  probabilityText,
} from "../../src/analysis/percent.ts";

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

Deno.test("probabilityText: one digit, and signs where it would say never or surely", () => {
  assertEquals([0, 0.0003, 0.0011, 0.123, 0.998, 0.9997, 1].map(probabilityText), [
    ...["0.0%", "<0.1%", "0.1%", "12.3%", "99.8%", ">99.9%", "100.0%"],
  ]);
});

Deno.test("percentages are written by this module alone: toFixed would make 0.0% of 0.03%", async () => {
  const rounded: string[] = [];
  const look = async (folder: URL) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const url = new URL(isDirectory ? `${name}/` : name, folder);
      if (isDirectory) await look(url);
      else if (name.endsWith(".ts") && /toFixed\([^)]*\)\}%/.test(await Deno.readTextFile(url))) {
        rounded.push(url.pathname);
      }
    }
  };
  for (const folder of ["src", "tasks"]) await look(new URL(`../../${folder}/`, import.meta.url));
  assertEquals(rounded.filter((path) => !path.endsWith("/analysis/percent.ts")), []);
});
