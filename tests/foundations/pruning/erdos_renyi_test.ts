import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { erdosRenyiCounts } from "../../../src/foundations/pruning/erdos_renyi.ts";

Deno.test("Erdős–Rényi: hand-worked counts", () => {
  const lenet = { layer0: [784, 300], layer1: [300, 100], layer2: [100, 10] };
  // 1594 = 1084 + 400 + 110 weights at a scale of 1.
  assertEquals(erdosRenyiCounts(lenet, 1594), { layer0: 1084, layer1: 400, layer2: 110 });
  // layer2 is full at 1000; 20,000 - 1000 = 19,000 by 1084 : 400, 13,878.7 and 5,121.3.
  assertEquals(erdosRenyiCounts(lenet, 20_000), { layer0: 13_879, layer1: 5121, layer2: 1000 });
  assertEquals(erdosRenyiCounts(lenet, 266_200), {
    layer0: 235_200,
    layer1: 30_000,
    layer2: 1000,
  });
  assertEquals(erdosRenyiCounts(lenet, 3), { layer0: 1, layer1: 1, layer2: 1 });
  // The axes of a kernel add up: 3 + 3 + 16 + 32 = 54, and 10 + 17 = 27.
  assertEquals(erdosRenyiCounts({ conv: [3, 3, 16, 32], dense: [10, 17] }, 81), {
    conv: 54,
    dense: 27,
  });
  // Equal remainders: the first layers are rounded up.
  assertEquals(erdosRenyiCounts({ a: [4, 4], b: [4, 4], c: [4, 4] }, 8), { a: 3, b: 3, c: 2 });
});

Deno.test("Erdős–Rényi: exact sums, within bounds, in proportion where no bound binds", () => {
  const shape = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 4 });
  const cases = fc.tuple(
    fc.array(shape, { minLength: 1, maxLength: 6 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );
  fc.assert(
    fc.property(cases, ([shapes, part]) => {
      const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
      const share = (shape: number[]) => shape.reduce((a, b) => a + b, 0);
      const most = shapes.reduce((sum, shape) => sum + size(shape), 0);
      const total = shapes.length + Math.round(part * (most - shapes.length));
      const counts = Object.values(erdosRenyiCounts(Object.fromEntries(shapes.entries()), total));
      assertEquals(counts.reduce((a, b) => a + b, 0), total);
      counts.forEach((count, i) => {
        assert(Number.isInteger(count) && count >= 1 && count <= size(shapes[i]));
      });
      // Two layers off their bounds have scales that differ by the rounding alone.
      const free = shapes.map((shape, i) => ({ shape, count: counts[i] }))
        .filter(({ shape, count }) => count > 1 && count < size(shape));
      for (const a of free) {
        for (const b of free) {
          const gap = (a.count - 1) / share(a.shape) - (b.count + 1) / share(b.shape);
          assert(gap <= 1e-9, `${JSON.stringify([shapes, total, counts])}`);
        }
      }
    }),
    { seed: 1, numRuns: 500 },
  );
});

Deno.test("Erdős–Rényi: totals that cannot be shared are refused", () => {
  for (const total of [1, 13, 2.5, NaN]) {
    assertThrows(
      () => erdosRenyiCounts({ a: [2, 3], b: [3, 2] }, total),
      InputError,
      `${total} live weights cannot be shared by 2 layers of 12: give a whole number from 2 to 12`,
    );
  }
  for (const size of [NaN, 0, -1, 0.5]) {
    assertThrows(
      () => erdosRenyiCounts({ a: [2, 3], b: [3, size] }, 3),
      InputError,
      `b has the shape (3, ${size}): give the sizes of its axes, from 1 on`,
    );
  }
});
