/**
 * The section of a study: its claims, its figures as specifications with captions, and its tables.
 */

import type { TopLevelSpec } from "../npm/vega.ts";
import { checkClaims, type ClaimResult } from "../analysis/claims.ts";
import { MIN_TRIALS } from "../analysis/statistics.ts";
import { type CurveGroup, type CurvePanel, curveSpec } from "../figures/curve_figures.ts";
import type { DataTable } from "../analysis/data_table.ts";
import {
  degreeSpec,
  layerDensitySpec,
  movementSpec,
  overlapSpec,
} from "../figures/layer_figures.ts";
import { connectivitySpec } from "../figures/connectivity_figure.ts";
import { levelPanel, levelSpec } from "../figures/level_figures.ts";
import { SERIES_KINDS, type SeriesKind } from "../analysis/series.ts";
import { levelsOf, type Metric, nearestLevels } from "../analysis/study.ts";
import {
  claimTable,
  connectivityTable,
  layerTable,
  levelTable,
  overlapTable,
  runTable,
} from "../analysis/study_tables.ts";
import { pixelMapSpec, weightSpec } from "../figures/weight_figures.ts";
import type { Storage } from "../storage/storage.ts";
import type { ConnectivityRow } from "./connectivity_report.ts";
import type { ReportRun, ReportStudy } from "./studies.ts";
import { type ArraySource, readAnatomy, readCurves } from "./study_arrays.ts";
import { count } from "../words.ts";
import { datasetText, trainingText } from "../runs/run_config.ts";

/** A figure before it is drawn. */
export interface Figure {
  /** Name of its files. */
  name: string;
  title: string;
  /** What is to be seen in it. */
  caption: string;
  spec: TopLevelSpec;
}

/** The section of a study in the report. */
export interface StudyReport {
  title: string;
  texts: string[];
  /** Files that cannot be read or used, in words with the next action; part of the notes. */
  damage: string[];
  notes: string[];
  claims: ClaimResult[];
  figures: Figure[];
  tables: DataTable[];
}

/** The paper's densities for curves: its figure 3. */
export const CURVE_PERCENTS: readonly number[] = [100, 51.3, 21.1, 7, 3.6, 1.9];

/** Maps of pixels that are shown. */
const MAX_MAPS = 8;

const BARS = "thin bars: least to greatest trial; thick bars: 95% interval of the mean (bootstrap)";
const BANDS =
  "light band: least to greatest trial; dark band: 95% interval of the mean (bootstrap)";

/** Compares the tickets of some levels on the engine. */
export type Connect = (
  study: ReportStudy,
  tickets: readonly ReportRun[],
  levels: readonly number[],
  onFault: (line: string) => void,
) => Promise<ConnectivityRow[]>;

/**
 * Reads and says what there is.
 *
 * @param percents densities whose curves are shown, and whose tickets are compared
 * @param connect  compares tickets on the engine; null where that was not asked for
 */
export async function reportStudy(
  storage: Storage,
  study: ReportStudy,
  percents: readonly number[],
  connect: Connect | null,
): Promise<StudyReport> {
  const { runs, settings } = study;
  const faults: string[] = [];
  const source = { storage, study, onFault: (line: string) => faults.push(line) };
  const kinds = SERIES_KINDS.filter((kind) => runs.some((run) => run.kind === kind));
  const trials = new Set(runs.map(({ trial }) => trial)).size;
  const hasEarlyStop = runs.some(({ earlyStopIteration }) => earlyStopIteration !== null);
  const anatomy = await readAnatomy(source, WEIGHTS_PERCENT);
  const claims = checkClaims(runs);
  const connections = connect ? await connectTickets(source, percents, connect) : [];
  const of = `means of ${count(trials, "trial")}`;
  const figures = [
    ...levelFigures(study, kinds, hasEarlyStop, of),
    ...await curveFigures(source, percents, of),
    ...anatomyFigures(anatomy, settings.dataset.shape, of),
    ...connectivityFigures(connections),
  ];
  const last = runs.filter(({ isStopLast }) => isStopLast).length;
  const adapters = [...new Set(runs.map(({ adapter }) => adapter))];
  const network = [
    settings.network.layers[0].inputs,
    ...settings.network.layers.map(({ units }) => units),
  ];
  const damage = [...new Set(faults)];
  return {
    title: `${network.join("-")} on ${settings.dataset.name}`,
    texts: [
      `${datasetText(settings)}; ${trainingText(settings)}. ` +
      `${count(runs.length, "finished run")} of ${count(trials, "trial")}: ` +
      kinds.map((kind) => countOf(study, kind)).join(", ") + `. Trained on ${adapters.join("; ")}.`,
      ...(trials < MIN_TRIALS
        ? [`With ${count(trials, "trial")} these are examples, not proofs.`]
        : []),
      ...(last > 0
        ? [
          `${last} of ${runs.length} runs had their smallest validation loss at the last evaluation: ` +
          "with more iterations they might have stopped later still.",
        ]
        : []),
    ],
    damage,
    notes: [
      ...damage,
      ...study.unfinished.map((folder) => `not finished: ${folder}`),
      ...study.missing.map((run) => `missing: ${run}`),
    ],
    claims,
    figures,
    tables: [
      claimTable(claims),
      levelTable(runs, kinds),
      layerTable(anatomy.layers),
      overlapTable(anatomy.overlaps),
      ...(connections.length > 0 ? [connectivityTable(connections)] : []),
      runTable(runs),
    ],
  };
}

/** Where the distributions of weights are shown. */
const WEIGHTS_PERCENT = 21.1;

/** Of one seed: a ticket and that of the level before must be of one trial. */
async function connectTickets(
  { study, onFault }: ArraySource,
  percents: readonly number[],
  connect: Connect,
): Promise<ConnectivityRow[]> {
  const tickets = study.runs.filter(({ kind, config }) =>
    kind === "ticket" && config.training.seed === study.settings.training.seed
  );
  const levels = nearestLevels(levelsOf(tickets, "ticket"), percents).map(({ level }) => level);
  return levels.length > 0 ? await connect(study, tickets, levels, onFault) : [];
}

function connectivityFigures(rows: readonly ConnectivityRow[]): Figure[] {
  if (rows.length === 0) return [];
  return [{
    name: "connectivity",
    title: "Paths between tickets",
    caption:
      "Networks on the straight line between two trained tickets, of two trials or of two levels of one " +
      "trial. A barrier is how far the test loss rises over the line between its ends (Frankle et al. " +
      "2020); without one, both lie in one valley. Right: test examples to which the two give " +
      "different classes.",
    spec: connectivitySpec(rows, {
      title: "Paths between tickets",
      subtitle: "Mean and range of at most three pairs of tickets",
    }),
  }];
}

function countOf({ runs }: ReportStudy, kind: SeriesKind): string {
  const n = runs.filter((run) => run.kind === kind).length;
  return `${n} ${kind.replaceAll("_", " ")}`;
}

function levelFigures(
  { runs }: ReportStudy,
  kinds: readonly SeriesKind[],
  hasEarlyStop: boolean,
  of: string,
): Figure[] {
  const panel = (title: string, yTitle: string, metric: Metric) =>
    levelPanel(runs, kinds, { title, yTitle, metric });
  const subtitle = `${of[0].toUpperCase()}${of.slice(1)}; ${BARS}`;
  const early: Figure[] = hasEarlyStop
    ? [{
      name: "early-stop",
      title: "Early stop against weights remaining",
      caption:
        "The paper's figures 1 and 4a. Left: the iteration of the smallest validation loss, lower is " +
        "faster. Right: the test accuracy at that iteration. A winning ticket stops no later than the " +
        "full network (left end) and is at least as accurate, and its controls fall behind it. The " +
        "bootstrap's interval is too narrow for few trials (of five it holds the mean in 83 of 100 " +
        "cases, not in 95); claims are judged by Student's.",
      spec: levelSpec([
        panel("Early stop", "Iteration", "earlyStopIteration"),
        panel("Test accuracy at the early stop", "Test accuracy (%)", "earlyStopAccuracy"),
      ], { title: "How fast and how well networks learn as they are pruned", subtitle }),
    }]
    : [];
  return [...early, {
    name: "end-of-training",
    title: "End of training against weights remaining",
    caption:
      "The paper's figure 4b. The gap between training accuracy (right; the mean of the last 100 batches) " +
      "and test accuracy (left) says how well a network generalizes.",
    spec: levelSpec([
      panel("Test accuracy at the end of training", "Test accuracy (%)", "finalAccuracy"),
      panel("Training accuracy at the end", "Training accuracy (%)", "finalTrainAccuracy"),
    ], { title: "What networks have learned when training ends", subtitle }),
  }];
}

async function curveFigures(
  source: Parameters<typeof readCurves>[0],
  percents: readonly number[],
  of: string,
): Promise<Figure[]> {
  const subtitle = `${of[0].toUpperCase()}${of.slice(1)}; ${BANDS}`;
  const test = await readCurves(source, "test", percents);
  const validate = await readCurves(source, "validate", percents);
  const figures: Figure[] = [];
  if (test.length > 0) {
    figures.push({
      name: "test-accuracy",
      title: "Test accuracy while training",
      caption:
        "The paper's figure 3. Left and middle: tickets, first learning faster as they shrink, " +
        "then slower. Right: tickets (solid) and the same networks randomly reinitialized (dashed).",
      spec: curveSpec(curvePanels(test), {
        yTitle: "Test accuracy (%)",
        read: ({ accuracy }) => 100 * accuracy,
      }, { title: "Test accuracy while training", subtitle }),
    });
  }
  if (validate.length > 0) {
    figures.push({
      name: "validation-loss",
      title: "Validation loss while training",
      caption:
        "Its minimum is the early stop; a loss that rises after it says that the network overfits. " +
        "Panels as above.",
      spec: curveSpec(curvePanels(validate), {
        yTitle: "Validation loss (nats)",
        read: ({ loss }) => loss,
      }, { title: "Validation loss while training", subtitle }),
    });
  }
  return figures;
}

/** As the paper's figure 3: larger tickets, smaller ones beside the full network, tickets with reinits. */
function curvePanels(groups: readonly CurveGroup[]): CurvePanel[] {
  const tickets = groups.filter(({ kind }) => kind === "ticket");
  const half = Math.ceil(tickets.length / 2);
  const smaller = tickets.slice(half);
  const reinits = groups.filter(({ kind, percent }) => kind === "reinit" && percent < 100);
  const paired = nearestLevels(
    reinits.map(({ percent }, level) => ({ level, percent, runs: [] })),
    [51.3, 21.1],
  ).map(({ level }) => reinits[level]);
  const withReinits = paired.length > 0 ? paired : reinits.slice(0, 2);
  const twins = tickets.filter(({ percent }) =>
    withReinits.some((other) => Math.abs(other.percent - percent) < 0.01 * percent)
  );
  return [
    { title: "Tickets", groups: tickets.slice(0, half) },
    ...(smaller.length > 0 ? [{ title: "Smaller tickets", groups: [tickets[0], ...smaller] }] : []),
    ...(withReinits.length > 0
      ? [{ title: "Tickets and reinitializations", groups: [...twins, ...withReinits] }]
      : []),
  ].filter(({ groups }) => groups.length > 0);
}

function anatomyFigures(
  { layers, overlaps, pixels, weights, weightsPercent }: Awaited<ReturnType<typeof readAnatomy>>,
  [, width]: readonly number[],
  of: string,
): Figure[] {
  const subtitle = `${of[0].toUpperCase()}${of.slice(1)}`;
  const figures: Figure[] = [];
  if (pixels.length > 1) {
    const last = pixels.length - 1, maps = Math.min(MAX_MAPS, pixels.length);
    const shown = Array.from(
      { length: maps },
      (_, i) => pixels[Math.round(i * last / (maps - 1))],
    );
    figures.push({
      name: "pixels",
      title: "Where tickets look",
      caption:
        "Live weights of each input pixel, in percent of the first layer's units, level by level. Weights " +
        "of pixels that are the same in every image are of no use: do they go first?",
      spec: pixelMapSpec(shown, width, { title: "Where tickets look", subtitle }),
    });
  }
  if (layers.length > 0) {
    figures.push(
      {
        name: "layers",
        title: "What is left of each layer",
        caption:
          "Neurons without a live input give their bias alone, those without a live output " +
          "nothing; the effective density of the tables leaves both out (Vysogorets & Kempe 2023).",
        spec: layerDensitySpec(layers, { title: "What is left of each layer", subtitle }),
      },
      {
        name: "degrees",
        title: "Live weights of a neuron",
        caption: "In- and out-degrees by layer. Layer 0's inputs are pixels.",
        spec: degreeSpec(layers, {
          title: "Live weights of a neuron",
          subtitle: `${subtitle}; bands: from the 5% to the 95% quantile of the neurons`,
        }),
      },
      {
        name: "movement",
        title: "How far weights move",
        caption:
          "Live weights between initialization and the end of training. Weights that keep their sign " +
          "are why the sign of the initialization matters (Zhou et al. 2019).",
        spec: movementSpec(layers, { title: "How far weights move in training", subtitle }),
      },
    );
  }
  if (weights.length > 0) {
    const at = `${weightsPercent!.toPrecision(3)}%`;
    figures.push({
      name: "weights",
      title: "Which weights survive",
      caption:
        `Weights of the full network, by whether the ticket of ${at} still has them, and the ` +
        "ticket's own. Do survivors begin large more often than others? 1 in 1,000 weights lies " +
        "outside of the axes.",
      spec: weightSpec(weights, {
        title: `Which weights survive, at ${at} of the weights`,
        subtitle: "All trials together",
      }),
    });
  }
  if (overlaps.length > 0) {
    figures.push({
      name: "overlap",
      title: "Do tickets agree?",
      caption:
        "Weights live in both of two masks, of those live in one of them, and what masks of the " +
        "same densities at random places would have (dashed). Tickets of other trials have other " +
        "initial weights.",
      spec: overlapSpec(overlaps, {
        title: "Do tickets agree on which weights to keep?",
        subtitle,
      }),
    });
  }
  return figures;
}
