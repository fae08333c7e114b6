import {
  assertEquals,
  assertNotEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import type { GivenSets } from "../../src/datasets/examples.ts";
import { DatasetBase, type DatasetOptions } from "../../src/foundations/dataset_base.ts";
import { type Purpose, runKey } from "../../src/foundations/seeds.ts";

/** Eight examples of one value, of ten classes. */
const examples = {
  inputs: new Float32Array(8),
  labels: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 9),
  count: 8,
  features: 1,
};
const dataset = (options?: DatasetOptions) =>
  new DatasetBase({ name: "eight", classes: 10, train: examples, test: examples }, options);
const key = (seed: number, purpose: Purpose) => runKey({ seed, purpose });

Deno.test("without options all examples are trained on, in the order of seed 0, labels as they are", () => {
  const { normalization, trainCount, validationCount, splitKey, orderKey, labelMap } = dataset();
  assertEquals([normalization, trainCount, validationCount], ["unit", 8, 0]);
  assertEquals([splitKey, orderKey, labelMap], [null, key(0, "order"), null]);
});

Deno.test("one seed gives split, order and labels keys of their own", () => {
  const options = { seed: 3, validationSize: 2, permuteLabels: true };
  const { trainCount, splitKey, orderKey, labelMap } = dataset(options);
  assertEquals([trainCount, splitKey, orderKey], [6, key(3, "split"), key(3, "order")]);
  assertEquals(labelMap, dataset({ labelKey: key(3, "labels") }).labelMap);
  assertNotEquals(labelMap, dataset({ ...options, seed: 4 }).labelMap);
});

Deno.test("the order can have a seed of its own", () => {
  const { splitKey, orderKey } = dataset({ seed: 3, trainOrderSeed: 9, validationSize: 2 });
  assertEquals([splitKey, orderKey], [key(3, "split"), key(9, "order")]);
});

Deno.test("keys that are given stand, null among them", () => {
  const given = { splitKey: [1, 2], orderKey: [3, 4], labelKey: [5, 6] } as const;
  const seeds = { seed: 3, trainOrderSeed: 9, validationSize: 2 };
  const { splitKey, orderKey, labelMap } = dataset({ ...seeds, ...given });
  assertEquals([splitKey, orderKey], [given.splitKey, given.orderKey]);
  assertEquals(labelMap, dataset({ labelKey: given.labelKey }).labelMap);
  const none = dataset({ ...seeds, splitKey: null, labelKey: null, permuteLabels: true });
  assertEquals([none.splitKey, none.labelMap], [null, null]);
});

Deno.test("labels are permuted: each class has one name, and every permutation comes up", () => {
  const found = new Set<string>();
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 256 }), (seed, classes) => {
      const zeros = { ...examples, labels: new Uint8Array(8) };
      const sets = { name: "some", classes, train: zeros, test: zeros };
      const { labelMap } = new DatasetBase(sets, { seed, permuteLabels: true });
      assertEquals([...labelMap!].sort((a, b) => a - b), [...Array(classes).keys()]);
    }),
    { seed: 1, numRuns: 100 },
  );
  for (let seed = 0; seed < 100; seed++) {
    const zeros = { ...examples, labels: new Uint8Array(8) };
    const sets = { name: "three", classes: 3, train: zeros, test: zeros };
    found.add(`${new DatasetBase(sets, { seed, permuteLabels: true }).labelMap}`);
  }
  assertEquals([...found].sort(), ["0,1,2", "0,2,1", "1,0,2", "1,2,0", "2,0,1", "2,1,0"]);
});

Deno.test("splits and seeds that cannot be used are refused", () => {
  for (const validationSize of [-1, 1.5, NaN, 8]) {
    assertThrows(
      () => dataset({ validationSize }),
      InputError,
      `validation size ${validationSize} cannot be split off 8 training examples`,
    );
  }
  for (const name of ["seed", "trainOrderSeed"]) {
    assertThrows(() => dataset({ [name]: -1 }), InputError, "seed -1 cannot be used");
  }
});

/** Three examples of two values, of three classes, of which some field is another. */
const three = (more: object) => ({
  inputs: Float32Array.of(0, 1, 2, 3, 4, 5),
  labels: Uint8Array.of(0, 1, 2),
  count: 3,
  features: 2,
  ...more,
});

Deno.test("examples that are right are not copied; others are converted once", () => {
  for (const inputs of [Float32Array.of(0, 1, 2, 3, 4, 5), Uint8Array.of(0, 1, 2, 3, 4, 5)]) {
    const sets = { name: "s", classes: 3, train: three({ inputs }), test: three({ inputs }) };
    assertStrictEquals<unknown>(new DatasetBase(sets).sets, sets);
  }
  const labels = [0, 1, 2];
  const sets: GivenSets = { name: "s", classes: 3, train: three({ labels }), test: three({}) };
  const { sets: converted } = new DatasetBase(sets);
  assertEquals(converted.train.labels, Uint8Array.of(0, 1, 2));
  assertStrictEquals(converted.train.inputs, sets.train.inputs);
  assertStrictEquals<unknown>(converted.test, sets.test);
  assertStrictEquals(new DatasetBase(sets).sets, converted, "so that runs can train together");
  // Other examples under the same roof are looked at again.
  sets.train = three({ labels: [2, 2, 2] });
  assertEquals(new DatasetBase(sets).sets.train.labels, Uint8Array.of(2, 2, 2));
});

Deno.test("integers are pixels, other numbers are used as they are, whatever array holds them", () => {
  const inputsOf = (inputs: ArrayLike<number>) =>
    new DatasetBase({ name: "s", classes: 3, train: three({ inputs }), test: three({}) }).sets.train
      .inputs;
  const pixels = [0, 1, 2, 100, 254, 255], bytes = Uint8Array.from(pixels);
  for (const Type of [Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array, Int32Array]) {
    assertEquals(inputsOf(Type.from(pixels)), bytes, Type.name);
  }
  assertEquals(inputsOf(Int8Array.of(0, 1, 2, 3, 4, 127)), Uint8Array.of(0, 1, 2, 3, 4, 127));
  const halves = [0, 0.5, -1, 2.5, 255, 1 / 1024], floats = Float32Array.from(halves);
  assertEquals(inputsOf(halves), floats);
  assertEquals(inputsOf(Float64Array.from(halves)), floats);
  assertEquals(inputsOf(Float16Array.from(halves)), floats);
  // 0.1 is no 32-bit float; the nearest one is 13421773 / 2^27.
  assertEquals(inputsOf([0.1, 0, 0, 0, 0, 0])[0], 13421773 / 2 ** 27);
  for (const Type of [Uint8ClampedArray, Int8Array, Uint16Array, Int32Array, Float32Array]) {
    const labels = Type.from([2, 0, 1]);
    const { sets } = new DatasetBase(
      { name: "s", classes: 3, train: three({ labels }), test: three({}) },
    );
    assertEquals(sets.train.labels, Uint8Array.of(2, 0, 1), Type.name);
  }
});

Deno.test("examples that cannot be used are refused by split, example and value", () => {
  const refuses = (train: object, message: string, more: object = {}) => {
    for (const split of ["training", "test"]) {
      const sets = { name: "s", classes: 3, train: three({}), test: three({}), ...more };
      const bad = { ...sets, [split === "test" ? "test" : "train"]: three(train) };
      const error = assertThrows(() => new DatasetBase(bad as GivenSets), InputError);
      assertStringIncludes(error.message, message.replaceAll("SPLIT", split));
    }
  };
  const label = (...labels: unknown[]) => ({ labels });
  refuses(
    label(0, 3, 0),
    "SPLIT labels: example 1 has the label 3; labels are whole numbers from 0 to 2",
  );
  refuses({ labels: Uint8Array.of(0, 1, 9) }, "SPLIT labels: example 2 has the label 9");
  refuses({ labels: Int32Array.of(0, -1, 0) }, "SPLIT labels: example 1 has the label -1");
  refuses({ labels: Uint16Array.of(256, 0, 0) }, "SPLIT labels: example 0 has the label 256");
  refuses(label(0, 0, 1.5), "SPLIT labels: example 2 has the label 1.5");
  refuses(label(0, NaN, 0), "SPLIT labels: example 1 has the label NaN");
  refuses(label("1", 0, 0), "SPLIT labels: example 0 has the label 1");
  refuses(label(true, false, true), "SPLIT labels: example 0 has the label true");
  refuses(label(0, 1n, 0), "SPLIT labels: example 1 has the label 1n");
  refuses(
    { labels: new BigInt64Array(3) },
    "SPLIT labels: BigInt64Array is not an array of numbers",
  );
  refuses({ labels: "012" }, "SPLIT labels: 012 is not an array of numbers");
  refuses({ labels: undefined }, "SPLIT labels: undefined is not an array of numbers");
  refuses({ labels: new DataView(new ArrayBuffer(3)) }, "SPLIT labels: DataView is not an array");
  refuses(label(0, 0), "SPLIT: 6 values and 2 labels for 3 examples of 2 values; pass 6 and 3");
  refuses(label(1, 0, 0, 0, 1, 0, 0, 0, 1), "class numbers instead of one-hot rows");

  const input = (...inputs: unknown[]) => ({ inputs });
  const infinite = Float32Array.of(0, 1, 2, -Infinity, 4, 5);
  refuses(
    { inputs: infinite },
    "SPLIT inputs: example 1 has -Infinity at feature 1: inputs must be",
  );
  refuses({ inputs: Float32Array.of(0, 1, 2, 3, NaN, 5) }, "example 2 has NaN at feature 0");
  refuses({ inputs: Float64Array.of(0, 1, 2, 3, 4, 1e39) }, "example 2 has 1e+39 at feature 1");
  refuses(input(0, 1, undefined, 3, 4, 5), "example 1 has undefined at feature 0");
  refuses(input(0, 1, 2, "3", 4, 5), "example 1 has 3 at feature 1");
  refuses({ inputs: new Array(6) }, "example 0 has undefined at feature 0");
  refuses(
    { inputs: Uint16Array.of(0, 1, 2, 256, 4, 5) },
    "example 1 has 256 at feature 1: integers",
  );
  refuses({ inputs: Int8Array.of(0, 1, -2, 3, 4, 5) }, "example 1 has -2 at feature 0: integers");
  refuses({ inputs: new BigUint64Array(6) }, "SPLIT inputs: BigUint64Array is not an array");
  refuses({ inputs: new Float32Array(7) }, "SPLIT: 7 values and 3 labels for 3 examples");
  refuses({ count: 4 }, "SPLIT: 6 values and 3 labels for 4 examples of 2 values; pass 8 and 4");
  refuses({ count: 1.5 }, "SPLIT: 1.5 examples of 2 values");
  refuses({ features: NaN }, "SPLIT: 3 examples of NaN values");
  refuses({ features: 1, inputs: [1, 2, 3] }, "values and test examples ");
  for (const classes of [0, 257, 2.5, NaN]) refuses({}, `${classes} classes`, { classes });
  refuses({}, "images of 28 x 28 do not have 2 values", { imageShape: [28, 28] });
});

Deno.test("normalizations and keys that do not exist are refused", () => {
  const refuses = (options: object, message: string) =>
    assertThrows(() => dataset(options), InputError, message);
  refuses({ normalization: "L2" }, "normalization L2 is unknown: use unit, l2, none, standardize");
  refuses({ orderKey: [1] }, "key 1 cannot be used");
  refuses({ orderKey: [NaN, 0] }, "key NaN,0 cannot be used");
  refuses({ labelKey: [1, 2 ** 32] }, "key 1,4294967296 cannot be used");
});
