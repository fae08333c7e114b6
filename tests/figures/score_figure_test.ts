/**
 * The figure of scores: bars that add up, thresholds with their values, and axes of either kind.
 */

import { assert, assertEquals } from "@std/assert";
import type { ScoreHistogram } from "../../src/analysis/score_histogram.ts";
import { renderSvg } from "../../src/figures/render_svg.ts";
import { scoreSpec } from "../../src/figures/score_figure.ts";
import { scoreText } from "../../src/figures/score_text.ts";
import { PALETTE } from "../../src/analysis/palette.ts";

const linear: ScoreHistogram = {
  ...{ layer: "layer0", isLog: false, edges: [0, 0.0127, 0.0254, 0.0381] },
  ...{ pruned: [2100, 0, 0], kept: [0, 800, 400], infinite: { pruned: 1234, kept: 5 } },
  threshold: 0.0127,
};
const log: ScoreHistogram = {
  ...{ layer: "layer1", isLog: true, edges: [1e-8, 1e-6, 1e-4], pruned: [7, 0], kept: [3, 9] },
  ...{ infinite: { pruned: 0, kept: 0 }, threshold: 0 },
};

Deno.test("a panel for each layer of each pruning, a rule at each threshold", async () => {
  const rows = [
    { title: "from 100 to 80.0%", histograms: [linear, log] },
    { title: "from 80.0 to 64.0%", histograms: [linear, { ...log, threshold: null }] },
  ];
  const svg = await renderSvg(scoreSpec(rows, { title: "A title" }));
  assert(!/NaN|undefined|Infinity/.test(svg), "a value that is none was drawn");
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);
  const titles = ["layer0: from 100 to 80.0%", "layer1: from 80.0 to 64.0%", "Kept", "Pruned"];
  for (const title of titles) assert(texts.includes(title), title);
  assertEquals(texts.filter((text) => text === "0.0127").length, 2);
  assertEquals(
    texts.filter((text) => text === "and 1,239 of changed sign, 1,234 pruned").length,
    2,
  );
  assertEquals(svg.match(/mark-rule role-mark [^"]*marks"/g)?.length, 3);
  const bars = (color: string) => svg.match(new RegExp(`<path[^>]*fill="${color}"`, "g"))!.length;
  // And one of each in the legend.
  assertEquals([bars(PALETTE.orange), bars(PALETTE.blue)], [2 * 2 + 1, 2 * (2 + 2) + 1]);
});

Deno.test("scores have three digits", () => {
  assertEquals([0.012677, 3.4321e-8, 0, -1.5, 12345].map(scoreText), [
    ...["0.0127", "3.43e-8", "0", "-1.5", "12300"],
  ]);
});
