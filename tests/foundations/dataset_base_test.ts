import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
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
      const sets = { name: "some", classes, train: examples, test: examples };
      const { labelMap } = new DatasetBase(sets, { seed, permuteLabels: true });
      assertEquals([...labelMap!].sort((a, b) => a - b), [...Array(classes).keys()]);
    }),
    { seed: 1, numRuns: 100 },
  );
  for (let seed = 0; seed < 100; seed++) {
    const sets = { name: "three", classes: 3, train: examples, test: examples };
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
