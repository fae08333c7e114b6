import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { nonzeroRowsSource, nonzeroRowsWords } from "../../src/engine/matmul_kernels.ts";
import { pitch } from "../../src/engine/layout.ts";
import { type Tiles, tilesFor } from "../../src/engine/tiles.ts";
import { replicaCounts, streams, widths } from "./arbitraries.ts";
import { openTestGpu, withScratch } from "./gpu.ts";

const gpu = await openTestGpu();

const base: Tiles = tilesFor({ name: "", vendor: "", architecture: "", isSoftware: true });

const cases = fc.record({
  inputs: widths,
  rows: fc.integer({ min: 1, max: 70 }),
  replicas: replicaCounts,
  weightRowVectors: fc.integer({ min: 1, max: 5 }),
  unroll: fc.integer({ min: 1, max: 4 }),
  density: fc.constantFrom(0, 0.02, 0.1, 0.5, 1),
  stream: streams,
});

Deno.test("nonzero rows: each tile lists the rows that are not 0 there, in order, filled with one that is", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ inputs, rows, replicas, density, stream, ...shape }) => {
      const tiles = { ...base, ...shape };
      const layer = { name: "layer", inputs, units: 1, activation: null, useBias: true };
      const columns = pitch(inputs);
      const x = new Float32Array(replicas * rows * columns).map(() =>
        stream.uniform() < density ? stream.normal() : 0
      );
      let lists = new Uint32Array();
      await withScratch(gpu, async (scratch) => {
        const words = replicas * nonzeroRowsWords(layer, rows, tiles);
        const buffers = { inputs: scratch.put(x), lists: scratch.put(new Uint32Array(words)) };
        await scratch.run([nonzeroRowsSource(layer, { replicas, rows }, tiles, buffers)]);
        lists = Uint32Array.from(await scratch.words(buffers.lists));
      });

      const width = 4 * Math.min(shape.weightRowVectors, columns / 4);
      const step = [4, 3, 2, 1].find((u) => u <= shape.unroll && rows % u === 0)!;
      const count = Math.ceil(columns / width);
      for (let r = 0; r < replicas; r++) {
        for (let tile = 0; tile < count; tile++) {
          const first = Math.min(tile * width, columns - width);
          const isZero = (b: number) => {
            const at = (r * rows + b) * columns + first;
            return x.subarray(at, at + width).every((value) => value === 0);
          };
          const expected = Array.from({ length: rows }, (_, b) => b).filter((b) => !isZero(b));
          const list = lists.subarray(
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
