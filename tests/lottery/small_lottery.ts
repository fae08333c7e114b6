/**
 * A lottery experiment that takes a moment, in this process and on any Storage: two levels and the
 * control, of one trial unless more are asked for. Trainings that were done once are remembered
 * with their checkpoints, since the tests that use it are about files.
 */

import { assertEquals } from "@std/assert";
import type { OptimizerKind } from "../../src/engine/optimizers.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { networkDigest } from "../../src/models/digest.ts";
import type { Network } from "../../src/models/network.ts";
import { RunQueue } from "../../src/foundations/queue/run_queue.ts";
import type { TrainingState } from "../../src/engine/mod.ts";
import { findTickets, planControls } from "../../src/lottery/control_experiment.ts";
import { firstError, type Job, runJobs } from "../../src/runs/job.ts";
import { Locks } from "../../src/runs/locks.ts";
import { openLottery } from "../../src/lottery/lottery_experiment.ts";
import { openPlannedRuns } from "../../src/lottery/planned_runs.ts";
import type { RunPolicy } from "../../src/runs/folder_state.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import type { TrainOutcome, TrainRequest } from "../../src/foundations/queue/train_request.ts";
import type { ControlKind } from "../../src/records/kinds.ts";
import { defaultPercents, type Protocol } from "../../src/lottery/protocols.ts";
import type { RunEvents } from "../../src/runs/provide.ts";
import { pruningOf, rewindingOf, settingsFor } from "../../src/lottery/settings.ts";
import type { LoadedDataset } from "../../src/datasets/load_dataset.ts";
import { openReplays, readReplaySource } from "../../src/runs/replay.ts";
import { NOTHING_GIVEN } from "../../src/runs/config.ts";

/** Of these sizes the files are small and every layer has weights to prune. */
const FEATURES = 6, CLASSES = 3, TRAIN = 40, TEST = 20;

function examples(count: number, features = FEATURES) {
  const stream = new RandomStream([count, 1]);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % CLASSES);
  const inputs = Uint8Array.from(
    { length: count * features },
    (_, i) => 80 * labels[Math.floor(i / features)] + stream.integerBelow(90),
  );
  return { inputs, labels, count, features };
}

/** Its examples, and what run.json says of them. */
export const DATA: LoadedDataset = {
  sets: { name: "custom", classes: CLASSES, train: examples(TRAIN), test: examples(TEST) },
  record: {
    name: "custom",
    trainCount: TRAIN,
    testCount: TEST,
    shape: [FEATURES],
    classes: CLASSES,
    sha256: "of no file",
  },
};

/** Coloured images of 6×6 pixels, of the same classes. */
export const IMAGES: LoadedDataset = {
  sets: {
    ...{ name: "custom", classes: CLASSES, imageShape: [6, 6, 3] },
    ...{ train: examples(TRAIN, 108), test: examples(TEST, 108) },
  },
  record: { ...DATA.record, shape: [6, 6, 3], sha256: "of no file of images" },
};

/** The folder of the experiment. */
export const EXPERIMENT = "experiment";

/** The choices. */
export interface SmallOptions {
  policy?: RunPolicy;
  onNotice?: (line: string) => void;
  seed?: number;
  trials?: number[];
  learningRate?: number;
  optimizer?: OptimizerKind;
  weightDecay?: number;
  levels?: number;
  criterion?: Protocol["criterion"];
  scope?: Protocol["scope"];
  rewind?: Protocol["rewind"];
  rewindLearningRate?: Protocol["rewindLearningRate"];
  iterationsPerLevel?: Protocol["iterationsPerLevel"];
  prunedWeights?: Protocol["prunedWeights"];
  pruneAt?: Protocol["pruneAt"];
  scoreBatches?: number;
  dynamic?: Protocol["dynamic"];
  schedule?: Protocol["schedule"];
  survivors?: Protocol["survivors"];
  oneShot?: boolean;
  /** Default: one of 5 units. */
  layers?: Protocol["layers"];
  normalization?: Protocol["normalization"];
  augment?: Protocol["augment"];
  data?: LoadedDataset;
  keepScores?: boolean;
  experimentName?: string;
  onPruned?: RunEvents["onPruned"];
  onStart?: RunEvents["onStart"];
  onRun?: RunEvents["onRun"];
}

/** Carries the experiment out; throws what the command line would report. */
export async function runSmallLottery(
  storage: Storage,
  queue: RunQueue,
  options: SmallOptions = {},
): Promise<void> {
  await withLocks(storage, async (locks) => {
    await carryOut(queue, await openSmallLottery(storage, queue, locks, options));
  });
}

/** The experiment, ready to be carried out. */
export async function openSmallLottery(
  storage: Storage,
  queue: RunQueue,
  locks: Locks,
  {
    policy = POLICY,
    onNotice = () => {},
    seed = 0,
    trials = [1],
    learningRate = 0.01,
    optimizer = "adam",
    weightDecay = 0,
    levels = 1,
    oneShot = false,
    layers = [5],
    normalization = "unit",
    augment = [],
    data = DATA,
    criterion = "magnitude",
    scope = "layer",
    pruneAt = "end",
    scoreBatches = 2,
    dynamic = null,
    rewind = { iterations: 0 },
    rewindLearningRate = { iterations: 0 },
    iterationsPerLevel = null,
    prunedWeights = "zero",
    schedule = "constant",
    survivors = "rewind",
    keepScores = false,
    experimentName = "same_init",
    onPruned,
    onStart,
    onRun,
  }: SmallOptions = {},
): Promise<Job> {
  const protocol: Protocol = {
    dataset: "auto",
    layers,
    initializer: "glorot",
    normalization,
    augment,
    optimizer: { kind: optimizer },
    learningRate,
    momentum: 0,
    weightDecay,
    ...{ schedule, warmup: 0, gamma: 0.1, milestones: schedule === "steps" ? [5, 12] : [] },
    batchSize: 8,
    validationSize: 10,
    trainingLength: { iterations: 20 },
    levels,
    ...{ criterion, scope, rewind, rewindLearningRate, iterationsPerLevel, survivors },
    ...{ prunedWeights, pruneAt, scoreBatches },
    ...{ dynamic, dynamicInterval: 4, dynamicFraction: 0.3 },
    prunePercents: layers.length === 1 ? { layer0: 0.2, layer1: 0.1 } : defaultPercents(layers),
    testInterval: 10,
    validateInterval: 10,
    trials,
  };
  const settings = settingsFor({ protocol, data, seed });
  return await openLottery({
    ...{ storage, queue, locks, policy, protocol, settings, data },
    tickets: {
      ...pruningOf(protocol, oneShot),
      ...{ rewind: rewindingOf(protocol, settings), start: NOTHING_GIVEN },
      ...(prunedWeights === "initial" && { prunedWeights }),
    },
    trialFolder: (trial) => `${EXPERIMENT}/trial${trial}`,
    ...{ experimentName, keepScores },
    events: { onNotice, onStart, onRun, onPruned },
  });
}

/** Trains a control of each ticket of the finished experiment; returns their folders. */
export async function runSmallControls(
  storage: Storage,
  queue: RunQueue,
  { policy = POLICY, onNotice = () => {}, kinds = ["reinit"], controlLevels: levels, data = DATA }:
    & Pick<SmallOptions, "policy" | "onNotice" | "data">
    & { kinds?: readonly ControlKind[]; controlLevels?: number[] } = {},
): Promise<string[]> {
  const folders: string[] = [];
  await withLocks(storage, async (locks) => {
    const place = { storage, experimentPath: EXPERIMENT, experimentName: "same_init" };
    const tickets = await findTickets(place, { levels });
    await locks.takeFolder(`${EXPERIMENT}/trial1`);
    const context = { queue, sets: data.sets };
    const runs = await planControls(place, { kinds, runs: [2] }, tickets, context);
    folders.push(...runs.map(({ folder }) => folder));
    await carryOut(
      queue,
      await openPlannedRuns({
        storage,
        queue,
        sets: data.sets,
        runs,
        policy,
        locks,
        events: { onNotice },
      }),
    );
  });
  return folders;
}

/** Repeats runs and compares every bit. */
export async function assertRepeated(
  storage: Storage,
  queue: RunQueue,
  folders: readonly string[],
  data: LoadedDataset = DATA,
): Promise<void> {
  const sources = await Promise.all(folders.map((folder) => readReplaySource(storage, folder)));
  const job = await openReplays({ storage, queue, data, sources });
  await carryOut(queue, job);
  assertEquals(job.results.flatMap(({ different }) => different), []);
}

const POLICY: RunPolicy = { overwrite: false, resume: true };

/** Does some work with locks of its own. */
export async function withLocks(
  storage: Storage,
  work: (locks: Locks) => Promise<void>,
): Promise<void> {
  const since = "2026-01-01T00:00:00.000Z";
  const locks = new Locks(storage, { pid: 1, host: "here", since, command: "test" });
  try {
    await work(locks);
  } finally {
    await locks.release();
  }
}

async function carryOut(queue: RunQueue, job: Job): Promise<void> {
  const [errors] = await runJobs(queue, [job]);
  if (errors.length > 0) throw firstError(errors);
}

/** A queue that trains each network from each state once, and knows the outcome from then on. */
export class RememberingQueue extends RunQueue {
  readonly #outcomes = new Map<string, { states: TrainingState[]; outcome: TrainOutcome }>();

  override async train(request: TrainRequest): Promise<TrainOutcome> {
    const { model, dataset, resumeFrom: from } = request;
    const values = (from?.layers ?? []).flatMap((
      { optimizer, ...layer },
    ) => [layer, ...optimizer]);
    const state: Network = Object.fromEntries(
      values.flatMap(({ weights, biases }, i) => [
        [`weights${i}`, { shape: [weights.length], data: weights }],
        [`biases${i}`, { shape: [biases.length], data: biases }],
      ]),
    );
    request.masks?.forEach((data, i) => state[`masks${i}`] = { shape: [data.length], data: data });
    const digest = await networkDigest(model.masks, model.weights, model.biases, state);
    const { plan, optimizer, schedule, batchSize, kernels } = request;
    const { orderKey, splitKey, labelMap, augment, augmentKey } = dataset;
    const start = [from?.iteration, from?.curves];
    const key = JSON.stringify([
      ...[
        digest,
        orderKey,
        splitKey,
        labelMap,
        augment,
        augmentKey,
        plan,
        optimizer,
        schedule,
        batchSize,
        kernels,
        start,
      ],
    ]);
    const known = this.#outcomes.get(key);
    if (known) {
      for (const state of known.states) await request.onCheckpoint?.(state);
      return structuredClone(known.outcome);
    }
    const states: TrainingState[] = [];
    const onCheckpoint = async (state: TrainingState) => {
      states.push(structuredClone(state));
      await request.onCheckpoint?.(state);
    };
    const outcome = await super.train({ ...request, onCheckpoint });
    this.#outcomes.set(key, { states, outcome: structuredClone(outcome) });
    return outcome;
  }
}

/** Every file under a folder, as text with one character per byte, by path. */
export async function readFiles(storage: Storage, folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { name, isDirectory } of await storage.list(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) {
      for (const [key, text] of await readFiles(storage, path)) files.set(key, text);
    } else files.set(path, new TextDecoder("latin1").decode(await storage.read(path)));
  }
  return files;
}

/** A copy of the files under a folder. */
export async function copyOf(storage: Storage, folder: string): Promise<MemoryStorage> {
  const copy = new MemoryStorage();
  for (const path of (await readFiles(storage, folder)).keys()) {
    await copy.write(path, await storage.read(path));
  }
  return copy;
}
