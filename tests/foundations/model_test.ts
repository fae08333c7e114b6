import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { constant, glorotNormal, zeros } from "../../src/models/initializers.ts";
import { ModelBase, type ModelOptions } from "../../src/foundations/model.ts";
import type { DenseOptions } from "../../src/foundations/model_layers.ts";
import { ModelFc } from "../../src/foundations/model_fc.ts";
import type { Network } from "../../src/models/network.ts";
import { runKey } from "../../src/foundations/seeds.ts";

const keyFor = (layer: number) => runKey({ seed: 1, purpose: "init", layer });
const tensor = (shape: number[], ...values: number[]) => ({
  shape,
  data: Float32Array.from(values),
});

/** A model that tests build from outside. */
class TestModel extends ModelBase {
  constructor(options: Partial<ModelOptions> = {}) {
    super({ keyFor, ...options });
  }
}

/** One layer "a" of 2 inputs and 2 units. */
function oneLayer(options: Partial<ModelOptions>, dense: DenseOptions = {}): TestModel {
  const model = new TestModel(options);
  model.dense("a", model.input(2), 2, dense);
  model.finish();
  return model;
}

Deno.test("ModelFc makes LeNet-300-100", () => {
  const model = new ModelFc({ layers: [[300, "relu"], [100, "relu"], [10, null]] }, 784, {
    keyFor,
  });
  assertEquals(model.layers, [
    { name: "layer0", inputs: 784, units: 300, activation: "relu", useBias: true },
    { name: "layer1", inputs: 300, units: 100, activation: "relu", useBias: true },
    { name: "layer2", inputs: 100, units: 10, activation: null, useBias: true },
  ]);
  assertEquals(model.weights.layer0.shape, [784, 300]);
  assertEquals(model.biases.layer1, { shape: [100], data: new Float32Array(100) });
  assert(Object.values(model.masks).every(({ data }) => data.every((m) => m === 1)));
  assertThrows(() => new ModelFc({ layers: [] }, 784, { keyFor }), InputError, "no layers");
});

Deno.test("each layer draws from its own key, whatever its neighbours are", () => {
  const expected = glorotNormal([3, 5], new RandomStream(keyFor(1)));
  const preset: Network = { layer0: tensor([4, 3], ...new Array(12).fill(1)) };
  for (const presets of [{}, preset]) {
    const model = new ModelFc({ layers: [[3, "tanh"], [5, null]] }, 4, { keyFor, presets });
    assertEquals(model.weights.layer1.data, expected);
  }
  const other = new TestModel({
    keyFor: (layer) => runKey({ seed: 2, purpose: "init", layer }),
  });
  other.dense("a", other.input(3), 5);
  assertNotEquals(other.weights.a.data, expected);
});

Deno.test("without keys the weights are those of a seed, 0 unless it is given", () => {
  const build = (options?: ModelOptions) =>
    new ModelFc({ layers: [[3, "tanh"], [5, null]] }, 4, options).weights.layer1.data;
  for (const seed of [0, 7]) {
    const key = runKey({ seed, purpose: "init", layer: 1 });
    assertEquals(build({ seed }), glorotNormal([3, 5], new RandomStream(key)));
  }
  assertEquals(build(), build({ seed: 0 }));
  assertEquals(build({ seed: 7, keyFor }), build({ keyFor }), "keys that are given stand");
  assertThrows(() => build({ seed: 0.5 }), InputError, "seed 0.5 cannot be used");
});

Deno.test("presets and masks are applied by name, masked weights being 0 and not -0", () => {
  const presets = { a: tensor([2, 2], 1, -2, -3, 4) }, masks = { a: tensor([2, 2], 1, 0, -0, 1) };
  const model = oneLayer({ presets, masks, presetBiases: { a: tensor([2], 0.5, -1) } });
  assertEquals(model.weights, { a: tensor([2, 2], 1, 0, 0, 4) });
  assertEquals(model.masks, { a: tensor([2, 2], 1, 0, 0, 1) });
  assertEquals(model.biases, { a: tensor([2], 0.5, -1) });
  assertEquals(model.presets, presets);
  assertEquals(presets.a, tensor([2, 2], 1, -2, -3, 4), "what was given is left as it was");
});

Deno.test("a mask changes no weight that lives", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 12, maxLength: 12 }), (m) => {
      const build = (masks: ModelOptions["masks"]) => {
        const model = new TestModel({ masks });
        model.dense("a", model.input(4), 3);
        return model.weights.a.data;
      };
      const full = build({});
      const expected = full.map((w, i) => m[i] === 1 ? w : 0);
      assertEquals(build({ a: tensor([4, 3], ...m) }), expected);
    }),
    { seed: 1, numRuns: 50 },
  );
});

Deno.test("layers without biases have none; initializers can be chosen", () => {
  const model = oneLayer({}, { useBias: false, kernelInitializer: constant(2) });
  assertEquals(model.biases, {});
  assertEquals(model.weights.a, tensor([2, 2], 2, 2, 2, 2));
  assertEquals(oneLayer({}, { kernelInitializer: zeros }).weights.a.data, new Float32Array(4));
});

Deno.test("networks are single chains of layers with names of their own", () => {
  const model = new TestModel();
  const input = model.input(2), hidden = model.dense("a", input, 3);
  const refuses = (act: () => unknown, message: string) => assertThrows(act, InputError, message);
  refuses(() => model.input(2), "one input");
  refuses(() => model.dense("b", input, 3), "b must take the output of the layer before it");
  refuses(() => model.dense("b", { features: 3, shape: [3] }, 3), "chains");
  refuses(() => model.dense("a", hidden, 3), 'layer "a" exists already');
  refuses(() => model.dense("../b", hidden, 3), "layer name");
  refuses(() => model.dense("b", hidden, 2 ** 30), "b would have 3 x 1073741824 weights");
  for (const units of [0, -1, 1.5, NaN]) {
    refuses(() => model.dense("b", hidden, units), `b cannot have ${units} units`);
  }
  refuses(() => new TestModel().input(0), "cannot have 0 features");
  const activation: string = "swish";
  refuses(
    () => model.dense("b", hidden, 2, { activation: activation as "relu" }),
    'unknown activation "swish"',
  );
  assertEquals(model.layers.length, 1, "a refused layer leaves no trace");
  model.dense("b", hidden, 1);
  model.finish();
});

Deno.test("presets, masks and biases that do not fit name layer, expected and given", () => {
  const refuses = (options: Partial<ModelOptions>, message: string, dense: DenseOptions = {}) =>
    assertThrows(() => oneLayer(options, dense), InputError, message);
  const wide = tensor([2, 3], 1, 1, 1, 1, 1, 1);
  refuses(
    { presets: { a: wide } },
    "preset of a has the shape (2, 3) where the network's is (2, 2)",
  );
  refuses({ masks: { a: wide } }, "mask of a has the shape (2, 3)");
  refuses({ masks: { a: tensor([2, 2], 1, 0, 2, 1) } }, "mask of a holds 2 at [1, 0]");
  refuses({ presets: { a: tensor([2, 2], 1, NaN, 2, 1) } }, "preset of a holds NaN at [0, 1]");
  refuses({ presets: { b: wide } }, 'preset of unknown layer "b": the network\'s layers are a');
  refuses({ masks: { b: wide } }, 'mask of unknown layer "b"');
  refuses({ presetBiases: { b: wide } }, 'preset biases of unknown layer "b"');
  refuses({ presetBiases: { a: tensor([3], 1, 1, 1) } }, "has the shape (3,) where the network's");
  refuses({ presetBiases: { a: tensor([2], 1, Infinity) } }, "biases of a holds Infinity at [1]");
  refuses({ presetBiases: { a: tensor([2], 1, 1) } }, "has no biases", { useBias: false });
  refuses({ prunedWeights: "one" as "zero" }, 'pruned weights of "one": use zero or initial');
  refuses({}, "initializer of a holds NaN", { kernelInitializer: constant(NaN) });
  refuses({}, "initializer of a has 1 values", { kernelInitializer: () => new Float32Array(1) });
});

Deno.test("masks, presets and initial values may be in arrays of any number type", () => {
  const masks = { a: { shape: [2, 2], data: Uint8Array.of(1, 0, 1, 1) } };
  const presets = { a: { shape: [2, 2], data: [0.5, 2, -3, 4] } };
  const presetBiases = { a: { shape: [2], data: Float64Array.of(0.5, -1) } };
  const model = oneLayer({ masks, presets, presetBiases });
  assertEquals(model.masks, { a: tensor([2, 2], 1, 0, 1, 1) });
  assertEquals(model.weights, { a: tensor([2, 2], 0.5, 0, -3, 4) });
  assertEquals(model.biases, { a: tensor([2], 0.5, -1) });
  const drawn = oneLayer({}, { kernelInitializer: () => [1, 2, 3, 4] });
  assertEquals(drawn.weights, { a: tensor([2, 2], 1, 2, 3, 4) });
  const refuses = (options: object, message: string, dense: DenseOptions = {}) =>
    assertThrows(() => oneLayer(options, dense), InputError, message);
  refuses({ masks: new Map(Object.entries(masks)) }, "mask: Map is not a dictionary");
  refuses({ masks: { a: [1, 0, 1, 1] } }, "mask of a is Array: give { shape, data }");
  refuses({ masks: { a: undefined } }, "mask of a is undefined");
  refuses({ presets: { a: { shape: [2, 2], data: [1, 2, 3, 1e39] } } }, "preset of a holds 1e+39");
  refuses({ presetBiases: { a: { shape: [2], data: [1, "2"] } } }, "preset biases of a holds 2");
  refuses({}, "initializer of a holds 1e+300", { kernelInitializer: () => [0, 0, 0, 1e300] });
});
