/** The finished example that comes with the page: small, whole, and what it is said to be. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FormatError, InputError } from "../../../src/errors.ts";
import { sha256Hex } from "../../../src/formats/digests/sha256.ts";
import { decodeNpy, encodeNpy } from "../../../src/formats/npy.ts";
import { decodeRecord } from "../../../src/records/record.ts";
import { EXAMPLE_ARGS, EXAMPLE_PATH, isOfExample } from "../../../src/web/example/about_example.ts";
import { exampleStorage } from "../../../src/web/example/finished_example.ts";
import { packExperiment, unpackExperiment } from "../../../src/web/example/packed_experiment.ts";
import type { RunCurves } from "../../../src/web/messages.ts";
import { decodeExample } from "../../../src/web/page/network/example_file.ts";
import { SHOWN_EXAMPLE } from "../../../src/web/page/network/shown_example.ts";
import { Experiments } from "../../../src/web/stored/experiments.ts";

const MOST_BYTES = 250_000;
const pack = await Deno.readFile(new URL("../../../src/web/example/example.gz", import.meta.url));
const storage = await exampleStorage(pack);
const experiments = new Experiments(
  Object.assign(storage, { isLocked: () => Promise.resolve(false) }),
);

Deno.test("the example is small, and every file of it is as its run's record has it", async () => {
  assert(pack.length <= MOST_BYTES, `${pack.length} bytes`);
  const { runs } = await experiments.view(EXAMPLE_PATH);
  assertEquals(runs.map(({ kind, level }) => `${kind} ${level}`), [
    ...["ticket 0", "ticket 1", "ticket 2", "ticket 3", "reinit 3"],
  ]);
  for (const { folder } of runs) {
    const record = await decodeRecord(await storage.read(`${folder}/run.json`));
    assert(typeof record !== "string", `${folder}: ${record}`);
    const kept = Object.keys(record.files as object).filter((file) => /npy$|^metrics/.test(file));
    assertEquals(kept.length, 11);
    for (const file of kept) {
      const digest = await sha256Hex(await storage.read(`${folder}/${file}`));
      assertEquals(digest, (record.files as Record<string, string>)[file], file);
    }
  }
});

Deno.test("what is shown of the example at once is what its files have", async () => {
  const shown = SHOWN_EXAMPLE, view = await experiments.view(EXAMPLE_PATH);
  assertEquals(shown.view, view);
  const folders = view.runs.map(({ folder }) => folder);
  assertEquals(shown.shape, await experiments.networks.imageShape(folders[0]));
  const tested = (runs: RunCurves[]) =>
    runs.map(({ curves: { validate, test } }) => [validate, test]);
  assertEquals(tested(shown.curves), tested(await experiments.curves(folders)));
  const weights = await experiments.weights(folders);
  decodeExample(shown).forEach(({ weights: { run, live, frames, percent } }, r) => {
    const stored = weights[r];
    assertEquals([run, live, percent], [stored.run, stored.live, stored.percent]);
    for (const at of [0, -1]) {
      frames.at(at)!.values.forEach((value, i) => {
        const exact = stored.frames.at(at)!.values[i];
        if (live[i] === 1) assert(Math.abs(value - exact) <= shown.step, `${value}, not ${exact}`);
      });
    }
  });
});

Deno.test("the example was made by the arguments that it names, and its ticket won", async () => {
  const { runs, verdict, settings, faults, scores, pixelMaps } = await experiments.view(
    EXAMPLE_PATH,
  );
  assertEquals([verdict.won, faults, scores?.next, pixelMaps.length], [true, [], 3, 4]);
  assertEquals(new Map(settings).get("seed"), "0");
  const record = await decodeRecord(await storage.read(`${runs[0].folder}/run.json`));
  const { training, network } = record as unknown as {
    training: { iterations: number };
    network: { layers: { units: number }[] };
  };
  assert(EXAMPLE_ARGS.includes(`--training-len=${training.iterations}`));
  assert(EXAMPLE_ARGS.includes(`--layers=${network.layers[0].units}`));
  assert(EXAMPLE_ARGS.includes(`--iterations=${runs.length - 2}`));
  // Its networks answer.
  const networks = [{ folder: runs[3].folder, isTrained: true }];
  const [{ probabilities }] = await experiments.networks.predict(Array(784).fill(0), networks);
  assert(Math.abs(probabilities.reduce((sum, p) => sum + p, 0) - 1) < 1e-5);
});

Deno.test("a pack is refused whose files do not follow from each other, or is damaged", async () => {
  const other = await exampleStorage(pack);
  const path = `${EXAMPLE_PATH}/trial1/2/same_init/initial/layer0.npy`;
  const array = decodeNpy(await other.read(path), path);
  await other.write(path, encodeNpy({ shape: array.shape, data: array.data.map((v) => -v) }));
  await assertRejects(() => packExperiment(other, EXAMPLE_PATH), InputError, "does not follow");
  // A server may have unpacked it.
  const stream = new Blob([pack]).stream().pipeThrough(new DecompressionStream("gzip"));
  const plain = new Uint8Array(await new Response(stream).arrayBuffer());
  assertEquals(await unpackExperiment(plain, "p"), await unpackExperiment(pack, "p"));
  await assertRejects(() => unpackExperiment(plain.slice(0, 9000), "p"), FormatError, "damaged");
  await assertRejects(() => unpackExperiment(pack.slice(0, 1000), "p"), FormatError);
  assertEquals(
    ["example/finished", "example/finished/trial1", "example/finished2"].map(isOfExample),
    [
      ...[true, true, false],
    ],
  );
});
