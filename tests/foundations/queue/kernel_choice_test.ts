/** Which kernels a network has, by shares worked by hand. */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { parseHidden } from "../../../src/models/hidden_layers.ts";
import { networkLayers } from "../../../src/models/layers.ts";
import { parametersOf, prunableOf } from "../../../src/models/parameters.ts";
import { fasterKernels, liveShare } from "../../../src/foundations/queue/kernel_choice.ts";
import { TUNED } from "../../../src/engine/kernels/tiles.ts";

/** Masks whose first weights are live, so many of each layer. */
function masksOf(layers: ReturnType<typeof networkLayers>, live: number[]) {
  return Object.fromEntries(
    prunableOf(parametersOf(layers)).map(({ name, shape, rows, columns }, l) => [
      name,
      { shape: [...shape], data: new Float32Array(rows * columns).fill(1, 0, live[l]) },
    ]),
  );
}

Deno.test("live share: of dense layers that of the weights, of convolutions at each place", () => {
  const dense = networkLayers([20], [10], 5);
  assertAlmostEquals(liveShare(masksOf(dense, [20, 40]), dense), 60 / 300);
  // 16 weights at 36 places, and 144 · 5 at one.
  const conv = networkLayers(parseHidden("conv2x2v:4"), [7, 7, 1], 5);
  assertAlmostEquals(
    liveShare(masksOf(conv, [2, 72]), conv),
    (2 * 36 + 72) / (16 * 36 + 144 * 5),
  );
});

Deno.test("kernels: each kind of network has a crossover of its own", () => {
  const sparse = { ...TUNED.llvmpipe.sparse, below: 0.5, belowImages: 0.2 };
  const dense = networkLayers([20], [10], 5);
  const conv = networkLayers(parseHidden("conv2x2v:4,pool"), [7, 7, 1], 5);
  const kernels = (layers: typeof dense, live: number[]) =>
    fasterKernels(masksOf(layers, live), layers, { sparse });
  assertEquals(kernels(dense, [80, 40]), "sparse");
  assertEquals(kernels(dense, [110, 40]), "dense");
  assertEquals(kernels(conv, [3, 3]), "sparse");
  // Half of the convolution, little of all weights.
  assertEquals(kernels(conv, [8, 0]), "dense");
});

Deno.test("kernels: no lists where llvmpipe would end their loops early", () => {
  const { llvmpipe } = TUNED, conv = networkLayers(parseHidden("conv3x3:4"), [28, 28, 1], 5);
  const choose = (name: string, batchSize: number) => {
    const adapter = { name, vendor: "", architecture: "", isSoftware: true };
    return fasterKernels(masksOf(conv, [3, 3]), conv, llvmpipe, { adapter, batchSize });
  };
  assertEquals(choose("llvmpipe", 256), "sparse");
  assertEquals(choose("llvmpipe", 260), "dense");
  assertEquals(choose("SwiftShader", 260), "sparse");
});
