/** The flags of `reinitialize`. */

import { controlFlags } from "./control_flags.ts";
import { choice, integer, path } from "../../flags/kinds.ts";
import { intRanges } from "../../flags/lists.ts";
import type { Flag } from "../../flags/flags.ts";
import { protocolFlags } from "./protocol_flags.ts";
import { runFlags } from "./run_flags.ts";
import { PROTOCOL_NAMES } from "../../lottery/protocols.ts";

const {
  protocol: _protocol,
  iterations: _iterations,
  pruneAt: _pruneAt,
  criterion: _criterion,
  scoreBatches: _scoreBatches,
  dynamic: _dynamic,
  dynamicInterval: _dynamicInterval,
  dynamicFraction: _dynamicFraction,
  scope: _scope,
  rewind: _rewind,
  rewindLearningRate: _rewindLearningRate,
  iterationsPerLevel: _iterationsPerLevel,
  "mask-0": _maskZero,
  "mask-1": _maskOne,
  prunePercents: _prunePercents,
  pruneOutput: _pruneOutput,
  trials: _trials,
  ...trainingFlags
} = protocolFlags;

const CONTROL = "Controls";
const SINGLE =
  "A single run (with --output-dir; without it, the settings are the experiment's own)";

/** A flag that shows whether it is given: its value is undefined where it is not. */
export function optional<T>(flag: Flag<T, T>): Flag<T, undefined> {
  return { ...flag, default: undefined };
}

/** Protocol fields, none of which has a default: a field that is given shows. */
export const singleRunFlags = {
  protocol: choice({
    choices: PROTOCOL_NAMES,
    help: "protocol of the settings that no flag gives",
    defaultText: "those of the run whose masks or weights it gets; else quick",
    group: SINGLE,
  }),
  seed: integer({
    min: 0,
    help: "fixes every random choice",
    defaultText: "that of the run whose masks or weights it gets; else 0",
    group: SINGLE,
  }),
  ...Object.fromEntries(
    Object.entries(trainingFlags)
      .map(([name, flag]) => [name, { ...flag, default: undefined, group: SINGLE }]),
  ) as Omit<typeof trainingFlags, "nesterov"> & { nesterov: Flag<boolean, undefined> },
  trainOrderSeed: { ...runFlags.trainOrderSeed, group: SINGLE },
};

/** Every flag of `reinitialize`. */
export const reinitializeFlags = {
  experimentPath: path({
    help: "folder of the finished lottery experiment whose controls to train, beside its tickets",
    defaultText: "results/mnist-quick",
    group: CONTROL,
  }),
  ...controlFlags,
  trials: intRanges({
    min: 1,
    max: 1000,
    help: "trials whose controls to train; for a single run, its trial",
    defaultText:
      "all of the experiment; of a single run, that of --output-dir …/trial3/…, else that of " +
      "the run whose masks it gets, else 1",
    group: CONTROL,
  }),
  experimentName: runFlags.experimentName,
  initializationDistribution: path({
    help:
      "folder of one-dimensional .npy arrays by layer name, from which reuse and reuse_sign draw " +
      "initial weights",
    defaultText: "{experiment path}/weights/{level}/initialization, derived from the tickets",
    group: CONTROL,
  }),
  outputDir: path({
    help: "train a single run, into this folder",
    group: SINGLE,
  }),
  masks: { ...runFlags.masks, group: SINGLE },
  sameSign: path({
    help: "weights whose signs the new ones get: a run, or a folder such as its initial",
    group: SINGLE,
  }),
  ...singleRunFlags,
  dataset: runFlags.dataset,
  mnistLocation: runFlags.mnistLocation,
  permuteLabels: optional(runFlags.permuteLabels),
  replicas: runFlags.replicas,
  kernels: runFlags.kernels,
  tune: runFlags.tune,
  resume: runFlags.resume,
  checkpointInterval: runFlags.checkpointInterval,
  overwrite: runFlags.overwrite,
  json: runFlags.json,
};
