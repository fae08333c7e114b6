import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type LayerSpec, outputShape } from "../../src/engine/layer_spec.ts";
import { InputError } from "../../src/errors.ts";
import {
  type HiddenLayer,
  hiddenOf,
  layerText,
  parseHidden,
} from "../../src/models/hidden_layers.ts";
import {
  fcLayers,
  hiddenText,
  layersFault,
  networkLayers,
  networkText,
} from "../../src/models/layers.ts";
import { NETWORK_NAMES, NETWORKS } from "../../src/models/networks.ts";
import { parametersOf, prunableOf, weightCount } from "../../src/models/parameters.ts";

const lenet5 = () => networkLayers(NETWORKS["lenet-5"].hidden, [28, 28], 10);

Deno.test("the notation of hidden layers, written and read, is the same", () => {
  const side = fc.integer({ min: 1, max: 99 });
  const plain = { noNullPrototype: true };
  const conv = fc.record({
    kind: fc.constant("conv2d" as const),
    kernel: fc.tuple(side, side),
    stride: side.map((step) => [step, step] as const),
    padding: fc.constantFrom("same" as const, "valid" as const),
    filters: fc.integer({ min: 1, max: 1e6 }),
  }, plain);
  const pool = fc.record({
    kind: fc.constantFrom("maxPool2d" as const, "avgPool2d" as const),
    side,
  })
    .map(({ kind, side }) => ({ kind, size: [side, side], stride: [side, side] } as const));
  const gap = fc.constant({ kind: "globalAvgPool2d" } as const);
  const dense = fc.integer({ min: 1, max: 1e6 });
  fc.assert(
    fc.property(fc.array(fc.oneof(conv, pool, gap, dense), { minLength: 1 }), (hidden) => {
      assertEquals(parseHidden(hidden.map(layerText).join(",")), hidden as HiddenLayer[]);
    }),
    { seed: 1, numRuns: 300 },
  );
  assertEquals(parseHidden("300,100"), [300, 100]);
  assertEquals(parseHidden("pool,pool2")[0], parseHidden("pool2")[0]);
  const error = assertThrows(() => parseHidden("300,pol"), InputError);
  assertMatch(
    error.message,
    /^layers "300,pol": "pol" is not a layer; use hidden layers such as .*$/,
  );
});

Deno.test("dense networks have the layers that they had, to the byte", () => {
  for (const shape of [[28, 28], [784], [28, 28, 1]]) {
    assertEquals(
      JSON.stringify(networkLayers([300, 100], shape, 10)),
      JSON.stringify(fcLayers([[300, "relu"], [100, "relu"], [10, null]], 784)),
    );
  }
  assertEquals(
    JSON.stringify(networkLayers([], [2], 3)),
    '[{"name":"layer0","inputs":2,"units":3,"activation":null,"useBias":true}]',
  );
});

Deno.test("LeNet-5: its shapes, names and parameters", () => {
  const layers = lenet5();
  assertEquals(layers.map(({ name }) => name), [
    ...["layer0", "pool0", "layer1", "pool1", "layer2", "layer3"],
  ]);
  assertEquals(layers.map(outputShape), [
    ...[[24, 24, 20], [12, 12, 20], [8, 8, 50], [4, 4, 50]],
    ...[[500], [10]],
  ]);
  const parameters = parametersOf(layers);
  assertEquals(parameters.slice(0, 4), [
    { name: "layer0", shape: [5, 5, 1, 20], rows: 25, columns: 20, isPrunable: true },
    { name: "layer0", shape: [20], rows: 1, columns: 20, isPrunable: false },
    { name: "layer1", shape: [5, 5, 20, 50], rows: 500, columns: 50, isPrunable: true },
    { name: "layer1", shape: [50], rows: 1, columns: 50, isPrunable: false },
  ]);
  assertEquals(parameters.length, 8);
  assertEquals(networkText(layers), "28×28×1-conv5x5v:20-pool-conv5x5v:50-pool-500-10");
  assertEquals(hiddenText(layers), "conv5x5v:20-pool-conv5x5v:50-pool-500");
  assertEquals(networkText(networkLayers([300, 100], [28, 28], 10)), "784-300-100-10");
  assertEquals(layers.slice(0, -1).map(hiddenOf), [...NETWORKS["lenet-5"].hidden]);
});

Deno.test("the networks of the table have as many weights as arithmetic says", () => {
  const k = 9, dense = 256 * 256 + 256 * 10;
  const two = k * (3 * 64 + 64 * 64), four = two + k * (64 * 128 + 128 * 128);
  const six = four + k * (128 * 256 + 256 * 256);
  const counts = {
    "lenet-300-100": 784 * 300 + 300 * 100 + 100 * 10,
    "lenet-5": 430500,
    "conv-2": two + 16 * 16 * 64 * 256 + dense,
    "conv-4": four + 8 * 8 * 128 * 256 + dense,
    "conv-6": six + 4 * 4 * 256 * 256 + dense,
  };
  // The paper's own figures: 4.3M, 2.4M, 38K, 260K, 1.1M.
  assertEquals([two, four, six].map((n) => Math.round(n / 1e3)), [39, 260, 1145]);
  assertEquals(counts["conv-2"], 4300992);
  assertEquals(counts["conv-4"], 2425024);
  for (const name of NETWORK_NAMES) {
    const shape = name.startsWith("lenet") ? [28, 28] : [32, 32, 3];
    const layers = networkLayers(NETWORKS[name].hidden, shape, 10);
    assertEquals(weightCount(parametersOf(layers)), counts[name], name);
    assertEquals(layersFault(layers, shape.reduce((a, b) => a * b), 10), null);
  }
});

Deno.test("what does not fit the examples is named, with sizes, in one line", () => {
  const refuses = (notation: string, shape: number[], pattern: RegExp) => {
    const error = assertThrows(() => networkLayers(parseHidden(notation), shape, 10), InputError);
    assertMatch(error.message, pattern);
    assertEquals(error.message.includes("\n"), false);
  };
  refuses("conv3x3:4,9", [784], /^layers conv3x3:4,9 take images, and .* the shape \(784\): use /);
  refuses("gap", [2, 3, 4, 5], /shape \(2, 3, 4, 5\)/);
  refuses("conv5x5v:20", [4, 9], /^layer0: a kernel of 5×5 does not fit .* image of 4×9×1; use /);
  refuses("conv3x3:8,pool3", [2, 2, 3], /^pool0: a size of 3×3 does not fit .* of 2×2×8; use /);
  refuses("pool,pool,pool", [4, 4], /^pool2: a size of 2×2 does not fit .* image of 1×1×1;/);
  refuses(
    "conv3x3:8,30,pool",
    [9, 9],
    /^pool0 \(pool\) takes an image, and .* gives 30 values: put/,
  );
  // Grey and colour images that are as small as they can be.
  assertEquals(networkLayers(parseHidden("conv5x5v:2,gap"), [5, 5], 3).map(outputShape).flat(), [
    ...[1, 1, 2],
    ...[1, 1, 2],
    ...[3],
  ]);
});

Deno.test("records whose layers do not chain are no networks", () => {
  const fault = (change: (layers: LayerSpec[]) => void, features = 784, classes = 10) => {
    const layers = structuredClone(lenet5());
    change(layers);
    return layersFault(layers, features, classes) ?? "none";
  };
  assertEquals(fault(() => {}), "none");
  assertMatch(fault(() => {}, 783), /^network\.layers\[0\] takes 784 values, not 783 as the feat/);
  assertMatch(fault(() => {}, 784, 11), /^network\.layers\[5\]\.units is 10, less than the 11 cl/);
  assertMatch(
    fault((layers) => Object.assign(layers[1], { image: [24, 24, 19] })),
    /^network\.layers: pool0: takes an image of 24×24×19, but the layer below, layer0, gives one/,
  );
  assertMatch(fault((layers) => Object.assign(layers[4], { inputs: 5 })), /layer2: takes 5 inputs/);
  assertMatch(fault((layers) => layers.pop()), /"relu"/);
  assertEquals(fault((layers) => layers[3].name = "pool0"), "two layers have one name");
});

Deno.test("parameters of layers without biases, and of a kernel that is no square", () => {
  const kernel = { kernel: [2, 3], stride: [1, 2], padding: "same", filters: 5 } as const;
  const layers: LayerSpec[] = [
    { kind: "conv2d", name: "a", image: [6, 6, 4], ...kernel, activation: null, useBias: false },
    { kind: "avgPool2d", name: "b", image: [6, 3, 5], size: [6, 3], stride: [6, 3] },
    { name: "c", inputs: 5, units: 2, activation: null, useBias: true },
  ];
  assertEquals(
    prunableOf(parametersOf(layers)).map(({ name, shape, rows }) => [name, shape, rows]),
    [
      ["a", [2, 3, 4, 5], 24],
      ["c", [5, 2], 5],
    ],
  );
  assertEquals(hiddenText(layers), "conv2x3s1x2:5-gap");
});
