import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { FormatError, InputError } from "../../src/errors.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsContent,
} from "../../src/formats/safetensors.ts";
import { runNumpy } from "../numpy.ts";
import { fuzzDecoder } from "../../tasks/lib/fuzzer.ts";

const tensor = (shape: number[], ...values: number[]) => ({
  shape,
  data: Float32Array.from(values),
});

const SAMPLE: SafetensorsContent = {
  tensors: {
    "masks/layer0": tensor([2, 3], 0, 1, 1, 0, 1, 0),
    "b": tensor([], -1.5),
    "empty": tensor([0, 4]),
    "__proto__": tensor([1], 2),
  },
  metadata: { "run.json": '{"é": 1}\n' },
};

/** A file with this header and data. */
function file(header: unknown, data: ArrayBufferView = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + text.length + data.byteLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 8 + text.length);
  return bytes;
}

Deno.test("safetensors: what is written is read again, bit for bit, in any order of names", () => {
  const bytes = encodeSafetensors(SAMPLE);
  const { tensors, metadata } = decodeSafetensors(bytes, "f");
  assertEquals(Object.entries(tensors).sort(), Object.entries(SAMPLE.tensors).sort());
  assertEquals(metadata, SAMPLE.metadata);
  const reversed = Object.fromEntries(Object.entries(SAMPLE.tensors).reverse());
  assertEquals(encodeSafetensors({ ...SAMPLE, tensors: reversed }), bytes);
  fc.assert(fc.property(
    fc.dictionary(fc.string(), fc.float32Array({ noNaN: true, noDefaultInfinity: true })),
    (arrays) => {
      const entries = Object.entries(arrays).filter(([name]) => name !== "__metadata__");
      const tensors = Object.fromEntries(
        entries.map(([name, data]) => [name, { shape: [data.length], data }]),
      );
      const read = decodeSafetensors(encodeSafetensors({ tensors, metadata: {} }), "f").tensors;
      assertEquals(Object.entries(read).sort(), Object.entries(tensors).sort());
    },
  ));
});

Deno.test("safetensors: more texts than a call takes arguments", () => {
  const texts = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`t${i}`, `${i}`]));
  const { metadata } = decodeSafetensors(file({ __metadata__: texts }), "f");
  assertEquals([Object.keys(metadata).length, metadata.t199999], [200_000, "199999"]);
});

// An independent reader, from the format's description alone.
const READ = `
import json, struct, sys
import numpy as np
raw = open(sys.argv[1], "rb").read()
size, = struct.unpack("<Q", raw[:8])
assert (8 + size) % 8 == 0 and raw[8:9] == b"{", "header"
header = json.loads(raw[8:8 + size])
out, end = {}, 0
for name, entry in sorted(header.items(), key=lambda item: item[1].get("data_offsets", [-1])[0]):
    if name == "__metadata__": continue
    first, last = entry["data_offsets"]
    assert first == end and entry["dtype"] == "F32", name
    end = last
    out[name] = np.frombuffer(raw[8 + size + first:8 + size + last], "<f4").reshape(entry["shape"]).tolist()
assert end == len(raw) - 8 - size, "gap"
print(json.dumps([out, header["__metadata__"]]))
`;

Deno.test("safetensors: a reader written from the format's description finds the same", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await Deno.writeFile(path, encodeSafetensors(SAMPLE));
    const [tensors, metadata] = JSON.parse(await runNumpy(READ, [path]));
    assertEquals(metadata, SAMPLE.metadata);
    assertEquals(tensors["masks/layer0"], [[0, 1, 1], [0, 1, 0]]);
    assertEquals([tensors.b, tensors.empty], [-1.5, []]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("safetensors: every type of numbers is read as 32-bit floats", () => {
  const cases: [dtype: string, data: ArrayBufferView, values: number[]][] = [
    ["F64", Float64Array.of(0.1, -2), [Math.fround(0.1), -2]],
    // 1, -2, the smallest half above 0, and 65504, the largest (IEEE 754).
    ["F16", Uint16Array.of(0x3c00, 0xc000, 1, 0x7bff), [1, -2, 2 ** -24, 65504]],
    ["BF16", Uint16Array.of(0x3f80, 0xc000, 0x4049), [1, -2, 3.140625]],
    ["I64", BigInt64Array.of(3n, -4n), [3, -4]],
    ["I32", Int32Array.of(3, -4), [3, -4]],
    ["I16", Int16Array.of(3, -4), [3, -4]],
    ["I8", Int8Array.of(3, -4), [3, -4]],
    ["U8", Uint8Array.of(3, 255), [3, 255]],
    ["BOOL", Uint8Array.of(0, 1), [0, 1]],
  ];
  for (const [dtype, data, values] of cases) {
    const header = { x: { dtype, shape: [values.length], data_offsets: [0, data.byteLength] } };
    assertEquals(
      decodeSafetensors(file(header, data), "f").tensors.x,
      tensor([values.length], ...values),
    );
  }
});

Deno.test("safetensors: files that are damaged, and what is wrong with them", () => {
  const entry = (changes: Record<string, unknown>) => ({
    x: { dtype: "F32", shape: [1], data_offsets: [0, 4], ...changes },
  });
  const one = Float32Array.of(1);
  const cases: [bytes: Uint8Array, message: string][] = [
    [new Uint8Array(), "f: not a whole safetensors file"],
    [encodeSafetensors(SAMPLE).subarray(0, 50), "f: not a whole safetensors file"],
    [encodeSafetensors(SAMPLE).slice(0, -1), "it is cut short"],
    [file("no JSON"), "its header is not JSON"],
    [file([1]), "its header is not JSON"],
    [file({ x: 3 }), 'tensor "x" is not described'],
    [file(entry({ dtype: "F8_E4M3" }), one), 'tensor "x" has the type "F8_E4M3"; known are F64'],
    [file(entry({ dtype: "toString" }), one), "known are"],
    [file(entry({ shape: [-1] }), one), "no numbers"],
    [file(entry({ shape: [2] }), one), "of shape (2) does not take 4 bytes"],
    [file(entry({ data_offsets: [4, 0] }), one), "no numbers"],
    [file(entry({}), Float32Array.of(1, 2)), "8 bytes of data where its tensors take 4"],
    [file(entry({}), Float32Array.of(NaN)), "element 0 is NaN"],
    [file({ __metadata__: { a: 1 } }), "__metadata__ is not texts"],
  ];
  for (const [bytes, message] of cases) {
    assertThrows(() => decodeSafetensors(bytes, "f"), FormatError, message);
  }
});

Deno.test("safetensors: tensors that share bytes, or leave some out, are refused before one is read", () => {
  const at = (from: number, to: number) => ({
    dtype: "F32",
    shape: [(to - from) / 4],
    data_offsets: [from, to],
  });
  // Reading a tensor would find that the values are no numbers.
  const data = new Float32Array(4).fill(NaN);
  const cases: [header: Record<string, unknown>, message: string][] = [
    [{ a: at(0, 16), b: at(0, 16) }, 'tensor "b" shares bytes with the tensor before it'],
    [{ b: at(8, 16), a: at(0, 12) }, 'tensor "b" shares bytes with'],
    [{ a: at(0, 4), b: at(8, 16) }, 'tensor "b" leaves a gap after'],
    [{ a: at(4, 16) }, 'tensor "a" leaves a gap'],
  ];
  for (const [header, message] of cases) {
    assertThrows(() => decodeSafetensors(file(header, data), "f"), FormatError, message);
  }
  const disordered = { b: at(4, 8), empty: at(4, 4), a: at(0, 4) };
  const { tensors } = decodeSafetensors(file(disordered, Float32Array.of(1, 2)), "f");
  assertEquals(tensors, { a: tensor([1], 1), b: tensor([1], 2), empty: tensor([0]) });
});

Deno.test("safetensors: damaged bytes give a value or a FormatError", () =>
  fuzzDecoder((bytes) => decodeSafetensors(bytes, "f"), [encodeSafetensors(SAMPLE)]));

Deno.test("safetensors: what cannot be written is refused", () => {
  const bad = (tensors: SafetensorsContent["tensors"]) =>
    encodeSafetensors({ tensors, metadata: {} });
  assertThrows(() => bad({ x: tensor([2], 1) }), InputError, '"x" of shape (2) and 1 values');
  assertThrows(() => bad({ __metadata__: tensor([1], 1) }), InputError, "another name");
});
