/**
 * Configurations of runs for tests, from their fields by name as formats 1 and 2 of run.json had
 * them.
 */

import type { LayerSpec, OptimizerSpec } from "../../src/engine/mod.ts";
import type { RunId } from "../../src/records/run_id.ts";
import { parseConfig, type RunConfig, upgraded } from "../../src/runs/schema.ts";

/** The fields of formats 1 and 2. */
export interface FlatConfig extends RunId {
  seed: number;
  layers: readonly LayerSpec[];
  optimizer: OptimizerSpec;
  batchSize: number;
  iterations: number;
  validationSize: number;
  validateInterval: number;
  testInterval: number;
  initializer?: string;
  normalization: string;
  prunePercents?: Record<string, number>;
  oneShot?: true;
  dataset: Record<string, unknown>;
  permuteLabels: boolean;
  trainOrderSeed: number | null;
  presets: string | null;
  masks: string | null;
  values?: string;
  signs?: string;
}

/**
 * The same as a configuration of the present format; unchecked, since tests also need wrong ones.
 */
export function fromFlat(flat: FlatConfig): RunConfig {
  return upgraded(flat) as RunConfig;
}

/** The record of a run in format 2. */
export function flatRecord(flat: FlatConfig): Record<string, unknown> {
  return { format: "lottery-ticket run 2", config: flat };
}

/** As a reader of run.json has it. */
export function parsedFlat(flat: FlatConfig): RunConfig {
  return parseConfig(flatRecord(flat), "run.json");
}
