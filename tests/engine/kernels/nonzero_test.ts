import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  nonzeroSource,
  rowListWords,
  wordListWords,
} from "../../../src/engine/kernels/dense/weight_kernels.ts";
import { pitch } from "../../../src/engine/kernels/layout.ts";
import { type Tiles, tunedFor } from "../../../src/engine/kernels/tiles.ts";
import { replicaCounts, storages, streams, widths } from "./arbitraries.ts";
import { openTestGpu, withScratch } from "../gpu.ts";

const gpu = await openTestGpu();

const base: Tiles = tunedFor({ name: "llvmpipe", vendor: "", architecture: "", isSoftware: true });

const cases = fc.record({
  inputs: widths,
  tileRows: fc.integer({ min: 1, max: 12 }),
  rowTiles: fc.integer({ min: 1, max: 9 }),
  isBytes: fc.boolean(),
  storage: storages,
  replicas: replicaCounts,
  weightRowVectors: fc.integer({ min: 1, max: 5 }),
  unroll: fc.integer({ min: 1, max: 4 }),
  density: fc.constantFrom(0, 0.02, 0.1, 0.5, 1),
  stream: streams,
});

Deno.test("nonzero: each tile's list has the rows, or words, that are not 0 there, in order", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ inputs, replicas, density, stream, storage, ...shape }) => {
      const { tileRows, rowTiles, isBytes, weightRowVectors, unroll } = shape;
      const tiles = { ...base, weightRowVectors, unroll, rows: tileRows };
      const rows = tileRows * rowTiles, sizes = { replicas, rows };
      const layer = { name: "layer", inputs, units: 1, activation: null, useBias: true };
      const columns = pitch(inputs), vectors = columns / 4;
      const x = new Float32Array(replicas * rows * columns).map(() =>
        stream.uniform() < density ? 1 + stream.integerBelow(255) : 0
      );
      const format = isBytes ? "u8" : "f32";
      const data = isBytes ? new Uint32Array(Uint8Array.from(x).buffer) : x;
      let rowLists = new Uint32Array(), wordLists = new Uint32Array();
      await withScratch(gpu, async (scratch) => {
        const buffers = {
          inputs: scratch.matrix(storage, vectors, data, format),
          format,
          wordLists: scratch.output(replicas * wordListWords(layer, rows, tiles)),
          rowLists: scratch.output(replicas * rowListWords(layer, rows, tiles)),
        } as const;
        await scratch.run([nonzeroSource(layer, sizes, tiles, buffers)]);
        rowLists = Uint32Array.from(await scratch.words(buffers.rowLists));
        wordLists = Uint32Array.from(await scratch.words(buffers.wordLists));
        // Evaluation wants the words alone.
        const alone = scratch.output(wordLists.length);
        const ofWords = { ...buffers, wordLists: alone, rowLists: null };
        await scratch.run([nonzeroSource(layer, sizes, tiles, ofWords)]);
        assertEquals(await scratch.words(alone), wordLists);
      });

      for (let tile = 0; tile < replicas * rowTiles; tile++) {
        const isZero = (k: number) =>
          Array.from({ length: tileRows }, (_, r) => (tile * tileRows + r) * columns + 4 * k)
            .every((at) => x.subarray(at, at + 4).every((value) => value === 0));
        const expected = Array.from({ length: vectors }, (_, k) => k).filter((k) => !isZero(k));
        const list = wordLists.subarray(tile * (vectors + 1), (tile + 1) * (vectors + 1));
        assertEquals([...list.subarray(0, 1 + list[0])], [expected.length, ...expected]);
      }
      const width = 4 * Math.min(weightRowVectors, columns / 4);
      const step = [4, 3, 2, 1].find((u) => u <= unroll && rows % u === 0)!;
      const count = Math.ceil(columns / width);
      for (let r = 0; r < replicas; r++) {
        for (let tile = 0; tile < count; tile++) {
          const first = Math.min(tile * width, columns - width);
          const isZero = (b: number) => {
            const at = (r * rows + b) * columns + first;
            return x.subarray(at, at + width).every((value) => value === 0);
          };
          const expected = Array.from({ length: rows }, (_, b) => b).filter((b) => !isZero(b));
          const list = rowLists.subarray(
            (r * count + tile) * (rows + 1),
            (r * count + tile + 1) * (rows + 1),
          );
          const listed = [...list.subarray(1, 1 + list[0])];
          assertEquals(listed.length, step * Math.ceil(expected.length / step));
          assertEquals(listed.slice(0, expected.length), expected);
          for (const b of listed.slice(expected.length)) {
            assertEquals([b < rows, isZero(b)], [true, true]);
          }
        }
      }
    }),
    { seed: 3, numRuns: 25 },
  );
});
