import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { DATASETS, PUBLISHED_NAMES } from "../../src/datasets/datasets.ts";
import { downloadDataset, DownloadError } from "../../src/datasets/download.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { isRealMnist, mnistLocation } from "../../tasks/lib/mnist_location.ts";
import { IDX_FILES } from "../../src/datasets/published.ts";

Deno.test("every dataset has an archive with its digest, or four files with a digest each and more than one mirror", () => {
  const digests = new Set<string>();
  for (const name of PUBLISHED_NAMES) {
    const dataset = DATASETS[name];
    assertEquals(dataset.name, name);
    if ("archive" in dataset) {
      assertMatch(dataset.archive.md5, /^[0-9a-f]{32}$/);
      assert(dataset.mirrors.length > 0 && dataset.mirrors.every((url) => url.endsWith("/")));
      continue;
    }
    assertEquals(dataset.files.map((file) => file.name), [...IDX_FILES]);
    assertEquals(dataset.files.map((file) => file.bytes), [47040016, 60008, 7840016, 10008]);
    for (const { sha256 } of dataset.files) {
      assertMatch(sha256, /^[0-9a-f]{64}$/);
      digests.add(sha256);
    }
    assert(dataset.mirrors.length > 1 && dataset.mirrors.every((url) => url.endsWith("/")));
  }
  assertEquals(digests.size, 8);
});

/** Copies a folder's files, since `downloadDataset` moves wrong ones aside. */
async function copyToMemory(folder: string): Promise<MemoryStorage> {
  const files = new DenoStorage(), copy = new MemoryStorage();
  for (const { name, isDirectory } of await files.list(folder)) {
    if (!isDirectory) await copy.write(`d/${name}`, await files.read(`${folder}/${name}`));
  }
  return copy;
}

Deno.test("MNIST has the catalog's digests, so nothing is fetched; its stand-in has not", async () => {
  const folder = await mnistLocation();
  const storage = await copyToMemory(folder);
  const notices: string[] = [];
  const download = () =>
    downloadDataset({
      storage,
      folder: "d",
      dataset: DATASETS.mnist,
      fetch: () => Promise.reject(new Error("fetched")),
      onNotice: (line) => notices.push(line),
    });
  if (isRealMnist(folder)) {
    await download();
    assertEquals(notices, []);
  } else {
    await assertRejects(download, DownloadError, "cannot download train-images-idx3-ubyte.gz");
    assertStringIncludes(notices[0], "instead of ba891046e650");
  }
});
