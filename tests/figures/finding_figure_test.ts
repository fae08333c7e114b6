import { assert, assertEquals } from "@std/assert";
import { findingSpec } from "../../src/figures/finding_figure.ts";
import { panelsOf } from "../../src/figures/panels.ts";
import { renderSvg } from "../../src/figures/render_svg.ts";
import { studyRun } from "../analysis/study_runs.ts";

const text = { title: "T" };
const ticket = (level: number, accuracy: number, trial = 1) =>
  studyRun("ticket", trial, level, { finalAccuracy: accuracy });
const reinit = (level: number, accuracy: number) =>
  studyRun("reinit", 1, level, { finalAccuracy: accuracy });

/** Texts of a drawing with their heights. */
function labels(svg: string) {
  return [...svg.matchAll(/<text[^>]*translate\([\d.-]+,([\d.-]+)\)[^>]*>([^<]*)<\/text>/g)]
    .map(([, y, label]) => ({ y: Number(y), label }));
}

Deno.test("finding figure: the last ticket against its control is always drawn and written down", async () => {
  const runs = [ticket(0, 0.9655), ticket(5, 0.97), ticket(10, 0.9712), reinit(10, 0.9339)];
  const spec = findingSpec(runs, "finalAccuracy", 10, text);
  for (const width of [352, 656]) {
    const svg = await renderSvg(panelsOf(spec, width)[0][0].spec);
    assert(!/NaN|undefined|Infinity/.test(svg));
    const drawn = labels(svg).map(({ label }) => label);
    for (const wanted of ["97.1%", "full 96.6%", "93.4%"]) assert(drawn.includes(wanted), wanted);
    assertEquals(svg.match(/aria-roledescription="point"/g)?.length, 4);
  }
});

Deno.test("finding figure: labels of nearly the same accuracies do not lie on each other", async () => {
  const runs = [ticket(0, 0.97), ticket(1, 0.9), ticket(2, 0.9701), reinit(2, 0.9699)];
  const [[{ spec }]] = panelsOf(findingSpec(runs, "finalAccuracy", 2, text));
  const heights = labels(await renderSvg(spec)).filter(({ label }) => label.includes("97.0%"))
    .map(({ y }) => y).sort((a, b) => a - b);
  assertEquals(heights.length, 3);
  for (const [i, y] of heights.entries()) assert(i === 0 || y - heights[i - 1] > 12, `${heights}`);
});

Deno.test("finding figure: a ticket that others follow has its values beside it; equal ones have a scale", async () => {
  const runs = [ticket(0, 0.96), ticket(5, 0.97), reinit(5, 0.93), ticket(9, 0.9)];
  const spec = findingSpec(runs, "finalAccuracy", 5, text);
  const drawn = labels(await renderSvg(spec)).map(({ label }) => label);
  for (const wanted of ["97.0%", "93.0%"]) assert(drawn.includes(wanted), wanted);
  assert(!drawn.includes("90.0%"));
  const flat = [0, 1].flatMap((level) => [ticket(level, 0.5), ticket(level, 0.5, 2)]);
  const svg = await renderSvg(findingSpec(flat, "finalAccuracy", 1, text));
  assert(!/NaN|>0\.0000/.test(svg));
});
