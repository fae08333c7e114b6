/**
 * The table of protocols (DESIGN section 5) and the one place where flags override it: takes the
 * values of `protocolFlags`, gives the protocol to run, complete and checked.
 */
import { UsageError } from "../errors.ts";
import type { InitializerName } from "../models/initializers.ts";
import type { LayerValues, TrainingLength } from "../flags/lists.ts";
import { type FlagValues, quote } from "../flags/flags.ts";
import { numberIn } from "../commands/folder_numbers.ts";
import type { protocolFlags } from "../commands/run_flags.ts";

/** Everything that decides what a lottery experiment trains, but for the data and the seed. */
export interface Protocol {
  /** Widths of the hidden ReLU layers; the output layer has one unit per class. */
  layers: readonly number[];
  /** What draws the initial weights. */
  initializer: InitializerName;
  /** unit: pixel/255; l2: each image divided by its L2 norm. */
  normalization: "unit" | "l2" | "none";
  optimizer: { kind: "sgd" | "momentum" | "adam" };
  learningRate: number;
  /** Decay of the velocity; used by the momentum optimizer alone. */
  momentum: number;
  batchSize: number;
  /** Training examples split off for validation; 0 for none. */
  validationSize: number;
  /** Length of every run. */
  trainingLength: TrainingLength;
  /** Prunings after level 0, so levels + 1 runs per trial (flag --iterations). */
  levels: number;
  /** Fraction in [0, 1] of a layer's live weights that each pruning removes, by layer name. */
  prunePercents: LayerValues;
  /** Iterations between two evaluations. */
  testInterval: number;
  validateInterval: number;
  /** Numbers of the trials, from 1, ascending. */
  trials: readonly number[];
}

/** Names of a fully connected network's layers, the output layer last: layer0, layer1, … */
export function layerNames(hiddenLayers: readonly number[]): string[] {
  return [...hiddenLayers, "output"].map((_, i) => `layer${i}`);
}

/** The paper's pruning rates: 20% of each hidden layer, 10% of the output layer (section 2). */
function defaultPercents(hiddenLayers: readonly number[]): LayerValues {
  const names = layerNames(hiddenLayers);
  return Object.fromEntries(names.map((name, i) => [name, i < hiddenLayers.length ? 0.2 : 0.1]));
}

/** Trial numbers 1 to n. */
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** Frankle & Carbin 2019, table of figure 2 and section 2. */
const paper: Protocol = {
  layers: [300, 100],
  initializer: "glorot",
  normalization: "unit",
  optimizer: { kind: "adam" },
  learningRate: 1.2e-3,
  momentum: 0.9,
  batchSize: 60,
  validationSize: 5000,
  trainingLength: { iterations: 50000 },
  levels: 20,
  prunePercents: defaultPercents([300, 100]),
  testInterval: 100,
  validateInterval: 100,
  trials: upTo(5),
};

/** The protocols that --protocol chooses from. */
export const protocols: Readonly<Record<"quick" | "paper" | "google", Protocol>> = {
  // The paper's, made short: 0.8^10 leaves 10.7% of a hidden layer.
  quick: { ...paper, trainingLength: { iterations: 800 }, levels: 10, trials: [1] },
  paper,
  // The defaults of google-research/lottery-ticket-hypothesis.
  google: {
    ...paper,
    initializer: "truncated",
    normalization: "l2",
    optimizer: { kind: "sgd" },
    learningRate: 0.1,
    batchSize: 64,
    validationSize: 0,
    levels: 30,
    trials: upTo(20),
  },
};

/** Step sizes for an optimizer that is not the protocol's; momentum 0.9 multiplies steps by ten. */
const USUAL_RATES = { sgd: 0.1, momentum: 0.01, adam: 1.2e-3 };

/** The values that `resolveProtocol` reads. */
export type ProtocolFlagValues = FlagValues<typeof protocolFlags> & { outputDir?: string };

/**
 * The protocol that the flags describe.
 *
 * @param base what fields have that are not given; that of --protocol unless it is given
 * @throws UsageError if --prune-percents names a layer that the network lacks, --momentum is given to
 *   another optimizer, or several trials are to share one trial's folder (--output-dir)
 */
export function resolveProtocol(
  flags: ProtocolFlagValues,
  base: Protocol = protocols[flags.protocol],
): Protocol {
  const layers = flags.layers ?? base.layers;
  const kind = flags.optimizer ?? base.optimizer.kind;
  if (flags.momentum !== undefined && kind !== "momentum") {
    throw new UsageError(
      `--momentum ${flags.momentum} is of --optimizer momentum, and the optimizer is ${kind}: give ` +
        "that one, or leave --momentum out",
    );
  }
  const usualRate = kind === base.optimizer.kind ? base.learningRate : USUAL_RATES[kind];
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
    prunePercents: resolvePercents(layers, flags.prunePercents ?? {}),
    testInterval: flags.testInterval ?? base.testInterval,
    validateInterval: flags.validateInterval ?? base.validateInterval,
    trials: resolveTrials(flags, base.trials),
  };
}

function resolvePercents(hiddenLayers: readonly number[], given: LayerValues): LayerValues {
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
