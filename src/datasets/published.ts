/** Datasets whose files are published: their digests, and where copies are kept. */

import type { ImageShape } from "./examples.ts";

/** One file of a dataset. */
export interface PublishedFile {
  /** Its name without `.gz`, as in `IDX_FILES`. */
  name: string;
  /** Length of the uncompressed content, in bytes. */
  bytes: number;
  /** SHA-256 of the uncompressed content, in hexadecimal: mirrors compress it differently. */
  sha256: string;
}

/** An archive of a dataset's files, which have no published digests of their own. */
export interface ArchiveFile {
  name: string;
  /** A longer one is another file. */
  maxBytes: number;
  /** MD5 of the archive, in hexadecimal. */
  md5: string;
  /** The folder in it that holds the files. */
  folder: string;
  /** Their names; the last one is written last. */
  files: string[];
  /** Bytes of each. */
  fileBytes: number;
}

/** The fields of all datasets that can be downloaded. */
interface Published {
  name: string;
  /** As people write it. */
  label: string;
  /** Of an example. */
  shape: ImageShape;
  classes: number;
  /** A variable of the environment that may name a folder of the files. */
  environment?: string;
  /** A folder in which a distribution's package of the dataset keeps the files, if there is one. */
  folder?: string;
  /** Addresses that end in a slash, before a file's name. Tried in this order. */
  mirrors: string[];
}

/** A dataset of IDX files, each of which can be downloaded as `<file>.gz`. */
export interface PublishedFiles extends Published {
  files: PublishedFile[];
}

/** A dataset in one archive. */
export interface PublishedArchive extends Published {
  archive: ArchiveFile;
}

/** A dataset that can be downloaded. */
export type PublishedDataset = PublishedFiles | PublishedArchive;

/** The IDX files of a dataset, as MNIST names them. */
export const IDX_FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;

/** MNIST's sizes, which Fashion-MNIST copies, in the order of `IDX_FILES`. */
const SIZES = [16 + 60000 * 784, 8 + 60000, 16 + 10000 * 784, 8 + 10000];

/** The files of a dataset of MNIST's sizes. */
export function mnistFiles(digests: readonly string[]): PublishedFile[] {
  return IDX_FILES.map((name, i) => ({ name, bytes: SIZES[i], sha256: digests[i] }));
}
