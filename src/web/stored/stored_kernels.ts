/**
 * The kernels of a finished run's first layer: where they began, where they ended, what is left.
 */

import { isConv2d } from "../../engine/layer_spec.ts";
import { decodeNpy } from "../../formats/npy.ts";
import { tensorFromNpy } from "../../formats/tensor.ts";
import { checkShape } from "../../models/network.ts";
import { weightAxes } from "../../models/parameters.ts";
import * as paths from "../../records/paths.ts";
import type { RunConfig } from "../../runs/schema.ts";
import type { Storage } from "../../storage/storage.ts";
import type { FirstKernels } from "../messages.ts";

/**
 * The first layer's kernels; null of a network whose first layer is no convolution.
 *
 * @throws StorageError, FormatError, InputError naming the file that cannot be used
 */
export async function firstKernels(
  storage: Storage,
  folder: string,
  { network: { layers: [first] } }: RunConfig,
): Promise<FirstKernels | null> {
  if (!isConv2d(first)) return null;
  const shape = weightAxes(first);
  // One layer's file: the network above may have millions of weights.
  const read = async (part: string): Promise<Float32Array> => {
    const path = paths.layer(part, first.name);
    const tensor = tensorFromNpy(decodeNpy(await storage.read(path), path), path);
    checkShape(tensor, shape, path);
    return tensor.data;
  };
  const [height, width, channels, filters] = shape;
  return {
    ...{ folder, height, width, channels, filters },
    initial: await read(paths.initial(folder)),
    final: await read(paths.final(folder)),
    mask: await read(paths.masks(folder)),
  };
}
