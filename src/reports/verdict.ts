/**
 * Judges whether the smallest ticket of a lottery experiment won, in one sentence that the command
 * line, its JSON document and the page share.
 */

import { fractionText, percentText, pointsText } from "../analysis/percent.ts";
import { MIN_TRIALS } from "../analysis/statistics.ts";
import type { FinishedRun } from "../records/finished_run.ts";
import { meanOverTrials, trialMeans } from "../analysis/study.ts";

/** What was compared: test accuracies, as fractions. */
export interface Compared {
  /** By trial. */
  full: number[];
  ticket: number[];
  /** Null without a control. */
  control: number[] | null;
  /** Whether they are those at the early stop; else at the end. */
  isAtStop: boolean;
  /** Weights of the ticket that remain, in percent. */
  percent: number;
}

/** The words of the page's note depend on it too. */
export interface TicketVerdict {
  /** Null where there is nothing to judge: nothing pruned, nothing learned, no control. */
  won: boolean | null;
  /** Trials that were compared; 0 where nothing was. */
  trials: number;
  sentence: string;
  /** Null where nothing was. */
  compared: Compared | null;
}

/** A network has learned if it has come this part of the way from guessing to no errors. */
const LEARNED_SHARE = 0.1;

/**
 * A ticket wins as in section 1 of the paper: trained in isolation from its initial weights it is
 * at least as accurate as the full network within the same number of iterations, and the same
 * network randomly reinitialized is not as good. Judged at the early stop; at the end where the
 * accuracy at an early stop is not known. Compares the trials that have all of these networks.
 */
export function judge(runs: readonly FinishedRun[]): TicketVerdict {
  const none = (sentence: string): TicketVerdict => ({
    ...{ won: null, trials: 0, sentence, compared: null },
  });
  const tickets = runs.filter(({ kind }) => kind === "ticket");
  if (tickets.length === 0) return none("No ticket was trained, so there is none to judge.");
  const level = Math.max(...tickets.map(({ level }) => level));
  if (level === 0) return none("Nothing was pruned, so there is no ticket to judge.");
  const last = tickets.filter((run) => run.level === level);
  const controls = runs.filter((run) => run.kind === "reinit" && run.level === level);
  const sides = [tickets.filter((run) => run.level === 0), last, controls];
  const needed = controls.length > 0 ? sides : sides.slice(0, 2);
  const trials = [...new Set(last.map(({ trial }) => trial))].filter((trial) =>
    needed.every((side) => side.some((run) => run.trial === trial))
  );
  if (trials.length === 0) {
    return none("No trial has both its full network and its smallest ticket yet.");
  }
  const [full, ticket, control] = sides.map((side) =>
    side.filter((run) => trials.includes(run.trial))
  );
  const all = [full, ticket, control].flat();
  if (all.some(({ finalAccuracy }) => !Number.isFinite(finalAccuracy))) {
    return none("The networks were not tested, so there is nothing to judge.");
  }
  const isStopKnown = all.every(({ earlyStopAccuracy }) => earlyStopAccuracy !== null);
  const accuracyOf = (run: FinishedRun) => isStopKnown ? run.earlyStopAccuracy : run.finalAccuracy;
  const reached = (side: readonly FinishedRun[]) => meanOverTrials(side, accuracyOf)!;
  const remaining = (side: readonly FinishedRun[]) =>
    meanOverTrials(side, ({ percent }) => percent)!;
  if (remaining(ticket) >= remaining(full)) {
    return none(
      "Nothing was pruned: the last level has all weights, so there is no ticket to judge.",
    );
  }
  const { classes } = full[0];
  if (!hasLearned(reached(full), classes)) {
    return none(
      `The full network has not learned: ${fractionText(reached(full))} test accuracy, where ` +
        `guessing among ${classes} classes reaches ${fractionText(1 / classes, 0)}. ` +
        "Without that there is no ticket to judge: train longer, or with another learning rate.",
    );
  }
  const byTrial = (side: readonly FinishedRun[]) => {
    const means = trialMeans(side, accuracyOf);
    return trials.map((trial) => means.get(trial)!);
  };
  const compared: Compared = {
    ...{ full: byTrial(full), ticket: byTrial(ticket), isAtStop: isStopKnown },
    ...{ control: control.length > 0 ? byTrial(control) : null, percent: remaining(ticket) },
  };
  const gain = difference(reached(ticket), reached(full));
  const start = `With ${percentText(remaining(ticket), 1)} of its weights the ticket reaches ` +
    `${fractionText(reached(ticket))} test accuracy, ${pointsText(gain)} the full network`;
  const count = trials.length;
  const evidence = count < MIN_TRIALS
    ? ` (${count === 1 ? "one trial" : `${count} trials`}: an example, not a proof)`
    : "";
  if (control.length === 0) {
    return {
      won: null,
      trials: count,
      compared,
      sentence: `${start}; without a control nobody can say that it won${evidence}.`,
    };
  }
  const lead = difference(reached(ticket), reached(control));
  const won = gain >= 0 && lead > 0;
  return {
    won,
    trials: count,
    compared,
    sentence: `${start} and ${pointsText(lead)} its reinitialized control: ` +
      `the ticket ${won ? "won" : "did not win"}${evidence}.`,
  };
}

/** Whether an accuracy is clearly better than guessing among the classes. */
export function hasLearned(accuracy: number, classes: number): boolean {
  const chance = 1 / classes;
  return accuracy > chance + LEARNED_SHARE * (1 - chance);
}

/**
 * A difference of two accuracies. Means differ in their last bits by the order of their terms; that
 * is no difference.
 */
export function difference(a: number, b: number): number {
  return Math.abs(a - b) < 1e-12 ? 0 : a - b;
}
