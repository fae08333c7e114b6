/** Criteria and scopes of pruning against their definitions, by sorting in 64-bit floats. */

import { assert, assertEquals } from "@std/assert";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { CRITERION_NAMES, type CriterionName } from "../../../src/foundations/pruning/criteria.ts";
import { pruneScored, type Scope, scoreWeights } from "../../../src/foundations/pruning/pruning.ts";
import type { Masks } from "../../../src/models/masks.ts";
import { openTestGpu } from "../../engine/gpu.ts";

const gpu = await openTestGpu();

/** Zhou et al. 2019, table 1; `a` is max |wi| / max |wf| of the layer. */
const SCORES: Record<
  Exclude<CriterionName, "random">,
  (wi: number, wf: number, a: number) => number
> = {
  magnitude: (_, wf) => Math.abs(wf),
  small_final: (_, wf) => -Math.abs(wf),
  large_init: (wi) => Math.abs(wi),
  small_init: (wi) => -Math.abs(wi),
  large_init_large_final: (wi, wf, a) => Math.min(a * Math.abs(wf), Math.abs(wi)),
  small_init_small_final: (wi, wf, a) => -Math.max(a * Math.abs(wf), Math.abs(wi)),
  magnitude_increase: (wi, wf) => Math.abs(wf) - Math.abs(wi),
  movement: (wi, wf) => Math.abs(wf - wi),
  large_final_same_sign: (wi, wf) => Math.sign(wi) === Math.sign(wf) ? Math.abs(wf) : -1e9,
  magnitude_increase_same_sign: (wi, wf) =>
    Math.sign(wi) === Math.sign(wf) ? Math.abs(wf) - Math.abs(wi) : -1e9,
};

const SHAPES = { layer0: [7, 9], layer1: [9, 4], layer2: [4, 3] };
const PERCENTS = { layer0: 0.3, layer1: 0.25, layer2: 0.5 };

/** Weights whose scores are exact in 32-bit floats: eighths, with maxima that are powers of two. */
function drawn(seed: number) {
  const stream = new RandomStream(seedKey(seed));
  const layers = Object.entries(SHAPES).map(([name, shape]) => {
    const size = shape[0] * shape[1];
    const draw = (most: number) =>
      Float32Array.from(
        { length: size },
        (_, i) => i === 0 ? most : (stream.integerBelow(16 * most) - 8 * most) / 8,
      );
    const mask = Float32Array.from({ length: size }, () => +(stream.uniform() < 0.8));
    const initial = draw(2), final = draw(4).map((weight, i) => weight * mask[i]);
    final[0] = 4;
    mask[0] = 1;
    return [name, { shape, initial, final, mask }] as const;
  });
  const network = (part: "initial" | "final" | "mask") =>
    Object.fromEntries(layers.map(([name, layer]) => [
      name,
      { shape: [...layer.shape], data: layer[part] },
    ]));
  return { initial: network("initial"), final: network("final"), masks: network("mask") };
}

interface Weight {
  layer: string;
  index: number;
  score: number;
  isCandidate: boolean;
}

/** The names of the weights to prune: "layer0 12". */
function prunedBySorting(weights: readonly Weight[], scope: Scope): Set<string> {
  const pruned = new Set<string>();
  const layers = [...Map.groupBy(weights, ({ layer }) => layer)];
  const countOf = (layer: string, live: number) =>
    Math.min(live - 1, Math.round(PERCENTS[layer as keyof typeof PERCENTS] * live));
  const lowest = (some: readonly Weight[]) => some.toSorted((a, b) => a.score - b.score);
  const prune = (some: readonly Weight[], count: number) => {
    for (const { layer, index } of lowest(some).slice(0, count)) pruned.add(`${layer} ${index}`);
  };
  if (scope === "layer") {
    for (const [layer, some] of layers) prune(some, countOf(layer, some.length));
    return pruned;
  }
  const total = layers.reduce((sum, [layer, some]) => sum + countOf(layer, some.length), 0);
  prune(layers.flatMap(([, some]) => lowest(some).slice(0, -1)).sort(inOrder), total);
  return pruned;
}

/** By layer and place: of equal scores the first goes. */
function inOrder(a: Weight, b: Weight): number {
  return a.layer < b.layer ? -1 : a.layer > b.layer ? 1 : a.index - b.index;
}

const keyFor = (layer: number) => seedKey(100 + layer);

Deno.test("every criterion prunes as its definition sorts, in each layer and over all", async () => {
  for (const criterion of CRITERION_NAMES) {
    for (const scope of ["layer", "global"] as const) {
      for (const seed of [1, 2, 3]) {
        const result = drawn(seed);
        const pruning = { criterion, scope, percents: PERCENTS };
        const pruned = await pruneScored(
          gpu,
          pruning,
          result.masks,
          scoreWeights(pruning, result, keyFor),
        );
        const weights = Object.keys(SHAPES).flatMap((layer, l): Weight[] => {
          const [initial, final, mask] = [result.initial, result.final, result.masks]
            .map((network) => [...network[layer].data]);
          const most = (values: number[]) => Math.max(...values.map(Math.abs));
          const a = most(initial) / most(final), stream = new RandomStream(keyFor(l));
          const scores = initial.map((wi, i) =>
            criterion === "random"
              ? Math.fround(stream.uniform())
              : SCORES[criterion](wi, final[i], a)
          );
          return scores.map((score, index) => ({
            ...{ layer, index, score },
            isCandidate: mask[index] === 1,
          }));
        });
        const expected = prunedBySorting(weights.filter((w) => w.isCandidate), scope);
        for (const { layer, index, isCandidate } of weights) {
          const live = isCandidate && !expected.has(`${layer} ${index}`);
          const what = `${criterion}, ${scope}, seed ${seed}: ${layer} ${index}`;
          assertEquals(pruned[layer].data[index], live ? 1 : 0, what);
        }
      }
    }
  }
});

Deno.test("over all layers: as many go in all; one at 0 is left alone, none is emptied", async () => {
  const result = drawn(4);
  // By their magnitude, the weights of layer2 would all go first.
  result.final.layer2.data = result.final.layer2.data.map((weight) => weight / 1e6);
  const live = (masks: Masks, name: string) => masks[name].data.reduce((sum, m) => sum + m, 0);
  const counts = Object.keys(SHAPES).map((name) => live(result.masks, name));
  const percents = { layer0: 0.5, layer1: 0, layer2: 0.5 };
  const pruning = { criterion: "magnitude", scope: "global", percents } as const;
  const masks = await pruneScored(
    gpu,
    pruning,
    result.masks,
    scoreWeights(pruning, result, keyFor),
  );
  assertEquals(live(masks, "layer1"), counts[1]);
  assertEquals(live(masks, "layer2"), 1);
  const gone = Math.round(0.5 * counts[0]) + Math.round(0.5 * counts[2]);
  assertEquals(live(masks, "layer0"), counts[0] - (gone - (counts[2] - 1)));
  assert(masks.layer2.data.indexOf(1) >= 0);
});
