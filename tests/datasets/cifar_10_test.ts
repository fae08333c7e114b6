/** CIFAR-10: its records and folders, and its archive from a server on this machine. */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { CIFAR_10 } from "../../src/datasets/cifar_10.ts";
import { downloadDataset, DownloadError } from "../../src/datasets/download.ts";
import {
  folderHoldsExamples,
  loadExampleFolder,
  writeNpyFolder,
} from "../../src/datasets/files/folder.ts";
import { loadDataset } from "../../src/datasets/load_dataset.ts";
import { FormatError, InputError, NotFoundError } from "../../src/errors.ts";
import { CIFAR_RECORD, decodeCifar } from "../../src/formats/cifar.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { gzip } from "../../tasks/lib/gzip_bytes.ts";
import { type Mirror, startMirror } from "./mirrors.ts";
import { idxFolder } from "./tiny_folder.ts";

/** A record: red, green and blue of the pixel at (row, column) are told by its place. */
function record(label: number, image: number): Uint8Array {
  const pixel = (k: number) => {
    const channel = Math.floor(k / 1024), row = Math.floor(k / 32) % 32, column = k % 32;
    return (image + 100 * channel + 3 * row + column) % 256;
  };
  return Uint8Array.from({ length: CIFAR_RECORD }, (_, i) => i === 0 ? label : pixel(i - 1));
}

/** A file of these labels. */
function batch(...labels: number[]): Uint8Array {
  return Uint8Array.from(labels.flatMap((label, i) => [...record(label, 10 * label + i)]));
}

async function folder(files: Record<string, Uint8Array>): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  for (const [name, bytes] of Object.entries(files)) await storage.write(`d/${name}`, bytes);
  return storage;
}

Deno.test("CIFAR-10: records become images of (height, width, channels)", () => {
  const { inputs, labels, count } = decodeCifar([{ bytes: batch(3, 9), where: "f" }]);
  assertEquals([count, [...labels], inputs.length], [2, [3, 9], 2 * 3072]);
  const at = (image: number, row: number, column: number, channel: number) =>
    inputs[((image * 32 + row) * 32 + column) * 3 + channel];
  for (const [row, column] of [[0, 0], [0, 31], [17, 5], [31, 31]]) {
    for (const channel of [0, 1, 2]) {
      const place = 100 * channel + 3 * row + column;
      assertEquals(at(0, row, column, channel), (30 + place) % 256);
      assertEquals(at(1, row, column, channel), (91 + place) % 256);
    }
  }
});

Deno.test("CIFAR-10: no whole records, and labels past 9, are refused", () => {
  const refuses = (bytes: Uint8Array, message: string) =>
    assertThrows(() => decodeCifar([{ bytes, where: "f.bin" }]), FormatError, message);
  refuses(batch(1, 2).slice(0, -1), "f.bin: 6145 bytes are no whole number of CIFAR-10's records");
  refuses(new Uint8Array(), "f.bin: 0 bytes are no whole number");
  refuses(batch(0, 9, 10), "f.bin: record 2 has the label 10, but CIFAR-10's are 0 to 9");
});

Deno.test("CIFAR-10: any of the training files, raw or gzipped; a part is told", async () => {
  const storage = await folder({
    "data_batch_4.bin": batch(4, 5, 6),
    "data_batch_2.bin.gz": await gzip(batch(2)),
    "test_batch.bin": batch(7, 8),
    "batches.meta.txt": new Uint8Array(),
  });
  assertEquals(await folderHoldsExamples(storage, "d"), "cifar");
  const told: string[] = [];
  for (const [dataset, location] of [["cifar-10", "d"], ["auto", "d"]] as const) {
    const { sets, record } = await loadDataset({
      ...{ dataset, location, storage, onNotice: (line) => told.push(line) },
    });
    assertEquals([...sets.train.labels], [2, 4, 5, 6]);
    assertEquals([...sets.test.labels], [7, 8]);
    assertEquals(sets.imageShape, [32, 32, 3]);
    const { sha256, ...rest } = record;
    assertMatch(sha256, /^[0-9a-f]{64}$/);
    assertEquals(rest, {
      ...{ name: "cifar-10", trainCount: 4, testCount: 2, shape: [32, 32, 3], classes: 10 },
    });
  }
  const line = "d holds a part of CIFAR-10: 4 of 50000 training and 2 of 10000 test images";
  assertEquals(told, [line, line]);
  // As arrays they are the same images, of no known name.
  const sets = await loadExampleFolder(storage, "d", "cifar-10");
  await writeNpyFolder(storage, "npy", sets);
  const arrays = await loadExampleFolder(storage, "npy", "x");
  assertEquals(arrays, { ...sets, name: "x", classes: 9 });
});

Deno.test("CIFAR-10: folders that lack files, or hold another dataset", async () => {
  const refuses = async (files: Record<string, Uint8Array>, message: string) => {
    const storage = await folder(files);
    const error = await assertRejects(
      () => loadDataset({ dataset: "cifar-10", location: "d", storage }),
      NotFoundError,
      message,
    );
    assertMatch(
      error.message,
      /; run `deno task download-data --dataset cifar-10` or give --data-/,
    );
  };
  await refuses({ "test_batch.bin": batch(1) }, "d lacks data_batch_1.bin … data_batch_5.bin (raw");
  await refuses({ "data_batch_5.bin": batch(1) }, "d lacks test_batch.bin (raw or .gz)");
  await refuses({}, "the data folder d does not exist");
  const damaged = (await gzip(batch(1))).slice(0, -5);
  const storage = await folder({ "data_batch_1.bin": batch(1), "test_batch.bin.gz": damaged });
  await assertRejects(
    () => loadDataset({ dataset: "cifar-10", location: "d", storage }),
    FormatError,
    "d/test_batch.bin.gz: not a whole gzip file",
  );
  const colours = await folder({ "data_batch_1.bin": batch(1), "test_batch.bin": batch(2) });
  await assertRejects(
    () => loadDataset({ dataset: "mnist", location: "d", storage: colours }),
    InputError,
    "d does not hold mnist (its content is cifar-10)",
  );
  // Beside MNIST's files its own are found by its name.
  const both = await idxFolder();
  for (const name of ["data_batch_1.bin", "test_batch.bin"]) {
    await both.write(`d/${name}`, await colours.read(`d/${name}`));
  }
  assertEquals(
    (await loadDataset({ dataset: "cifar-10", location: "d", storage: both })).sets.classes,
    10,
  );
});

/** A header and content as POSIX has them. */
function tarEntry(name: string, content: Uint8Array): number[] {
  const header = new Uint8Array(512);
  const write = (text: string, at: number) => header.set(new TextEncoder().encode(text), at);
  write(name, 0);
  write(content.length.toString(8).padStart(11, "0"), 124);
  write("        0ustar\x0000", 148);
  write(header.reduce((a, b) => a + b, 0).toString(8).padStart(6, "0") + "\0", 148);
  return [...header, ...content, ...new Uint8Array((512 - content.length % 512) % 512)];
}

const INSIDE = "cifar-10-batches-bin";
const FILES: Record<string, Uint8Array> = {
  "test_batch.bin": batch(5),
  "data_batch_1.bin": batch(1),
  "data_batch_2.bin": batch(2),
};
const NAMES = ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"];

async function packed(files: Record<string, Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const entries = Object.entries({ "readme.html": new Uint8Array(9), ...files });
  const tar = entries.flatMap(([name, bytes]) => tarEntry(`${INSIDE}/${name}`, bytes));
  return await gzip(Uint8Array.from([...tar, ...new Uint8Array(1024)]));
}

const ARCHIVE = await packed(FILES);
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

/** Downloads the small archive, or another one that is said to be it. */
async function download(mirror: Mirror, storage: MemoryStorage, bytes = ARCHIVE) {
  const told: string[] = [];
  await downloadDataset({
    ...{ storage, folder: "d", onNotice: (line) => told.push(line) },
    dataset: {
      name: "cifar-10",
      mirrors: [mirror.url],
      archive: { ...CIFAR_10.archive, files: NAMES, fileBytes: CIFAR_RECORD, md5: md5(bytes) },
    },
  });
  return told;
}

Deno.test("CIFAR-10: the archive is verified and unpacked; a second call fetches nothing", async () => {
  await using mirror = startMirror(() => new Response(ARCHIVE));
  const storage = new MemoryStorage();
  assertEquals(await download(mirror, storage), []);
  assertEquals(mirror.requests, ["/cifar-10-binary.tar.gz whole"]);
  for (const name of NAMES) assertEquals(await storage.read(`d/${name}`), FILES[name]);
  const list = new TextDecoder().decode(await storage.read("d/cifar-10-binary.tar.gz.sha256"));
  const sha256 = createHash("sha256").update(FILES["test_batch.bin"]).digest("hex");
  assert(list.includes(`${sha256}  test_batch.bin\n`));
  assertEquals((await storage.list("d")).length, NAMES.length + 1);
  assertEquals(await download(mirror, storage), []);
  assertEquals(mirror.requests.length, 1);
});

Deno.test("CIFAR-10: files that differ are moved aside, those that are right stay", async () => {
  await using mirror = startMirror(() => new Response(ARCHIVE));
  const storage = await folder({
    "data_batch_1.bin": batch(9),
    "data_batch_2.bin.gz": await gzip(batch(2)),
  });
  const told = await download(mirror, storage);
  assertEquals(told, [
    "d/data_batch_1.bin is not the published file; it is now d/data_batch_1.bin.wrong",
  ]);
  assertEquals(await storage.read("d/data_batch_1.bin.wrong"), batch(9));
  assertEquals(await storage.exists("d/data_batch_2.bin.gz"), true);
  // Damage is found by the list of digests.
  await storage.write("d/test_batch.bin", batch(6));
  await download(mirror, storage);
  assertEquals(await storage.read("d/test_batch.bin"), batch(5));
});

Deno.test("CIFAR-10: an archive that is another one, damaged or incomplete leaves no folder that seems whole", async () => {
  const { "test_batch.bin": _, ...train } = FILES;
  const notTar = await gzip(new Uint8Array(5000).fill(1)), cut = ARCHIVE.slice(0, -200);
  const cases: [sent: Uint8Array<ArrayBuffer>, expected: Uint8Array<ArrayBuffer>, RegExp][] = [
    [ARCHIVE.map((b, i) => i === 99 ? b ^ 1 : b), ARCHIVE, /content has MD5 [0-9a-f]{32} instead/],
    [notTar, notTar, /cifar-10-binary\.tar\.gz: not a tar archive, or damaged/],
    [cut, cut, /cifar-10-binary\.tar\.gz: (not a whole gzip file|cut short)/],
    ...[await packed(train)].map((bytes): [typeof bytes, typeof bytes, RegExp] => [
      ...[bytes, bytes] as const,
      /holds 2 of the 3 files data_batch_1/,
    ]),
  ];
  for (const [sent, expected, pattern] of cases) {
    await using mirror = startMirror(() => new Response(sent));
    const storage = new MemoryStorage();
    const error = await assertRejects(() => download(mirror, storage, expected), DownloadError);
    assertMatch(error.message, pattern);
    assertMatch(error.message, /^cannot download cifar-10-binary\.tar\.gz of cifar-10 \(http:/);
    assertMatch(
      error.message,
      /put its files into d by hand, or name a folder .* --data-location$/,
    );
    assertEquals(await storage.exists("d/test_batch.bin"), false);
    assertEquals(await storage.exists("d/cifar-10-binary.tar.gz.part"), false);
  }
});

Deno.test("CIFAR-10: a download that breaks off is continued", async () => {
  const half = ARCHIVE.length >> 1;
  const storage = await folder({ "cifar-10-binary.tar.gz.part": ARCHIVE.slice(0, half) });
  await using mirror = startMirror(() =>
    new Response(ARCHIVE.slice(half), {
      status: 206,
      headers: { "Content-Range": `bytes ${half}-${ARCHIVE.length - 1}/${ARCHIVE.length}` },
    })
  );
  const told = await download(mirror, storage);
  assertEquals(told, [`cifar-10-binary.tar.gz: continuing after ${half} bytes`]);
  assertEquals(mirror.requests, [`/cifar-10-binary.tar.gz bytes=${half}-`]);
  assertEquals(await storage.exists("d/cifar-10-binary.tar.gz.part"), false);
});

Deno.test("CIFAR-10: without folder and network, every place with its reason", async () => {
  const told: string[] = [];
  const refused = new TypeError("fetch failed", { cause: new Error("connection refused") });
  await assertRejects(
    () =>
      loadDataset({
        ...{ dataset: "cifar-10", location: null, storage: new MemoryStorage() },
        fetch: () => Promise.reject(refused),
        onNotice: (line) => told.push(line),
      }),
    DownloadError,
    "cannot download cifar-10-binary.tar.gz of cifar-10 (https://www.cs.toronto.edu/~kriz/: " +
      "connection refused); check the network, put its files into data/cifar-10 by hand",
  );
  assertEquals(told, [
    "the data folder data/cifar-10 does not exist: trying to download cifar-10",
    "cifar-10-binary.tar.gz: https://www.cs.toronto.edu/~kriz/ failed: connection refused",
  ]);
});
