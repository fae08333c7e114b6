/**
 * The settings as the page names and arranges them. The declarations in `run_flags.ts` say what a
 * setting is; here is only what a person reads above its field, and where the field stands.
 */

import { flagName } from "../../../flags/flags.ts";
import { CRITERIA } from "../../../foundations/pruning/criteria.ts";
import { INIT_CRITERIA } from "../../../foundations/pruning/init_criteria.ts";
import { OPTIMIZER_KINDS, OPTIMIZERS } from "../../../engine/optimizers.ts";
import { DATASET_NAMES, DATASETS, FALLBACK, USUAL } from "../../../datasets/datasets.ts";
import type { NetworkName } from "../../../models/networks.ts";
import { PROTOCOL_NAMES, PROTOCOLS } from "../../../lottery/protocols.ts";

/** Names of settings; one that is not here is called by its flag. */
export const LABELS: Readonly<Record<string, string>> = {
  protocol: "Protocol",
  dataset: "Dataset",
  seed: "Seed",
  iterations: "Prunings",
  trainingLen: "Training length",
  trials: "Trials",
  network: "Network",
  layers: "Hidden layers",
  optimizer: "Optimizer",
  learningRate: "Learning rate",
  momentum: "Momentum",
  nesterov: "Nesterov’s momentum",
  weightDecay: "Weight decay",
  schedule: "Learning-rate schedule",
  warmup: "Warm-up",
  milestones: "Milestones",
  gamma: "Factor at milestones",
  batchSize: "Batch size",
  initializer: "Initial weights",
  normalization: "Input scaling",
  augment: "Augmentation",
  validationSize: "Validation examples",
  testInterval: "Test every",
  validateInterval: "Validate every",
  pruneAt: "Pruned at",
  criterion: "Pruned by",
  scoreBatches: "Batches for scores",
  dynamic: "Masks change by",
  dynamicInterval: "Masks change every",
  dynamicFraction: "Fraction that changes",
  scope: "Weights compete in",
  rewind: "Rewind to",
  rewindLearningRate: "Schedule continues at",
  iterationsPerLevel: "Iterations per level",
  "mask-0": "Pruned weights are",
  "mask-1": "Survivors start from",
  prunePercents: "Fraction pruned",
  pruneOutput: "Fraction of the output layer",
  permuteLabels: "Permute labels",
  trainOrderSeed: "Seed of the data order",
  presets: "Start from weights",
  masks: "Start from masks",
  control: "Control at the end",
  oneShot: "Prune in one shot",
  replicas: "Runs at once",
  kernels: "Kernels",
  tune: "Measure an unknown GPU",
  experimentPath: "Folder",
  experimentName: "Name of each run",
  keepScores: "Save scores of weights",
  checkpointInterval: "Checkpoint every",
  overwrite: "Replace another experiment",
};

/** The settings that everyone sees, in order; the others are folded under their group's heading. */
export const BASIC = [
  ...["protocol", "network", "dataset", "iterations", "trainingLen", "trials", "seed"],
];

/** What settings mean, where the declaration speaks of the command line, or at length. */
export const HELP: Readonly<Record<string, string>> = {
  protocol: "A quick look, the paper’s own measurement, or that of another study.",
  network: "What is trained. Convolutions slide small kernels over the picture.",
  dataset: "What it learns to tell apart.",
  iterations: "How many times weights are cut. 0 trains only the full network.",
  trainingLen: "Iterations of each training. “epochs:2” means twice through all examples.",
  trials: "1-3 runs three, each from different random values. Their mean says more than one.",
  seed: "Another number gives different random values.",
  layers: "Widths, such as 300,100. Before them “conv5x5:20” is a convolution, “pool2” pools.",
  learningRate: "How far each iteration moves the values. Each optimizer has its own default.",
  weightDecay: "At each iteration every weight loses this share of itself.",
  schedule: "The same rate throughout, in steps at the milestones, or down to 0 along a cosine.",
  initializer: "The random values it starts from. Truncated ones are wider, without far outliers.",
  normalization: "Pixels from 0 to 1, images of length 1, or mean 0 and deviation 1.",
  augment: "Training images are shifted or mirrored at random. Mirrored digits are other digits.",
  testInterval: "Iterations between two tests.",
  pruneAt: "Level after level by trained weights, or all levels before any training.",
  criterion: "What decides which weights stay. The paper keeps those farthest from zero.",
  dynamic: "Weights are cut, and grow again, within one training.",
  scope: "Weights compete within each layer, or in all layers together.",
  rewind:
    "0: before training. “iteration:100”: after 100 iterations. “final”: they stay as trained.",
  rewindLearningRate:
    "If weights stay as trained: where the schedule continues. 0, “iteration:100” or “last”.",
  iterationsPerLevel: "For each level after the full network. 0: tickets are tested untrained.",
  "mask-0": "Zero, or their starting values, which are not trained.",
  "mask-1": "Their own starting values, the same shuffled, their signs alone, or new random ones.",
  presets: "A run’s folder. Its weights replace the random ones.",
  masks: "Runs’ folders. A weight is kept if any of them keeps it.",
  oneShot: "Each level is cut at once from the full network, by its own trained weights.",
  kernels:
    "Whole matrices, or lists of the remaining weights. Results differ in their last digits.",
  keepScores: "Saves the numbers by which weights were pruned. Changes no result.",
  checkpointInterval: "How often a run is saved, to resume from: seconds, or “iterations:100”.",
};

/** A complaint of the command line, with the names that the fields have here. */
export function inLabels(message: string): string {
  return message.replace(/--(?:no-)?([a-z][a-z0-9-]*)/g, (flag, name: string) => {
    const key = Object.keys(LABELS).find((key) => flagName(key) === `--${name}`);
    return key === undefined ? flag : `“${LABELS[key]}”`;
  });
}

/** Flags that mean something in a terminal alone. */
export const TERMINAL_ONLY = ["json", "outputDir", "mnistLocation", "resume"];

/** Headings of the folded groups: the declarations' own are written for `--help`. */
export const GROUPS: Readonly<Record<string, string>> = {
  Protocol: "Network, training and pruning",
  Data: "Data",
  Experiment: "Experiment",
  Output: "Files and checkpoints",
};

/** Networks in plain words. */
const NETWORK_WORDS: Readonly<Record<NetworkName, string>> = {
  "lenet-300-100": "fully connected (LeNet-300-100)",
  "lenet-5": "with convolutions (LeNet-5)",
  "conv-2": "two convolutions (Conv-2)",
  "conv-4": "four convolutions (Conv-4)",
  "conv-6": "six convolutions (Conv-6)",
};

/** Labels of choices. */
export const CHOICES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(PROTOCOL_NAMES.map((name) => [name, `${name}: ${PROTOCOLS[name].label}`])),
  "kernels auto": "whichever is faster",
  "auto": `the protocol’s: ${DATASETS[USUAL].label} if it is here, else ${
    DATASETS[FALLBACK].label
  }`,
  ...Object.fromEntries(DATASET_NAMES.map((name) => [name, DATASETS[name].label])),
  ...Object.fromEntries(OPTIMIZER_KINDS.map((kind) => [kind, OPTIMIZERS[kind].label])),
  ...NETWORK_WORDS,
  ...Object.fromEntries(
    Object.entries({ ...INIT_CRITERIA, ...CRITERIA }).map(([name, { help }]) => [
      `criterion ${name}`,
      `${name.replaceAll("_", " ")}: ${help}`,
    ]),
  ),
  "dynamic gmp": "gmp: fewer and fewer",
  "dynamic set": "set: the smallest go, others grow at random",
  "dynamic rigl": "rigl: the smallest go, others grow where they help most",
  "end": "the end of each level",
  "init": "initialization, all levels at once",
  "glorot": "Gaussian Glorot",
  "truncated": "Gaussian, cut at 2σ",
};

/** The label of a setting's choice. */
export const choiceText = (key: string, word: string): string =>
  CHOICES[`${key} ${word}`] ?? CHOICES[word] ?? word;

/** The group's heading by the first word of the declaration's. */
export function groupHeading(group: string): string {
  return GROUPS[group.split(" ")[0]] ?? group;
}
