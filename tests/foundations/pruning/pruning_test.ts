import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { pruneByPercent } from "../../../src/foundations/pruning/pruning.ts";
import { openTestGpu } from "../../engine/gpu.ts";
import { pruneByPercentOracle } from "../../reference/prune.ts";

const gpu = await openTestGpu();
const matrix = (...values: number[]) => ({
  shape: [values.length, 1],
  data: Float32Array.from(values),
});

Deno.test("each named layer is pruned by its own percent, the others stay", async () => {
  const masks = { a: matrix(1, 1, 0, 1, 1), b: matrix(1, 1), c: matrix(0, 1) };
  const final = { a: matrix(3, -1, 0, 2, -4), b: matrix(1, 2), c: matrix(0, 1) };
  assertEquals(await pruneByPercent(gpu, { a: 0.5, b: 1 }, masks, final), {
    a: matrix(1, 0, 0, 0, 1),
    b: matrix(0, 0),
    c: matrix(0, 1),
  });
  assertEquals(masks.a, matrix(1, 1, 0, 1, 1), "the masks given are left as they were");
  assertEquals(await pruneByPercent(gpu, {}, masks, final), masks);
});

Deno.test("pruning agrees with a sort", async () => {
  const layer = fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.boolean()), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(layer, layer, fc.double({ min: 0, max: 1, noNaN: true }), async (a, b, p) => {
      const mask = (layer: [number, boolean][]) => matrix(...layer.map(([_, m]) => m ? 1 : 0));
      const weights = (layer: [number, boolean][]) => matrix(...layer.map(([w]) => w));
      const masks = { a: mask(a), b: mask(b) }, final = { a: weights(a), b: weights(b) };
      const pruned = await pruneByPercent(gpu, { b: 0.2, a: p }, masks, final);
      assertEquals(pruned.a.data, pruneByPercentOracle(final.a.data, masks.a.data, p));
      assertEquals(pruned.b.data, pruneByPercentOracle(final.b.data, masks.b.data, 0.2));
    }),
    { seed: 1, numRuns: 30 },
  );
});

Deno.test("percents, masks and weights that cannot be used are refused", async () => {
  const masks = { a: matrix(1, 1) }, final = { a: matrix(1, 2) };
  const refuses = (message: string, percents: Record<string, number>, m = masks, f = final) =>
    assertRejects(() => pruneByPercent(gpu, percents, m, f), InputError, message);
  for (const percent of [-0.1, 1.1, NaN, 20]) {
    await refuses(`prune percent of a is ${percent}: give a fraction from 0 to 1`, { a: percent });
  }
  for (const name of ["b", "constructor"]) {
    await refuses(`prune percent of unknown layer "${name}": the layers are a`, { [name]: 0.2 });
  }
  await refuses("final weights of a has the shape (3, 1)", { a: 0.2 }, masks, {
    a: matrix(1, 2, 3),
  });
  await refuses("final weights of a holds NaN at [1, 0]", { a: 0.2 }, masks, { a: matrix(1, NaN) });
  await refuses("mask of a holds 0.5 at [0, 0]", { a: 0.2 }, { a: matrix(0.5, 1) });
});

Deno.test("masks and weights in arrays of any number type are pruned alike", async () => {
  const masks = { a: { shape: [2, 2], data: [1, 1, 1, 0] } };
  const final = { a: { shape: [2, 2], data: Float64Array.of(-3, 0.5, 2, 0) } };
  const { a } = await pruneByPercent(gpu, { a: 1 / 3 }, masks, final);
  assertEquals(a, { shape: [2, 2], data: Float32Array.of(1, 0, 1, 0) });
});
