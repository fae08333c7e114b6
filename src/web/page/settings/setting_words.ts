/**
 * The settings as the page names and arranges them. The declarations in `run_flags.ts` say what a
 * setting is; here is only what a person reads above its field, and where the field stands.
 */

import { OPTIMIZER_KINDS, OPTIMIZERS } from "../../../engine/optimizers.ts";
import { DATASET_NAMES, DATASETS, FALLBACK, USUAL } from "../../../datasets/datasets.ts";
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
  schedule: "Schedule of the rate",
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
  scoreBatches: "Batches of scores",
  dynamic: "Masks change by",
  dynamicInterval: "Masks change every",
  dynamicFraction: "Share that changes",
  scope: "Weights compete in",
  rewind: "Rewind to",
  rewindLearningRate: "Schedule taken up at",
  iterationsPerLevel: "Iterations per level",
  "mask-0": "Pruned weights are",
  "mask-1": "Survivors start from",
  prunePercents: "Fraction pruned",
  pruneOutput: "Fraction of the output layer",
  permuteLabels: "Permute labels",
  trainOrderSeed: "Seed of the order",
  presets: "Start from weights",
  masks: "Start from masks",
  control: "Reinitialized control at the end",
  oneShot: "Prune in one shot",
  replicas: "Runs at once",
  kernels: "Kernels",
  experimentPath: "Folder",
  experimentName: "Name of each run",
  keepScores: "Keep scores of weights",
  checkpointInterval: "Checkpoint every",
  overwrite: "Replace another experiment",
};

/** The settings that everyone sees, in order; the others are folded under their group's heading. */
export const BASIC = ["protocol", "dataset", "seed", "iterations", "trainingLen", "trials"];

/** Flags that mean something in a terminal alone. */
export const TERMINAL_ONLY = ["json", "outputDir", "mnistLocation", "resume"];

/** Headings of the folded groups: the declarations' own are written for `--help`. */
export const GROUPS: Readonly<Record<string, string>> = {
  Protocol: "Network, training and pruning",
  Data: "Data",
  Experiment: "Experiment",
  Output: "Files and checkpoints",
};

/** Labels of choices. */
export const CHOICES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(PROTOCOL_NAMES.map((name) => [name, `${name}: ${PROTOCOLS[name].label}`])),
  "auto": `${DATASETS[USUAL].label} if it is here, else ${DATASETS[FALLBACK].label}`,
  ...Object.fromEntries(DATASET_NAMES.map((name) => [name, DATASETS[name].label])),
  ...Object.fromEntries(OPTIMIZER_KINDS.map((kind) => [kind, OPTIMIZERS[kind].label])),
  "end": "the end of each level",
  "init": "initialization, all levels at once",
  "glorot": "Gaussian Glorot",
  "truncated": "Gaussian, cut at 2σ",
};

/** The group's heading by the first word of the declaration's. */
export function groupHeading(group: string): string {
  return GROUPS[group.split(" ")[0]] ?? group;
}
