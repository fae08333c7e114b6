/**
 * Random training runs for the tests of whole programs, drawn from a shape: what the engine is
 * loaded with and, for any of the replicas, what the f64 oracle makes of it.
 */
import { assert, assertEquals } from "@std/assert";
import {
  channelStatistics,
  destroyExamples,
  type ExampleArrays,
  type GpuExamples,
  type Normalization,
  uploadExamples,
} from "../../../src/engine/mod.ts";
import type { Gpu } from "../../../src/engine/device.ts";
import {
  type Activation,
  type Conv2dSpec,
  type DenseSpec,
  isConv2d,
  isDense,
  type LayerSpec,
  outputSize,
  type PoolSpec,
  weightedLayers,
  weightShape,
} from "../../../src/engine/layer_spec.ts";
import type { OptimizerSpec } from "../../../src/engine/optimizers.ts";
import { Program } from "../../../src/engine/programs/program.ts";
import type {
  LayerValues,
  ProgramSpec,
  ReplicaParameters,
} from "../../../src/engine/kernels/program_spec.ts";
import { epochKey, permute, type RandomStream } from "../../../src/engine/random.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { oracleOptimizer } from "../../reference/optimizers.ts";
import { standardized } from "../../reference/standardize.ts";
import { type OracleTrained, trainOracle } from "../../reference/train.ts";
import type { OracleAnyLayer } from "../../reference/network.ts";
import { oracleConv, oraclePool } from "../kernels/image_case.ts";

/** The sizes from which a run is drawn. */
export interface RunShape {
  features: number;
  /** Convolutions and pools below the dense layers. Default: none. */
  images?: (Conv2dSpec | PoolSpec)[];
  layers: { units: number; activation: Activation; useBias?: boolean }[];
  optimizer: OptimizerSpec;
  batchSize: number;
  /** The learning rate by iteration; of replica r it is divided by r + 1. Default: constant. */
  rate?: (iteration: number) => number;
  poolCount: number;
  trainCount: number;
  testCount?: number;
  replicas?: number;
  /** Fraction of live weights; a different mask for each replica. Default 0.5. */
  density?: number;
  normalization?: Normalization;
  /** Whether kernels touch live weights only. */
  isSparse?: boolean;
}

/** A drawn run. */
export interface RunCase {
  spec: Omit<ProgramSpec, "examples" | "test">;
  pool: ExampleArrays;
  test: ExampleArrays;
  normalization: Normalization;
  replicas: ReplicaParameters[];
}

/**
 * Draws a run: each replica has its own weights, masks, order, and (but the first) split and
 * labels.
 */
export function randomRun(shape: RunShape, stream: RandomStream): RunCase {
  const { features, optimizer, batchSize, poolCount, trainCount } = shape;
  const { testCount = 10, replicas = 1, density = 0.5, normalization = "unit" } = shape;
  const { images = [] } = shape, flat = images.length > 0 ? outputSize(images.at(-1)!) : features;
  const dense = shape.layers.map(({ units, activation, useBias = true }, i): DenseSpec => ({
    name: `layer${i}`,
    inputs: i === 0 ? flat : shape.layers[i - 1].units,
    units,
    activation,
    useBias,
  }));
  const layers: LayerSpec[] = [...images, ...dense], classes = dense.at(-1)!.units;
  const examples = (count: number): ExampleArrays => ({
    inputs: new Uint8Array(count * features).map(() => stream.integerBelow(256)),
    labels: new Uint8Array(count).map(() => stream.integerBelow(classes)),
    count,
    features,
  });
  const parameters = (r: number): ReplicaParameters => ({
    layers: weightedLayers(layers).map((layer) => {
      const { inputs, units } = weightShape(layer), { useBias } = layer;
      return {
        weights: new Float32Array(inputs * units).map(() => stream.normal() / Math.sqrt(inputs)),
        biases: new Float32Array(units).map(() => useBias ? 0.1 * stream.normal() : 0),
        mask: new Float32Array(inputs * units).map(() => stream.uniform() < density ? 1 : 0),
      };
    }),
    orderKey: [stream.uint32(), stream.uint32()],
    splitKey: r === 0 ? null : [stream.uint32(), stream.uint32()],
    labelMap: r < 2 ? null : Uint8Array.from({ length: 256 }, () => stream.integerBelow(classes)),
    learningRate: shape.rate
      ? (iteration: number) => shape.rate!(iteration) / (r + 1)
      : optimizer.learningRate / (r + 1),
    // Replicas decay by shares of their own.
    weightDecay: (optimizer.weightDecay ?? 0) / (r + 1),
  });
  const pool = examples(poolCount), test = examples(testCount);
  const drawn = Array.from({ length: replicas }, (_, r) => parameters(r));
  const sparse = shape.isSparse ? masksOf(drawn) : null;
  const spec = { layers, optimizer, batchSize, trainCount, replicas, sparse };
  return { spec, pool, test, normalization, replicas: drawn };
}

function masksOf(replicas: ReplicaParameters[]): Float32Array[][] {
  return replicas.map(({ layers }) => layers.map(({ mask }) => mask));
}

/** A run of one of a case's replicas alone. */
export function aloneCase(run: RunCase, replica: number): RunCase {
  const replicas = [run.replicas[replica]];
  const sparse = run.spec.sparse ? masksOf(replicas) : null;
  return { ...run, spec: { ...run.spec, replicas: 1, sparse }, replicas };
}

/**
 * Gives `work` a loaded program; its buffers and examples are released afterwards.
 *
 * @param as changes how the uploaded examples are described
 */
export async function withProgram<T>(
  gpu: Gpu,
  run: RunCase,
  work: (program: Program) => Promise<T>,
  as = (examples: GpuExamples): GpuExamples => examples,
): Promise<T> {
  const statistics = run.normalization === "standardize"
    ? channelStatistics(run.pool, channelsOf(run.pool.features))
    : undefined;
  const pool = as(await uploadExamples(gpu, run.pool, run.normalization, statistics));
  const test = as(await uploadExamples(gpu, run.test, run.normalization, statistics));
  try {
    const program = await Program.create(gpu, { ...run.spec, examples: pool, test });
    try {
      run.replicas.forEach((parameters, r) => program.load(r, parameters));
      return await work(program);
    } finally {
      program.destroy();
    }
  } finally {
    destroyExamples(pool);
    destroyExamples(test);
  }
}

/** Three channels where the features are as many. */
function channelsOf(features: number): number {
  return features % 3 === 0 ? 3 : 1;
}

/** Inputs of a set as the network sees them; `pool` has the means and deviations. */
export function normalizedInputs(
  { inputs, features }: ExampleArrays,
  how: Normalization,
  pool: ExampleArrays,
): Float64Array {
  const result = Float64Array.from(inputs);
  if (how === "none") return result;
  if (how === "standardize") {
    return standardized(inputs, pool.inputs, channelsOf(features));
  }
  for (let start = 0; start < result.length; start += features) {
    const row = result.subarray(start, start + features);
    const divisor = how === "unit" ? 255 : Math.hypot(...row);
    row.forEach((value, i) => row[i] = value / divisor);
  }
  return result;
}

/** Indices into the pool of a replica's training examples, in the order of its split. */
export function trainingSet(run: RunCase, replica: number): number[] {
  const { splitKey } = run.replicas[replica];
  return Array.from(
    { length: run.spec.trainCount },
    (_, i) => splitKey ? permute(i, run.pool.count, splitKey) : i,
  );
}

/** A replica's layers for the oracle. */
export function oracleLayers(run: RunCase, replica: number): OracleAnyLayer[] {
  const parameters = [...run.replicas[replica].layers];
  return run.spec.layers.map((layer): OracleAnyLayer => {
    if (!isDense(layer) && !isConv2d(layer)) return oraclePool(layer);
    const { weights, biases, mask } = parameters.shift()!;
    if (isConv2d(layer)) return oracleConv(layer, { weights, biases, mask });
    return {
      ...layer,
      activation: layer.activation ?? "none",
      weights: Float64Array.from(weights, (w, at) => w * mask[at]),
      biases: Float64Array.from(biases),
      mask: Float64Array.from(mask),
    };
  });
}

/** Labels of the pool as a replica maps them. */
export function mappedLabels({ replicas }: RunCase, replica: number, labels: Uint8Array): number[] {
  const { labelMap } = replicas[replica];
  return Array.from(labels, (label) => labelMap?.[label] ?? label);
}

/** Trains one replica by the oracle. */
export function oracleTrain(run: RunCase, replica: number, iterations: number): OracleTrained {
  const { spec: { trainCount, batchSize, optimizer }, pool } = run;
  const { orderKey, learningRate, weightDecay } = run.replicas[replica];
  const set = trainingSet(run, replica), batchesPerEpoch = Math.ceil(trainCount / batchSize);
  const batches = Array.from({ length: iterations }, (_, i) => {
    const key = epochKey(orderKey, Math.floor(i / batchesPerEpoch));
    const first = (i % batchesPerEpoch) * batchSize;
    const count = Math.min(batchSize, trainCount - first);
    return Array.from({ length: count }, (_, b) => set[permute(first + b, trainCount, key)]);
  });
  return trainOracle({
    layers: oracleLayers(run, replica),
    optimizer: oracleOptimizer({ ...optimizer, learningRate: 0, weightDecay }, learningRate),
    inputs: normalizedInputs(pool, run.normalization, pool),
    labels: mappedLabels(run, replica, pool.labels),
    batches,
  });
}

/** Compares a replica's layers with those of the oracle; masked weights must be exactly 0. */
export function assertLayers(
  layers: readonly LayerValues[],
  run: RunCase,
  replica: number,
  oracle: OracleTrained,
  where = `replica ${replica}`,
): void {
  const trained = oracle.layers.filter(({ weights }) => weights.length > 0);
  assertEquals(layers.length, trained.length);
  layers.forEach(({ weights, biases }, l) => {
    const what = `${where}, layer ${l}`, { mask } = run.replicas[replica].layers[l];
    assertAllClose(weights, trained[l].weights, { what });
    assertAllClose(biases, trained[l].biases, { what: `${what}, biases` });
    assert(weights.every((w, i) => mask[i] === 1 || Object.is(w, 0)), `${what}: masked are 0`);
  });
}
