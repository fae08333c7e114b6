/** The examples that tasks measure with. */

import type { ExampleSets } from "../../src/datasets/examples.ts";
import { loadDataset } from "../../src/datasets/load_dataset.ts";
import { path } from "../../src/flags/kinds.ts";
import { DenoStorage } from "../../src/storage/deno.ts";

/** Where to look for them first. */
export const mnistLocationFlag = path({
  help: "folder with MNIST",
  defaultText: "MNIST_LOCATION of the environment, else the synthetic digits",
});

/** MNIST from a folder, `MNIST_LOCATION` or else synthetic digits. */
export async function examplesAtHand(mnistLocation?: string): Promise<ExampleSets> {
  const location = mnistLocation ?? (Deno.env.get("MNIST_LOCATION") || null);
  const { sets } = await loadDataset({
    dataset: location === null ? "synthetic-digits" : "auto",
    location,
    storage: new DenoStorage(),
  });
  return sets;
}
