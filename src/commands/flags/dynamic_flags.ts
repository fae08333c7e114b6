/** The flags of runs whose masks change while they are trained, and what they come to. */

import { UsageError } from "../../errors.ts";
import { choice, integer, number } from "../../flags/kinds.ts";
import type { FlagValues } from "../../flags/flags.ts";
import {
  checkDynamic,
  DYNAMIC,
  DYNAMIC_NAMES,
  type DynamicName,
  type DynamicSpec,
  fractionAdvice,
  lastUpdate,
  USUAL_FRACTION,
  USUAL_INTERVAL,
} from "../../foundations/pruning/dynamic.ts";
import { density, type Masks } from "../../models/masks.ts";
import { type Parameter, prunableOf } from "../../models/parameters.ts";

const GROUP = "Dynamic sparse training";

export const dynamicFlags = {
  dynamic: choice({
    choices: DYNAMIC_NAMES,
    help: "how masks change during the run. " +
      DYNAMIC_NAMES.map((name) => `${name}: ${DYNAMIC[name].help}`).join("; "),
    defaultText: "they stay",
    group: GROUP,
  }),
  density: number({
    above: 0,
    max: 1,
    help: "fraction of its weights that each layer has at the end, with set and rigl throughout; " +
      "instead of it, these two can start from --masks and keep as many",
    group: GROUP,
  }),
  dynamicInterval: integer({
    min: 1,
    max: 1e9,
    help: "iterations between two updates of the masks",
    defaultText: `${USUAL_INTERVAL}`,
    group: GROUP,
  }),
  dynamicFraction: number({
    above: 0,
    max: 1,
    help: "fraction of a layer's live weights that set and rigl replace at each update (rigl: at " +
      "the first)",
    defaultText: `${USUAL_FRACTION}`,
    group: GROUP,
  }),
};

/** The flags of a task that decide how masks change. */
export type DynamicValues = FlagValues<typeof dynamicFlags> & {
  masks: readonly string[] | undefined;
  kernels: string;
};

/** @throws UsageError for flags that do not go together */
export function checkDynamicFlags(flags: DynamicValues): void {
  const { dynamic: rule, density, dynamicInterval, dynamicFraction, masks = [], kernels } = flags;
  if (rule === undefined) {
    const given = {
      density,
      "dynamic-interval": dynamicInterval,
      "dynamic-fraction": dynamicFraction,
    };
    const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
    if (name === undefined) return;
    throw new UsageError(`--${name} applies to dynamic sparse training: give --dynamic too`);
  }
  const { share, startsDense } = DYNAMIC[rule];
  if (startsDense && masks.length > 0) {
    throw new UsageError(`--dynamic ${rule} starts from the dense network: leave out --masks`);
  }
  if (density !== undefined && masks.length > 0) {
    throw new UsageError("--density and --masks both say how many weights live: give one of them");
  }
  if (density === undefined && masks.length === 0) {
    throw new UsageError(
      `--dynamic ${rule} needs --density, the fraction of weights that each layer ends with`,
    );
  }
  if (!share && dynamicFraction !== undefined) {
    throw new UsageError(`--dynamic-fraction with --dynamic ${rule}: ${fractionAdvice(rule)}`);
  }
  checkKernels(rule, kernels);
}

/**
 * Checks the flags of a lottery beside its protocol.
 *
 * @param rule how masks change within its levels; null where they stay
 * @throws UsageError for what levels whose masks change do not have
 */
export function checkDynamicLottery(
  { oneShot, masks, presets, kernels }: {
    oneShot: boolean;
    masks: readonly string[] | undefined;
    presets: string | undefined;
    kernels: string;
  },
  rule: DynamicName | null,
): void {
  if (rule === null) return;
  const given = { "--one-shot": oneShot || undefined, "--masks": masks, "--presets": presets };
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined) {
    throw new UsageError(
      `${name} applies to levels that are pruned between runs, and --dynamic ${rule} changes ` +
        "masks within each: leave one of them out",
    );
  }
  checkKernels(rule, kernels);
}

/** @throws UsageError for kernels whose masks cannot change */
function checkKernels(rule: DynamicName, kernels: string): void {
  if (kernels !== "sparse") return;
  throw new UsageError(
    `--dynamic ${rule} takes the dense kernels, whose masks can change: leave out --kernels`,
  );
}

/**
 * How masks change in a run; undefined where they stay.
 *
 * @param masks that it starts from, where some are given; a layer without one keeps all weights
 * @throws UsageError if the run is too short for an update; InputError as `checkDynamic`
 */
export function dynamicOf(
  flags: Pick<DynamicValues, keyof typeof dynamicFlags>,
  parameters: readonly Parameter[],
  iterations: number,
  masks: Masks | null,
): DynamicSpec | undefined {
  const { dynamic: rule, density: share = 1, dynamicInterval: interval = USUAL_INTERVAL } = flags;
  if (rule === undefined) return undefined;
  if (lastUpdate(rule, interval, iterations) === 0) {
    throw new UsageError(
      `--dynamic-interval ${interval} leaves ${rule} no update in a run of ${iterations} ` +
        "iterations: give a shorter one, or a longer --training-len",
    );
  }
  const given = masks && density(masks).layers;
  const sizes = prunableOf(parameters).map(({ name, rows, columns }) =>
    [name, rows * columns] as const
  );
  const spec: DynamicSpec = {
    ...{ rule, interval },
    ...(DYNAMIC[rule].share && { fraction: flags.dynamicFraction ?? USUAL_FRACTION }),
    live: Object.fromEntries(sizes.map(([name, size]) => [
      name,
      given ? given[name]?.live ?? size : Math.max(1, Math.round(share * size)),
    ])),
  };
  checkDynamic(spec, Object.fromEntries(sizes), iterations);
  return spec;
}
