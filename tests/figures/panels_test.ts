import { assert, assertEquals, assertMatch } from "@std/assert";
import { filterSpec, kernelMapSpec } from "../../src/figures/kernel_figures.ts";
import { levelSpec } from "../../src/figures/level_figures.ts";
import { legendsOf, panelsOf } from "../../src/figures/panels.ts";
import { renderSvg } from "../../src/figures/render_svg.ts";
import { levelMetrics } from "../../src/analysis/study.ts";
import { PALETTE } from "../../src/analysis/palette.ts";
import { studyRun } from "../analysis/study_runs.ts";

const runs = [0, 1, 2].flatMap((level) =>
  (["ticket", "reinit"] as const).map((kind) =>
    studyRun(kind, 1, level, { earlyStopAccuracy: 0.97 - 0.01 * level })
  )
);
const data = levelMetrics(runs, ["ticket", "reinit"], "earlyStopAccuracy");
const chart = levelSpec([
  { title: "Left", yTitle: "Test accuracy (%)", data },
  { title: "Right", yTitle: "Training accuracy (%)", data },
], { title: "A chart", subtitle: "of two panels" });

const kernels = [1, 2].map((level) => ({
  ...{ trial: "1", level, percent: 50 / level, layer: "layer0", height: 2, width: 2 },
  ...{ positions: [10, 20, 30, 40], filters: [1, 0], ofFilter: 4, deadFilters: 1 },
  ...{ unreadFilters: 0, channels: [1], ofChannel: 8 },
}));
const text = { title: "T" };

Deno.test("panels: one drawing for each, of one width and size of type, without titles and legends", async () => {
  const [row, ...more] = panelsOf(chart);
  assertEquals(more, []);
  assertEquals(row.map(({ title, yTitle, subtitle }) => [title, yTitle, subtitle]), [
    ["Left", "Test accuracy (%)", null],
    ["Right", "Training accuracy (%)", null],
  ]);
  for (const { spec, width } of row) {
    const svg = await renderSvg(spec);
    assertMatch(svg, new RegExp(`<svg [^>]*width="${width}" height="253"`));
    const sizes = [...svg.matchAll(/font-size="(\d+)px"/g)].map(([, size]) => size);
    assertEquals(new Set(sizes), new Set(["12"]));
    for (const outside of ["Left", "Right", "A chart", "accuracy", "Ticket"]) {
      assert(!new RegExp(`<text[^>]*>${outside}`).test(svg), outside);
    }
  }
  const [[wide]] = panelsOf(chart, 600);
  // Two and the gap between them.
  assertMatch(await renderSvg(wide.spec), /<svg [^>]*width="288"/);
  // The chart itself is as it was.
  assertMatch(await renderSvg(chart), />Left<[^]*>Right<|>Right<[^]*>Left</);
});

Deno.test("legends: colours and points of one field together, dashes apart, scales of colours with their ends", () => {
  assertEquals(legendsOf(chart), [{
    title: null,
    items: [
      { label: "Ticket", color: PALETTE.blue, shape: "circle", isDashed: false },
      {
        label: "Reinitialized control",
        color: PALETTE.vermillion,
        shape: "square",
        isDashed: false,
      },
    ],
    gradient: null,
  }]);
  const [legend] = legendsOf(kernelMapSpec(kernels, [1, 2], text));
  assertEquals(legend.gradient!.labels, ["-60", "0", "60"]);
  assertEquals([legend.title, legend.items], ["Above or below the map's mean (%)", []]);
});

Deno.test("panels: rows of maps keep their size, a chart without panels is one", () => {
  const maps = panelsOf(kernelMapSpec(kernels, [1, 2], text));
  assertEquals(maps.map((row) => row.map(({ title, width }) => [title, width])), [
    [["layer0, 50%", 168], ["layer0, 25%", 168]],
  ]);
  assertEquals(panelsOf(filterSpec(kernels, text))[0].length, 3);
  const { hconcat: _, ...rest } = chart as unknown as Record<string, unknown>;
  const single = { ...rest, width: 540, height: 200, mark: "point", encoding: {} };
  const [[panel]] = panelsOf(single as unknown as typeof chart);
  assertEquals([panel.title, panel.yTitle, panel.width], ["", null, 352]);
});
