import { assertEquals } from "@std/assert";
import { ownSha256Hex, sha256Hex } from "../../../src/formats/digests/sha256.ts";

Deno.test("SHA-256 of the examples of FIPS 180-4", async () => {
  const text = (value: string) => new TextEncoder().encode(value);
  assertEquals(
    await sha256Hex(text("abc")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  assertEquals(
    await sha256Hex(text("")),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
  assertEquals(
    await sha256Hex(text("xabcx").subarray(1, 4)),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("without WebCrypto the digests are the same, at every length about a block's", async () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => 7 * i + length);
    assertEquals(ownSha256Hex(bytes), await sha256Hex(bytes), `${length}`);
  }
});
