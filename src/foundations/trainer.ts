/**
 * Trains one run (the original's trainer.train). A run always trains to its end; the early-stop
 * iteration is found afterwards.
 */

import {
  type Curves,
  type KernelKind,
  type OptimizerSpec,
  stateCount,
  type TrainingState,
} from "../engine/mod.ts";
import { DivergedError, InputError } from "../errors.ts";
import type { DatasetBase } from "./dataset_base.ts";
import type { ModelBase } from "./model.ts";
import type { Network } from "../models/network.ts";
import type { MaskStep } from "../models/mask_history.ts";
import { networkDigest } from "../models/digest.ts";
import { prunableOf } from "../models/parameters.ts";
import { type CheckpointPlace, RunCheckpoints } from "../records/checkpoints.ts";
import { partsField } from "../records/forward_parts.ts";
import { saveRun } from "../records/saved_run.ts";
import {
  checkDynamicRun,
  type Dynamic,
  type DynamicOutcome,
  recordedDynamic,
  trainDynamic,
} from "./dynamic_training.ts";
import type { RunQueue } from "./queue/run_queue.ts";
import type { KernelsUsed, TrainedRun } from "../records/trained_run.ts";
import type { Storage } from "../storage/storage.ts";
import { batchSizeOf, type TrainOutcome, type TrainRequest } from "./queue/train_request.ts";
import { checkSchedule, type Schedule } from "../engine/schedules.ts";

/** Length of a run: training iterations, or passes over the training set. */
export type TrainingLength = { iterations: number } | { epochs: number };

/** Iterations of a run: an epoch is ceil(examples / batch) of them, the last batch may be short. */
export function iterationsOf(
  length: TrainingLength,
  trainCount: number,
  batchSize: number,
): number {
  if (typeof length !== "object" || length === null) {
    throw new InputError(
      `training length ${String(length)}: give { iterations: 1000 } or { epochs: 5 }`,
    );
  }
  const iterations = "iterations" in length
    ? length.iterations
    : length.epochs * Math.ceil(trainCount / batchSize);
  if (Number.isSafeInteger(iterations) && iterations >= 0) return iterations;
  throw new InputError(`training length of ${iterations} iterations: give an integer, 0 or more`);
}

/** Version of the form of the run.json that `train` writes. */
const RECORD_FORMAT = "lottery-ticket library run 1";

/** Options of `train`. */
export interface TrainOptions {
  /** The network to train. */
  model: ModelBase;
  /** The examples. */
  dataset: DatasetBase;
  /** The update rule. */
  optimizer: OptimizerSpec;
  /** How the learning rate changes. Default: not at all. */
  schedule?: Schedule;
  /** Iterations of the schedule, where the run is a part of a longer one. Default: all. */
  scheduleLength?: number;
  /** Iteration at which the run begins: data order and schedule continue there. Default: 0. */
  start?: number;
  /** Examples per iteration; the last batch of an epoch may be shorter. */
  batchSize: number;
  /** How long; with `start`, up to which iteration. */
  length: TrainingLength;
  /** Iterations between two evaluations on the validation split; null for none. Default: null. */
  validateInterval?: number | null;
  /** The same for the test set. */
  testInterval?: number | null;
  /** How the kernels store the network; decides last bits. Default: as the queue finds faster. */
  kernels?: KernelKind;
  /**
   * Parts in which dense kernels make the first layer's sums; decides last bits. Default: as the
   * queue finds faster.
   */
  forwardParts?: number;
  /** Changes the masks as the run is trained, by the dense kernels. Default: they stay. */
  dynamic?: Dynamic;
  /** Receives new points of its curves as training advances, to show them. */
  onPoints?: (points: Curves) => void;
  /** Receives its weights by layer after some iterations, about once a second, to show them. */
  onWeights?: TrainRequest["onWeights"];
  /** Names the run in error messages: "ticket, trial 1, level 3". */
  name?: string;
  /** Where to keep checkpoints and to look for one to resume from. Default: `output`. */
  checkpoints?: CheckpointPlace;
  /**
   * Where to save the finished run (the original's output_dir): weights, masks, logs, summaries,
   * and run.json with all that decided it. Default: nowhere.
   */
  output?: RunOutput;
}

/** A folder for a run. */
export interface RunOutput {
  /** Where files are kept. */
  storage: Storage;
  /** The folder of the run itself; what it holds of another run is replaced. */
  folder: string;
}

/** The request to the queue. */
export function trainRequest(options: TrainOptions): TrainRequest {
  const { model, dataset, optimizer, schedule, batchSize, length, start = 0 } = options;
  const { validateInterval = null, testInterval = null, onPoints, onWeights } = options;
  const iterations = iterationsOf(length, dataset.trainCount, batchSize);
  if (!(Number.isSafeInteger(start) && start >= 0 && start <= iterations)) {
    throw new InputError(
      `training from iteration ${start} to ${iterations}: give a start from 0 to ${iterations}`,
    );
  }
  const plan = { ...(start > 0 && { start }), iterations, validateInterval, testInterval };
  const { scheduleLength = iterations } = options;
  if (schedule) checkSchedule(schedule, scheduleLength);
  const told = { onPoints, ...(onWeights && { onWeights }) };
  return { model, dataset, optimizer, schedule, scheduleLength, batchSize, plan, ...told };
}

/**
 * Trains one run on the queue, to its end; those that are started at the same time are trained
 * together.
 *
 * ```ts
 * import { adamSpec, DatasetMnist, earlyStop, makeSyntheticDigits } from "lottery-tickets";
 * import { ModelFc, openGpu, RunQueue, train } from "lottery-tickets";
 * import { assert } from "@std/assert";
 *
 * const gpu = await openGpu();
 * const queue = new RunQueue(gpu);
 * const digits = await makeSyntheticDigits({ seed: 1, trainCount: 2000, testCount: 500 });
 * const dataset = new DatasetMnist(digits, { normalization: "unit", validationSize: 500 });
 * const { curves } = await train(queue, {
 *   model: new ModelFc({ layers: [[50, "relu"], [10, null]] }, dataset.features),
 *   dataset,
 *   optimizer: adamSpec(1.2e-3),
 *   batchSize: 60,
 *   length: { epochs: 4 },
 *   validateInterval: 25,
 *   testInterval: 25,
 * });
 * assert(earlyStop(curves)!.accuracy > 0.5);
 * await queue.destroy();
 * gpu.destroy();
 * ```
 *
 * @throws DivergedError naming the first iteration whose loss is not finite
 * @throws InputError, CapacityError if the network, the examples and the sizes do not fit together
 *   or on the device
 */
export async function train(queue: RunQueue, options: TrainOptions): Promise<TrainedRun> {
  const { model, optimizer, dynamic, name = "run", output } = options;
  // A model that forgot to would drop masks and presets of layers that it does not have.
  model.finish();
  const asked = trainRequest(options), { prunedWeights, layers } = model;
  const batchSize = batchSizeOf(asked);
  const kernels = options.kernels ??
    (dynamic
      ? "dense"
      : queue.kernelsFor(model.masks, optimizer, prunedWeights, layers, batchSize));
  const forwardParts = queue.forwardPartsFor(kernels, layers, batchSize, options.forwardParts);
  const request: TrainRequest & KernelsUsed = { ...asked, kernels, forwardParts };
  const { iterations } = request.plan;
  if (dynamic) checkDynamicRun(dynamic, model, kernels, iterations);
  const config = { ...configOf(request), ...(dynamic && { dynamic: recordedDynamic(dynamic) }) };
  const place = options.checkpoints ?? (output && { ...output, config });
  const checkpoints = place && new RunCheckpoints(
    place,
    await networkDigest(model.masks, model.weights, model.biases),
    () => queue.gpu.adapter,
  );
  const restored = await checkpoints
    ?.restore(model.parameters, stateCount(optimizer), dynamic !== undefined);
  if (restored) {
    request.resumeFrom = restored.state;
    // A run keeps to the kernels that it began with.
    request.kernels = restored.kernels;
    request.forwardParts = restored.forwardParts;
  }
  const onCheckpoint = checkpoints &&
    ((state: TrainingState, history?: readonly MaskStep[]) =>
      checkpoints.save(state, request, history));
  const outcome: TrainOutcome & Partial<DynamicOutcome> = dynamic
    ? await trainDynamic(queue, { ...request, dynamic, history: restored?.history, onCheckpoint })
    : await queue.train({ ...request, onCheckpoint: onCheckpoint && ((s) => onCheckpoint(s)) });
  const { curves, divergedAt, final, masks, history } = outcome;
  const isFinite = final.every(({ weights, biases }) =>
    weights.every(Number.isFinite) && biases.every(Number.isFinite)
  );
  if (divergedAt !== null || !isFinite) {
    const iteration = divergedAt ?? iterations;
    throw new DivergedError(
      `${name}: training diverged, the loss is not finite at iteration ${iteration}` +
        (iteration === 0 ? ", before the first update; " : "; ") + adviceFor(iteration, options),
      iteration,
    );
  }
  const run: TrainedRun = {
    layers: model.layers,
    initial: model.weights,
    initialBiases: model.biases,
    final: networkOf(model, final.map(({ weights }) => weights)),
    finalBiases: networkOf(model, final.map(({ biases }) => biases), false),
    masks: masks ? networkOf(model, masks) : model.masks,
    ...(history && { history }),
    iterations,
    kernels: request.kernels,
    forwardParts: request.forwardParts,
    adapters: checkpoints?.adapters ?? [{ iteration: 0, adapter: queue.gpu.adapter }],
    curves,
  };
  if (output) {
    const { storage, folder } = output;
    const record = { format: RECORD_FORMAT, config, ...kernelsAndAdapters(run) };
    await saveRun(storage, folder, run, record);
  }
  return run;
}

/** Arrays of the layers with weights by name, in the shapes of their weights or biases. */
function networkOf(
  { parameters }: ModelBase,
  arrays: readonly Float32Array[],
  areWeights = true,
): Network {
  const names = prunableOf(parameters).map(({ name }) => name);
  return Object.fromEntries(
    parameters.filter(({ isPrunable }) => isPrunable === areWeights).map(({ name, shape }) => {
      return [name, { shape: [...shape], data: arrays[names.indexOf(name)] }];
    }),
  );
}

/** Inputs above this are not what networks are trained on. */
const LARGE_INPUT = 1000;

/** The change that keeps a loss finite. Before the first update, a smaller step would not help. */
function adviceFor(iteration: number, { optimizer, dataset }: TrainOptions): string {
  const { train, test } = dataset.sets;
  let largest = 0;
  for (const { inputs } of [train, test]) {
    if (inputs instanceof Uint8Array) continue;
    for (let i = 0; i < inputs.length; i++) largest = Math.max(largest, Math.abs(inputs[i]));
  }
  const scale = largest > LARGE_INPUT ? `scale the inputs down, the largest is ${largest}` : null;
  if (iteration === 0) {
    return scale ?? "use smaller initial weights";
  }
  const rate = `use a learning rate below ${optimizer.learningRate}`;
  return scale === null ? rate : `${scale}, or ${rate}`;
}

/**
 * The fields of a record that say how a run was trained: the kernels, the parts of their sums where
 * there are several, the adapter, and the earlier ones where there were some.
 */
export function kernelsAndAdapters({ kernels, forwardParts, adapters }: TrainedRun) {
  const { adapter } = adapters.at(-1)!, how = { kernels, ...partsField(forwardParts) };
  return adapters.length === 1 ? { ...how, adapter } : { ...how, adapter, adapters };
}

/** All that decides the run beside its initial weights and masks, which are files. */
function configOf(request: TrainRequest) {
  const { model, dataset, optimizer, schedule, scheduleLength, batchSize, plan } = request;
  const { sets, normalization, trainCount, validationCount, features, classes } = dataset;
  const { orderKey, splitKey, labelMap, augment, augmentKey } = dataset;
  return {
    layers: model.layers,
    ...(model.prunedWeights === "initial" && { prunedWeights: model.prunedWeights }),
    optimizer,
    ...(schedule && { schedule }),
    ...(schedule && scheduleLength !== plan.iterations && { scheduleLength }),
    batchSize,
    ...plan,
    dataset: {
      name: sets.name,
      trainCount,
      validationCount,
      testCount: sets.test.count,
      features,
      classes,
      normalization,
      orderKey,
      splitKey,
      labelMap: labelMap && [...labelMap],
      ...(augment && { augment: augment.names, augmentKey }),
    },
  };
}
