import { assert, assertEquals } from "@std/assert";
import {
  BINS,
  edge,
  firstSize,
  histogram,
  sampled,
  sampleNetwork,
} from "../../../src/web/weights/sample.ts";

const LENET: [string, number[]][] = [
  ["layer0", [784, 300]],
  ["layer1", [300, 100]],
  ["layer2", [100, 10]],
];

Deno.test("a sample is the same each time, within the layers, and connected", () => {
  const sample = sampleNetwork(LENET, [28, 28])!;
  assertEquals(sampleNetwork(LENET, [28, 28]), sample);
  const [first, second] = sample.layers;
  assertEquals([sample.layers.length, first.rows.length, first.columns.length], [2, 12, 10]);
  assertEquals(second.rows, first.columns);
  assertEquals([firstSize(sample), second.rows.length * second.columns.length], [120, 60]);
  for (const { rows, columns, width, size } of sample.layers) {
    for (const [indices, end] of [[rows, size / width], [columns, width]] as const) {
      assertEquals(new Set(indices).size, indices.length, "an index twice");
      assert(indices.every((i) => Number.isInteger(i) && i >= 0 && i < end));
    }
  }
  // Pixels are where their indices say.
  sample.places!.forEach(([x, y], i) => {
    assertEquals([x, y], [
      (first.rows[i] % 28 + 0.5) / 28,
      (Math.floor(first.rows[i] / 28) + 0.5) / 28,
    ]);
  });
});

Deno.test("a sample of small layers, of kernels, of inputs that are no image", () => {
  const tiny = sampleNetwork([["a", [4, 3]], ["b", [3, 2]]], [4])!;
  assertEquals(tiny.layers.map(({ rows, columns }) => [rows, columns]), [
    [[0, 1, 2, 3], [0, 1, 2]],
    [[0, 1, 2], [0, 1]],
  ]);
  assertEquals(tiny.places, null);
  // A kernel's rows are its taps and channels; the next layer's are not its filters.
  const kernels = sampleNetwork([["a", [3, 3, 1, 8]], ["b", [3, 3, 8, 8]]], [28, 28])!;
  assertEquals(kernels.layers.map(({ width, size }) => [width, size]), [[8, 72]]);
  assertEquals(kernels.places, null);
  const colours = sampleNetwork([["a", [32 * 32 * 3, 20]]], [32, 32, 3])!;
  assert(colours.layers[0].rows.every((row) => row % 3 === 0));
  assertEquals(sampleNetwork([], [28, 28]), null);
});

Deno.test("sampled values are those at their places, row by row", () => {
  const sample = sampleNetwork(LENET, [28, 28])!;
  const arrays = Object.fromEntries(
    LENET.map(([name, [rows, columns]]) => [
      name,
      Float32Array.from({ length: rows * columns }, (_, i) => i),
    ]),
  );
  const values = sampled(sample, arrays), [first, second] = sample.layers;
  assertEquals(values[0], first.rows[0] * 300 + first.columns[0]);
  assertEquals(values[13], first.rows[1] * 300 + first.columns[3]);
  assertEquals(values[120 + 6 * 2 + 5], second.rows[2] * 100 + second.columns[5]);
});

Deno.test("a histogram counts live weights, each between the edges of its bin", () => {
  const sample = sampleNetwork([["a", [40, 60]]], [40])!;
  assertEquals(sample.scale, Math.sqrt(2 / 100));
  const values = [-9, -0.1, -0.001, 0, 0.001, 0.1, 9, 0.05];
  const mask = [1, 1, 1, 1, 1, 1, 1, 0];
  const bins = histogram(sample, { a: values }, { a: mask });
  assertEquals([bins.length, bins.reduce((a, b) => a + b, 0)], [BINS, 7]);
  assertEquals([bins[0], bins[BINS - 1]], [1, 1]);
  for (const value of values.slice(1, 6)) {
    const bin = bins.findIndex((_, i) => edge(sample, i) <= value && value < edge(sample, i + 1));
    assert(bins[bin] > 0, `${value} is in no bin`);
  }
  assertEquals(edge(sample, BINS / 2), 0);
});
