/**
 * The lottery ticket experiment on LeNet-300-100 (the original's lottery_experiment.py). Each trial
 * trains level by level, then the last level's masks with random weights as a control; trials train
 * side by side, as replicas of one program. Finished runs are read, not repeated.
 */

import type { DatasetBase } from "../foundations/dataset_base.ts";
import { experiment, type LevelResult, type LevelStart } from "../foundations/experiment.ts";
import type { Masks } from "../models/masks.ts";
import type { ModelFc } from "../foundations/model_fc.ts";
import { pruneByPercent } from "../foundations/pruning.ts";
import type { RunQueue } from "../foundations/run_queue.ts";
import { train } from "../foundations/trainer.ts";
import type { Curves } from "../engine/mod.ts";
import type { Storage } from "../storage/storage.ts";
import { datasetOf, modelOf, trainOptionsOf, workRequestOf } from "../runs/configured_run.ts";
import { networkDigest } from "../foundations/digest.ts";
import type { Job } from "../runs/job.ts";
import type { Locks } from "../runs/locks.ts";
import {
  type RunConfig,
  type RunId,
  type RunSettings,
  type StartedRun,
  ticketConfig,
  ticketId,
} from "../runs/run_config.ts";
import { checkRunNames } from "../runs/output_folder.ts";
import { ownControlId, RunFolders } from "../runs/run_folders.ts";
import { noteOtherAdapters, type RunPolicy } from "../runs/run_store.ts";
import { inOrder, type RunSummary, summarizeRun } from "../runs/run_summary.ts";
import { settingsFor, type SettingsOptions } from "./settings.ts";
import type { WorkRequest } from "../foundations/train_request.ts";

/** What to run and where to keep it. */
export interface LotteryOptions extends SettingsOptions {
  storage: Storage;
  queue: RunQueue;
  /** Folder of a trial. */
  trialFolder: (trial: number) => string;
  experimentName: string;
  /** What level 0 starts from. */
  start?: LevelStart;
  /** Whether to train the last level's masks with random weights too. */
  control?: boolean;
  /** Whether each level is pruned at once, by the final weights of level 0. */
  oneShot?: boolean;
  /** Whether to replace a different experiment of the same name, and to go on with the same. */
  policy: RunPolicy;
  /** Holds the trials' folders. */
  locks: Locks;
  /** Told of damaged runs, and of checkpoints that cannot be used. */
  onNotice: (line: string) => void;
  /** Called when a run begins to wait for the GPU, and when it is finished or found finished. */
  onStart?: (run: StartedRun) => void;
  /** Receives new points of a run's curves as it is trained. */
  onPoints?: (run: RunId, points: Curves) => void;
  onRun?: (summary: RunSummary) => void;
}

/** A lottery experiment as a job: open it, then carry out its tasks. */
export class LotteryExperiment implements Job {
  readonly #summaries: RunSummary[] = [];
  readonly #settings: RunSettings;
  readonly #folders: RunFolders;
  #finished = 0;

  private constructor(
    private readonly options: LotteryOptions,
    private readonly given: Pick<RunConfig, "presets" | "masks" | "oneShot">,
  ) {
    const { storage, trialFolder, experimentName, policy, onNotice } = options;
    this.#settings = settingsFor(options);
    this.#folders = new RunFolders({
      storage,
      trialFolder,
      experimentName,
      policy,
      onNotice,
      configOf: (id, masks) => this.#config(id, masks),
    });
  }

  /**
   * Looks at the sizes and the folders before anything is trained.
   *
   * @throws CapacityError if the network does not fit on the device
   * @throws LockedError if another process works in the folders
   * @throws InputError if the folders hold runs of another configuration (unless `overwrite`)
   * @throws StorageError if they cannot be written
   */
  static async open(options: LotteryOptions): Promise<LotteryExperiment> {
    const { queue, data, protocol: { trials } } = options;
    const { presets, masks } = options.start ?? {};
    const lottery = new LotteryExperiment(options, {
      presets: presets ? await networkDigest(presets) : null,
      masks: masks ? await networkDigest(masks) : null,
      ...(options.oneShot && { oneShot: true as const }),
    });
    const config = lottery.#config(ticketId(trials[0], 0));
    await queue.checkFits(workRequestOf(config, data.sets), lottery.atOnce);
    await checkRunNames(options.storage, lottery.folders);
    for (const trial of trials) {
      await options.locks.takeFolder(options.trialFolder(trial));
      const finished = await lottery.#folders.look(trial);
      lottery.#finished += finished.filter((id) => lottery.#isPlanned(id)).length;
    }
    if (lottery.finishedCount < lottery.runCount) {
      noteOtherAdapters(lottery.#folders.finished, queue.gpu.adapter, options.onNotice);
      for (const trial of trials) await lottery.#folders.checkWritable(trial);
    }
    return lottery;
  }

  get folders(): string[] {
    const { trials, levels } = this.options.protocol;
    return trials.flatMap((trial) => [
      ...Array.from({ length: levels + 1 }, (_, level) => ticketId(trial, level)),
      ...(this.#hasControl ? [ownControlId(trial, levels)] : []),
    ]).map((id) => this.#folders.folderOf(id));
  }

  get runCount(): number {
    return this.folders.length;
  }

  get finishedCount(): number {
    return this.#finished;
  }

  get atOnce(): number {
    const { oneShot, protocol: { trials, levels } } = this.options;
    return trials.length * (oneShot ? Math.max(1, levels) : 1);
  }

  /** The finished runs so far: which of two trials ends first is chance, so they are put in order. */
  get summaries(): RunSummary[] {
    return this.#summaries.toSorted(inOrder);
  }

  get sample(): WorkRequest {
    const config = this.#config(ticketId(this.options.protocol.trials[0], 0));
    return workRequestOf(config, this.options.data.sets);
  }

  /** The trials; they throw DivergedError, DeviceLostError, StorageError as training and files do. */
  tasks(): (() => Promise<void>)[] {
    const { trials, levels } = this.options.protocol;
    return trials.map((trial) => async () => {
      const masks = await this.#tickets(trial);
      if (this.#hasControl) {
        const config = this.#config(ownControlId(trial, levels), await networkDigest(masks));
        const dataset = datasetOf(config, this.options.data.sets);
        await this.#train(config, dataset, modelOf(config, { masks }));
      }
      await this.#folders.removeObsolete(trial);
    });
  }

  get #hasControl(): boolean {
    return (this.options.control ?? true) && this.options.protocol.levels > 0;
  }

  /** Trains the tickets of a trial; gives the masks of its last level. */
  async #tickets(trial: number): Promise<Masks> {
    const { protocol: { levels }, oneShot } = this.options;
    if (oneShot) return await this.#oneShotTickets(trial);
    const results = await experiment({ ...this.#functions(trial), iterations: levels });
    return results.at(-1)!.masks;
  }

  /**
   * The same where level 0 alone decides the masks: the levels are then trained side by side. Pruning the
   * same weights level by level takes as many from each layer as the usual experiment does, and of those
   * that are left always the smallest: the masks of pruning once.
   */
  async #oneShotTickets(trial: number): Promise<Masks> {
    const { protocol: { levels } } = this.options;
    const functions = this.#functions(trial);
    const { makeDataset, makeModel, trainModel, pruneMasks } = functions;
    const [full] = await experiment({ ...functions, iterations: 0 });
    const { initial, initialBiases, final } = full;
    const masks = [full.masks];
    for (let level = 1; level <= levels; level++) {
      masks.push(await pruneMasks({ masks: masks[level - 1], final }));
    }
    const runs = masks.slice(1).map((masks, i) => {
      const level = i + 1, dataset = makeDataset(level);
      const start = { masks, presets: initial, presetBiases: initialBiases };
      return trainModel(level, dataset, makeModel(level, dataset, start));
    });
    const results = await Promise.allSettled(runs);
    for (const result of results) if (result.status === "rejected") throw result.reason;
    return masks[levels];
  }

  /** How a trial's levels are made, trained and pruned. */
  #functions(trial: number) {
    const { queue, protocol, start, data } = this.options;
    const configOf = (level: number) => this.#config(ticketId(trial, level));
    return {
      start,
      makeDataset: (level: number) => datasetOf(configOf(level), data.sets),
      makeModel: (level: number, _dataset: DatasetBase, from: LevelStart) =>
        modelOf(configOf(level), from),
      trainModel: (level: number, dataset: DatasetBase, model: ModelFc) =>
        this.#train(configOf(level), dataset, model),
      pruneMasks: ({ masks, final }: Pick<LevelResult, "masks" | "final">) =>
        queue.onGpu((gpu) => pruneByPercent(gpu, protocol.prunePercents, masks, final)),
    };
  }

  /** Trains and saves a run, or reads it if it is finished. */
  async #train(config: RunConfig, dataset: DatasetBase, model: ModelFc): Promise<LevelResult> {
    const { storage, queue, onStart, onPoints, onNotice } = this.options;
    const saved = await this.#folders.restore(config, model);
    if (saved) {
      this.#report(config, saved, true);
      return saved;
    }
    onStart?.({ ...config, masks: model.masks });
    const trained = await train(queue, {
      ...trainOptionsOf(config, dataset, model),
      onPoints: onPoints && ((points) => onPoints(config, points)),
      checkpoints: { storage, folder: this.#folders.folderOf(config), config, onNotice },
    });
    await this.#folders.save(config, trained);
    this.#report(config, trained, false);
    return trained;
  }

  /** @param masks digest of a control's masks; its network has no other presets than its own */
  #config(id: RunId, masks: string | null = null): RunConfig {
    if (id.kind === "ticket") {
      return ticketConfig(id, this.#settings, this.options.protocol.prunePercents, this.given);
    }
    return { ...id, ...this.#settings, presets: null, masks };
  }

  #isPlanned({ kind, level }: RunId): boolean {
    const { levels } = this.options.protocol;
    return kind === "ticket" ? level <= levels : this.#hasControl && level === levels;
  }

  #report(config: RunConfig, run: { masks: Masks; curves: Curves }, found: boolean): void {
    const summary = summarizeRun(config, this.#folders.folderOf(config), run, found);
    this.#summaries.push(summary);
    this.options.onRun?.(summary);
  }
}
