/**
 * `compare`: pruning methods on the same trials, densities and budgets. Each is a lottery
 * experiment of its own, and all are carried out as one job, so that their runs are replicas of one
 * program. Each method trains the full network itself, to the same bits: its records name its own
 * pruning, and it stays an experiment like any other.
 */

import {
  addToComparison,
  comparisonPath,
  methodFolder,
  readComparison,
} from "../records/experiments/comparison_file.ts";
import { METHOD_NAMES, METHODS, protocolOf } from "../lottery/methods.ts";
import { openLottery } from "../lottery/lottery_experiment.ts";
import { CHART, comparisonReport } from "../reports/methods/comparison_report.ts";
import { datasetText, ticketConfig, trainingText } from "../runs/config.ts";
import { FormatError } from "../errors.ts";
import { checkSharedTraining } from "../lottery/shared_training.ts";
import * as paths from "../records/paths.ts";
import { ticketId } from "../records/run_id.ts";
import type { Job } from "../runs/job.ts";
import { chartPath, checkName, sweepExperiment } from "../runs/output_folder.ts";
import { once } from "../memo.ts";
import { count } from "../words.ts";
import type { FlagValues } from "../flags/flags.ts";
import {
  chosenMethods,
  compareFlags,
  lotteryValues,
  sharedProtocol,
} from "./flags/compare_flags.ts";
import { checkDatasetFlags, resolve } from "./lottery.ts";
import { pruningNotes, trainingNotes } from "./notes.ts";
import { loadExamples, type Plan, type PlanContext, runEvents, type Runner } from "./runner.ts";

/** Compares pruning methods: `deno task compare`. */
export const compareRunner: Runner<typeof compareFlags> = {
  name: "compare",
  summary: "Trains pruning methods on the same trials, at the same densities, and ranks them.",
  flags: compareFlags,
  examples: [
    "deno task compare --trials 1-5",
    "deno task compare --methods magnitude,random --trials 1-5 --training-len 2000 " +
    "--experiment-path results/mine",
    "deno task report results/mnist-quick-compare",
  ],

  check(flags) {
    checkDatasetFlags(flags);
    chosenMethods(flags, sharedProtocol(flags));
  },

  async plan(flags, context) {
    return mergedPlan(await resolveAll(flags, context));
  },

  async open(flags, context) {
    const { storage, queue, locks } = context;
    const { experimentName, seed } = flags, protocol = sharedProtocol(flags);
    const { output, experiments } = await resolveAll(flags, context);
    await checkName(storage, chartPath(output, CHART, experimentName));
    await checkName(storage, comparisonPath(output));
    await checkPresent(experiments, output, flags, storage);
    await sweepExperiment(storage, output);
    const lotteries: { name: string; job: Job }[] = [];
    for (const { name, output: _, plan: __, ...experiment } of experiments) {
      const job = await openLottery({
        ...experiment,
        ...{ storage, queue, locks, experimentName, control: false },
        keepScores: flags.keepScores,
        events: runEvents(
          context,
          ({ kind, level }) =>
            `${name}: ${kind === "ticket" ? `level ${level}/${protocol.levels}` : "rewind point"}`,
          name,
        ),
      });
      lotteries.push({ name, job });
    }
    const names = lotteries.map(({ name }) => name), [{ data, settings }] = experiments;
    const begin = () => addToComparison(storage, output, names, METHOD_NAMES);
    return {
      job: together(lotteries.map(({ job }) => job), begin),
      output,
      plan: mergedPlan({ output, experiments }),
      header: [
        ["dataset", datasetText(settings)],
        ["methods", names.join(", ")],
        [
          "protocol",
          `${flags.protocol}: ${count(protocol.trials.length, "trial")}, ` +
          `${count(protocol.levels, "pruning")}, ${trainingText(settings)}`,
        ],
        ["seed", `${seed}`],
        ...pruningNotes(settings, protocol),
        ...trainingNotes(settings),
      ],
      report: () =>
        comparisonReport({
          ...{ storage, output, experimentName },
          experiments: lotteries.map(({ name, job }) => ({ name, runs: job.runs })),
          title: `Pruning methods on ${data.record.name}`,
          context: {
            adapter: queue.gpu.adapter,
            dataset: data.record,
            protocol: { name: flags.protocol, ...protocol },
            methods: experiments.map(({ name }) => ({ name, ...METHODS[name] })),
            ...{ seed, output },
          },
        }),
    };
  },
};

/**
 * Checks that the methods that the folder holds already were trained as these are to be.
 *
 * @throws InputError if one was not
 */
async function checkPresent(
  experiments: Awaited<ReturnType<typeof resolveAll>>["experiments"],
  output: string,
  { experimentName }: FlagValues<typeof compareFlags>,
  storage: PlanContext["storage"],
): Promise<void> {
  const present = await readComparison(storage, output).catch((error) => {
    // It is written anew, as `addToComparison` says.
    if (!(error instanceof FormatError)) throw error;
    return null;
  });
  const own = experiments.flatMap(({ protocol, trialFolder }) =>
    protocol.trials.map((trial) => paths.run(trialFolder(trial), 0, experimentName))
  );
  await checkSharedTraining(storage, output, present ?? [], fullNetwork(experiments), own);
}

/** The lottery of each method, in the order of the table. */
async function resolveAll(flags: FlagValues<typeof compareFlags>, context: PlanContext) {
  const protocol = sharedProtocol(flags), methods = chosenMethods(flags, protocol);
  const dataset = flags.dataset === "auto" ? protocol.dataset : flags.dataset;
  const data = await loadExamples(context, dataset, flags.mnistLocation);
  const output = flags.experimentPath ?? `results/${data.record.name}-${flags.protocol}-compare`;
  // Examples are read once, and what is to be said of presets and masks is said once.
  const said = new Set<string>();
  const onNotice = (line: string) => {
    if (!said.has(line)) context.events.onNotice(line);
    said.add(line);
  };
  const shared = { ...context, loadData: () => Promise.resolve(data), events: { onNotice } };
  const experiments = [];
  for (const name of methods) {
    const values = lotteryValues(flags, methodFolder(output, name));
    const its = await resolve(values, shared, protocolOf(name, protocol));
    experiments.push({ name, ...its });
  }
  return { output, experiments };
}

function mergedPlan({ output, experiments }: Awaited<ReturnType<typeof resolveAll>>): Plan {
  return {
    folders: experiments.flatMap(({ plan }) => plan.folders),
    runs: experiments.flatMap(({ plan }) => plan.runs),
    comparison: { folder: output, full: fullNetwork(experiments) },
  };
}

/** The first trial's full network, which all methods train alike. */
function fullNetwork(experiments: Awaited<ReturnType<typeof resolveAll>>["experiments"]) {
  const [{ protocol, settings, tickets }] = experiments;
  return ticketConfig(ticketId(protocol.trials[0], 0), settings, tickets);
}

/**
 * Jobs of runs of one shape as one.
 *
 * @param begin done once, before the first task
 */
function together(jobs: readonly Job[], begin: () => Promise<void>): Job {
  const sum = (of: (job: Job) => number) => jobs.reduce((sum, job) => sum + of(job), 0);
  const beginOnce = once(begin);
  return {
    sample: jobs[0].sample,
    folders: jobs.flatMap(({ folders }) => folders),
    runCount: sum(({ runCount }) => runCount),
    finishedCount: sum(({ finishedCount }) => finishedCount),
    atOnce: sum(({ atOnce }) => atOnce),
    work: sum(({ work }) => work),
    tasks: () =>
      jobs.flatMap((job) => job.tasks()).map((task) => async () => {
        await beginOnce();
        await task();
      }),
    get runs() {
      return jobs.flatMap(({ runs }) => runs);
    },
  };
}
