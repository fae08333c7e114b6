/**
 * Reads a folder of CIFAR-10's binary files, raw or gzipped: any of the five training files and the
 * test file, of any number of records. A notice tells if data is missing.
 */

import { NotFoundError } from "../../errors.ts";
import { CIFAR_CLASSES, CIFAR_SHAPE, decodeCifar } from "../../formats/cifar.ts";
import { maybeGunzip } from "../../formats/gzip.ts";
import type { Storage } from "../../storage/storage.ts";
import {
  CIFAR_TEST_COUNT,
  CIFAR_TEST_FILE,
  CIFAR_TRAIN_COUNT,
  CIFAR_TRAIN_FILES,
} from "../cifar_10.ts";
import type { Examples, ExampleSets } from "../examples.ts";

/** The names that the files have in the folder, the raw ones preferred. */
async function present(storage: Storage, folder: string): Promise<string[][]> {
  const names = new Set((await storage.list(folder)).map(({ name }) => name));
  return [CIFAR_TRAIN_FILES, [CIFAR_TEST_FILE]].map((files) =>
    files.flatMap((file) => [file, `${file}.gz`].find((name) => names.has(name)) ?? [])
  );
}

/** The files that a folder lacks to be trained on, in words; null if it lacks none. */
export async function missingCifar(storage: Storage, folder: string): Promise<string | null> {
  const [train, test] = await present(storage, folder);
  if (train.length > 0 && test.length > 0) return null;
  if (!await storage.exists(folder)) return `the data folder ${folder} does not exist`;
  const lacking = [
    ...(train.length === 0 ? [`${CIFAR_TRAIN_FILES[0]} … ${CIFAR_TRAIN_FILES.at(-1)}`] : []),
    ...(test.length === 0 ? [CIFAR_TEST_FILE] : []),
  ];
  return `${folder} lacks ${lacking.join(" and ")} (raw or .gz)`;
}

/**
 * The examples in the folder.
 *
 * @param name     the dataset's name, kept in the result
 * @param onNotice receives a line where images of the dataset are missing
 * @throws NotFoundError if files are missing, saying which; FormatError if one is damaged
 */
export async function loadCifarFolder(
  storage: Storage,
  folder: string,
  name: string,
  onNotice: (line: string) => void = () => {},
): Promise<ExampleSets> {
  const missing = await missingCifar(storage, folder);
  if (missing !== null) {
    throw new NotFoundError(
      `${missing}; run \`deno task download-data --dataset cifar-10\` or give --data-location a ` +
        "folder that has them",
    );
  }
  const [train, test] = await Promise.all(
    (await present(storage, folder)).map(async (names): Promise<Examples> => {
      const files: { bytes: Uint8Array; where: string }[] = [];
      for (const name of names) {
        const where = `${folder}/${name}`;
        files.push({ bytes: await maybeGunzip(await storage.read(where), where), where });
      }
      return { ...decodeCifar(files), features: CIFAR_SHAPE.reduce((a, b) => a * b) };
    }),
  );
  if (train.count < CIFAR_TRAIN_COUNT || test.count < CIFAR_TEST_COUNT) {
    onNotice(
      `${folder} holds a part of CIFAR-10: ${train.count} of ${CIFAR_TRAIN_COUNT} training and ` +
        `${test.count} of ${CIFAR_TEST_COUNT} test images`,
    );
  }
  return { name, classes: CIFAR_CLASSES, imageShape: CIFAR_SHAPE, train, test };
}
