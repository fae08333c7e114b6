/** The work of whole iterations in one kernel, worked by hand. */

import { assertEquals } from "@std/assert";
import { iterationWork } from "../../../../src/engine/kernels/sparse/iterations_work.ts";
import { sparseLayout } from "../../../../src/engine/kernels/sparse/sparse_layout.ts";
import { columnsFor } from "../../../../src/engine/kernels/sparse/sparse_row_kernels.ts";
import type { LayerSpec } from "../../../../src/engine/layer_spec.ts";

const layers = [[6, 3], [3, 2]].map(([inputs, units], i): LayerSpec => ({
  ...{ name: `layer${i}`, inputs, units, activation: null, useBias: true },
}));
// By input: units that it feeds. The first layer's third unit feeds nothing, so it is left out.
const masks = [[[1, 0, 1], [1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0]], [
  [1, 1],
  [0, 1],
  [0, 0],
]].map((mask) => Float32Array.from(mask.flat()));

Deno.test("iterations: FLOP, bytes and loads of a network of two layers", () => {
  for (const replicas of [1, 2]) {
    const layout = sparseLayout(layers, Array.from({ length: replicas }, () => masks));
    // 32 padded examples in 8 columns; two lists side by side.
    const { flops, bytes, loads, laneBytes } = iterationWork(layout, columnsFor(20), {
      ...{ lanes: 16, across: 8, states: 1 },
    });
    // With biases, lists of 5 and 2 weights: 2 and 1 groups; of 2 and 3: 1 and 1; two pairs.
    const groups = 5, pairs = 2, columns = 8;
    assertEquals(flops, replicas * 32 * 2 * (2 * 4 * groups + 2 * pairs));
    const forward = groups * (4 * columns + 2), update = groups * (5 * columns + 4);
    const backward = pairs * (2 * columns + 3) + 3 * columns, gather = 1 * columns;
    assertEquals(laneBytes, replicas * 16 * (forward + update + backward + gather));
    // Examples, labels; records and pairs; weights, velocities; outputs and gradients of four.
    const examples = columns * (16 + 4 * 16) + 16 * columns;
    const ofLists = 16 * (groups * 6 + pairs), values = 4 * 16 * columns * 4;
    assertEquals(bytes, replicas * (examples + ofLists + values));
    // Finding 32 examples takes two rounds; one word of 8 columns, 8 columns of the loss, one.
    const ends = 4 * 2 + 2 + 4 * 1 + 2, barriers = 4 + 3;
    const products = (1 + 2 * 2) + (1 + 2 * 1) + (2 + 2 * 1), updates = 2 * (2 + 2);
    assertEquals(loads, ends + barriers + products + updates);
  }
});
