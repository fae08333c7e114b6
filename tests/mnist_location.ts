/**
 * Where the real MNIST is for tests: MNIST_LOCATION, else `data/mnist`, else `../shared/mnist`, both
 * seen from the project's root.
 */

import { fromFileUrl } from "@std/path";

const TRAIN_LABELS = "train-labels-idx1-ubyte";

function holdsMnist(folder: string): boolean {
  return [TRAIN_LABELS, `${TRAIN_LABELS}.gz`].some((name) => {
    try {
      return Deno.statSync(`${folder}/${name}`).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

/** A folder with MNIST's IDX files; throws, saying what to do, if there is none. */
export function mnistLocation(): string {
  const chosen = Deno.env.get("MNIST_LOCATION");
  const folders = chosen
    ? [chosen]
    : ["../data/mnist", "../../shared/mnist"].map((path) =>
      fromFileUrl(new URL(path, import.meta.url))
    );
  const folder = folders.find(holdsMnist);
  if (folder === undefined) {
    throw new Error(
      `no MNIST in ${folders.join(" or ")}; run \`deno task download-data\` or set MNIST_LOCATION`,
    );
  }
  return folder;
}
