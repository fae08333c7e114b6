import { assert, assertEquals, assertThrows } from "@std/assert";
import { RandomStream } from "../../src/engine/random.ts";
import { InputError } from "../../src/errors.ts";
import type { Tensor } from "../../src/formats/tensor.ts";
import { resample, resampleWithSigns } from "../../src/foundations/resample.ts";

const tensor = (shape: number[], ...values: number[]): Tensor => ({
  shape,
  data: Float32Array.from(values),
});
const stream = (key = 1) => new RandomStream([key, 0]);

/** How often each value occurs. */
function counts(data: Float32Array): Map<number, number> {
  return new Map(
    [...Map.groupBy(data, (value) => value)].map(([value, all]) => [value, all.length]),
  );
}

Deno.test("resample: every value of the set is as likely, values that occur twice are twice as likely", () => {
  const values = tensor([4], -1, 0.5, 0.5, 2);
  const { shape, data } = resample(values, [200, 200], stream(), "values");
  assertEquals(shape, [200, 200]);
  const found = counts(data);
  assertEquals([...found.keys()].sort(), [-1, 0.5, 2]);
  // 40,000 draws: standard deviations are 87 and 100.
  for (const [value, share] of [[-1, 0.25], [0.5, 0.5], [2, 0.25]]) {
    assert(Math.abs(found.get(value)! - 40000 * share) < 500, `${value}: ${found.get(value)}`);
  }
  assertEquals(resample(values, [200, 200], stream(), "values").data, data);
  const other = resample(values, [200, 200], stream(2), "values").data;
  assert(other.filter((value, i) => value !== data[i]).length > 20000);
});

Deno.test("resampleWithSigns: values of the weight's own sign, 0 where masked", () => {
  const values = tensor([5], -3, -1, 1, 2, 0);
  const signs = {
    shape: [100, 100],
    data: Float32Array.from({ length: 10000 }, (_, i) => i % 2 - 0.5),
  };
  const mask = { shape: [100, 100], data: signs.data.map((_, i) => i % 5 === 0 ? 0 : 1) };
  const { shape, data } = resampleWithSigns(values, signs, mask, stream(), "layer0");
  assertEquals(shape, [100, 100]);
  const found = counts(data);
  assertEquals([...found.keys()].sort((a, b) => a - b), [-3, -1, 0, 1, 2]);
  assertEquals(found.get(0), 2000);
  data.forEach((value, i) => assert(mask.data[i] === 0 ? value === 0 : value * signs.data[i] > 0));
  // Of each sign 4,000 draws of two values: a standard deviation of 32.
  for (const value of [-3, -1, 1, 2]) assert(Math.abs(found.get(value)! - 2000) < 160);
});

Deno.test("resampleWithSigns: pruning more does not change the weights that are left", () => {
  const values = tensor([4], -3, -1, 1, 2), signs = tensor([1, 4], 1, -1, 1, -1);
  const draw = (...mask: number[]) =>
    resampleWithSigns(values, signs, tensor([1, 4], ...mask), stream(), "layer0").data;
  const all = draw(1, 1, 1, 1), some = draw(0, 1, 0, 1);
  assertEquals([...some], [0, all[1], 0, all[3]]);
});

Deno.test("a set that cannot be used is named", () => {
  const signs = tensor([1, 2], 1, -1), mask = tensor([1, 2], 1, 1);
  const draw = (values: Tensor, theirSigns = signs, theirMask = mask) =>
    resampleWithSigns(values, theirSigns, theirMask, stream(), "layer0");
  assertThrows(
    () => draw(tensor([2], 1, 2)),
    InputError,
    "layer0 hold no negative value, and the weight at [0, 1]",
  );
  assertThrows(
    () => draw(tensor([2], -1, 0)),
    InputError,
    "hold no positive value, and the weight at [0, 0]",
  );
  // Where no weight of that sign lives, none is needed.
  assertEquals([...draw(tensor([1], 2), signs, tensor([1, 2], 1, 0)).data], [2, 0]);
  assertThrows(
    () => draw(tensor([2], 1, -1), tensor([1, 2], 1, 0)),
    InputError,
    "holds 0 at [0, 1], where the mask",
  );
  assertThrows(
    () => draw(tensor([2], 1, -1), tensor([2, 1], 1, 1)),
    InputError,
    "has the shape (2, 1)",
  );
  assertThrows(() => draw(tensor([0])), InputError, "are an empty array");
  const set = tensor([1, 2], 1, -1);
  assertThrows(() => draw(set), InputError, "have the shape (1, 2): give a one-dimensional array");
  assertThrows(
    () => resample(set, [1, 1], stream(), "values of x"),
    InputError,
    "values of x have the",
  );
});
