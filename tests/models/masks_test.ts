import { assertEquals, assertThrows } from "@std/assert";
import type { DenseSpec } from "../../src/engine/layer_spec.ts";
import { InputError } from "../../src/errors.ts";
import { shuffleMasks } from "../../src/foundations/pruning/random_masks.ts";
import { density, onesMask, onesMasks, validateMasks } from "../../src/models/masks.ts";
import { parametersOf } from "../../src/models/parameters.ts";

const tensor = (shape: number[], ...values: number[]) => ({
  shape,
  data: Float32Array.from(values),
});
const layers: DenseSpec[] = [
  { name: "layer0", inputs: 2, units: 2, activation: "relu", useBias: true },
  { name: "layer1", inputs: 2, units: 1, activation: null, useBias: true },
];

Deno.test("onesMask and onesMasks prune nothing", () => {
  assertEquals(onesMask([1, 3]), tensor([1, 3], 1, 1, 1));
  assertEquals(onesMasks({ a: tensor([1, 2], 0.3, -7) }), { a: tensor([1, 2], 1, 1) });
});

Deno.test("density counts live weights in all and per layer", () => {
  const masks = { layer0: tensor([2, 2], 1, 0, 0, 0), layer1: tensor([2, 2], 1, 1, 0, 0) };
  assertEquals(density(masks), {
    live: 3,
    total: 8,
    percent: 37.5,
    layers: {
      layer0: { live: 1, total: 4, percent: 25 },
      layer1: { live: 2, total: 4, percent: 50 },
    },
  });
  assertThrows(() => density({}), InputError, "no mask to count");
});

Deno.test("validateMasks accepts masks of some or all layers", () => {
  validateMasks({}, parametersOf(layers));
  validateMasks({ layer1: tensor([2, 1], 0, 1) }, parametersOf(layers));
  validateMasks(
    { layer0: tensor([2, 2], 0, 1, -0, 1), layer1: tensor([2, 1], 0, 0) },
    parametersOf(layers),
  );
});

Deno.test("validateMasks names layer, index and value", () => {
  const refuses = (masks: Parameters<typeof validateMasks>[0], message: string) =>
    assertThrows(() => validateMasks(masks, parametersOf(layers)), InputError, message);
  refuses({ layer0: tensor([2, 2], 1, 0, 0.5, 1) }, "mask of layer0 holds 0.5 at [1, 0]");
  refuses({ layer1: tensor([2, 1], 1, NaN) }, "mask of layer1 holds NaN at [1, 0]");
  refuses({ layer1: tensor([1, 2], 1, 1) }, "mask of layer1 has the shape (1, 2)");
  refuses({ layer1: tensor([2, 1], 1) }, "mask of layer1 has 1 values where (2, 1) takes 2");
  refuses({ layer7: tensor([2, 1], 1, 1) }, 'mask of unknown layer "layer7"');
  refuses({ constructor: tensor([2, 1], 1, 1) }, 'mask of unknown layer "constructor"');
});

Deno.test("masks that are none are not counted", () => {
  assertEquals(density({ a: { shape: [4], data: [1, 0, 0, 1] } }).percent, 50);
  for (const [bad, message] of [[0.5, "0.5"], [NaN, "NaN"], [2, "2"]] as const) {
    const masks = { a: tensor([1, 2], 1, bad) };
    assertThrows(() => density(masks), InputError, `mask of a holds ${message} at [0, 1]`);
    assertThrows(
      () => shuffleMasks(masks, () => [1, 2]),
      InputError,
      `mask of a holds ${message} at [0, 1]`,
    );
  }
  assertThrows(() => onesMasks({ a: { shape: [2], data: [1] } }), InputError, "array of a has 1");
});
