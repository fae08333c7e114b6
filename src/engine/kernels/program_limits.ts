/**
 * Checks whether a network program fits on a device: says how many replicas fit, why no more do,
 * and what would fit instead.
 */

import { CapacityError, InputError } from "../../errors.ts";
import { bufferLimit, sizeText } from "../buffer_limit.ts";
import type { GpuExamples } from "../examples/dataset.ts";
import type { Gpu } from "../device.ts";
import {
  checkLayers,
  type Conv2dSpec,
  inputSize,
  isConv2d,
  isDense,
  isPool,
  type LayerImage,
  type LayerSpec,
  outputShape,
  outputSize,
  sizesText,
} from "../layer_spec.ts";
import { convGroups } from "./images/conv_kernels.ts";
import { partialBytes, updateGroups } from "./images/conv_update_kernels.ts";
import { activationVectors, layerMatrices, matrixSize } from "./layout.ts";
import { checkUpdateRule } from "../optimizers.ts";
import { imageSteps, mostSteps } from "./loop_steps.ts";
import { partialSumVectors } from "./dense/parts_kernels.ts";
import { poolGroups } from "./images/pool_kernels.ts";
import {
  activationBytes,
  evaluationSpan,
  layerWidths,
  MAX_BURST,
  MOST_PARTS,
  partsOf,
  type ProgramSpec,
  windowRows,
} from "./program_spec.ts";
import { paddedRows } from "./tiles.ts";

/** Largest number of replicas of this shape that the device's limits allow. */
export function maxReplicas(gpu: Gpu, spec: SharedSpec): number {
  const largest = Math.max(...buffersOf(gpu, spec).map(({ bytes }) => bytes));
  return Math.min(
    Math.floor(bufferLimit(gpu) / largest),
    gpu.device.limits.maxComputeWorkgroupsPerDimension,
  );
}

/** Why not more replicas of this shape fit than `maxReplicas` says, in words. */
export function whyNoMore(gpu: Gpu, spec: SharedSpec, replicas: number): string {
  const { what, bytes } = buffersOf(gpu, spec).reduce((a, b) => b.bytes > a.bytes ? b : a);
  const limit = bufferLimit(gpu), name = `"${gpu.adapter.name}"`;
  if (replicas * bytes <= limit) {
    const { maxComputeWorkgroupsPerDimension } = gpu.device.limits;
    return `${name} works on at most ${maxComputeWorkgroupsPerDimension} at once`;
  }
  return `${what} take ${sizeText(replicas * bytes)}, and ${name} holds at most ` +
    `${sizeText(limit)} in one buffer`;
}

type SharedSpec = Omit<ProgramSpec, "replicas">;

/** Buffers that grow with the replicas: contents in words, and bytes per replica. */
function buffersOf(gpu: Gpu, spec: SharedSpec): { what: string; bytes: number }[] {
  const tiles = gpu.tuned, { layers } = spec;
  const batchRows = paddedRows(spec.batchSize, tiles);
  const rows = Math.max(batchRows, windowRows(spec, tiles));
  const span = evaluationSpan(spec), vectors = activationVectors(layers);
  return [
    ...layerMatrices(layers).map((matrix) => ({
      what: `the ${matrix.inputs} × ${matrix.units} weights of ${matrix.name}`,
      bytes: 4 * matrixSize(matrix),
    })),
    ...layerWidths(layers).map((width, i) => ({
      what: i === 0
        ? `${rows} rows of ${width} inputs`
        : `${rows} rows of ${width} outputs of ${layers[i - 1].name}`,
      bytes: rows * activationBytes(spec, i),
    })),
    ...layers.map((layer, i) => ({
      what: `${rows} rows of ${outputSize(layer)} gradients of ${layer.name}`,
      bytes: 16 * rows * vectors[i + 1],
    })),
    ...layers.filter(isConv2d).map((layer) => ({
      what: `the slices of the gradient of ${layer.name}`,
      bytes: partialBytes(layer, spec.batchSize),
    })),
    ...(isDense(layers[0]) && partsOf(spec) > 1
      ? [{
        what: `${partsOf(spec)} parts of ${batchRows} rows of sums of ${layers[0].name}`,
        bytes: 16 * batchRows * partialSumVectors(layers[0], partsOf(spec)),
      }]
      : []),
    { what: `the results of evaluating ${span} examples`, bytes: 8 * span },
    { what: "the measurements of a burst", bytes: 8 * MAX_BURST },
  ];
}

/** The change with which one network fits, found by trying. */
function whatFits(gpu: Gpu, spec: SharedSpec): string {
  const fits = (units: number, batchSize: number) =>
    maxReplicas(gpu, { ...spec, batchSize, layers: narrowed(spec.layers, units) }) >= 1;
  const widest = Math.max(...spec.layers.slice(0, -1).flatMap(unitsOf), 1);
  const unitsWith = (batchSize: number) => greatest(widest, (units) => fits(units, batchSize));
  const batchWith = (units: number) =>
    greatest(spec.batchSize, (batchSize) => fits(units, batchSize));
  const word = spec.layers.some(isConv2d) ? "units and filters" : "units";
  const ofUnits = (units: number) => `hidden layers of at most ${units} ${word}`;
  const ofBatch = (batchSize: number) => `a batch of at most ${batchSize}`;
  const units = unitsWith(spec.batchSize), batchSize = batchWith(widest);
  const ways = [
    ...(units > 0 ? [ofUnits(units)] : []),
    ...(batchSize > 0 ? [ofBatch(batchSize)] : []),
  ];
  if (ways.length > 0) return `use ${ways.join(" or ")}`;
  const both = batchWith(1);
  if (both === 0) return "no network fits examples as large or as many: use smaller or fewer ones";
  return `use ${ofUnits(unitsWith(both))} and ${ofBatch(both)}`;
}

/** The width that a layer chooses: units or filters. */
function unitsOf(layer: LayerSpec): number[] {
  return isPool(layer) ? [] : [isDense(layer) ? layer.units : layer.filters];
}

/** The layers with no hidden one wider than `most`. */
function narrowed(layers: readonly LayerSpec[], most: number): LayerSpec[] {
  const narrow: LayerSpec[] = [];
  for (const [i, layer] of layers.entries()) {
    const below = i === 0 ? null : outputShape(narrow[i - 1]);
    if (isDense(layer)) {
      const units = i === layers.length - 1 ? layer.units : Math.min(layer.units, most);
      const inputs = below ? outputSize(narrow[i - 1]) : layer.inputs;
      narrow.push({ ...layer, inputs, units });
    } else {
      const image = (below ?? layer.image) as LayerImage;
      narrow.push(
        isConv2d(layer)
          ? { ...layer, image, filters: Math.min(layer.filters, most) }
          : { ...layer, image },
      );
    }
  }
  return narrow;
}

/** The greatest whole number from 1 to `most` that fits, with all below it; 0 if none does. */
function greatest(most: number, fits: (value: number) => boolean): number {
  let low = 0, high = most;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * @throws InputError   if the layers do not chain, or examples, classes and sizes do not fit them
 * @throws CapacityError if R networks of this shape do not fit; the message says how many do
 */
export function checkProgramSpec(gpu: Gpu, spec: ProgramSpec): void {
  const { layers, batchSize, examples, test, trainCount, replicas } = spec;
  checkUpdateRule(spec.optimizer);
  checkNetwork(layers, { training: examples, test });
  checkGrids(gpu, spec);
  const widths = layerWidths(layers);
  // One workgroup gathers a row.
  const { maxComputeWorkgroupsPerDimension } = gpu.device.limits;
  const { rows } = gpu.tuned;
  whole("batch size", batchSize, 1, rows * Math.floor(maxComputeWorkgroupsPerDimension / rows));
  whole("training examples", trainCount, 1, examples.count);
  whole("parts of the first layer's sums", spec.forwardParts ?? 1, 1, MOST_PARTS);
  const largest = maxReplicas(gpu, spec);
  if (largest < 1) {
    throw new CapacityError(
      `network of widths ${widths.join("-")} does not fit: ${whyNoMore(gpu, spec, 1)}; ` +
        whatFits(gpu, spec),
    );
  }
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > largest) {
    throw new CapacityError(
      replicas > largest
        ? `replicas: ${replicas} networks of this shape do not fit: ` +
          `${whyNoMore(gpu, spec, replicas)}; use 1 to ${largest}`
        : `replicas: ${replicas} is not a number of networks; use 1 to ${largest}`,
    );
  }
}

/**
 * Checks that layers chain, end with logits, and fit examples.
 *
 * @param sets the examples' widths and numbers of classes, by their names in errors: "training"
 * @throws InputError naming the layer and what does not fit it
 */
export function checkNetwork(
  layers: readonly LayerSpec[],
  sets: Record<string, Pick<GpuExamples, "features" | "classes">>,
): void {
  checkLayers(layers);
  const [first] = layers, last = layers.at(-1)!, logits = outputSize(last);
  for (const [name, { features, classes }] of Object.entries(sets)) {
    if (classes > logits) {
      throw new InputError(
        `${last.name}: has ${logits} classes, but the ${name} examples have labels up to ` +
          `${classes - 1}; give the last layer a unit for each class`,
      );
    }
    if (features !== inputSize(first)) {
      const image = isDense(first) ? "" : ` (${sizesText(first.image)})`;
      throw new InputError(
        `${first.name}: takes ${inputSize(first)} inputs${image}, but the ${name} examples have ` +
          `${features}; give the first layer as many`,
      );
    }
  }
  if (logits > 256) {
    throw new InputError(
      `${last.name}: ${logits} classes; labels are bytes, so use 1 to 256`,
    );
  }
}

/** @throws CapacityError if a layer's image has more pixels than a grid reaches */
function checkGrids(gpu: Gpu, { layers, batchSize }: SharedSpec): void {
  const tiles = gpu.tuned, most = gpu.device.limits.maxComputeWorkgroupsPerDimension;
  for (const layer of layers) {
    if (isDense(layer)) continue;
    if (isConv2d(layer)) checkLoop(gpu, layer, tiles.images.unroll);
    const groups = isPool(layer)
      ? poolGroups(layer, tiles)
      : Math.max(convGroups(layer, tiles), updateGroups(layer, batchSize, tiles));
    if (groups <= most) continue;
    throw new CapacityError(
      `${layer.name}: its image of ${sizesText(layer.image)} takes ${groups} workgroups, and ` +
        `"${gpu.adapter.name}" runs at most ${most} side by side; use a smaller image or fewer ` +
        `channels`,
    );
  }
}

/** @throws CapacityError if the adapter would end the loop over one image before its end */
function checkLoop({ adapter }: Gpu, layer: Conv2dSpec, unroll: number): void {
  const [height, width] = outputShape(layer), most = mostSteps(adapter);
  // Rows are unrolled by a divisor of their width.
  if (imageSteps(layer, width % unroll === 0 ? unroll : 1) <= most) return;
  throw new CapacityError(
    `${layer.name}: its output of ${height}×${width} is larger than "${adapter.name}" sums up in ` +
      `${most} steps; use a smaller image or a larger stride`,
  );
}

function whole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InputError(`${name}: ${value} is not a whole number from ${min} to ${max}`);
  }
}
