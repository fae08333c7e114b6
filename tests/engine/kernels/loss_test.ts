import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { lossSource } from "../../../src/engine/kernels/row_kernels.ts";
import { pitch } from "../../../src/engine/kernels/layout.ts";
import type { MatrixStorage } from "../../../src/engine/kernels/matrix.ts";
import type { RandomStream } from "../../../src/engine/random.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { softmaxCrossEntropy } from "../../reference/network.ts";
import { batchSizes, replicaCounts, storages, streams } from "./arbitraries.ts";
import { clockWords, openTestGpu, readClocks, withScratch } from "../gpu.ts";

const gpu = await openTestGpu();
const NO_LABEL = 0xffffffff;

/** One iteration's logits (R, rows, pitch) and labels (R, rows) through the kernel. */
async function runLoss(
  sizes: {
    classes: number;
    replicas: number;
    rows: number;
    batchSize: number;
    trainCount: number;
  },
  logits: Float32Array<ArrayBuffer>,
  labels: Uint32Array<ArrayBuffer>,
  first: number,
  done: number[],
  storage: MatrixStorage = "buffers",
) {
  const { replicas } = sizes, vectors = pitch(sizes.classes) / 4;
  const result = {
    deltas: new Float32Array(),
    metrics: new Float32Array(),
    clocks: [] as ReturnType<typeof readClocks>,
  };
  await withScratch(gpu, async (scratch) => {
    const buffers = {
      logits: scratch.matrix(storage, vectors, logits),
      labels: scratch.put(labels),
      deltas: scratch.outputMatrix(storage, vectors, replicas * sizes.rows),
      metrics: scratch.put(
        Float32Array.from(
          { length: 2 * replicas * 8 },
          (_, i) => i % 2 === 0 ? rateOf(i / 2) : decayOf((i - 1) / 2),
        ),
      ),
      clocks: scratch.put(clockWords(done)),
      burst: scratch.uniforms([first]),
    };
    await scratch.run([lossSource(sizes, buffers)]);
    result.deltas = await scratch.floats(buffers.deltas);
    result.metrics = await scratch.floats(buffers.metrics);
    result.clocks = readClocks(await scratch.words(buffers.clocks));
  });
  return result;
}

/** The step size of a slot: an iteration's of a replica, in a burst of eight. */
const rateOf = (slot: number) => Math.fround(1 / (slot + 3));
/** Its decay. */
const decayOf = (slot: number) => Math.fround(1 / (slot + 4.5));

/**
 * Ways to draw a logit: ordinary, with many ties, and so large that their exponentials overflow.
 */
const LOGITS: Record<string, (stream: RandomStream) => number> = {
  ordinary: (stream) => 3 * stream.normal(),
  tied: (stream) => stream.integerBelow(3) - 1,
  huge: (stream) => 1e4 * (stream.integerBelow(3) - 1) + stream.normal(),
};

const shapes = fc.record({
  classes: fc.oneof(
    fc.constantFrom(1, 2, 7, 8, 9, 10, 31, 32, 33, 255, 256),
    fc.integer({ min: 1, max: 256 }),
  ),
  batchSize: batchSizes,
  replicas: replicaCounts,
  storage: storages,
  kind: fc.constantFrom(...Object.keys(LOGITS)),
  /** Full batches before the last one of an epoch. */
  full: fc.integer({ min: 0, max: 3 }),
  padding: fc.integer({ min: 0, max: 5 }),
  first: fc.integer({ min: 0, max: 1000 }),
  stream: streams,
});

Deno.test("loss: mean cross-entropy, correct predictions and gradient of full and short batches", async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      async ({ classes, batchSize, replicas, kind, full, stream, ...rest }) => {
        const rows = batchSize + rest.padding, columns = pitch(classes);
        const short = 1 + stream.integerBelow(batchSize), trainCount = full * batchSize + short;
        const sizes = { classes, replicas, rows, batchSize, trainCount };
        // Every replica at an iteration of its own, some at the short batch of their epoch.
        const iterations = Array.from(
          { length: replicas },
          () => rest.first + stream.integerBelow(8),
        );
        const counts = iterations.map((i) => i % (full + 1) === full ? short : batchSize);
        const logits = new Float32Array(replicas * rows * columns).map(() => LOGITS[kind](stream));
        const labels = Uint32Array.from(
          { length: replicas * rows },
          (_, i) =>
            i % rows < counts[Math.floor(i / rows)] ? stream.integerBelow(classes) : NO_LABEL,
        );
        const actual = await runLoss(sizes, logits, labels, rest.first, iterations, rest.storage);

        const slots = iterations.map((i, r) => (i - rest.first) * replicas + r);
        assertEquals(
          actual.clocks,
          iterations.map((i, r) => ({
            done: i + 1,
            rate: rateOf(slots[r]),
            decay: decayOf(slots[r]),
          })),
        );
        const metrics = Float32Array.from(
          actual.metrics,
          (_, i) => i % 2 === 0 ? rateOf(i / 2) : decayOf((i - 1) / 2),
        );
        counts.forEach((count, r) => {
          const batch = new Float64Array(count * classes);
          for (let b = 0; b < count; b++) {
            const at = (r * rows + b) * columns;
            batch.set(logits.subarray(at, at + classes), b * classes);
          }
          const ofReplica = labels.subarray(r * rows, r * rows + count);
          const expected = softmaxCrossEntropy(batch, ofReplica, count, classes);
          metrics.set(
            [expected.loss, expected.correct],
            2 * slots[r],
          );
          const deltas = new Float64Array(rows * columns);
          for (let b = 0; b < count; b++) {
            const gradient = expected.gradient.subarray(b * classes, (b + 1) * classes);
            deltas.set(gradient, b * columns);
          }
          const written = actual.deltas.subarray(r * rows * columns, (r + 1) * rows * columns);
          assertAllClose(written, deltas, { atol: 1e-6 / count, what: `gradient of replica ${r}` });
          const padded = written.filter((_, i) => i % columns >= classes || i / columns >= count);
          assert(padded.every((value) => Object.is(value, 0)), "padding is exactly 0");
        });
        assertAllClose(actual.metrics, metrics, { what: "metrics" });
      },
    ),
    { seed: 1, numRuns: 20 },
  );
});

Deno.test("loss: a short batch by hand", async () => {
  // Logits (0, ln 3): probabilities 1/4 and 3/4; two examples of a batch of four, one right.
  const logits = new Float32Array(4 * 8);
  for (let b = 0; b < 4; b++) logits[8 * b + 1] = Math.log(3);
  const labels = Uint32Array.of(1, 0, NO_LABEL, NO_LABEL);
  const sizes = { classes: 2, replicas: 1, rows: 4, batchSize: 4, trainCount: 6 };
  const { metrics, deltas } = await runLoss(sizes, logits, labels, 1, [1]);
  assertAlmostEquals(metrics[0], (Math.log(4 / 3) + Math.log(4)) / 2, 1e-6);
  assertEquals(metrics[1], 1);
  assertAllClose(deltas.subarray(0, 2), [1 / 8, -1 / 8]);
  assertAllClose(deltas.subarray(8, 10), [-3 / 8, 3 / 8]);
});

Deno.test("loss: logits that are not finite give a loss that is not", async () => {
  const sizes = { classes: 3, replicas: 1, rows: 2, batchSize: 2, trainCount: 2 };
  for (const bad of [NaN, Infinity]) {
    for (const column of [0, 1, 2]) {
      const logits = new Float32Array(16);
      logits[column] = bad;
      const { metrics } = await runLoss(sizes, logits, Uint32Array.of(0, 1), 0, [0]);
      assert(!Number.isFinite(metrics[0]), `logit ${column} is ${bad}: loss ${metrics[0]}`);
    }
  }
});
