/**
 * The configuration of a run as run.json keeps it: everything that decides its bits on a given
 * adapter.
 */

import type { LayerSpec, Normalization, OptimizerSpec } from "../engine/mod.ts";
import type { InitializerName } from "../models/initializers.ts";
import type { DatasetRecord } from "../datasets/load_dataset.ts";
import { count } from "../words.ts";
import { RunId } from "../records/run_id.ts";

/** What all runs of an experiment have in common. */
export interface RunSettings {
  seed: number;
  layers: LayerSpec[];
  optimizer: OptimizerSpec;
  batchSize: number;
  iterations: number;
  validationSize: number;
  validateInterval: number;
  testInterval: number;
  /** What draws the initial weights; absent for Gaussian Glorot, as in all records that know of no other. */
  initializer?: Exclude<InitializerName, "glorot">;
  normalization: Normalization;
  dataset: DatasetRecord;
  permuteLabels: boolean;
  trainOrderSeed: number | null;
}

/** Everything that decides the bits of a run on a given adapter. Digests are those of `networkDigest`. */
export interface RunConfig extends RunId, RunSettings {
  /** What fraction of each layer the lottery prunes per level; tickets alone have it. */
  prunePercents?: Record<string, number>;
  /** Of a ticket: its masks are those of pruning once, by the weights that level 0 ended with. */
  oneShot?: true;
  /** Digest of the initial weights that were given; null where none were. Of a ticket: at level 0. */
  presets: string | null;
  /** The same of the masks. */
  masks: string | null;
  /** Digest of the values from which the initial weights are drawn (reuse, reuse_sign). */
  values?: string;
  /** Digest of the network whose signs they have (reuse_sign). */
  signs?: string;
}

/** Version of run.json's form. */
export const RUN_FORMAT = "lottery-ticket run 2";

/** The configuration of a ticket of an experiment whose level 0 starts from the given digests. */
export function ticketConfig(
  { kind, trial, level, run }: RunId,
  settings: RunSettings,
  prunePercents: Record<string, number>,
  { presets, masks, oneShot }: Pick<RunConfig, "presets" | "masks" | "oneShot">,
): RunConfig {
  const { dataset, permuteLabels, trainOrderSeed, ...training } = settings;
  return {
    ...{ kind, trial, level, run },
    ...training,
    prunePercents,
    ...(oneShot && { oneShot }),
    dataset,
    permuteLabels,
    trainOrderSeed,
    presets,
    masks,
  };
}

/** The settings that a run shares with the others of its experiment. */
export function settingsOf(config: RunConfig): RunSettings {
  const {
    kind: _kind,
    trial: _trial,
    level: _level,
    run: _run,
    prunePercents: _percents,
    oneShot: _oneShot,
    presets: _presets,
    masks: _masks,
    values: _values,
    signs: _signs,
    ...settings
  } = config;
  return settings;
}

/**
 * What tells a run from every other: all of its configuration, since all of it decides the run's bits. A field
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

/** Fields in which two configurations differ, such as `optimizer.learningRate: 0.1, now 0.2`. */
export function configDifferences(before: unknown, now: unknown, path = ""): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null;
  if (!isObject(before) || !isObject(now)) {
    const [then, since] = [before, now].map((value) => JSON.stringify(value));
    if (then === since) return [];
    const absent = /(^|\.)initializer$/.test(path) ? '"glorot"' : "absent";
    return [`${path}: ${then ?? absent}, now ${since ?? absent}`];
  }
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].flatMap((name) =>
    configDifferences(before[name], now[name], path === "" ? name : `${path}.${name}`)
  );
}

/** The examples of a run in words. */
export function datasetText({ dataset, validationSize }: RunSettings): string {
  return `${dataset.name}: ${dataset.trainCount - validationSize} training, ` +
    `${validationSize} validation, ${dataset.testCount} test examples`;
}

/** How a run is trained in words. */
export function trainingText(settings: RunSettings): string {
  const { iterations, layers, optimizer, batchSize, dataset, validationSize } = settings;
  const all = dataset.trainCount - validationSize;
  const batch = batchSize > all ? `${batchSize} (all ${all} examples)` : `${batchSize}`;
  const hidden = layers.slice(0, -1).map(({ units }) => units).join("-");
  const { kind, learningRate } = optimizer;
  const decay = optimizer.kind === "momentum" ? ` (${optimizer.momentum})` : "";
  return `${count(iterations, "iteration")} per run, hidden layers ${hidden || "none"}, ` +
    `${kind} ${learningRate}${decay}, batch ${batch}`;
}
