import { assertEquals } from "@std/assert";
import type { FirstKernels } from "../../../../src/web/messages.ts";
import {
  columnsOf,
  kernelCells,
  type KernelColors,
  scaleOf,
} from "../../../../src/web/page/charts/kernel_cells.ts";

const COLORS: KernelColors = {
  zero: [100, 100, 100],
  positive: [0, 0, 200],
  negative: [200, 0, 0],
};

/** Kernels of one row of two weights, filters last. */
function kernels(channels: number, filters: number, mask: number[]): FirstKernels {
  const values = new Float32Array(mask.length);
  return {
    ...{ folder: "f", height: 1, width: 2, channels, filters, initial: values, final: values },
    mask: Float32Array.from(mask),
  };
}

Deno.test("grey kernels: filter by filter, the colour as far as the weight, none where pruned", () => {
  const values = Float32Array.of(1, -0.5, 0, -8);
  // (1, 2, 1, 2): the first filter has 1 and 0, the second one −0.5 and −8.
  const cells = kernelCells(kernels(1, 2, [1, 1, 0, 1]), values, 1, COLORS);
  const colors = cells.map((cell) => cell && [...cell.color]);
  assertEquals(colors, [[0, 0, 200], null, [150, 50, 50], [200, 0, 0]]);
});

Deno.test("coloured kernels: channels are the parts of the colour, a pruned one is grey", () => {
  const values = Float32Array.of(1, -1, 0.5, 1, 1, 1);
  const cells = kernelCells(kernels(3, 1, [1, 1, 0, 0, 0, 0]), values, 1, COLORS);
  assertEquals(cells, [{ color: [255, 0, 127.5], live: 2 / 3 }, null]);
});

Deno.test("kernels: a grid nearly square, a scale that few weights pass", () => {
  assertEquals([1, 20, 64].map(columnsOf), [1, 5, 8]);
  const many = Float32Array.from({ length: 1000 }, (_, i) => i < 999 ? -0.25 : 9);
  assertEquals([scaleOf([many]), scaleOf([new Float32Array(3)])], [0.25, 1]);
});
