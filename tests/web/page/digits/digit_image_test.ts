import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { SIDE, toDigit } from "../../../../src/web/page/digits/digit_image.ts";

/** A picture with a rectangle of ink. */
function rectangle(side: number, left: number, top: number, width: number, height: number) {
  const pixels = Float32Array.from({ length: side * side }, (_, i) => {
    const x = i % side - left, y = Math.floor(i / side) - top;
    return x >= 0 && y >= 0 && x < width && y < height ? 1 : 0;
  });
  return { side, pixels };
}

Deno.test("a drawing is scaled to 20 pixels and its centre of mass moved to the middle", () => {
  const digit = toDigit(rectangle(140, 3, 60, 20, 60))!;
  assertEquals(digit.length, SIDE * SIDE);
  const mass = digit.reduce((sum, value) => sum + value, 0);
  const x = digit.reduce((sum, value, i) => sum + value * (i % SIDE + 0.5), 0) / mass;
  const y = digit.reduce((sum, value, i) => sum + value * (Math.floor(i / SIDE) + 0.5), 0) / mass;
  assertAlmostEquals(x, SIDE / 2, 0.3);
  assertAlmostEquals(y, SIDE / 2, 0.3);
  const rows = Array.from({ length: SIDE }, (_, row) => digit.slice(row * SIDE, (row + 1) * SIDE));
  assertAlmostEquals(rows.filter((row) => row.some((value) => value > 0.5)).length, 20, 1);
  assert(digit.every((value) => value >= 0 && value <= 1));
});

Deno.test("a drawing without ink is no digit", () => {
  assertEquals(toDigit({ side: 140, pixels: new Float32Array(140 * 140) }), null);
});
