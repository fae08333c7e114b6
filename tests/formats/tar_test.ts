/** Archives that Python's tarfile writes, whole and damaged, in parts of any length. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FormatError } from "../../src/errors.ts";
import { gunzipChunks } from "../../src/formats/gzip.ts";
import { readTar } from "../../src/formats/tar.ts";
import { gzip } from "../../tasks/lib/gzip_bytes.ts";
import { runNumpy } from "../numpy.ts";

const FILES: Record<string, Uint8Array> = {
  "set/one.bin": Uint8Array.from({ length: 1000 }, (_, i) => i % 251),
  "set/block": new Uint8Array(512).fill(7),
  "set/empty": new Uint8Array(),
};

/** An archive of `FILES` between others: a folder, a link, a file of a long name. */
async function archive(format: string): Promise<Uint8Array> {
  const script = `
import io, sys, tarfile
files = {"set/one.bin": bytes(i % 251 for i in range(1000)), "set/" + "n" * 90 + "/" + "one.bin" * 13: b"x" * 700,
    "set/block": b"\\x07" * 512, "set/empty": b""}
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w", format=tarfile.${format}) as tar:
    folder = tarfile.TarInfo("set"); folder.type = tarfile.DIRTYPE; tar.addfile(folder)
    for name, content in files.items():
        info = tarfile.TarInfo(name); info.size = len(content); info.mtime = 1.5
        tar.addfile(info, io.BytesIO(content))
    link = tarfile.TarInfo("set/link"); link.type = tarfile.SYMTYPE; link.linkname = "block"
    tar.addfile(link)
print(out.getvalue().hex())`;
  const hex = (await runNumpy(script)).trim();
  return Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
}

async function* parts(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const WANTED = new Map(Object.keys(FILES).map((name) => [name, 1000]));

async function read(chunks: AsyncIterable<Uint8Array>, wanted = WANTED) {
  const found: Record<string, Uint8Array> = {};
  for await (const { name, bytes } of readTar(chunks, "a.tar", wanted)) {
    found[name] = new Uint8Array(bytes);
  }
  return found;
}

for (const format of ["USTAR_FORMAT", "GNU_FORMAT", "PAX_FORMAT"]) {
  Deno.test(`tar: the wanted files of an archive of ${format}, whatever the parts`, async () => {
    const tar = await archive(format);
    for (const length of [1, 100, 512, 1e6]) assertEquals(await read(parts(tar, length)), FILES);
    assertEquals(await read(gunzipChunks(await gzip(tar), "a.tar.gz")), FILES);
    assertEquals(await read(parts(tar, 999), new Map()), {});
  });
}

Deno.test("tar: archives that are damaged, cut short or hold too much are refused", async () => {
  const tar = await archive("USTAR_FORMAT");
  const refuses = async (bytes: Uint8Array, message: string, wanted = WANTED) => {
    const { message: said } = await assertRejects(
      () => read(parts(bytes, 300), wanted),
      FormatError,
      message,
    );
    assert(said.startsWith("a.tar: ") && !said.includes("\n"), said);
  };
  await refuses(new TextEncoder().encode("<html>".repeat(200)), "not a tar archive, or damaged");
  await refuses(tar.map((byte, i) => i === 600 ? byte ^ 1 : byte), "not a tar archive, or damaged");
  for (const end of [100, 511, 512, 600, 1500, 1600]) await refuses(tar.slice(0, end), "cut short");
  await refuses(tar, "set/one.bin holds 1000 bytes instead of", new Map([["set/one.bin", 999]]));
  const packed = await gzip(tar);
  for (const damaged of [packed.slice(0, -9), packed.map((b, i) => i === 40 ? b ^ 255 : b)]) {
    await assertRejects(
      () => read(gunzipChunks(damaged, "a.tar.gz")),
      FormatError,
      "a.tar",
    );
  }
});
