/**
 * Finds the examples that `--dataset` and `--mnist-location` ask for, and their fingerprint; says
 * what it falls back to and why.
 */

import { CIFAR_10 } from "./cifar_10.ts";
import {
  CUSTOM,
  type DatasetChoice,
  type DatasetName,
  DATASETS,
  FALLBACK,
  isPublished,
  PUBLISHED_NAMES,
  type PublishedName,
  USUAL,
} from "./datasets.ts";
import {
  downloadDataset,
  DownloadError,
  type DownloadProgress,
  SOURCE_PATIENCE,
} from "./download.ts";
import type { Examples, ExampleSets } from "./examples.ts";
import { type FileSource, readVerified } from "./file_source.ts";
import {
  decodeExamples,
  folderHoldsExamples,
  loadExampleFolder,
  missingExamples,
} from "./files/folder.ts";
import { encodeIdx } from "../formats/idx.ts";
import { InputError, LotteryError } from "../errors.ts";
import { sha256Hex } from "../formats/digests/sha256.ts";
import type { Storage } from "../storage/storage.ts";
import { MNIST } from "./mnist.ts";

/** Options of `loadDataset`. */
export interface LoadOptions {
  dataset: DatasetChoice;
  /** Folder that the user named; null for the default, which may be filled by a download. */
  location: string | null;
  storage: Storage;
  /** Has MNIST's files too; asked after the folders, before the mirrors. */
  mnistSource?: FileSource;
  /** False where the task has no network: a dataset that is nowhere is an error. Default: true. */
  mayDownload?: boolean;
  /** Stands in for the platform's `fetch`. */
  fetch?: typeof fetch;
  onProgress?: (progress: DownloadProgress) => void;
  /** Receives lines that the user should read. */
  onNotice?: (line: string) => void;
}

/** Examples and how run.json records them. */
export interface LoadedDataset {
  sets: ExampleSets;
  record: DatasetRecord;
}

/** The examples as run.json records them: enough to recognize them. */
export interface DatasetRecord {
  /** That of a published dataset only if the content is its own, as far as there are digests. */
  name: DatasetName | typeof CUSTOM;
  trainCount: number;
  testCount: number;
  /** Of an example: that of an image, else its number of values. */
  shape: number[];
  classes: number;
  /** SHA-256 over training inputs, training labels, test inputs, test labels. */
  sha256: string;
}

/** Milliseconds without a byte after which a mirror is given up; `auto` waits less. */
const TIMEOUT_MS = 30_000, AUTO_TIMEOUT_MS = 4000;

/** The folder that a dataset is downloaded to and first looked for in. */
export function defaultLocation(dataset: PublishedName): string {
  return `data/${dataset}`;
}

/**
 * Loads examples: from the user's folder; else from the default one; else from the folder of a
 * distribution's package; else from `mnistSource`; else by download; else, for `auto` alone, the
 * built-in synthetic digits. `onNotice` receives the reason why one is given up.
 *
 * @throws InputError if a folder holds something other than the dataset that was asked for, or if
 *   it is nowhere and must not be downloaded
 */
export async function loadDataset(options: LoadOptions): Promise<LoadedDataset> {
  const { dataset, location, storage, onNotice = () => {} } = options;
  const wanted = dataset === "auto" ? USUAL : dataset;
  if (!isPublished(wanted)) return await recorded(await DATASETS[wanted].make());
  if (location !== null) return await fromFolder(options, location);
  const folder = defaultLocation(wanted), packaged = DATASETS[wanted].folder;
  const missing = await missingExamples(storage, folder, wanted);
  if (missing === null) return await fromFolder(options, folder);
  if (packaged !== undefined && await missingExamples(storage, packaged) === null) {
    onNotice(`${missing}: taking ${wanted} from ${packaged}`);
    return await fromFolder(options, packaged);
  }
  const timeoutMs = dataset === "auto" ? AUTO_TIMEOUT_MS : TIMEOUT_MS;
  const source = wanted === MNIST.name ? options.mnistSource : undefined;
  if (source !== undefined) {
    try {
      onNotice(`${missing}: taking MNIST from ${source.name}`);
      return await fromSource(source, SOURCE_PATIENCE * timeoutMs);
    } catch (error) {
      if (!(error instanceof LotteryError)) throw error;
      onNotice(error.message);
    }
  }
  if (options.mayDownload === false && dataset !== "auto") {
    throw new InputError(
      `${missing}: give the folder that has ${wanted} with --data-location, or run ` +
        `\`deno task download-data --dataset ${wanted}\``,
    );
  }
  try {
    onNotice(`${missing}: trying to download ${wanted}`);
    const { fetch, onProgress } = options;
    await downloadDataset({
      ...{ storage, folder, dataset: DATASETS[wanted], fetch, timeoutMs, onProgress, onNotice },
    });
  } catch (error) {
    if (dataset !== "auto" || !(error instanceof LotteryError)) throw error;
    // Why each mirror was given up has been told.
    if (!(error instanceof DownloadError)) onNotice(error.message);
    onNotice(
      "MNIST COULD NOT BE DOWNLOADED: this run uses the BUILT-IN SYNTHETIC DIGITS instead. " +
        "For MNIST, put its four files in data/mnist or pass --mnist-location FOLDER",
    );
    return await recorded(await DATASETS[FALLBACK].make());
  }
  return await fromFolder(options, folder);
}

/** MNIST from a source; nothing is written. Throws LotteryError if it cannot be had. */
async function fromSource(source: FileSource, limitMs: number): Promise<LoadedDataset> {
  const contents: Uint8Array[] = [];
  for (const file of MNIST.files) contents.push(await readVerified(source, file, limitMs));
  return await recorded(decodeExamples(contents, source.name, MNIST.name));
}

async function fromFolder(
  { storage, dataset, onNotice = () => {} }: LoadOptions,
  folder: string,
): Promise<LoadedDataset> {
  const kind = dataset === "auto" ? CUSTOM : dataset;
  const told: string[] = [];
  const sets = await loadExampleFolder(storage, folder, kind, (line) => told.push(line));
  const isCifar = dataset === CIFAR_10.name ||
    await folderHoldsExamples(storage, folder) === "cifar";
  const name = isCifar ? CIFAR_10.name : await catalogName(sets);
  if (dataset !== "auto" && name !== dataset) {
    throw new InputError(
      `${folder} does not hold ${dataset} (its content is ${
        name ?? "that of no known dataset"
      }); ` +
        `give the right folder, or --dataset auto to train on what is there`,
    );
  }
  for (const line of told) onNotice(line);
  return await recorded({ ...sets, name: name ?? CUSTOM });
}

/** The known dataset whose content this is; null if it is none. */
async function catalogName(sets: ExampleSets): Promise<string | null> {
  const { train, test } = sets;
  const arePixels = [train, test].every(({ inputs, isUnit }) =>
    inputs instanceof Uint8Array && !isUnit
  );
  if (!arePixels) return null;
  const parts = [train, test].flatMap(({ inputs, labels, count }) => [
    { shape: [count, 28, 28], data: inputs as Uint8Array },
    { shape: [count], data: labels },
  ]);
  for (const dataset of PUBLISHED_NAMES.map((name) => DATASETS[name])) {
    // Of an archive's files there are no digests.
    if (!("files" in dataset)) continue;
    const { name, files } = dataset;
    const isSame = await allAsync(parts, async ({ shape, data }, i) => {
      const size = shape.reduce((a, b) => a * b);
      return data.length === size && files[i].bytes === size + 4 + 4 * shape.length &&
        await sha256Hex(encodeIdx(shape, data)) === files[i].sha256;
    });
    if (isSame) return name;
  }
  return null;
}

async function allAsync<T>(
  items: T[],
  test: (item: T, index: number) => Promise<boolean>,
): Promise<boolean> {
  for (const [i, item] of items.entries()) if (!await test(item, i)) return false;
  return true;
}

async function recorded(sets: ExampleSets): Promise<LoadedDataset> {
  const bytes = ({ inputs, labels }: Examples) => [
    new Uint8Array(inputs.buffer, inputs.byteOffset, inputs.byteLength),
    labels,
  ];
  const digests: string[] = [];
  for (const part of [...bytes(sets.train), ...bytes(sets.test)]) {
    digests.push(await sha256Hex(part));
  }
  // The same bytes mean other inputs.
  if (sets.train.isUnit) digests.push("values 0 to 1");
  const record: DatasetRecord = {
    name: sets.name as DatasetRecord["name"],
    trainCount: sets.train.count,
    testCount: sets.test.count,
    shape: [...sets.imageShape ?? [sets.train.features]],
    classes: sets.classes,
    sha256: await sha256Hex(new TextEncoder().encode(digests.join("\n"))),
  };
  return { sets, record };
}
