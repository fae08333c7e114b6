/** Masks before training against sorting, the usual pruning, and their exact numbers. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { InputError } from "../../../src/errors.ts";
import { DatasetBase } from "../../../src/foundations/dataset_base.ts";
import { ModelFc } from "../../../src/foundations/model_fc.ts";
import { erdosRenyiCounts } from "../../../src/foundations/pruning/erdos_renyi.ts";
import {
  hessianGradientProducts,
  lossGradients,
} from "../../../src/foundations/pruning/gradients.ts";
import {
  INIT_CRITERIA,
  INIT_CRITERION_NAMES,
  type InitCriterionName,
  masksAtInit,
} from "../../../src/foundations/pruning/init_criteria.ts";
import { pruneScored, SCOPES, scoreWeights } from "../../../src/foundations/pruning/pruning.ts";
import { type PruningTarget, selectByScore } from "../../../src/foundations/pruning/selection.ts";
import { type Masks, onesMask } from "../../../src/models/masks.ts";
import { openTestGpu } from "../../engine/gpu.ts";

const gpu = await openTestGpu();

const stream = new RandomStream(seedKey(1)), count = 40;
const points = {
  inputs: Float32Array.from({ length: 6 * count }, () => stream.normal()),
  labels: Uint8Array.from({ length: count }, () => stream.integerBelow(3)),
  ...{ count, features: 6 },
};
const dataset = new DatasetBase({ name: "points", classes: 3, train: points, test: points });
const model = new ModelFc({ layers: [[9, "tanh"], [7, "relu"], [3, null]] }, 6, { seed: 3 });
const keyFor = (layer: number) => seedKey(100 + layer);
const context = { gpu, model, dataset, scores: { batches: 2, batchSize: 15 }, keyFor };
const NAMES = ["layer0", "layer1", "layer2"] as const, SIZES = [54, 63, 21];

const live = (masks: Masks) =>
  Object.values(masks).map(({ data }) => data.reduce((a, b) => a + b, 0));
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const targetOf = (scope: PruningTarget["scope"], counts: readonly number[]): PruningTarget => ({
  scope,
  live: Object.fromEntries(NAMES.map((name, i) => [name, counts[i]])),
});

const TARGETS = [[43, 50, 19], [27, 31, 10], [5, 6, 2], [1, 1, 1], [54, 10, 21], [54, 63, 21]];

Deno.test("every criterion keeps exact numbers: of each layer, or of all together", async () => {
  for (const criterion of INIT_CRITERION_NAMES) {
    for (const scope of SCOPES) {
      const targets = TARGETS.map((counts) => targetOf(scope, counts));
      const all = await masksAtInit(context, criterion, targets);
      all.forEach((masks, i) => {
        const what = `${criterion}, ${scope}, ${TARGETS[i]}: ${live(masks)}`;
        assertEquals(Object.keys(masks), [...NAMES], what);
        assertEquals(sum(live(masks)), sum(TARGETS[i]), what);
        assert(live(masks).every((n) => n >= 1), what);
        if (scope === "layer" && criterion !== "erdos_renyi") assertEquals(live(masks), TARGETS[i]);
        for (const { data } of Object.values(masks)) assert(data.every((m) => m === 0 || m === 1));
        // A layer that keeps all its weights is left alone.
        if (TARGETS[i][0] === 54) assertEquals(live(masks)[0], 54, what);
      });
    }
  }
  assertEquals(live(model.masks), SIZES, "the masks of the model stay");
});

/** The scores by their definitions. */
async function scoresOf(criterion: InitCriterionName): Promise<Record<string, number[]>> {
  const { scores } = context;
  const by = {
    snip: await lossGradients(gpu, model, dataset, scores),
    grasp: await hessianGradientProducts(gpu, model, dataset, scores),
  };
  return Object.fromEntries(NAMES.map((name, l) => {
    const random = new RandomStream(keyFor(l));
    return [
      name,
      [...model.weights[name].data].map((w, i) => {
        if (criterion === "magnitude") return Math.abs(w);
        if (criterion === "snip") return Math.abs(w * by.snip[name].data[i]);
        if (criterion === "grasp") return w * by.grasp[name].data[i];
        return Math.fround(random.uniform());
      }),
    ];
  }));
}

Deno.test("the largest scores stay, of each layer and of all", async () => {
  for (const criterion of ["magnitude", "random", "snip", "grasp"] as const) {
    const scores = await scoresOf(criterion), counts = [27, 31, 10];
    const [byLayer, together] = await masksAtInit(context, criterion, [
      targetOf("layer", counts),
      targetOf("global", counts),
    ]);
    const kept = (all: number[], keep: number) => {
      const limit = all.toSorted((a, b) => b - a)[keep - 1];
      return (score: number) => score >= limit ? 1 : 0;
    };
    const ofAll = kept(Object.values(scores).flat(), sum(counts));
    NAMES.forEach((name, l) => {
      const ofLayer = kept(scores[name], counts[l]);
      assertEquals([...byLayer[name].data], scores[name].map(ofLayer), `${criterion} ${name}`);
      assertEquals([...together[name].data], scores[name].map(ofAll), `${criterion}, global`);
    });
  }
});

/** |w| times what flows in and out, by loops over all paths' factors. */
function flowScores(): Record<string, number[]> {
  const sizes = NAMES.map((name) => {
    const { shape: [inputs, units], data } = model.weights[name];
    return Array.from(
      { length: inputs },
      (_, i) => Array.from({ length: units }, (_, u) => Math.abs(data[i * units + u])),
    );
  });
  const into = [sizes[0].map(() => 1)], from = [sizes[2][0].map(() => 1)];
  for (const layer of sizes) {
    const last = into.at(-1)!;
    into.push(layer[0].map((_, u) => sum(layer.map((row, i) => last[i] * row[u]))));
  }
  for (const layer of sizes.toReversed()) {
    const [next] = from;
    from.unshift(layer.map((row) => sum(row.map((w, u) => w * next[u]))));
  }
  return Object.fromEntries(NAMES.map((name, l) => [
    name,
    sizes[l].flatMap((row, i) => row.map((w, u) => w * into[l][i] * from[l + 1][u])),
  ]));
}

/** Masks of the `keep` last of all in the order of negated scores, of equals the first going. */
function lastNegated(scores: readonly number[], keep: number): number[] {
  const order = [...scores.keys()].sort((a, b) => -scores[a] - -scores[b] || a - b);
  const kept = new Set(order.slice(scores.length - keep));
  return scores.map((_, i) => kept.has(i) ? 1 : 0);
}

Deno.test("inverted: the smallest scores stay, of each layer and of all; of synflow in one shot", async () => {
  for (const criterion of ["magnitude", "random", "snip", "grasp", "synflow"] as const) {
    const scores = criterion === "synflow" ? flowScores() : await scoresOf(criterion);
    const counts = [27, 31, 10], targets = SCOPES.map((scope) => targetOf(scope, counts));
    const [byLayer, together] = await masksAtInit(context, criterion, targets, {
      isInverted: true,
    });
    NAMES.forEach((name, l) => {
      const expected = lastNegated(scores[name], counts[l]);
      assertEquals([...byLayer[name].data], expected, `${criterion} ${name}`);
    });
    const all = NAMES.flatMap((name) => [...together[name].data]);
    assertEquals(all, lastNegated(Object.values(scores).flat(), sum(counts)), criterion);
    const [usual] = await masksAtInit(context, criterion, targets);
    assert(usual.layer0.data.some((m, i) => m !== byLayer.layer0.data[i]), criterion);
  }
  // Erdős and Rényi's numbers are those of the layers' sizes.
  const target = targetOf("global", [20, 20, 5]);
  const [usual] = await masksAtInit(context, "erdos_renyi", [target]);
  const [other] = await masksAtInit(context, "erdos_renyi", [target], { isInverted: true });
  assertEquals(live(other), live(usual));
  assert(other.layer0.data.some((m, i) => m !== usual.layer0.data[i]));
});

Deno.test("inverted: a layer keeps a weight, and of equal scores the last stay", async () => {
  const [masks] = await masksAtInit(context, "snip", [targetOf("global", [1, 1, 1])], {
    isInverted: true,
  });
  assertEquals(live(masks), [1, 1, 1]);
  const presets = { layer0: { shape: [2, 3], data: [1, -1, 1, -1, 1, 1] } };
  const flat = new ModelFc({ layers: [[3, null]] }, 2, { presets });
  const target = { scope: "layer", live: { layer0: 2 } } as const;
  for (const isInverted of [false, true]) {
    const [ties] = await masksAtInit({ ...context, model: flat }, "magnitude", [target], {
      isInverted,
    });
    assertEquals([...ties.layer0.data], [0, 0, 0, 0, 1, 1]);
  }
});

Deno.test("magnitude and random: as the usual pruning of untrained weights", async () => {
  const percents = { layer0: 0.5, layer1: 0.25, layer2: 0.8 };
  const result = { masks: model.masks, initial: model.weights, final: model.weights };
  for (const criterion of ["magnitude", "random"] as const) {
    for (const scope of SCOPES) {
      const usual = await pruneScored(
        gpu,
        { scope, percents },
        result.masks,
        scoreWeights({ criterion, percents }, result, keyFor),
      );
      const [masks] = await masksAtInit(context, criterion, [targetOf(scope, [27, 47, 4])]);
      assertEquals(masks, usual);
    }
  }
});

Deno.test("erdos_renyi: its own numbers in either scope, chosen by the key alone", async () => {
  const counts = [20, 20, 5];
  const shapes = { layer0: [6, 9], layer1: [9, 7], layer2: [7, 3] };
  const expected = Object.values(erdosRenyiCounts(shapes, 45));
  for (const scope of SCOPES) {
    const [masks] = await masksAtInit(context, "erdos_renyi", [targetOf(scope, counts)]);
    assertEquals(live(masks), expected);
    const again = await masksAtInit(context, "erdos_renyi", [targetOf(scope, counts)]);
    assertEquals(again, [masks]);
    const other = { ...context, keyFor: (layer: number) => seedKey(layer) };
    const [differ] = await masksAtInit(other, "erdos_renyi", [targetOf(scope, counts)]);
    assert(differ.layer0.data.some((m, i) => m !== masks.layer0.data[i]));
  }
});

Deno.test("a layer is emptied only where its target is 0", async () => {
  for (const criterion of INIT_CRITERION_NAMES) {
    for (const scope of SCOPES) {
      const [masks] = await masksAtInit(context, criterion, [targetOf(scope, [3, 1, 0])]);
      assertEquals(sum(live(masks)), 4, criterion);
      assert(live(masks)[0] >= 1 && live(masks)[1] >= 1, criterion);
      if (scope === "layer") assertEquals(live(masks)[2], 0, criterion);
    }
  }
});

Deno.test("targets that cannot be met are refused before anything is computed", async () => {
  const never = { ...context, scores: { batches: 0, batchSize: 1 } };
  const refuses = (live: Record<string, number>, message: string) =>
    assertRejects(
      () => masksAtInit(never, "snip", [{ scope: "layer", live }]),
      InputError,
      message,
    );
  const right = { layer0: 1, layer1: 1, layer2: 1 };
  await refuses({ ...right, layer1: 64 }, "layer1 cannot keep 64 of 63 live weights: give a whole");
  await refuses({ ...right, layer1: 0.5 }, "layer1 cannot keep 0.5 of 63 live weights");
  await refuses({ ...right, layer1: -1 }, "layer1 cannot keep -1 of 63 live weights");
  await refuses({ layer0: 1, layer2: 1 }, "layer1 cannot keep undefined of 63 live weights");
  await refuses({ ...right, layer3: 1 }, "number of live weights of unknown layer");
  await refuses(right, "batches 0 of a gradient");
});

Deno.test("selection: agrees with a sort, ties by lowest index; NaN is refused", () => {
  const layer = fc.array(fc.tuple(fc.integer({ min: -2, max: 2 }), fc.boolean()), { minLength: 1 });
  const cases = fc.tuple(
    fc.array(layer, { minLength: 1, maxLength: 4 }),
    fc.infiniteStream(
      fc.double({ min: 0, max: 1, noNaN: true }),
    ),
  );
  fc.assert(
    fc.property(cases, ([layers, parts]) => {
      const named = <T>(of: (layer: [number, boolean][]) => T) =>
        Object.fromEntries(layers.map((layer, i) => [`layer${i}`, of(layer)]));
      const scores = named((layer) => Float64Array.from(layer, ([score]) => score));
      const masks = named((layer) => ({
        shape: [layer.length],
        data: Float32Array.from(layer, ([, isLive]) => isLive ? 1 : 0),
      }));
      const targets = named((layer) => {
        const [{ value }] = [parts.next()];
        return Math.round(value * layer.filter(([, isLive]) => isLive).length);
      });
      const selected = selectByScore(scores, masks, { scope: "layer", live: targets });
      for (const [name, { data }] of Object.entries(masks)) {
        const order = [...data.keys()].filter((i) => data[i] === 1)
          .sort((a, b) => scores[name][a] - scores[name][b] || a - b);
        const gone = new Set(order.slice(0, order.length - targets[name]));
        assertEquals([...selected[name].data], [...data].map((m, i) => gone.has(i) ? 0 : m));
      }
    }),
    { seed: 1, numRuns: 200 },
  );
  const masks = { layer0: onesMask([2, 2]) };
  assertThrows(
    () =>
      selectByScore({ layer0: Float64Array.of(1, 2, NaN, 3) }, masks, {
        scope: "layer",
        live: { layer0: 2 },
      }),
    InputError,
    "scores of layer0 hold NaN at [1, 0]",
  );
});

Deno.test("the table: help, and which criteria need data", () => {
  const needing = INIT_CRITERION_NAMES.filter((name) => INIT_CRITERIA[name].needsData);
  assertEquals(needing, ["snip", "grasp"]);
  const names = ["magnitude", "random", "erdos_renyi", "snip", "grasp", "synflow"];
  assertEquals(INIT_CRITERION_NAMES, names);
});
