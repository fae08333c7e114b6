/** The arrays of a dataset's files, whatever their format. */

import type { NpyData } from "../../formats/npy.ts";

/** An array and the file it came from. */
export interface SourceArray {
  shape: number[];
  data: NpyData;
  /** The element type as NumPy names it, such as `<f4`. */
  dtype: string;
  /** The file's path, for error messages. */
  where: string;
}
