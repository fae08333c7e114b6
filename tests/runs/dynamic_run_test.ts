/** Runs of the tasks whose masks change: recorded, verified, repeated, resumed and reported. */

import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { FormatError, InterruptedError } from "../../src/errors.ts";
import { DYNAMIC_NAMES, type DynamicSpec } from "../../src/foundations/pruning/dynamic.ts";
import { RunQueue } from "../../src/foundations/queue/run_queue.ts";
import { protocolNamed } from "../../src/lottery/protocols.ts";
import { settingsFor } from "../../src/lottery/settings.ts";
import { networkDigest } from "../../src/models/digest.ts";
import type { Masks } from "../../src/models/masks.ts";
import { parametersOf } from "../../src/models/parameters.ts";
import { readRecord } from "../../src/records/condition.ts";
import * as paths from "../../src/records/paths.ts";
import { restoreRun, restoreStartMasks } from "../../src/records/saved_run.ts";
import { readExperiments } from "../../src/reports/read_experiments.ts";
import { checkRecord } from "../../src/runs/check_record.ts";
import { configOf, trainingText } from "../../src/runs/config.ts";
import { modelOf } from "../../src/runs/from_config.ts";
import { runJobs } from "../../src/runs/job.ts";
import { RunProvider } from "../../src/runs/provide.ts";
import { openReplays, readReplaySource } from "../../src/runs/replay.ts";
import { parseConfig, type RunConfig } from "../../src/runs/schema.ts";
import { verify } from "../../src/runs/verify.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { DATA } from "../lottery/small_lottery.ts";

const gpu = await openTestGpu();
const queue = new RunQueue(gpu);

const settings = settingsFor({
  data: DATA,
  seed: 3,
  protocol: {
    ...protocolNamed("quick"),
    ...{ layers: [5], validationSize: 10, batchSize: 8, trainingLength: { iterations: 20 } },
    ...{ testInterval: 10, validateInterval: 10 },
  },
});
const parameters = parametersOf(settings.network.layers);
const SPECS: Record<string, DynamicSpec> = {
  gmp: { rule: "gmp", interval: 5, live: { layer0: 9, layer1: 8 } },
  set: { rule: "set", interval: 4, fraction: 0.5, live: { layer0: 9, layer1: 8 } },
  rigl: { rule: "rigl", interval: 4, fraction: 0.5, live: { layer0: 9, layer1: 8 } },
};

const configFor = (rule: string, start: Partial<RunConfig["start"]> = {}) =>
  configOf({ kind: "train", trial: 1, level: 0, run: 0 }, settings, start, {
    dynamic: SPECS[rule],
  });

async function provide(
  storage: MemoryStorage,
  folder: string,
  config: RunConfig,
  masks?: Masks,
  on = queue,
): Promise<void> {
  await new RunProvider({
    ...{ storage, queue: on, sets: DATA.sets },
    policy: { overwrite: false, resume: true },
    events: { onNotice: () => {} },
  }).provide({ folder, config, model: () => modelOf(config, { masks }) });
}

const storage = new MemoryStorage();
for (const rule of DYNAMIC_NAMES) await provide(storage, rule, configFor(rule));

async function replays(folders: string[]) {
  const sources = await Promise.all(folders.map((folder) => readReplaySource(storage, folder)));
  const job = await openReplays({ storage, queue, data: DATA, sources });
  assertEquals((await runJobs(queue, [job])).flat(), []);
  return job.results;
}

Deno.test("run.json says how masks change, after all else that decides the run", async () => {
  for (const rule of DYNAMIC_NAMES) {
    const record = (await readRecord(storage, rule))!, config = configFor(rule);
    assertEquals(record.dynamic, SPECS[rule]);
    assertEquals(Object.keys(record).slice(0, 10), [
      ...["format", "id", "network", "training", "pruning", "rewind", "dataset", "start"],
      ...["dynamic", "kernels"],
    ]);
    assertEquals((record.results as { live: unknown }).live, SPECS[rule].live);
    const parsed = parseConfig(record, "run.json");
    assertEquals(JSON.stringify(parsed), JSON.stringify(config));
    assertEquals(record.kernels, "dense");
  }
  assert(
    trainingText(configFor("rigl")).endsWith(
      "batch 8, rigl every 4 iterations (fraction 0.5) to 17 live weights",
    ),
  );
  assert(
    trainingText(configFor("gmp")).endsWith("batch 8, gmp every 5 iterations to 17 live weights"),
  );
});

Deno.test("without a rule a run's configuration has no such field", async () => {
  const { dynamic: _, ...config } = configFor("set");
  const plain = configOf({ kind: "train", trial: 1, level: 0, run: 0 }, settings, {});
  assertEquals(JSON.stringify(plain), JSON.stringify(config));
  await provide(storage, "plain", plain);
  const record = (await readRecord(storage, "plain"))!;
  assertEquals(Object.hasOwn(record, "dynamic"), false);
  assertEquals(Object.hasOwn(parseConfig(record, "run.json"), "dynamic"), false);
});

Deno.test("they are whole, and repeated every bit is the same", async () => {
  const { runs } = await verify(storage, "");
  assertEquals(runs.filter(({ state }) => state !== "finished"), []);
  const ended = await replays([...DYNAMIC_NAMES]);
  const results = DYNAMIC_NAMES.map((rule) => ended.find(({ folder }) => folder === rule)!);
  assertEquals(results.map(({ folder, different }) => [folder, different]), [
    ["gmp", []],
    ["set", []],
    ["rigl", []],
  ]);
  // gmp at 0, 5, 10 and 15, set at 0, 4, … 16, rigl to 12: two layers each, beside 16 other files.
  assertEquals(results.map(({ files }) => files), [16 + 8, 16 + 10, 16 + 8]);
});

Deno.test("masks that are given are those of the start, with as many live weights", async () => {
  const first = await restoreStartMasks(storage, "set", parameters);
  const { masks } = await restoreRun(storage, "set", parameters);
  assertNotEquals(masks, first);
  const config = configFor("rigl", { masks: await networkDigest(masks) });
  await provide(storage, "given", config, masks);
  assertEquals(await restoreStartMasks(storage, "given", parameters), masks);
  const [{ different }] = await replays(["given"]);
  assertEquals(different, []);
});

Deno.test("an interrupted run is resumed to the same files", async () => {
  for (const rule of DYNAMIC_NAMES) {
    const other = new MemoryStorage();
    for (const iteration of [1, 5, 6, 9]) {
      const stop = new AbortController();
      const stopping = new RunQueue(gpu, {
        signal: stop.signal,
        onProgress: (progress) => {
          if (progress.iteration >= iteration) stop.abort(new InterruptedError("stopped"));
        },
      });
      await assertRejects(
        () => provide(other, rule, configFor(rule), undefined, stopping),
        InterruptedError,
      );
      await stopping.destroy();
      assert(await other.exists(paths.checkpoint(rule)));
    }
    await provide(other, rule, configFor(rule));
    assertEquals(await other.list(rule), await storage.list(rule));
    assertEquals(await other.read(paths.record(rule)), await storage.read(paths.record(rule)));
  }
});

Deno.test("what is missing from the masks over time, or too much there, is named", async () => {
  const other = new MemoryStorage();
  await provide(other, "set", configFor("set"));
  const step = paths.maskStep("set", 8);
  await other.remove(paths.layer(step, "layer1"));
  await other.write(paths.layer(step, "stray"), new Uint8Array(1));
  await other.write(paths.layer(paths.maskStep("set", 7), "layer0"), new Uint8Array(1));
  const [{ state, faults }] = (await verify(other, "")).runs;
  assertEquals(state, "damaged");
  assertEquals(faults, [
    { path: "set/mask_history/8/layer1.npy", fault: "is missing" },
    { path: "set/mask_history/7", fault: "is no file of this run" },
    { path: "set/mask_history/8/stray.npy", fault: "is no file of this run" },
  ]);
  // The command again keeps all of it beside the run, and repairs it.
  await provide(other, "set", configFor("set"));
  assertEquals(await other.list("set"), await storage.list("set"));
  assertEquals(
    (await other.list("set.aside1/mask_history")).map(({ name }) => name),
    ["0", "12", "16", "4", "7", "8"],
  );
});

Deno.test("reports read them; a record whose counts contradict each other is damaged", async () => {
  const { studies, damage } = await readExperiments(storage, ["rigl"]);
  assertEquals(damage, []);
  assertEquals(studies.flatMap(({ runs }) => runs.map(({ folder }) => folder)), ["rigl"]);
  const { results } = (await readRecord(storage, "rigl"))!;
  const live = { layer0: 10, layer1: 8 };
  assertThrows(
    () => checkRecord(configFor("rigl"), { ...results as object, live } as never, "run.json"),
    FormatError,
    "results.live.layer0 is 10, and dynamic.live.layer0 9",
  );
  await queue.destroy();
});
