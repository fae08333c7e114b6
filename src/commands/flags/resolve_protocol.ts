/** Protocols with what flags say otherwise. */

import type { NumbersByLayer } from "../../flags/lists.ts";
import { type FlagValues, quote } from "../../flags/flags.ts";
import { defaultPercents, layerNames, type Protocol, PROTOCOLS } from "../../lottery/protocols.ts";
import { UsageError } from "../../errors.ts";
import { numberIn } from "./folder_numbers.ts";
import type { protocolFlags } from "./run_flags.ts";
import { OPTIMIZERS } from "../../engine/optimizers.ts";

/** The values that `resolveProtocol` reads. */
export type ProtocolFlagValues = FlagValues<typeof protocolFlags> & { outputDir?: string };

/**
 * The protocol that the flags describe.
 *
 * @param base what fields have that are not given; that of --protocol unless it is given
 * @throws UsageError if --prune-percents names a layer that the network lacks, --momentum is given
 *   to another optimizer, or several trials are to share one trial's folder (--output-dir)
 */
export function resolveProtocol(
  flags: ProtocolFlagValues,
  base: Protocol = PROTOCOLS[flags.protocol],
): Protocol {
  const layers = flags.layers ?? base.layers;
  const kind = flags.optimizer ?? base.optimizer.kind;
  if (flags.momentum !== undefined && kind !== "momentum") {
    throw new UsageError(
      `--momentum ${flags.momentum} is of --optimizer momentum, and the optimizer is ${kind}: ` +
        `give ` +
        "that one, or leave --momentum out",
    );
  }
  const usualRate = kind === base.optimizer.kind
    ? base.learningRate
    : OPTIMIZERS[kind].learningRate;
  return {
    layers,
    initializer: flags.initializer ?? base.initializer,
    normalization: flags.normalization ?? base.normalization,
    optimizer: { kind },
    learningRate: flags.learningRate ?? usualRate,
    momentum: flags.momentum ?? base.momentum,
    batchSize: flags.batchSize ?? base.batchSize,
    validationSize: flags.validationSize ?? base.validationSize,
    trainingLength: flags.trainingLen ?? base.trainingLength,
    levels: flags.iterations ?? base.levels,
    criterion: flags.criterion ?? base.criterion,
    prunePercents: resolvePercents(layers, flags.prunePercents ?? {}),
    testInterval: flags.testInterval ?? base.testInterval,
    validateInterval: flags.validateInterval ?? base.validateInterval,
    trials: resolveTrials(flags, base.trials),
  };
}

function resolvePercents(hiddenLayers: readonly number[], given: NumbersByLayer): NumbersByLayer {
  const names = layerNames(hiddenLayers);
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
  return { ...defaultPercents(hiddenLayers), ...given };
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
