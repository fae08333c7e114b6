/**
 * The configuration of a run as run.json keeps it: everything that decides its bits on a given
 * adapter. Takes the parts, gives one JSON object; compares two of them field by field.
 */

import type { LayerSpec, OptimizerSpec } from "../engine/mod.ts";
import { adamSpec } from "../engine/mod.ts";
import type { DatasetRecord } from "./load_dataset.ts";
import type { Protocol } from "./protocols.ts";

/** What kind of network a run trains. */
export type RunKind = "ticket" | "reinit";

/** See the head of this file. */
export interface RunConfig {
  kind: RunKind;
  seed: number;
  trial: number;
  level: number;
  /** Number of the run beside others of its kind and level; 0 for tickets. */
  run: number;
  layers: LayerSpec[];
  optimizer: OptimizerSpec;
  batchSize: number;
  iterations: number;
  validationSize: number;
  validateInterval: number;
  testInterval: number;
  normalization: string;
  prunePercents: Record<string, number>;
  dataset: DatasetRecord;
  permuteLabels: boolean;
  trainOrderSeed: number | null;
  /** SHA-256 of the weights and masks that level 0 was given; null where it was given none. */
  presets: string | null;
  masks: string | null;
}

/** Version of run.json's form. */
export const RUN_FORMAT = "lottery-ticket run 1";

/** The optimizer of a protocol, with its constants. */
export function optimizerOf(protocol: Protocol): OptimizerSpec {
  const { optimizer: { kind }, learningRate, momentum } = protocol;
  switch (kind) {
    case "adam":
      return adamSpec(learningRate);
    case "momentum":
      return { kind, learningRate, momentum };
    case "sgd":
      return { kind, learningRate };
  }
}

/** Fields in which two configurations differ, such as `optimizer.learningRate: 0.1, now 0.2`. */
export function configDifferences(before: unknown, now: unknown, path = ""): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null;
  if (!isObject(before) || !isObject(now)) {
    return JSON.stringify(before) === JSON.stringify(now)
      ? []
      : [`${path}: ${JSON.stringify(before) ?? "absent"}, now ${JSON.stringify(now) ?? "absent"}`];
  }
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].flatMap((name) =>
    configDifferences(before[name], now[name], path === "" ? name : `${path}.${name}`)
  );
}
