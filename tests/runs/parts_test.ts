/**
 * Runs whose first layer's sums are made in parts: the number is in run.json, and whatever is fast
 * elsewhere, a replay and a resumption keep to it.
 */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { Gpu } from "../../src/engine/mod.ts";
import { TUNED } from "../../src/engine/kernels/tiles.ts";
import { RandomStream } from "../../src/engine/random.ts";
import type { LoadedDataset } from "../../src/datasets/load_dataset.ts";
import { FormatError, InterruptedError } from "../../src/errors.ts";
import { forwardPartsOf } from "../../src/foundations/queue/kernel_choice.ts";
import { RunQueue, type RunQueueOptions } from "../../src/foundations/queue/run_queue.ts";
import { protocolNamed } from "../../src/lottery/protocols.ts";
import { settingsFor } from "../../src/lottery/settings.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import { networkLayers } from "../../src/models/layers.ts";
import { type Checkpoint, decodeCheckpoint } from "../../src/records/checkpoint_file.ts";
import { readRecord } from "../../src/records/condition.ts";
import { encodeRecord, type RunRecord } from "../../src/records/record.ts";
import { configOf } from "../../src/runs/config.ts";
import { modelOf } from "../../src/runs/from_config.ts";
import { runJobs } from "../../src/runs/job.ts";
import { RunProvider } from "../../src/runs/provide.ts";
import { openReplays, readReplaySource } from "../../src/runs/replay.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";

const FEATURES = 300, CLASSES = 3;
const whole = await openTestGpu();
const inFour = whole.tunedAs({ ...whole.tuned, forwardParts: 4 });

function examples(count: number) {
  const stream = new RandomStream([count, 2]);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % CLASSES);
  const inputs = Uint8Array.from({ length: count * FEATURES }, () => stream.integerBelow(256));
  return { inputs, labels, count, features: FEATURES };
}
const data: LoadedDataset = {
  sets: { name: "custom", classes: CLASSES, train: examples(40), test: examples(20) },
  record: {
    ...{ name: "custom", trainCount: 40, testCount: 20, shape: [FEATURES], classes: CLASSES },
    sha256: "of no file",
  },
};
const settings = settingsFor({
  data,
  seed: 3,
  protocol: {
    ...protocolNamed("quick"),
    ...{ layers: [9], validationSize: 10, batchSize: 8, trainingLength: { iterations: 20 } },
    ...{ testInterval: 10, validateInterval: 10 },
  },
});
const config = configOf({ kind: "train", trial: 1, level: 0, run: 0 }, settings, {});

/** Provides the run in a folder, on a queue of its own. */
async function provide(gpu: Gpu, storage: MemoryStorage, options: RunQueueOptions = {}) {
  const queue = new RunQueue(gpu, { kernels: "dense", ...options });
  try {
    await new RunProvider({
      ...{ storage, queue, sets: data.sets },
      policy: { overwrite: false, resume: true },
      events: { onNotice: () => {} },
    }).provide({ folder: "run", config, model: () => modelOf(config, {}) });
  } finally {
    await queue.destroy();
  }
  return (await readRecord(storage, "run"))!;
}

async function replayed(gpu: Gpu, storage: MemoryStorage) {
  const queue = new RunQueue(gpu), sources = [await readReplaySource(storage, "run")];
  const job = await openReplays({ storage, queue, data, sources });
  assertEquals((await runJobs(queue, [job])).flat(), []);
  await queue.destroy();
  return job.results[0];
}

Deno.test("parts: a record has their number where there are several, and its bits are their own", async () => {
  const [four, one] = [new MemoryStorage(), new MemoryStorage()];
  const record = await provide(inFour, four), plain = await provide(whole, one);
  assertEquals([record.kernels, record.forwardParts], ["dense", 4]);
  const names = Object.keys(record);
  assertEquals(names[names.indexOf("kernels") + 1], "forwardParts");
  assertEquals("forwardParts" in plain, false);
  assertNotEquals(record.files["final/layer0.npy"], plain.files["final/layer0.npy"]);
  assertEquals(record.files["initial/layer0.npy"], plain.files["initial/layer0.npy"]);
});

Deno.test("parts: a replay repeats their number, whatever is fast where it is made", async () => {
  const storage = new MemoryStorage();
  const { files } = await provide(inFour, storage);
  for (const gpu of [whole, inFour, whole.tunedAs({ ...TUNED.hardware, forwardParts: 8 })]) {
    const replay = await replayed(gpu, storage);
    assertEquals([replay.different, replay.isOtherAdapter], [[], false]);
    // run.json too.
    assertEquals(replay.files, Object.keys(files).length + 1);
  }
  const plain = new MemoryStorage();
  await provide(whole, plain);
  assertEquals((await replayed(inFour, plain)).different, []);
});

Deno.test("parts: a run that is resumed elsewhere keeps to those that it began with", async () => {
  for (const [first, second] of [[inFour, whole], [whole, inFour]]) {
    const storage = new MemoryStorage(), calm = new MemoryStorage(), stop = new AbortController();
    const interrupted = provide(first, storage, {
      checkpointInterval: { iterations: 10 },
      signal: stop.signal,
      onProgress: ({ iteration }) => {
        if (iteration >= 10) stop.abort(new InterruptedError("stopped"));
      },
    });
    await assertRejects(() => interrupted, InterruptedError);
    const bytes = await storage.read("run/checkpoint.bin");
    const { header } = await decodeCheckpoint(bytes) as Checkpoint;
    assertEquals(header.forwardParts, first === inFour ? 4 : undefined);
    assertEquals("forwardParts" in header, first === inFour);
    assertEquals(await provide(second, storage), await provide(first, calm));
  }
});

Deno.test("parts: a number that no run has is refused by name", async () => {
  const storage = new MemoryStorage();
  const { files: _, ...record } = await provide(whole, storage);
  for (
    const wrong of [{ forwardParts: 0 }, { forwardParts: 2.5 }, { forwardParts: 1e9 }, {
      forwardParts: "4",
    }, { forwardParts: 4, kernels: "sparse" }]
  ) {
    const files = new Map<string, Uint8Array>();
    const { files: kept } = (await readRecord(storage, "run")) as RunRecord;
    for (const name of Object.keys(kept)) files.set(name, await storage.read(`run/${name}`));
    const bad = new MemoryStorage();
    for (const [name, bytes] of files) await bad.write(`run/${name}`, bytes);
    await bad.write("run/run.json", await encodeRecord({ ...record, ...wrong }, files));
    const error = await assertRejects(() => readReplaySource(bad, "run"), FormatError);
    assert(error.message.startsWith("run/run.json: forwardParts is "), error.message);
  }
});

Deno.test("parts: short sums, lists, and networks of images are whole", () => {
  const tuned = { ...TUNED.hardware, forwardParts: 8 };
  const of = (features: number) => networkLayers([20], [features], 5);
  assertEquals(forwardPartsOf("dense", of(784), 60, tuned), 8);
  assertEquals(forwardPartsOf("dense", of(100), 60, tuned), 3);
  assertEquals(forwardPartsOf("dense", of(20), 60, tuned), 1);
  assertEquals(forwardPartsOf("sparse", of(784), 60, tuned), 1);
  assertEquals(forwardPartsOf("dense", of(784), 3000, tuned), 1);
  assertEquals(forwardPartsOf("dense", [], 60, tuned), 1);
  const images = networkLayers(parseHidden("conv3x3:4"), [28, 28, 1], 5);
  assertEquals(forwardPartsOf("dense", images, 60, tuned), 1);
  // A recorded number holds even where it would not be chosen.
  assertEquals(forwardPartsOf("dense", of(20), 60, tuned, 4), 4);
  assertEquals(forwardPartsOf("dense", images, 60, tuned, 4), 1);
  assertEquals(forwardPartsOf("sparse", of(784), 60, tuned, 4), 1);
});
