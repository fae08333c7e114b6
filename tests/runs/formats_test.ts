/**
 * Experiments whose run.json is of an earlier format are verified, reported, repeated and
 * continued.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { RunQueue } from "../../src/foundations/queue/run_queue.ts";
import * as paths from "../../src/records/paths.ts";
import type { FinishedRun } from "../../src/records/finished_run.ts";
import { encodeRecord } from "../../src/records/record.ts";
import { readExperiments } from "../../src/reports/read_experiments.ts";
import { firstError, runJobs } from "../../src/runs/job.ts";
import { openReplays, readReplaySource } from "../../src/runs/replay.ts";
import { parseConfig, RUN_FORMAT } from "../../src/runs/schema.ts";
import { verify } from "../../src/runs/verify.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { copyOf, DATA, EXPERIMENT, readFiles, runSmallLottery } from "../lottery/small_lottery.ts";

const gpu = await openTestGpu();
const queue = new RunQueue(gpu);
const done = new MemoryStorage();
await runSmallLottery(done, queue, { levels: 2 });
const RUNS = ["0/same_init", "1/same_init", "2/same_init", "2/reinit1"]
  .map((run) => `${EXPERIMENT}/trial1/${run}`);

async function readJson(storage: Storage, path: string) {
  return JSON.parse(new TextDecoder().decode(await storage.read(path)));
}

/**
 * Writes the record of a run as format 2 had it; written down from that version, not from today's
 * reader.
 */
async function downgrade(storage: Storage, run: string): Promise<void> {
  const record = await readJson(storage, paths.record(run));
  const { id, network, training, pruning, dataset, start, kernels, adapter, results } = record;
  const { normalization, validationSize, permuteLabels, shape, ...examples } = dataset;
  const { seed, optimizer, batchSize, iterations, validateInterval, testInterval } = training;
  const config = {
    ...id,
    seed,
    layers: network.layers,
    ...{ optimizer, batchSize, iterations, validationSize, validateInterval, testInterval },
    normalization,
    ...(pruning && { prunePercents: pruning.percents }),
    dataset: { ...examples, features: shape.reduce((a: number, b: number) => a * b) },
    ...{ permuteLabels, trainOrderSeed: training.trainOrderSeed },
    ...{ presets: start.presets, masks: start.masks },
  };
  const files = new Map<string, Uint8Array>();
  for (const file of Object.keys(record.files)) {
    files.set(file, await storage.read(`${run}/${file}`));
  }
  const old = { format: "lottery-ticket run 2", config, kernels, adapter, results };
  await storage.write(paths.record(run), await encodeRecord(old, files));
}

async function oldExperiment(): Promise<MemoryStorage> {
  const storage = await copyOf(done, EXPERIMENT);
  for (const run of RUNS) await downgrade(storage, run);
  return storage;
}

Deno.test("format 2 is read as what it was written from", async () => {
  const storage = await oldExperiment();
  for (const run of RUNS) {
    const [old, now] = [
      await readJson(storage, paths.record(run)),
      await readJson(done, paths.record(run)),
    ];
    assertEquals([old.format, now.format], ["lottery-ticket run 2", RUN_FORMAT]);
    assertEquals(parseConfig(old, run), parseConfig(now, run));
  }
});

Deno.test("an experiment of format 2 is whole, reported as one study, and continued", async () => {
  const storage = await oldExperiment();
  const { runs, faults } = await verify(storage, EXPERIMENT);
  assertEquals([runs.map(({ state }) => state), faults], [Array(4).fill("finished"), []]);
  const before = await readFiles(storage, EXPERIMENT);
  const found: boolean[] = [], notices: string[] = [];
  await runSmallLottery(storage, queue, {
    levels: 3,
    onRun: (run) => found.push(run.found),
    onNotice: (line) => notices.push(line),
  });
  // The levels are found; the next one, and the reinitialized control of its masks, are trained.
  assertEquals([found, notices], [[true, true, true, false, false], []]);
  for (const [path, bytes] of before) {
    assertEquals((await readFiles(storage, EXPERIMENT)).get(path), bytes, path);
  }
  const { studies, damage } = await readExperiments(storage, [EXPERIMENT]);
  assertEquals([studies.map((study) => study.runs.length), damage], [[6], []]);
  // Another experiment is still refused.
  await assertRejects(
    () => runSmallLottery(storage, queue, { levels: 3, seed: 1 }),
    Error,
    "different experiment (training.seed: 0, now 1)",
  );
});

Deno.test("a run of format 2 is repeated, and compared but for its record", async () => {
  const storage = await oldExperiment();
  const sources = await Promise.all(RUNS.map((run) => readReplaySource(storage, run)));
  const job = await openReplays({ storage, queue, data: DATA, sources });
  const [errors] = await runJobs(queue, [job]);
  if (errors.length > 0) throw firstError(errors);
  assertEquals(job.results.map(({ different }) => different), [[], [], [], []]);
  const now = await openReplays({
    ...{ storage: done, queue, data: DATA },
    sources: await Promise.all(RUNS.map((run) => readReplaySource(done, run))),
  });
  await runJobs(queue, [now]);
  assert(now.results.every(({ files }) => files === job.results[0].files + 1));
});

Deno.test("format 3 lacks the accuracy before training alone, and is continued", async () => {
  const storage = await copyOf(done, EXPERIMENT);
  for (const run of RUNS) {
    const { format: _, sha256: __, files, ...record } = await readJson(storage, paths.record(run));
    delete record.results.initialAccuracy;
    const contents = new Map<string, Uint8Array>();
    for (const file of Object.keys(files)) {
      contents.set(file, await storage.read(`${run}/${file}`));
    }
    const old = { format: "lottery-ticket run 3", ...record };
    await storage.write(paths.record(run), await encodeRecord(old, contents));
    assertEquals(parseConfig(old, run), parseConfig(await readJson(done, paths.record(run)), run));
  }
  const before = await readFiles(storage, EXPERIMENT), found: FinishedRun[] = [];
  await runSmallLottery(storage, queue, { levels: 2, onRun: (run) => found.push(run) });
  assertEquals(await readFiles(storage, EXPERIMENT), before);
  assertEquals(found.map((run) => [run.found, run.initialAccuracy]), RUNS.map(() => [true, null]));
});

Deno.test("the control of format 1 has its lottery's pruning in its record: it is not pruned", () => {
  const layers = [{ name: "layer0", inputs: 4, units: 3, activation: null, useBias: true }];
  const config = {
    ...{ kind: "reinit", trial: 1, level: 2, run: 1, seed: 0, layers },
    optimizer: { kind: "sgd", learningRate: 0.1 },
    ...{ batchSize: 1, iterations: 1, validationSize: 0, validateInterval: 1, testInterval: 1 },
    ...{ normalization: "unit", prunePercents: { layer0: 0.2 } },
    dataset: {
      ...{ name: "custom", trainCount: 1, testCount: 1, features: 4, classes: 3, sha256: "" },
    },
    ...{ permuteLabels: false, trainOrderSeed: null, presets: null, masks: null },
  };
  const parsed = parseConfig({ format: "lottery-ticket run 1", config }, "run.json");
  assertEquals([parsed.pruning, parsed.rewind], [null, null]);
  assertEquals(parsed.dataset.shape, [2, 2]);
  assertEquals(parsed.network.initializer, "glorot");
});

Deno.test("GPU and queue are given back", async () => {
  await queue.destroy();
  gpu.destroy();
});
