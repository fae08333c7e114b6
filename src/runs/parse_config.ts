/** Checks a run's configuration as it is read from run.json. */

import * as v from "../npm/valibot.ts";
import { FormatError } from "../errors.ts";
import type { RunConfig } from "./run_config.ts";
import { OPTIMIZER_KINDS, OPTIMIZERS, type OptimizerSpec } from "../engine/optimizers.ts";
import { RUN_KINDS } from "../records/run_id.ts";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const rate = v.pipe(v.number(), v.finite());
const digest = v.nullable(v.string());

/** The settings of each optimizer of the table, no others. */
const OPTIMIZER = v.variant(
  "kind",
  OPTIMIZER_KINDS.map((kind) =>
    v.strictObject({
      kind: v.literal(kind),
      learningRate: rate,
      ...Object.fromEntries(Object.keys(OPTIMIZERS[kind].constants).map((name) => [name, rate])),
    })
  ),
) as unknown as v.GenericSchema<unknown, OptimizerSpec>;

const CONFIG = v.strictObject({
  kind: v.picklist(RUN_KINDS),
  trial: count,
  level: count,
  run: count,
  seed: count,
  layers: v.pipe(
    v.array(v.strictObject({
      name: v.string(),
      inputs: positive,
      units: positive,
      activation: v.nullable(v.picklist(["relu", "tanh", "sigmoid"])),
      useBias: v.boolean(),
    })),
    v.minLength(1),
  ),
  optimizer: OPTIMIZER,
  batchSize: positive,
  iterations: count,
  validationSize: count,
  validateInterval: positive,
  testInterval: positive,
  initializer: v.optional(v.literal("truncated")),
  normalization: v.picklist(["unit", "l2", "none"]),
  prunePercents: v.optional(v.record(v.string(), rate)),
  oneShot: v.optional(v.literal(true)),
  dataset: v.strictObject({
    name: v.picklist(["mnist", "fashion-mnist", "synthetic-digits", "custom"]),
    trainCount: count,
    testCount: count,
    features: positive,
    classes: positive,
    sha256: v.string(),
  }),
  permuteLabels: v.boolean(),
  trainOrderSeed: v.nullable(count),
  presets: digest,
  masks: digest,
  values: v.optional(v.string()),
  signs: v.optional(v.string()),
});

/** What to do with a run whose record is at fault: it closes the error. */
export const RUN_AGAIN = "move the run's folder away and run the experiment again";

/**
 * The configuration in a record.
 *
 * @param where the record's path, for the error
 * @throws FormatError naming the first field that is not what it should be
 */
export function parseConfig(record: Record<string, unknown>, where: string): RunConfig {
  const result = v.safeParse(CONFIG, record.config);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = ["config", v.getDotPath(issue)].filter(Boolean).join(".");
  throw new FormatError(
    `${where}: ${field} is not what a run's record holds (${issue.message}); ${RUN_AGAIN}`,
  );
}
