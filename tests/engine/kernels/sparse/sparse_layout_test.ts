import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { DenseSpec } from "../../../../src/engine/layer_spec.ts";
import { onesRow } from "../../../../src/engine/kernels/sparse/feature_maps.ts";
import {
  groupsOf,
  packSparse,
  type SparseLayout,
  sparseLayout,
  unpackSparse,
} from "../../../../src/engine/kernels/sparse/sparse_layout.ts";
import { streams } from "../arbitraries.ts";

const chain = (
  widths: number[],
  more: Partial<DenseSpec> = {},
): DenseSpec[] =>
  widths.slice(1).map((units, l) => ({
    name: `layer${l}`,
    inputs: widths[l],
    units,
    activation: l === widths.length - 2 ? null : "relu",
    useBias: true,
    ...more,
  }));

/** The content of a list: each group's second vec4, and its entries. */
function list({ records, lists }: SparseLayout, index: number) {
  const [first, end] = records.subarray(4 * index, 4 * index + 2);
  return Array.from({ length: end - first }, (_, g) => {
    const at = 4 * (lists + 2 * (first + g));
    return {
      rows: [...records.subarray(at, at + 4)],
      second: [...records.subarray(at + 4, at + 8)],
    };
  });
}

/** The content of an input's list: unit, slot, unit, slot. */
function pairs({ records, lists }: SparseLayout, index: number) {
  const [first, end] = records.subarray(4 * index, 4 * index + 2);
  return Array.from({ length: end - first }, (_, p) => {
    const at = 4 * (lists + first + p);
    return [...records.subarray(at, at + 4)];
  });
}

Deno.test("sparse layout: a network worked by hand", () => {
  // Two inputs, three units, one output. Input 1 feeds unit 2 alone; unit 1 feeds nothing.
  const masks = [Float32Array.of(1, 1, 0, 0, 0, 1), Float32Array.of(1, 0, 1)];
  const layout = sparseLayout(chain([2, 3, 1]), [masks]);
  const bias = onesRow(2);
  assertEquals(bias, 4);
  assertEquals(list(layout, 0), [{ rows: [0, bias, bias, bias], second: [0, 0, 2, 0] }]);
  assertEquals(list(layout, 1), [], "nothing above uses unit 1: no weight, no bias");
  assertEquals(list(layout, 2), [{ rows: [1, bias, bias, bias], second: [2, 0, 2, 0] }]);
  assertEquals(list(layout, 3), [{ rows: [0, 2, 4, 4], second: [0, 0, 3, 1] }]);
  // The slots of the weights 0 and 2 of the output are the first two of group 3.
  const [first] = layout.inputLists.slice(1);
  assertEquals(pairs(layout, first), [[0, 12, 0, 0]]);
  assertEquals(pairs(layout, first + 1), []);
  assertEquals(pairs(layout, first + 2), [[0, 13, 0, 0]]);
  assertEquals([groupsOf(layout, 0, 0), groupsOf(layout, 0, 1)], [[1, 3], [1, 4]]);
  assertEquals([...layout.words], [1, 0]);
});

Deno.test("sparse layout: units without live inputs go if they are 0, which needs that they have no bias", () => {
  const masks = [Float32Array.of(0, 1), Float32Array.of(1, 1)];
  const entries = (more: Partial<DenseSpec>) => {
    const [first, last] = chain([1, 2, 1]);
    const layout = sparseLayout([{ ...first, ...more }, last], [masks]);
    return list(layout, 2).map(({ second }) => second[2]);
  };
  assertEquals(entries({ useBias: true }), [3], "both units and the bias");
  assertEquals(entries({ useBias: false }), [2], "unit 1 and the bias");
  assertEquals(
    entries({ useBias: false, activation: "sigmoid" }),
    [3],
    "sigmoid of nothing is 0.5",
  );
});

Deno.test("sparse layout: words of inputs that no kept weight reads are left out", () => {
  const mask = new Float32Array(10);
  mask[9] = 1;
  assertEquals([...sparseLayout(chain([10, 1]), [[mask]]).words], [1, 2, 0, 0]);
});

const cases = fc.record({
  widths: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 4 }),
  density: fc.constantFrom(0, 0.1, 0.5, 1),
  replicas: fc.integer({ min: 1, max: 3 }),
  useBias: fc.boolean(),
  stream: streams,
});

Deno.test("sparse layout: every weight that can move has one slot, and packing is undone by unpacking", () => {
  fc.assert(
    fc.property(cases, ({ widths, density, replicas, useBias, stream }) => {
      const layers = chain(widths, { useBias });
      const masks = Array.from(
        { length: replicas },
        () =>
          layers.map(({ inputs, units }) =>
            new Float32Array(inputs * units).map(() => stream.uniform() < density ? 1 : 0)
          ),
      );
      const layout = sparseLayout(layers, masks);
      const slots = new Float32Array(4 * layout.groups);
      const values = masks.map((ofReplica) =>
        layers.map(({ units }, l) => ({
          weights: ofReplica[l].map((bit) => bit * (1 + stream.uniform())),
          biases: new Float32Array(units).map(() => useBias ? 1 + stream.uniform() : 0),
        }))
      );
      values.forEach((ofReplica, r) =>
        ofReplica.forEach((of, l) => packSparse(layout, l, r, of, slots))
      );
      assertEquals([...slots.subarray(0, 4)], [0, 0, 0, 0], "group 0 stays 0");
      let kept = 0;
      values.forEach((ofReplica, r) =>
        ofReplica.forEach((of, l) => {
          const back = {
            weights: new Float32Array(of.weights.length),
            biases: new Float32Array(of.biases.length),
          };
          unpackSparse(layout, l, r, slots, back);
          back.weights.forEach((weight, i) => {
            assert(weight === 0 || weight === of.weights[i]);
            if (weight !== 0) kept++;
            // A dropped unit has no path to the output.
            if (weight === 0 && of.weights[i] !== 0 && useBias) {
              assert(!isUsed(layers, masks[r], l, i % layers[l].units));
            }
          });
          kept += back.biases.filter((bias) => bias !== 0).length;
        })
      );
      assertEquals(slots.filter((value) => value !== 0).length, kept, "no value twice");
    }),
    { seed: 5, numRuns: 200 },
  );
});

/** Whether a path of live weights leads from a unit to an output. */
function isUsed(layers: DenseSpec[], masks: Float32Array[], l: number, unit: number): boolean {
  if (l === layers.length - 1) return true;
  const { units } = layers[l + 1];
  return Array.from({ length: units }, (_, next) => next).some((next) =>
    masks[l + 1][unit * units + next] !== 0 && isUsed(layers, masks, l + 1, next)
  );
}
