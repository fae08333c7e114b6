/** Histograms of scores against plain loops. */

import { assert, assertEquals } from "@std/assert";
import { type ScoreHistogram, scoreHistograms } from "../../src/analysis/score_histogram.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { SCOPES } from "../../src/foundations/pruning/pruning.ts";
import { selectByScore } from "../../src/foundations/pruning/selection.ts";
import type { Masks } from "../../src/models/masks.ts";

const SHAPES = { first: [90, 70], second: [70, 20] };
type Layer = keyof typeof SHAPES;
const LAYERS = Object.keys(SHAPES) as Layer[];

/** Scores and masks, of which a third of the weights is dead at first. */
function example(score: (stream: RandomStream, layer: Layer) => number) {
  const stream = new RandomStream([3, 4]);
  const scores: Record<string, Float64Array> = {}, before: Masks = {};
  for (const layer of LAYERS) {
    const shape = SHAPES[layer], size = shape[0] * shape[1];
    scores[layer] = Float64Array.from({ length: size }, () => score(stream, layer));
    const data = Float32Array.from({ length: size }, () => stream.uniform() < 1 / 3 ? 0 : 1);
    before[layer] = { shape, data };
  }
  return { scores, before };
}

const normal = (stream: RandomStream) =>
  Math.sqrt(-2 * Math.log(1 - stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform());
const live = ({ data }: Masks[string]) => data.reduce((sum, bit) => sum + bit, 0);

const SCORES: Record<string, (stream: RandomStream, layer: Layer) => number> = {
  magnitudes: (stream, layer) => Math.abs(normal(stream)) * (layer === "first" ? 1 : 3),
  signed: (stream) => normal(stream) ** 3,
  "over decades": (stream) => Math.abs(normal(stream) * normal(stream) * normal(stream)) ** 3,
  "with zeros": (stream) => stream.uniform() < 0.1 ? 0 : Math.exp(8 * normal(stream)),
  "first of all": (stream) => stream.uniform() < 0.1 ? -Infinity : Math.abs(normal(stream)),
  equal: () => 0.25,
};

/** Counts one by one, between edges; those beyond the ends count in the end bins. */
function countPlainly(
  { edges }: ScoreHistogram,
  scores: Float64Array,
  isCounted: (i: number) => boolean,
): number[] {
  const bins = edges.length - 1, counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < scores.length; i++) {
    if (!isCounted(i) || scores[i] === -Infinity) continue;
    let bin = 0;
    while (bin < bins - 1 && scores[i] >= edges[bin + 1]) bin++;
    counts[bin]++;
  }
  return counts;
}

for (const [what, score] of Object.entries(SCORES)) {
  for (const scope of SCOPES) {
    Deno.test(`${what}, ${scope}: counts of kept and pruned, and the largest score that went`, () => {
      const { scores, before } = example(score);
      const target = {
        first: Math.round(0.7 * live(before.first)),
        second: live(before.second) - 90,
      };
      const after = selectByScore(scores, before, { scope, live: target });
      const histograms = scoreHistograms({ scores, before, after, scope });
      assertEquals(histograms.map(({ layer }) => layer), LAYERS);
      const pruned = LAYERS.map((layer) =>
        [...scores[layer]].filter((_, i) => before[layer].data[i] > after[layer].data[i])
      );
      const groups = scope === "global" ? [pruned.flat(), pruned.flat()] : pruned;
      histograms.forEach((histogram, l) => {
        const { layer, kept, edges, isLog, threshold, infinite } = histogram;
        const was = before[layer].data, is = after[layer].data, values = scores[layer];
        assertEquals(histogram.pruned, countPlainly(histogram, values, (i) => was[i] > is[i]));
        assertEquals(kept, countPlainly(histogram, values, (i) => is[i] === 1));
        const isInfinite = [...values].map((value) => value === -Infinity);
        assertEquals(infinite, {
          kept: isInfinite.filter((yes, i) => yes && is[i] === 1).length,
          pruned: isInfinite.filter((yes, i) => yes && was[i] > is[i]).length,
        });
        const largest = groups[l].reduce((a, b) => Math.max(a, b));
        assertEquals(threshold, largest === -Infinity ? null : largest);
        assertEquals(isLog, what === "over decades" || what === "with zeros");
        assertEquals(edges.length, 49);
        assert(edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge > edges[i - 1])));
        if (threshold === null || what === "equal" || threshold === 0) return;
        // An edge parts the two: no bar is of both, but for the last weight of a layer.
        const mixed = kept.filter((count, i) => count > 0 && histogram.pruned[i] > 0).length;
        assert(mixed <= (scope === "global" ? 1 : 0), `${mixed} mixed bars`);
        assert(edges.some((edge) => Math.abs(edge / threshold - 1) < 1e-4));
      });
    });
  }
}

Deno.test("most of the scores lie within the axis; an outlier leaves room for the others", () => {
  const { scores, before } = example((stream) => Math.abs(normal(stream)));
  scores.first[before.first.data.indexOf(1)] = 1e6;
  const after = selectByScore(scores, before, {
    scope: "layer",
    live: { first: 3000, second: 600 },
  });
  const [{ edges, isLog }] = scoreHistograms({ scores, before, after, scope: "layer" });
  assertEquals(isLog, false);
  assert(edges.at(-1)! > 3 && edges.at(-1)! < 4, `${edges.at(-1)}`);
});

Deno.test("where more than the scores decided there is no threshold; a dead layer has no histogram", () => {
  const { scores, before } = example((stream) => Math.abs(normal(stream)));
  const at = [0, 1, 2].map((_, n) => {
    const all = [...before.first.data.keys()].filter((i) => before.first.data[i] === 1);
    return all.sort((a, b) => scores.first[a] - scores.first[b])[n];
  });
  const after = structuredClone(before);
  // The third goes, and two with smaller scores stay.
  after.first.data[at[2]] = 0;
  before.second.data.fill(0);
  for (const scope of SCOPES) {
    const [{ threshold, pruned }, ...others] = scoreHistograms({ scores, before, after, scope });
    assertEquals([threshold, pruned.reduce((a, b) => a + b), others], [null, 1, []]);
  }
  assertEquals(scoreHistograms({ scores: {}, before, after, scope: "global" }), []);
});
