/**
 * Archives that unpack to far more than an experiment holds are refused before they are unpacked.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { RandomStream } from "../../src/engine/random.ts";
import { FormatError } from "../../src/errors.ts";
import { concatenate } from "../../src/formats/gzip.ts";
import { encodeNpy } from "../../src/formats/npy.ts";
import { encodeNpz } from "../../src/formats/npz.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import type { OpfsStorage } from "../../src/storage/opfs.ts";
import { importZip } from "../../src/web/archives.ts";

const HOLDER = { pid: 1, host: "here", since: "", command: "" };
const ARRAY = "e/trial1/0/same_init/masks/layer0.npy";

/** Changes the 32-bit number at an offset of the first entry of an archive's directory. */
function changeEntry(archive: Uint8Array, offset: number, value: number): void {
  const entry = archive.findIndex((_, i) =>
    [0x50, 0x4b, 1, 2].every((byte, j) => archive[i + j] === byte)
  );
  new DataView(archive.buffer, archive.byteOffset).setUint32(entry + offset, value, true);
}

const CRC = 16, SIZE = 24;

Deno.test("an archive's file is unpacked no further than its size or its header allow", async () => {
  // Bytes that do not pack: the archive is large enough for what it is made to claim.
  const random = new RandomStream([1, 2]);
  const noise = Uint8Array.from({ length: 1_200_000 }, () => random.integerBelow(256));
  const large = encodeNpz({ [ARRAY]: noise, "e/trial1/0/same_init/run.json": new Uint8Array() });
  changeEntry(large, SIZE, 2 ** 30 + 1);
  const array = encodeNpy({ shape: [3], data: new Float32Array(3) });
  const longer = encodeNpz({
    [ARRAY]: concatenate([array, new Uint8Array(200_000)], array.length + 200_000),
    "e/trial1/0/same_init/run.json": new Uint8Array(),
  });
  // Were it unpacked, it would be found damaged.
  changeEntry(longer, CRC, 0);
  const cases: [archive: Uint8Array<ArrayBuffer>, message: string][] = [
    [large, `"${ARRAY}" unpacks to 1073741825 bytes, 1073741824 at most are read`],
    [longer, `${ARRAY}: shape (3) of <f4 takes 12 bytes but 200012 follow the header`],
  ];
  for (const [archive, message] of cases) {
    const storage = new MemoryStorage();
    await assertRejects(
      () => importZip(storage as unknown as OpfsStorage, new Blob([archive]), "e.zip", HOLDER),
      FormatError,
      message,
    );
    assertEquals(await storage.exists("results"), false);
  }
});
