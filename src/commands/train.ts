/** `train` (the original's runners/train.py): one network, optionally with masks and presets. */

import type { LevelStart } from "../foundations/experiment.ts";
import { networkDigest } from "../models/digest.ts";
import { path } from "../flags/kinds.ts";
import { intRanges } from "../flags/lists.ts";
import type { FlagValues } from "../flags/flags.ts";
import { checkDynamicFlags, dynamicFlags, dynamicOf } from "./flags/dynamic_flags.ts";
import { optional, singleRunFlags } from "./flags/reinitialize_flags.ts";
import { protocolFlags } from "./flags/protocol_flags.ts";
import { runFlags } from "./flags/run_flags.ts";
import { checkDatasetFlags } from "./lottery.ts";
import { continued } from "../runs/folder_state.ts";
import { type PlanContext, planOf, readMasks, readPresets, type Runner, single } from "./runner.ts";
import { openSingleRun, type SingleRun } from "./single_run.ts";
import { checkProtocol, resolveSingle, type SingleSettings } from "./single_settings.ts";
import { configOf } from "../runs/config.ts";
import { parametersOf } from "../models/parameters.ts";

const { protocol, seed, trainOrderSeed: _trainOrderSeed, ...trainingFlags } = singleRunFlags;
const { group } = protocolFlags.protocol;

/** Every flag of `train`. */
export const trainFlags = {
  dataset: runFlags.dataset,
  mnistLocation: runFlags.mnistLocation,
  permuteLabels: optional(runFlags.permuteLabels),
  trainOrderSeed: runFlags.trainOrderSeed,
  seed: { ...seed, group: runFlags.seed.group },
  presets: runFlags.presets,
  masks: runFlags.masks,
  trials: intRanges({
    min: 1,
    max: 1000,
    help: "one trial, which determines initial weights and split",
    defaultText: "that of --output-dir …/trial3; else that of the run whose masks it gets; else 1",
    group: "Experiment",
  }),
  levels: intRanges({
    min: 0,
    max: 1000,
    help:
      "one level, which determines the data order; with the presets and masks of a ticket, its own " +
      "level repeats the ticket",
    defaultText:
      "that of --output-dir …/trial3/2/…; else that of the run whose masks it gets; else 0",
    group: "Experiment",
  }),
  protocol: { ...protocol, group },
  ...Object.fromEntries(
    Object.entries(trainingFlags).map(([name, flag]) => [name, { ...flag, group }]),
  ) as typeof trainingFlags,
  ...dynamicFlags,
  outputDir: path({
    help: "folder of the run itself",
    defaultText: "results/train-{dataset}-{protocol}, and -RULE with --dynamic",
    group: "Output",
  }),
  kernels: runFlags.kernels,
  tune: runFlags.tune,
  resume: runFlags.resume,
  checkpointInterval: runFlags.checkpointInterval,
  overwrite: runFlags.overwrite,
  json: runFlags.json,
};

/** Trains one network: `deno task train`. */
export const trainRunner: Runner<typeof trainFlags> = {
  name: "train",
  summary: "Trains one network, optionally with given masks and initial weights.",
  flags: trainFlags,
  examples: [
    "deno task train --training-len epochs:5",
    "deno task train --masks results/mnist-quick/trial1/10/same_init/masks --output-dir " +
    "results/sparse",
    "deno task train --presets RUN/initial --masks RUN/masks,OTHER/masks --output-dir " +
    "results/union",
    "deno task train --dynamic rigl --density 0.1",
  ],

  check(flags) {
    checkDatasetFlags(flags);
    single(flags.trials, "--trials");
    single(flags.levels, "--levels");
    checkProtocol(flags);
    checkDynamicFlags(flags);
  },

  async plan(flags, context) {
    const { folder, config } = await resolve(flags, context);
    return planOf([folder], [config]);
  },

  async open(flags, context) {
    return await openSingleRun(await resolve(flags, context), context);
  },
};

async function resolve(
  flags: FlagValues<typeof trainFlags>,
  context: PlanContext,
): Promise<SingleRun> {
  const { storage, events } = context;
  const { overwrite, resume } = flags, policy = { overwrite, resume };
  const resolved = await resolveSingle(flags, context);
  const { data, settings, settingsName } = resolved;
  const folder = flags.outputDir ??
    `results/train-${data.record.name}-${flags.protocol ?? "quick"}` +
      (flags.dynamic ? `-${flags.dynamic}` : "");
  const parameters = parametersOf(settings.network.layers);
  const presets = await readPresets(context, flags.presets, parameters);
  const masks = await readMasks(context, flags.masks, parameters);
  const digests = {
    presets: presets && await networkDigest(presets),
    masks: masks && await networkDigest(masks),
  };
  const trainConfig = ({ numbers, settings }: SingleSettings) => {
    const { network: { layers }, training: { iterations } } = settings;
    const dynamic = dynamicOf(flags, parametersOf(layers), iterations, masks);
    return configOf({ kind: "train", ...numbers, run: 0 }, settings, digests, { dynamic });
  };
  const before = () => trainConfig(resolved.before());
  const now = trainConfig(resolved);
  const config = await continued(storage, folder, now, before, policy, events.onNotice);
  const start: LevelStart = { presets: presets ?? undefined, masks: masks ?? undefined };
  return { folder, config, start, data, settingsName, policy };
}
