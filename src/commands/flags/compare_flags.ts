/** The flags of `compare`: those of run-lottery, but for what each method decides itself. */

import { UsageError } from "../../errors.ts";
import { type Flag, flagName, type FlagValues } from "../../flags/flags.ts";
import { words } from "../../flags/lists.ts";
import { DYNAMIC } from "../../foundations/pruning/dynamic.ts";
import { INIT_CRITERIA, type InitCriterionName } from "../../foundations/pruning/init_criteria.ts";
import {
  METHOD_FIELDS,
  METHOD_NAMES,
  type MethodName,
  METHODS,
  protocolOf,
  USUAL_METHODS,
} from "../../lottery/methods.ts";
import { layerNames, type Protocol, protocolNamed } from "../../lottery/protocols.ts";
import { checkDynamicLottery } from "./dynamic_flags.ts";
import { checkHowPruned, flagOf, networkOf, resolveProtocol } from "./resolve_protocol.ts";
import { runFlags } from "./run_flags.ts";

/** Prunings after the full network: 50, 25, 12.5, 6.3 and 3.1% of the hidden layers remain. */
const LEVELS = 5;
/** Fractions that each of them prunes. */
const HIDDEN_PERCENT = 0.5, OUTPUT_PERCENT = 0.25;

/** Flags that some methods alone have: no reason to refuse the others. */
const OF_SOME = {
  ...{ scoreBatches: undefined, dynamicInterval: undefined, dynamicFraction: undefined },
};

const { outputDir: _outputDir, oneShot: _oneShot, control: _control, ...shared } = runFlags;

/** A flag that is refused, with the reason: its value differs from method to method. */
function decided(flag: Flag): Flag {
  return {
    ...flag,
    help: "refused here: each method sets its own",
    group: "Decided by the methods",
    parse: (_, name) => {
      throw new UsageError(
        `${name} is not for compare: each of --methods has its own; leave it out, or use run-lottery`,
      );
    },
  };
}

const decidedFlags = Object.fromEntries(
  METHOD_FIELDS.map(flagOf).map((name) => [name, decided(runFlags[name])]),
);

/** Every flag of `compare`. */
export const compareFlags = {
  methods: words({
    words: METHOD_NAMES,
    help: "methods to train; in the order of this list, the others are tested against the first. " +
      METHOD_NAMES.map((name) => `${name}: ${METHODS[name].help}`).join("; "),
    defaultText: USUAL_METHODS.join(","),
    group: "Methods",
  }),
  ...shared,
  ...decidedFlags as object,
  iterations: { ...shared.iterations, defaultText: `${LEVELS}` },
  prunePercents: {
    ...shared.prunePercents,
    defaultText: `${HIDDEN_PERCENT} of hidden layers, ${OUTPUT_PERCENT} of the output layer, so ` +
      "that 50, 25, 12.5, 6.3 and 3.1% remain",
  },
  experimentPath: {
    ...shared.experimentPath,
    help: "folder of the comparison; runs land in " +
      "PATH/{method}/trial{t}/{level}/{experiment name}",
    defaultText: "results/{dataset}-{protocol}-compare",
  },
};

/**
 * The methods to train, in the order of the table.
 *
 * @param protocol the one that all share
 * @throws UsageError for flags that one of the methods does not have, or that none uses
 */
export function chosenMethods(
  flags: FlagValues<typeof compareFlags>,
  protocol: Protocol,
): MethodName[] {
  const methods = METHOD_NAMES.filter((name) => (flags.methods ?? USUAL_METHODS).includes(name));
  for (const name of methods) checkMethod(name, flags, protocol);
  for (const [key, isUsed] of Object.entries(USED_BY)) {
    if ((flags[key as keyof typeof flags] ?? false) === false) continue;
    const takes = (name: MethodName) => isUsed(protocolOf(name, protocol));
    if (methods.some(takes)) continue;
    throw new UsageError(
      `${flagName(key)} is used by ${METHOD_NAMES.filter(takes).join(", ")}, and --methods has ` +
        "none of them: leave it out, or add one",
    );
  }
  return methods;
}

/** Flags that some methods alone use, and whether one with such a protocol does. */
const USED_BY: Record<string, (protocol: Protocol) => boolean> = {
  scoreBatches: ({ pruneAt, criterion }) =>
    pruneAt === "init" && INIT_CRITERIA[criterion as InitCriterionName].needsData,
  dynamicInterval: ({ dynamic }) => dynamic !== null,
  dynamicFraction: ({ dynamic }) => dynamic !== null && DYNAMIC[dynamic].share !== undefined,
  keepScores: ({ dynamic }) => dynamic === null,
};

/** @throws UsageError for flags that run-lottery refuses with the fields of the method */
function checkMethod(
  name: MethodName,
  flags: FlagValues<typeof compareFlags>,
  protocol: Protocol,
): void {
  const its = protocolOf(name, protocol);
  try {
    checkHowPruned({ ...flags, ...OF_SOME }, its);
    checkDynamicLottery(lotteryValues(flags, undefined), its.dynamic);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { message } = error;
    throw new UsageError(`--methods ${name}: ${message}, or leave ${name} out of --methods`);
  }
}

/** The flags of the lotteries of a comparison, as run-lottery reads them. */
export function lotteryValues(
  { methods: _methods, ...values }: FlagValues<typeof compareFlags>,
  experimentPath: string | undefined,
): FlagValues<typeof runFlags> {
  return { ...values, experimentPath, outputDir: undefined, oneShot: false, control: false };
}

/**
 * The protocol that all methods share.
 *
 * @throws UsageError as `resolveProtocol`
 */
export function sharedProtocol(flags: FlagValues<typeof compareFlags>): Protocol {
  const base = protocolNamed(flags.protocol), names = layerNames(networkOf(flags, base).layers);
  const usual = names.map((
    name,
  ) => [name, name === names.at(-1) ? OUTPUT_PERCENT : HIDDEN_PERCENT]);
  // --prune-output is refused where the output layer has a percent too.
  if (flags.pruneOutput !== undefined) usual.pop();
  const prunePercents = { ...Object.fromEntries(usual), ...flags.prunePercents };
  const { scoreBatches = base.scoreBatches, dynamicInterval = base.dynamicInterval } = flags;
  const { dynamicFraction = base.dynamicFraction } = flags;
  return resolveProtocol(
    { ...flags, prunePercents, ...OF_SOME },
    { ...base, levels: LEVELS, scoreBatches, dynamicInterval, dynamicFraction },
  );
}
