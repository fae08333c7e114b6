/**
 * CIFAR-10's binary format: bytes → images, channels last. Records follow one another, each a label
 * byte, then the red, the green and the blue plane of 32×32 bytes, row by row (Krizhevsky 2009).
 */

import { FormatError } from "../errors.ts";

/** Height, width and channels of an image. */
export const CIFAR_SHAPE: [number, number, number] = [32, 32, 3];
/** Classes of CIFAR-10. */
export const CIFAR_CLASSES = 10;
const CHANNELS = 3, PLANE = 32 * 32;
/** Bytes of a record. */
export const CIFAR_RECORD = 1 + CHANNELS * PLANE;

/** The records of a file, in their order. */
export interface CifarRecords {
  /** (count, 32, 32, 3) */
  inputs: Uint8Array<ArrayBuffer>;
  /** (count) 0 to 9. */
  labels: Uint8Array<ArrayBuffer>;
  count: number;
}

/**
 * The records of some files, one file after the other.
 *
 * @param files contents, each with the file's path for error messages
 * @throws FormatError if a file holds no whole number of records, or another label
 */
export function decodeCifar(files: readonly { bytes: Uint8Array; where: string }[]): CifarRecords {
  for (const { bytes, where } of files) {
    if (bytes.length > 0 && bytes.length % CIFAR_RECORD === 0) continue;
    throw new FormatError(
      `${where}: ${bytes.length} bytes are no whole number of CIFAR-10's records of ` +
        `${CIFAR_RECORD} (label, red, green, blue): cut short, or another file; fetch it anew`,
    );
  }
  const count = files.reduce((sum, { bytes }) => sum + bytes.length / CIFAR_RECORD, 0);
  const inputs = new Uint8Array(count * CHANNELS * PLANE), labels = new Uint8Array(count);
  let image = 0;
  for (const { bytes, where } of files) {
    for (let at = 0; at < bytes.length; at += CIFAR_RECORD, image++) {
      labels[image] = bytes[at];
      if (bytes[at] >= CIFAR_CLASSES) {
        throw new FormatError(
          `${where}: record ${at / CIFAR_RECORD} has the label ${
            bytes[at]
          }, but CIFAR-10's are 0 ` +
            "to 9: damaged, or another file; fetch it anew",
        );
      }
      let to = image * CHANNELS * PLANE;
      for (let red = at + 1; red <= at + PLANE; red++) {
        inputs[to++] = bytes[red];
        inputs[to++] = bytes[red + PLANE];
        inputs[to++] = bytes[red + 2 * PLANE];
      }
    }
  }
  return { inputs, labels, count };
}
