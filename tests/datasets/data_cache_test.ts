import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { DownloadError } from "../../src/datasets/download.ts";
import { cachedLoader } from "../../src/datasets/data_cache.ts";
import type { DatasetRecord, LoadedDataset } from "../../src/datasets/load_dataset.ts";

const record: DatasetRecord = {
  name: "mnist",
  trainCount: 1,
  testCount: 1,
  shape: [1],
  classes: 1,
  sha256: "x",
};

Deno.test("examples are loaded once; a download that failed is tried again", async () => {
  let loads = 0;
  const load = cachedLoader(() => {
    if (++loads === 1) return Promise.reject(new DownloadError("no mirror answers"));
    return Promise.resolve({ record } as LoadedDataset);
  });
  await assertRejects(() => load("mnist", null), DownloadError, "no mirror");
  const first = await load("mnist", null);
  assertStrictEquals(await load("mnist", null), first);
  assertEquals(loads, 2);
  assertStrictEquals(await load("mnist", "elsewhere"), first, "the same content");
});
