/** `run-lottery` (the original's runners/lottery_experiment.py): the lottery ticket experiment. */

import { UsageError } from "../../errors.ts";
import * as paths from "../../foundations/paths.ts";
import { readNetwork } from "../../foundations/network_source.ts";
import { settingsFor } from "../configured_run.ts";
import { LotteryExperiment } from "../lottery_experiment.ts";
import { lotteryReport } from "../lottery_report.ts";
import { resolveProtocol } from "../protocols.ts";
import { runFlags } from "../run_flags.ts";
import {
  count,
  datasetText,
  loadExamples,
  readMasks,
  type Runner,
  trainingText,
} from "./runner.ts";

/** See the head of this file. */
export const lotteryRunner: Runner<typeof runFlags> = {
  name: "run-lottery",
  summary: "Finds winning lottery tickets: train, prune, rewind to the initial weights, repeat.",
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
    resolveProtocol(flags);
  },

  async open(flags, context) {
    const { storage, queue } = context;
    const protocol = resolveProtocol(flags);
    const { seed, permuteLabels, trainOrderSeed, experimentName } = flags;
    const data = await loadExamples(context, flags.dataset, flags.mnistLocation);
    const usualPath = `results/${data.record.name}-${flags.protocol}`;
    const experimentPath = flags.experimentPath ?? usualPath + (flags.oneShot ? "-one-shot" : "");
    const output = flags.outputDir ?? experimentPath;
    const trialFolder = (trial: number) => flags.outputDir ?? paths.trial(experimentPath, trial);
    const presets = flags.presets && await readNetwork(storage, flags.presets, "initial");
    const masks = await readMasks(storage, flags.masks);
    const settings = settingsFor({ protocol, data, seed, permuteLabels, trainOrderSeed });
    const job = await LotteryExperiment.open({
      storage,
      queue,
      data,
      protocol,
      seed,
      trialFolder,
      experimentName,
      start: { presets: presets || undefined, masks: masks ?? undefined },
      permuteLabels,
      trainOrderSeed,
      control: flags.control,
      oneShot: flags.oneShot,
      policy: { overwrite: flags.overwrite, resume: flags.resume },
      locks: context.locks,
      onNotice: context.onNotice,
      onStart: (run) => {
        const { kind, level } = run;
        const stage = kind === "ticket" ? `level ${level}/${protocol.levels}` : "control";
        context.onStage(stage, run);
      },
      onPoints: context.onPoints,
      onRun: context.onRun,
    });
    const { trials, levels } = protocol;
    return {
      job,
      output,
      folders: trials.map((trial) => `${trialFolder(trial)}/*/${experimentName}`),
      header: [
        ["dataset", datasetText(settings)],
        [
          "protocol",
          `${flags.protocol}: ${count(trials.length, "trial")}, ` +
          `${flags.oneShot ? `one pruning to ${levels} levels` : count(levels, "pruning")}, ` +
          trainingText(settings),
        ],
        ["seed", `${seed}`],
      ],
      report: () =>
        lotteryReport({
          storage,
          runs: job.summaries,
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

/** @throws UsageError if a place is given for examples that are built in */
export function checkDatasetFlags(
  { dataset, mnistLocation }: { dataset: string; mnistLocation: string | undefined },
): void {
  if (dataset !== "synthetic-digits" || mnistLocation === undefined) return;
  throw new UsageError(
    "--dataset synthetic-digits is built in and takes no --mnist-location; give one of them",
  );
}
