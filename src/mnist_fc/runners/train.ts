/** `train` (the original's runners/train.py): one network, optionally with masks and presets. */

import { readNetwork } from "../../foundations/network_source.ts";
import type { LevelStart } from "../../foundations/experiment.ts";
import { settingsFor } from "../configured_run.ts";
import { networkDigest } from "../../foundations/digest.ts";
import { path } from "../flag_kinds.ts";
import { intRanges } from "../flag_lists.ts";
import { resolveProtocol } from "../protocols.ts";
import type { RunConfig } from "../run_config.ts";
import { protocolFlags, runFlags } from "../run_flags.ts";
import { checkDatasetFlags } from "./lottery.ts";
import { loadExamples, readMasks, type Runner, single } from "./runner.ts";
import { openSingleRun } from "./single_run.ts";

const {
  iterations: _iterations,
  prunePercents: _prunePercents,
  trials: _trials,
  ...trainingFlags
} = protocolFlags;

/** Every flag of `train`. */
export const trainFlags = {
  dataset: runFlags.dataset,
  mnistLocation: runFlags.mnistLocation,
  permuteLabels: runFlags.permuteLabels,
  trainOrderSeed: runFlags.trainOrderSeed,
  seed: runFlags.seed,
  presets: runFlags.presets,
  masks: runFlags.masks,
  trials: intRanges({
    min: 1,
    max: 1000,
    help: "the trial, one number, whose random numbers to use: initial weights and split",
    defaultText: "1",
    group: "Experiment",
  }),
  levels: intRanges({
    min: 0,
    max: 1000,
    help:
      "the level, one number, whose data order to use: with the presets and masks of a ticket, " +
      "its own repeats it",
    defaultText: "0",
    group: "Experiment",
  }),
  ...trainingFlags,
  outputDir: path({
    help: "folder of the run itself",
    defaultText: "results/train-{dataset}-{protocol}",
    group: "Output",
  }),
  resume: runFlags.resume,
  checkpointInterval: runFlags.checkpointInterval,
  overwrite: runFlags.overwrite,
  json: runFlags.json,
};

/** See the head of this file. */
export const trainRunner: Runner<typeof trainFlags> = {
  name: "train",
  summary: "Trains one network, optionally with given masks and initial weights.",
  flags: trainFlags,
  examples: [
    "deno task train --training-len epochs:5",
    "deno task train --masks results/mnist-quick/trial1/10/same_init/masks --output-dir results/sparse",
    "deno task train --presets RUN/initial --masks RUN/masks,OTHER/masks --output-dir results/union",
  ],

  check(flags) {
    checkDatasetFlags(flags);
    single(flags.trials, "--trials", 1);
    single(flags.levels, "--levels", 0);
    resolveProtocol(withoutPruning(flags));
  },

  async open(flags, context) {
    const { storage } = context;
    const { seed, permuteLabels, trainOrderSeed } = flags;
    const trial = single(flags.trials, "--trials", 1);
    const level = single(flags.levels, "--levels", 0);
    const protocol = resolveProtocol(withoutPruning(flags));
    const data = await loadExamples(context, flags.dataset, flags.mnistLocation);
    const folder = flags.outputDir ?? `results/train-${data.record.name}-${flags.protocol}`;
    const settings = settingsFor({ protocol, data, seed, permuteLabels, trainOrderSeed });
    const presets = flags.presets ? await readNetwork(storage, flags.presets, "initial") : null;
    const masks = await readMasks(storage, flags.masks);
    const config: RunConfig = {
      ...{ kind: "train", trial, level, run: 0 },
      ...settings,
      presets: presets && await networkDigest(presets),
      masks: masks && await networkDigest(masks),
    };
    const start: LevelStart = { presets: presets ?? undefined, masks: masks ?? undefined };
    const { overwrite, resume, protocol: name } = flags;
    const policy = { overwrite, resume };
    return await openSingleRun({ folder, config, start, data, protocol: name, policy }, context);
  },
};

/** The flags with those of a lottery at their defaults. */
export function withoutPruning<T>(flags: T) {
  return { ...flags, iterations: undefined, prunePercents: undefined, trials: undefined };
}
