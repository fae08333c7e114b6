import { assertEquals, assertRejects } from "@std/assert";
import { downloadDataset } from "../../src/datasets/download.ts";
import { type FileSource, readVerified, SourceError } from "../../src/datasets/file_source.ts";
import { sha256Hex } from "../../src/formats/digests/sha256.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { ARCHIVES, CONTENT, datasetAt, good, IMAGES, LABELS, startMirror } from "./mirrors.ts";

const FILE = (await datasetAt()).files[0];

const source = (read: FileSource["read"]): FileSource => ({ name: "the box", read });

Deno.test("a source's file is verified, raw or gzipped", async () => {
  for (const bytes of [CONTENT[IMAGES], ARCHIVES[`/${IMAGES}.gz`]]) {
    const content = await readVerified(source(() => Promise.resolve(bytes)), FILE, 60_000);
    assertEquals(content, CONTENT[IMAGES]);
  }
});

Deno.test("a source that fails, hangs or has another file: its name and the reason in one line", async () => {
  const { sha256 } = FILE, found = await sha256Hex(CONTENT[LABELS]);
  const faults: [FileSource["read"], number, string][] = [
    [
      () => Promise.reject(new Error("Failed caching\n    0: connection refused\n    1: later")),
      60_000,
      "Failed caching: connection refused",
    ],
    [() => new Promise(() => {}), 20, "it did not arrive within 0.02 s"],
    [
      () => Promise.resolve(CONTENT[LABELS]),
      60_000,
      `${IMAGES}: content has SHA-256 ${found.slice(0, 12)}… instead of ${sha256.slice(0, 12)}…`,
    ],
    [
      () => Promise.resolve(ARCHIVES[`/${IMAGES}.gz`].slice(0, 99)),
      60_000,
      `${IMAGES}: not a whole gzip file (corrupt or cut short); fetch it anew`,
    ],
  ];
  for (const [read, limit, reason] of faults) {
    const error = await assertRejects(() => readVerified(source(read), FILE, limit), SourceError);
    assertEquals(error.message, `the box cannot be used: ${reason}`);
  }
});

Deno.test("a download asks the source first, and mirrors for what it has not", async () => {
  const read = (file: string) =>
    file === IMAGES ? Promise.resolve(CONTENT[file]) : Promise.reject(new Error("not in the box"));
  await using mirror = startMirror(good);
  const storage = new MemoryStorage(), notices: string[] = [];
  const download = () =>
    datasetAt(mirror).then((dataset) =>
      downloadDataset({
        ...{ storage, folder: "d", dataset, source: source(read) },
        onNotice: (line) => notices.push(line),
      })
    );
  await download();
  assertEquals(await storage.read(`d/${IMAGES}`), CONTENT[IMAGES]);
  assertEquals(await storage.read(`d/${LABELS}.gz`), ARCHIVES[`/${LABELS}.gz`]);
  assertEquals(notices, ["the box cannot be used: not in the box"]);
  await download();
  assertEquals([notices.length, mirror.requests], [1, [`/${LABELS}.gz whole`]]);
});
