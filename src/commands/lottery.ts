/** `run-lottery` (the original's runners/lottery_experiment.py): the lottery ticket experiment. */

import { UsageError } from "../errors.ts";
import * as paths from "../records/paths.ts";
import { openLottery } from "../lottery/lottery_experiment.ts";
import { CHART, lotteryReport } from "../reports/lottery_report.ts";
import { chartPath, checkName, sweepExperiment } from "../runs/output_folder.ts";
import { checkDynamicLottery } from "./flags/dynamic_flags.ts";
import { protocolFlags } from "./flags/protocol_flags.ts";
import { runFlags } from "./flags/run_flags.ts";
import { networkDigest } from "../models/digest.ts";
import type { FlagValues } from "../flags/flags.ts";
import {
  datasetText,
  NOTHING_GIVEN,
  ticketConfig,
  type TicketOptions,
  trainingText,
} from "../runs/config.ts";
import { continued } from "../runs/folder_state.ts";
import { pruningNotes, trainingNotes } from "./notes.ts";
import {
  loadExamples,
  type PlanContext,
  planOf,
  readMasks,
  readPresets,
  runEvents,
  type Runner,
} from "./runner.ts";
import { count } from "../words.ts";
import { pruningOf, rewindingOf, settingsFor } from "../lottery/settings.ts";
import { resolveProtocol } from "./flags/resolve_protocol.ts";
import { ticketId } from "../records/run_id.ts";
import { parametersOf } from "../models/parameters.ts";
import { type DatasetChoice, isPublished } from "../datasets/datasets.ts";
import { DYNAMIC, USUAL_FRACTION, USUAL_INTERVAL } from "../foundations/pruning/dynamic.ts";
import { INIT_CRITERIA, type InitCriterionName } from "../foundations/pruning/init_criteria.ts";
import type { Protocol } from "../lottery/protocols.ts";

/** Runs a lottery experiment: `deno task run-lottery`. */
export const lotteryRunner: Runner<typeof runFlags> = {
  name: "run-lottery",
  summary:
    "Finds winning lottery tickets: trains, prunes, rewinds to the initial weights, repeats.",
  flags: runFlags,
  examples: [
    "deno task run-lottery",
    "deno task run-lottery --protocol paper --trials 1-5 --experiment-path results/paper",
    "deno task run-lottery --dataset synthetic-digits --iterations 5 --training-len 500 --seed 7",
  ],

  check(flags) {
    if (flags.outputDir !== undefined && flags.experimentPath !== undefined) {
      throw new UsageError(
        "--output-dir and --experiment-path exclude each other; give one of them",
      );
    }
    checkDatasetFlags(flags);
    const { dynamic, ...asked } = resolveProtocol(flags);
    if (dynamic !== null && flags.keepScores) {
      throw new UsageError(
        `--keep-scores applies to prunings between or before runs, and --dynamic ${dynamic} ` +
          "prunes within them: leave one of them out",
      );
    }
    checkDynamicLottery(flags, dynamic);
    if (asked.pruneAt === "init" && flags.oneShot) {
      throw new UsageError(
        "--one-shot prunes by trained weights, and --prune-at init before training: give one of them",
      );
    }
  },

  async plan(flags, context) {
    return (await resolve(flags, context)).plan;
  },

  async open(flags, context) {
    const { storage, queue } = context;
    const { seed, experimentName } = flags;
    const { plan, output, ...experiment } = await resolve(flags, context);
    const { protocol, data, settings } = experiment;
    await checkName(storage, chartPath(output, CHART, experimentName));
    await sweepExperiment(storage, output);
    const job = await openLottery({
      ...experiment,
      ...{ storage, queue, experimentName, locks: context.locks },
      ...{ control: flags.control, keepScores: flags.keepScores },
      events: runEvents(
        context,
        ({ kind, level }) =>
          kind === "ticket"
            ? `level ${level}/${protocol.levels}`
            : kind === "rewind_point"
            ? "rewind point"
            : "control",
      ),
    });
    const { trials, levels } = protocol;
    return {
      job,
      output,
      plan,
      header: [
        ["dataset", datasetText(settings)],
        [
          "protocol",
          `${flags.protocol}: ${count(trials.length, "trial")}, ` +
          `${flags.oneShot ? `one pruning to ${levels} levels` : count(levels, "pruning")}, ` +
          trainingText(settings),
        ],
        ...(pruningSuffix({ ...protocol, oneShot: false }) === ""
          ? []
          : [["pruning", pruningText(protocol)] as [string, string]]),
        ["seed", `${seed}`],
        ...pruningNotes(settings, protocol),
        ...trainingNotes(settings),
      ],
      report: () =>
        lotteryReport({
          storage,
          runs: job.runs,
          output,
          experimentName,
          title: `Winning tickets on ${data.record.name}`,
          context: {
            adapter: queue.gpu.adapter,
            dataset: data.record,
            protocol: { name: flags.protocol, ...protocol },
            oneShot: flags.oneShot,
            seed,
            output,
          },
        }),
    };
  },
};

/**
 * Resolves the flags to an experiment.
 *
 * @param asked the protocol, if it is not that of the flags
 */
export async function resolve(
  flags: FlagValues<typeof runFlags>,
  context: PlanContext,
  asked = resolveProtocol(flags),
) {
  const { storage, events } = context;
  const { seed, permuteLabels, trainOrderSeed, experimentName, outputDir, oneShot } = flags;
  const policy = { overwrite: flags.overwrite, resume: flags.resume };
  const data = await loadExamples(
    context,
    flags.dataset === "auto" ? asked.dataset : flags.dataset,
    flags.mnistLocation,
  );
  const usualPath = `results/${data.record.name}-${flags.protocol}`;
  const experimentPath = flags.experimentPath ??
    usualPath + pruningSuffix({ ...asked, oneShot });
  const output = outputDir ?? experimentPath;
  const trialFolder = (trial: number) => outputDir ?? paths.trial(experimentPath, trial);
  const settings = settingsFor({ protocol: asked, data, seed, permuteLabels, trainOrderSeed });
  const presets = await readPresets(context, flags.presets, parametersOf(settings.network.layers));
  const masks = await readMasks(context, flags.masks, parametersOf(settings.network.layers));
  const tickets: TicketOptions = {
    ...pruningOf(asked, oneShot),
    rewind: rewindingOf(asked, settings),
    ...(asked.prunedWeights === "initial" && { prunedWeights: asked.prunedWeights }),
    start: {
      ...NOTHING_GIVEN,
      presets: presets && await networkDigest(presets),
      masks: masks && await networkDigest(masks),
    },
  };
  const fullNetwork = (trial: number) => ticketConfig(ticketId(trial, 0), settings, tickets);
  let { trials } = asked;
  if (outputDir !== undefined && flags.trials === undefined) {
    // Earlier versions did not take the trial's number from the folder's name.
    const folder = paths.run(outputDir, 0, experimentName);
    const now = fullNetwork(trials[0]), before = () => fullNetwork(1);
    trials = [(await continued(storage, folder, now, before, policy, events.onNotice)).id.trial];
  }
  const folders = trials.map((trial) => `${trialFolder(trial)}/*/${experimentName}`);
  return {
    ...{ data, settings, tickets, policy, output, trialFolder },
    protocol: { ...asked, trials },
    start: { presets: presets ?? undefined, masks: masks ?? undefined },
    plan: planOf(folders, trials.map(fullNetwork)),
  };
}

/** The end of an experiment's usual folder: what of its pruning is not the paper's. */
export function pruningSuffix(
  protocol: Protocol & { oneShot: boolean },
): string {
  const { criterion, scope, rewind, rewindLearningRate, iterationsPerLevel, oneShot } = protocol;
  const { prunedWeights, survivors, pruneAt, scoreBatches } = protocol;
  const isAtInit = pruneAt === "init", usualScope = isAtInit ? "global" : "layer";
  const { needsData } = INIT_CRITERIA[criterion as InitCriterionName] ?? {};
  const { rewind: point, rewindLearningRate: rate } = protocolFlags;
  const to = point.format(rewind), from = rate.format(rewindLearningRate);
  return [
    ...(protocol.dynamic === null ? [] : dynamicSuffix(protocol)),
    ...(isAtInit ? ["init"] : []),
    ...(criterion === "magnitude" ? [] : [criterion.replaceAll("_", "-")]),
    ...(isAtInit && needsData && scoreBatches !== 10 ? ["batches", `${scoreBatches}`] : []),
    ...(scope === usualScope ? [] : [scope]),
    ...(to === "0" ? [] : ["rewind", to.replace(":", "-")]),
    ...(from === "0" ? [] : ["rate", from.replace(":", "-")]),
    ...(iterationsPerLevel === null ? [] : ["levels-of", `${iterationsPerLevel}`]),
    ...(prunedWeights === "zero" ? [] : ["pruned", prunedWeights]),
    ...(survivors === "rewind" ? [] : [survivors]),
    ...(oneShot ? ["one-shot"] : []),
  ].map((part) => `-${part}`).join("");
}

function dynamicSuffix({ dynamic, dynamicInterval, dynamicFraction }: Protocol): string[] {
  return [
    `${dynamic}`,
    ...(dynamicInterval === USUAL_INTERVAL ? [] : ["every", `${dynamicInterval}`]),
    ...(dynamicFraction === USUAL_FRACTION ? [] : ["fraction", `${dynamicFraction}`]),
  ];
}

/** "movement, over all layers; survivors: reshuffle". */
function pruningText(
  protocol: Protocol,
): string {
  const { criterion, scope, rewind, rewindLearningRate, iterationsPerLevel, survivors } = protocol;
  if (protocol.dynamic !== null) {
    const { dynamic, dynamicInterval: interval, dynamicFraction: fraction } = protocol;
    const share = DYNAMIC[dynamic].share ? `, ${fraction} of the live weights` : "";
    return `${dynamic} within each level, every ${count(interval, "iteration")}${share}`;
  }
  const where = scope === "layer" ? "in each layer" : "over all layers";
  const to = protocolFlags.rewind.format(rewind);
  const rate = protocolFlags.rewindLearningRate.format(rewindLearningRate);
  const start = rewind === "final"
    ? `weights stay as trained, the learning rate ${rate === "last" ? "at its last" : `of ${rate}`}`
    : `survivors: ${survivors}${to === "0" ? "" : `, rewound to ${to.replace(":", " ")}`}`;
  const length = iterationsPerLevel === null
    ? ""
    : `; ${count(iterationsPerLevel, "iteration")} per level`;
  const pruned = protocol.prunedWeights === "zero" ? "" : "; pruned weights keep initial values";
  const when = protocol.pruneAt === "init" ? " before training" : "";
  return `${criterion}${when}, ${where}; ${start}${length}${pruned}`;
}

/** @throws UsageError if a place is given for examples that are built in */
export function checkDatasetFlags(
  { dataset, mnistLocation }: { dataset: DatasetChoice; mnistLocation: string | undefined },
): void {
  if (dataset === "auto" || isPublished(dataset) || mnistLocation === undefined) return;
  throw new UsageError(
    `--dataset ${dataset} is built in and takes no --mnist-location; give one of them`,
  );
}
