/** CIFAR-10 in the browser: keeps its binary files, which the person has, in `data/cifar-10`. */

import { CIFAR_TEST_FILE, CIFAR_TRAIN_FILES } from "../../datasets/cifar_10.ts";
import { missingCifar } from "../../datasets/files/cifar_folder.ts";
import { defaultLocation } from "../../datasets/load_dataset.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Requests } from "../messages.ts";

const FOLDER = defaultLocation("cifar-10");
const NAMES = [...CIFAR_TRAIN_FILES, CIFAR_TEST_FILE];

/** Whether a file is one of CIFAR-10's by its name, raw or gzipped. */
export const isCifarFile = (name: string): boolean => NAMES.includes(name.replace(/\.gz$/, ""));

/** Whether there is enough of CIFAR-10 here to train on. */
export async function hasCifar(storage: Storage): Promise<boolean> {
  return await missingCifar(storage, FOLDER) === null;
}

/** Keeps files of CIFAR-10; those of other names are not among them. */
export async function storeCifar(
  storage: Storage,
  files: readonly File[],
): Promise<Requests["storeCifar"][1]> {
  for (const file of files.filter(({ name }) => isCifarFile(name))) {
    await storage.write(`${FOLDER}/${file.name}`, new Uint8Array(await file.arrayBuffer()));
  }
  const missing = await missingCifar(storage, FOLDER);
  return { hasCifar: missing === null, missing };
}
