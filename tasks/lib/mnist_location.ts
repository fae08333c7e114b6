/**
 * Where the examples of MNIST are for tests: the folder MNIST_LOCATION, else `data/mnist`, else
 * `../shared/mnist`, both seen from the project's root; on a machine without any of them a
 * stand-in, as many synthetic digits in files of the same names.
 */

import { tmpdir } from "node:os";
import { fromFileUrl, join } from "@std/path";
import { folderHoldsExamples } from "../../src/datasets/files/folder.ts";
import { encodeIdx } from "../../src/formats/idx.ts";
import { makeSyntheticDigits } from "../../src/datasets/synthetic_digits.ts";
import { InputError } from "../../src/errors.ts";
import { once } from "../../src/memo.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { IDX_FILES } from "../../src/datasets/published.ts";

const USUAL_FOLDERS = ["../../data/mnist", "../../../shared/mnist"].map((path) =>
  fromFileUrl(new URL(path, import.meta.url))
);
const standIn = () => join(tmpdir(), "lottery-tests-synthetic-digits");

const storage = new DenoStorage();

async function holdsMnist(folder: string): Promise<boolean> {
  return await folderHoldsExamples(storage, folder) === "idx";
}

/** Whether a folder that `mnistLocation` gave is said to hold MNIST itself, not the stand-in. */
export function isRealMnist(folder: string): boolean {
  return folder !== standIn();
}

/**
 * A folder with MNIST's four IDX files, or with the stand-in's: 60,000 and 10,000 images, 28×28.
 *
 * @throws InputError if MNIST_LOCATION is set but does not hold them
 */
export async function mnistLocation(): Promise<string> {
  const chosen = Deno.env.get("MNIST_LOCATION");
  if (chosen !== undefined && !await holdsMnist(chosen)) {
    throw new InputError(`MNIST_LOCATION: ${chosen} lacks IDX files of MNIST; name their folder`);
  }
  if (chosen !== undefined) return chosen;
  for (const folder of USUAL_FOLDERS) if (await holdsMnist(folder)) return folder;
  return await provideStandIn();
}

/** Makes the stand-in's files, once per machine, and says that it is used. */
const provideStandIn = once(async (): Promise<string> => {
  console.error(
    `NO MNIST on this machine: the tests use synthetic digits (${standIn()}) in its place; ` +
      `\`deno task download-data\` or MNIST_LOCATION lets them use MNIST`,
  );
  if (await holdsMnist(standIn())) return standIn();
  const { train, test } = await makeSyntheticDigits({ seed: 0 });
  const arrays = [train, test].flatMap(({ inputs, labels, count }) => [
    encodeIdx([count, 28, 28], Uint8Array.from(inputs)),
    encodeIdx([count], labels),
  ]);
  for (const [i, bytes] of arrays.entries()) {
    await storage.write(join(standIn(), IDX_FILES[i]), bytes);
  }
  return standIn();
});
