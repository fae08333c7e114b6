import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  channelStatistics,
  destroyExamples,
  type ExampleArrays,
  type Normalization,
  uploadExamples,
} from "../../../src/engine/mod.ts";
import {
  gatherEvaluateSource,
  gatherTrainSource,
} from "../../../src/engine/kernels/gather_kernels.ts";
import { REPLICA_WORDS } from "../../../src/engine/kernels/row_kernels.ts";
import type { Matrix } from "../../../src/engine/kernels/matrix.ts";
import { imageVectors, pitch } from "../../../src/engine/kernels/layout.ts";
import { epochKey, type Key, permute, type RandomStream } from "../../../src/engine/random.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { standardized } from "../../reference/standardize.ts";
import { batchSizes, replicaCounts, storages, streams, widths } from "./arbitraries.ts";
import { channelCounts, packImages } from "./image_case.ts";
import { clockWords, openTestGpu, type Scratch, withScratch } from "../gpu.ts";

const gpu = await openTestGpu();
const NO_LABEL = 0xffffffff;

/** The gather kernel's parameters of a replica. */
interface Replica {
  orderKey: Key;
  splitKey: Key | null;
  labelMap: number[] | null;
}

function randomReplica(stream: RandomStream): Replica {
  const key = (): Key => [stream.uint32(), stream.uint32()];
  const map = Array.from({ length: 256 }, () => stream.integerBelow(256));
  return {
    orderKey: key(),
    splitKey: stream.integerBelow(3) > 0 ? key() : null,
    labelMap: stream.integerBelow(2) === 0 ? map : null,
  };
}

/** The `Replica` structs of the shader. */
function replicaWords(replicas: Replica[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(replicas.length * REPLICA_WORDS);
  replicas.forEach(({ orderKey, splitKey, labelMap }, r) => {
    const map = Array.from({ length: 256 }, (_, label) => labelMap?.[label] ?? label);
    words.set(
      [...orderKey, ...(splitKey ?? [9, 9]), splitKey ? 1 : 0, 0, ...map],
      r * REPLICA_WORDS,
    );
  });
  return words;
}

function randomExamples(
  count: number,
  features: number,
  isFloat: boolean,
  stream: RandomStream,
): ExampleArrays {
  const size = count * features;
  return {
    inputs: isFloat
      ? new Float32Array(size).map(() => stream.normal())
      // Some images are all zeros: their norm is 0.
      : new Uint8Array(size).map((_, i) =>
        Math.floor(i / features) % 5 === 4 ? 0 : stream.integerBelow(256)
      ),
    labels: new Uint8Array(count).map(() => stream.integerBelow(256)),
    count,
    features,
    isUnit: stream.integerBelow(2) === 0,
  };
}

/** Three, one or any number of channels. */
function channelsOf(features: number): number {
  return features % 3 === 0 ? 3 : features % 5 === 0 ? 5 : 1;
}

/** Uploads the training pool itself. */
function upload(examples: ExampleArrays, how: Normalization) {
  const statistics = how === "standardize"
    ? channelStatistics(examples, channelsOf(examples.features))
    : undefined;
  return uploadExamples(gpu, examples, how, statistics);
}

/** An example's inputs as a network sees them. */
function normalized(examples: ExampleArrays, index: number, how: Normalization): Float64Array {
  const { inputs, features } = examples;
  const row = Float64Array.from(inputs.subarray(index * features, (index + 1) * features));
  if (how === "standardize") return standardized(row, inputs, channelsOf(features));
  const isFloat = inputs instanceof Float32Array, { isUnit = false } = examples;
  if (isFloat && !(isUnit && how === "l2")) return row;
  const norm = Math.hypot(...row) || 1;
  const divisor = how === "l2" ? norm : how === "unit" || isUnit ? 255 : 1;
  return row.map((value) => value / divisor);
}

/** Rows of a batch: index of the example and label, or null where there is no example. */
type ExpectedRows = ({ example: number; label: number } | null)[];

/**
 * Compares a batch and its labels with the examples that must be in it; the rest must be exactly 0.
 */
async function assertBatch(
  scratch: Scratch,
  buffers: { batch: Matrix; labels: GPUBuffer },
  expected: ExpectedRows,
  examples: ExampleArrays,
  how: Normalization,
): Promise<void> {
  const { features } = examples, columns = pitch(features);
  const batch = await scratch.floats(buffers.batch), labels = await scratch.words(buffers.labels);
  assertEquals([...labels], expected.map((row) => row?.label ?? NO_LABEL));
  // The difference to a mean has the error of a value of 1; what divides it makes it larger.
  const { deviations } = channelStatistics(examples, channelsOf(features));
  const atol = how === "standardize" ? 2e-7 / Math.min(1, ...deviations) : 1e-7;
  expected.forEach((row, i) => {
    const actual = batch.subarray(i * columns, (i + 1) * columns), what = `row ${i}`;
    if (row === null) return assertEquals(actual.slice(), new Float32Array(columns), what);
    const inputs = normalized(examples, row.example, how);
    assertAllClose(actual.subarray(0, features), inputs, { rtol: 1e-6, atol, what });
    const rest = new Float32Array(columns - features);
    rest[0] = 1;
    assertEquals(actual.slice(features), rest, `${what}: columns beyond`);
  });
}

const cases = fc.record({
  count: fc.oneof(fc.constantFrom(1, 2, 3, 4, 5, 64), fc.integer({ min: 1, max: 300 })),
  features: widths,
  batchSize: batchSizes,
  padding: fc.integer({ min: 0, max: 4 }),
  replicas: replicaCounts,
  isFloat: fc.boolean(),
  storage: storages,
  how: fc.constantFrom<Normalization>("unit", "l2", "none", "standardize", "standardize"),
  stream: streams,
});

Deno.test("gather: a batch holds the examples of its epoch's permutation, normalized", async () => {
  await fc.assert(
    fc.asyncProperty(
      cases,
      async ({ count, features, batchSize, isFloat, how, stream, ...rest }) => {
        const examples = randomExamples(count, features, isFloat, stream);
        const trainCount = 1 + stream.integerBelow(count), rows = batchSize + rest.padding;
        const batches = Math.ceil(trainCount / batchSize);
        const replicas = Array.from({ length: rest.replicas }, () => randomReplica(stream));
        const done = replicas.map(() =>
          stream.integerBelow(stream.integerBelow(2) === 0 ? 4 * batches : 1e6)
        );

        const expected = replicas.flatMap(({ orderKey, splitKey, labelMap }, r): ExpectedRows => {
          const key = epochKey(orderKey, Math.floor(done[r] / batches));
          return Array.from({ length: rows }, (_, row) => {
            const position = (done[r] % batches) * batchSize + row;
            if (row >= batchSize || position >= trainCount) return null;
            const ordered = permute(position, trainCount, key);
            const example = splitKey ? permute(ordered, count, splitKey) : ordered;
            const label = examples.labels[example];
            return { example, label: labelMap?.[label] ?? label };
          });
        });
        const onGpu = await upload(examples, how);
        await withScratch(gpu, async (scratch) => {
          const buffers = {
            examples: onGpu,
            replicas: scratch.put(replicaWords(replicas)),
            batch: scratch.outputMatrix(rest.storage, pitch(features) / 4, replicas.length * rows),
            labels: scratch.output(replicas.length * rows),
            clocks: scratch.put(clockWords(done)),
          };
          const sizes = { replicas: replicas.length, rows, batchSize, trainCount };
          await scratch.run([gatherTrainSource(sizes, buffers)]);
          await assertBatch(scratch, buffers, expected, examples, how);
        });
        destroyExamples(onGpu);
      },
    ),
    { seed: 1, numRuns: 20 },
  );
});

Deno.test("gather: an evaluation window holds its stretch of the split", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ count, features, isFloat, how, stream, ...rest }) => {
      const examples = randomExamples(count, features, isFloat, stream);
      const rows = rest.batchSize;
      const replicas = Array.from({ length: rest.replicas }, () => randomReplica(stream));
      const first = stream.integerBelow(count),
        end = first + 1 + stream.integerBelow(count - first);
      const onGpu = await upload(examples, how);
      await withScratch(gpu, async (scratch) => {
        const buffers = {
          examples: onGpu,
          replicas: scratch.put(replicaWords(replicas)),
          batch: scratch.outputMatrix(rest.storage, pitch(features) / 4, replicas.length * rows),
          labels: scratch.output(replicas.length * rows),
          windows: scratch.uniforms([first, end, 0, 0], [first, end, 1, 0]),
        };
        const source = gatherEvaluateSource({ replicas: replicas.length, rows }, buffers);
        for (const isPool of [false, true]) {
          const expected = replicas.flatMap(({ splitKey, labelMap }): ExpectedRows =>
            Array.from({ length: rows }, (_, row) => {
              const position = first + row;
              if (position >= end) return null;
              const example = isPool && splitKey ? permute(position, count, splitKey) : position;
              const label = examples.labels[example];
              return { example, label: labelMap?.[label] ?? label };
            })
          );
          await scratch.run([source], isPool ? 1 : 0);
          await assertBatch(scratch, buffers, expected, examples, how);
        }
      });
      destroyExamples(onGpu);
    }),
    { seed: 2, numRuns: 8 },
  );
});

const images = fc.record({
  height: fc.integer({ min: 1, max: 5 }),
  width: fc.integer({ min: 1, max: 5 }),
  channels: channelCounts,
  count: fc.integer({ min: 1, max: 9 }),
  isFloat: fc.boolean(),
  storage: storages,
  how: fc.constantFrom<Normalization>("unit", "l2", "none"),
  stream: streams,
});

Deno.test("gather: the channels of images are padded to whole vec4s with zeros", async () => {
  await fc.assert(
    fc.asyncProperty(images, async ({ count, isFloat, how, stream, storage, ...shape }) => {
      const image = [shape.height, shape.width, shape.channels] as const;
      const vectors = imageVectors(image), features = shape.height * shape.width * shape.channels;
      const examples = randomExamples(count, features, isFloat, stream);
      const onGpu = await uploadExamples(gpu, examples, how);
      const format = onGpu.isPacked ? "u8" : "f32", rows = count + 1;
      const expected = Array.from({ length: count }, (_, i) => [...normalized(examples, i, how)]);
      const packed = packImages(expected.flat(), image, vectors);
      await withScratch(gpu, async (scratch) => {
        const batch = format === "f32"
          ? scratch.outputMatrix(storage, vectors, rows)
          : scratch.matrix("buffers", vectors, new Uint32Array(rows * vectors).fill(7), "u8");
        await scratch.run([
          gatherEvaluateSource({ replicas: 1, rows, format, image }, {
            examples: onGpu,
            replicas: scratch.put(replicaWords([randomReplica(stream)])),
            batch,
            labels: scratch.output(rows),
            windows: scratch.uniforms([0, count, 0, 0]),
          }),
        ]);
        const floats = await scratch.floats(batch);
        const actual = format === "f32" ? floats : new Uint8Array(floats.buffer);
        const scale = format === "f32" ? 1 : 255;
        const end = new Float32Array(4 * vectors);
        assertAllClose(actual, [...packed, ...end].map((v) => v * scale), {
          rtol: 1e-6,
          atol: 1e-5,
        });
      });
      destroyExamples(onGpu);
    }),
    { seed: 3, numRuns: 20 },
  );
});

Deno.test("gather: an epoch visits each training example once, and no validation example", async () => {
  // The one input of example i is i, so a batch tells which examples are in it.
  const count = 37, trainCount = 23, batchSize = 5, batches = 5, epochs = 3;
  const examples: ExampleArrays = {
    inputs: Float32Array.from({ length: count }, (_, i) => i),
    labels: new Uint8Array(count),
    count,
    features: 1,
  };
  const onGpu = await uploadExamples(gpu, examples, "none");
  for (const splitKey of [null, [5, 6]] as const) {
    await withScratch(gpu, async (scratch) => {
      // Replica i is at iteration i of one and the same run.
      const iterations = batches * epochs;
      const replica: Replica = { orderKey: [3, 4], splitKey, labelMap: null };
      const replicas = scratch.put(replicaWords(new Array(iterations).fill(replica)));
      const gathered = async (
        rows: number,
        run: (batch: GPUBuffer, labels: GPUBuffer) => Promise<void>,
      ) => {
        const batch = scratch.output(iterations * rows * 8),
          labels = scratch.output(iterations * rows);
        await run(batch, labels);
        const values = await scratch.floats(batch), valid = await scratch.words(labels);
        return (i: number) =>
          Array.from({ length: rows }, (_, row) => i * rows + row)
            .flatMap((row) => valid[row] === NO_LABEL ? [] : [values[8 * row]]);
      };
      const ofIteration = await gathered(batchSize, (batch, labels) => {
        const clocks = scratch.put(clockWords(Array.from({ length: iterations }, (_, i) => i)));
        const sizes = { replicas: iterations, rows: batchSize, batchSize, trainCount };
        return scratch.run([
          gatherTrainSource(sizes, { examples: onGpu, replicas, batch, labels, clocks }),
        ]);
      });
      const validation = (await gathered(count - trainCount, (batch, labels) => {
        const windows = scratch.uniforms([trainCount, count, 1, 0]);
        const sizes = { replicas: iterations, rows: count - trainCount };
        return scratch.run([
          gatherEvaluateSource(sizes, { examples: onGpu, replicas, batch, labels, windows }),
        ]);
      }))(0);

      const orders = Array.from({ length: epochs }, (_, epoch) => {
        const visited = Array.from({ length: batches }, (_, i) => ofIteration(epoch * batches + i));
        assertEquals(visited.map(({ length }) => length), [5, 5, 5, 5, 3]);
        return visited.flat();
      });
      const all = Array.from({ length: count }, (_, i) => i);
      for (const order of orders) {
        assertEquals([...order, ...validation].sort((a, b) => a - b), all);
      }
      assertEquals(new Set(orders.map(String)).size, epochs, "each epoch has an order of its own");
      const isLast = validation.every((example) => example >= trainCount);
      assertEquals(isLast, splitKey === null, "without a key the last examples validate");
    });
  }
  destroyExamples(onGpu);
});
