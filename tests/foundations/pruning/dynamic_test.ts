/** The rules of dynamic sparse training on the arrays of one layer, against the oracle. */

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RandomStream } from "../../../src/engine/random.ts";
import { InputError } from "../../../src/errors.ts";
import {
  changedLayer,
  checkDynamic,
  DYNAMIC,
  DYNAMIC_NAMES,
  type DynamicName,
  type DynamicSpec,
  gradualCount,
  lastUpdate,
  maskChange,
} from "../../../src/foundations/pruning/dynamic.ts";
import { prunedTo, regrown } from "../../reference/dynamic.ts";

Deno.test("masks change at multiples of the interval: gmp to 3/4 of the run, rigl before, set to the end", () => {
  assertEquals(lastUpdate("gmp", 100, 800), 600);
  assertEquals(lastUpdate("rigl", 100, 800), 500);
  assertEquals(lastUpdate("set", 100, 800), 700);
  assertEquals(lastUpdate("gmp", 7, 10), 7);
  assertEquals(lastUpdate("rigl", 8, 10), 0);
  assertEquals(lastUpdate("set", 10, 10), 0);
  assertEquals(DYNAMIC_NAMES.map((rule) => lastUpdate(rule, 1, 0)), [0, 0, 0]);
  const isInTime: Record<DynamicName, (t: number, n: number) => boolean> = {
    gmp: (t, n) => 4 * t <= 3 * n,
    set: (t, n) => t < n,
    rigl: (t, n) => 4 * t < 3 * n,
  };
  for (const rule of DYNAMIC_NAMES) {
    for (let interval = 1; interval < 12; interval++) {
      for (let n = 0; n < 40; n++) {
        const counted = Array.from({ length: n }, (_, k) => (k + 1) * interval)
          .filter((t) => isInTime[rule](t, n));
        assertEquals(
          lastUpdate(rule, interval, n),
          counted.at(-1) ?? 0,
          `${rule} ${interval} ${n}`,
        );
      }
    }
  }
});

Deno.test("the longest run with the shortest interval: no list of a billion updates", () => {
  assertEquals(DYNAMIC_NAMES.map((rule) => lastUpdate(rule, 1, 1e9)), [75e7, 1e9 - 1, 75e7 - 1]);
});

Deno.test("gradual pruning: sparsity rises with the cube, and ends exactly where it should", () => {
  // Sparsity 0.9·(1 - (1 - x)³) of 1,000 weights.
  assertEquals([0, 0.25, 0.5, 0.75, 1].map((x) => gradualCount(1000, 100, x)), [
    1000,
    480, // 100 + 900·0.421875 = 479.69
    213, // 212.5
    114, // 114.06
    100,
  ]);
  for (const [start, end] of [[266200, 26620], [7, 1], [3, 3]]) {
    assertEquals(gradualCount(start, end, 1), end);
  }
});

Deno.test("RigL replaces a share that falls from the fraction to 0 along half a cosine", () => {
  const share = (iteration: number) => DYNAMIC.rigl.share!(0.3, { iteration, iterations: 800 });
  assertEquals(share(0), 0.3);
  assert(Math.abs(share(300) - 0.15) < 1e-15);
  assert(Math.abs(share(200) - 0.225) < 1e-15);
  assert(share(600) < 1e-15);
  const set = (iteration: number) => DYNAMIC.set.share!(0.3, { iteration, iterations: 800 });
  assertEquals([set(0), set(700)], [0.3, 0.3]);
});

/** A layer with many ties; -0 and 0 are equal. */
const layers = fc.integer({ min: 1, max: 60 }).chain((size) =>
  fc.record({
    mask: fc.array(fc.constantFrom<number>(0, 1), { minLength: size, maxLength: size }),
    weights: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: size, maxLength: size }),
    gradient: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: size, maxLength: size }),
    fraction: fc.double({ min: 0.01, max: 1, noNaN: true }),
    key: fc.nat(),
  })
);

const floats = (values: number[]) => Float32Array.from(values);

/**
 * The change of a layer at an update of a run of 800 iterations, and what it makes of the layer.
 */
function changed(
  rule: DynamicName,
  { mask, weights, gradient, fraction, key }: {
    mask: number[];
    weights: number[];
    gradient: number[];
    fraction: number;
    key: number;
  },
  iteration: number,
  end: number,
) {
  const live = mask.reduce((a, b) => a + b, 0);
  const spec: DynamicSpec = { rule, interval: 100, fraction, live: {} };
  const values = floats(weights.map((w, i) => mask[i] * w));
  const stream = new RandomStream([key, 0]);
  const change = maskChange(
    spec,
    {
      ...{ weights: values, mask: floats(mask), gradient: floats(gradient) },
      ...{ start: live, end, stream },
    },
    { iteration, iterations: 800 },
  );
  const matrix = { weights: values, biases: floats([5]) };
  const after = changedLayer({ ...matrix, optimizer: [matrix, matrix] }, floats(mask), change);
  return { live, change, ...after };
}

/** Everything but the given places is as it was, and these are 0. */
function assertZeroed(
  { layer: { weights, biases, optimizer } }: ReturnType<typeof changed>,
  before: number[],
  zero: (i: number) => boolean,
) {
  const expected = floats(before.map((w, i) => zero(i) ? 0 : w));
  for (const values of [{ weights, biases }, ...optimizer]) {
    assertEquals(values.weights.every((w, i) => w === expected[i]), true);
    assertEquals(values.biases, floats([5]));
  }
}

Deno.test("gmp: the smallest weights go, ties by lowest index", () => {
  fc.assert(fc.property(layers, fc.nat(), (layer, n) => {
    const live = layer.mask.reduce((a, b) => a + b, 0), end = Math.min(live, n % 60);
    const outcome = changed("gmp", layer, 300, end);
    const count = Math.round(end + (live - end) * 0.125);
    const expected = prunedTo(layer.mask, layer.weights, count);
    assertEquals([...outcome.mask], expected);
    assertEquals(outcome.change.grown.length, 0);
    assertZeroed(outcome, layer.weights, (i) => expected[i] === 0);
  }));
});

Deno.test("rigl: the smallest go, the largest gradients of all others come, at 0", () => {
  fc.assert(fc.property(layers, (layer) => {
    const outcome = changed("rigl", layer, 300, 0), { live } = outcome;
    const count = Math.min(Math.round(layer.fraction / 2 * live), layer.mask.length - live);
    const expected = regrown(layer.mask, layer.weights, layer.gradient, count);
    assertEquals([...outcome.mask], expected.mask);
    assertEquals(new Set(outcome.change.grown), expected.fresh);
    assertZeroed(
      outcome,
      layer.weights,
      (i) => expected.mask[i] === 0 || expected.fresh.has(i),
    );
  }));
});

Deno.test("set: the smallest go, as many others that were dead come, at 0", () => {
  fc.assert(fc.property(layers, (layer) => {
    const outcome = changed("set", layer, 700, 0), { live, change } = outcome;
    const count = Math.min(Math.round(layer.fraction * live), layer.mask.length - live);
    const kept = prunedTo(layer.mask, layer.weights, live - count);
    assertEquals([...change.died], layer.mask.flatMap((m, i) => m > kept[i] ? [i] : []));
    assertEquals(new Set(change.grown).size, count);
    assertEquals([...change.grown].every((i) => layer.mask[i] === 0), true);
    assertEquals(
      [...outcome.mask],
      kept.map((m, i) => change.grown.includes(i) ? 1 : m),
    );
    assertZeroed(outcome, layer.weights, (i) => kept[i] === 0);
  }));
});

Deno.test("set grows everywhere alike, and as its key says", () => {
  const layer = {
    mask: Array.from({ length: 20 }, (_, i) => i < 4 ? 1 : 0),
    weights: Array.from({ length: 20 }, (_, i) => i + 1),
    gradient: Array.from({ length: 20 }, () => 0),
    fraction: 0.5,
  };
  const grown = (key: number) => [...changed("set", { ...layer, key }, 100, 0).change.grown];
  assertEquals(grown(1), grown(1));
  assertNotEquals([1, 2, 3].map(grown), [2, 3, 4].map(grown));
  const counts = new Array(20).fill(0);
  for (let key = 0; key < 4000; key++) for (const i of grown(key)) counts[i]++;
  // 2 of 16 places each time: 500 expected, with a standard deviation of 21.
  assertEquals(counts.slice(0, 4), [0, 0, 0, 0]);
  for (const times of counts.slice(4)) assert(times > 400 && times < 600, `${times}`);
});

Deno.test("a layer without dead weights is left alone by set and rigl", () => {
  const layer = { mask: [1, 1, 1], weights: [1, 2, 3], gradient: [1, 1, 1], fraction: 1, key: 1 };
  for (const rule of ["set", "rigl"] as const) {
    const { change } = changed(rule, layer, 100, 0);
    assertEquals([change.died.length, change.grown.length], [0, 0]);
  }
});

Deno.test("settings that a run cannot have are refused", () => {
  const sizes = { layer0: 12, layer1: 6 };
  const right: Record<DynamicName, DynamicSpec> = {
    gmp: { rule: "gmp", interval: 10, live: { layer0: 12, layer1: 1 } },
    set: { rule: "set", interval: 10, fraction: 0.3, live: { layer0: 3, layer1: 6 } },
    rigl: { rule: "rigl", interval: 10, fraction: 1, live: { layer0: 3, layer1: 6 } },
  };
  for (const rule of DYNAMIC_NAMES) checkDynamic(right[rule], sizes, 100);
  const cases: [change: object, message: string][] = [
    [{ rule: "snip" }, 'rule "snip" is unknown: use gmp, set, rigl'],
    [{ interval: 0 }, "an interval of 0 iterations: give an integer, 1 or more"],
    [{ interval: NaN }, "an interval of NaN iterations"],
    [{ interval: 100 }, "an interval of 100 leaves set no update in a run of 100 iterations"],
    [{ fraction: 0 }, "a fraction of 0 with set: give a number above 0, at most 1"],
    [{ fraction: NaN }, "a fraction of NaN with set"],
    [{ fraction: undefined }, "a fraction of undefined with set"],
    [{ rule: "gmp" }, "a fraction of 0.3 with gmp: it replaces no weights, so leave it out"],
    [{ live: { layer0: 3 } }, "undefined live weights of layer1, which has 6"],
    [{ live: { layer0: 0, layer1: 6 } }, "0 live weights of layer0, which has 12: give an integer"],
    [{ live: { layer0: 13, layer1: 6 } }, "13 live weights of layer0, which has 12"],
    [{ live: { layer0: 3, layer1: 6, layer2: 1 } }, "1 live weights of layer2, which has 0"],
  ];
  for (const [change, message] of cases) {
    assertThrows(
      () => checkDynamic({ ...right.set, ...change }, sizes, 100),
      InputError,
      `dynamic training: ${message}`,
    );
  }
});
