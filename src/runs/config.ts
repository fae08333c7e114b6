/** Makes configurations of runs, compares them, and describes them in words. */

import type { RunId } from "../records/run_id.ts";
import { count } from "../words.ts";
import type { RunConfig, RunSettings } from "./schema.ts";
import { hiddenText } from "../models/layers.ts";
import { liveByLevel } from "../foundations/pruning/pruning.ts";
import type { Pruning } from "../foundations/pruning/pruning_spec.ts";
import { partAt, type Rewinding, rewindIteration } from "../foundations/rewinding.ts";
import { parametersOf, prunableOf } from "../models/parameters.ts";
import { KINDS } from "../records/kinds.ts";

/** The start of a run that was given nothing. */
export const NOTHING_GIVEN: RunConfig["start"] = {
  ...{ presets: null, masks: null, values: null, signs: null },
};

/** The options of tickets beside their settings. */
export interface TicketOptions extends Pruning {
  /** Whether each level is pruned at once, by the final weights of level 0. */
  oneShot: boolean;
  rewind: Rewinding;
  /** The values of pruned weights; absent: 0. */
  prunedWeights?: "initial";
  /** Digests of what level 0 starts from. */
  start: RunConfig["start"];
}

/** The configuration of a ticket. */
export function ticketConfig(
  id: RunId,
  settings: RunSettings,
  { start, rewind, prunedWeights, ...pruning }: TicketOptions,
): RunConfig {
  const dynamic = pruning.dynamic && id.level > 0
    ? { ...pruning.dynamic, live: liveAt(id.level, settings, pruning.percents) }
    : undefined;
  return configWith(id, settings, start, {
    ...{ pruning, rewind, part: partOf(id, settings, rewind), prunedWeights, dynamic },
  });
}

/** Live weights by layer at a level from 1 on, as pruning level by level leaves them. */
function liveAt(level: number, { network }: RunSettings, percents: Pruning["percents"]) {
  const all = prunableOf(parametersOf(network.layers)).map(({ name, rows, columns }) =>
    [name, rows * columns] as const
  );
  return liveByLevel(Object.fromEntries(all), percents, level)[level - 1];
}

/**
 * The configuration of a run that is no ticket: it is neither pruned nor rewound.
 *
 * @param how how its lottery's tickets are rewound, which decides the part of the training that it
 *   is; what pruned weights are; and how its masks change
 */
export function configOf(
  id: RunId,
  settings: RunSettings,
  start: Partial<RunConfig["start"]>,
  how: Partial<Pick<RunConfig, "rewind" | "prunedWeights" | "dynamic">> = {},
): RunConfig {
  const { rewind, prunedWeights, dynamic } = how;
  const part = rewind ? partOf(id, settings, rewind) : undefined;
  return configWith(id, settings, { ...NOTHING_GIVEN, ...start }, {
    ...{ pruning: null, rewind: null, part, prunedWeights, dynamic },
  });
}

/**
 * The part of the training that a run of a lottery is; undefined where it is all of it. Networks
 * with drawn weights are trained from the first iteration; all others are where the ticket is.
 */
function partOf(
  { kind, level }: RunId,
  { training: { iterations } }: RunSettings,
  rewind: Rewinding,
): RunConfig["part"] {
  const isDrawn = KINDS[kind].weights === "drawn";
  const part = kind === "rewind_point"
    ? { start: 0, stop: rewindIteration(rewind), isLastRate: false }
    : partAt(level, isDrawn ? "drawn" : "rewound", rewind, iterations);
  const isWhole = part.start === 0 && part.stop === iterations && !part.isLastRate;
  return isWhole ? undefined : part;
}

/** The part of the training that a run is. */
export function trainedPart(
  { part, training: { iterations } }: RunConfig,
): NonNullable<RunConfig["part"]> {
  return part ?? { start: 0, stop: iterations, isLastRate: false };
}

function configWith(
  { kind, trial, level, run }: RunId,
  { network, training, dataset }: RunSettings,
  start: RunConfig["start"],
  { pruning, rewind, part, prunedWeights, dynamic }: Pick<
    RunConfig,
    "pruning" | "rewind" | "part" | "prunedWeights" | "dynamic"
  >,
): RunConfig {
  // The order of run.json: the schema's.
  return {
    id: { kind, trial, level, run },
    ...{ network, training, pruning, rewind, ...(part && { part }) },
    ...{ ...(prunedWeights && { prunedWeights }), dataset, start },
    ...(dynamic && { dynamic }),
  };
}

/** The settings that a run shares with the others of its experiment. */
export function settingsOf({ network, training, dataset }: RunConfig): RunSettings {
  return { network, training, dataset };
}

/**
 * The identity of a run: all of its configuration, since all of it decides the run's bits. A field
 * that is added to it counts from then on.
 */
export function identityOf(config: RunConfig): string {
  return canonicalJson(config);
}

/** JSON that is the same whatever the order of the fields. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1))
        : part,
  ) ?? "";
}

/** Follows from the SHA-256 of the examples, and earlier formats had to guess it. */
const SHAPE = "dataset.shape";

/** Fields in which two configurations differ: `training.optimizer.learningRate: 0.1, now 0.2`. */
export function configDifferences(before: unknown, now: unknown, path = ""): string[] {
  if (path === SHAPE) return [];
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null;
  if (!isObject(before) || !isObject(now)) {
    const [then, since] = [before, now].map((value) => JSON.stringify(value));
    return then === since ? [] : [`${path}: ${then ?? "absent"}, now ${since ?? "absent"}`];
  }
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].flatMap((name) =>
    configDifferences(before[name], now[name], path === "" ? name : `${path}.${name}`)
  );
}

/** The examples of a run in words. */
export function datasetText({ dataset }: RunSettings): string {
  const { name, trainCount, testCount, validationSize } = dataset;
  return `${name}: ${trainCount - validationSize} training, ` +
    `${validationSize} validation, ${testCount} test examples`;
}

/** How a run is trained in words. */
export function trainingText(
  { network: { layers }, training, dataset, dynamic }:
    & RunSettings
    & Partial<Pick<RunConfig, "dynamic">>,
): string {
  const { iterations, optimizer, batchSize } = training;
  const all = dataset.trainCount - dataset.validationSize;
  const batch = batchSize > all ? `${batchSize} (all ${all} examples)` : `${batchSize}`;
  const { kind, learningRate } = optimizer, { schedule, warmup } = scheduleOf(training);
  const momentum = "momentum" in optimizer ? ` (${optimizer.momentum})` : "";
  const decay = optimizer.weightDecay ? `, weight decay ${optimizer.weightDecay}` : "";
  return `${count(iterations, "iteration")} per run, hidden layers ${hiddenText(layers)}, ` +
    `${kind} ${learningRate}${momentum}${schedule}${warmup}${decay}, batch ${batch}` +
    (dataset.augment ? `, images augmented (${dataset.augment.join(", ")})` : "") +
    (dynamic ? `, ${dynamicText(dynamic)}` : "");
}

/** How masks change, in words. */
function dynamicText({ rule, interval, fraction, live }: NonNullable<RunConfig["dynamic"]>) {
  const weights = Object.values(live).reduce((sum, count) => sum + count, 0);
  const share = fraction === undefined ? "" : ` (fraction ${fraction})`;
  return `${rule} every ${interval} iterations${share} to ${count(weights, "live weight")}`;
}

/** How tickets are pruned and rewound in words; null where it is as in the paper. */
export function ticketText(
  { pruning, rewind, prunedWeights }: Pick<RunConfig, "pruning" | "rewind" | "prunedWeights">,
): string | null {
  if (pruning === null || rewind === null) return null;
  const { criterion, scope, at, dynamic } = pruning, { to, rate, survivors, iterations } = rewind;
  const parts = [
    ...(dynamic ? [`masks change by ${dynamic.rule} every ${dynamic.interval} iterations`] : []),
    ...(criterion === "magnitude" && !at ? [] : [`by ${criterion}`]),
    ...(at ? ["before training"] : []),
    ...(scope === "layer" ? [] : ["over all layers"]),
    ...(to === "0" ? [] : [to === "final" ? "weights stay as trained" : `rewound to ${to}`]),
    ...(rate === undefined
      ? []
      : [`the learning rate ${rate === "last" ? "its last" : `of ${rate}`}`]),
    ...(survivors === "rewind" ? [] : [`survivors: ${survivors}`]),
    ...(prunedWeights ? ["pruned weights keep their initial values"] : []),
    ...(iterations === undefined ? [] : [`${count(iterations, "iteration")} per level`]),
  ];
  return parts.length === 0 ? null : `Tickets: ${parts.join(", ")}`;
}

/** The schedule of the learning rate in words; nothing where it does not change. */
function scheduleOf({ schedule: { kind, warmup, milestones, gamma } }: RunSettings["training"]) {
  const steps = kind === "steps" ? ` (times ${gamma} at ${milestones.join(", ")})` : "";
  return {
    schedule: kind === "constant" ? "" : ` ${kind}${steps}`,
    warmup: warmup > 0 ? ` after a warm-up of ${warmup}` : "",
  };
}
