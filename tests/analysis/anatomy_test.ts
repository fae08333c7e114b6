import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  disagreement,
  effectiveNetwork,
  histogram,
  inDegrees,
  interpolate,
  lossBarrier,
  movement,
  outDegrees,
  overlap,
  splitByMask,
} from "../../src/analysis/anatomy.ts";
import { InputError } from "../../src/errors.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { parametersOf } from "../../src/models/parameters.ts";

const tensor = (shape: number[], ...data: number[]) => ({ shape, data: Float32Array.from(data) });

Deno.test("degrees: live weights of each input and of each unit", () => {
  const mask = tensor([2, 3], 1, 0, 1, 0, 0, 1);
  assertEquals([...outDegrees(mask)], [2, 1]);
  assertEquals([...inDegrees(mask)], [1, 0, 2]);
});

const chain = (...widths: number[]) =>
  widths.slice(1).map((units, l) => ({
    ...{ name: `layer${l}`, inputs: widths[l], units, activation: null, useBias: false },
  }));

Deno.test("effective network: a neuron that goes takes others with it, up and down", () => {
  // 2 inputs, 3 + 2 hidden neurons, 1 output. Unit 2 has no inputs, unit 1 feeds only what feeds
  // nothing.
  const masks = {
    layer0: tensor([2, 3], 1, 1, 0, 0, 1, 0),
    layer1: tensor([3, 2], 1, 0, 0, 1, 1, 1),
    layer2: tensor([2, 1], 1, 0),
  };
  const { masks: left, neurons, percent } = effectiveNetwork(
    masks,
    parametersOf(chain(2, 3, 2, 1)),
  );
  assertEquals([...left.layer0.data], [1, 0, 0, 0, 0, 0]);
  assertEquals([...left.layer1.data], [1, 0, 0, 0, 0, 0]);
  assertEquals([...left.layer2.data], [1, 0]);
  assertEquals(neurons, { layer0: { left: 1, all: 3 }, layer1: { left: 1, all: 2 } });
  assertAlmostEquals(percent, 100 * 3 / 14, 1e-9);
  assertEquals([...masks.layer0.data], [1, 1, 0, 0, 1, 0], "the given masks stay");
});

Deno.test("effective network: every weight that is left lies on a path from an input to an output", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 5 }),
      fc.integer(),
      (widths, seed) => {
        const stream = new RandomStream([seed >>> 0, 0]), layers = chain(...widths);
        const masks = Object.fromEntries(layers.map(({ name, inputs, units }) => [
          name,
          tensor(
            [inputs, units],
            ...Array.from({ length: inputs * units }, () => Number(stream.uniform() < 0.3)),
          ),
        ]));
        const { masks: left } = effectiveNetwork(masks, parametersOf(layers));
        // Reachable from the inputs, and from which an output can be reached, layer by layer.
        const live = (l: number, i: number, j: number) =>
          masks[`layer${l}`].data[i * widths[l + 1] + j] !== 0;
        const range = (n: number) => Array.from({ length: n }, (_, i) => i);
        const fed = [range(widths[0]).map(() => true)];
        layers.forEach(({ inputs, units }, l) =>
          fed.push(range(units).map((j) => range(inputs).some((i) => fed[l][i] && live(l, i, j))))
        );
        const useful: boolean[][] = [];
        useful[layers.length] = range(widths.at(-1)!).map(() => true);
        for (let l = layers.length - 1; l >= 0; l--) {
          useful[l] = range(widths[l]).map((i) =>
            range(widths[l + 1]).some((j) => useful[l + 1][j] && live(l, i, j))
          );
        }
        layers.forEach(({ name, inputs, units }, l) => {
          const expected = range(inputs).flatMap((i) =>
            range(units).map((j) => Number(live(l, i, j) && fed[l][i] && useful[l + 1][j]))
          );
          assertEquals([...left[name].data], expected);
        });
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("overlap: Jaccard, and what chance gives", () => {
  const one = tensor([2, 2], 1, 1, 0, 0), other = tensor([2, 2], 1, 0, 1, 0);
  // Densities 1/2: chance shares 1/4 of all, of the 3/4 that are live in one.
  const { jaccard, byChance } = overlap(one, other);
  assertAlmostEquals(jaccard, 1 / 3, 1e-12);
  assertAlmostEquals(byChance, 1 / 3, 1e-12);
  assertEquals(overlap(one, one).jaccard, 1);
  assertEquals(overlap(one, tensor([2, 2], 0, 0, 1, 1)).jaccard, 0);
  assertThrows(() => overlap(tensor([1, 1], 0), tensor([1, 1], 0)), InputError, "no overlap");
  assertThrows(() => overlap(one, tensor([4, 1], 1, 1, 0, 0)), InputError, "(4, 1)");
});

Deno.test("overlap: chance is what shuffled masks have", () => {
  const stream = new RandomStream([3, 0]);
  const draw = (density: number) =>
    tensor([100, 100], ...Array.from({ length: 10000 }, () => Number(stream.uniform() < density)));
  for (const [a, b] of [[0.1, 0.1], [0.5, 0.2], [0.02, 0.6]]) {
    const { jaccard, byChance } = overlap(draw(a), draw(b));
    assertAlmostEquals(jaccard, byChance, 0.02);
  }
});

Deno.test("movement: of live weights alone", () => {
  const initial = tensor([1, 4], 1, -2, 3, 5), final = tensor([1, 4], 4, -6, -3, 100);
  const moved = movement(initial, final, tensor([1, 4], 1, 1, 1, 0));
  assertAlmostEquals(moved.distance, Math.sqrt(9 + 16 + 36), 1e-12);
  assertAlmostEquals(moved.meanChange, 13 / 3, 1e-12);
  assertAlmostEquals(moved.signsKept, 2 / 3, 1e-12);
  const none = tensor([1, 4], 0, 0, 0, 0);
  assertThrows(() => movement(initial, final, none), InputError, "without a live weight");
});

Deno.test("histogram: equal steps, the greatest value in the last; of a range, nothing outside", () => {
  assertEquals(histogram([0, 1, 2, 3, 4], 2), { edges: [0, 2, 4], counts: [2, 3] });
  assertEquals(histogram([-9, 0.5, 1, 9], 2, [0, 1]), { edges: [0, 0.5, 1], counts: [0, 2] });
  assertEquals(histogram([7, 7], 3).counts.reduce((a, b) => a + b), 2);
  assertThrows(() => histogram([], 3), InputError, "give a value or a range");
});

Deno.test("survivors and pruned", () => {
  const { survivors, pruned } = splitByMask(tensor([1, 3], 1, 2, 3), tensor([1, 3], 0, 1, 1));
  assertEquals([[...survivors], [...pruned]], [[2, 3], [1]]);
});

Deno.test("interpolation and barrier", () => {
  const a = { w: tensor([1, 2], 0, 4) }, b = { w: tensor([1, 2], 8, 0) };
  assertEquals([...interpolate(a, b, 0.25).w.data], [2, 3]);
  assertEquals([interpolate(a, b, 0), interpolate(a, b, 1)], [a, b]);
  assertThrows(() => interpolate(a, {}, 0.5), InputError, "layer w");
  // On the line from 1 to 3: 1, 2, 3. The middle lies 4 over it.
  assertEquals(lossBarrier([1, 6, 3]), 4);
  assertEquals(lossBarrier([1, 0, 3]), 0);
  assertThrows(() => lossBarrier([1]), InputError, "at least two");
});

Deno.test("disagreement", () => {
  assertEquals(disagreement([1, 2, 3, 4], [1, 2, 0, 0]), 0.5);
  assertThrows(() => disagreement([1], [1, 2]), InputError, "1 and 2 predictions");
  assertThrows(() => disagreement([], []), InputError, "as many of each");
});

Deno.test("arrays that are no masks, weights or finite numbers are refused", () => {
  const mask = tensor([1, 2], 1, 0), half = tensor([1, 2], 1, 0.5), short = tensor([2, 2], 1, 0);
  const refuses = (act: () => unknown, message: string) => assertThrows(act, InputError, message);
  for (const degrees of [outDegrees, inDegrees]) {
    refuses(() => degrees(half), "mask holds 0.5 at [0, 1]");
    refuses(() => degrees(short), "mask has 2 values where (2, 2) takes 4");
    refuses(() => degrees(tensor([2], 1, 0)), "mask has 1 axes");
    assertEquals([...degrees({ shape: [1, 1], data: [1] })], [1]);
  }
  refuses(() => overlap(mask, half), "the other mask holds 0.5");
  refuses(() => splitByMask(mask, tensor([2, 1], 1, 0)), "mask has the shape (2, 1)");
  refuses(() => splitByMask(mask, half), "mask holds 0.5");
  refuses(
    () => movement(tensor([1, 2], NaN, 1), mask, mask),
    "initial weights holds NaN at [0, 0]",
  );
  refuses(
    () => effectiveNetwork({ layer0: half }, parametersOf(chain(1, 2))),
    "mask of layer0 holds 0.5",
  );
  refuses(() => interpolate({ a: mask }, { a: mask, b: mask }, 0.5), 'unknown layer "b"');
  refuses(() => interpolate({ a: mask }, { a: mask }, NaN), "the place NaN on a line");
  const nan = { a: { shape: [1], data: Float32Array.of(NaN) } };
  refuses(() => interpolate(nan, nan, 0.5), "the network at 0.5 on a line, layer a, holds NaN");
  const [up, down] = [1, -1].map((w) => ({ a: { shape: [1], data: Float32Array.of(w) } }));
  refuses(() => interpolate(up, down, 1e39), "layer a, holds -Infinity at [0]");
  refuses(() => histogram([1, NaN], 2, [0, 1]), "value 1 of a histogram is NaN");
  refuses(() => histogram([1], 2, [-Infinity, 1]), "a histogram from -Infinity to 1: give a");
  refuses(() => histogram([-1.7e308, 1.7e308], 2), "a range whose width is finite");
  for (const bins of [0, 1.5, NaN]) refuses(() => histogram([1], bins), `${bins} bins`);
  refuses(() => lossBarrier([1, NaN, 1]), "loss 1 on a line is NaN");
});
