import { assert, assertEquals, assertRejects } from "@std/assert";
import { FormatError } from "../../src/errors.ts";
import { gunzip, isGzip, maybeGunzip } from "../../src/formats/gzip.ts";
import { runNumpy } from "../numpy.ts";
import { fuzzDecoder } from "../../tasks/lib/fuzzer.ts";
import { gzip } from "../../tasks/lib/gzip_bytes.ts";

/** "hello\n" as GNU gzip 1.12 writes it with `gzip -n`. */
const HELLO = Uint8Array.from(
  "1f8b0800000000000003cb48cdc9c9e7020020303a3606000000".match(/../g)!,
  (hex) => parseInt(hex, 16),
);

function noise(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 13) & 255);
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

Deno.test("gunzip gives back what gzip packed", async () => {
  assertEquals(new TextDecoder().decode(await gunzip(HELLO, "hello.gz")), "hello\n");
  for (const length of [0, 1, 16383, 16384, 100_000]) {
    assertEquals(await gunzip(await gzip(noise(length)), "a.gz"), noise(length));
  }
});

Deno.test("two members, with zeros between and after them", async () => {
  for (const zeros of [0, 1, 3000]) {
    const padding = new Uint8Array(zeros);
    const whole = await gunzip(joined(HELLO, padding, HELLO, padding), "hello.gz");
    assertEquals(new TextDecoder().decode(whole), "hello\nhello\n");
  }
});

Deno.test("maybeGunzip leaves other bytes alone", async () => {
  assertEquals(await maybeGunzip(noise(100), "a"), noise(100));
  assertEquals(await maybeGunzip(new Uint8Array(), "a"), new Uint8Array());
  assertEquals(await maybeGunzip(await gzip(noise(100)), "a"), noise(100));
  assertEquals([isGzip(HELLO), isGzip(noise(2)), isGzip(HELLO.slice(0, 1))], [true, false, false]);
});

Deno.test("members and padding that gzip and Python write are read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const names = (await runNumpy(
      `
import sys, os, gzip, random, subprocess
os.chdir(sys.argv[1])
random.seed(1)
# Content that looks like the beginning of a member, and that ends with zeros.
parts = [random.randbytes(40000), gzip.compress(b"x", mtime=0) * 3, b"", bytes(5000)]
for name, part in zip("abcd", parts):
    open(name, "wb").write(part)
subprocess.run("gzip -n a b c d; cat a.gz b.gz > ab.gz; cat b.gz a.gz c.gz d.gz > bacd.gz",
               shell=True, check=True)
two = open("ab.gz", "rb").read()
files = {
    "python.gz": b"".join(gzip.compress(part) for part in parts),
    "stored.gz": b"".join(gzip.compress(part, 0) for part in parts),
    "empty.gz": gzip.compress(b"") * 2,
    "padded.gz": two + bytes(1000),
    "one.gz": open("d.gz", "rb").read() + bytes(1),
    "between.gz": open("a.gz", "rb").read() + bytes(7) + open("d.gz", "rb").read() + bytes(512),
}
for name, content in files.items():
    open(name, "wb").write(content)
for name in ["ab.gz", "bacd.gz", *files]:
    open(name[:-3] + ".whole", "wb").write(gzip.open(name).read())
    print(name[:-3])`,
      [folder],
    )).trim().split("\n");
    assertEquals(names.length, 8);
    for (const name of names) {
      const packed = await Deno.readFile(`${folder}/${name}.gz`);
      const whole = await Deno.readFile(`${folder}/${name}.whole`);
      assertEquals(await gunzip(packed, name, whole.length), whole, name);
    }
    const packed = await Deno.readFile(`${folder}/bacd.gz`);
    const { length } = await Deno.readFile(`${folder}/bacd.whole`);
    await assertRejects(
      () => gunzip(packed, "f.gz", length - 1),
      FormatError,
      `f.gz: unpacks to more than ${length - 1} bytes`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("damage after the first member is refused", async () => {
  const one = await gzip(noise(3000)), two = await gzip(noise(2000));
  const flipped = two.map((byte, i) => i === two.length - 6 ? byte ^ 1 : byte);
  const cases: [string, Uint8Array][] = [
    ["second cut short", joined(one, two.slice(0, -1))],
    ["second changed", joined(one, flipped)],
    ["header of a second", joined(one, two.slice(0, 10))],
    ["bytes after two", joined(one, two, noise(3))],
    ["bytes after zeros", joined(one, new Uint8Array(20), noise(3))],
    ["zeros alone", new Uint8Array(20)],
  ];
  for (const [name, bytes] of cases) {
    await assertRejects(() => gunzip(bytes, "a.gz"), FormatError, "a.gz: not a whole", name);
  }
});

Deno.test("corrupt, cut and continued files are refused", async () => {
  const packed = await gzip(noise(5000));
  const flipped = (at: number) => packed.map((byte, i) => i === at ? byte ^ 1 : byte);
  const cases: [string, Uint8Array][] = [
    ["empty", new Uint8Array()],
    ["not gzip", noise(50)],
    ["header only", packed.slice(0, 10)],
    ["half", packed.slice(0, packed.length >> 1)],
    ["last byte missing", packed.slice(0, -1)],
    ["content changed", flipped(packed.length >> 1)],
    ["checksum changed", flipped(packed.length - 6)],
    ["length changed", flipped(packed.length - 1)],
    ["bytes after the end", joined(packed, noise(3))],
  ];
  for (const [name, bytes] of cases) {
    await assertRejects(
      () => gunzip(bytes, "dir/a.gz"),
      FormatError,
      "dir/a.gz: not a whole",
      name,
    );
  }
});

Deno.test("bytes after the end are refused where the file ends with a slice of input", async () => {
  // An extra field in the header (RFC 1952) brings the file to that length.
  const plain = await gzip(noise(1000));
  const extra = 16384 - plain.length - 2;
  const length = Uint8Array.of(extra & 255, extra >>> 8);
  const packed = joined(plain.slice(0, 10), length, new Uint8Array(extra), plain.slice(10));
  packed[3] = 4;
  assertEquals(packed.length, 16384);
  assertEquals(await gunzip(packed, "a.gz"), noise(1000));
  await assertRejects(() => gunzip(joined(packed, noise(3)), "a.gz"), FormatError, "not a whole");
});

Deno.test("a gzip bomb is refused before it is unpacked", async () => {
  const bomb = await gzip(new Uint8Array(200_000_000));
  assert(bomb.length < 250_000);
  const start = performance.now();
  await assertRejects(
    () => gunzip(bomb, "bomb.gz", 1_000_000),
    FormatError,
    "bomb.gz: unpacks to more than 1000000 bytes",
  );
  assert(performance.now() - start < 1000, "most of the bomb was unpacked");
});

Deno.test("maxBytes is the largest size that is let through", async () => {
  const packed = await gzip(noise(1000));
  assertEquals((await gunzip(packed, "a.gz", 1000)).length, 1000);
  await assertRejects(() => gunzip(packed, "a.gz", 999), FormatError, "more than 999 bytes");
});

Deno.test("fuzz: damaged files give bytes or a FormatError", async () => {
  const valid = [HELLO, await gzip(noise(300)), await gzip(new Uint8Array(5000))];
  await fuzzDecoder((bytes) => gunzip(bytes, "a.gz", 1_000_000), valid, 500);
});
