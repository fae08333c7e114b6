/** Scores as files: what is written is read again, and what are no scores is refused. */

import { assertEquals, assertRejects } from "@std/assert";
import { FormatError } from "../../src/errors.ts";
import { encodeNpy } from "../../src/formats/npy.ts";
import { parametersOf, prunableOf } from "../../src/models/parameters.ts";
import { restoreScores, saveScores } from "../../src/records/experiments/kept_scores.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";

const PARAMETERS = prunableOf(parametersOf([
  { name: "layer0", inputs: 2, units: 2, activation: null, useBias: false },
]));
const SHAPE = [2, 2];

Deno.test("scores too large for 32 bits are kept as finite ones, that which goes first as it is", async () => {
  const storage = new MemoryStorage();
  const scores = { layer0: Float64Array.of(1e300, -1e300, -Infinity, 0.5) };
  await saveScores(storage, "s", scores, { layer0: { shape: SHAPE, data: new Float32Array(4) } });
  const largest = new Float32Array(Uint32Array.of(0x7f7fffff).buffer)[0];
  assertEquals(
    (await restoreScores(storage, "s", PARAMETERS))!.layer0.data,
    Float32Array.of(largest, -largest, -Infinity, 0.5),
  );
});

Deno.test("a file that holds NaN or infinity holds no scores", async () => {
  for (const stray of [NaN, Infinity]) {
    const storage = new MemoryStorage(), data = Float32Array.of(1, stray, 2, 3);
    await storage.write("s/layer0.npy", encodeNpy({ shape: SHAPE, data }));
    await assertRejects(
      () => restoreScores(storage, "s", PARAMETERS),
      FormatError,
      "s/layer0.npy holds no scores: run the command that made the experiment again with",
    );
  }
});
