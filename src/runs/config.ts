/** Makes configurations of runs, compares them, and describes them in words. */

import type { RunId } from "../records/run_id.ts";
import { count } from "../words.ts";
import type { RunConfig, RunSettings } from "./schema.ts";
import { hiddenText } from "../models/layers.ts";
import type { Pruning } from "../foundations/pruning/pruning.ts";
import type { Rewinding } from "../foundations/rewinding.ts";

/** The start of a run that was given nothing. */
export const NOTHING_GIVEN: RunConfig["start"] = {
  ...{ presets: null, masks: null, values: null, signs: null },
};

/** The options of tickets beside their settings. */
export interface TicketOptions extends Pruning {
  /** Whether each level is pruned at once, by the final weights of level 0. */
  oneShot: boolean;
  rewind: Rewinding;
  /** Digests of what level 0 starts from. */
  start: RunConfig["start"];
}

/** The configuration of a ticket. */
export function ticketConfig(
  id: RunId,
  settings: RunSettings,
  { start, rewind, ...pruning }: TicketOptions,
): RunConfig {
  return configWith(id, settings, start, pruning, rewind);
}

/** The configuration of a run that is no ticket: it is neither pruned nor rewound. */
export function configOf(
  id: RunId,
  settings: RunSettings,
  start: Partial<RunConfig["start"]>,
  dynamic?: RunConfig["dynamic"],
): RunConfig {
  const config = configWith(id, settings, { ...NOTHING_GIVEN, ...start }, null, null);
  return dynamic ? { ...config, dynamic } : config;
}

function configWith(
  { kind, trial, level, run }: RunId,
  { network, training, dataset }: RunSettings,
  start: RunConfig["start"],
  pruning: RunConfig["pruning"],
  rewind: RunConfig["rewind"],
): RunConfig {
  return {
    id: { kind, trial, level, run },
    ...{ network, training, pruning, rewind, dataset, start },
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
    (dynamic ? `, ${dynamicText(dynamic)}` : "");
}

/** How masks change, in words. */
function dynamicText({ rule, interval, fraction, live }: NonNullable<RunConfig["dynamic"]>) {
  const weights = Object.values(live).reduce((sum, count) => sum + count, 0);
  const share = fraction === undefined ? "" : ` (fraction ${fraction})`;
  return `${rule} every ${interval} iterations${share} to ${count(weights, "live weight")}`;
}

/** The schedule of the learning rate in words; nothing where it does not change. */
function scheduleOf({ schedule: { kind, warmup, milestones, gamma } }: RunSettings["training"]) {
  const steps = kind === "steps" ? ` (times ${gamma} at ${milestones.join(", ")})` : "";
  return {
    schedule: kind === "constant" ? "" : ` ${kind}${steps}`,
    warmup: warmup > 0 ? ` after a warm-up of ${warmup}` : "",
  };
}
