/** The section of a study: its claims, its figures with captions, and its tables. */

import { checkClaims, type ClaimResult, paperClaims } from "../analysis/claims.ts";
import { MIN_TRIALS } from "../analysis/statistics.ts";
import type { DataTable } from "../analysis/data_table.ts";
import { SERIES_KINDS, type SeriesKind } from "../analysis/series.ts";
import type { Storage } from "../storage/storage.ts";
import type { ReportStudy } from "./studies.ts";
import { CUSTOM, DATASETS } from "../datasets/datasets.ts";
import { networkText } from "../models/layers.ts";
import { nameOfNetwork } from "../models/networks.ts";
import { count } from "../words.ts";
import { datasetText, ticketText, trainingText } from "../runs/config.ts";
import { type Finding, findingOf } from "./verdicts/finding.ts";
import type { Connect, Figure, SectionSource } from "./sections/section.ts";
import { SECTIONS } from "./sections/sections.ts";

/** The section of a study in the report. */
export interface StudyReport {
  title: string;
  /** What was found; null where there is no ticket at all. */
  finding: Finding | null;
  texts: string[];
  /** Files that cannot be read or used, in words with the next action; part of the notes. */
  damage: string[];
  notes: string[];
  claims: ClaimResult[];
  /** What the claims are of, where the runs are of something else. */
  claimsOf: string | null;
  figures: Figure[];
  tables: DataTable[];
}

/** The paper's densities for curves: its figure 3. */
export const CURVE_PERCENTS: readonly number[] = [100, 51.3, 21.1, 7, 3.6, 1.9];

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
  const kinds = SERIES_KINDS.filter((kind) => runs.some((run) => run.kind === kind));
  const trials = new Set(runs.map(({ trial }) => trial)).size;
  const source: SectionSource = {
    ...{ storage, study, kinds, percents, connect },
    onFault: (line) => faults.push(line),
    means: trials === 1 ? "One trial" : `Means of ${trials} trials`,
  };
  const sections = [];
  for (const section of SECTIONS) sections.push(await section(source));
  const last = runs.filter(({ isStopLast }) => isStopLast).length;
  const adapters = [...new Set(runs.map(({ adapter }) => adapter))];
  const damage = [...new Set(faults)], tickets = ticketText(runs[0].config);
  const { of, isOwn } = paperClaims(settings.network.layers);
  const isOfTickets = kinds.includes("ticket") || kinds.includes("one_shot");
  return {
    finding: isOfTickets ? findingOf(study) : null,
    claimsOf: isOwn && of.toLowerCase().includes(` ${settings.dataset.name} `) ? null : of,
    title: titleOf(settings),
    texts: [
      ...(tickets === null
        ? []
        : [`${tickets}. The claims below are about the paper's own pruning.`]),
      `${datasetText(settings)}; ${trainingText(settings)}. ` +
      `${count(runs.length, "finished run")} of ${count(trials, "trial")}: ` +
      kinds.map((kind) => countOf(study, kind)).join(", ") + `. Trained on ${adapters.join("; ")}.`,
      ...(trials < MIN_TRIALS
        ? [`With ${count(trials, "trial")} these are examples, not proofs.`]
        : []),
      ...(last > 0
        ? [
          `${last} of ${runs.length} runs had their smallest validation loss at the last ` +
          "evaluation: with more iterations they might have stopped later still.",
        ]
        : []),
    ],
    damage,
    notes: [
      ...damage,
      ...study.unfinished.map((folder) => `not finished: ${folder}`),
      ...study.missing.map((run) => `missing: ${run}`),
    ],
    claims: checkClaims(runs, settings.network.layers),
    figures: sections.flatMap(({ figures }) => figures),
    tables: sections.flatMap(({ tables }) => tables),
  };
}

/** "lenet-5 on MNIST", "784-40-10 on custom". */
function titleOf({ network: { layers }, dataset: { name } }: ReportStudy["settings"]): string {
  const label = name === CUSTOM ? name : DATASETS[name].label;
  return `${nameOfNetwork(layers) ?? networkText(layers)} on ${label}`;
}

function countOf({ runs }: ReportStudy, kind: SeriesKind): string {
  const n = runs.filter((run) => run.kind === kind).length;
  return `${n} ${kind.replaceAll("_", " ")}`;
}
