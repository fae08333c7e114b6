import { assert, assertEquals, assertMatch } from "@std/assert";
import { CATALOG } from "../../src/datasets/catalog.ts";
import { downloadDataset } from "../../src/datasets/download.ts";
import { IDX_FILES } from "../../src/datasets/folder.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { mnistLocation } from "../mnist_location.ts";

Deno.test("every dataset has four files with a digest each, and more than one mirror", () => {
  const digests = new Set<string>();
  for (const [name, dataset] of Object.entries(CATALOG)) {
    assertEquals(dataset.name, name);
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

Deno.test("the real MNIST has the catalog's digests: nothing is fetched", async () => {
  const notices: string[] = [];
  await downloadDataset({
    storage: new DenoStorage(),
    folder: mnistLocation(),
    dataset: CATALOG.mnist,
    fetch: () => Promise.reject(new Error("fetched")),
    onNotice: (line) => notices.push(line),
  });
  assertEquals(notices, []);
});
