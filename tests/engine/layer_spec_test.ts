import { assertEquals, assertThrows } from "@std/assert";
import {
  checkLayers,
  type Conv2dSpec,
  type DenseSpec,
  inputSize,
  isConv2d,
  isDense,
  isPool,
  type LayerSpec,
  outputShape,
  outputSize,
  paddingBefore,
  type PoolSpec,
  weightedLayers,
  weightShape,
} from "../../src/engine/layer_spec.ts";
import { InputError } from "../../src/errors.ts";

const CONV: Conv2dSpec = {
  kind: "conv2d",
  name: "conv",
  image: [28, 28, 1],
  kernel: [5, 5],
  stride: [1, 1],
  padding: "valid",
  filters: 20,
  activation: "relu",
  useBias: true,
};
const POOL: PoolSpec = {
  kind: "maxPool2d",
  name: "pool",
  image: [24, 24, 20],
  size: [2, 2],
  stride: [2, 2],
};
const DENSE: DenseSpec = {
  name: "logits",
  inputs: 2880,
  units: 10,
  activation: null,
  useBias: true,
};

const conv = (part: Partial<Conv2dSpec>): Conv2dSpec => ({ ...CONV, ...part });
const pool = (part: Partial<PoolSpec>): PoolSpec => ({ ...POOL, ...part });

Deno.test("layers: shapes of what goes in, of what comes out, and of weights", () => {
  assertEquals([CONV, POOL, DENSE].map(inputSize), [784, 11_520, 2880]);
  assertEquals([CONV, POOL, DENSE].map(outputShape), [[24, 24, 20], [12, 12, 20], [10]]);
  assertEquals([CONV, POOL, DENSE].map(outputSize), [11_520, 2880, 10]);
  assertEquals([CONV, DENSE].map(weightShape), [
    { inputs: 25, units: 20 },
    { inputs: 2880, units: 10 },
  ]);
  assertEquals(weightedLayers([CONV, POOL, DENSE]), [CONV, DENSE]);
  assertEquals([CONV, POOL, DENSE].map(isConv2d), [true, false, false]);
  assertEquals([CONV, POOL, DENSE].map(isPool), [false, true, false]);
  assertEquals([CONV, POOL, DENSE].map(isDense), [false, false, true]);
});

Deno.test("layers: what does not fit is left out; zeros around an image, the smaller half first", () => {
  assertEquals(outputShape(pool({ image: [5, 7, 3], size: [3, 2], stride: [2, 3] })), [2, 2, 3]);
  const same = (part: Partial<Conv2dSpec> = {}) => conv({ ...part, padding: "same" });
  assertEquals(outputShape(same()), [28, 28, 20]);
  assertEquals(outputShape(same({ stride: [2, 3] })), [14, 10, 20]);
  assertEquals(paddingBefore(CONV), [0, 0]);
  assertEquals(paddingBefore(same()), [2, 2]);
  assertEquals(paddingBefore(same({ kernel: [4, 1] })), [1, 0]);
  // 14 strides of 2 cover 31 rows, 10 of 3 cover 32 columns: three and four more than there are.
  assertEquals(paddingBefore(same({ stride: [2, 3] })), [1, 2]);
});

Deno.test("checkLayers: refuses what does not chain, with the sizes", () => {
  checkLayers([CONV, POOL, DENSE]);
  checkLayers([DENSE]);
  const bad: [LayerSpec[], string][] = [
    [[CONV, POOL], "pool: the last layer computes the logits of a softmax; add a dense layer to"],
    [
      [CONV, pool({ image: [24, 24, 6] }), DENSE],
      "pool: takes an image of 24×24×6, but the layer below, conv, gives one of 24×24×20",
    ],
    [
      [{ ...DENSE, units: 784 }, CONV, DENSE],
      "conv: takes an image of 28×28×1, but the layer below, logits, gives 784 values",
    ],
    [
      [CONV, DENSE],
      "logits: takes 2880 inputs, but the layer below has 11520 outputs (24×24×20)",
    ],
    [
      [conv({ kernel: [29, 1] }), DENSE],
      "conv: a kernel of 29×1 does not fit into its image of 28×28×1; use a smaller one or the",
    ],
    [
      [pool({ size: [2, 25] }), DENSE],
      "pool: a size of 2×25 does not fit into its image of 24×24×20; use a smaller one",
    ],
    [[conv({ stride: [0, 1] }), DENSE], "conv: stride: 0 is not a whole number from 1"],
    [[conv({ filters: 1.5 }), DENSE], "conv: filters: 1.5 is not a whole number from 1"],
    [
      [conv({ image: [28, 28] as unknown as Conv2dSpec["image"] }), DENSE],
      "conv: image [28,28] is not 3 numbers",
    ],
    [
      [conv({ padding: "full" as "same" }), DENSE],
      'conv: padding "full" is unknown: use same or valid',
    ],
    [[{ ...DENSE, activation: "relu" }], 'use the activation null for it, not "relu"'],
  ];
  for (const [layers, message] of bad) assertThrows(() => checkLayers(layers), InputError, message);
});
