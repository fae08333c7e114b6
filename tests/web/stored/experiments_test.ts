/** The experiments of a browser, of which one run is damaged: it is named, and hides no other. */

import type { DenseSpec } from "../../../src/engine/layer_spec.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { NotFoundError } from "../../../src/errors.ts";
import { restoreNetwork } from "../../../src/records/save_restore.ts";
import { decodeRecord, encodeRecord } from "../../../src/records/record.ts";
import { RunQueue } from "../../../src/foundations/queue/run_queue.ts";
import { MemoryStorage } from "../../../src/storage/memory.ts";
import { REQUESTS_FOLDER } from "../../../src/web/kept_requests.ts";
import { Experiments } from "../../../src/web/stored/experiments.ts";
import { openTestGpu } from "../../engine/gpu.ts";
import { copyOf, EXPERIMENT, runSmallLottery } from "../../lottery/small_lottery.ts";
import { parseConfig } from "../../../src/runs/schema.ts";

const gpu = await openTestGpu();
const whole = new MemoryStorage();
const queue = new RunQueue(gpu);
await runSmallLottery(whole, queue, { trials: [1, 2] });
await queue.destroy();

/** With no other tab that works in it. */
const asInBrowser = (storage: MemoryStorage) =>
  Object.assign(storage, { isLocked: () => Promise.resolve(false) });

const first = `${EXPERIMENT}/trial1/0/same_init`;
const damages: [string, (storage: MemoryStorage) => Promise<void>, string][] = [
  [
    "a record that is not JSON",
    (storage) => storage.write(`${first}/run.json`, Uint8Array.of(1)),
    `${first}/run.json is not JSON`,
  ],
  ["a sealed record of another network", async (storage) => {
    const record = await decodeRecord(await storage.read(`${first}/run.json`));
    if (typeof record === "string") throw new Error(record);
    const config = parseConfig(record, first);
    (config.network.layers[0] as DenseSpec).units++;
    await storage.write(
      `${first}/run.json`,
      await encodeRecord({ ...record, ...config }, new Map()),
    );
  }, `${first}/masks/layer0.npy has the shape`],
  ["a record of something else", async (storage) => {
    await storage.write(`${first}/run.json`, await encodeRecord({ config: 1 }, new Map()));
  }, `${first}/run.json: config is not what a run's record holds`],
  ["curves without numbers", async (storage) => {
    const text = JSON.stringify({ train: [null], validate: [], test: [null] });
    await storage.write(`${first}/metrics.json`, new TextEncoder().encode(text));
  }, `${first}/metrics.json: point 0 is not valid`],
  ["curves without points", async (storage) => {
    const text = JSON.stringify({ train: [], validate: [], test: [] });
    await storage.write(`${first}/metrics.json`, new TextEncoder().encode(text));
  }, `${first}/metrics.json has a curve without a point`],
];

for (const [what, damage, said] of damages) {
  Deno.test(`experiments: ${what} is named, and the others are listed and shown`, async () => {
    const storage = await copyOf(whole, EXPERIMENT);
    await damage(storage);
    const experiments = new Experiments(asInBrowser(storage));
    const [entry] = await experiments.list(null);
    assertEquals([entry.path, entry.runsFinished], [EXPERIMENT, 6]);
    assertEquals(entry.settings.map(([name]) => name), ["dataset", "training", "seed"]);
    const { runs, faults } = await experiments.view(EXPERIMENT);
    assertEquals([runs.length, faults.length], [5, 1]);
    assertEquals(faults[0].slice(0, said.length), said);
    for (const { trial, level } of runs) assertEquals(trial === 1 && level === 0, false);
  });
}

Deno.test("experiments: the last pruning is shown where scores were kept, and damage of them is named", async () => {
  const storage = await copyOf(whole, EXPERIMENT),
    experiments = new Experiments(asInBrowser(storage));
  assertEquals((await experiments.view(EXPERIMENT)).scores, null);
  const queue = new RunQueue(gpu);
  await runSmallLottery(storage, queue, { trials: [1, 2], keepScores: true });
  await queue.destroy();
  const { scores, faults } = await experiments.view(EXPERIMENT);
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  assertEquals([scores!.trial, scores!.level, scores!.next, faults], [1, 0, 1, []]);
  // 30 and 15 weights, of which a fifth and a tenth go.
  const counts = scores!.histograms.map(({ kept, pruned }) => [sum(kept), sum(pruned)]);
  assertEquals(counts, [[24, 6], [13, 2]]);
  const path = `${EXPERIMENT}/trial1/0/scores/layer0.npy`;
  await storage.write(path, Uint8Array.of(1));
  const damaged = await experiments.view(EXPERIMENT);
  assertEquals([damaged.scores, damaged.faults.length, damaged.runs.length], [null, 1, 6]);
  assertEquals(damaged.faults[0].slice(0, path.length), path);
});

Deno.test("experiments: the weights that are drawn are those of the files, damaged runs left out", async () => {
  const storage = await copyOf(whole, EXPERIMENT);
  const experiments = new Experiments(asInBrowser(storage));
  const folders = [0, 1].map((level) => `${EXPERIMENT}/trial1/${level}/same_init`);
  const [full, ticket] = await experiments.weights(folders);
  const read = async (folder: string, part: string) =>
    (await restoreNetwork(storage, `${folder}/${part}`)).layer0.data;
  // The layer is so small that all of it is drawn, and comes first.
  const size = 30, first = (values: ArrayLike<number>) => Array.from(values).slice(0, size);
  assertEquals(first(full.frames[0].values), [...await read(folders[0], "initial")]);
  assertEquals(first(full.frames[1].values), [...await read(folders[0], "final")]);
  assertEquals(first(ticket.live), [...await read(folders[1], "masks")]);
  const cut = first(full.frames[1].values).filter((_, i) => ticket.live[i] === 0).map(Math.abs);
  assertEquals([ticket.threshold, ticket.liveOfFirst], [Math.max(...cut), 24]);
  await storage.write(`${folders[1]}/run.json`, Uint8Array.of(1));
  assertEquals((await experiments.weights(folders)).map(({ run }) => run.level), [0]);
});

Deno.test("experiments: where nothing is whole the first damage is told", async () => {
  const storage = await copyOf(whole, EXPERIMENT);
  for (const folder of ["trial1", "trial2"]) await storage.remove(`${EXPERIMENT}/${folder}/1`);
  for (const trial of [1, 2]) {
    await storage.write(`${EXPERIMENT}/trial${trial}/0/same_init/run.json`, new Uint8Array());
  }
  // A kept request can be damaged too: here it is a folder.
  await storage.write(`${REQUESTS_FOLDER}/x.json/y`, new Uint8Array());
  const experiments = new Experiments(asInBrowser(storage));
  const [entry] = await experiments.list(null);
  assertEquals([entry.path, entry.settings], [EXPERIMENT, []]);
  await assertRejects(
    () => experiments.view(EXPERIMENT),
    NotFoundError,
    `holds no finished run that is whole (${first}/run.json is empty`,
  );
});
