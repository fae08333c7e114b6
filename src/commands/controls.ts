/** Opens the controls of a finished lottery experiment as one job, with the tickets' settings. */

import { InputError } from "../errors.ts";
import { findTickets, planControls, type Ticket } from "../lottery/control_experiment.ts";
import { controlReport } from "../reports/control_report.ts";
import { chartPath, checkName, sweepExperiment } from "../runs/output_folder.ts";
import * as paths from "../records/paths.ts";
import type { LoadedDataset } from "../datasets/load_dataset.ts";
import { openPlannedRuns } from "../lottery/planned_runs.ts";
import { datasetText, settingsOf, trainingText } from "../runs/config.ts";
import { trainingNotes } from "./notes.ts";
import { loadExamples, type OpenJob, planOf, runEvents, type RunnerContext } from "./runner.ts";
import { count } from "../words.ts";
import type { ControlKind } from "../records/kinds.ts";
import { choiceFor, CUSTOM, type DatasetChoice } from "../datasets/datasets.ts";

/** Numbers of the controls per kind and ticket: as many as the paper's figures have. */
const USUAL_RUNS = [1, 2, 3];

/** The values of flags that all such runners have. */
export interface ControlValues {
  experimentPath?: string;
  experimentName: string;
  trials?: readonly number[];
  levels?: readonly number[];
  runs?: readonly number[];
  dataset: DatasetChoice;
  mnistLocation?: string;
  overwrite: boolean;
  resume: boolean;
}

/**
 * Finds the tickets, and plans their controls.
 *
 * @param chart  name of the chart's file
 * @param values folder of the values to draw from, for the kinds that do
 */
export async function openControls(
  flags: ControlValues,
  kinds: readonly ControlKind[],
  context: RunnerContext,
  { chart, values }: { chart: string; values?: string },
): Promise<OpenJob> {
  const { storage, queue } = context;
  const { experimentPath = "results/mnist-quick", experimentName, levels, runs = USUAL_RUNS } =
    flags;
  const place = { storage, experimentPath, experimentName };
  const tickets = await findTickets(place, { trials: flags.trials, levels });
  const data = await loadTheirExamples(flags, context, tickets, experimentPath);
  for (const trial of new Set(tickets.map(({ config }) => config.id.trial))) {
    await context.locks.takeFolder(paths.trial(experimentPath, trial));
  }
  await checkName(storage, chartPath(experimentPath, chart, experimentName));
  await sweepExperiment(storage, experimentPath);
  const planned = await planControls(
    place,
    { kinds, runs, values },
    tickets,
    { queue, sets: data.sets, onNotice: context.events.onNotice },
  );
  const job = await openPlannedRuns({
    storage,
    queue,
    sets: data.sets,
    runs: planned,
    policy: { overwrite: flags.overwrite, resume: flags.resume },
    locks: context.locks,
    events: runEvents(context, ({ kind }) => kinds.length === 1 ? kind : "controls"),
  });
  const settings = settingsOf(tickets[0].config);
  const trials = new Set(tickets.map(({ config }) => config.id.trial));
  const levelCount = new Set(tickets.map(({ config }) => config.id.level)).size;
  return {
    job,
    output: experimentPath,
    plan: planOf(planned.map(({ folder }) => folder), planned.map(({ config }) => config)),
    header: [
      ["dataset", datasetText(settings)],
      [
        "controls",
        `${kinds.join(", ")}: ${count(trials.size, "trial")}, ${count(levelCount, "level")}, ` +
        `${count(runs.length, "run")} of each, ${trainingText(settings)}`,
      ],
      ["seed", `${settings.training.seed}`],
      ...trainingNotes(settings),
    ],
    report: () =>
      controlReport({
        storage,
        tickets,
        controls: job.runs,
        output: experimentPath,
        experimentName,
        chart,
        title: `Tickets and their controls on ${data.record.name}`,
        context: {
          adapter: queue.gpu.adapter,
          dataset: data.record,
          seed: settings.training.seed,
          output: experimentPath,
        },
      }),
  };
}

/**
 * The examples that the tickets were trained on.
 *
 * @throws InputError if what is found is something else, or the tickets are of several datasets
 */
async function loadTheirExamples(
  flags: ControlValues,
  context: RunnerContext,
  tickets: readonly Ticket[],
  experimentPath: string,
): Promise<LoadedDataset> {
  const { dataset } = tickets[0].config;
  const named = choiceFor(dataset.name);
  const choice = flags.dataset === "auto" ? named : flags.dataset;
  const location = flags.mnistLocation ??
    (dataset.name === CUSTOM ? context.environmentLocation ?? undefined : undefined);
  const data = await loadExamples(context, choice, location);
  for (const { config, folder } of tickets) {
    if (config.dataset.sha256 === data.record.sha256) continue;
    throw new InputError(
      `${folder} was trained on other examples than these (${config.dataset.name}, SHA-256 ` +
        `${config.dataset.sha256.slice(0, 12)}…, not ${data.record.name}, ` +
        `${
          data.record.sha256.slice(0, 12)
        }…): give those of ${experimentPath} with --data-location`,
    );
  }
  return data;
}
