/**
 * The lottery ticket experiment on LeNet-300-100 (the original's lottery_experiment.py). Takes the
 * examples, a protocol and a place for files; runs every trial level by level, the trials as replicas
 * of one program, then the last level's masks with random weights as a control; gives one summary per
 * run. A run that is finished already is read, not repeated.
 */

import { DatasetBase } from "../foundations/dataset_base.ts";
import { experiment, type LevelResult, type LevelStart } from "../foundations/experiment.ts";
import type { Masks } from "../foundations/masks.ts";
import { type FcHyperparameters, fcLayers, ModelFc } from "../foundations/model_fc.ts";
import { pruneByPercent } from "../foundations/pruning.ts";
import type { ModelBase } from "../foundations/model.ts";
import type { RunQueue, TrainRequest } from "../foundations/run_queue.ts";
import { runKey } from "../foundations/seeds.ts";
import { iterationsOf, train } from "../foundations/trainer.ts";
import type { Activation, Curves, LayerSpec } from "../engine/mod.ts";
import type { Storage } from "../storage/storage.ts";
import { networkDigest } from "./digest.ts";
import type { LoadedDataset } from "./load_dataset.ts";
import type { Protocol } from "./protocols.ts";
import { optimizerOf, type RunConfig, type RunKind } from "./run_config.ts";
import { controlId, RunFolders, type RunId, ticketId } from "./run_folders.ts";
import { inOrder, type RunSummary, summarizeRun } from "./summary.ts";

/** What to run and where to keep it. */
export interface LotteryOptions {
  storage: Storage;
  queue: RunQueue;
  data: LoadedDataset;
  protocol: Protocol;
  seed: number;
  /** Folder of a trial. */
  trialFolder: (trial: number) => string;
  experimentName: string;
  /** What level 0 starts from. */
  start?: LevelStart;
  permuteLabels?: boolean;
  /** Seed of the data order alone, the same in every run; from `seed` if absent. */
  trainOrderSeed?: number;
  /** Whether to train the last level's masks with random weights too. */
  control?: boolean;
  /** Replace a different experiment of the same name instead of refusing. */
  overwrite?: boolean;
  /** Called when a run begins to wait for the GPU, and when it is finished or found finished. */
  onStart?: (run: { kind: RunKind; trial: number; level: number }) => void;
  onRun?: (summary: RunSummary) => void;
}

/** See the head of this file: open, then run. */
export class LotteryExperiment {
  readonly #summaries: RunSummary[] = [];
  readonly #folders: RunFolders;
  #finished = 0;

  private constructor(
    private readonly options: LotteryOptions,
    private readonly start: { presets: string | null; masks: string | null },
  ) {
    const { storage, trialFolder, experimentName, overwrite = false } = options;
    this.#folders = new RunFolders({
      storage,
      trialFolder,
      experimentName,
      overwrite,
      configOf: (id) => this.#config(id),
    });
  }

  /**
   * Looks at the sizes and the folders before anything is trained; changes nothing.
   *
   * @throws CapacityError if the network does not fit on the device
   * @throws InputError if the folders hold runs of another configuration (unless `overwrite`)
   */
  static async open(options: LotteryOptions): Promise<LotteryExperiment> {
    const { presets, masks } = options.start ?? {};
    const lottery = new LotteryExperiment(options, {
      presets: presets ? await networkDigest(presets) : null,
      masks: masks ? await networkDigest(masks) : null,
    });
    const { protocol } = options;
    await options.queue.checkFits({
      model: { layers: lottery.#layers() },
      dataset: lottery.#dataset(ticketId(protocol.trials[0], 0)),
      optimizer: optimizerOf(protocol),
      batchSize: protocol.batchSize,
    });
    for (const trial of protocol.trials) {
      const finished = await lottery.#folders.look(trial);
      lottery.#finished += finished.filter((id) => lottery.#isPlanned(id)).length;
    }
    return lottery;
  }

  /** Runs of the experiment, finished ones included. */
  get runCount(): number {
    const { protocol } = this.options;
    return protocol.trials.length * (protocol.levels + 1 + (this.#hasControl ? 1 : 0));
  }

  /** Runs that were finished before. */
  get finishedCount(): number {
    return this.#finished;
  }

  /** Iterations of each run. */
  get iterations(): number {
    const { protocol, data } = this.options;
    const trainCount = data.sets.train.count - protocol.validationSize;
    return iterationsOf(protocol.trainingLength, trainCount, protocol.batchSize);
  }

  /** Seconds that the runs still to do should take, from a warm-up of some iterations. */
  async expectedSeconds(): Promise<number> {
    const { queue, protocol, start } = this.options;
    const left = this.runCount - this.#finished;
    if (left === 0) return 0;
    const dataset = this.#dataset(ticketId(protocol.trials[0], 0));
    const { replicas, milliseconds } = await queue.measure(
      this.#request(this.#model(dataset, start ?? {}, () => [0, 0]), dataset),
      protocol.trials.length,
    );
    return left / replicas * milliseconds / 1000;
  }

  /**
   * Runs the experiment.
   *
   * @throws DivergedError, DeviceLostError, StorageError as training and files do
   */
  async run(): Promise<RunSummary[]> {
    const { queue, protocol: { trials } } = this.options;
    if (this.#finished < this.runCount) {
      for (const trial of trials) await this.#folders.checkWritable(trial);
    }
    const masks = await queue.all(trials.map((trial) => () => this.#trial(trial)));
    if (this.#hasControl) {
      await queue.all(trials.map((trial, i) => () => this.#control(trial, masks[i])));
    }
    for (const trial of trials) await this.#folders.removeObsolete(trial);
    // Which of two trials ends first is chance.
    return this.#summaries.sort(inOrder);
  }

  get #hasControl(): boolean {
    return (this.options.control ?? true) && this.options.protocol.levels > 0;
  }

  /** Runs one trial; gives the masks of its last level. */
  async #trial(trial: number): Promise<Masks> {
    const { queue, protocol, start } = this.options;
    const results = await experiment({
      start,
      iterations: protocol.levels,
      makeDataset: (level) => this.#dataset(ticketId(trial, level)),
      makeModel: (_level, dataset, from) =>
        this.#model(
          dataset,
          from,
          (layer) => runKey({ seed: this.options.seed, purpose: "init", trial, layer }),
        ),
      trainModel: (level, dataset, model) => this.#train(ticketId(trial, level), dataset, model),
      pruneMasks: (masks, final) => pruneByPercent(queue.gpu, protocol.prunePercents, masks, final),
    });
    return results.at(-1)!.masks;
  }

  /** Trains the last level's masks with newly drawn weights. */
  async #control(trial: number, masks: Masks): Promise<void> {
    const id = controlId(trial, this.options.protocol.levels);
    const dataset = this.#dataset(id);
    const { level, run } = id;
    const model = this.#model(
      dataset,
      { masks },
      (layer) => runKey({ seed: this.options.seed, purpose: "reinit", trial, level, run, layer }),
    );
    await this.#train(id, dataset, model);
  }

  #dataset({ trial, level, run }: RunId): DatasetBase {
    const { data, protocol, seed, trainOrderSeed, permuteLabels } = this.options;
    return new DatasetBase(data.sets, {
      normalization: protocol.normalization,
      validationSize: protocol.validationSize,
      splitKey: runKey({ seed, purpose: "split", trial }),
      labelKey: permuteLabels ? runKey({ seed, purpose: "labels" }) : null,
      orderKey: trainOrderSeed === undefined
        ? runKey({ seed, purpose: "order", trial, level, run })
        : runKey({ seed: trainOrderSeed, purpose: "order" }),
    });
  }

  #model(
    dataset: DatasetBase,
    start: LevelStart,
    keyFor: (layer: number) => readonly [number, number],
  ): ModelFc {
    return new ModelFc(this.#hyperparameters(), dataset.features, { ...start, keyFor });
  }

  #hyperparameters(): FcHyperparameters {
    const { protocol, data } = this.options;
    const hidden = protocol.layers.map((units): [number, Activation] => [units, "relu"]);
    return { layers: [...hidden, [data.sets.classes, null]] };
  }

  #layers(): LayerSpec[] {
    return fcLayers(this.#hyperparameters(), this.options.data.sets.train.features);
  }

  /** Trains and saves a run, or reads it if it is finished. */
  async #train(id: RunId, dataset: DatasetBase, model: ModelBase): Promise<LevelResult> {
    const { queue, onStart } = this.options;
    const saved = await this.#folders.restore(id);
    if (saved) {
      this.#report(id, saved, true);
      return saved;
    }
    onStart?.(id);
    const name = `${id.kind}, trial ${id.trial}, level ${id.level}`;
    const trained = await train(queue, this.#request(model, dataset), name);
    await this.#folders.save(id, trained, queue.gpu.adapter);
    this.#report(id, trained, false);
    return trained;
  }

  #request(model: ModelBase, dataset: DatasetBase): TrainRequest {
    const { protocol } = this.options;
    return {
      model,
      dataset,
      optimizer: optimizerOf(protocol),
      batchSize: protocol.batchSize,
      plan: {
        iterations: this.iterations,
        validateInterval: protocol.validateInterval,
        testInterval: protocol.testInterval,
      },
    };
  }

  #config(id: RunId): RunConfig {
    const { protocol, data, seed, permuteLabels = false, trainOrderSeed = null } = this.options;
    return {
      ...id,
      seed,
      layers: this.#layers(),
      optimizer: optimizerOf(protocol),
      batchSize: protocol.batchSize,
      iterations: this.iterations,
      validationSize: protocol.validationSize,
      validateInterval: protocol.validateInterval,
      testInterval: protocol.testInterval,
      normalization: protocol.normalization,
      prunePercents: protocol.prunePercents,
      dataset: data.record,
      permuteLabels,
      trainOrderSeed,
      ...this.start,
    };
  }

  #isPlanned({ kind, level }: RunId): boolean {
    const { levels } = this.options.protocol;
    return kind === "ticket" ? level <= levels : this.#hasControl && level === levels;
  }

  #report(id: RunId, run: { masks: Masks; curves: Curves }, found: boolean): void {
    const summary = summarizeRun(id, this.#folders.folderOf(id), run, found);
    this.#summaries.push(summary);
    this.options.onRun?.(summary);
  }
}
