import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { FormatError, InputError } from "../../src/errors.ts";
import { nearestHalf } from "../../src/formats/half.ts";
import { decodeNpy, encodeNpy, type NpyData, npyFileSize } from "../../src/formats/npy.ts";
import { runNumpy } from "../numpy.ts";
import { fuzzDecoder } from "../../tasks/lib/fuzzer.ts";

/** A file with this header text, whatever it says, followed by `data`. */
function npyFile(header: string, data: Uint8Array = new Uint8Array(), major = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const lengthBytes = major === 1 ? 2 : 4;
  const bytes = new Uint8Array(8 + lengthBytes + text.length + data.length);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), major, 0]);
  for (let i = 0; i < lengthBytes; i++) bytes[8 + i] = text.length >>> (8 * i);
  bytes.set(text, 8 + lengthBytes);
  bytes.set(data, 8 + lengthBytes + text.length);
  return bytes;
}

function header(descr: string, shape: string, fortran = "False"): string {
  return `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
}

/** One array of every type that is written, over ranks 0 to 4, empty ones too. */
const SAMPLES: { shape: number[]; data: NpyData; dtype: string }[] = [
  { shape: [2, 3], data: Float32Array.of(0, -0, 1.5, -3.25e-40, 3.4e38, 0.1), dtype: "<f4" },
  { shape: [2], data: Float64Array.of(Math.PI, -1e300), dtype: "<f8" },
  { shape: [], data: Float32Array.of(7), dtype: "<f4" },
  // The room that NumPy leaves for growth takes this header to a further 64 bytes.
  { shape: new Array(17).fill(1), data: Float32Array.of(5), dtype: "<f4" },
  { shape: [0], data: new Float32Array(), dtype: "<f4" },
  { shape: [3, 0, 5], data: new Uint8Array(), dtype: "|u1" },
  { shape: [3, 1, 2], data: Uint8Array.of(0, 1, 2, 253, 254, 255), dtype: "|u1" },
  { shape: [1, 2, 1, 2], data: Int8Array.of(-128, -1, 0, 127), dtype: "|i1" },
  { shape: [2], data: Int16Array.of(-32768, 32767), dtype: "<i2" },
  { shape: [2], data: Uint16Array.of(1, 65535), dtype: "<u2" },
  { shape: [2, 1], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1), dtype: "<i4" },
  { shape: [2], data: Uint32Array.of(1, 2 ** 32 - 1), dtype: "<u4" },
];

Deno.test("what is written is byte for byte what numpy.save writes, and NumPy loads it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const [i, sample] of SAMPLES.entries()) {
      await Deno.writeFile(`${folder}/${i}.npy`, encodeNpy(sample));
    }
    const facts: { shape: number[]; dtype: string; values: number[]; same: boolean }[] = JSON.parse(
      await runNumpy(
        `
import sys, json, io, numpy as np
facts = []
for i in range(int(sys.argv[2])):
    path = f"{sys.argv[1]}/{i}.npy"
    a = np.load(path)
    out = io.BytesIO()
    np.save(out, a)
    facts.append(dict(shape=a.shape, dtype=a.dtype.str, values=[float(x) for x in a.ravel()],
                      same=out.getvalue() == open(path, "rb").read()))
print(json.dumps(facts))`,
        [folder, String(SAMPLES.length)],
      ),
    );
    for (const [i, { shape, data, dtype }] of SAMPLES.entries()) {
      assertEquals(facts[i], { shape, dtype, values: Array.from(data), same: true });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what NumPy saves is read: every type, byte order, layout and version", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const cases: { path: string; dtype: string; shape: number[]; values: number[] }[] = JSON.parse(
      await runNumpy(
        `
import sys, json, numpy as np
rng = np.random.default_rng(1)
cases = []
for dtype in ["<f2", ">f2", "<f4", "<f8", ">f4", ">f8", "|b1", "|u1", "|i1", "<i2", "<u2", ">i2", "<i4", "<u4", ">u4", "<i8", "<u8", ">i8"]:
    for shape in [(), (0,), (5,), (3, 4), (2, 3, 4), (2, 0, 3), (3, 1, 2, 2)]:
        for order in "CF":
            for version in [(1, 0), (2, 0), (3, 0)]:
                a = rng.integers(0, 120, shape)
                if dtype[1] in "fi": a = a - 60
                if dtype[1] == "f": a = a / 7
                if dtype[1:] == "i8": a = a * 10**12
                a = np.array(a, dtype=dtype, order=order)
                path = f"{sys.argv[1]}/{len(cases)}.npy"
                with open(path, "wb") as f:
                    np.lib.format.write_array(f, a, version)
                cases.append(dict(path=path, dtype=dtype, shape=shape,
                                  values=[float(x) for x in a.ravel(order="C")]))
print(json.dumps(cases))`,
        [folder],
      ),
    );
    assertEquals(cases.length, 18 * 7 * 2 * 3);
    for (const { path, dtype, shape, values } of cases) {
      const npy = decodeNpy(Deno.readFileSync(path), path);
      assertEquals([npy.dtype, npy.shape, Array.from(npy.data)], [dtype, shape, values]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("each of the 65,536 half floats is the number that NumPy makes of it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await runNumpy(
      `
import sys, numpy as np
halves = np.arange(65536, dtype="<u2").view("<f2")
np.save(f"{sys.argv[1]}/halves.npy", halves)
np.save(f"{sys.argv[1]}/swapped.npy", halves.astype(">f2"))
np.save(f"{sys.argv[1]}/floats.npy", halves.astype("<f4"))
np.save(f"{sys.argv[1]}/nearest.npy", (np.arange(256) / 255).astype("<f2"))`,
      [folder],
    );
    const read = (name: string) => decodeNpy(Deno.readFileSync(`${folder}/${name}.npy`), name).data;
    const expected = read("floats");
    for (const name of ["halves", "swapped"]) {
      const data = read(name);
      assertEquals(data.constructor, Float32Array);
      // Signs of zeros count, those of NaN do not.
      assert(
        data.length === 65536 && data.every((value, i) => Object.is(value, expected[i])),
        name,
      );
    }
    assertEquals(
      Float32Array.from({ length: 256 }, (_, v) => nearestHalf(v / 255)),
      read("nearest"),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a header tells the size of its file", () => {
  for (const sample of SAMPLES) {
    const bytes = encodeNpy(sample);
    assertEquals(npyFileSize(bytes.subarray(0, 256), "a.npy"), bytes.length);
  }
  assertThrows(() => npyFileSize(new Uint8Array(200), "a.npy"), FormatError, "a.npy: not a NumPy");
});

Deno.test("a header by hand: other key order, quotes, spaces, Python 2 integers", () => {
  const text = `{"shape":( 2L , 1 ),"descr" : "<i2" , 'fortran_order':True}  \n`;
  const npy = decodeNpy(npyFile(text, Uint8Array.of(1, 0, 254, 255)), "a.npy");
  assertEquals(npy, { shape: [2, 1], dtype: "<i2", data: Int16Array.of(1, -2) });
});

Deno.test("64-bit integers are exact or refused", () => {
  const exact = new Uint8Array(BigInt64Array.of(-(2n ** 53n) + 1n).buffer);
  assertEquals(decodeNpy(npyFile(header("<i8", "(1,)"), exact), "a").data[0], -(2 ** 53) + 1);
  const large = new Uint8Array(BigInt64Array.of(5n, 2n ** 53n).buffer);
  assertThrows(
    () => decodeNpy(npyFile(header("<i8", "(2,)"), large), "dir/a.npy"),
    FormatError,
    "dir/a.npy: element 1 is 9007199254740992, beyond",
  );
});

Deno.test("the bytes may lie at any offset of their buffer", () => {
  const file = encodeNpy({ shape: [2], data: Float64Array.of(1, 2) });
  for (let offset = 0; offset < 8; offset++) {
    const buffer = new Uint8Array(file.length + offset);
    buffer.set(file, offset);
    assertEquals(decodeNpy(buffer.subarray(offset), "a").data, Float64Array.of(1, 2));
  }
});

Deno.test("property: decode(encode(x)) is x bit for bit", () => {
  const array = fc.array(fc.nat(5), { maxLength: 5 }).chain((shape) => {
    const length = shape.reduce((product, n) => product * n, 1);
    return fc.float32Array({ minLength: length, maxLength: length })
      .map((data) => ({ shape, data }));
  });
  fc.assert(
    fc.property(array, ({ shape, data }) => {
      const npy = decodeNpy(encodeNpy({ shape, data }), "a");
      assertEquals(npy.shape, shape);
      const bits = (values: NpyData) => new Uint8Array(values.buffer, values.byteOffset);
      assertEquals(bits(npy.data).slice(), bits(data).slice(0, data.byteLength));
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("files that cannot be used are refused with the place, the value and what to do", () => {
  const f4 = new Uint8Array(4);
  const cases: [string, Uint8Array, string][] = [
    ["no bytes", new Uint8Array(), "not a NumPy .npy file"],
    ["a zip archive", Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0), "not a NumPy .npy file"],
    ["magic only", npyFile("").slice(0, 6), "header is cut short"],
    ["no header length", npyFile("").slice(0, 9), "header is cut short"],
    ["half a header", npyFile(header("<f4", "(1,)")).slice(0, 30), "header is cut short"],
    ["a huge header", npyFile(" ".repeat(65536), f4, 2), "header of 65536 bytes"],
    ["a future version", npyFile(header("<f4", "(1,)"), f4, 4), "version 4.0 is unknown"],
    ["not a dictionary", npyFile("[1, 2]"), "not a dictionary"],
    ["nonsense", npyFile("{'descr': <f4}"), "cannot be read at character 1"],
    ["a missing key", npyFile("{'descr': '<f4', 'shape': (1,)}", f4), "lacks"],
    ["an unknown key", npyFile("{'colour': 'red'}"), "unexpected entry 'colour'"],
    ["a value of another type", npyFile("{'shape': True}"), "unexpected entry 'shape'"],
    ["truncated data", npyFile(header("<f4", "(2,)"), f4), "takes 8 bytes but 4 follow"],
    ["trailing data", npyFile(header("<f4", "()"), new Uint8Array(5)), "longer than its header"],
    ["objects", npyFile(header("|O", "(1,)"), f4), "Python objects (dtype |O)"],
    ["complex numbers", npyFile(header("<c8", "(1,)"), f4), "dtype <c8 is not supported"],
    ["80-bit floats", npyFile(header("<f16", "(1,)"), f4), "dtype <f16 is not supported"],
    ["half floats cut short", npyFile(header("<f2", "(3,)"), f4), "takes 6 bytes but 4 follow"],
    ["text", npyFile(header("<U1", "(1,)"), f4), "dtype <U1 is not supported"],
    ["no byte order", npyFile(header("|f4", "(1,)"), f4), "dtype |f4 is not supported"],
    [
      "records",
      npyFile("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", f4),
      "holds records",
    ],
    ["a negative axis", npyFile(header("<f4", "(-1,)"), f4), "has an axis of -1"],
    ["a fractional axis", npyFile(header("<f4", "(1.0,)"), f4), "not a tuple of whole numbers"],
    ["a number as shape", npyFile(header("<f4", "(1)"), f4), "is not a tuple"],
    ["an axis past 2^53", npyFile(header("<f4", "(99999999999999999999,)"), f4), "has an axis of"],
    [
      "more than memory",
      npyFile(header("<f4", "(9007199254740991, 9007199254740991)"), f4),
      "bytes but 4 follow",
    ],
    ["endless axes", npyFile(header("<f4", `(${"1,".repeat(65)})`), f4), "more than 64 axes"],
  ];
  for (const [name, bytes, message] of cases) {
    const error = assertThrows(() => decodeNpy(bytes, "dir/a.npy"), FormatError, message, name);
    assertStringIncludes(error.message, "dir/a.npy: ");
  }
});

Deno.test("a shape that disagrees with the data is not written", () => {
  const data = new Float32Array(6);
  assertThrows(() => encodeNpy({ shape: [2, 2], data }), InputError, "6 elements instead of 4");
  assertThrows(() => encodeNpy({ shape: [-2, -3], data }), InputError, "(-2,-3)");
});

Deno.test("fuzz: damaged files give a value or a FormatError", async () => {
  const valid = SAMPLES.map(encodeNpy);
  valid.push(new Uint8Array(npyFile(header(">f8", "(2, 2)", "True"), new Uint8Array(32), 3)));
  await fuzzDecoder((bytes) => decodeNpy(bytes, "a.npy"), valid);
});
