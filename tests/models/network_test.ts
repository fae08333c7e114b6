import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import {
  type GivenNetwork,
  type GivenTensor,
  toMask,
  toNetwork,
  toTensor,
} from "../../src/models/network.ts";

const given = (data: unknown, shape: unknown = [2, 2]) => ({ shape, data }) as GivenTensor;

Deno.test("arrays of any number type become 32-bit floats; those that are, stay", () => {
  const right = { shape: [2, 2], data: Float32Array.of(1, 0, -2, 0.5) };
  assertStrictEquals(toTensor(right, "it"), right);
  for (const Type of [Float64Array, Float16Array]) {
    assertEquals(toTensor(given(Type.of(1, 0, -2, 0.5)), "it"), right);
  }
  assertEquals(toTensor(given([1, 0, -2, 0.5]), "it"), right);
  for (const Type of [Int8Array, Int32Array]) {
    assertEquals(
      toTensor(given(Type.of(1, 0, -2, 9)), "it").data,
      Float32Array.of(1, 0, -2, 9),
    );
  }
  const mask = { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) };
  assertStrictEquals(toMask(mask, "it"), mask);
  for (const Type of [Uint8Array, Uint8ClampedArray, Uint16Array, Float64Array]) {
    assertEquals(toMask(given(Type.of(1, 0, 0, 1)), "it"), mask);
  }
  const network = { a: right };
  assertStrictEquals(toNetwork(network, toTensor, "it"), network);
  assertEquals(toNetwork({ a: given([1, 0, -2, 0.5]) }, toTensor, "it"), network);
});

Deno.test("what is no array of numbers is refused by name, index and value", () => {
  const refuses = (value: unknown, message: string, convert = toTensor) =>
    assertThrows(
      () => convert(value as GivenTensor, "mask of a"),
      InputError,
      `mask of a${message}`,
    );
  refuses(undefined, " is undefined: give { shape, data }");
  refuses([1, 0, 0, 1], " is Array: give { shape, data }");
  refuses({ data: [1] }, " is Object: give { shape, data }");
  refuses(given([1], [1.5]), " is Object: give { shape, data }");
  refuses(given([1, 2, 3]), " has 3 values where (2, 2) takes 4");
  refuses(given([[1, 0], [0, 1]], [2]), " holds Array at [0]");
  refuses(given([1, 0, "1", 1]), " holds 1 at [1, 0]");
  refuses(given([1, true, 0, 1]), " holds true at [0, 1]");
  refuses(
    given([1, 0, 0, 1e39]),
    " holds 1e+39 at [1, 1]: give numbers that a 32-bit float can hold",
  );
  refuses(given([1, 0, 0, 5n]), " holds 5n at [1, 1]");
  refuses(given(new BigInt64Array(4)), ": BigInt64Array is not an array of numbers");
  refuses(given("1001"), ": 1001 is not an array of numbers");
  refuses(given(new Map()), ": Map is not an array of numbers");
  // The nearest 32-bit float to this is 1.
  refuses(
    given([1, 0, 0, 1 + 1e-12]),
    " holds 1.000000000001 at [1, 1]: a mask has only 0",
    toMask,
  );
  refuses(given(Int8Array.of(1, 0, 0, -1)), " holds -1 at [1, 1]", toMask);
  const dictionary = (value: unknown, is: string) =>
    assertThrows(
      () => toNetwork(value as GivenNetwork, toTensor, "mask"),
      InputError,
      `mask: ${is} is not a dictionary of arrays`,
    );
  dictionary(null, "null");
  dictionary(new Map([["a", given([1, 0, 0, 1])]]), "Map");
  dictionary([given([1, 0, 0, 1])], "Array");
  dictionary(Promise.resolve({}), "Promise");
});
