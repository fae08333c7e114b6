/**
 * The lottery ticket experiment (the original's lottery_experiment.py). Each trial trains level by
 * level, then the last level's masks with new random weights as a control; trials train side by
 * side, as replicas of one program.
 */

import { InputError } from "../errors.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import type { DatasetBase } from "../foundations/dataset_base.ts";
import { networkDigest } from "../models/digest.ts";
import type { LevelStart } from "../foundations/experiment.ts";
import type { ModelBase } from "../foundations/model.ts";
import type { RunQueue } from "../foundations/queue/run_queue.ts";
import { ownControlId, rewindPointId, type RunId, ticketId } from "../records/run_id.ts";
import { datasetOf, modelOf, workOfRuns, workRequestOf } from "../runs/from_config.ts";
import type { Job } from "../runs/job.ts";
import type { Locks } from "../runs/locks.ts";
import { checkRunNames } from "../runs/output_folder.ts";
import { type RunEvents, RunProvider } from "../runs/provide.ts";
import { parametersOf, prunableOf } from "../models/parameters.ts";
import { checkDynamic } from "../foundations/pruning/dynamic.ts";
import { configOf, ticketConfig, type TicketOptions, trainedPart } from "../runs/config.ts";
import {
  checkExperimentName,
  type ExperimentFolders,
  readTrial,
  runFolder,
  type TrialContents,
} from "../runs/folders.ts";
import { checkWritable, noteOtherAdapters, type RunPolicy } from "../runs/folder_state.ts";
import type { Protocol } from "./protocols.ts";
import type { RunConfig, RunSettings } from "../runs/schema.ts";
import { levelMasks } from "./masks_at_init.ts";
import { pruneScored, scoreWeights } from "../foundations/pruning/pruning.ts";
import { scopeOf } from "../foundations/pruning/pruning_spec.ts";
import { runKey } from "../foundations/seeds.ts";
import { INITIALIZERS } from "../models/initializers.ts";
import { checkRewinding, rewindIteration, rewound } from "../foundations/rewinding.ts";
import { scoresFolder } from "../records/experiments/control_paths.ts";
import { saveScores } from "../records/experiments/kept_scores.ts";
import {
  dynamicMasks,
  lastMasks,
  masksBeforeTraining,
  oneShotMasks,
  type PrunedLevel,
  type TrialFunctions,
} from "./trial_masks.ts";

/** Options of `openLottery`. */
export interface LotteryOptions extends ExperimentFolders {
  queue: RunQueue;
  data: LoadedDataset;
  protocol: Pick<Protocol, "levels" | "trials">;
  settings: RunSettings;
  /** The start of level 0. */
  start?: LevelStart;
  /** Whether to train the last level's masks with random weights too. */
  control?: boolean;
  /** Whether to keep the scores that decide masks; those kept earlier are brought up to date. */
  keepScores?: boolean;
  /** How tickets are pruned and rewound; digests of `start`. */
  tickets: TicketOptions;
  /** Whether to replace a different experiment of the same name, and to continue the same. */
  policy: RunPolicy;
  /** Holds the trials' folders. */
  locks: Locks;
  events: RunEvents;
}

/**
 * Opens a lottery experiment: looks at the sizes and the folders before anything is trained.
 *
 * @throws CapacityError if the network does not fit on the device
 * @throws LockedError if another process works in the folders
 * @throws InputError if the folders hold runs of another configuration (unless `overwrite`)
 * @throws StorageError if they cannot be written
 */
export async function openLottery(options: LotteryOptions): Promise<Job> {
  const { storage, queue, data: { sets }, settings, policy, locks, events } = options;
  const {
    trialFolder,
    protocol: { trials, levels },
    tickets: { start, rewind, prunedWeights, ...pruning },
  } = options;
  const { oneShot } = pruning;
  const { seed, iterations } = settings.training;
  const initializer = INITIALIZERS[settings.network.initializer];
  checkExperimentName(options.experimentName);
  checkRewinding(rewind, iterations);
  if (pruning.dynamic) checkLevels(options);
  const configFor = (id: RunId, masksDigest: string | null): RunConfig => {
    if (id.kind === "ticket") return ticketConfig(id, settings, options.tickets);
    // The run up to the rewind point starts as the lottery does; a control has no other presets
    // than its own.
    const given = id.kind === "rewind_point" ? start : { masks: masksDigest };
    return configOf(id, settings, given, { rewind, prunedWeights });
  };
  const folderOf = (id: RunId) => runFolder(options, id);
  const hasControl = (options.control ?? true) && levels > 0;
  const isRewound = rewindIteration(rewind) > 0;
  const planned = trials.flatMap((trial) => [
    ...(isRewound ? [rewindPointId(trial)] : []),
    ...Array.from({ length: levels + 1 }, (_, level) => ticketId(trial, level)),
    ...(hasControl ? [ownControlId(trial, levels)] : []),
  ]);
  const isPlanned = ({ kind, level }: RunId) =>
    planned.some((id) => id.kind === kind && id.level === level);
  const sample = workRequestOf(configFor(ticketId(trials[0], 0), null), sets);
  const isSideBySide = pruning.at === "init" || pruning.dynamic !== undefined;
  const ofTrial = isSideBySide ? levels + 1 : oneShot ? Math.max(1, levels) : 1;
  const atOnce = trials.length * ofTrial;
  await queue.checkFits(sample, atOnce);
  await checkRunNames(storage, planned.map(folderOf));
  const finished: TrialContents["finished"] = [], obsolete = new Map<number, string[]>();
  for (const trial of trials) {
    await locks.takeFolder(trialFolder(trial));
    const contents = await readTrial(options, trial, configFor, policy);
    finished.push(...contents.finished);
    obsolete.set(trial, contents.obsolete);
  }
  const finishedCount = finished.filter(({ id }) => isPlanned(id)).length;
  const isFinished = (id: RunId) => finished.some(({ id: found }) => isSameRun(found, id));
  const left = planned.filter((id) => !isFinished(id)).map((id) => configFor(id, null));
  if (finishedCount < planned.length) {
    const records = finished.map(({ record }) => record);
    noteOtherAdapters(records, queue.gpu.adapter, events.onNotice);
    for (const trial of trials) await checkWritable(storage, trialFolder(trial));
  }
  // Runs of other experiments in a trial's folder go when its first run is saved, not before.
  const removeObsolete = async ({ trial }: Pick<RunId, "trial">) => {
    for (const folder of obsolete.get(trial) ?? []) await storage.remove(folder);
    obsolete.delete(trial);
  };
  const provider = new RunProvider({
    ...{ storage, queue, sets, policy, events },
    beforeSave: ({ id }) => removeObsolete(id),
  });
  const provide = (id: RunId, model: ModelBase, masks: string | null = null) =>
    provider.provideArrays({
      folder: folderOf(id),
      config: configFor(id, masks),
      model: () => model,
    });
  // Trained once per trial: level 0 continues from its very bits.
  const startAtRewindPoint = async (trial: number): Promise<LevelStart> => {
    const id = rewindPointId(trial);
    const { final, finalBiases } = await provide(
      id,
      modelOf(configFor(id, null), options.start ?? {}),
    );
    return { ...options.start, presets: final, presetBiases: finalBiases };
  };
  const keep = async (trial: number, { level, scores, before }: PrunedLevel) => {
    const folder = scoresFolder(folderOf(ticketId(trial, level)));
    if (!options.keepScores && !await storage.exists(folder)) return;
    await saveScores(storage, folder, scores, before);
  };
  const runTrial = async (trial: number) => {
    const keyFor = (layer: number) => runKey({ seed, purpose: "scores", trial, layer });
    const survivorsKey = (layer: number, level: number) =>
      runKey({ seed, purpose: "survivors", trial, level, layer });
    const ticketOf = (level: number) => configFor(ticketId(trial, level), null);
    const functions: TrialFunctions = {
      start: isRewound ? await startAtRewindPoint(trial) : options.start,
      makeDataset: (level) => datasetOf(ticketOf(level), sets),
      makeModel: (level, _dataset, from) => modelOf(ticketOf(level), from),
      trainModel: async (level, _dataset, model) => ({
        ...await provide(ticketId(trial, level), model),
        level,
      }),
      rewind: (results, masks) => rewound(rewind, results, masks, initializer, survivorsKey),
      score: (result) => scoreWeights(pruning, result, keyFor),
      prune: (masks, scores) => queue.onGpu((gpu) => pruneScored(gpu, pruning, masks, scores)),
      onPruned: (pruned) => events.onPruned?.({ trial, scope: scopeOf(pruning), ...pruned }),
      sideBySide: (parts) => queue.asParticipants(parts),
      keep: (pruned) => keep(trial, pruned),
    };
    const masksBefore = async (model: ModelBase, dataset: DatasetBase) => {
      const full = { config: ticketOf(0), model, dataset };
      const { scores, masks } = await levelMasks(queue, full, levels);
      const named = Object.entries(scores).filter(([name]) => pruning.percents[name] > 0);
      return { scores: Object.fromEntries(named), masks };
    };
    const masks = pruning.dynamic
      ? await dynamicMasks(functions, levels)
      : pruning.at === "init"
      ? await masksBeforeTraining(functions, masksBefore)
      : await (oneShot ? oneShotMasks : lastMasks)(functions, levels);
    if (hasControl) {
      const id = ownControlId(trial, levels), digest = await networkDigest(masks);
      await provide(id, modelOf(configFor(id, digest), { masks }), digest);
    }
    await removeObsolete({ trial });
  };
  return {
    ...{ sample, atOnce, finishedCount, work: workOfRuns(left, sets) },
    folders: planned.map(folderOf),
    runCount: planned.length,
    tasks: () => trials.map((trial) => () => runTrial(trial)),
    get runs() {
      return provider.runs.filter(({ kind }) => kind !== "rewind_point");
    },
  };
}

/** @throws InputError if masks cannot change as asked within a level's run */
function checkLevels(
  { protocol: { trials, levels }, settings, tickets, start }: LotteryOptions,
): void {
  const sizes = prunableOf(parametersOf(settings.network.layers))
    .map(({ name, rows, columns }) => [name, rows * columns]);
  if (start?.presets || start?.masks || tickets.rewind.to !== "0") {
    throw new InputError(
      "levels whose masks change start from random weights and masks of their own: leave out " +
        "presets, masks and rewinding, or prune between levels",
    );
  }
  const [empty] = Object.entries(tickets.percents).filter(([, percent]) => percent === 1);
  if (empty && levels > 0) {
    throw new InputError(
      `--prune-percents ${empty[0]}=1 leaves no weight of ${
        empty[0]
      }, and --dynamic changes masks ` +
        "that have some: give a smaller fraction",
    );
  }
  for (let level = 1; level <= levels; level++) {
    const config = ticketConfig(ticketId(trials[0], level), settings, tickets);
    checkDynamic(config.dynamic!, Object.fromEntries(sizes), trainedPart(config).stop);
  }
}

function isSameRun(a: RunId, b: RunId): boolean {
  return a.kind === b.kind && a.trial === b.trial && a.level === b.level && a.run === b.run;
}
