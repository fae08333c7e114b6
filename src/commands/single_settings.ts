/**
 * Finds the settings and numbers of a single run: those of its flags; else those of the run whose
 * masks or weights it gets; else the protocol's. Its numbers can also come from its folder's name.
 */

import { InputError } from "../errors.ts";
import { readSourceRecord } from "../records/network_source.ts";
import type { FlagValues } from "../flags/flags.ts";
import { numberIn } from "./flags/folder_numbers.ts";
import { hiddenOf } from "../models/hidden_layers.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { isRunRecord, parseConfig, type RunConfig, type RunSettings } from "../runs/schema.ts";
import { defaultPercents, type Protocol, protocolNamed } from "../lottery/protocols.ts";
import type { singleRunFlags } from "./flags/reinitialize_flags.ts";
import { configDifferences, settingsOf } from "../runs/config.ts";
import { loadExamples, type PlanContext, single } from "./runner.ts";
import { settingsFor } from "../lottery/settings.ts";
import { resolveProtocol } from "./flags/resolve_protocol.ts";
import type { RunId } from "../records/run_id.ts";
import { choiceFor, type DatasetChoice } from "../datasets/datasets.ts";

/** The flags that single runs have in every task. */
export type SingleRunValues = FlagValues<typeof singleRunFlags> & {
  dataset: DatasetChoice;
  mnistLocation: string | undefined;
  permuteLabels: boolean | undefined;
  outputDir: string | undefined;
  trials: readonly number[] | undefined;
  levels: readonly number[] | undefined;
  runs?: readonly number[];
  masks: readonly string[] | undefined;
  presets?: string;
  sameSign?: string;
};

/** A run whose masks or weights another one gets. */
interface Source {
  /** As it was given. */
  name: string;
  config: RunConfig;
}

/** Numbers and settings of a single run, without its initial weights. */
export interface SingleSettings {
  numbers: Pick<RunId, "trial" | "level" | "run">;
  settings: RunSettings;
}

/** The settings of a single run, and the examples that it is trained on. */
export interface ResolvedSingle extends SingleSettings {
  data: LoadedDataset;
  /** Whose settings these are, in a word or two. */
  settingsName: string;
  /** The same as versions had it that read neither the folder's name nor the source's numbers. */
  before(): SingleSettings;
}

/**
 * Checks the protocol's flags before the run whose settings they change is read, where there is
 * one.
 *
 * @throws UsageError as `resolveProtocol`
 */
export function checkProtocol(flags: SingleRunValues): void {
  const { protocol, masks = [], presets, sameSign } = flags;
  const isFresh = masks.length === 0 && presets === undefined && sameSign === undefined;
  // That run may have been trained with the optimizer of --momentum and --nesterov.
  const isKnown = protocol !== undefined || isFresh || flags.optimizer !== undefined;
  const later = isKnown ? {} : { momentum: undefined, nesterov: undefined };
  resolveProtocol({ ...protocolValues(flags), ...later });
}

/** The protocol's flags of a single run, which prunes nothing. */
function protocolValues(flags: SingleRunValues) {
  const { protocol = "quick" as const } = flags;
  const unused = {
    iterations: undefined,
    ...{ pruneAt: undefined, criterion: undefined, scoreBatches: undefined },
    ...{ dynamic: undefined, dynamicInterval: undefined, dynamicFraction: undefined },
    scope: undefined,
    ...{ rewind: undefined, rewindLearningRate: undefined },
    ...{ "mask-0": undefined, "mask-1": undefined },
    ...{ iterationsPerLevel: undefined, prunePercents: undefined, pruneOutput: undefined },
    trials: undefined,
  };
  return { ...flags, ...unused, outputDir: undefined, protocol };
}

/**
 * Reads the run whose masks or weights are given, and the examples.
 *
 * @throws InputError if the examples are not those of that run, unless others are asked for
 */
export async function resolveSingle(
  flags: SingleRunValues,
  context: PlanContext,
): Promise<ResolvedSingle> {
  const source = await findSource(flags, context);
  const data = await loadSourceExamples(flags, source, context);
  const resolve = (source: Source | null, folder: string): SingleSettings => {
    const from = source?.config;
    const base = from && flags.protocol === undefined ? protocolOf(from) : undefined;
    return {
      numbers: {
        trial: single(flags.trials, "--trials") ?? numberIn(folder, "trial") ?? from?.id.trial ?? 1,
        level: single(flags.levels, "--levels") ?? numberIn(folder, "level") ?? from?.id.level ?? 0,
        run: single(flags.runs, "--runs") ?? numberIn(folder, "run") ?? 1,
      },
      settings: settingsFor({
        data,
        protocol: resolveProtocol(protocolValues(flags), base),
        seed: flags.seed ?? from?.training.seed ?? 0,
        permuteLabels: flags.permuteLabels ?? from?.dataset.permuteLabels,
        trainOrderSeed: flags.trainOrderSeed ?? from?.training.trainOrderSeed ?? undefined,
      }),
    };
  };
  return {
    ...resolve(source, flags.outputDir ?? ""),
    data,
    settingsName: flags.protocol ?? (source ? `as ${source.name}` : "quick"),
    before: () => resolve(null, ""),
  };
}

/** The first of the given masks and weights that come with the record of a run. */
async function findSource(
  { protocol, masks = [], presets, sameSign }: SingleRunValues,
  { storage, events }: PlanContext,
): Promise<Source | null> {
  const given = [
    ...masks.map((name) => [name, "masks"] as const),
    ...(presets === undefined ? [] : [[presets, "initial"] as const]),
    ...(sameSign === undefined ? [] : [[sameSign, "initial"] as const]),
  ];
  let source: Source | null = null;
  for (const [name, part] of given) {
    const record = await readSourceRecord(storage, name, part);
    if (!record || !isRunRecord(record)) continue;
    const config = parseConfig(record, `the record of ${name}`);
    if (source === null) {
      source = { name, config };
      const why = wholeOf(config);
      if (why !== null) events.onNotice(`${name} ${why}: this run does not repeat it`);
      continue;
    }
    const differences = configDifferences(settingsOf(source.config), settingsOf(config));
    if (differences.length === 0 || protocol !== undefined) continue;
    events.onNotice(
      `${name} was trained otherwise than ${source.name} (${
        differences.slice(0, 3).join("; ")
      }): ` +
        `the run has the settings of ${source.name}, unless flags give others`,
    );
  }
  const isThere = given.length > 0 && await storage.exists(given[0][0]);
  if (source === null && isThere && protocol === undefined) {
    events.onNotice(
      `${
        given[0][0]
      } has no run.json: the run has the settings of --protocol quick, unless flags give ` +
        "others",
    );
  }
  return source;
}

/**
 * Says how a run was trained otherwise than a single run with its weights and masks; null if not.
 */
function wholeOf({ part, prunedWeights, dynamic, training }: RunConfig): string | null {
  if (dynamic) return `changed its masks while it was trained (${dynamic.rule})`;
  if (prunedWeights) return "kept pruned weights at their initial values";
  if (!part) return null;
  const { iterations } = training;
  return `was trained from iteration ${part.start} to ${part.stop} of ${iterations}, from the ` +
    `biases of that moment, and a single run is trained from 0 to ${iterations}`;
}

/** The protocol that has the settings of this run. */
function protocolOf(config: RunConfig): Protocol {
  const { network: { layers, initializer }, training, dataset } = config;
  const { optimizer, schedule, iterations, batchSize } = training;
  const { testInterval, validateInterval } = training;
  const { normalization, validationSize, augment = [] } = dataset;
  const hidden = layers.slice(0, -1).map(hiddenOf);
  return {
    ...protocolNamed("quick"),
    ...{ layers: hidden, prunePercents: defaultPercents(hidden) },
    ...{ batchSize, normalization, augment, validationSize, testInterval, validateInterval },
    initializer,
    optimizer: { kind: optimizer.kind },
    learningRate: optimizer.learningRate,
    ...{ schedule: schedule.kind, warmup: schedule.warmup },
    ...{ milestones: schedule.milestones, gamma: schedule.gamma },
    ...("momentum" in optimizer && { momentum: optimizer.momentum }),
    weightDecay: optimizer.weightDecay ?? 0,
    trainingLength: { iterations },
  };
}

/** The examples that the flags name, else those of the source. */
async function loadSourceExamples(
  { dataset, mnistLocation, protocol }: SingleRunValues,
  source: Source | null,
  context: PlanContext,
): Promise<LoadedDataset> {
  const isAsked = dataset !== "auto" || mnistLocation !== undefined;
  const theirs = source?.config.dataset;
  const usual = protocol === undefined ? dataset : protocolNamed(protocol).dataset;
  const choice = dataset !== "auto" ? dataset : theirs && !isAsked ? choiceFor(theirs.name) : usual;
  const data = await loadExamples(context, choice, mnistLocation);
  if (!source || data.record.sha256 === theirs!.sha256) return data;
  const others =
    `${source.name} was trained on other examples than these (${theirs!.name}, SHA-256 ` +
    `${theirs!.sha256.slice(0, 12)}…, not ${data.record.name}, ` +
    `${data.record.sha256.slice(0, 12)}…)`;
  if (!isAsked) {
    throw new InputError(`${others}: give those with --data-location, or name --dataset`);
  }
  context.events.onNotice(others);
  return data;
}
