/** Resolves a protocol and the flags that change it. */

import type { NumbersByLayer } from "../../flags/lists.ts";
import { type FlagValues, quote } from "../../flags/flags.ts";
import {
  defaultPercents,
  layerNames,
  networkNamed,
  type Protocol,
  protocolNamed,
} from "../../lottery/protocols.ts";
import { CRITERIA } from "../../foundations/pruning/criteria.ts";
import { DYNAMIC, fractionAdvice } from "../../foundations/pruning/dynamic.ts";
import { INIT_CRITERIA, type InitCriterionName } from "../../foundations/pruning/init_criteria.ts";
import { UsageError } from "../../errors.ts";
import { numberIn } from "./folder_numbers.ts";
import { protocolFlags } from "./protocol_flags.ts";
import { type OptimizerKind, OPTIMIZERS } from "../../engine/optimizers.ts";

/** The values that `resolveProtocol` reads. */
export type ProtocolFlagValues = Omit<FlagValues<typeof protocolFlags>, "nesterov"> & {
  nesterov?: boolean;
  outputDir?: string;
};

/**
 * The protocol that the flags describe.
 *
 * @param base what fields have that are not given; that of --protocol unless it is given
 * @throws UsageError if --prune-percents names a layer that the network lacks, --network and
 *   --layers are both given, --momentum or --nesterov is given to another optimizer, several trials
 *   are to share one trial's folder (--output-dir), and as `checkHowPruned`
 */
export function resolveProtocol(
  flags: ProtocolFlagValues,
  base: Protocol = protocolNamed(flags.protocol),
): Protocol {
  const network = networkOf(flags, base);
  const kind = optimizerKind(flags, base);
  if (flags.momentum !== undefined && !("momentum" in OPTIMIZERS[kind].constants)) {
    throw new UsageError(
      `--momentum ${flags.momentum} applies to --optimizer momentum or nesterov, and the ` +
        `optimizer is ${kind}: give one of those, or leave --momentum out`,
    );
  }
  const schedule = flags.schedule ?? base.schedule;
  const ofSteps = flags.milestones ? "--milestones" : flags.gamma === undefined ? null : "--gamma";
  if (ofSteps !== null && schedule !== "steps") {
    throw new UsageError(
      `${ofSteps} applies to --schedule steps, and the schedule is ${schedule}: give that one, ` +
        `or leave ${ofSteps} out`,
    );
  }
  if ((flags.rewind ?? base.rewind) === "final" && (flags["mask-1"] ?? "rewind") !== "rewind") {
    throw new UsageError(
      `--mask-1 ${
        flags["mask-1"]
      } applies to weights that return to level 0, and --rewind final keeps ` +
        "them as trained: give one of the two",
    );
  }
  const rewind = flags.rewind ?? base.rewind;
  if (flags.rewindLearningRate !== undefined && rewind !== "final") {
    throw new UsageError(
      `--rewind-learning-rate ${
        protocolFlags.rewindLearningRate.format(flags.rewindLearningRate)
      } applies to weights that stay as trained; add --rewind final, or leave it out: with a ` +
        "point, weights and schedule return to it together",
    );
  }
  checkHowPruned(flags, base);
  const isAtStart = rewind !== "final" && "iterations" in rewind && rewind.iterations === 0;
  if ((flags["mask-0"] ?? base.prunedWeights) === "initial" && !isAtStart) {
    throw new UsageError(
      `--mask-0 initial leaves pruned weights untrained, and --rewind ${
        protocolFlags.rewind.format(rewind)
      } starts from trained ones: leave one of them out`,
    );
  }
  const usualRate = kind === base.optimizer.kind
    ? base.learningRate
    : OPTIMIZERS[kind].learningRate;
  const given = Object.entries(flags)
    .filter(([name, value]) =>
      name in protocolFlags && !NO_FIELDS.includes(name) && value !== undefined
    )
    .map(([name, value]) => [FIELDS[name] ?? name, value]);
  return {
    ...base,
    learningRate: usualRate,
    ...((flags.pruneAt ?? base.pruneAt) === "init" && { scope: "global" }),
    ...Object.fromEntries(given),
    optimizer: { kind },
    // Those of the protocol belong to its own schedule.
    ...(schedule !== "steps" && { milestones: [] }),
    layers: network.layers,
    prunePercents: resolvePercents(network, flags.prunePercents ?? {}, flags.pruneOutput),
    trials: resolveTrials(flags, base.trials),
  };
}

/**
 * The network that the flags describe, and how much of it each pruning removes.
 *
 * @throws UsageError if they describe two
 */
export function networkOf(
  { network, layers }: Pick<ProtocolFlagValues, "network" | "layers">,
  base: Protocol,
): Pick<Protocol, "layers" | "prunePercents"> {
  if (network !== undefined && layers !== undefined) {
    throw new UsageError(
      `--network ${network} and --layers ${
        protocolFlags.layers.format(layers)
      } are two networks: give one of them`,
    );
  }
  if (network !== undefined) return networkNamed(network);
  return layers === undefined ? base : { layers, prunePercents: defaultPercents(layers) };
}

/** @throws UsageError if --nesterov is given to an optimizer without momentum */
function optimizerKind(flags: ProtocolFlagValues, base: Protocol): OptimizerKind {
  const kind = flags.optimizer ?? base.optimizer.kind;
  if (!flags.nesterov) return kind;
  if ("momentum" in OPTIMIZERS[kind].constants) return "nesterov";
  throw new UsageError(
    `--nesterov applies to --optimizer momentum, and the optimizer is ${kind}: give that one, or ` +
      "leave --nesterov out",
  );
}

/**
 * Checks that flags go with the way to prune, theirs or the base's.
 *
 * @throws UsageError for flags that it does not have
 */
export function checkHowPruned(flags: ProtocolFlagValues, base: Protocol): void {
  checkPruning(flags, base);
  checkDynamic(flags, base);
}

/** @throws UsageError for a criterion that does not go with the time of pruning, and the like */
function checkPruning(flags: ProtocolFlagValues, base: Protocol): void {
  const criterion = flags.criterion ?? base.criterion, at = flags.pruneAt ?? base.pruneAt;
  const isAtInit = at === "init", table = isAtInit ? INIT_CRITERIA : CRITERIA;
  if (!Object.hasOwn(table, criterion)) {
    throw new UsageError(
      isAtInit
        ? `--criterion ${criterion} needs trained weights, and --prune-at init has none: use ` +
          Object.keys(INIT_CRITERIA).join(", ")
        : `--criterion ${criterion} scores weights before training: add --prune-at init`,
    );
  }
  const needsData = isAtInit && INIT_CRITERIA[criterion as InitCriterionName].needsData;
  if (flags.scoreBatches !== undefined && !needsData) {
    throw new UsageError(
      `--score-batches ${flags.scoreBatches} applies to scores that depend on examples, and ` +
        `--criterion ${criterion} ${isAtInit ? "has none" : "scores trained weights"}: leave it ` +
        "out, or add --prune-at init --criterion snip or grasp",
    );
  }
  if (isAtInit && criterion === "erdos_renyi" && flags.scope === "layer") {
    throw new UsageError(
      "--scope layer keeps the usual densities of layers, and --criterion erdos_renyi chooses " +
        "its own: leave --scope out, or use --criterion random",
    );
  }
  if (isAtInit && (flags.rewind ?? base.rewind) === "final") {
    throw new UsageError(
      "--rewind final needs trained weights, and --prune-at init trains none before it " +
        "prunes: leave one of them out",
    );
  }
}

/** @throws UsageError for what levels whose masks change do not have */
function checkDynamic(flags: ProtocolFlagValues, base: Protocol): void {
  const rule = flags.dynamic ?? base.dynamic;
  if (rule === null) {
    const given = { "dynamic-interval": flags.dynamicInterval };
    const all = { ...given, "dynamic-fraction": flags.dynamicFraction };
    const [name] = Object.entries(all).find(([, value]) => value !== undefined) ?? [];
    if (name === undefined) return;
    throw new UsageError(`--${name} applies to dynamic sparse training: give --dynamic too`);
  }
  if (!DYNAMIC[rule].share && flags.dynamicFraction !== undefined) {
    throw new UsageError(`--dynamic-fraction with --dynamic ${rule}: ${fractionAdvice(rule)}`);
  }
  const { criterion, scope, pruneAt, rewind } = { ...base, ...definedOf(flags) };
  const others = [
    ...(criterion === "magnitude" ? [] : ["--criterion"]),
    ...(scope === "layer" ? [] : ["--scope"]),
    ...(pruneAt === "end" ? [] : ["--prune-at"]),
    ...(rewind !== "final" && "iterations" in rewind && rewind.iterations === 0
      ? []
      : ["--rewind"]),
    ...((flags["mask-0"] ?? base.prunedWeights) === "zero" ? [] : ["--mask-0"]),
    ...((flags["mask-1"] ?? base.survivors) === "rewind" ? [] : ["--mask-1"]),
  ];
  if (others.length === 0) return;
  throw new UsageError(
    `${
      others[0]
    } applies to levels that are pruned between runs, and --dynamic ${rule} changes masks ` +
      "within each: leave one of them out",
  );
}

/** The flags that are given. */
function definedOf(flags: ProtocolFlagValues): Partial<ProtocolFlagValues> {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

/** The flag of a protocol's field. */
export function flagOf(field: keyof Protocol): keyof typeof protocolFlags {
  const renamed = Object.entries(FIELDS).find(([, name]) => name === field)?.[0];
  return (renamed ?? field) as keyof typeof protocolFlags;
}

/** Flags that are no fields of their own. */
const NO_FIELDS: readonly string[] = ["protocol", "network", "nesterov", "pruneOutput"];

/** Fields of a protocol whose flags have other names: the original's. */
const FIELDS: Readonly<Record<string, keyof Protocol>> = {
  trainingLen: "trainingLength",
  iterations: "levels",
  "mask-0": "prunedWeights",
  "mask-1": "survivors",
};

function resolvePercents(
  { layers, prunePercents }: Pick<Protocol, "layers" | "prunePercents">,
  given: NumbersByLayer,
  output: number | undefined,
): NumbersByLayer {
  const names = layerNames(layers), last = names.at(-1)!;
  if (output !== undefined && Object.hasOwn(given, last)) {
    throw new UsageError(
      `--prune-output ${output} and --prune-percents ${last}=${given[last]} name the same layer: ` +
        "give one of them",
    );
  }
  for (const [name, fraction] of Object.entries(given)) {
    if (!names.includes(name)) {
      throw new UsageError(
        `--prune-percents names ${quote(name)}, but the layers are ${names.join(", ")}`,
      );
    }
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new UsageError(`--prune-percents ${name}=${fraction} is not a fraction from 0 to 1`);
    }
  }
  const ofOutput = output === undefined ? {} : { [last]: output };
  return { ...prunePercents, ...given, ...ofOutput };
}

function resolveTrials(flags: ProtocolFlagValues, usual: readonly number[]): readonly number[] {
  if (flags.outputDir === undefined) return flags.trials ?? usual;
  const trials = flags.trials ?? [numberIn(flags.outputDir, "trial") ?? 1];
  if (trials.length === 1) return trials;
  throw new UsageError(
    `--output-dir ${quote(flags.outputDir)} is the folder of one trial, but --trials asks for ` +
      `${trials.length}: use --experiment-path instead`,
  );
}
