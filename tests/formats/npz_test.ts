import { assertEquals, assertThrows } from "@std/assert";
import { FormatError } from "../../src/errors.ts";
import { decodeNpy, encodeNpy } from "../../src/formats/npy.ts";
import { decodeNpz, encodeNpz } from "../../src/formats/npz.ts";
import { runNumpy } from "../numpy.ts";
import { fuzzDecoder } from "./fuzz.ts";

const ARRAY = { shape: [2, 2], data: Float32Array.of(1, -2.5, 0, 4) };
const FILES = {
  "masks/layer0.npy": encodeNpy(ARRAY),
  "run.json": new TextEncoder().encode('{"a": 1}\n'),
};

async function withFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("npz: what is written is read again, and equal content gives equal bytes", () => {
  const bytes = encodeNpz(FILES);
  assertEquals(decodeNpz(bytes, "f"), FILES);
  assertEquals(encodeNpz(FILES), bytes);
  assertEquals(decodeNpz(encodeNpz({}), "f"), {});
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
      const files = decodeNpz(await Deno.readFile(`${folder}/${name}.npz`), name);
      assertEquals(Object.keys(files).sort(), ["layer0.npy", "layer1.npy"]);
      const { shape, data } = decodeNpy(files["layer0.npy"], name);
      assertEquals([shape, [...data]], [[2, 3], [0, 1, 2, 3, 4, 5]]);
    }
  }));

Deno.test("npz: every flipped byte of the content is noticed", () => {
  // Stored, not compressed: else the decompressor would notice most of them.
  const content = Uint8Array.from({ length: 64 }, (_, i) => i * 37);
  const bytes = encodeNpz({ "x": content });
  const start = bytes.length - 22 - 46 - 1 - 64;
  for (let i = 0; i < 64; i++) {
    const damaged = bytes.slice();
    damaged[start + i] ^= 0x10;
    assertThrows(() => decodeNpz(damaged, "f"), FormatError, "f: not a whole zip archive");
  }
});

Deno.test("npz: what is no archive, or unpacks to too much", () => {
  const whole = encodeNpz(FILES);
  for (const bytes of [new Uint8Array(), FILES["run.json"], whole.slice(0, -30), whole.slice(9)]) {
    assertThrows(() => decodeNpz(bytes, "f"), FormatError, "f: not a whole zip archive");
  }
  const bomb = encodeNpz({ zeros: new Uint8Array(1e6) });
  assertThrows(() => decodeNpz(bomb, "f", 1000), FormatError, "take 1000000 bytes, and 1000 are");
});

Deno.test("npz: damaged bytes give a value or a FormatError", () =>
  fuzzDecoder((bytes) => decodeNpz(bytes, "f"), [encodeNpz(FILES)]));
