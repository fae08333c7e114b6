import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeIdx, encodeIdx, idxFileSize } from "../../src/formats/idx.ts";
import { FormatError, InputError } from "../../src/errors.ts";
import { gunzip } from "../../src/formats/gzip.ts";
import { fuzzDecoder } from "../../tasks/lib/fuzzer.ts";
import { gzip } from "../../tasks/lib/gzip_bytes.ts";

Deno.test("an image file by hand, as MNIST's page describes it", () => {
  const bytes = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255);
  const expected = { shape: [2, 1, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 255) };
  assertEquals(decodeIdx(bytes, "a").shape, expected.shape);
  assertEquals([...decodeIdx(bytes, "a").data], [...expected.data]);
  assertEquals(encodeIdx(expected.shape, expected.data), bytes);
});

Deno.test("axes are big-endian and may be past 255", () => {
  const { shape, data } = decodeIdx(encodeIdx([258], new Uint8Array(258).fill(7)), "a");
  assertEquals([shape, data.length, data[257]], [[258], 258, 7]);
  assertEquals([...encodeIdx([258], new Uint8Array(258)).slice(0, 8)], [0, 0, 8, 1, 0, 0, 1, 2]);
});

Deno.test("property: decode(encode(x)) is x, at any offset of a buffer", () => {
  const array = fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }).chain((shape) => {
    const length = shape.reduce((product, n) => product * n, 1);
    return fc.tuple(
      fc.constant(shape),
      fc.uint8Array({ minLength: length, maxLength: length }),
      fc.nat(9),
    );
  });
  fc.assert(
    fc.property(array, ([shape, data, offset]) => {
      const encoded = encodeIdx(shape, data);
      const buffer = new Uint8Array(encoded.length + offset);
      buffer.set(encoded, offset);
      const decoded = decodeIdx(buffer.subarray(offset), "a");
      assertEquals(decoded.shape, shape);
      assertEquals([...decoded.data], [...data]);
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("files that are not one whole IDX array of bytes are refused", () => {
  const huge = new Uint8Array(20).fill(255);
  huge.set([0, 0, 8, 4]);
  const cases: [string, Uint8Array, string][] = [
    ["empty", new Uint8Array(), 'not an IDX file (starts with "", not 00 00 08)'],
    ["three bytes", Uint8Array.of(0, 0, 8), "not an IDX file"],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0), 'starts with "1f 8b 08 00"'],
    ["floats", Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), "element type 0x0d is not supported"],
    ["no axes", Uint8Array.of(0, 0, 8, 0, 1), "0 IDX axes"],
    ["five axes", new Uint8Array(24).fill(0).with(2, 8).with(3, 5), "5 IDX axes"],
    ["half a header", Uint8Array.of(0, 0, 8, 3, 0, 0, 0), "header is cut short (7 of 16 bytes)"],
    ["missing data", encodeIdx([3], new Uint8Array(3)).slice(0, -1), "takes 3 bytes but 2 follow"],
    [
      "trailing data",
      Uint8Array.of(...encodeIdx([1], new Uint8Array(1)), 0),
      "longer than its header",
    ],
    ["absurd axes", huge, "but 0 follow the header"],
  ];
  for (const [name, bytes, message] of cases) {
    const error = assertThrows(() => decodeIdx(bytes, "dir/a-idx3"), FormatError, message, name);
    assertStringIncludes(error.message, "dir/a-idx3: ");
  }
});

Deno.test("shapes that IDX cannot hold are not written", () => {
  const shapes = [[], [2, 2], [1, 1, 1, 1, 3], [-1, -3], [1.5, 2], [2 ** 32, 0]];
  for (const shape of shapes) {
    assertThrows(() => encodeIdx(shape, new Uint8Array(3)), InputError, `(${shape})`);
  }
});

Deno.test("fuzz: damaged files give a value or a FormatError", async () => {
  const valid = [
    encodeIdx([2, 3, 3], new Uint8Array(18).map((_, i) => i)),
    encodeIdx([5], new Uint8Array(5)),
    encodeIdx([0, 4], new Uint8Array()),
  ];
  await fuzzDecoder((bytes) => decodeIdx(bytes, "a"), valid);
});

Deno.test("an archive is unpacked no further than the header inside it says", async () => {
  const whole = encodeIdx([2, 3, 4], new Uint8Array(24));
  assertEquals(idxFileSize(whole), whole.length);
  const bomb = new Uint8Array(50_000_000);
  bomb.set(whole);
  const archive = await gzip(bomb);
  await assertRejects(
    () => gunzip(archive, "f.gz", idxFileSize),
    FormatError,
    `f.gz: unpacks to more than ${whole.length} bytes; this is not the file it should be`,
  );
  assertEquals(await gunzip(await gzip(whole), "f.gz", idxFileSize), whole);
  // A header of no IDX file, or one that is cut short, allows nothing but itself.
  assertEquals(idxFileSize(Uint8Array.of(0, 0, 8, 9)), 40);
  assertEquals(idxFileSize(whole.subarray(0, 9)), 16);
});
