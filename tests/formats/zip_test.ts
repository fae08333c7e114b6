import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { zipSync } from "../../src/npm/fflate.ts";
import { FormatError } from "../../src/errors.ts";
import { readZipEntries, readZipEntry, ZipWriter } from "../../src/formats/zip.ts";

const blob = (bytes: Uint8Array<ArrayBuffer>) => new Blob([bytes]);
const bytesOf = async (archive: Blob) => new Uint8Array(await archive.arrayBuffer());

/** Everything in an archive. */
async function unpack(archive: Blob): Promise<Record<string, number[]>> {
  const files: Record<string, number[]> = {};
  for (const entry of await readZipEntries(archive, "x.zip")) {
    files[entry.name] = [...await readZipEntry(archive, entry, "x.zip")];
  }
  return files;
}

/** An archive of a text that packs well. */
function sample(): Blob {
  const zip = new ZipWriter();
  zip.add("a/b.txt", new TextEncoder().encode("lottery ".repeat(100)));
  zip.add("a/empty", new Uint8Array());
  return zip.end();
}

Deno.test("property: what is written is read, and equal content gives equal bytes", async () => {
  const names = fc.stringMatching(/^[a-zé]{1,5}(\/[a-z0-9.]{1,5}){0,2}$/);
  await fc.assert(
    fc.asyncProperty(fc.dictionary(names, fc.uint8Array({ maxLength: 300 })), async (files) => {
      const make = () => {
        const zip = new ZipWriter();
        for (const [name, content] of Object.entries(files)) zip.add(name, content);
        return zip.end();
      };
      const found = await unpack(make());
      const expected = Object.entries(files).map(([name, content]) => [name, [...content]]);
      assertEquals(found, Object.fromEntries(expected));
      assertEquals(await bytesOf(make()), await bytesOf(make()));
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("stored and packed files of other programs are read, folders left out", async () => {
  const archive = blob(zipSync({
    "folder/": new Uint8Array(),
    "folder/stored": [Uint8Array.of(1, 2, 3), { level: 0 }],
    "folder/packed": new Uint8Array(1000),
  }) as Uint8Array<ArrayBuffer>);
  assertEquals(await unpack(archive), {
    "folder/stored": [1, 2, 3],
    "folder/packed": Array(1000).fill(0),
  });
});

Deno.test("an archive cut short anywhere is refused", async () => {
  const bytes = await bytesOf(sample());
  for (let length = 0; length < bytes.length; length++) {
    await assertRejects(() => unpack(blob(bytes.slice(0, length))), FormatError, "x.zip");
  }
});

Deno.test("a changed byte is seen, or changes nothing", async () => {
  const archive = sample(), bytes = await bytesOf(archive), expected = await unpack(archive);
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] ^= 0x55;
    try {
      const found = Object.values(await unpack(blob(changed)));
      // Names have no checksum, and a lost entry at the end of the directory none that tells.
      const contents = Object.values(expected).map(String);
      assert(found.every((content) => contents.includes(String(content))), `byte ${i}`);
    } catch (error) {
      assert(error instanceof FormatError, `byte ${i}: ${error}`);
    }
  }
});

Deno.test("files that claim more than their bytes can hold are refused unread", async () => {
  const bytes = await bytesOf(sample());
  const view = new DataView(bytes.buffer);
  const directory = view.getUint32(bytes.length - 6, true);
  view.setUint32(directory + 24, 2 ** 31, true);
  await assertRejects(
    () => readZipEntries(blob(bytes), "x.zip"),
    FormatError,
    "larger than it can",
  );
});

Deno.test("files that share their bytes are refused", async () => {
  const zip = new ZipWriter();
  for (const name of ["a", "b"]) zip.add(name, crypto.getRandomValues(new Uint8Array(2000)));
  const bytes = await bytesOf(zip.end());
  const view = new DataView(bytes.buffer);
  const first = view.getUint32(bytes.length - 6, true);
  // Each claims more than half of the archive.
  for (const at of [first, first + 47]) {
    view.setUint32(at + 20, 3000, true);
    view.setUint32(at + 42, 0, true);
  }
  await assertRejects(
    () => readZipEntries(blob(bytes), "x.zip"),
    FormatError,
    "larger than it can",
  );
});

Deno.test("encrypted files, unknown methods and zip64 are refused by name", async () => {
  for (
    const [offset, value, message] of [
      [8, 1, "is encrypted"],
      [10, 12, "packed by a method"],
    ] as const
  ) {
    const bytes = await bytesOf(sample());
    const view = new DataView(bytes.buffer);
    view.setUint16(view.getUint32(bytes.length - 6, true) + offset, value, true);
    await assertRejects(() => readZipEntries(blob(bytes), "x.zip"), FormatError, message);
  }
  const bytes = await bytesOf(sample());
  new DataView(bytes.buffer).setUint16(bytes.length - 12, 0xffff, true);
  await assertRejects(() => readZipEntries(blob(bytes), "x.zip"), FormatError, "zip64");
});
