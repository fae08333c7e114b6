/**
 * The lottery ticket experiment on LeNet-300-100 (the original's lottery_experiment.py). Takes the
 * examples, a protocol and a place for files; runs every trial level by level, the trials as replicas
 * of one program, then the last level's masks with random weights as a control; gives one summary per
 * run. A run that is finished already is read, not repeated.
 */

import { DatasetBase } from "../foundations/dataset_base.ts";
import { experiment, type LevelStart } from "../foundations/experiment.ts";
import { density, type Masks } from "../foundations/masks.ts";
import { ModelFc } from "../foundations/model_fc.ts";
import * as paths from "../foundations/paths.ts";
import { pruneByPercent } from "../foundations/pruning.ts";
import type { ModelBase } from "../foundations/model.ts";
import { readRecord, restoreRun, saveRun } from "../foundations/run_files.ts";
import type { RunQueue, TrainRequest } from "../foundations/run_queue.ts";
import { runKey } from "../foundations/seeds.ts";
import { earlyStop, iterationsOf, train } from "../foundations/trainer.ts";
import type { Curves } from "../engine/mod.ts";
import { InputError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";
import { networkDigest } from "./digest.ts";
import type { LoadedDataset } from "./load_dataset.ts";
import type { Protocol } from "./protocols.ts";
import {
  configDifferences,
  optimizerOf,
  RUN_FORMAT,
  type RunConfig,
  type RunKind,
} from "./run_config.ts";

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

/** A finished run in figures. Accuracies are fractions of the test set. */
export interface RunSummary {
  kind: RunKind;
  trial: number;
  level: number;
  folder: string;
  /** Whether it was finished before this experiment started. */
  found: boolean;
  live: number;
  total: number;
  /** Weights remaining, the paper's Pm. */
  percent: number;
  /** Iteration of the smallest validation loss; null without a validation split. */
  earlyStopIteration: number | null;
  earlyStopAccuracy: number | null;
  finalAccuracy: number;
}

/** Name and number of the control's runs, as in the original: reinit1. */
const CONTROL = { name: "reinit", run: 1 };

/** See the head of this file: open, then run. */
export class LotteryExperiment {
  readonly #summaries: RunSummary[] = [];
  #finished = 0;

  private constructor(
    private readonly options: LotteryOptions,
    private readonly start: { presets: string | null; masks: string | null },
  ) {}

  /**
   * Looks at the folders before anything is trained.
   *
   * @throws InputError if they hold runs of another configuration (unless `overwrite`)
   */
  static async open(options: LotteryOptions): Promise<LotteryExperiment> {
    const { presets, masks } = options.start ?? {};
    const lottery = new LotteryExperiment(options, {
      presets: presets ? await networkDigest(presets) : null,
      masks: masks ? await networkDigest(masks) : null,
    });
    for (const trial of options.protocol.trials) await lottery.#checkFolder(trial);
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
    const trial = protocol.trials[0];
    const dataset = this.#dataset(trial, 0, 0);
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
    const { queue, protocol } = this.options;
    const masks = await queue.all(protocol.trials.map((trial) => () => this.#trial(trial)));
    if (this.#hasControl) {
      await queue.all(protocol.trials.map((trial, i) => () => this.#control(trial, masks[i])));
    }
    return this.#summaries;
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
      makeDataset: (level) => this.#dataset(trial, level, 0),
      makeModel: (_level, dataset, from) =>
        this.#model(
          dataset,
          from,
          (layer) => runKey({ seed: this.options.seed, purpose: "init", trial, layer }),
        ),
      trainModel: (level, dataset, model) =>
        this.#train({ kind: "ticket", trial, level, run: 0 }, dataset, model),
      pruneMasks: (masks, final) => pruneByPercent(queue.gpu, protocol.prunePercents, masks, final),
    });
    return results.at(-1)!.masks;
  }

  /** Trains the last level's masks with newly drawn weights. */
  async #control(trial: number, masks: Masks): Promise<void> {
    const level = this.options.protocol.levels, { run } = CONTROL;
    const dataset = this.#dataset(trial, level, run);
    const model = this.#model(
      dataset,
      { masks },
      (layer) => runKey({ seed: this.options.seed, purpose: "reinit", trial, level, run, layer }),
    );
    await this.#train({ kind: "reinit", trial, level, run }, dataset, model);
  }

  #dataset(trial: number, level: number, run: number): DatasetBase {
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
    const hidden = this.options.protocol.layers.map((units): [number, "relu"] => [units, "relu"]);
    const layers: [number, "relu" | null][] = [...hidden, [dataset.classes, null]];
    return new ModelFc({ layers }, dataset.features, { ...start, keyFor });
  }

  /** Trains and saves a run, or reads it if it is finished. */
  async #train(
    id: { kind: RunKind; trial: number; level: number; run: number },
    dataset: DatasetBase,
    model: ModelBase,
  ) {
    const { storage, queue, onStart } = this.options;
    const { gpu } = queue;
    const folder = this.#folder(id);
    const config = this.#config(id, model);
    const record = await readRecord(storage, folder);
    if (record) {
      this.#refuseOther(folder, record.config, config);
      const saved = await restoreRun(storage, folder);
      this.#report(id, folder, saved, true);
      return saved;
    }
    onStart?.(id);
    const name = `${id.kind}, trial ${id.trial}, level ${id.level}`;
    const trained = await train(queue, this.#request(model, dataset), name);
    await saveRun(storage, folder, trained, { format: RUN_FORMAT, config, adapter: gpu.adapter });
    this.#report(id, folder, trained, false);
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

  #folder({ kind, trial, level, run }: {
    kind: RunKind;
    trial: number;
    level: number;
    run: number;
  }): string {
    const parent = this.options.trialFolder(trial);
    return kind === "ticket"
      ? paths.run(parent, level, this.options.experimentName)
      : paths.run(parent, level, CONTROL.name, `${run}`);
  }

  #config(
    id: { kind: RunKind; trial: number; level: number; run: number },
    model: ModelBase,
  ): RunConfig {
    const { protocol, data, seed, permuteLabels = false, trainOrderSeed = null } = this.options;
    return {
      ...id,
      seed,
      layers: model.layers,
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

  /**
   * Looks at every level of a trial's folder, later ones than this experiment's too: runs of another
   * configuration are removed with `overwrite`, else refused before anything is trained.
   */
  async #checkFolder(trial: number): Promise<void> {
    const { storage, overwrite, trialFolder } = this.options;
    const model = this.#model(this.#dataset(trial, 0, 0), this.options.start ?? {}, () => [0, 0]);
    for (const entry of await storage.list(trialFolder(trial))) {
      if (!entry.isDirectory || !/^\d+$/.test(entry.name)) continue;
      const level = Number(entry.name);
      for (const kind of ["ticket", "reinit"] as const) {
        const id = { kind, trial, level, run: kind === "ticket" ? 0 : CONTROL.run };
        const folder = this.#folder(id);
        const record = await readRecord(storage, folder);
        if (!record) continue;
        const config = this.#config(id, model);
        const isSame = configDifferences(record.config, config).length === 0;
        if (isSame) this.#finished += this.#isPlanned(id) ? 1 : 0;
        else if (overwrite) await storage.remove(folder);
        else this.#refuseOther(folder, record.config, config);
      }
    }
  }

  #isPlanned({ kind, level }: { kind: RunKind; level: number }): boolean {
    const { levels } = this.options.protocol;
    return kind === "ticket" ? level <= levels : this.#hasControl && level === levels;
  }

  #refuseOther(folder: string, before: unknown, now: RunConfig): void {
    const differences = configDifferences(before, now);
    if (differences.length === 0) return;
    const shown = differences.slice(0, 4).join("; ");
    const more = differences.length > 4 ? `; and ${differences.length - 4} more` : "";
    throw new InputError(
      `${folder} holds a run of a different experiment (${shown}${more}); ` +
        "choose another folder or experiment name, or pass --overwrite to replace it",
    );
  }

  #report(
    { kind, trial, level }: { kind: RunKind; trial: number; level: number },
    folder: string,
    { masks, curves }: { masks: Masks; curves: Curves },
    found: boolean,
  ): void {
    const { live, total, percent } = density(masks);
    const stop = earlyStop(curves);
    const at = (iteration: number) =>
      curves.test.findLast((point) => point.iteration <= iteration)?.accuracy ?? 0;
    const summary: RunSummary = {
      kind,
      trial,
      level,
      folder,
      found,
      live,
      total,
      percent,
      earlyStopIteration: stop?.iteration ?? null,
      earlyStopAccuracy: stop && at(stop.iteration),
      finalAccuracy: curves.test.at(-1)?.accuracy ?? 0,
    };
    this.#summaries.push(summary);
    this.options.onRun?.(summary);
  }
}
