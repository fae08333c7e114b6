import { assertEquals, assertThrows } from "@std/assert";
import { FormatError } from "../../src/errors.ts";
import { tensorFromNpy } from "../../src/formats/tensor.ts";

Deno.test("values of every type become 32-bit floats", () => {
  const cases = [
    { dtype: "<f4", data: Float32Array.of(0.1, -0), expected: [Math.fround(0.1), -0] },
    {
      dtype: "<f8",
      data: Float64Array.of(0.1, 16777217),
      expected: [0.10000000149011612, 16777216],
    },
    { dtype: "|b1", data: Uint8Array.of(1, 0), expected: [1, 0] },
    { dtype: "<i4", data: Int32Array.of(-7, 8), expected: [-7, 8] },
  ];
  for (const { dtype, data, expected } of cases) {
    const tensor = tensorFromNpy({ shape: [2, 1], dtype, data }, "a.npy");
    assertEquals(tensor, { shape: [2, 1], data: Float32Array.from(expected) });
  }
});

Deno.test("values that are not finite 32-bit floats are refused by name", () => {
  const tensor = (data: Float32Array | Float64Array) => () =>
    tensorFromNpy({ shape: [2], dtype: "<f8", data }, "w/layer0.npy");
  assertThrows(tensor(Float32Array.of(1, NaN)), FormatError, "w/layer0.npy: element 1 is NaN");
  assertThrows(tensor(Float32Array.of(-Infinity, 1)), FormatError, "element 0 is -Infinity");
  assertThrows(tensor(Float64Array.of(1e39, 1)), FormatError, "element 0 is 1e+39");
});
