import { assert, assertEquals } from "@std/assert";
import { shuffleMasks } from "../../../src/foundations/pruning/random_masks.ts";

const masks = {
  a: { shape: [10, 10], data: new Float32Array(100).map((_, i) => i < 30 ? 1 : 0) },
  b: { shape: [1, 1], data: Float32Array.of(1) },
  c: { shape: [0, 4], data: new Float32Array() },
};
const before = structuredClone(masks);

Deno.test("shuffleMasks: as many live weights, from the key alone, and the given masks stay", () => {
  const shuffled = shuffleMasks(masks, () => [1, 2]);
  assertEquals(masks, before);
  for (const [name, { shape, data }] of Object.entries(masks)) {
    assertEquals(shuffled[name].shape, shape);
    assertEquals([...shuffled[name].data].sort(), [...data].sort());
  }
  assertEquals(shuffleMasks(masks, () => [1, 2]), shuffled);
  const other = shuffleMasks(masks, () => [1, 3]);
  assert(other.a.data.some((bit, i) => bit !== shuffled.a.data[i]));
});

Deno.test("shuffleMasks: every place is as likely", () => {
  const rounds = 2000, counts = new Float64Array(100);
  for (let round = 0; round < rounds; round++) {
    shuffleMasks({ a: masks.a }, () => [round, 7]).a.data.forEach((bit, i) => counts[i] += bit);
  }
  // 600 expected, with a standard deviation of 20.5: five of them.
  assert(counts.every((count) => Math.abs(count - 0.3 * rounds) < 103), `${counts}`);
});
