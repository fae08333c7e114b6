/** The scores by which tickets were pruned, where they were kept. */

import { scoreHistograms } from "../../analysis/score_histogram.ts";
import { type ScoreRow, scoreSpec } from "../../figures/score_figure.ts";
import { scopeOf } from "../../foundations/pruning/pruning_spec.ts";
import { scoresFolder } from "../../records/experiments/control_paths.ts";
import { restoreScores } from "../../records/experiments/kept_scores.ts";
import { parametersOf, prunableOf } from "../../models/parameters.ts";
import { type KeptPruning, keptPrunings } from "../../runs/kept_prunings.ts";
import type { ReportRun } from "../studies.ts";
import { orFault, readTickets } from "../study_arrays.ts";
import type { Section, SectionSource } from "./section.ts";

/** The first, the middle and the last pruning of the first trial whose scores were kept. */
export const scoreSection: Section = async (source) => {
  const prunings = await shownPrunings(source), rows: ScoreRow[] = [];
  const shown = new Set([0, Math.floor((prunings.length - 1) / 2), prunings.length - 1]);
  for (const pruning of prunings.filter((_, i) => shown.has(i))) {
    const row = await readRow(source, pruning);
    if (row) rows.push(row);
  }
  if (rows.length === 0) return { figures: [], tables: [] };
  const { id, pruning } = prunings[0].scored.config;
  return {
    figures: [{
      name: "scores",
      title: "How weights were chosen",
      caption:
        `Live weights of trial ${id.trial} by their score (${pruning!.criterion}). Those left of ` +
        "the line, the largest score that was pruned, went, and all others stayed. Where there " +
        "is no line, more than these scores decided. 2 in 1,000 weights lie beyond the axes' " +
        "ends and are counted there.",
      spec: scoreSpec(rows, {
        title: "How weights were chosen",
        subtitle: `Scores of live weights in the first trial, by ${pruning!.criterion}`,
      }),
    }],
    tables: [],
  };
};

/** The prunings whose scores are there, of the first trial that has any. */
async function shownPrunings(
  { storage, study }: SectionSource,
): Promise<KeptPruning<ReportRun>[]> {
  const tickets = study.runs.filter(({ kind }) => kind === "ticket" || kind === "one_shot");
  for (const trial of Map.groupBy(tickets, ({ trial }) => trial).values()) {
    const found = await keptPrunings(storage, trial);
    if (found.length > 0) return found;
  }
  return [];
}

async function readRow(
  source: SectionSource,
  pruning: KeptPruning<ReportRun>,
): Promise<ScoreRow | null> {
  const { scored, pruned } = pruning, { config } = scored;
  const parameters = prunableOf(parametersOf(config.network.layers));
  const folder = scoresFolder(scored.folder);
  const kept = await orFault(
    source.onFault,
    () => restoreScores(source.storage, folder, parameters),
  );
  const [before, after] = await Promise.all(
    [scored, pruned].map((run) => readTickets(source, { level: run.level, runs: [run] }, false)),
  );
  if (!kept || before.length === 0 || after.length === 0) return null;
  const percents = [scored, pruned].map(({ percent }) => percent.toPrecision(3));
  return {
    title: `from ${percents[0]} to ${percents[1]}%`,
    histograms: scoreHistograms({
      scores: Object.fromEntries(Object.entries(kept).map(([name, { data }]) => [name, data])),
      ...{ before: before[0].masks, after: after[0].masks, scope: scopeOf(config.pruning!) },
    }),
  };
}
