/** SynFlow against numeric differentiation of its R, and its rounds against sorting. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { RandomStream } from "../../../src/engine/random.ts";
import { InputError } from "../../../src/errors.ts";
import { isConv2d, isDense, isPool } from "../../../src/engine/layer_spec.ts";
import type { ModelBase } from "../../../src/foundations/model.ts";
import { ModelConv } from "../../../src/foundations/model_conv.ts";
import { ModelFc } from "../../../src/foundations/model_fc.ts";
import { synflow, synflowMasks } from "../../../src/foundations/pruning/output_flow.ts";
import { parseHidden } from "../../../src/models/hidden_layers.ts";
import { networkLayers } from "../../../src/models/layers.ts";
import type { Masks } from "../../../src/models/masks.ts";
import { NETWORKS } from "../../../src/models/networks.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { forward, type OracleAnyLayer, oracleInputs } from "../../reference/network.ts";

type Scored = Pick<ModelBase, "layers" | "weights" | "masks">;

/** R: the sum of the outputs for an input of ones, by the oracle. */
function flowOf(model: Scored, sizes: Record<string, Float64Array>): number {
  const none = new Float64Array();
  const layers = model.layers.map((layer): OracleAnyLayer => {
    const bare = { activation: "none", useBias: false, biases: none } as const;
    if (isPool(layer)) return { ...layer, ...bare, weights: none, mask: none };
    const weights = sizes[layer.name], mask = weights.map(() => 1);
    const units = isDense(layer) ? layer.units : layer.filters;
    const rest = { ...bare, biases: new Float64Array(units), weights, mask };
    return isConv2d(layer) ? { ...layer, ...rest } : { ...layer, ...rest };
  });
  const ones = new Float64Array(oracleInputs(layers[0])).fill(1);
  return forward(layers, ones, 1).post.at(-1)!.reduce((a, b) => a + b, 0);
}

/**
 * |w| · dR/d|w| by central differences, which are exact: R is linear in each weight, but for the
 * places where the maximum of a pool changes.
 */
function differentiated(
  model: Scored,
  masks = model.masks,
): { R: number; scores: Record<string, number[]> } {
  const names = Object.keys(masks);
  const sizes = Object.fromEntries(names.map((name) => [
    name,
    Float64Array.from(model.weights[name].data, (w, i) => Math.abs(w) * masks[name].data[i]),
  ]));
  const step = model.layers.some(isPool) ? 1e-4 : 0.5;
  const scores = Object.fromEntries(names.map((name) => [
    name,
    [...sizes[name]].map((size, i) => {
      const at = (value: number) => {
        sizes[name][i] = value;
        const R = flowOf(model, sizes);
        sizes[name][i] = size;
        return R;
      };
      return size === 0 ? 0 : size * (at(size + step) - at(size - step)) / (2 * step);
    }),
  ]));
  return { R: flowOf(model, sizes), scores };
}

const halfMask = (rows: number, columns: number) => ({
  shape: [rows, columns],
  data: Float32Array.from({ length: rows * columns }, (_, i) => (i * i) % 7 < 4 ? 1 : 0),
});

const count = (masks: Masks, name: string) => masks[name].data.reduce((a, b) => a + b, 0);
const NAMES = ["layer0", "layer1", "layer2"];

/** 5-6-4-3, half of the second layer masked. */
const model = () =>
  new ModelFc({ layers: [[6, "relu"], [4, "tanh"], [3, null]] }, 5, {
    seed: 2,
    masks: { layer1: halfMask(6, 4) },
  });

Deno.test("synflow: numeric differentiation of R; each layer's scores add up to 1", () => {
  const { R, scores } = differentiated(model()), found = synflow(model());
  for (const name of NAMES) {
    const values = found[name].map((score) => score * R);
    assertAllClose(values, scores[name], { rtol: 1e-9, atol: 1e-12 });
    assertAllClose([found[name].reduce((a, b) => a + b, 0)], [1], { rtol: 1e-12 });
  }
});

/** A network over images of 7 × 9 in two channels; a third of its weights are masked. */
function onImages(hidden: string): ModelConv {
  const layers = networkLayers(parseHidden(hidden), [7, 9, 2], 3);
  const { masks } = new ModelConv({ layers });
  for (const { data } of Object.values(masks)) {
    for (let i = 0; i < data.length; i++) if ((i * i) % 7 === 2) data[i] = 0;
  }
  return new ModelConv({ layers }, { seed: 6, masks });
}

for (
  const hidden of [
    "conv3x3:3,pool,conv2x2v:4,5",
    "conv3x3s2:3,conv4x2:2,gap",
    "conv2x3v:2,avgpool,conv3x3:3,pool",
    "pool,6",
    "conv3x3:2,conv3x3:2",
  ]
) {
  Deno.test(`synflow of ${hidden}: numeric differentiation of R`, () => {
    const model = onImages(hidden), { R, scores } = differentiated(model), found = synflow(model);
    assertEquals(Object.keys(found), Object.keys(model.masks));
    for (const [name, expected] of Object.entries(scores)) {
      const values = found[name].map((score) => score * R);
      assertAllClose(values, expected, { rtol: 1e-8, atol: 1e-10 * R });
      assertAllClose([found[name].reduce((a, b) => a + b, 0)], [1], { rtol: 1e-12 });
    }
  });
}

Deno.test("synflow: of equal values the first is a pool's maximum", () => {
  const layers = networkLayers(parseHidden("conv1x1:1,pool"), [2, 2, 1], 1);
  const presets = {
    layer0: { shape: [1, 1, 1, 1], data: [-2] },
    layer1: { shape: [1, 1], data: [3] },
  };
  const scores = synflow(new ModelConv({ layers }, { presets }));
  assertEquals(scores, { layer0: Float64Array.of(1), layer1: Float64Array.of(1) });
});

Deno.test("synflow masks: LeNet-5 with 1% of its weights keeps flow through every layer", async () => {
  const layers = networkLayers(NETWORKS["lenet-5"].hidden, [28, 28], 10);
  const model = new ModelConv({ layers }, { seed: 3 });
  const live = Object.fromEntries(
    Object.entries(model.masks).map(([name, { data }]) => [name, Math.round(data.length / 100)]),
  );
  const masks = await synflowMasks(model, { scope: "global", live });
  assertEquals(
    Object.keys(masks).reduce((sum, name) => sum + count(masks, name), 0),
    Object.values(live).reduce((a, b) => a + b),
  );
  for (const [name, scores] of Object.entries(synflow({ ...model, masks }))) {
    // More than the one weight that every layer keeps.
    assert(count(masks, name) > 100, name);
    assertAllClose([scores.reduce((a, b) => a + b, 0)], [1], { rtol: 1e-9 });
  }
});

Deno.test("synflow: a network of fifty layers of tiny or huge weights has finite scores", () => {
  const layers = Array.from({ length: 50 }, (): [number, null] => [4, null]);
  for (const size of [1e-38, 1, 1e38]) {
    const draw = ([rows, columns]: readonly number[], stream: RandomStream) =>
      Float32Array.from({ length: rows * columns }, () => size * stream.uniform());
    const deep = new ModelFc({ layers, kernelInitializer: draw }, 4, { seed: 4 });
    for (const scores of Object.values(synflow(deep))) {
      assertAllClose([scores.reduce((a, b) => a + b, 0)], [1], { rtol: 1e-9 });
    }
  }
});

Deno.test("synflow: scores are 0 where nothing flows", () => {
  const presets = { layer1: { shape: [6, 4], data: new Float32Array(24) } };
  const cut = new ModelFc({ layers: [[6, "relu"], [4, "tanh"], [3, null]] }, 5, { presets });
  for (const scores of Object.values(synflow(cut))) assert(scores.every((s) => s === 0));
});

/** The paper's algorithm by sorting scores that are differentiated numerically. */
function maskedBySorting(model: ModelFc, total: number): Masks {
  const masks = structuredClone(model.masks);
  const start = NAMES.reduce((sum, name) => sum + count(masks, name), 0);
  for (let round = 1; round <= 100; round++) {
    const { scores } = differentiated(model, masks);
    const keep = Math.round(start * (total / start) ** (round / 100));
    const live = NAMES.flatMap((name) =>
      scores[name].map((score, index) => ({ name, index, score }))
        .filter(({ index }) => masks[name].data[index] === 1)
    );
    live.sort((a, b) => a.score - b.score);
    for (const { name, index } of live.slice(0, live.length - keep)) masks[name].data[index] = 0;
  }
  return masks;
}

Deno.test("synflow masks: as the paper's algorithm by sorting", async () => {
  for (const live of [{ layer0: 20, layer1: 10, layer2: 8 }, { layer0: 3, layer1: 3, layer2: 3 }]) {
    const total = live.layer0 + live.layer1 + live.layer2;
    const masks = await synflowMasks(model(), { scope: "global", live });
    assertEquals(masks, maskedBySorting(model(), total));
    assertEquals(NAMES.reduce((sum, name) => sum + count(masks, name), 0), total);
    // It keeps whole paths, to the last.
    assert(Object.values(synflow({ ...model(), masks })).every((s) => s.some((x) => x > 0)));
  }
});

Deno.test("synflow masks: exact counts by layer; a layer at its number is left alone", async () => {
  const given = model(), full = count(given.masks, "layer1");
  const live = { layer0: 7, layer1: full, layer2: 0 };
  const byLayer = await synflowMasks(given, { scope: "layer", live });
  assertEquals(NAMES.map((name) => count(byLayer, name)), [7, full, 0]);
  const target = { scope: "global", live: { ...live, layer2: 2 } } as const;
  const together = await synflowMasks(given, target);
  assertEquals(together.layer1, given.masks.layer1);
  assertEquals(count(together, "layer0") + count(together, "layer2"), 9);
  await assertRejects(
    () => synflowMasks(given, { scope: "global", live: { ...live, layer0: 31 } }),
    InputError,
    "layer0 cannot keep 31 of 30 live weights: give a whole number from 0 to 30",
  );
});
