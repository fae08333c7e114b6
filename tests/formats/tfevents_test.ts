import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { crc32c } from "../../src/formats/digests/crc32c.ts";
import { encodeEvents, type Scalar } from "../../src/formats/tfevents.ts";
import { type ReadEvent, readEventFiles } from "./tfevents_reader.ts";

/** The records that the independent reader finds in each of these files. */
async function readBack(files: Uint8Array[]): Promise<ReadEvent[][]> {
  const folder = await Deno.makeTempDir();
  try {
    const paths = files.map((_, i) => `${folder}/${i}`);
    for (const [i, path] of paths.entries()) await Deno.writeFile(path, files[i]);
    return await readEventFiles(paths);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The events that a file of these scalars should hold, worked out on its own. */
function expectedEvents(scalars: readonly Scalar[], wallTime: number): ReadEvent[] {
  const steps = [...new Set(scalars.map(({ step }) => step))].sort((a, b) => a - b);
  return [
    { wallTime, step: null, fileVersion: "brain.Event:2", values: [] },
    ...steps.map((step) => ({
      wallTime,
      step,
      fileVersion: null,
      values: scalars.filter((scalar) => scalar.step === step)
        .map(({ tag, value }) => ({ tag, value: Math.fround(value) })),
    })),
  ];
}

Deno.test("crc32c: the published vectors", () => {
  const of = (bytes: number[] | Uint8Array) => crc32c(Uint8Array.from(bytes)).toString(16);
  assertEquals(of(new TextEncoder().encode("123456789")), "e3069283");
  assertEquals(of([]), "0");
  // RFC 3720, appendix B.4.
  assertEquals(of(new Array(32).fill(0)), "8a9136aa");
  assertEquals(of(new Array(32).fill(0xff)), "62a8ab43");
  assertEquals(of(Array.from({ length: 32 }, (_, i) => i)), "46dd794e");
  assertEquals(of(Array.from({ length: 32 }, (_, i) => 31 - i)), "113fdb5c");
});

Deno.test("encodeEvents: the version record, byte for byte", () => {
  // As TensorFlow's writers begin every file; here with wall time 0.
  const content = [
    0x09,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0x1a,
    13,
    ...new TextEncoder().encode("brain.Event:2"),
  ];
  const bytes = encodeEvents([], 0);
  assertEquals([...bytes.subarray(0, 8)], [24, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals([...bytes.subarray(12, 36)], content);
  assertEquals(bytes.length, 40);
});

Deno.test("encodeEvents: one event per step, steps ascending, all tags of the step", async () => {
  const scalars = [
    { tag: "train_loss", step: 1, value: 0.25 },
    { tag: "train_loss", step: 0, value: 2.5 },
    { tag: "test_accuracy", step: 1, value: 0.875 },
  ];
  assertEquals(await readBack([encodeEvents(scalars, 1.5)]), [[
    { wallTime: 1.5, step: null, fileVersion: "brain.Event:2", values: [] },
    { wallTime: 1.5, step: 0, fileVersion: null, values: [{ tag: "train_loss", value: 2.5 }] },
    {
      wallTime: 1.5,
      step: 1,
      fileVersion: null,
      values: [{ tag: "train_loss", value: 0.25 }, { tag: "test_accuracy", value: 0.875 }],
    },
  ]]);
});

Deno.test("encodeEvents: any scalars come back through the independent reader", async () => {
  const scalar = fc.record({
    tag: fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }),
    step: fc.oneof(fc.nat(3), fc.nat(2 ** 31 - 1), fc.maxSafeNat()),
    value: fc.float({ noNaN: true, noDefaultInfinity: true }),
  });
  const cases = fc.sample(
    fc.record({ scalars: fc.array(scalar), wallTime: fc.double({ min: 0, max: 1e10 }) }),
    { seed: 1, numRuns: 100 },
  );
  const read = await readBack(
    cases.map(({ scalars, wallTime }) => encodeEvents(scalars, wallTime)),
  );
  // Numbers that JSON writes alike, -0 and 0, are equal here.
  const plain = (events: ReadEvent[]): unknown => JSON.parse(JSON.stringify(events, dropSign));
  cases.forEach(({ scalars, wallTime }, i) => {
    assertEquals(plain(read[i]), plain(expectedEvents(scalars, wallTime)));
  });
});

const dropSign = (_key: string, value: unknown) => value === 0 ? 0 : value;

Deno.test("the independent reader notices a single wrong bit", async () => {
  const bytes = encodeEvents([{ tag: "t", step: 3, value: 1 }], 0);
  for (const at of [0, 9, 20, 38, bytes.length - 12]) {
    const damaged = bytes.slice();
    damaged[at] ^= 4;
    await assertRejects(() => readBack([damaged]), Error, "the NumPy script failed");
  }
});

Deno.test("encodeEvents refuses steps that are not whole numbers from 0", () => {
  for (const step of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(
      () => encodeEvents([{ tag: "t", step, value: 0 }], 0),
      InputError,
      `step ${step}`,
    );
  }
});
