/** Makes the lines of the argfiles that `deno task argfile` prints. */

import { UsageError } from "../../errors.ts";
import { lotteryLines, reinitializeLines } from "../argfiles/argfiles.ts";
import { controlFlags } from "./control_flags.ts";
import { choice, path } from "../../flags/kinds.ts";
import {
  flagName,
  type FlagSet,
  type FlagValues,
  nearest,
  quote,
  toArgs,
} from "../../flags/flags.ts";
import { optional, reinitializeFlags } from "./reinitialize_flags.ts";
import { protocolFlags } from "./protocol_flags.ts";
import { runFlags } from "./run_flags.ts";
import { resolveProtocol } from "./resolve_protocol.ts";
import { USUAL } from "../../datasets/datasets.ts";
import { PROTOCOL_NAMES } from "../../lottery/protocols.ts";

const { dataset, mnistLocation, trainOrderSeed, seed, presets, control } = runFlags;

/** Every flag of `argfile`. */
export const argfileFlags = {
  experimentPath: path({
    help: "folder of the experiment, for the lines",
    defaultText: "results/{dataset}-{protocol}, with mnist for --dataset auto",
    group: "Runs",
  }),
  experimentName: { ...runFlags.experimentName, group: "Runs" },
  experiment: { ...controlFlags.experiment, group: "Runs" },
  levels: { ...controlFlags.levels, group: "Runs", defaultText: "those of the protocol" },
  runs: { ...controlFlags.runs, group: "Runs", defaultText: "1-10" },
  ...protocolFlags,
  nesterov: optional(protocolFlags.nesterov),
  trials: { ...protocolFlags.trials, group: "Runs", defaultText: "those of the protocol" },
  protocol: choice({
    choices: PROTOCOL_NAMES,
    default: "google",
    help:
      "protocol whose trials, levels and settings to use; google: the original's 20 trials of " +
      "levels 0 to 30",
    group: protocolFlags.protocol.group,
  }),
  ...{ dataset, mnistLocation, trainOrderSeed, seed, presets, control },
  permuteLabels: optional(runFlags.permuteLabels),
  masks: runFlags.masks,
  overwrite: runFlags.overwrite,
};

type Values = FlagValues<typeof argfileFlags>;

/** Flags that each line sets itself, and flags that a line does not need. */
const OF_THE_LINE = [
  ...["experimentPath", "outputDir", "trials", "levels", "runs", "experiment"],
  ...["json", "replicas", "kernels"],
];

/**
 * The lines of the argfile of a kind: "lottery" or "reinitialize".
 *
 * @throws UsageError for another kind, and for flags that its lines cannot have
 */
export function argfileLines(kind: string, values: Values): Iterable<string> {
  const protocol = resolveProtocol(values);
  const name = values.dataset === "auto" ? USUAL : values.dataset;
  const { experimentPath = `results/${name}-${values.protocol}`, experimentName } = values;
  const common = { experimentPath, trials: protocol.trials };
  switch (kind.replaceAll("_", "-")) {
    case "lottery":
    case "run-lottery":
    case "lottery-experiment":
      refuse(values, ["experiment", "levels", "runs"], "reinitialize");
      return lotteryLines({ ...common, flags: argsFor(runFlags, values) });
    case "reinitialize": {
      refuse(values, [
        "presets",
        "masks",
        "criterion",
        "scope",
        "rewind",
        "mask-1",
        "prunePercents",
      ], "lottery");
      const { experiment = ["reinit"], levels = range(0, protocol.levels), runs = range(1, 10) } =
        values;
      return reinitializeLines({
        ...common,
        experimentName,
        experiments: experiment,
        levels,
        runs,
        flags: argsFor(reinitializeFlags, { ...values, experimentName: undefined }),
      });
    }
    default:
      throw new UsageError(
        `no argfile is called ${quote(kind)}; the nearest is ` +
          nearest(kind, ["lottery", "reinitialize"]),
      );
  }
}

/** The flags of a runner that all lines have. */
function argsFor(runnerFlags: FlagSet, values: Record<string, unknown>): string[] {
  const common = Object.fromEntries(
    Object.entries(runnerFlags).filter(([name]) =>
      name in argfileFlags && !OF_THE_LINE.includes(name)
    ),
  );
  return toArgs(values, common);
}

function refuse(
  values: Values,
  names: (keyof Values & string)[],
  other: string,
): void {
  const given = names.find((name) => values[name] !== undefined);
  if (given === undefined) return;
  throw new UsageError(`${flagName(given)} belongs to the argfile ${other}; leave it out`);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
