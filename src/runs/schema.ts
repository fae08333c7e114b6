/**
 * The schema of run.json: what a run's configuration holds, checked as it is read. Records of
 * earlier formats are upgraded first.
 */

import * as v from "../npm/valibot.ts";
import { type AugmentName, AUGMENTS } from "../engine/examples/augment.ts";
import { NORMALIZATIONS } from "../engine/examples/example_arrays.ts";
import type { LayerSpec } from "../engine/layer_spec.ts";
import { OPTIMIZER_KINDS, OPTIMIZERS, type OptimizerSpec } from "../engine/optimizers.ts";
import { FormatError } from "../errors.ts";
import { INITIALIZER_NAMES } from "../models/initializers.ts";
import { RUN_KINDS } from "../records/kinds.ts";
import { CUSTOM, DATASET_NAMES } from "../datasets/datasets.ts";
import { DYNAMIC_NAMES } from "../foundations/pruning/dynamic.ts";
import { CRITERION_NAMES } from "../foundations/pruning/criteria.ts";
import { INIT_CRITERION_NAMES } from "../foundations/pruning/init_criteria.ts";
import { SCOPES } from "../foundations/pruning/pruning.ts";
import { SURVIVORS_NAMES } from "../foundations/rewinding.ts";
import { CONSTANT, SCHEDULE_KINDS } from "../engine/schedules.ts";

/** Version of run.json's form. */
export const RUN_FORMAT = "lottery-ticket run 4";

/** The form before: its results lack the accuracy before training. */
const PREVIOUS_FORMAT = "lottery-ticket run 3";

/** Earlier forms: of the first, the controls have what their lottery was given too. */
const EARLIER_FORMATS: readonly unknown[] = ["lottery-ticket run 1", "lottery-ticket run 2"];

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const number = v.pipe(v.number(), v.finite());
/** SHA-256 of a network, see `networkDigest`; null where none was given. */
const digest = v.nullable(v.string());

/** The settings of each optimizer of the table, no others. */
const OPTIMIZER = v.variant(
  "kind",
  OPTIMIZER_KINDS.map((kind) =>
    v.strictObject({
      kind: v.literal(kind),
      learningRate: number,
      ...Object.fromEntries(Object.keys(OPTIMIZERS[kind].constants).map((name) => [name, number])),
      // Last, as records have it: a run is repeated to the same bytes.
      weightDecay: v.optional(number),
    })
  ),
) as unknown as v.GenericSchema<unknown, OptimizerSpec>;

const activation = v.nullable(v.picklist(["relu", "tanh", "sigmoid"]));
/** Something along height and width. */
const extent = v.strictTuple([positive, positive]);
/** (height, width, channels). */
const image = v.strictTuple([positive, positive, positive]);

/** A dense layer has no kind: records were written before there were others. */
const DENSE = v.strictObject({
  name: v.string(),
  inputs: positive,
  units: positive,
  activation,
  useBias: v.boolean(),
});
const POOL = { name: v.string(), image, size: extent, stride: extent };
const IMAGE_LAYER = v.variant("kind", [
  v.strictObject({
    kind: v.literal("conv2d"),
    name: v.string(),
    image,
    kernel: extent,
    stride: extent,
    padding: v.picklist(["same", "valid"]),
    filters: positive,
    activation,
    useBias: v.boolean(),
  }),
  v.strictObject({ kind: v.literal("maxPool2d"), ...POOL }),
  v.strictObject({ kind: v.literal("avgPool2d"), ...POOL }),
]);
const LAYER = v.lazy((layer) => hasKind(layer) ? IMAGE_LAYER : DENSE) as v.GenericSchema<
  unknown,
  LayerSpec
>;

function hasKind(layer: unknown): boolean {
  return typeof layer === "object" && layer !== null && "kind" in layer;
}

const AUGMENT = v.pipe(
  v.array(v.picklist(AUGMENTS)),
  v.minLength(1),
  v.check(
    (names: AugmentName[]) => `${names}` === `${AUGMENTS.filter((name) => names.includes(name))}`,
    `each of ${AUGMENTS} at most once, in this order`,
  ),
);

/** The settings that all runs of an experiment share. */
const SETTINGS = {
  network: v.strictObject({
    layers: v.pipe(v.array(LAYER), v.minLength(1)),
    initializer: v.picklist(INITIALIZER_NAMES),
  }),
  training: v.strictObject({
    /** Of all random choices. */
    seed: count,
    /** Of the data order alone, the same in every run; null: from `seed`. */
    trainOrderSeed: v.nullable(count),
    optimizer: OPTIMIZER,
    schedule: v.strictObject({
      kind: v.picklist(SCHEDULE_KINDS),
      warmup: count,
      milestones: v.array(positive),
      gamma: number,
    }),
    batchSize: positive,
    iterations: count,
    validateInterval: positive,
    testInterval: positive,
  }),
  dataset: v.strictObject({
    name: v.picklist([...DATASET_NAMES, CUSTOM]),
    trainCount: count,
    testCount: count,
    /** Of an example: (height, width) of an image, with (channels) behind it in colour. */
    shape: v.pipe(v.array(positive), v.minLength(1)),
    classes: positive,
    /** Over the examples, see `DatasetRecord`. */
    sha256: v.string(),
    normalization: v.picklist(NORMALIZATIONS),
    /** Of each channel, where inputs are standardized: they follow from the examples. */
    statistics: v.optional(v.strictObject({ means: v.array(number), deviations: v.array(number) })),
    /** Training examples kept apart. */
    validationSize: count,
    permuteLabels: v.boolean(),
    /** How training images are changed, in the order of `AUGMENTS`; absent: not. */
    augment: v.optional(AUGMENT),
  }),
};

const CONFIG = v.strictObject({
  /** Which run of its experiment; also what its random numbers depend on beside the seed. */
  id: v.strictObject({ kind: v.picklist(RUN_KINDS), trial: count, level: count, run: count }),
  network: SETTINGS.network,
  training: SETTINGS.training,
  /** How tickets are pruned between levels; null for other runs. */
  pruning: v.nullable(v.strictObject({
    /** By what weights are pruned. */
    criterion: v.picklist([...new Set([...CRITERION_NAMES, ...INIT_CRITERION_NAMES])]),
    /** Where they compete. */
    scope: v.picklist(SCOPES),
    /** Fraction of each layer's live weights. */
    percents: v.record(v.string(), number),
    /** Whether masks are those of pruning once, by the weights that level 0 ended with. */
    oneShot: v.boolean(),
    /** "init": masks are made before training; absent: from trained weights. */
    at: v.optional(v.literal("init")),
    /** Training batches over which scores are means, where they depend on examples. */
    scoreBatches: v.optional(positive),
    /** How masks change within each level, which ends with its density; absent: they stay. */
    dynamic: v.optional(v.strictObject({
      rule: v.picklist(DYNAMIC_NAMES),
      interval: positive,
      fraction: v.optional(number),
    })),
  })),
  /** How tickets start; null for other runs. */
  rewind: v.nullable(v.strictObject({
    /** The iteration of the full network to whose values weights return, or "final". */
    to: v.pipe(v.string(), v.regex(/^(0|[1-9]\d*|final)$/)),
    /** Where the schedule is taken up when weights stay final; absent: at its beginning. */
    rate: v.optional(v.pipe(v.string(), v.regex(/^([1-9]\d*|last)$/))),
    /** The values from which survivors start. */
    survivors: v.picklist(SURVIVORS_NAMES),
    /** Iterations of each level after 0; absent: those left of the training. */
    iterations: v.optional(count),
  })),
  /** The part of the training that this run is; absent: all of it. */
  part: v.optional(v.strictObject({
    /** Iterations at which it begins and ends; data order and schedule are those from there on. */
    start: count,
    stop: count,
    /** Whether the rate is the schedule's last throughout (fine-tuning). */
    isLastRate: v.boolean(),
  })),
  /** The values of pruned weights; absent: 0. */
  prunedWeights: v.optional(v.literal("initial")),
  dataset: SETTINGS.dataset,
  start: v.strictObject({
    /** Initial weights that were given; of a ticket, at level 0. */
    presets: digest,
    /** Masks that were given; of a ticket, at level 0. */
    masks: digest,
    /** Values from which initial weights are drawn (reuse, reuse_sign). */
    values: digest,
    /** Network whose signs they have (reuse_sign). */
    signs: digest,
  }),
  /** How masks change during the run; absent of runs whose masks stay. */
  dynamic: v.optional(v.strictObject({
    rule: v.picklist(DYNAMIC_NAMES),
    /** Iterations between two updates. */
    interval: positive,
    /** Share of live weights that an update replaces, where it does. */
    fraction: v.optional(number),
    /** Live weights of each layer at the end. */
    live: v.record(v.string(), positive),
  })),
});

/** Everything that decides the bits of a run on a given adapter. */
export interface RunConfig extends v.InferOutput<typeof CONFIG> {}

/** The settings that all runs of an experiment share. */
export interface RunSettings extends Pick<RunConfig, keyof typeof SETTINGS> {}

/** The next action where a record is at fault; it ends the error. */
export const RUN_AGAIN = "move the run's folder away and run the experiment again";

/** Whether a record is that of a run of this program's tasks, of whatever format. */
export function isRunRecord({ format }: Record<string, unknown>): boolean {
  return format === RUN_FORMAT || format === PREVIOUS_FORMAT || EARLIER_FORMATS.includes(format);
}

/**
 * The configuration in a record.
 *
 * @param where the record's path, for the error
 * @throws FormatError naming the first field that is not what it should be
 */
export function parseConfig(record: Record<string, unknown>, where: string): RunConfig {
  const result = v.safeParse(CONFIG, rawConfig(record));
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new FormatError(
    `${where}: ${
      v.getDotPath(issue) ?? "config"
    } is not what a run's record holds (${issue.message}); ${RUN_AGAIN}`,
  );
}

/** The configuration in a record, upgraded to the present format; nothing is checked. */
export function rawConfig(record: Record<string, unknown>): unknown {
  const { format } = record;
  if (format !== RUN_FORMAT && format !== PREVIOUS_FORMAT) return upgraded(record.config);
  return Object.fromEntries(
    Object.keys(CONFIG.entries).filter((name) => Object.hasOwn(record, name))
      .map((name) => [name, record[name]]),
  );
}

/** The configuration of a record or checkpoint of formats 1 and 2; others unchanged. */
export function upgraded(config: unknown): unknown {
  if (typeof config !== "object" || config === null || !("kind" in config && "layers" in config)) {
    return config;
  }
  const { kind, trial, level, run, layers, initializer = "glorot", ...others } = config as
    & Record<string, unknown>
    & { dataset?: { features?: number } };
  const { seed, trainOrderSeed, optimizer, batchSize, iterations, ...rest } = others;
  const { validateInterval, testInterval, normalization, validationSize, ...more } = rest;
  const { permuteLabels, prunePercents, oneShot = false, dataset, ...start } = more;
  const { presets, masks, values = null, signs = null, ...unknown } = start;
  const { features, ...examples } = dataset ?? {};
  const isTicket = kind === "ticket";
  return {
    id: { kind, trial, level, run },
    network: { layers, initializer },
    training: {
      ...{ seed, trainOrderSeed, optimizer, schedule: CONSTANT, batchSize, iterations },
      ...{ validateInterval, testInterval },
    },
    pruning: isTicket
      ? { criterion: "magnitude", scope: "layer", percents: prunePercents, oneShot }
      : null,
    rewind: isTicket ? { to: "0", survivors: "rewind" } : null,
    dataset: {
      ...examples,
      ...(features !== undefined && { shape: imageShape(features) }),
      ...{ normalization, validationSize, permuteLabels },
    },
    start: { presets, masks, values, signs },
    ...unknown,
  };
}

/** Earlier formats did not record the shape of an image; their readers took it for a square. */
function imageShape(features: number): number[] {
  const side = Math.round(Math.sqrt(features));
  return side * side === features ? [side, side] : [features];
}
