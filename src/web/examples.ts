/**
 * Examples in the browser: keeps dropped or downloaded MNIST in `data/mnist`, and loads the
 * examples of runs, from no server but the page's own.
 */

import {
  type DatasetChoice,
  DATASETS,
  FALLBACK,
  isPublished,
  USUAL,
} from "../datasets/datasets.ts";
import {
  downloadDataset,
  type DownloadOptions,
  type DownloadProgress,
} from "../datasets/download.ts";
import {
  folderHoldsExamples,
  idxCandidates,
  loadExampleFolder,
  NPY_FILES,
  npyCandidates,
} from "../datasets/files/folder.ts";
import { InputError, LotteryError } from "../errors.ts";
import { defaultLocation, loadDataset, type LoadedDataset } from "../datasets/load_dataset.ts";
import type { Storage } from "../storage/storage.ts";
import type { Requests } from "./messages.ts";
import { IDX_FILES } from "../datasets/published.ts";

const FOLDER = defaultLocation("mnist");

/** Beside the page: the names of the datasets served with it, and the folder of MNIST's files. */
export const DATASETS_ON_SITE = "datasets.json", MNIST_ON_SITE = "mnist/";

/** An address beside the page. */
const onSite = (path: string) => new URL(path, globalThis.location.href).href;

/** Whether MNIST is served with the page. A page that cannot be asked has none. */
async function siteHasMnist(): Promise<boolean> {
  const datasets = await fetch(onSite(DATASETS_ON_SITE))
    .then((response) => response.ok ? response.json() : [])
    .catch(() => []);
  return Array.isArray(datasets) && datasets.includes("mnist");
}

/** Whether runs can have MNIST, or what stands in for it, without another server. */
export async function isMnistAtHand(storage: Storage): Promise<boolean> {
  return await hasMnist(storage) || await siteHasMnist();
}

/** Whether MNIST, or what stands in for it, is here whole. */
export async function hasMnist(storage: Storage): Promise<boolean> {
  return await folderHoldsExamples(storage, FOLDER) !== null;
}

/**
 * The examples of a run. MNIST that is served with the page is fetched and kept. Unlike the command
 * line, `auto` downloads nothing from elsewhere: no request may leave the page that the person has
 * not asked for.
 *
 * @throws InputError if a dataset is asked for that is not here; DownloadError if the page's own
 *   server does not give it
 */
export async function loadHere(
  storage: Storage,
  dataset: DatasetChoice,
  location: string | null,
  onNotice: (line: string) => void,
): Promise<LoadedDataset> {
  const load = (dataset: DatasetChoice) => loadDataset({ dataset, location, storage, onNotice });
  if (location !== null || (dataset !== "auto" && !isPublished(dataset))) {
    return await load(dataset);
  }
  const wanted = dataset === "auto" ? USUAL : dataset;
  if (await folderHoldsExamples(storage, defaultLocation(wanted)) !== null) {
    return await load(dataset);
  }
  let reason = `${wanted} is not in this browser`;
  if (wanted === "mnist" && await siteHasMnist()) {
    try {
      await download(storage, [onSite(MNIST_ON_SITE)], { onNotice });
      return await load(dataset);
    } catch (error) {
      if (dataset !== "auto" || !(error instanceof LotteryError)) throw error;
      reason = error.message;
    }
  }
  if (dataset !== "auto" && "archive" in DATASETS[wanted]) {
    throw new InputError(
      `${reason}: drop its files (data_batch_1.bin … test_batch.bin) on the page, train on it with ` +
        "`deno task run-lottery`, or choose another dataset",
    );
  }
  if (dataset !== "auto") {
    throw new InputError(
      `${reason}: download it or drop its four files on the page first, or choose the synthetic ` +
        `digits`,
    );
  }
  onNotice(
    `${reason}: this run uses the built-in synthetic digits instead. For MNIST, download it or ` +
      "drop its four files on the page",
  );
  return await load(FALLBACK);
}

/** Downloads MNIST, verified, from the page's own server or else a mirror; throws DownloadError. */
export async function downloadMnist(
  storage: Storage,
  onProgress: (progress: DownloadProgress) => void,
  onNotice: (line: string) => void,
): Promise<void> {
  const own = await siteHasMnist() ? [onSite(MNIST_ON_SITE)] : [];
  await download(storage, [...own, ...DATASETS.mnist.mirrors], { onProgress, onNotice });
}

async function download(
  storage: Storage,
  mirrors: string[],
  told: Pick<DownloadOptions, "onProgress" | "onNotice">,
): Promise<void> {
  await downloadDataset({
    storage,
    folder: FOLDER,
    dataset: { ...DATASETS.mnist, mirrors },
    ...told,
  });
}

/**
 * Keeps dropped files, under the names that the loader knows.
 *
 * @throws InputError for a file of another name; FormatError for one that is not what its name
 *   says, when the set is whole
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
    hasMnist: isWhole || await siteHasMnist(),
  };
}

/** The name under which a dropped file is looked for: second downloads are `name (1).gz`. */
function knownName(given: string): string {
  const plain = given.replace(/ ?\(\d+\)(?=\.|$)/g, "");
  const names = [...IDX_FILES.flatMap(idxCandidates), ...NPY_FILES.flatMap(npyCandidates)];
  if (names.includes(plain)) return plain;
  throw new InputError(
    `${given.slice(0, 80)} is not a file of MNIST by its name: drop ${
      IDX_FILES.join(", ")
    } (raw or ` +
      `.gz), or ${NPY_FILES.join(", ")}`,
  );
}

/** The files that the more nearly complete set lacks. */
async function missingFiles(storage: Storage): Promise<string[]> {
  const names = new Set((await storage.list(FOLDER)).map(({ name }) => name));
  const idx = IDX_FILES.filter((file) => !idxCandidates(file).some((name) => names.has(name)));
  const npy = NPY_FILES.filter((file) => !names.has(file));
  return npy.length < idx.length ? npy : idx;
}
