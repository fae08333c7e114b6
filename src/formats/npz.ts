/** Zip archives as NumPy's `.npz` files: bytes ⇄ files by name; equal content, equal bytes. */

import { zipSync } from "../npm/fflate.ts";
import { FormatError } from "../errors.ts";
import { readZipEntries, readZipEntry, type ZipEntry } from "./zip.ts";

/** Files by their path in the archive. */
export type ArchiveFiles = Record<string, Uint8Array>;

/** The first moment that the format can express: archives hold no time, to be comparable. */
const NO_TIME = new Date(1980, 0, 1);

/** Largest content unpacked by default: 1 GiB, a network of 268 million weights. */
const DEFAULT_MAX_BYTES = 2 ** 30;

/** A compressed archive of these files, in their order. */
export function encodeNpz(files: ArchiveFiles): Uint8Array<ArrayBuffer> {
  return new Uint8Array(zipSync(files, { mtime: NO_TIME, level: 6 }));
}

/** An archive of which nothing is unpacked yet. */
export interface Npz {
  /** The files in it, in its order. */
  readonly names: readonly string[];
  /**
   * Unpacks some of its files.
   *
   * @param maxBytes largest content accepted, all of them together
   * @param checkStart throws for a file that cannot be what its beginning says, before the rest is
   *   unpacked
   * @throws FormatError if one is damaged, or they hold too much
   */
  read(
    names: readonly string[],
    options?: { maxBytes?: number; checkStart?: (start: Uint8Array, entry: ZipEntry) => void },
  ): Promise<ArchiveFiles>;
}

/**
 * Reads an archive's directory.
 *
 * @param where the file's path, for error messages
 * @throws FormatError if it is not a whole zip archive
 */
export async function openNpz(bytes: Uint8Array, where: string): Promise<Npz> {
  const archive = new Blob([bytes as Uint8Array<ArrayBuffer>]);
  const entries = new Map(
    (await readZipEntries(archive, where)).map((entry) => [entry.name, entry]),
  );
  return {
    names: [...entries.keys()],
    async read(names, { maxBytes = DEFAULT_MAX_BYTES, checkStart } = {}) {
      const wanted = names.map((name) => entries.get(name)!);
      const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
      if (total > maxBytes) {
        throw new FormatError(
          `${where}: its files take ${total} bytes, and ${maxBytes} are read at most; give a ` +
            `smaller one`,
        );
      }
      const files: ArchiveFiles = {};
      for (const entry of wanted) {
        files[entry.name] = await readZipEntry(archive, entry, where, checkStart);
      }
      return files;
    },
  };
}
