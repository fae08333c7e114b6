/**
 * The flags of a protocol's fields: network, training, pruning, rewinding. All
 * tasks that train share them; `resolveProtocol` applies them.
 */
import { type InitializerName, INITIALIZERS } from "../../models/initializers.ts";
import { boolean, choice, integer, number } from "../../flags/kinds.ts";
import { integers, intRanges, length, percents, point } from "../../flags/lists.ts";
import { NORMALIZATIONS } from "../../engine/examples/example_arrays.ts";
import { OPTIMIZER_KINDS, OPTIMIZERS } from "../../engine/optimizers.ts";
import { PROTOCOL_NAMES, PROTOCOLS } from "../../lottery/protocols.ts";
import { CRITERIA, CRITERION_NAMES } from "../../foundations/pruning/criteria.ts";
import { DYNAMIC, DYNAMIC_NAMES } from "../../foundations/pruning/dynamic.ts";
import { layerText } from "../../models/hidden_layers.ts";
import { NETWORK_NAMES, type NetworkRow, NETWORKS } from "../../models/networks.ts";
import { augment } from "./augment_flag.ts";
import { dynamicFlags } from "./dynamic_flags.ts";
import { INIT_CRITERIA, INIT_CRITERION_NAMES } from "../../foundations/pruning/init_criteria.ts";
import { layers } from "./layers_flag.ts";
import { SCOPES } from "../../foundations/pruning/pruning.ts";
import { PRUNED_WEIGHTS } from "../../foundations/model.ts";
import { SURVIVORS, SURVIVORS_NAMES } from "../../foundations/rewinding.ts";
import { SCHEDULE_KINDS, SCHEDULES } from "../../engine/schedules.ts";

/** "lenet-5: 0.2". */
function convPercents(): string {
  return NETWORK_NAMES.flatMap((name) => {
    const { convPercent }: NetworkRow = NETWORKS[name];
    return convPercent === undefined ? [] : [`${name}: ${convPercent}`];
  }).join(", ");
}

const PROTOCOL = "Protocol (every other flag replaces a value of --protocol)";

/** One flag per field of a `Protocol`; `resolveProtocol` applies them. */
export const protocolFlags = {
  protocol: choice({
    choices: PROTOCOL_NAMES,
    default: "quick",
    help: PROTOCOL_NAMES.map((name) => `${name}: ${PROTOCOLS[name].help}`).join("; "),
    group: PROTOCOL,
  }),
  network: choice({
    choices: NETWORK_NAMES,
    help: "a network by name, instead of --layers. " +
      NETWORK_NAMES.map((name) => `${name}: ${NETWORKS[name].hidden.map(layerText).join(", ")}`)
        .join("; "),
    defaultText: "that of --protocol",
    group: PROTOCOL,
  }),
  layers: layers({
    help:
      "hidden layers: widths of dense layers, preceded by convHxW:FILTERS (a convolution with " +
      'padding "same"; conv5x5v:20 with "valid", conv3x3s2:64 with stride 2), poolN and avgpoolN ' +
      "(pooling, N = 2 if omitted), gap (global mean)",
    defaultText: "those of --protocol",
    group: PROTOCOL,
  }),
  trainingLen: length({
    help: "length of each run: iterations, or epochs:N",
    group: PROTOCOL,
  }),
  iterations: integer({
    min: 0,
    max: 1000,
    help: "prunings, so levels after the full network; 0 trains the full network only",
    group: PROTOCOL,
  }),
  trials: intRanges({
    min: 1,
    max: 1000,
    help: "numbers of the trials: 3 is the third only, 1-3 the first three",
    group: PROTOCOL,
  }),
  optimizer: choice({
    choices: OPTIMIZER_KINDS,
    help: "update rule",
    group: PROTOCOL,
  }),
  learningRate: number({
    above: 0,
    max: 1000,
    isFloat: true,
    help: "step size; with another --optimizer than the protocol's, the default is " +
      OPTIMIZER_KINDS.map((kind) => `${kind} ${OPTIMIZERS[kind].learningRate}`).join(", "),
    group: PROTOCOL,
  }),
  momentum: number({
    min: 0,
    below: 1,
    isFloat: true,
    help: "fraction of the previous step that is kept, with --optimizer momentum or nesterov",
    defaultText: `${OPTIMIZERS.momentum.constants.momentum.usual}`,
    group: PROTOCOL,
  }),
  nesterov: boolean({
    help: "turn --optimizer momentum into --optimizer nesterov",
    group: PROTOCOL,
  }),
  weightDecay: number({
    min: 0,
    below: 1,
    help:
      "fraction of each weight (not of biases) that is added to its gradient; with --optimizer " +
      "adamw it is subtracted from the weight, times the learning rate",
    defaultText: "0",
    group: PROTOCOL,
  }),
  schedule: choice({
    choices: SCHEDULE_KINDS,
    help: "how the learning rate changes during a run. " +
      SCHEDULE_KINDS.map((kind) => `${kind}: ${SCHEDULES[kind].help}`).join("; "),
    group: PROTOCOL,
  }),
  warmup: integer({
    min: 0,
    max: 1e9,
    help: "iterations over which the learning rate rises to its full size",
    group: PROTOCOL,
  }),
  milestones: integers({
    min: 1,
    max: 1e9,
    help: "iterations at which --schedule steps multiplies the learning rate by --gamma",
    group: PROTOCOL,
  }),
  gamma: number({
    above: 0,
    max: 1,
    help: "factor of --schedule steps",
    defaultText: "0.1",
    group: PROTOCOL,
  }),
  batchSize: integer({
    min: 1,
    max: 65536,
    help: "examples per iteration, at most all training examples",
    group: PROTOCOL,
  }),
  initializer: choice({
    choices: Object.keys(INITIALIZERS) as InitializerName[],
    help: "distribution of the initial weights. glorot: Gaussian Glorot; truncated: the original " +
      "library's, with 1.3 times the variance, cut at two standard deviations",
    group: PROTOCOL,
  }),
  normalization: choice({
    choices: NORMALIZATIONS,
    help:
      "scaling of the inputs. unit: pixels divided by 255 (values that are all from 0 to 1 are " +
      "kept); l2: each image divided by its norm; none: pixels as they are; standardize: each " +
      "channel with mean 0 and deviation 1 over the training and validation images",
    group: PROTOCOL,
  }),
  augment: augment({
    help:
      "random changes of the training images, as is usual for CIFAR-10. crop: a window of the " +
      "image's size in the image padded with 4 black pixels; flip: mirrored left to right, with " +
      "probability 1/2 (not for digits and letters). Evaluations and scores before training use " +
      "the unchanged images",
    defaultText: "none",
    group: PROTOCOL,
  }),
  validationSize: integer({
    min: 0,
    max: 1e9,
    help: "training examples held out to find the early-stop iteration",
    group: PROTOCOL,
  }),
  testInterval: integer({
    min: 1,
    max: 1e9,
    help: "iterations between two evaluations on the test set; if it does not divide " +
      "--validate-interval, the test accuracy at the early stop may be unknown",
    group: PROTOCOL,
  }),
  validateInterval: integer({
    min: 1,
    max: 1e9,
    help: "iterations between two evaluations on the validation set",
    group: PROTOCOL,
  }),
  pruneAt: choice({
    choices: ["end", "init"],
    help:
      "end: each level is pruned by the final weights of the level before; init: all masks are " +
      "made before training, at the densities of the usual levels, and all levels are trained " +
      "side by side",
    group: PROTOCOL,
  }),
  criterion: choice({
    choices: [...new Set([...CRITERION_NAMES, ...INIT_CRITERION_NAMES])],
    placeholder: "NAME",
    help: "which weights stay at each level. " +
      CRITERION_NAMES.map((name) => `${name}: ${CRITERIA[name].help}`).join("; ") +
      ". With --prune-at init, which weights of the untrained network stay. " +
      INIT_CRITERION_NAMES.map((name) => `${name}: ${INIT_CRITERIA[name].help}`).join("; "),
    group: PROTOCOL,
  }),
  scoreBatches: integer({
    min: 1,
    max: 1e6,
    help: "with --prune-at init, training batches over which the scores of " +
      INIT_CRITERION_NAMES.filter((name) => INIT_CRITERIA[name].needsData).join(" and ") +
      " are averaged",
    group: PROTOCOL,
  }),
  dynamic: {
    ...dynamicFlags.dynamic,
    help: "train each level in one run whose masks change and end at the usual density of that " +
      "level; all levels are trained side by side. " +
      DYNAMIC_NAMES.map((name) => `${name}: ${DYNAMIC[name].help}`).join("; "),
    group: PROTOCOL,
  },
  dynamicInterval: { ...dynamicFlags.dynamicInterval, group: PROTOCOL },
  dynamicFraction: { ...dynamicFlags.dynamicFraction, group: PROTOCOL },
  scope: choice({
    choices: SCOPES,
    help: "whether weights compete within each layer or over all layers, which together lose as " +
      "many; layers at 0 are left alone",
    defaultText: "layer; with --prune-at init global",
    group: PROTOCOL,
  }),
  rewind: point({
    words: ["final"],
    help: "point to which weights return between levels. 0: before training (the paper); " +
      "iteration:K or epoch:K: that point of the full network's training, from which data order " +
      "and schedule continue (Frankle et al. 2020); final: weights stay as trained (Renda et al. " +
      "2020)",
    group: PROTOCOL,
  }),
  rewindLearningRate: point({
    words: ["last"],
    help:
      "with --rewind final, where each level enters the learning-rate schedule. 0: at its start " +
      "(learning-rate rewinding); iteration:K or epoch:K: at that point; last: the last rate " +
      "throughout (fine-tuning)",
    defaultText: "0",
    group: PROTOCOL,
  }),
  iterationsPerLevel: integer({
    min: 0,
    max: 1e9,
    help: "iterations of each level after the full network; 0 evaluates tickets without training " +
      "(supermasks, Zhou et al. 2019)",
    defaultText: "--training-len, from the rewinding point on",
    group: PROTOCOL,
  }),
  "mask-0": choice({
    choices: PRUNED_WEIGHTS,
    help:
      "values of pruned weights: zero, or their initial values, not trained (Zhou et al. 2019; " +
      "dense kernels only)",
    group: PROTOCOL,
  }),
  "mask-1": choice({
    choices: SURVIVORS_NAMES,
    help: "initial values of survivors. " +
      SURVIVORS_NAMES.map((name) => `${name}: ${SURVIVORS[name].help}`).join("; "),
    group: PROTOCOL,
  }),
  prunePercents: percents({
    help: "fraction of live weights that each layer loses per level; layers at 0 are left alone",
    defaultText: `0.2 of hidden dense layers, 0.1 of convolutions (${convPercents()}) and of the ` +
      "output layer",
    group: PROTOCOL,
  }),
  pruneOutput: number({
    min: 0,
    max: 1,
    help: "the same for the output layer, whatever its name",
    defaultText: "as in --prune-percents",
    group: PROTOCOL,
  }),
};
