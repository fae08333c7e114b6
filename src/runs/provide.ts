/**
 * Provides runs, the one way by which every task trains: a run that is finished and whole is read,
 * one that is damaged is moved aside, and what is left to do is trained and saved.
 */

import type { Curves } from "../engine/mod.ts";
import type { ExampleSets } from "../datasets/examples.ts";
import type { KernelKind } from "../engine/mod.ts";
import type { ModelBase } from "../foundations/model.ts";
import type { RunQueue } from "../foundations/queue/run_queue.ts";
import type { Scope } from "../foundations/pruning/pruning.ts";
import type { Scores } from "../foundations/pruning/selection.ts";
import { train } from "../foundations/trainer.ts";
import type { Masks } from "../models/masks.ts";
import type { Network } from "../models/network.ts";
import { type FinishedRun, readResults } from "../records/finished_run.ts";
import { restoreRun, restoreStartMasks, type SavedRun } from "../records/saved_run.ts";
import { inOrder, type RunId, type StartedRun } from "../records/run_id.ts";
import { resultsOf } from "../records/trained_run.ts";
import type { Storage } from "../storage/storage.ts";
import { datasetOf, finishedOf, trainOptionsOf } from "./from_config.ts";
import type { Locks } from "./locks.ts";
import {
  inspectConfigured,
  makeRoom,
  putAside,
  type RunPolicy,
  saveConfigured,
  tidyFinished,
} from "./folder_state.ts";
import { type RunConfig, upgraded } from "./schema.ts";
import { configDifferences } from "./config.ts";
import { parametersOf, prunableOf } from "../models/parameters.ts";

/** A pruning: the scores that decided it, what lived before and what was left. */
export interface ScoredPruning {
  trial: number;
  /** The level whose weights were scored, and the one that `after` is of. */
  level: number;
  next: number;
  scope: Scope;
  /** By layer, (inputs, units), of layers that lose weights; those with the largest stay. */
  scores: Scores;
  before: Masks;
  after: Masks;
}

/** Weights of each layer, (inputs, units), by its name. */
export type TrainedWeights = Readonly<Record<string, Float32Array>>;

/** Receives what happens to the runs of a job. */
export interface RunEvents {
  /** Lines that the user must read: damaged runs, checkpoints that cannot be used. */
  onNotice(line: string): void;
  /** A run begins to wait for the GPU. */
  onStart?(run: StartedRun): void;
  /** New points of a run's curves, as it is trained. */
  onPoints?(run: RunId, points: Curves): void;
  /** A run's weights after some iterations, about once a second; lent for the call. */
  onWeights?(run: RunId, iteration: number, weights: TrainedWeights): void;
  /** A run is finished, or was found so. */
  onRun?(run: FinishedRun): void;
  /** Masks were made by scores; the arrays are lent for as long as the call lasts. */
  onPruned?(pruning: ScoredPruning): void;
}

/** A run to be. */
export interface PlannedRun {
  folder: string;
  config: RunConfig;
  /** Makes the network when its turn comes, so that few are in memory at once. */
  model(): ModelBase | Promise<ModelBase>;
}

/** Where runs are kept and trained. */
export interface ProvideOptions {
  storage: Storage;
  queue: RunQueue;
  sets: ExampleSets;
  /** How to treat folders that hold runs already. */
  policy: RunPolicy;
  /** Holds the run's folder while it is trained; absent where a folder above it is held. */
  locks?: Locks;
  events: RunEvents;
  /** Default: as the queue finds faster. */
  kernels?: KernelKind;
  /** The same of the parts of the first layer's sums. */
  forwardParts?: number;
  /** Called with each run that was trained, before it is saved. */
  beforeSave?(config: RunConfig): Promise<void>;
}

/** Provides runs, and keeps count of them. */
export class RunProvider {
  readonly #runs: FinishedRun[] = [];

  constructor(private readonly options: ProvideOptions) {}

  /** The runs that were provided: which of two ends first is chance, so they are put in order. */
  get runs(): FinishedRun[] {
    return this.#runs.toSorted(inOrder);
  }

  /**
   * Provides a run.
   *
   * @throws InputError if its folder holds a run of another configuration, unless it may be
   *   replaced; DivergedError, DeviceLostError, StorageError as training and files do
   */
  async provide(planned: PlannedRun): Promise<void> {
    const find = async () => await this.#find(planned) !== null;
    if (await find()) return;
    const { locks } = this.options;
    // Another process may have finished it before this one got its lock.
    const trainIt = async () => void (locks && await find() || await this.#train(planned));
    await (locks ? locks.whileTraining(planned.folder, trainIt) : trainIt());
  }

  /** Provides a run with its arrays; one that began with another network is trained again. */
  async provideArrays(planned: PlannedRun): Promise<SavedRun> {
    const { storage, events } = this.options, { folder, config } = planned;
    const found = await this.#find(planned, async () => {
      const parameters = parametersOf(config.network.layers);
      const saved = await restoreRun(storage, folder, parameters);
      const { masks, weights } = await planned.model();
      const first = config.dynamic
        ? await restoreStartMasks(storage, folder, parameters)
        : saved.masks;
      if (isSame(first, masks) && isSame(saved.initial, weights)) return saved;
      // A level before it was trained again, elsewhere, and came to other weights.
      const why = `${folder} does not follow from the level before`;
      await putAside(storage, folder, why, events.onNotice);
      return null;
    });
    return found ?? await this.#train(planned);
  }

  /** Reads a run that is finished and whole; null if it is still to be trained. */
  async #find<T = true>(
    { folder, config }: PlannedRun,
    read: () => Promise<T | null> = () => Promise.resolve(true as T),
  ): Promise<T | null> {
    const { storage, policy } = this.options;
    const condition = await inspectConfigured(storage, folder, config, policy);
    if (condition.state !== "finished") return null;
    await tidyFinished(storage, folder);
    const value = await read();
    if (value === null) return null;
    const results = await readResults(storage, folder, condition.record);
    this.#report(
      finishedOf(config, folder, results, true),
    );
    return value;
  }

  async #train(planned: PlannedRun): Promise<SavedRun> {
    const { storage, queue, sets, policy, beforeSave, events } = this.options;
    const { kernels, forwardParts } = this.options;
    const { onNotice, onStart, onPoints, onWeights } = events, { folder, config } = planned;
    const condition = await inspectConfigured(storage, folder, config, policy);
    await makeRoom(storage, folder, condition, onNotice);
    const model = await planned.model();
    const { masks, weights } = model, names = prunableOf(model.parameters).map(({ name }) => name);
    onStart?.({ ...config.id, imageShape: config.dataset.shape, masks, weights });
    const trained = await train(queue, {
      ...trainOptionsOf(config, datasetOf(config, sets), model),
      ...{ ...(kernels && { kernels }), ...(forwardParts && { forwardParts }) },
      onPoints: onPoints && ((points) => onPoints(config.id, points)),
      onWeights: onWeights && ((iteration, layers) => {
        const named = layers.map(({ weights }, i) => [names[i], weights]);
        onWeights(config.id, iteration, Object.fromEntries(named));
      }),
      checkpoints: {
        ...{ storage, folder, config, onNotice },
        isSame: (found) => configDifferences(upgraded(found), config).length === 0,
      },
    });
    await beforeSave?.(config);
    await saveConfigured(storage, folder, config, trained, policy, onNotice);
    this.#report(
      finishedOf(config, folder, resultsOf(trained), false),
    );
    return trained;
  }

  #report(run: FinishedRun): void {
    this.#runs.push(run);
    this.options.events.onRun?.(run);
  }
}

function isSame(a: Network, b: Network): boolean {
  return Object.keys(b).every((name) =>
    a[name]?.data.length === b[name].data.length &&
    a[name].data.every((value, i) => Object.is(value, b[name].data[i]))
  );
}
