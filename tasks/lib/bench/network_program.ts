/** Networks on the engine, for the tasks that measure them and for a page that does. */

import {
  adamSpec,
  type Gpu,
  type OptimizerSpec,
  Program,
  pruneSmallest,
  uploadExamples,
  weightedLayers,
} from "../../../src/engine/mod.ts";
import { channelStatistics } from "../../../src/engine/examples/channels.ts";
import type { GpuExamples } from "../../../src/engine/examples/dataset.ts";
import type { Normalization } from "../../../src/engine/examples/example_arrays.ts";
import type { ExampleSets } from "../../../src/datasets/examples.ts";
import { median } from "../../../src/foundations/tuning/search.ts";
import { ModelConv } from "../../../src/foundations/model_conv.ts";
import { forwardPartsOf } from "../../../src/foundations/queue/kernel_choice.ts";
import { runKey } from "../../../src/foundations/seeds.ts";
import { type HiddenLayer, needsImages } from "../../../src/models/hidden_layers.ts";
import { networkLayers } from "../../../src/models/layers.ts";
import { NETWORKS } from "../../../src/models/networks.ts";

/** Examples per iteration, as in the paper. */
export const BATCH = 60;

/** Examples on the GPU, shared by all programs that are measured. */
export interface Uploaded {
  examples: GpuExamples;
  test: GpuExamples;
  classes: number;
  /** Of an example: that of an image, or its number of values. */
  shape: readonly number[];
}

/** Uploads them. */
export async function uploadSets(
  gpu: Gpu,
  { train, test, classes, imageShape }: ExampleSets,
  normalization: Normalization = "unit",
): Promise<Uploaded> {
  const shape = imageShape ?? [train.features];
  const statistics = channelStatistics(train, shape[2]);
  return {
    examples: await uploadExamples(gpu, train, normalization, statistics),
    test: await uploadExamples(gpu, test, normalization, statistics),
    classes,
    shape,
  };
}

/** The network and its training. */
export interface NetworkOptions {
  optimizer: OptimizerSpec;
  replicas?: number;
  batchSize?: number;
  /** The hidden layers; those of LeNet-300-100 by default. */
  hidden?: readonly HiddenLayer[];
  /** By layer; all weights are live by default. */
  masks?: Float32Array[];
  /** Whether the kernels touch live weights only. */
  isSparse?: boolean;
}

/** A network, loaded and warmed up. */
export async function networkProgram(
  gpu: Gpu,
  { examples: pool, test, classes, shape }: Uploaded,
  options: NetworkOptions,
): Promise<Program> {
  const { optimizer, replicas = 1, batchSize = BATCH } = options;
  const { hidden = NETWORKS["lenet-300-100"].hidden } = options;
  const given = needsImages(hidden) ? shape : [pool.features];
  const model = new ModelConv(
    { layers: networkLayers(hidden, given, classes) },
    { keyFor: (layer) => runKey({ seed: 0, purpose: "init", trial: 1, layer }) },
  );
  const layers = weightedLayers(model.layers);
  const masks = options.masks ?? layers.map(({ name }) => model.masks[name].data);
  const { isSparse = false } = options, kernels = isSparse ? "sparse" : "dense";
  const program = await Program.create(gpu, {
    layers: model.layers,
    forwardParts: forwardPartsOf(kernels, model.layers, batchSize, gpu.tuned),
    optimizer,
    batchSize,
    examples: pool,
    test,
    trainCount: Math.floor(pool.count * 11 / 12),
    replicas,
    sparse: isSparse ? Array.from({ length: replicas }, () => masks) : null,
  });
  for (let r = 0; r < replicas; r++) {
    program.load(r, {
      layers: layers.map(({ name }, i) => ({
        weights: model.weights[name].data,
        biases: model.biases[name].data,
        mask: masks[i],
      })),
      orderKey: [1, r],
      learningRate: optimizer.learningRate,
      splitKey: [2, r],
      labelMap: null,
    });
  }
  await program.run([{ iterate: needsImages(hidden) ? 1 : 10 }]);
  return program;
}

/** Masks of a lottery, and the share of all weights that they leave. */
export interface Ticket {
  masks: Float32Array[];
  density: number;
}

/**
 * The masks of a lottery at full size, level by level, until `density` is reached: the live weights
 * of tickets are where the pixels are, and whole units of theirs are dead. A few hundred iterations
 * a level are enough for that.
 */
export async function lotteryTickets(
  gpu: Gpu,
  uploaded: Uploaded,
  { density, iterations = 300, ...options }:
    & { density: number; iterations?: number }
    & Pick<NetworkOptions, "hidden">,
): Promise<Ticket[]> {
  const tickets: Ticket[] = [];
  for (let masks: Float32Array[] | undefined;;) {
    const how = { optimizer: adamSpec(1.2e-3), ...options, masks, isSparse: masks !== undefined };
    const program = await networkProgram(gpu, uploaded, how);
    await program.run([{ iterate: iterations }]);
    const [trained] = await program.readParameters();
    program.destroy();
    masks ??= trained.map(({ weights }) => weights.map(() => 1));
    const live = masks.map((mask) => mask.reduce((sum, bit) => sum + bit, 0));
    const total = masks.reduce((sum, mask) => sum + mask.length, 0);
    tickets.push({ masks, density: live.reduce((a, b) => a + b) / total });
    if (tickets.at(-1)!.density <= density) return tickets;
    masks = await pruneSmallest(
      gpu,
      trained.map(({ weights }, i) => ({
        weights,
        mask: masks![i],
        prune: Math.round(live[i] * (i === trained.length - 1 ? 0.1 : 0.2)),
      })),
    );
  }
}

/** The ticket whose density is nearest, as a ratio. */
export function nearestTicket(tickets: readonly Ticket[], density: number): Ticket {
  const distance = (ticket: Ticket) => Math.abs(Math.log(ticket.density / density));
  return tickets.reduce((a, b) => distance(b) < distance(a) ? b : a);
}

/** Milliseconds per iteration, wall time of one burst, its readback included. */
export async function timeIterations(program: Program, iterations: number): Promise<number> {
  const start = performance.now();
  await program.run([{ iterate: iterations }]);
  return (performance.now() - start) / iterations;
}

/** Milliseconds to evaluate 10,000 examples: the test set's, scaled; the median of rounds. */
export async function timeEvaluation(
  program: Program,
  { test }: Uploaded,
  rounds: number,
): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    await program.run([{ evaluate: "test" }]);
    if (round > 0) times.push(performance.now() - start);
  }
  return median(times) * 10000 / test.count;
}
