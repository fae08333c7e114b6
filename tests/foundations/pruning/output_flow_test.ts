/** SynFlow against numeric differentiation of its R, and its rounds against sorting. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { RandomStream } from "../../../src/engine/random.ts";
import { InputError } from "../../../src/errors.ts";
import { ModelFc } from "../../../src/foundations/model_fc.ts";
import { synflow, synflowMasks } from "../../../src/foundations/pruning/output_flow.ts";
import type { Masks } from "../../../src/models/masks.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { forward, type OracleLayer } from "../../reference/network.ts";

/** R: the sum of the outputs for an input of ones, by the oracle. */
function flowOf(model: ModelFc, sizes: readonly Float64Array[]): number {
  const layers = model.layers.map((layer, i): OracleLayer => ({
    ...layer,
    activation: "none",
    weights: sizes[i],
    biases: new Float64Array(layer.units),
    mask: sizes[i].map(() => 1),
    useBias: false,
  }));
  const ones = new Float64Array(layers[0].inputs).fill(1);
  return forward(layers, ones, 1).post.at(-1)!.reduce((a, b) => a + b, 0);
}

/** |w| · dR/d|w| by central differences; R is linear in each weight. */
function differentiated(model: ModelFc, masks = model.masks): { R: number; scores: number[][] } {
  const sizes = model.layers.map(({ name }) =>
    Float64Array.from(
      model.weights[name].data,
      (w, i) => Math.abs(w) * masks[name].data[i],
    )
  );
  const scores = sizes.map((layer) =>
    [...layer].map((size, i) => {
      const at = (value: number) => {
        layer[i] = value;
        const R = flowOf(model, sizes);
        layer[i] = size;
        return R;
      };
      return size * (at(size + 0.5) - at(size - 0.5));
    })
  );
  return { R: flowOf(model, sizes), scores };
}

const halfMask = (rows: number, columns: number) => ({
  shape: [rows, columns],
  data: Float32Array.from({ length: rows * columns }, (_, i) => (i * i) % 7 < 4 ? 1 : 0),
});

/** 5-6-4-3, half of the second layer masked. */
const model = () =>
  new ModelFc({ layers: [[6, "relu"], [4, "tanh"], [3, null]] }, 5, {
    seed: 2,
    masks: { layer1: halfMask(6, 4) },
  });

Deno.test("synflow: numeric differentiation of R; each layer's scores add up to 1", () => {
  const { R, scores } = differentiated(model()), found = synflow(model());
  ["layer0", "layer1", "layer2"].forEach((name, i) => {
    assertAllClose(found[name].map((score) => score * R), scores[i], { rtol: 1e-9, atol: 1e-12 });
    assertAllClose([found[name].reduce((a, b) => a + b, 0)], [1], { rtol: 1e-12 });
  });
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

const count = (masks: Masks, name: string) => masks[name].data.reduce((a, b) => a + b, 0);
const NAMES = ["layer0", "layer1", "layer2"];

/** The paper's algorithm by sorting scores that are differentiated numerically. */
function maskedBySorting(model: ModelFc, total: number): Masks {
  const masks = structuredClone(model.masks);
  const start = NAMES.reduce((sum, name) => sum + count(masks, name), 0);
  for (let round = 1; round <= 100; round++) {
    const { scores } = differentiated(model, masks);
    const keep = Math.round(start * (total / start) ** (round / 100));
    const live = NAMES.flatMap((name, l) =>
      scores[l].map((score, index) => ({ name, index, score }))
        .filter(({ index }) => masks[name].data[index] === 1)
    );
    live.sort((a, b) => a.score - b.score);
    for (const { name, index } of live.slice(0, live.length - keep)) masks[name].data[index] = 0;
  }
  return masks;
}

Deno.test("synflow masks: as the paper's algorithm by sorting", () => {
  for (const live of [{ layer0: 20, layer1: 10, layer2: 8 }, { layer0: 3, layer1: 3, layer2: 3 }]) {
    const total = live.layer0 + live.layer1 + live.layer2;
    const masks = synflowMasks(model(), { scope: "global", live });
    assertEquals(masks, maskedBySorting(model(), total));
    assertEquals(NAMES.reduce((sum, name) => sum + count(masks, name), 0), total);
    // It keeps whole paths, to the last.
    assert(Object.values(synflow({ ...model(), masks })).every((s) => s.some((x) => x > 0)));
  }
});

Deno.test("synflow masks: exact counts by layer; a layer at its number is left alone", () => {
  const given = model(), full = count(given.masks, "layer1");
  const live = { layer0: 7, layer1: full, layer2: 0 };
  const byLayer = synflowMasks(given, { scope: "layer", live });
  assertEquals(NAMES.map((name) => count(byLayer, name)), [7, full, 0]);
  const target = { scope: "global", live: { ...live, layer2: 2 } } as const;
  const together = synflowMasks(given, target);
  assertEquals(together.layer1, given.masks.layer1);
  assertEquals(count(together, "layer0") + count(together, "layer2"), 9);
  assertThrows(
    () => synflowMasks(given, { scope: "global", live: { ...live, layer0: 31 } }),
    InputError,
    "layer0 cannot keep 31 of 30 live weights: give a whole number from 0 to 30",
  );
});
