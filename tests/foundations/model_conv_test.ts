import { assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { ModelBase, type ModelOptions } from "../../src/foundations/model.ts";
import { ModelConv } from "../../src/foundations/model_conv.ts";
import { ModelFc } from "../../src/foundations/model_fc.ts";
import type { Conv2dOptions, Node } from "../../src/foundations/model_layers.ts";
import { runKey } from "../../src/foundations/seeds.ts";
import { shuffleMasks } from "../../src/foundations/pruning/random_masks.ts";
import { pruneByPercent } from "../../src/foundations/pruning/pruning.ts";
import { replicaParameters } from "../../src/foundations/queue/train_request.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import { glorotNormal } from "../../src/models/initializers.ts";
import { fcLayers, networkLayers } from "../../src/models/layers.ts";
import { density } from "../../src/models/masks.ts";
import { openTestGpu } from "../engine/gpu.ts";

const gpu = await openTestGpu();

class TestModel extends ModelBase {
  constructor(options: ModelOptions = {}) {
    super(options);
  }
}

/** A model over images of 6 × 8 in two channels. */
function onImages(build: (model: TestModel, input: Node) => void, options: ModelOptions = {}) {
  const model = new TestModel(options);
  build(model, model.input([6, 8, 2]));
  return model;
}

const SMALL = networkLayers(parseHidden("conv3x3:4,pool,conv2x2v:3,gap,5"), [6, 8, 2], 3);

Deno.test("conv2d and pooling: shapes, layers, weights", () => {
  const shapes: (readonly number[])[] = [];
  const model = onImages((model, input) => {
    const relu = "relu" as const;
    const first = model.conv2d("a", input, 4, { kernel: 3, activation: relu });
    const pool = model.maxPool2d(first, 2);
    const second = model.conv2d("b", pool, 3, {
      kernel: [2, 2],
      padding: "valid",
      activation: relu,
    });
    const mean = model.globalAvgPool2d(second);
    const hidden = model.dense("c", mean, 5, { activation: relu });
    shapes.push(...[first, pool, second, mean, hidden].map(({ shape }) => shape));
    model.dense("d", hidden, 3);
    model.finish();
  });
  assertEquals(shapes, [[6, 8, 4], [3, 4, 4], [2, 3, 3], [1, 1, 3], [5]]);
  // The same as from the notation, but for the names.
  const names = { a: "layer0", b: "layer1", c: "layer2", d: "layer3" } as Record<string, string>;
  const renamed = model.layers.map((layer) => ({
    ...layer,
    name: names[layer.name] ?? layer.name,
  }));
  assertEquals(renamed, SMALL);
  assertEquals(Object.entries(model.weights).map(([name, { shape }]) => [name, shape]), [
    ["a", [3, 3, 2, 4]],
    ["b", [2, 2, 4, 3]],
    ["c", [3, 5]],
    ["d", [5, 3]],
  ]);
  assertEquals(Object.values(model.biases).map(({ shape }) => shape), [[4], [3], [5], [3]]);
  assertEquals(model.parameters.length, 8);
  // Keys count the layers with weights.
  const key = runKey({ seed: 0, purpose: "init", layer: 1 });
  assertEquals(model.weights.b.data, glorotNormal([2, 2, 4, 3], new RandomStream(key)));
});

Deno.test("dense layers take images as they are, flattened or not", () => {
  const build = (isFlat: boolean) =>
    onImages((model, input) => {
      const image = model.avgPool2d(input, [3, 2], 1);
      assertEquals(image.shape, [4, 7, 2]);
      model.dense("a", isFlat ? model.flatten(image) : image, 3);
      model.finish();
    });
  assertEquals(build(true).weights, build(false).weights);
  assertEquals(build(true).layers, build(false).layers);
  assertEquals(build(true).weights.a.shape, [4 * 7 * 2, 3]);
});

Deno.test("masks and presets of kernels have their shape", () => {
  const shape = [1, 2, 2, 1];
  const presets = { a: { shape, data: [1, -2, 3, -4] } };
  const masks = { a: { shape, data: [1, 0, 0, 1] } };
  const model = onImages((model, input) => {
    model.dense("b", model.conv2d("a", input, 1, { kernel: [1, 2], stride: [2, 1] }), 2);
    model.finish();
  }, { presets, masks, presetBiases: { a: { shape: [1], data: [0.5] } } });
  assertEquals(model.weights.a, { shape, data: Float32Array.of(1, 0, 0, -4) });
  assertEquals(model.biases.a.data, Float32Array.of(0.5));
  const refuses = (options: ModelOptions, pattern: RegExp) => {
    const build = () =>
      onImages((model, input) => {
        model.conv2d("a", input, 1, { kernel: [1, 2] });
        model.finish();
      }, options);
    assertMatch(assertThrows(build, InputError).message, pattern);
  };
  refuses(
    { masks: { a: { shape: [4, 1], data: [1, 1, 1, 1] } } },
    /^mask of a has the shape \(4, 1\)/,
  );
  refuses({ masks: { a: { shape, data: [1, 1, 2, 1] } } }, /^mask of a holds 2 at \[0, 1, 0, 0\]/);
  refuses({ presets: { pool0: { shape, data: [1, 1, 1, 1] } } }, /unknown layer "pool0"/);
});

Deno.test("layers that do not fit are named, with sizes", () => {
  const refuses = (build: (model: TestModel, input: Node) => void, pattern: RegExp) =>
    assertMatch(assertThrows(() => onImages(build), InputError).message, pattern);
  const conv = (options: Partial<Conv2dOptions>, filters = 2) => (model: TestModel, input: Node) =>
    void model.conv2d("a", input, filters, { kernel: 3, ...options });
  refuses(conv({ kernel: [7, 3], padding: "valid" }), /^a: a kernel of 7×3 does not fit .* 6×8×2/);
  refuses(conv({ kernel: 0 }), /^a: kernel: 0 is not a whole number/);
  refuses(
    conv({ kernel: [3] as unknown as [number, number] }),
    /^a: kernel \[3\] is not 2 numbers/,
  );
  refuses(conv({ kernel: undefined }), /^a: kernel undefined is not 2 numbers/);
  refuses(conv({ stride: 1.5 }), /^a: stride: 1.5 is not a whole number/);
  refuses(conv({ padding: "full" as "same" }), /^a: padding "full" is unknown: use same or valid/);
  refuses(conv({}, 0), /^a: filters: 0 is not a whole number/);
  refuses(conv({}, 2 ** 28), /^a would have 3 x 3 x 2 x 268435456 weights; .*use fewer filters/);
  refuses(conv({ activation: "swish" as "relu" }), /^a has the unknown activation "swish"/);
  refuses(
    (model, input) => model.maxPool2d(input, 7),
    /^pool0: a size of 7×7 does not fit .*6×8×2/,
  );
  refuses((model, input) => {
    model.conv2d("b", model.dense("a", input, 30), 4, { kernel: 3 });
  }, /^b takes an image, and the layer below gives 30 values: put convolutions and pooling before/);
  refuses((model, input) => model.globalAvgPool2d(model.flatten(input)), /gives 96 values/);
  refuses((model, input) => {
    model.maxPool2d(input, 2);
    model.maxPool2d(input, 2);
  }, /^pool1 must take the output of the layer before it/);
  refuses((model, input) => model.dense("pool0", model.maxPool2d(input, 2), 3), /"pool0" exists/);
  for (const shape of [[3, 3], [], [1, 2, 3, 4], "8", [0, 3, 1], [3, 3, 0.5]]) {
    const error = assertThrows(() => new TestModel().input(shape as number[]), InputError);
    assertMatch(error.message, /^the network's input cannot/);
  }
});

Deno.test("ModelConv: a network from its layers; of dense ones ModelFc's", () => {
  const dense = fcLayers([[5, "relu"], [3, null]], 4);
  const [one, other] = [
    new ModelConv({ layers: dense }, { seed: 2 }),
    new ModelFc({ layers: [[5, "relu"], [3, null]] }, 4, { seed: 2 }),
  ];
  assertEquals([one.layers, one.weights, one.biases], [other.layers, other.weights, other.biases]);
  const broken = SMALL.toSpliced(1, 1);
  const error = assertThrows(() => new ModelConv({ layers: broken }), InputError);
  assertMatch(error.message, /^layer1: takes an image of 3×4×4, .*layer0, gives one of 6×8×4$/);
});

Deno.test("a convolutional network's weights are pruned, shuffled and given to the engine", async () => {
  const model = new ModelConv({ layers: SMALL }, { seed: 1 });
  const percents = { layer0: 0.5, layer1: 0.25, layer2: 0, layer3: 0.2 };
  const pruned = await pruneByPercent(gpu, percents, model.masks, model.weights);
  const { layers } = density(pruned);
  assertEquals(Object.values(layers).map(({ live, total }) => [live, total]), [
    ...[[36, 72], [36, 48], [15, 15], [12, 15]],
  ]);
  const limit = Math.max(
    ...model.weights.layer0.data.filter((_, i) => pruned.layer0.data[i] === 0).map(Math.abs),
  );
  model.weights.layer0.data.forEach((w, i) =>
    assertEquals(pruned.layer0.data[i], Math.abs(w) > limit ? 1 : 0)
  );
  const shuffled = shuffleMasks(pruned, (name) => [name.length, 5]);
  assertEquals(shuffled.layer0.shape, [3, 3, 2, 4]);
  assertNotEquals(shuffled.layer0.data, pruned.layer0.data);
  const { layers: loaded } = replicaParameters(
    {
      model: new ModelConv({ layers: SMALL }, { seed: 1, masks: pruned }),
      dataset: {},
      optimizer: {},
      plan: {},
    } as Parameters<typeof replicaParameters>[0],
  );
  assertEquals(loaded.map(({ weights, biases }) => [weights.length, biases.length]), [
    ...[[72, 4], [48, 3], [15, 5], [15, 3]],
  ]);
  assertEquals([...loaded[1].mask], [...pruned.layer1.data]);
});
