import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { kernelCounts, kernelRows } from "../../src/analysis/kernel_anatomy.ts";
import { InputError } from "../../src/errors.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import { networkLayers } from "../../src/models/layers.ts";
import { parametersOf } from "../../src/models/parameters.ts";

const tensor = (shape: number[], live: (i: number) => boolean) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Number(live(i))),
});

Deno.test("kernel counts: by position, channel and filter, worked by hand", () => {
  // (height 1, width 2, channels 2, filters 3); live: indices 0, 4, 5, 6 and 10.
  const live = [0, 4, 5, 6, 10];
  const counts = kernelCounts(tensor([1, 2, 2, 3], (i) => live.includes(i)));
  assertEquals([...counts.positions], [3, 2]);
  assertEquals([...counts.channels], [2, 3]);
  assertEquals([...counts.filters], [2, 2, 1]);
});

Deno.test("kernel counts: each adds up to the live weights, whatever the shape", () => {
  const side = fc.integer({ min: 1, max: 4 });
  fc.assert(fc.property(fc.tuple(side, side, side, side), fc.integer(), ([h, w, c, f], seed) => {
    const mask = tensor([h, w, c, f], (i) => ((i + 1) * (seed | 1)) % 3 === 0);
    const all = mask.data.reduce((a, b) => a + b, 0);
    const { positions, channels, filters } = kernelCounts(mask);
    assertEquals([positions.length, channels.length, filters.length], [h * w, c, f]);
    for (const counts of [positions, channels, filters]) {
      assertEquals(counts.reduce((a, b) => a + b, 0), all);
    }
  }));
});

Deno.test("kernel counts: a dense layer's mask is refused", () => {
  assertThrows(
    () => kernelCounts(tensor([2, 3], () => true)),
    InputError,
    "mask has 2 axes: give one of (height, width, channels, filters)",
  );
});

Deno.test("kernel rows: dead filters, and those that neither a convolution nor a dense layer reads", () => {
  const layers = networkLayers(parseHidden("conv1x1:2,conv2x1v:3,pool"), [4, 4], 2);
  const parameters = parametersOf(layers);
  const masks = {
    // The first filter is dead.
    layer0: tensor([1, 1, 1, 2], (i) => i === 1),
    // (2, 1, 2, 3): at the lower position, channel 1 to filter 2 alone. Nothing reads filter 0.
    layer1: tensor([2, 1, 2, 3], (i) => i === 11),
    // The image above is (1, 2, 3): rows 0 to 5 are (pixel, filter). Filter 1 alone is read.
    layer2: tensor([6, 2], (i) => i === 2 * 4),
  };
  const [first, second, ...more] = kernelRows(
    { trial: "1", level: 2, percent: 10, masks },
    parameters,
  );
  assertEquals(more, []);
  assertEquals(first, {
    ...{ trial: "1", level: 2, percent: 10, layer: "layer0", height: 1, width: 1 },
    ...{ positions: [50], filters: [0, 1], ofFilter: 1, deadFilters: 1, unreadFilters: 1 },
    ...{ channels: [1], ofChannel: 2 },
  });
  assertEquals(second, {
    ...{ trial: "1", level: 2, percent: 10, layer: "layer1", height: 2, width: 1 },
    ...{ positions: [0, 100 / 6], filters: [0, 0, 1], ofFilter: 4, deadFilters: 2 },
    ...{ unreadFilters: 2, channels: [0, 1], ofChannel: 6 },
  });
});
