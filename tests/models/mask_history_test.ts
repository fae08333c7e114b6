import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { fromBits, maskBytes, toBits } from "../../src/models/mask_history.ts";

Deno.test("a mask has a bit per weight, the first one lowest", () => {
  assertEquals(toBits([1, 0, 0, 1, 0, 0, 0, 0, 0, 1]), Uint8Array.of(0b1001, 0b10));
  assertEquals(toBits([]), new Uint8Array());
});

Deno.test("bits give back the mask", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(0, 1), { maxLength: 40 }), (mask) => {
    const bits = toBits(Float32Array.from(mask));
    assertEquals(bits.length, maskBytes(mask.length));
    assertEquals([...fromBits(bits, mask.length)], mask);
  }));
});
