import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { intersect, union } from "../../src/foundations/union.ts";

const mask = (...values: number[]) => ({
  shape: [values.length, 1],
  data: Float32Array.from(values),
});

Deno.test("union and intersection, worked by hand", () => {
  const a = { layer0: mask(1, 1, 0, 0), layer1: mask(0) };
  const b = { layer1: mask(1), layer0: mask(1, 0, 1, -0) };
  assertEquals(union(a, b), { layer0: mask(1, 1, 1, 0), layer1: mask(1) });
  assertEquals(intersect(a, b), { layer0: mask(1, 0, 0, 0), layer1: mask(0) });
  assertEquals(a.layer0, mask(1, 1, 0, 0), "the masks given are left as they were");
  assertEquals(union(a), a);
});

Deno.test("of a layer only those masks count that have it; of nothing there is nothing", () => {
  for (const operation of [union, intersect]) {
    assertEquals(operation(), {});
    assertEquals(operation({}, {}), {});
    assertEquals(operation({ a: mask(1, 0) }, {}, { b: mask(0, 1) }), {
      a: mask(1, 0),
      b: mask(0, 1),
    });
  }
  assertEquals(union({ a: mask(1, 0) }, { a: mask(0, 1), b: mask(1) }), {
    a: mask(1, 1),
    b: mask(1),
  });
  assertEquals(union({ a: { shape: [2, 1], data: [1, 0] } }), { a: mask(1, 0) });
});

Deno.test("union and intersection agree with the algebra of sets", () => {
  const sets = fc.integer({ min: 1, max: 40 }).chain((size) => {
    const bits = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: size, maxLength: size });
    return fc.array(bits, { minLength: 1, maxLength: 4 });
  });
  fc.assert(
    fc.property(sets, (bits) => {
      const masks = bits.map((values) => ({ layer0: mask(...values) }));
      const perWeight = (keep: (column: number[]) => boolean) => ({
        layer0: mask(...bits[0].map((_, i) => keep(bits.map((row) => row[i])) ? 1 : 0)),
      });
      assertEquals(union(...masks), perWeight((column) => column.includes(1)));
      assertEquals(intersect(...masks), perWeight((column) => !column.includes(0)));
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("masks that do not fit together are refused", () => {
  const refuses = (message: string, ...masks: Parameters<typeof union>) =>
    [union, intersect].forEach((f) => assertThrows(() => f(...masks), InputError, message));
  refuses("masks 1 and 3", { a: mask(1) }, { b: mask(1) }, { a: mask(1, 1) });
  refuses("shape of a: (1, 1) and (2, 1)", { a: mask(1) }, { a: mask(1, 1) });
  refuses("mask 1 of a holds 2 at [1, 0]", { a: mask(1, 2) });
});
