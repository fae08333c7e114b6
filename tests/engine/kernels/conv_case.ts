/** Convolutions of several networks, and their images as kernels have them. */

import fc from "fast-check";
import { imageVectors, layerMatrices, pitch } from "../../../src/engine/kernels/layout.ts";
import { type Conv2dSpec, type LayerImage, outputShape } from "../../../src/engine/layer_spec.ts";
import { activations, streams } from "./arbitraries.ts";
import { convolutions } from "./image_case.ts";

/** Their layers and batches. */
export const shapes = fc.record({
  layer: convolutions,
  batch: fc.integer({ min: 1, max: 9 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  density: fc.constantFrom(1, 0.5, 0.1),
  hasOnes: fc.boolean(),
  below: activations,
  stream: streams,
});

/** The sizes of a layer's images as kernels see them. */
export function sizesOf(layer: Conv2dSpec, hasOnes = false) {
  const [matrix] = layerMatrices([layer]);
  const output = outputShape(layer) as unknown as LayerImage;
  const outVectors = imageVectors(output);
  return {
    matrix,
    output,
    inVectors: imageVectors(layer.image),
    outVectors: hasOnes ? pitch(4 * outVectors) / 4 : outVectors,
    columns: pitch(layer.filters) / 4,
  };
}

/** One after the other. */
export const joined = (arrays: Float32Array[]) => Float32Array.from(arrays.flatMap((a) => [...a]));

/** Rows of each replica's batch, those after the batch filled with what must not matter. */
export function padRows(rows: Float32Array, count: number, batch: number, fill = 0) {
  const padded = new Float32Array(rows.length / batch * count).fill(fill);
  padded.set(rows);
  return padded;
}
