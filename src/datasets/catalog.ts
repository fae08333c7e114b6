/**
 * The datasets that can be downloaded: their files, the SHA-256 of what is inside those files, and
 * where copies are kept.
 *
 * Digests are of the uncompressed content, because mirrors and people compress it differently. Those
 * of MNIST were computed from files whose uncompressed MD5s are the published ones, those of
 * Fashion-MNIST from the files of Debian's package dataset-fashion-mnist.
 */

import { IDX_FILES } from "./folder.ts";

/** One file of a dataset. */
export interface CatalogFile {
  /** Its name without `.gz`, as in `IDX_FILES`. */
  name: string;
  /** Length of the uncompressed content, in bytes. */
  bytes: number;
  /** SHA-256 of the uncompressed content, in lower-case hexadecimal. */
  sha256: string;
}

/** A dataset that can be downloaded. */
export interface CatalogDataset {
  name: string;
  files: CatalogFile[];
  /** A folder in which a distribution's package of the dataset keeps the files, if there is one. */
  folder?: string;
  /** Addresses that end in a slash; a file's name and `.gz` follow. Tried in this order. */
  mirrors: string[];
}

/** MNIST's shape, which Fashion-MNIST copies, in the order of `IDX_FILES`. */
const SIZES = [16 + 60000 * 784, 8 + 60000, 16 + 10000 * 784, 8 + 10000];

function idxFiles(digests: string[]): CatalogFile[] {
  return IDX_FILES.map((name, i) => ({ name, bytes: SIZES[i], sha256: digests[i] }));
}

/** The known datasets by name. */
export const CATALOG = {
  "mnist": {
    name: "mnist",
    files: idxFiles([
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]),
    mirrors: [
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ],
  },
  "fashion-mnist": {
    name: "fashion-mnist",
    files: idxFiles([
      "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ]),
    folder: "/usr/share/datasets/fashion-mnist",
    mirrors: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ],
  },
} satisfies Record<string, CatalogDataset> as Record<
  "mnist" | "fashion-mnist",
  CatalogDataset
>;
