/** Random layers of live weights, and their values as sparse kernels have them. */

import fc from "fast-check";
import { LIST_WIDTH } from "../../../../src/engine/kernels/sparse/sparse_kernels.ts";
import { featureRows, onesRow } from "../../../../src/engine/kernels/sparse/feature_maps.ts";
import { packSparse, sparseLayout } from "../../../../src/engine/kernels/sparse/sparse_layout.ts";
import type { Columns } from "../../../../src/engine/kernels/sparse/sparse_row_kernels.ts";
import type { Activation, DenseSpec } from "../../../../src/engine/layer_spec.ts";
import type { RandomStream } from "../../../../src/engine/random.ts";
import { openTestGpu, type Scratch } from "../../gpu.ts";
import { activations, batchSizes, replicaCounts, storages, streams } from "../arbitraries.ts";
import { UPDATE_TEXTURES } from "../../../../src/engine/kernels/program_spec.ts";
import type { MatrixStorage } from "../../../../src/engine/kernels/matrix.ts";

const gpu = await openTestGpu();

/** As programs choose it: buffers where a kernel may not have as many textures. */
const fitting = storages.map((storage): MatrixStorage =>
  gpu.device.limits.maxStorageTexturesPerShaderStage < UPDATE_TEXTURES ? "buffers" : storage
);

/** Layers, batches and ways of keeping them. */
export const shapes = fc.record({
  inputs: fc.integer({ min: 1, max: 70 }),
  units: fc.integer({ min: 1, max: 40 }),
  batch: batchSizes,
  replicas: replicaCounts,
  activation: activations,
  storage: fitting,
  density: fc.constantFrom(1, 0.5, 0.1),
  stream: streams,
});

/** One layer of all replicas: arrays by replica, pruned weights 0. */
export interface Layer {
  spec: DenseSpec;
  masks: Float32Array[];
  weights: Float32Array[];
  biases: Float32Array[];
}

export function randomLayer(
  name: string,
  [inputs, units]: [number, number],
  activation: Activation,
  { replicas, density, stream }: { replicas: number; density: number; stream: RandomStream },
): Layer {
  const each = <T>(make: () => T) => Array.from({ length: replicas }, make);
  const masks = each(() =>
    new Float32Array(inputs * units).map(() => stream.uniform() < density ? 1 : 0)
  );
  return {
    spec: { name, inputs, units, activation, useBias: true },
    masks,
    weights: masks.map((mask) => mask.map((m) => m * stream.normal() / Math.sqrt(inputs))),
    biases: each(() => new Float32Array(units).map(() => stream.normal())),
  };
}

/** (R, batch, width) as the kernels have it: four examples to a column, a row for each feature. */
export function featureMatrix(
  x: Float32Array[],
  width: number,
  { columns, tiles }: Columns,
  ones = 1,
): Float32Array<ArrayBuffer> {
  const rows = featureRows(width), examples = 4 * columns;
  const all = new Float32Array(x.length * tiles * rows * examples);
  x.forEach((values, r) => {
    for (let e = 0; e < tiles * examples; e++) {
      const first = (r * tiles + Math.floor(e / examples)) * rows, column = e % examples;
      all[(first + onesRow(width)) * examples + column] = ones;
      if (e >= values.length / width) continue;
      for (let f = 0; f < width; f++) all[(first + f) * examples + column] = values[e * width + f];
    }
  });
  return all;
}

/** The inverse: one replica's (batch, width). */
export function examplesOf(
  all: Float32Array,
  replica: number,
  batch: number,
  width: number,
  { columns, tiles }: Columns,
): Float64Array {
  const rows = featureRows(width), examples = 4 * columns;
  return Float64Array.from({ length: batch * width }, (_, i) => {
    const e = Math.floor(i / width), tile = replica * tiles + Math.floor(e / examples);
    return all[(tile * rows + i % width) * examples + e % examples];
  });
}

/** The lists of networks of these layers, on the GPU, and the weights in them. */
export function listsOf(scratch: Scratch, storage: MatrixStorage, layers: Layer[]) {
  const replicas = layers[0].masks.length;
  const masks = Array.from({ length: replicas }, (_, r) => layers.map((layer) => layer.masks[r]));
  const layout = sparseLayout(layers.map(({ spec }) => spec), masks);
  const padded = (length: number) => 4 * LIST_WIDTH * Math.ceil(length / 4 / LIST_WIDTH);
  const records = new Uint32Array(padded(layout.records.length));
  records.set(layout.records);
  const slots = new Float32Array(padded(4 * layout.groups));
  layers.forEach(({ weights, biases }, l) => {
    for (let r = 0; r < replicas; r++) {
      packSparse(layout, l, r, { weights: weights[r], biases: biases[r] }, slots);
    }
  });
  return {
    layout,
    slots,
    records: scratch.matrix(storage, LIST_WIDTH, records, "u32"),
    values: scratch.matrix(storage, LIST_WIDTH, slots),
  };
}

/** Normal values, by replica. */
export const normal = (stream: RandomStream, size: number, replicas: number) =>
  Array.from({ length: replicas }, () => new Float32Array(size).map(() => stream.normal()));
