/** Small datasets as folders of NumPy files, so that an experiment takes a second. */

import type { ExampleSets, ImageShape } from "../../src/datasets/examples.ts";
import { loadExampleFolder, writeNpyFolder } from "../../src/datasets/files/folder.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { mnistLocation } from "./mnist_location.ts";

const storage = new DenoStorage();

/** The first 2,000 training and 500 test images of MNIST. */
export async function writeSmallMnist(folder: string): Promise<void> {
  const sets = await loadExampleFolder(storage, await mnistLocation(), "mnist");
  const first = ({ inputs, labels, features }: ExampleSets["train"], count: number) => ({
    inputs: inputs.subarray(0, count * features),
    labels: labels.subarray(0, count),
    count,
    features,
  });
  await writeNpyFolder(storage, folder, {
    ...sets,
    train: first(sets.train, 2000),
    test: first(sets.test, 500),
  });
}

/** Images that are easy to tell apart: each class is its own random pattern under some noise. */
export async function writePatterns(
  folder: string,
  { imageShape, classes, train, test }: {
    imageShape: ImageShape;
    classes: number;
    train: number;
    test: number;
  },
): Promise<void> {
  const stream = new RandomStream([classes, train]);
  const features = imageShape.reduce((a, b) => a * b, 1);
  const patterns = Array.from({ length: classes * features }, () => 200 * stream.integerBelow(2));
  const examples = (count: number) => {
    const labels = Uint8Array.from({ length: count }, (_, i) => i % classes);
    const inputs = Uint8Array.from(
      { length: count * features },
      (_, i) =>
        patterns[labels[Math.floor(i / features)] * features + i % features] +
        stream.integerBelow(56),
    );
    return { inputs, labels, count, features };
  };
  await writeNpyFolder(storage, folder, {
    name: "patterns",
    classes,
    imageShape,
    train: examples(train),
    test: examples(test),
  });
}
