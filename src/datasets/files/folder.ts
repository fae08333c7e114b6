/**
 * Reads a folder of examples: the four IDX files of MNIST (raw or gzipped), the original library's
 * four `.npy` arrays, or CIFAR-10's binary files. Returns `ExampleSets`; also writes the four arrays.
 */

import { InputError, NotFoundError } from "../../errors.ts";
import { maybeGunzip } from "../../formats/gzip.ts";
import { decodeNpy, encodeNpy, npyFileSize } from "../../formats/npy.ts";
import type { Storage } from "../../storage/storage.ts";
import { CIFAR_10 } from "../cifar_10.ts";
import { loadCifarFolder, missingCifar } from "./cifar_folder.ts";
import { assembleSets } from "./assemble.ts";
import type { Examples, ExampleSets } from "../examples.ts";
import { decodeIdx, idxFileSize } from "../../formats/idx.ts";
import type { SourceArray } from "./source_array.ts";
import { IDX_FILES } from "../published.ts";

/** The arrays of the original library, in the order of `IDX_FILES`. */
export const NPY_FILES = ["x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"] as const;

/** The names under which an IDX file is looked for, the preferred one first. */
export function idxCandidates(file: string): string[] {
  const dotted = file.replace(/-(idx\d)/, ".$1");
  return [file, `${file}.gz`, dotted, `${dotted}.gz`];
}

/** The names under which a `.npy` file is looked for, the preferred one first. */
export function npyCandidates(file: string): string[] {
  return [file, `${file}.gz`];
}

/** For each wanted file the name it has in the folder, or undefined. */
async function present(storage: Storage, folder: string): Promise<{
  idx: (string | undefined)[];
  npy: (string | undefined)[];
}> {
  const names = new Set((await storage.list(folder)).map((entry) => entry.name));
  return {
    idx: IDX_FILES.map((file) => idxCandidates(file).find((name) => names.has(name))),
    npy: NPY_FILES.map((file) => npyCandidates(file).find((name) => names.has(name))),
  };
}

/** Which complete set of files a folder holds, by their names, the preferred one; else null. */
export async function folderHoldsExamples(
  storage: Storage,
  folder: string,
): Promise<"idx" | "npy" | "cifar" | null> {
  const { idx, npy } = await present(storage, folder);
  if (!idx.includes(undefined)) return "idx";
  if (!npy.includes(undefined)) return "npy";
  return await missingCifar(storage, folder) === null ? "cifar" : null;
}

/**
 * The examples in a folder; IDX files are preferred to `.npy` files, these to CIFAR-10's.
 *
 * @param name     the dataset's name, kept in the result; "cifar-10" is read from its files alone
 * @param onNotice receives a line where integers may have been meant otherwise, or where images of
 *   CIFAR-10 are missing
 * @throws NotFoundError if files are missing, saying which
 * @throws FormatError   if a file or the set of them is not what it should be
 */
export async function loadExampleFolder(
  storage: Storage,
  folder: string,
  name: string,
  onNotice?: (line: string) => void,
): Promise<ExampleSets> {
  const format = await folderHoldsExamples(storage, folder);
  if (format === "cifar" || name === CIFAR_10.name) {
    return await loadCifarFolder(storage, folder, name, onNotice);
  }
  const { idx, npy } = await present(storage, folder);
  let arrays: SourceArray[];
  if (format === "idx") {
    arrays = await readAll(storage, folder, idx as string[], decodeBytes, idxFileSize);
  } else if (format === "npy") {
    arrays = await readAll(storage, folder, npy as string[], decodeNpy, npyFileSize);
  } else {
    throw new NotFoundError(
      `${await missingExamples(storage, folder)}; run \`deno task download-data\` or give ` +
        `--mnist-location a folder with all four`,
    );
  }
  const [trainImages, trainLabels, testImages, testLabels] = arrays;
  return assembleSets(name, { trainImages, trainLabels, testImages, testLabels }, onNotice);
}

/**
 * The examples in the contents of the four IDX files, in the order of `IDX_FILES`.
 *
 * @param where where they come from, for error messages
 * @throws FormatError as `loadExampleFolder`
 */
export function decodeExamples(
  contents: readonly Uint8Array[],
  where: string,
  name: string,
): ExampleSets {
  const [trainImages, trainLabels, testImages, testLabels] = contents.map((content, i) => {
    const file = `${where}: ${IDX_FILES[i]}`;
    return { ...decodeBytes(content, file), where: file };
  });
  return assembleSets(name, { trainImages, trainLabels, testImages, testLabels });
}

type Decoded = Omit<SourceArray, "where">;

function decodeBytes(bytes: Uint8Array, where: string): Decoded {
  return { ...decodeIdx(bytes, where), dtype: "|u1" };
}

async function readAll(
  storage: Storage,
  folder: string,
  names: string[],
  decode: (bytes: Uint8Array, where: string) => Decoded,
  fileSize: (start: Uint8Array, where: string) => number,
): Promise<SourceArray[]> {
  const arrays: SourceArray[] = [];
  for (const name of names) {
    const where = `${folder}/${name}`;
    // An archive is unpacked as far as the array in it says it goes, and never past 2 GiB.
    const limit = (start: Uint8Array) => Math.min(fileSize(start, where), 2 ** 31);
    const content = await maybeGunzip(await storage.read(where), where, limit);
    arrays.push({ ...decode(content, where), where });
  }
  return arrays;
}

/**
 * The files that a folder lacks to be a whole set of examples, in words; null if it lacks none.
 *
 * @param name the dataset's: "cifar-10" has files of its own
 */
export async function missingExamples(
  storage: Storage,
  folder: string,
  name?: string,
): Promise<string | null> {
  if (name === CIFAR_10.name) return await missingCifar(storage, folder);
  const { idx, npy } = await present(storage, folder);
  if (!idx.includes(undefined) || !npy.includes(undefined)) return null;
  if (!await storage.exists(folder)) return `the data folder ${folder} does not exist`;
  const lacks = (files: readonly string[], found: (string | undefined)[]) =>
    files.filter((_, i) => found[i] === undefined).join(", ");
  const found = (names: (string | undefined)[]) => names.filter((n) => n !== undefined).length;
  if (found(idx) + found(npy) === 0) {
    return `${folder} holds no examples: neither ${IDX_FILES.join(", ")} (raw or .gz) nor ` +
      `${NPY_FILES.join(", ")}`;
  }
  return found(npy) > found(idx)
    ? `${folder} lacks ${lacks(NPY_FILES, npy)}`
    : `${folder} lacks ${lacks(IDX_FILES, idx)} (raw or .gz)`;
}

/**
 * Writes the original library's x_train.npy, y_train.npy, x_test.npy and y_test.npy: images (N,
 * height, width), or (N, features) if they are not images; labels (N) as unsigned bytes.
 *
 * @throws InputError if the image shape disagrees with the number of features
 */
export async function writeNpyFolder(
  storage: Storage,
  folder: string,
  sets: ExampleSets,
): Promise<void> {
  const inputShape = ({ count, features }: Examples) => {
    const shape = sets.imageShape ?? [features];
    if (shape.reduce((product, n) => product * n, 1) !== features) {
      throw new InputError(
        `${folder}: ${features} features cannot be written as images of shape (${shape})`,
      );
    }
    return [count, ...shape];
  };
  const { train, test } = sets;
  const arrays = [
    { shape: inputShape(train), data: valuesOf(train) },
    { shape: [train.count], data: train.labels },
    { shape: inputShape(test), data: valuesOf(test) },
    { shape: [test.count], data: test.labels },
  ];
  for (const [i, array] of arrays.entries()) {
    await storage.write(`${folder}/${NPY_FILES[i]}`, encodeNpy(array));
  }
}

/** The inputs as a reader takes them for the same. */
function valuesOf({ inputs, isUnit }: Examples): Uint8Array | Float32Array {
  return isUnit && inputs instanceof Uint8Array
    ? Float32Array.from(inputs, (v) => v / 255)
    : inputs;
}
