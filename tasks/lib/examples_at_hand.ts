/** The examples that tasks measure with. */

import type { Examples, ExampleSets } from "../../src/datasets/examples.ts";
import { loadDataset } from "../../src/datasets/load_dataset.ts";
import { path } from "../../src/flags/kinds.ts";
import type { NetworkName } from "../../src/models/networks.ts";
import { protocolNamed } from "../../src/lottery/protocols.ts";
import { DenoStorage } from "../../src/storage/deno.ts";

/** Where to look for them first. */
export const mnistLocationFlag = path({
  help: "folder with MNIST",
  defaultText: "the environment's MNIST_LOCATION, else the synthetic digits",
});

/** The same of tasks that choose a network. */
export const dataLocationFlag = path({
  help: "folder with MNIST, or with CIFAR-10 for conv-2, conv-4 and conv-6",
  alias: "dataLocation",
  defaultText: "the environment's MNIST_LOCATION, else the synthetic digits; for CIFAR-10, noise",
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

/** What a network is measured with: digits, or CIFAR-10's images from a folder or of noise. */
export async function examplesFor(network: NetworkName, location?: string): Promise<ExampleSets> {
  if (network === "lenet-300-100" || network === "lenet-5") return await examplesAtHand(location);
  if (location === undefined) return noise();
  const { dataset } = protocolNamed(network);
  const { sets } = await loadDataset({ dataset, location, storage: new DenoStorage() });
  return sets;
}

/** Images of CIFAR-10's shape. */
function noise(): ExampleSets {
  const features = 32 * 32 * 3, classes = 10;
  let state = 1;
  const byte = () => (state = Math.imul(state, 1664525) + 1013904223) >>> 24;
  const images = (count: number): Examples => ({
    inputs: Uint8Array.from({ length: count * features }, byte),
    labels: Uint8Array.from({ length: count }, (_, i) => i % classes),
    count,
    features,
  });
  const imageShape: [number, number, number] = [32, 32, 3];
  return { name: "noise", classes, imageShape, train: images(2000), test: images(200) };
}
