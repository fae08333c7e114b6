/**
 * What a lottery experiment found. Takes its finished runs, gives a summary of each, the means over
 * trials by level, and one sentence on whether the last level's ticket won.
 */

import type { AdapterDescription, Curves } from "../engine/mod.ts";
import { density, type Masks } from "../foundations/masks.ts";
import { resultsOf } from "../foundations/trained_run.ts";
import { RUN_KINDS, type RunId, type RunKind } from "./run_config.ts";

/** A finished run in figures. Accuracies are fractions of the test set. */
export interface RunSummary extends RunId {
  folder: string;
  /** Whether it was finished before this experiment started. */
  found: boolean;
  live: number;
  total: number;
  /** Weights remaining, the paper's Pm. */
  percent: number;
  /** Iteration of the smallest validation loss; null without a validation split. */
  earlyStopIteration: number | null;
  earlyStopAccuracy: number | null;
  finalAccuracy: number;
}

/**
 * A finished run in figures.
 *
 * @param found whether it was finished before this experiment started
 */
export function summarizeRun(
  { kind, trial, level, run }: RunId,
  folder: string,
  { masks, curves }: { masks: Masks; curves: Curves },
  found: boolean,
): RunSummary {
  const { live, total, percent } = density(masks);
  const { earlyStopIteration, earlyStopAccuracy, finalAccuracy } = resultsOf({ masks, curves });
  return {
    kind,
    trial,
    level,
    run,
    folder,
    found,
    live,
    total,
    percent,
    earlyStopIteration,
    earlyStopAccuracy,
    finalAccuracy,
  };
}

/** Compares runs as they are listed: tickets, then controls, by level, then by trial and number. */
export function inOrder(a: RunId, b: RunId): number {
  return rank(a) - rank(b) || a.level - b.level || a.trial - b.trial || a.run - b.run;
}

function rank({ kind }: Pick<RunId, "kind">): number {
  return RUN_KINDS.indexOf(kind);
}

/** A finished run as one line of progress. */
export function describeSummary(summary: RunSummary): string {
  const { kind, trial, level, run, percent, earlyStopAccuracy, finalAccuracy, found } = summary;
  const what = kind === "ticket" || kind === "train"
    ? `level ${level}`
    : `${kind} ${run} at level ${level}`;
  const accuracy = (100 * (earlyStopAccuracy ?? finalAccuracy)).toFixed(2);
  return `trial ${trial}  ${what}  ${percent.toFixed(2)}% of the weights  ` +
    `test accuracy ${accuracy}%${found ? "  (finished before)" : ""}`;
}

/** An adapter in words. */
export function adapterText({ name, isSoftware }: AdapterDescription): string {
  return isSoftware ? `${name}, software on the processor` : name;
}

/** The runs of one level and kind; means over them. Accuracies are fractions of the test set. */
export interface LevelSummary {
  kind: RunKind;
  level: number;
  /** Different trials among them. */
  trials: number;
  runs: number;
  /** Weights remaining in percent. */
  percent: number;
  /** Null without a validation split. */
  earlyStopIteration: number | null;
  /** Null too where the test set was not evaluated at that iteration. */
  earlyStopAccuracy: number | null;
  finalAccuracy: number;
}

/** Levels in order, tickets before the control. */
export function summarizeLevels(runs: readonly RunSummary[]): LevelSummary[] {
  const groups = Map.groupBy(runs, ({ kind, level }) => `${kind} ${level}`);
  const levels = [...groups.values()].map((group): LevelSummary => ({
    kind: group[0].kind,
    level: group[0].level,
    trials: new Set(group.map(({ trial }) => trial)).size,
    runs: group.length,
    percent: mean(group.map((run) => run.percent)),
    earlyStopIteration: meanOrNull(group.map((run) => run.earlyStopIteration)),
    earlyStopAccuracy: meanOrNull(group.map((run) => run.earlyStopAccuracy)),
    finalAccuracy: mean(group.map((run) => run.finalAccuracy)),
  }));
  return levels.sort((a, b) => a.level - b.level || rank(a) - rank(b));
}

/** Whether the smallest ticket won, and in words why. */
export interface Verdict {
  /** Null where there is nothing to compare: no pruning, or no control. */
  won: boolean | null;
  sentence: string;
}

/**
 * A ticket wins as in section 1 of the paper: trained in isolation from its initial weights it is at
 * least as accurate as the full network within the same number of iterations, and the same network
 * randomly reinitialized is not as good. Judged at the early stop; at the end where the accuracy at an
 * early stop is not known.
 */
export function judge(levels: readonly LevelSummary[]): Verdict {
  const tickets = levels.filter(({ kind }) => kind === "ticket");
  const full = tickets[0], ticket = tickets.at(-1);
  if (!full || !ticket || ticket.level === full.level) {
    return { won: null, sentence: "Nothing was pruned, so there is no ticket to judge." };
  }
  const control = levels.find(({ kind, level }) => kind === "reinit" && level === ticket.level);
  const compared = control ? [full, ticket, control] : [full, ticket];
  const isKnown = compared.every(({ earlyStopAccuracy }) => earlyStopAccuracy !== null);
  const reached = ({ earlyStopAccuracy, finalAccuracy }: LevelSummary) =>
    isKnown ? earlyStopAccuracy! : finalAccuracy;
  const gain = points(reached(ticket) - reached(full));
  const start = `With ${ticket.percent.toFixed(1)}% of its weights the ticket reaches ` +
    `${(100 * reached(ticket)).toFixed(2)}% test accuracy, ${gain} the full network`;
  if (!control) {
    return { won: null, sentence: `${start}; without a control nobody can say that it won.` };
  }
  const lead = points(reached(ticket) - reached(control));
  const won = reached(ticket) >= reached(full) && reached(ticket) > reached(control);
  const evidence = ticket.trials === 1 ? " (one trial: an example, not a proof)" : "";
  return {
    won,
    sentence: `${start} and ${lead} the same network randomly reinitialized: ` +
      `the ticket ${won ? "won" : "did not win"}${evidence}.`,
  };
}

/** A difference of accuracies in words: "0.40 points above". */
function points(difference: number): string {
  const size = Math.abs(100 * difference).toFixed(2);
  if (size === "0.00") return "level with";
  return `${size} points ${difference > 0 ? "above" : "below"}`;
}

function mean(values: number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function meanOrNull(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === values.length ? mean(known) : null;
}
