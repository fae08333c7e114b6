/**
 * The flags of a protocol's fields (DESIGN section 5): network, training, pruning, rewinding. All
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

const PROTOCOL = "Protocol (a field that is not given keeps the value of --protocol)";

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
    help: "the network by its name, instead of by its --layers. " +
      NETWORK_NAMES.map((name) => `${name}: ${NETWORKS[name].hidden.map(layerText).join(", ")}`)
        .join("; "),
    defaultText: "that of --protocol",
    group: PROTOCOL,
  }),
  layers: layers({
    help: "hidden layers: widths of dense ones; before them convHxW:FILTERS (convolution, with v " +
      'as conv5x5v:20 "valid", else "same"; with sN stride N), poolN and avgpoolN (pooling, 2 if ' +
      "N is left out), gap (global mean)",
    defaultText: "those of --protocol",
    group: PROTOCOL,
  }),
  trainingLen: length({
    help: "length of each training: iterations, or epochs:N",
    group: PROTOCOL,
  }),
  iterations: integer({
    min: 0,
    max: 1000,
    help: "pruning levels after the dense network; 0 trains only that",
    group: PROTOCOL,
  }),
  trials: intRanges({
    min: 1,
    max: 1000,
    help: "trials to run, by number: 3 is the third alone, 1-3 the first three",
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
    help: "step size; an --optimizer that is not the protocol's has its own default: " +
      OPTIMIZER_KINDS.map((kind) => `${kind} ${OPTIMIZERS[kind].learningRate}`).join(", "),
    group: PROTOCOL,
  }),
  momentum: number({
    min: 0,
    below: 1,
    isFloat: true,
    help: "share of the last step that each step keeps, with --optimizer momentum or nesterov",
    defaultText: `${OPTIMIZERS.momentum.constants.momentum.usual}`,
    group: PROTOCOL,
  }),
  nesterov: boolean({
    help: "look ahead of each step: --optimizer momentum becomes --optimizer nesterov",
    group: PROTOCOL,
  }),
  weightDecay: number({
    min: 0,
    below: 1,
    help: "share of each weight, not of biases, that is added to its gradient; with --optimizer " +
      "adamw taken, times the learning rate, from the weight itself",
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
    help: "iterations over which the learning rate first rises to its full size",
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
    help: "examples per iteration; all training examples where that is more than there are",
    group: PROTOCOL,
  }),
  initializer: choice({
    choices: Object.keys(INITIALIZERS) as InitializerName[],
    help:
      "of the initial weights: glorot is Gaussian Glorot; truncated the original's, normal with " +
      "1.3 times the variance, cut at two standard deviations",
    group: PROTOCOL,
  }),
  normalization: choice({
    choices: NORMALIZATIONS,
    help:
      "of the inputs: unit divides pixels by 255 (images whose values are all from 0 to 1 are " +
      "left as they are), l2 divides each image by its norm, standardize gives each channel mean " +
      "0 and deviation 1 over the training and validation images",
    group: PROTOCOL,
  }),
  augment: augment({
    help: "change the images of each training batch at random, as is usual for CIFAR-10. crop: a " +
      "window of the image's size, of the image in a frame of 4 black pixels; flip: mirrored " +
      "left to right, every other time (digits and letters become others). Images that are " +
      "evaluated, and those by which untrained weights are scored, stay as they are",
    defaultText: "none",
    group: PROTOCOL,
  }),
  validationSize: integer({
    min: 0,
    max: 1e9,
    help: "training examples kept apart to find the early-stop iteration",
    group: PROTOCOL,
  }),
  testInterval: integer({
    min: 1,
    max: 1e9,
    help: "iterations between two evaluations on the test set; where it does not divide " +
      "--validate-interval, the accuracy at an early stop may be unknown",
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
    help: "end: each level is pruned by the weights that the one before ended with; init: all " +
      "masks are made before training, at the densities of the usual levels, and all levels are " +
      "trained side by side",
    group: PROTOCOL,
  }),
  criterion: choice({
    choices: [...new Set([...CRITERION_NAMES, ...INIT_CRITERION_NAMES])],
    placeholder: "NAME",
    help: "which weights stay at each level. " +
      CRITERION_NAMES.map((name) => `${name}: ${CRITERIA[name].help}`).join("; ") +
      ". With --prune-at init, which weights stay of the untrained network. " +
      INIT_CRITERION_NAMES.map((name) => `${name}: ${INIT_CRITERIA[name].help}`).join("; "),
    group: PROTOCOL,
  }),
  scoreBatches: integer({
    min: 1,
    max: 1e6,
    help: "with --prune-at init, training batches over which the scores of " +
      INIT_CRITERION_NAMES.filter((name) => INIT_CRITERIA[name].needsData).join(" and ") +
      " are means",
    group: PROTOCOL,
  }),
  dynamic: {
    ...dynamicFlags.dynamic,
    help: "train each level in one run whose masks change, and end with the density of the usual " +
      "level; all levels are trained side by side. " +
      DYNAMIC_NAMES.map((name) => `${name}: ${DYNAMIC[name].help}`).join("; "),
    group: PROTOCOL,
  },
  dynamicInterval: { ...dynamicFlags.dynamicInterval, group: PROTOCOL },
  dynamicFraction: { ...dynamicFlags.dynamicFraction, group: PROTOCOL },
  scope: choice({
    choices: SCOPES,
    help: "where weights compete: in each layer, or in all layers together, which lose as many " +
      "in all; layers whose fraction is 0 are left alone",
    defaultText: "layer; with --prune-at init global",
    group: PROTOCOL,
  }),
  rewind: point({
    words: ["final"],
    help: "where weights return to between levels. 0: their values before training (the paper); " +
      "iteration:K or epoch:K: those of the full network after so much training, from where data " +
      "order and schedule continue (Frankle et al. 2020); final: they stay as trained (Renda et " +
      "al. 2020)",
    group: PROTOCOL,
  }),
  rewindLearningRate: point({
    words: ["last"],
    help:
      "with --rewind final, where the schedule is taken up at each level. 0: at its beginning " +
      "(learning-rate rewinding); iteration:K or epoch:K: there; last: its last rate throughout " +
      "(fine-tuning)",
    defaultText: "0",
    group: PROTOCOL,
  }),
  iterationsPerLevel: integer({
    min: 0,
    max: 1e9,
    help: "iterations of each level after the full network; 0: tickets are evaluated without " +
      "training (supermasks, Zhou et al. 2019)",
    defaultText: "those left of --training-len",
    group: PROTOCOL,
  }),
  "mask-0": choice({
    choices: PRUNED_WEIGHTS,
    help:
      "what pruned weights are: zero, or their initial values, which are not trained (Zhou et " +
      "al. 2019; with the dense kernels)",
    group: PROTOCOL,
  }),
  "mask-1": choice({
    choices: SURVIVORS_NAMES,
    help: "what survivors start from. " +
      SURVIVORS_NAMES.map((name) => `${name}: ${SURVIVORS[name].help}`).join("; "),
    group: PROTOCOL,
  }),
  prunePercents: percents({
    help:
      "fraction of its live weights that each layer loses per level; layers at 0 are left alone",
    defaultText: `.2 of hidden dense layers, .1 of convolutions (${convPercents()}) and of the ` +
      "output layer",
    group: PROTOCOL,
  }),
  pruneOutput: number({
    min: 0,
    max: 1,
    help: "the same of the output layer, whatever its name",
    defaultText: "that of --prune-percents",
    group: PROTOCOL,
  }),
};
