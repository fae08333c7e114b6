/**
 * `reinitialize` (the original's runners/reinitialize.py): networks with the masks of finished runs
 * and new initial weights; all controls of an experiment, or with --output-dir a single one.
 */

import { UsageError } from "../errors.ts";
import { readNetwork } from "../records/network_source.ts";
import type { Network } from "../models/network.ts";
import { networkDigest } from "../models/digest.ts";
import { flagName, type FlagValues } from "../flags/flags.ts";
import { controlStart } from "../lottery/initial_values.ts";
import { reinitializeFlags, singleRunFlags } from "./flags/reinitialize_flags.ts";
import { provideValueSets, readValueSets } from "../lottery/value_sets.ts";
import { openControls } from "./controls.ts";
import { checkDatasetFlags } from "./lottery.ts";
import { continued } from "../runs/folder_state.ts";
import { type PlanContext, planOf, readMasks, type Runner, single } from "./runner.ts";
import { openSingleRun, type SingleRun } from "./single_run.ts";
import { checkProtocol, resolveSingle, type SingleSettings } from "./single_settings.ts";
import { configOf } from "../runs/config.ts";
import { type Parameter, parametersOf } from "../models/parameters.ts";
import { KINDS, REINIT_KINDS, type ReinitKind } from "../records/kinds.ts";

type Flags = FlagValues<typeof reinitializeFlags>;

/** Trains controls with other initial weights: `deno task reinitialize`. */
export const reinitializeRunner: Runner<typeof reinitializeFlags> = {
  name: "reinitialize",
  summary: "Trains the controls of a finished lottery experiment: the masks of its tickets with " +
    "other initial weights. reinit: new random weights; reuse: values drawn from the tickets' " +
    "initial weights; reuse_sign: the same, with the ticket's signs.",
  flags: reinitializeFlags,
  examples: [
    "deno task reinitialize --experiment-path results/mnist-quick",
    "deno task reinitialize --experiment reinit,reuse,reuse_sign --trials 1-2 --levels 0-10 " +
    "--runs 1-10",
    "deno task reinitialize --masks RUN/masks --output-dir results/reinit",
  ],

  check(flags) {
    checkDatasetFlags(flags);
    if (flags.outputDir === undefined) checkWhole(flags);
    else checkSingle(flags);
  },

  async plan(flags, context) {
    // The controls of an experiment are planned as its folder is opened.
    if (flags.outputDir === undefined) return null;
    const { folder, config } = await resolve(flags, flags.outputDir, context);
    return planOf([folder], [config]);
  },

  async open(flags, context) {
    if (flags.outputDir !== undefined) {
      return await openSingleRun(await resolve(flags, flags.outputDir, context), context);
    }
    const kinds = REINIT_KINDS.filter((kind) => (flags.experiment ?? ["reinit"]).includes(kind));
    const values = flags.initializationDistribution;
    return await openControls(flags, kinds, context, { chart: "controls", values });
  },
};

/** All controls have the settings of their tickets, so flags that would change them are refused. */
function checkWhole(flags: Flags): void {
  const foreign = [...Object.keys(singleRunFlags), "masks", "sameSign"] as (keyof Flags)[];
  for (const key of foreign) {
    if (flags[key] === undefined) continue;
    throw new UsageError(
      `${
        flagName(key)
      } is for a single run, with --output-dir; the controls of an experiment have ` +
        "its own settings: leave it out",
    );
  }
  if (flags.permuteLabels !== undefined) {
    throw new UsageError(
      "--permute-labels is for a single run, with --output-dir; the controls of an experiment " +
        "see its own labels: leave it out",
    );
  }
}

function checkSingle(flags: Flags): void {
  if (flags.experimentPath !== undefined) {
    throw new UsageError("--output-dir and --experiment-path exclude each other; give one of them");
  }
  if (flags.sameSign !== undefined && flags.initializationDistribution === undefined) {
    throw new UsageError(
      "--same-sign chooses the signs of values that are drawn: give " +
        "--initialization-distribution too",
    );
  }
  const kind = kindOf(flags);
  const [asked] = flags.experiment ?? [kind];
  if (flags.experiment && (flags.experiment.length > 1 || asked !== kind)) {
    throw new UsageError(
      `--experiment ${
        flags.experiment.join(",")
      } does not fit a single run with these flags, which ` +
        `is ${kind}: reuse takes --initialization-distribution, reuse_sign --same-sign too`,
    );
  }
  single(flags.trials, "--trials");
  single(flags.levels, "--levels");
  single(flags.runs, "--runs");
  checkProtocol(flags);
}

function kindOf(flags: Flags): ReinitKind {
  const weights = flags.initializationDistribution === undefined
    ? "drawn"
    : flags.sameSign === undefined
    ? "values"
    : "signed values";
  return REINIT_KINDS.find((kind) => KINDS[kind].weights === weights)!;
}

async function resolve(flags: Flags, folder: string, context: PlanContext): Promise<SingleRun> {
  const { storage, events } = context;
  const { overwrite, resume } = flags, policy = { overwrite, resume };
  const resolved = await resolveSingle(flags, context);
  const { data, settings, settingsName } = resolved;
  const masks = await readMasks(context, flags.masks, parametersOf(settings.network.layers));
  const values = flags.initializationDistribution === undefined
    ? undefined
    : await readDistribution(
      context,
      flags.initializationDistribution,
      parametersOf(settings.network.layers),
    );
  const signs = flags.sameSign === undefined
    ? undefined
    : await readNetwork(storage, flags.sameSign, "initial", parametersOf(settings.network.layers));
  const digests = {
    masks: masks && await networkDigest(masks),
    ...(values && { values: await networkDigest(values) }),
    ...(signs && { signs: await networkDigest(signs) }),
  };
  const controlConfig = ({ numbers, settings }: SingleSettings) =>
    configOf({ kind: kindOf(flags), ...numbers }, settings, digests);
  const before = () => controlConfig(resolved.before());
  const now = controlConfig(resolved);
  const config = await continued(storage, folder, now, before, policy, events.onNotice);
  const start = controlStart(config, { masks: masks ?? {}, values, signs });
  return { folder, config, start, data, settingsName, policy };
}

/** Where an experiment keeps a level's value sets: {experiment}/weights/{level}/initialization. */
const KEPT_SETS = /^(.+)\/weights\/(\d+)\/(?:(.+)_)?initialization\/?$/;

/** The sets of a folder; an experiment's own are derived if they are missing. */
async function readDistribution(
  { storage, events }: PlanContext,
  folder: string,
  parameters: readonly Parameter[],
): Promise<Network> {
  const match = KEPT_SETS.exec(folder);
  if (match && !await storage.exists(folder)) {
    const [, experimentPath, level, experimentName = reinitializeFlags.experimentName.default] =
      match;
    const place = { storage, experimentPath, experimentName };
    await provideValueSets(place, Number(level), parameters, events.onNotice);
  }
  return await readValueSets(storage, folder, parameters);
}
