/** Datasets whose files are published: their SHA-256, and where copies are kept. */

/** One file of a dataset. */
export interface PublishedFile {
  /** Its name without `.gz`, as in `IDX_FILES`. */
  name: string;
  /** Length of the uncompressed content, in bytes. */
  bytes: number;
  /** SHA-256 of the uncompressed content, in hexadecimal: mirrors compress it differently. */
  sha256: string;
}

/** A dataset that can be downloaded. */
export interface PublishedDataset {
  name: string;
  /** As people write it. */
  label: string;
  /** Of an example: (height, width). */
  shape: [number, number];
  classes: number;
  files: PublishedFile[];
  /** A variable of the environment that may name a folder of the files. */
  environment?: string;
  /** A folder in which a distribution's package of the dataset keeps the files, if there is one. */
  folder?: string;
  /** Addresses that end in a slash; a file's name and `.gz` follow. Tried in this order. */
  mirrors: string[];
}

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
