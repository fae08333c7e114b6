/**
 * Bad files given to run-lottery: each case ends by itself with one line on stderr that says what,
 * where and what to do, and exit code 1 or 2; nothing that existed is changed.
 */

import { encodeIdx } from "../../src/formats/idx.ts";
import { gzip } from "../../tasks/lib/gzip_bytes.ts";
import { IMAGE, npy, Workplace } from "./workplace.ts";
import { IDX_FILES } from "../../src/datasets/published.ts";

let place: Workplace;

Deno.test.beforeAll(async () => {
  place = await Workplace.make();
});

Deno.test.afterAll(() => place.remove());

/** Writes examples as IDX files, some of them replaced; null leaves one out. */
async function idxFolder(
  name: string,
  changes: Record<string, Uint8Array | null>,
): Promise<string> {
  const arrays = [60, 20].flatMap((count) => [
    encodeIdx([count, ...IMAGE], new Uint8Array(count * 24)),
    encodeIdx([count], new Uint8Array(count)),
  ]);
  const all = { ...Object.fromEntries(IDX_FILES.map((file, i) => [file, arrays[i]])), ...changes };
  const files = Object.entries(all).flatMap(([file, bytes]) => bytes ? [[file, bytes]] : []);
  return await place.write(name, Object.fromEntries(files));
}

const [TRAIN_IMAGES, TRAIN_LABELS] = IDX_FILES;

Deno.test("IDX files that are missing, truncated, corrupt or of another thing", async () => {
  const images = encodeIdx([60, ...IMAGE], new Uint8Array(1440));
  const packed = await gzip(images);
  const damaged = packed.slice();
  damaged[damaged.length - 6] ^= 1; // A bit of the checksum.
  const gz = { [TRAIN_IMAGES]: null };
  const wrongMagic = images.slice();
  wrongMagic.set([0x50, 0x4b]);
  const cases: [name: string, changes: Record<string, Uint8Array | null>, pattern: RegExp][] = [
    ["missing", gz, /missing lacks train-images-idx3-ubyte \(raw or \.gz\); run `deno task down/],
    [
      "short",
      { [TRAIN_IMAGES]: images.subarray(0, 900) },
      /ubyte: shape .* cut short; fetch it an/,
    ],
    ["header", { [TRAIN_IMAGES]: images.subarray(0, 7) }, /images.*header is cut short/],
    ["empty", { [TRAIN_LABELS]: new Uint8Array() }, /labels-idx1-ubyte: not an IDX file/],
    ["magic", { [TRAIN_IMAGES]: wrongMagic }, /ubyte: not an IDX file \(starts with "50 4b 08 03"/],
    ["gz-cut", { ...gz, [`${TRAIN_IMAGES}.gz`]: packed.subarray(0, 20) }, /\.gz: not a whole gzip/],
    ["gz-bad", { ...gz, [`${TRAIN_IMAGES}.gz`]: damaged }, /ubyte\.gz: not a whole gzip file/],
    [
      "count",
      { [TRAIN_LABELS]: encodeIdx([59], new Uint8Array(59)) },
      /labels-idx1-ubyte: 59 labels for the 60 images/,
    ],
  ];
  for (const [name, changes, pattern] of cases) {
    const location = await idxFolder(name, changes);
    await place.assertRefused(1, place.elsewhere(`--mnist-location=${location}`), pattern);
  }
});

/** Writes a copy of the examples as `.npy` files, with one of them replaced. */
async function npyFolder(name: string, file: string, bytes: Uint8Array): Promise<string> {
  const files: Record<string, Uint8Array> = {};
  for (const original of ["x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"]) {
    files[original] = await Deno.readFile(`${place.folder}/data/${original}`);
  }
  return await place.write(name, { ...files, [file]: bytes });
}

Deno.test("NumPy files that are damaged, labels out of range, images that don't fit", async () => {
  const labels = (value: number) => npy([60], new Float32Array(60).fill(value, 7, 8));
  const images = npy([60, ...IMAGE], new Uint8Array(1440));
  const cases: [name: string, file: string, bytes: Uint8Array, pattern: RegExp][] = [
    [
      "npy-cut",
      "x_train.npy",
      images.subarray(0, 1000),
      /x_train\.npy: .*cut short; write or copy/,
    ],
    ["npy-text", "x_train.npy", new TextEncoder().encode("1,2"), /x_train\.npy: not a NumPy \.npy/],
    ["label-256", "y_train.npy", labels(256), /y_train\.npy: label 256 at index 7 is not a whole/],
    ["label-neg", "y_train.npy", labels(-1), /y_train\.npy: label -1 at index 7 .* number the cl/],
    ["label-nan", "y_train.npy", labels(NaN), /y_train\.npy: label NaN at index 7 /],
    [
      "pixel",
      "x_train.npy",
      npy([60, ...IMAGE], new Float32Array(1440).fill(0.5)),
      /x_train\.npy: training example 0 has 0\.5 at feature 0, .* but test example 0 .* scaled to 0\.\.1/,
    ],
    [
      "pixel-nan",
      "x_train.npy",
      npy([60, ...IMAGE], new Float32Array(1440).fill(NaN, 50, 51)),
      /x_train\.npy: training example 2 has NaN at feature 2, no number from 0 to 255; save/,
    ],
    [
      "sizes",
      "x_test.npy",
      npy([20, 4, 4], new Uint8Array(320)),
      /x_test\.npy: an image has shape \(4,4\) but one of .*x_train\.npy has \(6,4\)/,
    ],
  ];
  for (const [name, file, bytes, pattern] of cases) {
    const location = await npyFolder(name, file, bytes);
    await place.assertRefused(1, place.elsewhere(`--mnist-location=${location}`), pattern);
  }
});

Deno.test("CIFAR-10's files that are missing, truncated, corrupt or have no such label", async () => {
  const record = new Uint8Array(3073), unknown = record.slice();
  unknown[0] = 10;
  const both = { "data_batch_3.bin": record, "test_batch.bin": record };
  const damaged = (await gzip(record)).slice(0, -6);
  const { "test_batch.bin": _, ...train } = both;
  const cases: [name: string, files: Record<string, Uint8Array>, pattern: RegExp][] = [
    [
      "no-test",
      train,
      /no-test lacks test_batch\.bin \(raw or \.gz\); run `deno task download-data/,
    ],
    ["no-train", { "test_batch.bin": record }, /lacks data_batch_1\.bin … .* give --data-location/],
    [
      "cut",
      { ...both, "test_batch.bin": record.subarray(1) },
      /3072 bytes are no whole .*fetch it an/,
    ],
    [
      "label",
      { ...both, "data_batch_3.bin": unknown },
      /record 0 has the label 10, .*; fetch it anew/,
    ],
    ["bin-gz", { ...train, "test_batch.bin.gz": damaged }, /test_batch\.bin\.gz: not a whole gzip/],
  ];
  for (const [name, files, pattern] of cases) {
    const folder = await place.write(name, files);
    const args = place.elsewhere("--dataset=cifar-10", `--mnist-location=${folder}`)
      .map((arg) => arg.replace("--mnist-location", "--data-location"));
    await place.assertRefused(1, args, pattern);
  }
});

Deno.test("a data folder that is none, holds nothing, or holds another dataset", async () => {
  const at = (path: string) => place.elsewhere(`--mnist-location=${place.folder}/${path}`);
  await place.assertRefused(
    1,
    at("nowhere"),
    /nowhere does not exist; run `deno task download-data`/,
  );
  await place.assertRefused(1, at("done"), /done holds no examples: neither train-images/);
  await place.assertRefused(
    1,
    at("data/x_train.npy"),
    /x_train\.npy: a part of the path is a file/,
  );
  await place.assertRefused(
    1,
    place.elsewhere("--dataset=mnist"),
    /data does not hold mnist .* give the right folder, or --dataset auto/,
  );
});

/** Writes a folder of arrays by layer. */
function arrayFolder(name: string, arrays: Record<string, Uint8Array>): Promise<string> {
  const files = Object.entries(arrays).map(([layer, bytes]) => [`${layer}.npy`, bytes]);
  return place.write(name, Object.fromEntries(files));
}

Deno.test("presets and masks that cannot be used", async () => {
  const array = (value: number, units = 16) =>
    npy([24, units], new Float32Array(24 * units).fill(1).fill(value, 17, 18));
  const whole = npy([16, 3], new Float32Array(16 * 3).fill(1));
  const cases: [flag: string, name: string, arrays: Record<string, Uint8Array>, RegExp][] = [
    [
      "--masks",
      "half",
      { layer0: array(0.5) },
      /half\/layer0\.npy holds 0\.5 at \[1, 1\]: a mask has .*; use the masks of a finished run/,
    ],
    ["--masks", "nan-mask", { layer0: array(NaN) }, /layer0.*NaN/],
    [
      "--masks",
      "wide",
      { layer0: array(1, 15) },
      /mask of layer0 has the shape \(24, 15\) where the network's is \(24, 16\): use files of/,
    ],
    ["--masks", "other", { layer7: array(1) }, /mask of unknown layer "layer7": the network's la/],
    ["--masks", "none", {}, /none holds no \.npy files: give a folder such as/],
    ["--presets", "nan", { layer0: array(NaN) }, /layer0.*NaN/],
    ["--presets", "infinite", { layer0: array(Infinity) }, /layer0.*Infinity/],
    [
      "--presets",
      "narrow",
      { layer0: array(1, 3), layer1: whole },
      /preset of layer0 has the shape \(24, 3\) wh/,
    ],
    ["--presets", "text", { layer0: new TextEncoder().encode("no") }, /layer0\.npy: not a NumPy/],
  ];
  for (const [flag, name, arrays, pattern] of cases) {
    await place.assertRefused(
      1,
      place.elsewhere(`${flag}=${await arrayFolder(name, arrays)}`),
      pattern,
    );
  }
  const masks = `${place.folder}/done/trial1/1/same_init/masks`;
  await place.assertRefused(
    1,
    place.elsewhere(`--masks=${masks},${place.folder}/wide`),
    /masks 1 and 2 of the union differ in the shape of layer0/,
  );
  await place.assertRefused(
    1,
    place.elsewhere(`--masks=${masks},${place.folder}/gone`),
    /gone does not exist: give/,
  );
});
