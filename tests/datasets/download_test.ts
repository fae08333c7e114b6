import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  downloadDataset,
  DownloadError,
  type DownloadOptions,
  type DownloadProgress,
} from "../../src/datasets/download.ts";
import { StorageError } from "../../src/errors.ts";
import { gunzip } from "../../src/formats/gzip.ts";
import { sha256Hex } from "../../src/formats/digests/sha256.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { gzip } from "../../tasks/lib/gzip_bytes.ts";
import {
  type Answer,
  ARCHIVES,
  breaking,
  CONTENT,
  datasetAt,
  dripping,
  good,
  IMAGES,
  LABELS,
  type Mirror,
  missing,
  stalling,
  startMirror,
  withoutRange,
} from "./mirrors.ts";

const IMAGES_GZ = ARCHIVES[`/${IMAGES}.gz`];
const FOLDER = "data/tiny";
const PART = `${FOLDER}/${IMAGES}.gz.part`;

async function run(mirrors: Mirror[], storage: MemoryStorage, more: Partial<DownloadOptions> = {}) {
  const notices: string[] = [];
  const dataset = await datasetAt(...mirrors);
  await downloadDataset({
    storage,
    folder: FOLDER,
    dataset,
    timeoutMs: 5000,
    onNotice: (line) => notices.push(line),
    ...more,
  });
  return notices;
}

async function assertComplete(storage: MemoryStorage) {
  assertEquals((await storage.list(FOLDER)).map((entry) => entry.name), [
    `${IMAGES}.gz`,
    `${LABELS}.gz`,
  ]);
  for (const [name, content] of Object.entries(CONTENT)) {
    assertEquals(await gunzip(await storage.read(`${FOLDER}/${name}.gz`), name), content);
  }
}

Deno.test("downloads every file, with progress; a second call fetches nothing", async () => {
  await using mirror = startMirror(good);
  const storage = new MemoryStorage();
  const progress: DownloadProgress[] = [];
  const notices = await run([mirror], storage, { onProgress: (p) => progress.push(p) });
  await assertComplete(storage);
  assertEquals(notices, []);
  assertEquals(mirror.requests, [`/${IMAGES}.gz whole`, `/${LABELS}.gz whole`]);
  const seen = progress.filter((p) => p.file === IMAGES);
  const total = IMAGES_GZ.length;
  assert(seen.length > 0 && seen.every((p, i) => p.bytes >= (seen[i - 1]?.bytes ?? 1)));
  assertEquals(seen.at(-1), { file: IMAGES, bytes: total, total });
  await run([mirror], storage);
  assertEquals(mirror.requests.length, 2);
});

Deno.test("a raw file that is there and right is left alone", async () => {
  await using mirror = startMirror(good);
  const storage = new MemoryStorage();
  await storage.write(`${FOLDER}/train-images.idx3-ubyte`, CONTENT[IMAGES]);
  assertEquals(await run([mirror], storage), []);
  assertEquals(mirror.requests, [`/${LABELS}.gz whole`]);
});

Deno.test("a file that is there and wrong is moved aside, never deleted", async () => {
  await using mirror = startMirror(good);
  const storage = new MemoryStorage();
  await storage.write(`${FOLDER}/${LABELS}`, Uint8Array.of(1, 2, 3));
  const notices = await run([mirror], storage);
  assertEquals(notices.length, 1);
  assertMatch(notices[0], /train-labels-idx1-ubyte: content has SHA-256 039058c6f2c0… instead of/);
  assertEquals([...await storage.read(`${FOLDER}/${LABELS}.wrong`)], [1, 2, 3]);
  assertEquals(await storage.exists(`${FOLDER}/${LABELS}`), false);
  assertEquals(await storage.exists(`${FOLDER}/${LABELS}.gz`), true);
});

const PAGE = new TextEncoder().encode("<html>Please log in</html>");
const FAULTY: [string, Answer, RegExp][] = [
  ["404", missing, /HTTP status 404/],
  ["500", () => new Response(null, { status: 500 }), /HTTP status 500/],
  ["a login page", () => new Response(PAGE), /content has SHA-256 [0-9a-f]{12}… instead of/],
  [
    "another file's archive",
    () => new Response(ARCHIVES[`/${LABELS}.gz`]),
    /content has SHA-256/,
  ],
  [
    "a changed byte",
    (_, path) => new Response(ARCHIVES[path].map((byte, i) => i === 5000 ? byte ^ 1 : byte)),
    /not a whole gzip file|content has SHA-256/,
  ],
  ["a cut file", (_, path) => new Response(ARCHIVES[path].slice(0, -9)), /not a whole gzip file/],
  ["no bytes", () => new Response(new Uint8Array()), /content has SHA-256 e3b0c44298fc…/],
  [
    "endless bytes",
    () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65536)) })),
    /content has SHA-256/,
  ],
  [
    "an archive that unpacks to too much",
    async () => new Response(await gzip(new Uint8Array(1e7))),
    /unpacks to more than 60000 bytes/,
  ],
];

for (const [name, answer, reason] of FAULTY) {
  Deno.test(`the next mirror is tried, and nothing kept, after ${name}`, async () => {
    await using bad = startMirror((request, path) =>
      path.includes("images") ? answer(request, path) : good(request, path)
    );
    await using mirror = startMirror(good);
    const storage = new MemoryStorage();
    const notices = await run([bad, mirror], storage);
    await assertComplete(storage);
    assertEquals(bad.requests, [`/${IMAGES}.gz whole`]);
    // The mirror that worked is tried first from then on, from the start of the file.
    assertEquals(mirror.requests, [`/${IMAGES}.gz whole`, `/${LABELS}.gz whole`]);
    assertEquals(notices.length, 1);
    assertMatch(notices[0], reason);
  });
}

Deno.test("a server that hangs is given up: before its answer, and in the middle of it", async () => {
  const hang = Promise.withResolvers<Response>();
  await using silent = startMirror(() => hang.promise);
  await using stuck = startMirror(stalling);
  await using mirror = startMirror(good);
  const storage = new MemoryStorage();
  const start = performance.now();
  const notices = await run([silent, stuck, mirror], storage, { timeoutMs: 200 });
  assert(performance.now() - start < 3000, "the timeouts add up to 0.4 s");
  hang.resolve(new Response());
  await assertComplete(storage);
  assertEquals(notices.map((line) => line.replace(/:\d+\//, "/")), [
    `${IMAGES}: http://127.0.0.1/ failed: nothing arrived for 0.2 s`,
    `${IMAGES}: http://127.0.0.1/ failed: nothing arrived for 0.2 s`,
    `${IMAGES}: continuing after 1000 bytes`,
  ]);
  assertEquals(mirror.requests[0], `/${IMAGES}.gz bytes=1000-`);
});

Deno.test("a slow server that keeps sending is not given up", async () => {
  await using slow = startMirror(dripping);
  const storage = new MemoryStorage();
  assertEquals(await run([slow], storage, { timeoutMs: 500 }), []);
  await assertComplete(storage);
});

Deno.test("a server that nobody runs is given up", async () => {
  const gone = startMirror(good);
  await gone[Symbol.asyncDispose]();
  await using mirror = startMirror(good);
  const storage = new MemoryStorage();
  assertEquals((await run([gone, mirror], storage)).length, 1);
  await assertComplete(storage);
});

Deno.test("a broken download is kept, and continued by the next run", async () => {
  const storage = new MemoryStorage();
  const half = IMAGES_GZ.length >> 1;
  {
    await using broken = startMirror(breaking);
    const error = await assertRejects(() => run([broken], storage), DownloadError);
    assertMatch(error.message, /run the same again to continue/);
    assertEquals((await storage.list(FOLDER)).map((entry) => entry.name), [`${IMAGES}.gz.part`]);
    assertEquals(await storage.read(PART), IMAGES_GZ.slice(0, half));
  }
  await using mirror = startMirror(good);
  const progress: DownloadProgress[] = [];
  const notices = await run([mirror], storage, { onProgress: (p) => progress.push(p) });
  assertEquals(notices, [`${IMAGES}: continuing after ${half} bytes`]);
  assertEquals(mirror.requests[0], `/${IMAGES}.gz bytes=${half}-`);
  assert(progress[0].bytes > half);
  assertEquals(progress[0].total, IMAGES_GZ.length);
  await assertComplete(storage);
});

Deno.test("a server that ignores Range sends the file from its start", async () => {
  const storage = new MemoryStorage();
  await storage.write(PART, IMAGES_GZ.slice(0, 700));
  await using mirror = startMirror(withoutRange);
  await run([mirror], storage);
  assertEquals(mirror.requests[0], `/${IMAGES}.gz bytes=700-`);
  await assertComplete(storage);
});

Deno.test("a part is not replaced by a shorter one", async () => {
  const storage = new MemoryStorage();
  const held = IMAGES_GZ.slice(0, IMAGES_GZ.length - 10);
  await storage.write(PART, held);
  await using broken = startMirror(breaking);
  await assertRejects(() => run([broken], storage), DownloadError);
  assertEquals(await storage.read(PART), held);
});

Deno.test("a part that is wrong or too long is dropped and the same mirror asked again", async () => {
  for (const part of [new Uint8Array(700).fill(9), new Uint8Array(100_000)]) {
    const storage = new MemoryStorage();
    await storage.write(PART, part);
    await using mirror = startMirror(good);
    await run([mirror], storage);
    assertEquals(mirror.requests.slice(0, 2), [
      `/${IMAGES}.gz bytes=${part.length}-`,
      `/${IMAGES}.gz whole`,
    ]);
    await assertComplete(storage);
  }
});

Deno.test("an answer for another range is refused", async () => {
  const storage = new MemoryStorage();
  await storage.write(PART, IMAGES_GZ.slice(0, 700));
  await using odd = startMirror((_, path) =>
    new Response(ARCHIVES[path].slice(600), {
      status: 206,
      headers: { "Content-Range": `bytes 600-${IMAGES_GZ.length - 1}/${IMAGES_GZ.length}` },
    })
  );
  const error = await assertRejects(() => run([odd], storage), DownloadError);
  assertMatch(error.message, /HTTP status 206/);
  assertEquals((await storage.read(PART)).length, 700);
});

Deno.test("content that arrives unpacked, as where fetch undoes a declared compression, is stored raw", async () => {
  await using mirror = startMirror((_, path) => new Response(CONTENT[path.slice(1, -3)]));
  const storage = new MemoryStorage();
  await run([mirror], storage);
  assertEquals(await storage.read(`${FOLDER}/${IMAGES}`), CONTENT[IMAGES]);
  assertEquals(await run([mirror], storage), []);
  assertEquals(mirror.requests.length, 2);
});

Deno.test("when every mirror fails the error lists each with its reason, and what to do", async () => {
  await using first = startMirror(missing);
  await using second = startMirror(() => new Response(PAGE));
  const storage = new MemoryStorage();
  const error = await assertRejects(() => run([first, second], storage), DownloadError);
  const digest = (await sha256Hex(CONTENT[IMAGES])).slice(0, 12);
  const page = (await sha256Hex(PAGE)).slice(0, 12);
  assertEquals(
    error.message,
    `cannot download ${IMAGES}.gz of tiny (${first.url}: HTTP status 404; ${second.url}: ` +
      `${IMAGES}.gz: content has SHA-256 ${page}… instead of ${digest}…); check the ` +
      `network, put the four files into ${FOLDER} by hand, or name a folder that has them with ` +
      `--mnist-location`,
  );
  assertEquals(await storage.list(FOLDER), []);
});

Deno.test("an abort stops the download and keeps what arrived", async () => {
  await using stuck = startMirror(stalling);
  await using mirror = startMirror(good);
  const storage = new MemoryStorage();
  const stop = new AbortController();
  const reason = new Error("stopped by the user");
  const error = await assertRejects(() =>
    run([stuck, mirror], storage, {
      signal: stop.signal,
      onProgress: () => stop.abort(reason),
    })
  );
  assertEquals(error, reason);
  assertEquals(mirror.requests, []);
  assertEquals((await storage.read(PART)).length, 1000);
});

Deno.test("a folder that cannot be written is an error of the storage, not of a mirror", async () => {
  await using mirror = startMirror(good);
  const storage = new MemoryStorage();
  await storage.write("data", Uint8Array.of(1));
  const error = await assertRejects(() => run([mirror], storage), StorageError);
  assertMatch(error.message, /a part of the path is a file/);
});
