/** Lotteries on augmented images: run.json, controls, levels, and that runs repeat. */

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { FormatError } from "../../src/errors.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import * as paths from "../../src/records/paths.ts";
import { readRecord } from "../../src/records/condition.ts";
import { findRunFolders } from "../../src/records/tree.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { datasetOf } from "../../src/runs/from_config.ts";
import { parseConfig, type RunConfig } from "../../src/runs/schema.ts";
import { openTestGpu } from "../engine/gpu.ts";
import {
  assertRepeated,
  EXPERIMENT,
  IMAGES,
  readFiles,
  RememberingQueue,
  runSmallControls,
  runSmallLottery,
  type SmallOptions,
} from "./small_lottery.ts";

const gpu = await openTestGpu(), queue = new RememberingQueue(gpu);

const AUGMENTED: SmallOptions = {
  layers: parseHidden("conv3x3:4,pool,6"),
  ...{ data: IMAGES, normalization: "standardize", augment: ["crop", "flip"] },
};

async function lottery(options: SmallOptions = {}): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await runSmallLottery(storage, queue, { ...AUGMENTED, ...options });
  return storage;
}

async function configsOf(storage: MemoryStorage): Promise<RunConfig[]> {
  const { runs } = await findRunFolders(storage, EXPERIMENT);
  return await Promise.all(
    runs.map(async (folder) => parseConfig((await readRecord(storage, folder))!, folder)),
  );
}

Deno.test("run.json names the augmentation, controls have it too, and every run repeats", async () => {
  const storage = await lottery({ trials: [1, 2], levels: 2 });
  await runSmallControls(storage, queue, { kinds: ["random_sparsity"], data: IMAGES });
  const configs = await configsOf(storage);
  assertEquals(configs.length, 14);
  for (const { dataset } of configs) {
    assertEquals([Object.keys(dataset).at(-1), dataset.augment], ["augment", ["crop", "flip"]]);
  }
  const keys = configs.map((config) => `${datasetOf(config, IMAGES.sets).augmentKey}`);
  const kinds = new Set(configs.map(({ id: { trial, level, run } }) => `${trial} ${level} ${run}`));
  assertEquals(new Set(keys).size, kinds.size, "each run draws its own");
  const { runs } = await findRunFolders(storage, EXPERIMENT);
  await assertRepeated(storage, queue, runs, IMAGES);
});

Deno.test("without augmentation no record speaks of it", async () => {
  const plain = await lottery({ augment: [] });
  for (const config of await configsOf(plain)) {
    assertEquals("augment" in config.dataset, false);
  }
  const files = await readFiles(plain, EXPERIMENT);
  for (const [path, text] of files) assertEquals(/augment/.test(text), false, path);
  const record = paths.record(`${EXPERIMENT}/trial1/0/same_init`);
  assertNotEquals((await readFiles(await lottery(), EXPERIMENT)).get(record), files.get(record));
});

Deno.test("every way to find a ticket repeats on augmented images", async () => {
  const ways: SmallOptions[] = [
    { augment: ["crop"], normalization: "l2" },
    { pruneAt: "init", criterion: "snip", scope: "global" },
    { rewind: { iterations: 8 } },
    { dynamic: "rigl" },
    { layers: [6], normalization: "l2" },
  ];
  for (const way of ways) {
    const storage = await lottery(way);
    const { runs } = await findRunFolders(storage, EXPERIMENT);
    await assertRepeated(storage, queue, runs, IMAGES);
  }
});

Deno.test("records with other augmentations are refused", async () => {
  const storage = await lottery();
  const record = (await readRecord(storage, `${EXPERIMENT}/trial1/0/same_init`))!;
  const dataset = record.dataset as object;
  for (const augment of [["turn"], ["crop", "crop"], ["flip", "crop"], [], "crop", null]) {
    assertThrows(
      () => parseConfig({ ...record, dataset: { ...dataset, augment } }, "run.json"),
      FormatError,
      "run.json: dataset.augment",
    );
  }
});

Deno.test("GPU and queue are given back", async () => {
  await queue.destroy();
  gpu.destroy();
});
