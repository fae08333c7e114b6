/**
 * One training iteration of networks as lists of live weights, and one evaluation window of them:
 * their kernels in order.
 */

import type { BufferPool } from "../../buffers.ts";
import type { Gpu } from "../../device.ts";
import type { EvaluationBuffers, EvaluationSources } from "../evaluation.ts";
import type { KernelSource } from "../../kernels/kernel.ts";
import { isTexture, type Matrix } from "../../kernels/matrix.ts";
import {
  activationOf,
  isConv2d,
  isDense,
  isPool,
  type LayerSpec,
  weightedLayers,
} from "../../layer_spec.ts";
import { classesOf, evaluationSpan, type ProgramSpec } from "../../kernels/program_spec.ts";
import { featureMaps, featureRows } from "../../kernels/sparse/feature_maps.ts";
import {
  sparseConvBackwardSource,
  sparseConvForwardSource,
  sparsePoolForwardSource,
  sparsePoolGradientSource,
} from "../../kernels/sparse/sparse_image_kernels.ts";
import { isHeadFused, sparseHeadSource } from "../../kernels/sparse/sparse_head_kernel.ts";
import {
  type Ahead,
  sparseBackwardSource,
  sparseForwardSource,
  sparseUpdateSource,
  type SparseWeights,
} from "../../kernels/sparse/sparse_kernels.ts";
import { sparseIterationsSource } from "../../kernels/sparse/sparse_iterations_kernel.ts";
import { sparseMetricsSource, sparseTopSource } from "../../kernels/sparse/sparse_top_kernels.ts";
import { groupsOf } from "../../kernels/sparse/sparse_layout.ts";
import {
  type Columns,
  columnsFor,
  paddedExamples,
  sparseEvaluateSource,
  sparseGatherSource,
} from "../../kernels/sparse/sparse_row_kernels.ts";
import type { Tiles } from "../../kernels/tiles.ts";
import { featureMatrix, type SparseBuffers } from "./sparse_memory.ts";

/** A layer of such a network: its outputs from its inputs. */
function forwardSource(
  { layers, replicas }: ProgramSpec,
  index: number,
  shape: Columns,
  tiles: Tiles,
  weights: SparseWeights,
  activations: readonly Matrix[],
  /** Of the batches that the first layer takes. */
  ahead: Ahead | null = null,
): KernelSource {
  const layer = layers[index], l = weightedLayers(layers.slice(0, index)).length;
  const buffers = { inputs: activations[index], outputs: activations[index + 1] };
  if (isPool(layer)) {
    return sparsePoolForwardSource(layer, mapsAt(layers, index), shape, tiles, replicas, buffers);
  }
  return isConv2d(layer)
    ? sparseConvForwardSource(l, layer, shape, tiles, weights, buffers)
    : sparseForwardSource(l, shape, tiles, weights, {
      ...buffers,
      ahead: index === 0 ? ahead : null,
    });
}

/** The gradient at the layer below it. */
function backwardSource(
  { layers, replicas }: ProgramSpec,
  index: number,
  shape: Columns,
  tiles: Tiles,
  { activations, deltas, ...weights }: SparseBuffers,
): KernelSource {
  const layer = layers[index], l = weightedLayers(layers.slice(0, index)).length;
  const inputs = activations[index], below = deltas[index - 1];
  if (isPool(layer)) {
    const maps = mapsAt(layers, index), activation = activationOf(layers[index - 1]);
    const buffers = { inputs, deltas: deltas[index], below };
    return sparsePoolGradientSource(layer, activation, maps, shape, tiles, replicas, buffers);
  }
  const buffers = { deltas: deltas[index], activations: inputs, below };
  return isConv2d(layer)
    ? sparseConvBackwardSource(l, layer, shape, tiles, weights, buffers)
    : sparseBackwardSource(l, shape, tiles, weights, buffers);
}

function mapsAt(layers: readonly LayerSpec[], index: number) {
  const maps = featureMaps(layers);
  return { from: maps[index], to: maps[index + 1] };
}

/** The kernels of one training iteration, in order. */
export function sparseIterationSources(
  gpu: Gpu,
  spec: ProgramSpec,
  pool: BufferPool,
  buffers: SparseBuffers,
): KernelSource[] {
  const { optimizer, batchSize, trainCount, examples, layers } = spec;
  const { activations, deltas, layout, unfinished, several } = buffers;
  const tiles = gpu.tuned, shape = columnsFor(batchSize), last = layers.length - 1;
  if (several) {
    const { lanes } = several, { values, records } = buffers;
    if (isTexture(values) || isTexture(records)) throw new Error("lists of live weights: textures");
    const how = { lanes, across: tiles.sparse.lanes };
    return [
      sparseIterationsSource(spec, shape, how, layout, { ...buffers, ...several, values, records }),
    ];
  }
  // Layers from here on are trained by one kernel from forward to the gradient below them.
  const top = unfinished ? last - 1 : isHeadFused(classesOf(spec)) ? last : last + 1;
  // Nothing learns from the gradient below the first layer that has weights.
  const [{ index: lowest }] = layout.layers;
  const { ahead } = buffers, sizes = { batchSize, trainCount, ahead };
  const train = { ...sizes, augment: spec.augment, clocks: buffers.clocks };
  const ofWeights = {
    ...buffers,
    ...(unfinished && { clocks: unfinished.latest }),
    activations: layout.layers.map(({ index }) => activations[index]),
    deltas: layout.layers.map(({ index }) => deltas[index]),
  };
  const together = updatedTogether(gpu, buffers);
  const below = top <= last && top > lowest ? deltas[top - 1] : null;
  return [
    sparseGatherSource({ train }, shape, { ...buffers, examples, batch: activations[0] }),
    ...layers.slice(0, top).map((_, i) =>
      forwardSource(spec, i, shape, tiles, buffers, activations, {
        batches: ahead,
        clocks: buffers.clocks,
      })
    ),
    unfinished
      ? sparseTopSource(sizes, shape, buffers, {
        ...buffers,
        ...unfinished,
        inputs: activations[top],
        outputs: activations[last],
        gradient: deltas[top],
        deltas: deltas[last],
        below,
      })
      : sparseHeadSource(sizes, shape, buffers, {
        ...buffers,
        inputs: activations.at(-1)!,
        deltas: deltas[last],
        below,
      }),
    ...layers.slice(0, top).flatMap((_, i) =>
      i > lowest ? [backwardSource(spec, i, shape, tiles, buffers)] : []
    ).reverse(),
    ...together.flatMap((some, i) => {
      const isLast = i === together.length - 1, done = unfinished && isLast ? buffers.clocks : null;
      const [first, end] = groupsOf(layout, some[0], some.at(-1)!);
      if (first === end && !done) return [];
      const range = pool.uniform("groups", new Uint32Array([first, end, shape.columns, 0]));
      const group = { layers: some, groups: end - first, range };
      return [
        sparseUpdateSource(optimizer, shape, tiles, buffers, group, { ...ofWeights, done }),
      ];
    }),
  ];
}

/** The kernels that end a burst. */
export function sparseEndSources(
  { batchSize, trainCount, replicas }: ProgramSpec,
  { unfinished, ...buffers }: SparseBuffers,
): KernelSource[] {
  if (!unfinished) return [];
  const shape = columnsFor(batchSize), { partials } = unfinished;
  const sizes = { batchSize, trainCount };
  return [sparseMetricsSource(sizes, shape, replicas, { ...buffers, partials })];
}

/** Which layers one dispatch updates: all dense ones, where it may have as many textures. */
function updatedTogether(
  { device: { limits } }: Gpu,
  { storage, layout: { layers } }: SparseBuffers,
): number[][] {
  const indices = layers.map((_, i) => i);
  const dense = indices.filter((i) => isDense(layers[i].spec));
  const images = indices.filter((i) => !isDense(layers[i].spec)).map((i) => [i]);
  const textures = 2 + 2 * dense.length;
  return storage === "textures" && textures <= limits.maxStorageTexturesPerShaderStage
    ? [...images, dense]
    : indices.map((i) => [i]);
}

/** The kernels that evaluate windows. */
export function sparseEvaluationSources(
  gpu: Gpu,
  spec: ProgramSpec,
  pool: BufferPool,
  shape: Columns,
  program: SparseBuffers & EvaluationBuffers,
): EvaluationSources {
  const { replicas, layers } = spec, { storage } = program, classes = classesOf(spec);
  const tiles = gpu.tuned, [inputMap, ...outputMaps] = featureMaps(layers);
  const outputs = outputMaps.map((map, i) =>
    featureMatrix(gpu, spec, pool, storage, shape, `window outputs ${i}`, map)
  );
  const forward = (index: number, inputs: Matrix) =>
    forwardSource(spec, index, shape, tiles, program, [inputs, ...outputs]);
  const inputBytes = 4 * paddedExamples(shape) * replicas * featureRows(inputMap.rows);
  return {
    window: (name) => {
      const inputs = featureMatrix(gpu, spec, pool, storage, shape, `${name} inputs`, inputMap);
      const labels = pool.storage(`${name} labels`, 4 * replicas * paddedExamples(shape));
      return {
        places: null,
        fill: (examples) => [
          sparseGatherSource({ windows: program.windows }, shape, {
            ...program,
            examples,
            batch: inputs,
            labels,
          }),
        ],
        first: [forward(0, inputs)],
        evaluate: sparseEvaluateSource({ classes, replicas, span: evaluationSpan(spec) }, shape, {
          ...program,
          logits: outputs.at(-1)!,
          labels,
        }),
      };
    },
    rest: [layers.slice(1).map((_, i) => forward(i + 1, outputs[0]))],
    windowBytes: isDense(layers[0]) ? inputBytes : null,
  };
}
