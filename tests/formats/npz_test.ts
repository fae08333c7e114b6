import { assert, assertEquals, assertRejects } from "@std/assert";
import { Deflate, zipSync } from "../../src/npm/fflate.ts";
import { FormatError } from "../../src/errors.ts";
import { decodeNpy, encodeNpy } from "../../src/formats/npy.ts";
import { encodeNpz, openNpz } from "../../src/formats/npz.ts";
import { runNumpy } from "../numpy.ts";
import { fuzzDecoder } from "../../tasks/lib/fuzzer.ts";

const ARRAY = { shape: [2, 2], data: Float32Array.of(1, -2.5, 0, 4) };
const FILES = {
  "masks/layer0.npy": encodeNpy(ARRAY),
  "run.json": new TextEncoder().encode('{"a": 1}\n'),
};

/** All files of an archive. */
async function readAll(bytes: Uint8Array, where = "f", maxBytes?: number) {
  const { names, read } = await openNpz(bytes, where);
  return await read(names, { maxBytes });
}

async function withFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("npz: what is written is read again, and equal content gives equal bytes", async () => {
  const bytes = encodeNpz(FILES);
  assertEquals(await readAll(bytes), FILES);
  assertEquals(encodeNpz(FILES), bytes);
  assertEquals(await readAll(encodeNpz({})), {});
});

Deno.test("npz: NumPy reads the arrays, and texts as bytes", () =>
  withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.npz`, encodeNpz(FILES));
    const script = `
import sys, json, zipfile
import numpy as np
assert zipfile.ZipFile(sys.argv[1]).testzip() is None
z = np.load(sys.argv[1])
print(json.dumps([sorted(z), z["masks/layer0"].tolist(), json.loads(z["run.json"])]))`;
    assertEquals(JSON.parse(await runNumpy(script, [`${folder}/a.npz`])), [
      ["masks/layer0", "run.json"],
      [[1, -2.5], [0, 4]],
      { a: 1 },
    ]);
  }));

Deno.test("npz: archives by numpy.savez and savez_compressed are read", () =>
  withFolder(async (folder) => {
    const script = `
import sys
import numpy as np
arrays = dict(layer0=np.arange(6, dtype="<f8").reshape(2, 3), layer1=np.zeros((0, 2), bool))
np.savez(sys.argv[1] + "/a.npz", **arrays)
np.savez_compressed(sys.argv[1] + "/b.npz", **arrays)`;
    await runNumpy(script, [folder]);
    for (const name of ["a", "b"]) {
      const files = await readAll(await Deno.readFile(`${folder}/${name}.npz`), name);
      assertEquals(Object.keys(files).sort(), ["layer0.npy", "layer1.npy"]);
      const { shape, data } = decodeNpy(files["layer0.npy"], name);
      assertEquals([shape, [...data]], [[2, 3], [0, 1, 2, 3, 4, 5]]);
    }
  }));

Deno.test("npz: every flipped byte of the content is noticed", async () => {
  // Stored, not compressed: else the decompressor would notice most of them.
  const content = Uint8Array.from({ length: 64 }, (_, i) => i * 37);
  const bytes = zipSync({ "x": content }, { level: 0 });
  const start = bytes.findIndex((_, i) => content.every((byte, j) => bytes[i + j] === byte));
  assert(start > 0);
  for (let i = 0; i < 64; i++) {
    const damaged = bytes.slice();
    damaged[start + i] ^= 0x10;
    await assertRejects(() => readAll(damaged), FormatError, 'f: "x" is damaged');
  }
});

Deno.test("npz: what is no archive, or unpacks to too much", async () => {
  const whole = encodeNpz(FILES);
  for (const bytes of [new Uint8Array(), FILES["run.json"], whole.slice(0, -30), whole.slice(9)]) {
    await assertRejects(() => readAll(bytes), FormatError, "f: ");
  }
  const bomb = encodeNpz({ zeros: new Uint8Array(1e6), more: new Uint8Array(9) });
  const refused = "its files take 1000009 bytes, and 1000 are read at most";
  await assertRejects(() => readAll(bomb, "f", 1000), FormatError, refused);
  const { read } = await openNpz(bomb, "f");
  assertEquals(await read(["more"], { maxBytes: 9 }), { more: new Uint8Array(9) });
});

Deno.test("npz: a file whose beginning is refused is unpacked no further", async () => {
  // 0.2 MB unpack to 200 MB.
  const part = new Uint8Array(2 ** 20), zeros: Uint8Array[] = [], size = 200 * part.length;
  const packer = new Deflate({ level: 9 }, (chunk) => zeros.push(chunk));
  for (let left = size; left > 0; left -= part.length) packer.push(part, left === part.length);
  const bytes = await new Blob(zipOf("masks/layer0.npy", zeros, size)).bytes();
  const { names, read } = await openNpz(bytes, "f");
  const starts: number[] = [];
  const checkStart = (start: Uint8Array, { bytes }: { bytes: number }) => {
    starts.push(start.length);
    throw new FormatError(`no header of ${bytes} bytes`);
  };
  const refused = `no header of ${size} bytes`;
  await assertRejects(() => read(names, { checkStart }), FormatError, refused);
  assertEquals(starts.length, 1);
  assert(starts[0] < 20e6, `${starts[0]} bytes were unpacked for the beginning`);
});

/** An archive of one file, packed already. */
function zipOf(name: string, packed: Uint8Array[], size: number): Uint8Array<ArrayBuffer>[] {
  const encoded = new TextEncoder().encode(name);
  const packedBytes = packed.reduce((sum, { length }) => sum + length, 0);
  const common = [20, 0, 8, 0, 0].flatMap((value) => [value & 255, value >> 8]);
  const u16 = (value: number) => [value & 255, value >> 8 & 255];
  const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
  const sizes = [...u32(0), ...u32(packedBytes), ...u32(size), ...u16(encoded.length), ...u16(0)];
  const local = [...u32(0x04034b50), ...common, ...sizes, ...encoded];
  const entry = [
    ...[...u32(0x02014b50), ...u16(20), ...common, ...sizes],
    ...[...u16(0), ...u16(0), ...u16(0), ...u32(0), ...u32(0), ...encoded],
  ];
  const start = local.length + packedBytes;
  const end = [
    ...[...u32(0x06054b50), ...u16(0), ...u16(0), ...u16(1), ...u16(1)],
    ...[...u32(entry.length), ...u32(start), ...u16(0)],
  ];
  return [
    Uint8Array.from(local),
    ...packed,
    Uint8Array.from(entry),
    Uint8Array.from(end),
  ] as Uint8Array<ArrayBuffer>[];
}

Deno.test("npz: damaged bytes give a value or a FormatError", () =>
  fuzzDecoder((bytes) => readAll(bytes), [encodeNpz(FILES)]));
