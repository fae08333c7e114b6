/**
 * Plans the controls of a finished lottery experiment (the original's reinitialize.py for all of
 * its runs; section 2 of the paper): each has the settings of a ticket, and its masks or as many
 * live weights.
 */

import { InputError } from "../errors.ts";
import * as paths from "../records/paths.ts";
import { restorePart } from "../records/saved_run.ts";
import { restoreNetwork } from "../records/save_restore.ts";
import { methodFolder, readComparison } from "../records/experiments/comparison_file.ts";
import { controlFolder, valueSetFolder } from "../records/experiments/control_paths.ts";
import type { ExampleSets } from "../datasets/examples.ts";
import type { RunQueue } from "../foundations/queue/run_queue.ts";
import { Memo } from "../memo.ts";
import { networkDigest } from "../models/digest.ts";
import type { Masks } from "../models/masks.ts";
import { controlStart } from "./initial_values.ts";
import { checkInvertible, invertedMasks } from "./masks_at_init.ts";
import { parseConfig, type RunConfig } from "../runs/schema.ts";
import type { PlannedRun } from "../runs/provide.ts";
import { configOf } from "../runs/config.ts";
import { intactRecord } from "../runs/folder_state.ts";
import { listLevels } from "../records/tree.ts";
import { type ExperimentPlace, provideValueSets, readValueSets, trialsOf } from "./value_sets.ts";
import { RandomStream } from "../engine/random.ts";
import type { Tensor } from "../formats/tensor.ts";
import { DYNAMIC } from "../foundations/pruning/dynamic.ts";
import { rewindIteration, SURVIVORS } from "../foundations/rewinding.ts";
import { runKey } from "../foundations/seeds.ts";
import { INITIALIZERS } from "../models/initializers.ts";
import { onesMask } from "../models/masks.ts";
import type { Network } from "../models/network.ts";
import { controlId, ticketId } from "../records/run_id.ts";
import type { RunRecord } from "../records/record.ts";
import { modelOf } from "../runs/from_config.ts";
import { parametersOf, prunableOf } from "../models/parameters.ts";
import { type ControlKind, KINDS } from "../records/kinds.ts";

/** Which controls of which tickets. */
export interface ControlSelection {
  kinds: readonly ControlKind[];
  /** Default: all of the experiment. */
  trials?: readonly number[];
  /** Default: all that each trial has finished. */
  levels?: readonly number[];
  /** Numbers of the controls of each kind, trial and level. */
  runs: readonly number[];
  /** Folder of values for all levels, instead of those derived from each level's tickets. */
  values?: string;
}

/** The surroundings in which controls are planned. */
export interface ControlContext {
  /** Scores weights, where scores are inverted. */
  queue: RunQueue;
  /** The examples that the tickets were trained on. */
  sets: ExampleSets;
  /** Receives a line for each value set that is older than the experiment. */
  onNotice?: (line: string) => void;
}

/** A ticket of the experiment on disk. */
export interface Ticket {
  folder: string;
  config: RunConfig;
  record: RunRecord;
}

/**
 * The finished tickets that a selection names, by trial and level.
 *
 * @throws InputError naming the first that is missing, or the folders of a comparison's methods
 */
export async function findTickets(
  place: ExperimentPlace,
  { trials, levels }: Pick<ControlSelection, "trials" | "levels">,
): Promise<Ticket[]> {
  const { storage, experimentPath, experimentName } = place;
  const known = await trialsOf(place);
  if (known.length === 0) {
    const methods = await readComparison(storage, experimentPath) ?? [];
    if (methods.length > 0) {
      const folders = methods.map((method) => methodFolder(experimentPath, method));
      throw new InputError(
        `${experimentPath} is a comparison, whose methods are experiments of their own: give one ` +
          `of ${folders.join(", ")} with --experiment-path`,
      );
    }
    throw new InputError(
      `${experimentPath} holds no finished run of a lottery experiment named ${experimentName}: ` +
        "run `deno task run-lottery` first, or name another folder with --experiment-path",
    );
  }
  const tickets: Ticket[] = [];
  for (const trial of trials ?? known) {
    const parent = paths.trial(experimentPath, trial);
    for (const level of levels ?? await levelsOf(place, parent)) {
      const folder = paths.run(parent, level, experimentName);
      const record = await intactRecord(storage, folder);
      if (record === null) {
        throw new InputError(
          `trial ${trial} has no finished run of level ${level} (${folder}); its trials are ` +
            `${known.join(", ")}: finish it with run-lottery, or choose with --trials and --levels`,
        );
      }
      const config = parseConfig(record, paths.record(folder));
      const { kind, trial: recordedTrial, level: recordedLevel } = config.id;
      const id = ticketId(trial, level);
      if (kind !== id.kind || recordedTrial !== trial || recordedLevel !== level) {
        throw new InputError(
          `${folder} holds the run ${kind}, trial ${recordedTrial}, level ${recordedLevel} and ` +
            `not the ticket of trial ${trial}, level ${level}: it was copied or moved; put it back`,
        );
      }
      tickets.push({ folder, config, record });
    }
  }
  return tickets;
}

/**
 * @throws InputError if weights from which the ticket started are 0 where others were pruned: they
 *   cannot be had at other places
 */
function checkSameInit({ folder, config: { id, rewind } }: Ticket): void {
  if (rewind?.to !== "final" || id.level < 2) return;
  throw new InputError(
    `${folder} started from weights that the level before had trained, those of its own mask ` +
      "alone (--rewind final): at other places there are none from level 2 on; choose --levels " +
      "1, or --initialization random",
  );
}

/**
 * @throws InputError if weights of the ticket grew while it was trained: they have no initial value
 */
function checkValues({ folder, config: { dynamic } }: Ticket, kind: ControlKind): void {
  if (!dynamic || DYNAMIC[dynamic.rule].startsDense) return;
  throw new InputError(
    `${folder} has weights that ${dynamic.rule} grew in training, without initial values for ` +
      `${kind} to draw from: use --experiment reinit`,
  );
}

/** The values of all weights of a level, of which its ticket's survivors have theirs. */
function survivorsOf(
  { id: { trial, level }, network, training, rewind }: RunConfig,
  full: Network,
) {
  const initializer = INITIALIZERS[network.initializer], { seed } = training;
  return Object.fromEntries(
    Object.entries(full).map(([name, initial], layer): [string, Tensor] => {
      const stream = new RandomStream(runKey({ seed, purpose: "survivors", trial, level, layer }));
      const mask = onesMask(initial.shape), shape = [...initial.shape];
      const source = { initial, mask, initializer, stream };
      return [name, { shape, data: SURVIVORS[rewind!.survivors].values(source) }];
    }),
  );
}

async function levelsOf(place: ExperimentPlace, trialFolder: string): Promise<number[]> {
  const { storage, experimentName } = place;
  const levels: number[] = [];
  for (const level of await listLevels(storage, trialFolder)) {
    const folder = paths.run(trialFolder, level, experimentName);
    if (await storage.exists(paths.record(folder))) levels.push(level);
  }
  // A trial without any is missed by its first.
  return levels.length > 0 ? levels : [0];
}

/**
 * The runs of a control experiment, by kind, trial, level and number.
 *
 * @throws InputError if a ticket, or values to draw from, are missing or cannot be used; if scores
 *   are to be inverted that are of trained weights
 */
export async function planControls(
  place: ExperimentPlace,
  selection: ControlSelection,
  tickets: readonly Ticket[],
  { queue, sets, onNotice = () => {} }: ControlContext,
): Promise<PlannedRun[]> {
  const { storage, experimentPath, experimentName } = place;
  const { kinds, runs, values } = selection;
  const trials = [...new Set(tickets.map(({ config }) => config.id.trial))];
  const isInverted = kinds.some((kind) => KINDS[kind].masks === "inverted");
  const fulls = isInverted ? await findTickets(place, { trials, levels: [0] }) : [];
  if (isInverted) tickets.forEach(checkInvertible);
  const masksOf = new Map<Ticket, string>();
  for (const ticket of tickets) {
    const { folder, config } = ticket;
    const weights = prunableOf(parametersOf(config.network.layers));
    const masks = await restorePart(storage, folder, paths.masks, weights);
    masksOf.set(ticket, await networkDigest(masks));
  }

  const setsOf = ({ config: { id, network } }: Ticket) => {
    const folder = values ?? valueSetFolder(experimentPath, id.level, experimentName);
    return readValueSets(storage, folder, parametersOf(network.layers));
  };
  // A trial's weights are scored once, for all its levels.
  const inverted = new Memo<number, Masks[]>();
  const invertedOf = async ({ config: { id: { trial, level } } }: Ticket) => {
    const levels = Math.max(...tickets.map(({ config }) => config.id.level));
    const full = fulls[trials.indexOf(trial)];
    const make = () => invertedMasks({ storage, queue, sets }, full, levels);
    return (await inverted.get(trial, make))[level];
  };
  const valueDigests = new Map<number, string>();
  const planned: PlannedRun[] = [];
  for (const kind of kinds) {
    for (const ticket of tickets) {
      const { trial, level } = ticket.config.id;
      const digests: Partial<RunConfig["start"]> = {};
      const { masks, weights } = KINDS[kind];
      const isSigned = weights === "signed values", isDrawn = isSigned || weights === "values";
      const isSameInit = weights === "ticket";
      if (isDrawn) {
        if (!valueDigests.has(level)) {
          const parameters = parametersOf(ticket.config.network.layers);
          if (values === undefined) await provideValueSets(place, level, parameters, onNotice);
          valueDigests.set(level, await networkDigest(await setsOf(ticket)));
        }
        digests.values = valueDigests.get(level);
      }
      const initial = () => restoreNetwork(storage, paths.initial(ticket.folder));
      if (isSigned) digests.signs = await networkDigest(await initial());
      // Weights that the lottery drew are drawn again; weights that it was given, or that were
      // trained, are those of its level 0, of which all are there.
      const full = paths.run(paths.trial(experimentPath, trial), 0, experimentName);
      const { rewind, start: { presets } } = ticket.config;
      const isFinal = rewind?.to === "final" && level > 0;
      const isTrained = isFinal || (rewind !== null && rewindIteration(rewind) > 0);
      const isOther = level > 0 && !isFinal && rewind !== null && rewind.survivors !== "rewind";
      if (isSameInit) checkSameInit(ticket);
      if (isDrawn) checkValues(ticket, kind);
      const isGiven = isSameInit && (presets !== null || isTrained || isOther);
      const given = async () => {
        const values = await restoreNetwork(
          storage,
          isFinal ? paths.final(full) : paths.initial(full),
        );
        return isOther ? survivorsOf(ticket.config, values) : values;
      };
      const givenBiases = () =>
        restoreNetwork(storage, isFinal ? paths.finalBiases(full) : paths.initialBiases(full));
      if (isGiven) digests.presets = await networkDigest(await given());
      const start = async (config: RunConfig) =>
        controlStart(config, {
          masks: masks === "inverted"
            ? await invertedOf(ticket)
            : await restoreNetwork(storage, paths.masks(ticket.folder)),
          values: isDrawn ? await setsOf(ticket) : undefined,
          signs: isSigned ? await initial() : undefined,
          presets: isGiven ? await given() : undefined,
          presetBiases: isGiven && isTrained ? await givenBiases() : undefined,
        });
      for (const run of runs) {
        const given = { masks: masksOf.get(ticket)!, ...digests };
        const { prunedWeights } = ticket.config;
        const config = configOf(controlId(kind, trial, level, run), ticket.config, given, {
          ...{ rewind, prunedWeights },
        });
        const trialFolder = paths.trial(experimentPath, trial);
        const folder = controlFolder(trialFolder, level, kind, run, experimentName);
        planned.push({ folder, config, model: async () => modelOf(config, await start(config)) });
      }
    }
  }
  return planned;
}
