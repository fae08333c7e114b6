/** PROTOCOLS, the table of settings that `--protocol` chooses from. */
import type { DatasetChoice } from "../datasets/datasets.ts";
import type { InitializerName } from "../models/initializers.ts";
import type { TrainingLength } from "../foundations/trainer.ts";
import type { AugmentName } from "../engine/examples/augment.ts";
import type { Normalization } from "../engine/examples/example_arrays.ts";
import type { OptimizerKind } from "../engine/optimizers.ts";
import { type HiddenLayer, parseHidden } from "../models/hidden_layers.ts";
import { type NetworkName, type NetworkRow, NETWORKS } from "../models/networks.ts";
import type { CriterionName } from "../foundations/pruning/criteria.ts";
import {
  type DynamicName,
  USUAL_FRACTION,
  USUAL_INTERVAL,
} from "../foundations/pruning/dynamic.ts";
import type { InitCriterionName } from "../foundations/pruning/init_criteria.ts";
import type { Scope } from "../foundations/pruning/pruning.ts";
import type { PrunedWeights } from "../foundations/model.ts";
import type { SurvivorsName } from "../foundations/rewinding.ts";
import type { ScheduleKind } from "../engine/schedules.ts";

/** A point of a training: after a number of iterations, or of epochs. */
export type TrainingPoint = TrainingLength;

/** Everything that decides what a lottery experiment trains, but for the data and the seed. */
export interface Protocol {
  /** The examples where --dataset is auto. */
  dataset: DatasetChoice;
  /** The hidden ReLU layers, of dense ones the widths; the output layer has one unit per class. */
  layers: readonly HiddenLayer[];
  /** Draws the initial weights. */
  initializer: InitializerName;
  /** How pixels become inputs. */
  normalization: Normalization;
  /** How training images are changed, in the order of AUGMENTS; empty: not. */
  augment: readonly AugmentName[];
  optimizer: { kind: OptimizerKind };
  learningRate: number;
  /** Decay of the velocity; used by optimizers with momentum alone. */
  momentum: number;
  /** Share of each weight that is added to its gradient; see `OptimizerSpec`. */
  weightDecay: number;
  /** How the learning rate changes; see `Schedule`. */
  schedule: ScheduleKind;
  warmup: number;
  milestones: readonly number[];
  gamma: number;
  batchSize: number;
  /** Training examples split off for validation; 0 for none. */
  validationSize: number;
  /** Length of every run. */
  trainingLength: TrainingLength;
  /** Prunings after level 0, so levels + 1 runs per trial (flag --iterations). */
  levels: number;
  /** By what weights are pruned, and where they compete. */
  criterion: CriterionName | InitCriterionName;
  scope: Scope;
  /** "init": masks are made before training, at the densities of the usual levels. */
  pruneAt: "end" | "init";
  /** How masks change within each level's one run; null: they stay. */
  dynamic: DynamicName | null;
  /** Iterations between two changes, and the share of live weights that one replaces. */
  dynamicInterval: number;
  dynamicFraction: number;
  /** Training batches over which scores at initialization are means. */
  scoreBatches: number;
  /** To which point weights return between levels: "final" leaves them as trained. */
  rewind: "final" | TrainingPoint;
  /** Where the schedule is taken up with "final"; "last": its last rate throughout. */
  rewindLearningRate: "last" | TrainingPoint;
  /** Iterations of each level after 0; null: those left of the training. */
  iterationsPerLevel: number | null;
  /** The values of pruned weights. */
  prunedWeights: PrunedWeights;
  /** The values from which survivors start. */
  survivors: SurvivorsName;
  /** Fraction in [0, 1] of a layer's live weights that each pruning removes, by layer name. */
  prunePercents: Readonly<Record<string, number>>;
  /** Iterations between two evaluations. */
  testInterval: number;
  validateInterval: number;
  /** Numbers of the trials, from 1, ascending. */
  trials: readonly number[];
}

/** Names of the layers with weights, the output layer last: layer0, layer1, … */
export function layerNames(hiddenLayers: readonly HiddenLayer[]): string[] {
  return [...hiddenLayers.filter(hasWeights), "output"].map((_, i) => `layer${i}`);
}

/**
 * The paper's pruning rates: 20% of each hidden dense layer, 10% of the output layer (section 2),
 * and 10% of convolutions, as of conv-2 and conv-4 (section 3).
 */
export function defaultPercents(
  hiddenLayers: readonly HiddenLayer[],
  convPercent = 0.1,
): Record<string, number> {
  const names = layerNames(hiddenLayers), layers = hiddenLayers.filter(hasWeights);
  const percents = layers.map((layer) => typeof layer === "number" ? 0.2 : convPercent);
  return Object.fromEntries(names.map((name, i) => [name, percents[i] ?? 0.1]));
}

function hasWeights(layer: HiddenLayer): boolean {
  return typeof layer === "number" || layer.kind === "conv2d";
}

/** A network of the table, and how much of it each pruning removes. */
export function networkNamed(name: NetworkName): Pick<Protocol, "layers" | "prunePercents"> {
  const { hidden, convPercent }: NetworkRow = NETWORKS[name];
  return { layers: hidden, prunePercents: defaultPercents(hidden, convPercent) };
}

/** Trial numbers 1 to n. */
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** Frankle & Carbin 2019, table of figure 2 and section 2. */
const paper: Protocol = {
  dataset: "auto",
  ...networkNamed("lenet-300-100"),
  initializer: "glorot",
  normalization: "unit",
  augment: [],
  optimizer: { kind: "adam" },
  learningRate: 1.2e-3,
  momentum: 0.9,
  weightDecay: 0,
  ...{ schedule: "constant", warmup: 0, milestones: [], gamma: 0.1 },
  batchSize: 60,
  validationSize: 5000,
  trainingLength: { iterations: 50000 },
  levels: 20,
  criterion: "magnitude",
  scope: "layer",
  pruneAt: "end",
  scoreBatches: 10,
  ...{ dynamic: null, dynamicInterval: USUAL_INTERVAL, dynamicFraction: USUAL_FRACTION },
  rewind: { iterations: 0 },
  rewindLearningRate: { iterations: 0 },
  iterationsPerLevel: null,
  prunedWeights: "zero",
  survivors: "rewind",
  testInterval: 100,
  validateInterval: 100,
  trials: upTo(5),
};

/** The paper's, made short, with a learning rate that falls at half and at three quarters. */
const stepped: Protocol = {
  ...paper,
  trainingLength: { iterations: 800 },
  schedule: "steps",
  milestones: [400, 600],
  levels: 10,
  trials: [1],
};

/** The paper's section 3, of CIFAR-10. Rates and lengths are its figure 2. */
const convolutional = (
  network: NetworkName,
  learningRate: number,
  iterations: number,
): Protocol => ({
  ...paper,
  ...networkNamed(network),
  dataset: "cifar-10",
  normalization: "standardize",
  learningRate,
  trainingLength: { iterations },
});

/** A protocol, and what `--help` and the page say of it. */
export interface ProtocolRow extends Protocol {
  help: string;
  /** Names the choice on the page. */
  label: string;
}

/** PROTOCOLS, the table that `--protocol` chooses from; the first is the default. */
export const PROTOCOLS = {
  // The paper's, made short: 0.8^10 leaves 10.7% of a hidden layer.
  quick: {
    help: "the effect, in a minute on two cores",
    label: "the effect, in a minute",
    ...paper,
    trainingLength: { iterations: 800 },
    levels: 10,
    trials: [1],
  },
  paper: { help: "the paper's measurement, in hours", label: "the measurement, hours", ...paper },
  // Renda, Frankle & Carbin 2020, on this network: the rate falls twice, as theirs do.
  "learning-rate-rewinding": {
    help: "weights stay as trained, the schedule restarts at each level (Renda et al. 2020)",
    label: "weights stay, the rate is rewound",
    ...stepped,
    rewind: "final",
  },
  "fine-tuning": {
    help: "weights stay as trained, each level continues at the last learning rate",
    label: "weights stay, at the last rate",
    ...stepped,
    rewind: "final",
    rewindLearningRate: "last",
  },
  // The defaults of google-research/lottery-ticket-hypothesis.
  google: {
    help: "the original library's experiments",
    label: "the original library's",
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
  "lenet-5": {
    help: "a small network with convolutions, in four minutes on two cores",
    label: "convolutions on digits",
    ...paper,
    ...networkNamed("lenet-5"),
    trainingLength: { iterations: 250 },
    ...{ testInterval: 125, validateInterval: 125 },
    levels: 10,
    trials: [1],
  },
  // A sixteenth of Conv-2's multiplications: 16 filters, where the paper has 64.
  "conv-2-quick": {
    help: "conv-2 with a quarter of its filters and units, in minutes",
    label: "convolutions on photos, cut down",
    ...convolutional("conv-2", 1e-3, 400),
    layers: parseHidden("conv3x3:16,conv3x3:16,pool,64,64"),
    ...{ testInterval: 200, validateInterval: 200 },
    levels: 8,
    trials: [1],
  },
  "conv-2": {
    help: "the paper's section 3, on CIFAR-10: two convolutions",
    label: "two convolutions, hours",
    ...convolutional("conv-2", 2e-4, 20000),
  },
  "conv-4": {
    help: "the same with four",
    label: "four convolutions, hours",
    ...convolutional("conv-4", 3e-4, 25000),
  },
  "conv-6": {
    help: "the same with six",
    label: "six convolutions, hours",
    ...convolutional("conv-6", 3e-4, 30000),
  },
} as const satisfies Record<string, ProtocolRow>;

/** The name of a protocol. */
export type ProtocolName = keyof typeof PROTOCOLS;
/** All of them. */
export const PROTOCOL_NAMES = Object.keys(PROTOCOLS) as ProtocolName[];

/** A protocol without its texts. */
export function protocolNamed(name: ProtocolName): Protocol {
  const { help: _help, label: _label, ...protocol } = PROTOCOLS[name];
  return protocol;
}
