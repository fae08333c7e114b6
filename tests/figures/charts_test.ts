import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { accuracyPanels, levelSpec } from "../../src/figures/level_figures.ts";
import type { StudyRun } from "../../src/analysis/study.ts";
import { studyRun } from "../analysis/study_runs.ts";
import { renderSvg } from "../../src/figures/render_svg.ts";
import { PALETTE } from "../../src/analysis/palette.ts";

/** A run of a density in percent, with its accuracy at the end, 0 to 1; none at an early stop. */
const point = (percent: number, finalAccuracy: number, more: Partial<StudyRun> = {}): StudyRun =>
  studyRun("ticket", 1, 0, {
    // Levels of their own, as far as the chart can tell.
    level: Math.round(1000 / (percent + 1)),
    ...{ percent, finalAccuracy, earlyStopAccuracy: null, earlyStopIteration: null },
    ...more,
  });

const specOf = (runs: StudyRun[], text: { title: string; subtitle?: string } = { title: "T" }) =>
  levelSpec(accuracyPanels(runs), text);
const draw = (runs: StudyRun[]) => renderSvg(specOf(runs));

/** The point symbols of a chart: their colour, horizontal position and what they stand for. */
function symbols(svg: string) {
  const pattern =
    /<path aria-label="Weights remaining \(%\): ([\d.]+); Test accuracy \(%\): ([\d.]+); series: ([^"]*)"[^>]*aria-roledescription="point"[^>]*translate\(([-\d.]+),([-\d.]+)\)"[^>]*fill="([^"]*)"/g;
  return [...svg.matchAll(pattern)].map(([, density, accuracy, series, x, y, fill]) => ({
    density: Number(density),
    accuracy: Number(accuracy),
    series,
    x: Number(x),
    y: Number(y),
    fill,
  }));
}

/** Texts of a chart, in the order in which they are drawn. */
function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);
}

Deno.test("accuracy chart: dense networks stand left, equal ratios of density at equal distances", async () => {
  const drawn = symbols(await draw([point(25, 0.99), point(100, 0.97), point(50, 0.98)]))
    .sort((a, b) => a.x - b.x);
  assertEquals(drawn.map((s) => s.density), [100, 50, 25]);
  assertEquals(drawn.map((s) => s.accuracy), [97, 98, 99]);
  const [a, b, c] = drawn;
  assert(Math.abs((b.x - a.x) - (c.x - b.x)) < 0.01);
  assert(a.y > b.y && b.y > c.y, "greater accuracy stands higher");
});

Deno.test("accuracy chart: a tick and a label per level, axes, title and white ground", async () => {
  const svg = await renderSvg(specOf(
    [point(100, 0.97), point(51.25, 0.98), point(1.194, 0.95)],
    { title: "Tickets & <masks>", subtitle: "seed 0" },
  ));
  const written = texts(svg);
  for (
    const text of ["100", "51.3", "1.19", "Weights remaining (%)", "Test accuracy (%)", "seed 0"]
  ) {
    assert(written.includes(text), `"${text}" is written`);
  }
  assertStringIncludes(svg, "Tickets &amp; &lt;masks&gt;");
  assertStringIncludes(svg, 'fill="#FFFFFF"');
  assert(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/.test(svg));
});

Deno.test("accuracy chart: with many levels some lose their label, never the first", async () => {
  const levels = Array.from({ length: 31 }, (_, i) => point(100 * 0.8 ** i, 0.98));
  const written = texts(await draw(levels));
  // Labelled: levels 0, 3, 6, … 30; 100 · 0.8^3 = 51.2.
  for (const label of ["100", "51.2", "0.124"]) assert(written.includes(label), label);
  assert(!written.includes("80"));
});

Deno.test("accuracy chart: the control has its own colour, and a panel stands for each moment", async () => {
  const both = await draw([
    point(100, 0.97),
    point(50, 0.98),
    point(50, 0.96, { kind: "reinit" }),
    point(50, 0.98, { trial: 1, run: 0, earlyStopAccuracy: 0.95 }),
  ]);
  const control = symbols(both).filter((s) => s.series === "Reinitialized control");
  assertEquals(control.map((s) => [s.accuracy, s.fill]), [[96, PALETTE.vermillion]]);
  assertEquals(symbols(both).filter((s) => s.fill === PALETTE.blue).length, 3);
  const written = texts(both);
  assert(written.indexOf("At early stop") < written.indexOf("At the end of training"));
  assert(written.includes("Ticket") && written.includes("Reinitialized control"));

  const ticketsAtEnd = texts(await draw([point(100, 0.97)]));
  assert(!ticketsAtEnd.includes("At early stop"));
  assert(!ticketsAtEnd.includes("Reinitialized control"));
});

Deno.test("accuracy chart: several trials give means, and bars from minimum to maximum", async () => {
  const one = [point(100, 0.97), point(50, 0.98)];
  const three = [0.96, 0.97, 0.995].map((accuracy, i) => point(50, accuracy, { trial: i + 1 }));
  const svg = await draw(three);
  assertEquals(symbols(svg).map((s) => s.accuracy), [97.5]);
  // A thin bar from the least to the greatest, a thick one for the interval of the mean.
  const bars = (svg: string, width: string) =>
    svg.match(new RegExp(`<line [^>]*stroke-width="${width}"`, "g"))?.length ?? 0;
  assertEquals([bars(svg, "1.5"), bars(svg, "5")], [1, 1]);
  const single = await draw(one);
  assertEquals([bars(single, "1.5"), bars(single, "5")], [0, 0]);
});

Deno.test("accuracy chart: nothing, one point, and what has no place on the axes", async () => {
  for (
    const points of [[], [point(100, 0.98)], [point(0, 0.1), point(50, NaN), point(100, 0.98)]]
  ) {
    const svg = await draw(points);
    assertEquals(symbols(svg).length, Math.min(1, points.length));
    assert(!/NaN|Infinity|undefined/.test(svg));
  }
});

Deno.test("drawing writes nothing to the console", async () => {
  const methods = ["log", "warn", "error", "info", "debug"] as const;
  const originals = methods.map((method) => console[method]);
  const written: unknown[][] = [];
  methods.forEach((method) => console[method] = (...args) => written.push(args));
  try {
    await draw([1, 2].flatMap((trial) => [
      point(100, 0.97, { trial }),
      point(50, 0.98, { trial, kind: "reinit" }),
    ]));
    await draw([]);
  } finally {
    methods.forEach((method, i) => console[method] = originals[i]);
  }
  assertEquals(written, []);
});
