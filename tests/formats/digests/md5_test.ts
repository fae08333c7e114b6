import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { RandomStream } from "../../../src/engine/random.ts";
import { md5Hex } from "../../../src/formats/digests/md5.ts";

Deno.test("MD5 of the examples of RFC 1321", () => {
  const text = (value: string) => new TextEncoder().encode(value);
  assertEquals(md5Hex(text("")), "d41d8cd98f00b204e9800998ecf8427e");
  assertEquals(md5Hex(text("abc")), "900150983cd24fb0d6963f7d28e17f72");
  assertEquals(
    md5Hex(text("message digest")),
    "f96b697d7cb7938d525a2f31aaf161d0",
  );
});

Deno.test("MD5 agrees with another implementation around every length of the last blocks", () => {
  const stream = new RandomStream([1, 2]);
  const all = new Uint8Array(100_000).map(() => stream.integerBelow(256));
  for (const length of [...Array.from({ length: 200 }, (_, n) => n), all.length]) {
    const bytes = all.subarray(7, 7 + length);
    assertEquals(md5Hex(bytes), createHash("md5").update(bytes).digest("hex"), `${length} bytes`);
  }
});
