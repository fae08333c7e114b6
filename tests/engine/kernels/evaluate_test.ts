import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { evaluateSource, reduceSource } from "../../../src/engine/kernels/row_kernels.ts";
import { pitch } from "../../../src/engine/kernels/layout.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { softmaxCrossEntropy } from "../../reference/network.ts";
import { replicaCounts, storages, streams } from "./arbitraries.ts";
import { openTestGpu, UNTOUCHED, withScratch } from "../gpu.ts";

const gpu = await openTestGpu();
const NO_LABEL = 0xffffffff;

const windows = fc.record({
  classes: fc.constantFrom(1, 2, 7, 8, 9, 10, 33, 256),
  rows: fc.constantFrom(1, 2, 63, 64, 65, 100),
  replicas: replicaCounts,
  scale: fc.constantFrom(1, 3, 1e4),
  storage: storages,
  before: fc.integer({ min: 0, max: 50 }),
  after: fc.integer({ min: 0, max: 50 }),
  stream: streams,
});

Deno.test("evaluate: loss and class of each row go to its place, other places stay", async () => {
  await fc.assert(
    fc.asyncProperty(
      windows,
      async ({ classes, rows, replicas, scale, before, after, stream, storage }) => {
        const columns = pitch(classes), span = before + rows + after;
        const count = 1 + stream.integerBelow(rows);
        const logits = new Float32Array(replicas * rows * columns).map(() =>
          scale * Math.round(2 * stream.normal()) / 2
        );
        const labels = Uint32Array.from(
          { length: replicas * rows },
          (_, i) => i % rows < count ? stream.integerBelow(classes) : NO_LABEL,
        );
        const expected = new Float32Array(2 * replicas * span).fill(UNTOUCHED);
        labels.forEach((label, i) => {
          if (label === NO_LABEL) return;
          const row = Float64Array.from(logits.subarray(i * columns, i * columns + classes));
          const { loss } = softmaxCrossEntropy(row, [label], 1, classes);
          const replica = Math.floor(i / rows), predicted = row.indexOf(Math.max(...row));
          const outcome = predicted === label ? predicted : -1 - predicted;
          expected.set([loss, outcome], 2 * (replica * span + before + i % rows));
        });
        await withScratch(gpu, async (scratch) => {
          const output = scratch.output(expected.length);
          await scratch.run([
            evaluateSource({ classes, replicas, rows, span }, {
              logits: scratch.matrix(storage, columns / 4, logits),
              labels: scratch.put(labels),
              rows: output,
              windows: scratch.uniforms([0, 0, 0, 7], [11, 11 + count, 1, before]),
            }),
          ], 1);
          assertAllClose(await scratch.floats(output), expected);
        });
      },
    ),
    { seed: 1, numRuns: 15 },
  );
});

const sums = fc.record({
  span: fc.oneof(fc.constantFrom(1, 63, 64, 65, 128, 1000), fc.integer({ min: 1, max: 3000 })),
  replicas: replicaCounts,
  slot: fc.integer({ min: 0, max: 5 }),
  stream: streams,
});

Deno.test("reduce: the losses and right predictions of a split's rows, summed, go to their slot", async () => {
  await fc.assert(
    fc.asyncProperty(sums, async ({ span, replicas, slot, stream }) => {
      const count = stream.integerBelow(span + 1);
      const rows = new Float32Array(2 * replicas * span).map((_, i) =>
        i % 2 === 0 ? stream.uniform() * 5 : stream.integerBelow(512) - 256
      );
      const expected = new Float32Array(2 * replicas * 6).fill(UNTOUCHED);
      for (let r = 0; r < replicas; r++) {
        for (const part of [0, 1]) {
          let sum = 0;
          for (let i = 0; i < count; i++) {
            const value = rows[2 * (r * span + i) + part];
            sum += part === 0 ? value : Number(value >= 0);
          }
          expected[2 * (slot * replicas + r) + part] = sum;
        }
      }
      await withScratch(gpu, async (scratch) => {
        const totals = scratch.output(expected.length);
        await scratch.run([
          reduceSource({ replicas, span }, {
            rows: scratch.put(rows),
            totals,
            slots: scratch.uniforms([0, 1], [slot, count]),
          }),
        ], 1);
        const actual = await scratch.floats(totals);
        assertAllClose(actual, expected);
        const correct = (values: Float32Array) => values.filter((_, i) => i % 2 === 1);
        assertEquals(correct(actual), correct(expected), "counts are exact");
      });
    }),
    { seed: 1, numRuns: 15 },
  );
});

Deno.test("reduce: a sum does not depend on how many replicas are beside it", async () => {
  const span = 1234, ofOne = new Float32Array(2 * span).map((_, i) => 1 / (i + 3));
  const results: Float32Array[] = [];
  for (const replicas of [1, 3]) {
    const rows = new Float32Array(replicas * ofOne.length);
    for (let r = 0; r < replicas; r++) rows.set(ofOne, r * ofOne.length);
    await withScratch(gpu, async (scratch) => {
      const totals = scratch.output(2 * replicas);
      const buffers = { rows: scratch.put(rows), totals, slots: scratch.uniforms([0, span]) };
      await scratch.run([reduceSource({ replicas, span }, buffers)]);
      results.push(await scratch.floats(totals));
    });
  }
  const [alone, together] = results;
  assert(together.every((value, i) => Object.is(value, alone[i % 2])));
});
