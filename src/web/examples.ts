/**
 * Examples in the browser: takes dropped files or a person's wish to download, keeps MNIST in
 * `data/mnist`; gives the loader of runs, which never asks the network.
 */

import { CATALOG } from "../datasets/catalog.ts";
import { downloadDataset, type DownloadProgress } from "../datasets/download.ts";
import {
  folderHoldsExamples,
  IDX_FILES,
  idxCandidates,
  loadExampleFolder,
  NPY_FILES,
} from "../datasets/folder.ts";
import { InputError } from "../errors.ts";
import {
  type DatasetChoice,
  defaultLocation,
  loadDataset,
  type LoadedDataset,
} from "../mnist_fc/load_dataset.ts";
import type { Storage } from "../storage/storage.ts";
import type { Requests } from "./messages.ts";

const FOLDER = defaultLocation("mnist");

/** Whether MNIST, or what stands in for it, is here whole. */
export async function hasMnist(storage: Storage): Promise<boolean> {
  return await folderHoldsExamples(storage, FOLDER) !== null;
}

/**
 * The examples of a run. Unlike the command line, `auto` downloads nothing: no request may leave the page
 * that the person has not asked for.
 *
 * @throws InputError if a dataset is asked for that is not here
 */
export async function loadHere(
  storage: Storage,
  dataset: DatasetChoice,
  location: string | null,
  onNotice: (line: string) => void,
): Promise<LoadedDataset> {
  if (location === null && (dataset === "mnist" || dataset === "fashion-mnist")) {
    if (await folderHoldsExamples(storage, defaultLocation(dataset)) === null) {
      throw new InputError(
        `${dataset} is not in this browser: download it or drop its four files on the page first, or ` +
          "choose the synthetic digits",
      );
    }
  }
  if (location === null && dataset === "auto" && !await hasMnist(storage)) {
    onNotice(
      "MNIST is not in this browser: this run uses the built-in synthetic digits instead. For MNIST, " +
        "download it or drop its four files on the page",
    );
    return await loadDataset({ dataset: "synthetic-digits", location, storage, onNotice });
  }
  return await loadDataset({ dataset, location, storage, onNotice });
}

/** Downloads MNIST, verified; throws DownloadError if no mirror has it. */
export async function downloadMnist(
  storage: Storage,
  onProgress: (progress: DownloadProgress) => void,
  onNotice: (line: string) => void,
): Promise<void> {
  const dataset = CATALOG.mnist;
  await downloadDataset({ storage, folder: FOLDER, dataset, onProgress, onNotice });
}

/**
 * Keeps dropped files, under the names that the loader knows.
 *
 * @throws InputError for a file of another name; FormatError for one that is not what its name says,
 *   when the set is whole
 */
export async function storeMnist(
  storage: Storage,
  files: readonly File[],
): Promise<Requests["storeMnist"][1]> {
  const named = files.map((file) => ({ file, name: knownName(file.name) }));
  for (const { file, name } of named) {
    await storage.write(`${FOLDER}/${name}`, new Uint8Array(await file.arrayBuffer()));
  }
  const isWhole = await hasMnist(storage);
  if (isWhole) {
    await loadExampleFolder(storage, FOLDER, "custom").catch(async (error) => {
      for (const { name } of named) await storage.remove(`${FOLDER}/${name}`);
      throw error;
    });
  }
  return {
    stored: named.map(({ name }) => name),
    missing: isWhole ? [] : await missingFiles(storage),
    hasMnist: isWhole,
  };
}

/** The name under which a dropped file is looked for: browsers call second downloads `name (1).gz`. */
function knownName(given: string): string {
  const plain = given.replace(/ ?\(\d+\)(?=\.|$)/g, "");
  const names = [...IDX_FILES.flatMap(idxCandidates), ...NPY_FILES];
  if (names.includes(plain)) return plain;
  throw new InputError(
    `${given.slice(0, 80)} is not a file of MNIST by its name: drop ${
      IDX_FILES.join(", ")
    } (raw or ` +
      `.gz), or ${NPY_FILES.join(", ")}`,
  );
}

/** What the set that is more nearly whole lacks. */
async function missingFiles(storage: Storage): Promise<string[]> {
  const names = new Set((await storage.list(FOLDER)).map(({ name }) => name));
  const idx = IDX_FILES.filter((file) => !idxCandidates(file).some((name) => names.has(name)));
  const npy = NPY_FILES.filter((file) => !names.has(file));
  return npy.length < idx.length ? npy : idx;
}
