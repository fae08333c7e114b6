/** Shapes and tiles for the property tests of kernels, those that tiles do not divide above all. */
import { adamSpec, type OptimizerSpec, optimizerSpec } from "../../../src/engine/optimizers.ts";
import fc from "fast-check";
import type { Activation } from "../../../src/engine/layer_spec.ts";
import type { MatrixStorage } from "../../../src/engine/kernels/matrix.ts";
import { RandomStream, seedKey } from "../../../src/engine/random.ts";
import { type Tiles, tunedFor } from "../../../src/engine/kernels/tiles.ts";

/** Layer widths: 1 to 100. */
export const widths = fc.oneof(
  fc.constantFrom(1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65),
  fc.integer({ min: 1, max: 100 }),
);

/** Batch sizes: 1 to 130. */
export const batchSizes = fc.oneof(
  fc.constantFrom(1, 2, 3, 19, 20, 21, 59, 60, 61, 64, 127, 128, 130),
  fc.integer({ min: 1, max: 130 }),
);

export const replicaCounts = fc.integer({ min: 1, max: 4 });

export const storages = fc.constantFrom<MatrixStorage>("buffers", "textures");

export const activations = fc.constantFrom<Activation>("relu", "tanh", "sigmoid", null);

/** A seed, from which a test draws its numbers. */
export const streams = fc.nat().map((seed) => new RandomStream(seedKey(seed)));

/** Random numbers with stretches of zeros, as the pixels of an image of a digit have. */
export function stretchesOfZeros(stream: RandomStream, size: number): Float32Array {
  let isZero = false;
  return new Float32Array(size).map((_, i) => {
    if (i % 8 === 0) isZero = stream.uniform() < 0.7;
    return isZero ? 0 : stream.normal();
  });
}

/** No kernel alone does whole iterations. */
const NO_ITERATIONS = { iterations: 0, iterationLanes: 8 };

/** Tile shapes that the kernels must bear although no adapter uses them. */
const anyTiles: fc.Arbitrary<Tiles> = fc.record({
  storage: storages,
  lanes: fc.constantFrom(1, 2, 3, 8),
  rows: fc.integer({ min: 1, max: 7 }),
  forwardVectors: fc.integer({ min: 1, max: 5 }),
  backwardVectors: fc.integer({ min: 1, max: 3 }),
  weightVectors: fc.integer({ min: 1, max: 3 }),
  weightRowVectors: fc.constantFrom(0.25, 1, 2, 3),
  groupRows: fc.constantFrom(0, 1, 2, 3, 8),
  unroll: fc.integer({ min: 1, max: 4 }),
  skipsZeros: fc.boolean(),
  images: fc.record({
    rows: fc.integer({ min: 1, max: 7 }),
    forwardVectors: fc.integer({ min: 1, max: 5 }),
    backwardVectors: fc.integer({ min: 1, max: 3 }),
    weightVectors: fc.integer({ min: 1, max: 3 }),
    weightRowVectors: fc.integer({ min: 1, max: 4 }),
    unroll: fc.integer({ min: 1, max: 4 }),
  }),
  sparse: fc.constant({
    lanes: 8,
    unitLanes: 1,
    unitsEach: 1,
    updateLanes: 8,
    ...NO_ITERATIONS,
    window: 0,
  }),
  window: fc.constant(0),
});

/**
 * Three vec4 columns divide few widths, so the last tile overlaps the one before; with one lane
 * they belong to different workgroups, and an update that both make shows.
 */
const overlapping: Tiles = {
  storage: "buffers",
  lanes: 1,
  rows: 3,
  forwardVectors: 3,
  backwardVectors: 3,
  weightVectors: 3,
  weightRowVectors: 2,
  groupRows: 0,
  unroll: 3,
  skipsZeros: false,
  images: {
    rows: 2,
    forwardVectors: 3,
    backwardVectors: 3,
    weightVectors: 3,
    weightRowVectors: 2,
    unroll: 3,
  },
  window: 0,
  sparse: { lanes: 8, unitLanes: 1, unitsEach: 1, updateLanes: 8, ...NO_ITERATIONS, window: 0 },
};

/** Tiles in workgroup memory, which divide few widths; gradients of single rows. */
const shared: Tiles = {
  ...{ ...overlapping, lanes: 4, forwardVectors: 2, backwardVectors: 2 },
  ...{ weightRowVectors: 0.25, groupRows: 4 },
};

const ofAdapter = (name: string, isSoftware: boolean) =>
  fc.constant(tunedFor({ name, vendor: "", architecture: "", isSoftware }));

/**
 * The trials of a property of a tiled kernel: how often, on which tiles. Compiling the large
 * tiles of a software adapter takes it half a second, so most shapes are tried on small ones.
 */
export const TILINGS: [name: string, numRuns: number, tiles: fc.Arbitrary<Tiles>][] = [
  ["any tiles", 14, anyTiles],
  ["overlapping tiles", 6, fc.constant(overlapping)],
  ["tiles in workgroup memory", 4, fc.constant(shared)],
  ["llvmpipe's tiles", 3, ofAdapter("llvmpipe", true)],
  ["software tiles", 3, ofAdapter("SwiftShader", true)],
  ["hardware tiles", 6, ofAdapter("GPU", false)],
];

/** Every optimizer, with and without weight decay. */
export const OPTIMIZERS: readonly OptimizerSpec[] = [
  { kind: "sgd", learningRate: 0.1, weightDecay: 0.2 },
  { kind: "momentum", learningRate: 0.05, momentum: 0.8 },
  { kind: "nesterov", learningRate: 0.05, momentum: 0.8, weightDecay: 0.2 },
  adamSpec(1.2e-3),
  { ...adamSpec(1.2e-3), weightDecay: 0.2 },
  optimizerSpec("adamw", 0.05, { weightDecay: 0.2 }),
];
