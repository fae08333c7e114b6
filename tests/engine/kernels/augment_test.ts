/** Batches of augmented images, gathered by every kernel, against their definition. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type AugmentName,
  channelStatistics,
  checkAugments,
  destroyExamples,
  type ExampleArrays,
  type Gpu,
  type Normalization,
  uploadExamples,
} from "../../../src/engine/mod.ts";
import { viewed, viewOf } from "../../../src/engine/examples/augment.ts";
import { imageVectors, pitch } from "../../../src/engine/kernels/layout.ts";
import { gatherTrainSource } from "../../../src/engine/kernels/gather_kernels.ts";
import { REPLICA_WORDS } from "../../../src/engine/kernels/row_kernels.ts";
import type { LayerImage, LayerSpec } from "../../../src/engine/layer_spec.ts";
import type { SparseLayout } from "../../../src/engine/kernels/sparse/sparse_layout.ts";
import {
  type FeatureMap,
  featureMaps,
  featureRow,
  featureRows,
} from "../../../src/engine/kernels/sparse/feature_maps.ts";
import {
  columnsFor,
  paddedExamples,
  sparseGatherSource,
} from "../../../src/engine/kernels/sparse/sparse_row_kernels.ts";
import { epochKey, type Key, permute, RandomStream } from "../../../src/engine/random.ts";
import { CapacityError, InputError } from "../../../src/errors.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { oracleAugmented, oracleDraw } from "../../reference/augment.ts";
import { standardized } from "../../reference/standardize.ts";
import { clockWords, openTestGpu, withScratch } from "../gpu.ts";
import { storages, streams } from "./arbitraries.ts";
import { packImages } from "./image_case.ts";

const gpu = await openTestGpu();

const cases = fc.record({
  height: fc.integer({ min: 1, max: 11 }),
  width: fc.integer({ min: 1, max: 11 }),
  channels: fc.constantFrom(1, 1, 2, 3, 3, 5),
  count: fc.integer({ min: 1, max: 40 }),
  replicas: fc.constantFrom(1, 3),
  names: fc.constantFrom<AugmentName[]>(["crop"], ["flip"], ["crop", "flip"]),
  kind: fc.constantFrom("bytes", "unit bytes", "floats", "unit floats"),
  how: fc.constantFrom<Normalization>("unit", "l2", "none", "standardize"),
  layout: fc.constantFrom("flat", "image", "sparse"),
  storage: storages,
  stream: streams,
});

/** How a batch lies below a dense layer, and below a convolution. */
function firstMaps(image: LayerImage): FeatureMap[] {
  const rest = { name: "layer0", activation: "relu", useBias: true } as const;
  const kernel = [3, 2] as const, stride = [1, 1] as const;
  const layers: LayerSpec[] = [
    { ...rest, inputs: image[0] * image[1] * image[2], units: 1 },
    { ...rest, kind: "conv2d", image, kernel, stride, padding: "same", filters: 1 },
  ];
  return layers.map((layer) => featureMaps([layer])[0]);
}

/** What a network sees of an image, by the definition of each normalization. */
function normalized(
  row: Float64Array,
  { inputs, isUnit }: ExampleArrays,
  how: Normalization,
  channels: number,
): Float64Array {
  if (how === "standardize") return standardized(row, inputs, channels);
  const isFloat = inputs instanceof Float32Array;
  if (isFloat && !(isUnit && how === "l2")) return row;
  const divisor = how === "l2" ? Math.hypot(...row) || 1 : how === "unit" || isUnit ? 255 : 1;
  return row.map((value) => value / divisor);
}

Deno.test("a training batch holds augmented images, normalized afterwards", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ count, names, kind, how, layout, stream, ...rest }) => {
      const image = [rest.height, rest.width, rest.channels] as const, [, , channels] = image;
      const features = rest.height * rest.width * channels, isFloat = kind.endsWith("floats");
      const size = count * features, isUnit = kind.startsWith("unit");
      const pool: ExampleArrays = {
        inputs: isFloat
          ? new Float32Array(size).map(() => isUnit ? stream.uniform() : stream.normal())
          : new Uint8Array(size).map(() => stream.integerBelow(256)),
        labels: new Uint8Array(count),
        ...{ count, features, isUnit },
      };
      const batchSize = 1 + stream.integerBelow(count), trainCount = count;
      const key = (): Key => [stream.uint32(), stream.uint32()];
      const replicas = Array.from({ length: rest.replicas }, () => ({
        ...{ order: key(), split: key(), augment: key() },
        done: stream.integerBelow(50_000),
      }));
      const batches = Math.ceil(trainCount / batchSize);
      const expected = replicas.map(({ order, split, augment, done }) =>
        Array.from({ length: batchSize }, (_, row) => {
          const position = done % batches * batchSize + row;
          if (position >= trainCount) return new Float64Array(features);
          const at = permute(position, count, epochKey(order, Math.floor(done / batches)));
          const example = permute(at, count, split);
          const whole = pool.inputs.subarray(example * features, (example + 1) * features);
          const drawn = oracleDraw(augment, done, example);
          const shown = oracleAugmented(whole, image, names, drawn);
          const ours = viewed(whole, image, viewOf({ names }, augment, done, example));
          assertEquals(Float64Array.from(ours), shown, "on the host");
          return normalized(shown, pool, how, channels);
        })
      );
      const statistics = how === "standardize" ? channelStatistics(pool, channels) : undefined;
      const cropped = names.includes("crop") ? image : undefined;
      const onGpu = await uploadExamples(gpu, pool, how, statistics, cropped);
      const words = new Uint32Array(replicas.length * REPLICA_WORDS);
      replicas.forEach(({ order, split, augment }, r) => {
        words.set([...order, ...split, 1], r * REPLICA_WORDS);
        words.set(augment, (r + 1) * REPLICA_WORDS - 2);
      });
      const augment = { names, image };
      // The difference to a mean has the error of a value of 1; what divides it makes it larger.
      const deviations = statistics?.deviations ?? [1];
      const close = { rtol: 1e-6, atol: 2e-7 / Math.min(1, ...deviations) };
      await withScratch(gpu, async (scratch) => {
        const shared = {
          examples: onGpu,
          replicas: scratch.put(words),
          clocks: scratch.put(clockWords(replicas.map(({ done }) => done))),
        };
        if (layout === "sparse") {
          const shape = columnsFor(batchSize), padded = paddedExamples(shape);
          const lists = Math.ceil(features / 4);
          const list = [lists, ...Array.from({ length: lists }, (_, i) => i)];
          const count = replicas.length * shape.tiles, { clocks } = shared;
          const train = { batchSize, trainCount, clocks, augment };
          for (const map of firstMaps(image)) {
            const rows = featureRows(map.rows);
            const batch = scratch.outputMatrix(rest.storage, shape.columns, count * rows);
            await scratch.run([sparseGatherSource({ train }, shape, {
              ...shared,
              layout: { replicas: replicas.length, batch: map } as SparseLayout,
              words: scratch.put(Uint32Array.from(replicas.flatMap(() => list))),
              ...{ batch, labels: scratch.output(replicas.length * padded) },
            })]);
            const floats = await scratch.floats(batch), perTile = 4 * shape.columns;
            expected.forEach((rowsOf, r) =>
              rowsOf.forEach((values, row) => {
                const tile = r * shape.tiles + Math.floor(row / perTile);
                const column = row % perTile;
                const actual = Float64Array.from(
                  values,
                  (_, k) => floats[(tile * rows + featureRow(map, k)) * perTile + column],
                );
                assertAllClose(actual, values, { ...close, what: `replica ${r}, row ${row}` });
              })
            );
          }
          return;
        }
        const isImage = layout === "image", format = onGpu.isPacked ? "u8" : "f32";
        const vectors = isImage ? imageVectors(image) : pitch(features) / 4;
        const all = replicas.length * batchSize, isBytes = format === "u8";
        const batch = isBytes
          ? scratch.matrix("buffers", vectors, new Uint32Array(all * vectors).fill(7), "u8")
          : scratch.outputMatrix(rest.storage, vectors, all);
        const sizes = { replicas: replicas.length, rows: batchSize, batchSize, trainCount };
        await scratch.run([
          gatherTrainSource(
            { ...sizes, format, augment, image: isImage ? image : null },
            { ...shared, batch, labels: scratch.output(all) },
          ),
        ]);
        const floats = await scratch.floats(batch);
        const values = isBytes ? new Uint8Array(floats.buffer) : floats;
        expected.flat().forEach((row, i) => {
          const inRow = values.subarray(4 * vectors * i, 4 * vectors * (i + 1));
          const actual = Float64Array.from(inRow, (v) => isBytes ? v / 255 : v);
          const wanted = isImage ? packImages([...row], image, vectors) : row;
          const what = `${layout} row ${i}`;
          assertAllClose(actual.subarray(0, wanted.length), wanted, { ...close, what });
        });
      });
      destroyExamples(onGpu);
    }),
    { seed: 4, numRuns: 40 },
  );
});

/** Chi-square of counts that should be alike, as a standard normal (Wilson and Hilferty 1931). */
function excess(counts: ArrayLike<number>): number {
  const all = Array.from(counts), mean = all.reduce((a, b) => a + b, 0) / all.length;
  const chi = all.reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0), degrees = all.length - 1;
  const variance = 2 / (9 * degrees);
  return (Math.cbrt(chi / degrees) - (1 - variance)) / Math.sqrt(variance);
}

Deno.test("places and mirrors are drawn equally often, whatever was drawn before or beside", () => {
  const names: AugmentName[] = ["crop", "flip"], stream = new RandomStream([1, 2]);
  const number = (example: number, iteration: number, key: Key) => {
    const { top, left, isMirrored } = viewOf({ names }, key, iteration, example);
    return { top, left, mirror: isMirrored ? 1 : 0, all: 2 * (9 * top + left) + +isMirrored };
  };
  const keys: Key[] = [[0, 0], [0, 1], [stream.uint32(), stream.uint32()]];
  for (const key of keys) {
    const ofExamples = new Uint32Array(162), ofIterations = new Uint32Array(162);
    const tops = new Uint32Array(81), lefts = new Uint32Array(81), mirrors = new Uint32Array(4);
    const beside = new Uint32Array(81), otherKey = new Uint32Array(81);
    for (let i = 0; i < 50_000; i++) {
      ofExamples[number(i, 7, key).all]++;
      const now = number(3, 2 * i, key), next = number(3, 2 * i + 1, key);
      ofIterations[now.all]++;
      tops[9 * now.top + next.top]++;
      lefts[9 * now.left + next.left]++;
      mirrors[2 * now.mirror + next.mirror]++;
      beside[9 * now.top + number(4, 2 * i, key).top]++;
      otherKey[9 * now.left + number(3, 2 * i, [key[0] + 1, key[1]]).left]++;
    }
    const all = { ofExamples, ofIterations, tops, lefts, mirrors, beside, otherKey };
    for (const [what, counts] of Object.entries(all)) {
      assert(Math.abs(excess(counts)) < 4, `${what}, key ${key}: ${excess(counts)}`);
    }
  }
  assertEquals(viewOf({ names: ["flip"] }, keys[2], 5, 6).top, 4);
  assertEquals(viewOf({ names: ["flip"] }, keys[2], 5, 6).left, 4);
});

Deno.test("names are put in order, and refused where they are unknown or there twice", () => {
  assertEquals(checkAugments(["flip", "crop"]), ["crop", "flip"]);
  assertEquals(checkAugments([]), []);
  const bad: [unknown, string][] = [
    [["crop", "crop"], "augmentation crop is given twice: give it once"],
    [["turn"], "augmentation turn is unknown: give a list of crop, flip"],
    ["crop", "augmentation crop is unknown"],
    [[undefined], "augmentation undefined is unknown"],
  ];
  for (const [names, message] of bad) {
    assertThrows(() => checkAugments(names as AugmentName[]), InputError, message);
  }
});

Deno.test("norms of windows that do not fit are refused with how many examples do", async () => {
  const limits = { maxBufferSize: 2000, maxStorageBufferBindingSize: 1000 };
  const small: Gpu = Object.create(gpu, { device: { value: { limits } } });
  const pool = { inputs: new Uint8Array(48), labels: new Uint8Array(4), count: 4, features: 12 };
  await assertRejects(
    () => uploadExamples(small, pool, "l2", undefined, [2, 2, 3]),
    CapacityError,
    "the norms of the windows of 4 examples take 1.31 kB",
  );
});
