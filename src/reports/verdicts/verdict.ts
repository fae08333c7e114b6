/**
 * Judges whether the smallest ticket of a lottery experiment won, in one sentence that the command
 * line, its JSON document and the page share.
 */

import { fractionText, percentText, pointsText } from "../../analysis/percent.ts";
import { MIN_TRIALS } from "../../analysis/statistics.ts";
import { meanOverTrials, type StudyRun, trialMeans } from "../../analysis/study.ts";
import { callOf, type ComparedAccuracies, difference } from "./call.ts";

/** The words of the page's note depend on it too. */
export interface TicketVerdict {
  /**
   * Null where there is nothing to judge, nothing pruned, nothing learned, no control, and where it
   * is too close to call.
   */
  won: boolean | null;
  /** Trials that were compared; 0 where nothing was. */
  trials: number;
  sentence: string;
  /** Null where nothing was compared. */
  compared: ComparedAccuracies | null;
}

/** A network has learned if it has come this part of the way from guessing to no errors. */
const LEARNED_SHARE = 0.1;

/** What each call says of the ticket. */
const CALLS = {
  won: { won: true, text: "the ticket won" },
  lost: { won: false, text: "the ticket did not win" },
  "too close to call": { won: null, text: "too close to call, the trials differ too much" },
} as const;

/** A run that can be judged. */
export interface JudgedRun extends StudyRun<string> {
  /** Classes that the network tells apart. */
  classes: number;
}

/** The runs of a ticket, of its full network and of its control, of the trials that have all. */
export interface Compared<Run extends JudgedRun> {
  full: Run[];
  ticket: Run[];
  /** Empty where there is no control. */
  control: Run[];
  /** Trials that were compared. */
  trials: number;
  /** Where they are compared: at the early stop, or at the end where that is not known. */
  metric: "earlyStopAccuracy" | "finalAccuracy";
}

/**
 * The runs by which the ticket of a level is judged; in words why there are none.
 *
 * @param level the sparsest if absent
 */
export function compared<Run extends JudgedRun>(
  runs: readonly Run[],
  level?: number,
): Compared<Run> | string {
  const tickets = runs.filter(({ kind }) => kind === "ticket");
  if (tickets.length === 0) return "No ticket was trained, so there is none to judge.";
  level ??= Math.max(...tickets.map(({ level }) => level));
  if (level === 0) return "Nothing was pruned, so there is no ticket to judge.";
  const last = tickets.filter((run) => run.level === level);
  const controls = runs.filter((run) => run.kind === "reinit" && run.level === level);
  const sides = [tickets.filter((run) => run.level === 0), last, controls];
  const needed = controls.length > 0 ? sides : sides.slice(0, 2);
  const trials = [...new Set(last.map(({ trial }) => trial))].filter((trial) =>
    needed.every((side) => side.some((run) => run.trial === trial))
  );
  if (trials.length === 0) return "No trial has both its full network and its smallest ticket yet.";
  const [full, ticket, control] = sides.map((side) =>
    side.filter((run) => trials.includes(run.trial))
  );
  const all = [full, ticket, control].flat();
  if (all.some(({ finalAccuracy }) => !Number.isFinite(finalAccuracy))) {
    return "The networks were not tested, so there is nothing to judge.";
  }
  const remaining = (side: readonly Run[]) => meanOverTrials(side, ({ percent }) => percent)!;
  if (remaining(ticket) >= remaining(full)) {
    return "Nothing was pruned: the last level has all weights, so there is no ticket to judge.";
  }
  const isStopKnown = all.every(({ earlyStopAccuracy }) => earlyStopAccuracy !== null);
  const metric = isStopKnown ? "earlyStopAccuracy" : "finalAccuracy";
  const reached = meanOverTrials(full, (run) => run[metric])!, { classes } = full[0];
  if (!hasLearned(reached, classes)) {
    return `The full network has not learned: ${fractionText(reached)} test accuracy, where ` +
      `guessing among ${classes} classes reaches ${fractionText(1 / classes, 0)}. ` +
      "So there is no ticket to judge: train longer, or with another learning rate.";
  }
  return { full, ticket, control, trials: trials.length, metric };
}

/**
 * A ticket wins as in section 1 of the paper: trained in isolation from its initial weights it is
 * at least as accurate as the full network within the same number of iterations, and the same
 * network randomly reinitialized is not as good. Judged at the early stop; at the end where the
 * accuracy at an early stop is not known. Compares the trials that have all of these networks;
 * where there are several, by the interval of their differences (`callOf`).
 *
 * @param level of the ticket; the sparsest if absent
 */
export function judge(runs: readonly JudgedRun[], level?: number): TicketVerdict {
  const found = compared(runs, level);
  if (typeof found === "string") {
    return { won: null, trials: 0, sentence: found, compared: null };
  }
  const { full, ticket, control, trials: count, metric } = found;
  const reached = (side: readonly JudgedRun[]) => meanOverTrials(side, (run) => run[metric])!;
  const gain = difference(reached(ticket), reached(full));
  const remaining = meanOverTrials(ticket, ({ percent }) => percent)!;
  const start = `With ${percentText(remaining, 1)} of its weights the ticket reaches ` +
    `${fractionText(reached(ticket))} test accuracy, ${pointsText(gain)} the full network`;
  const order = new Set(ticket.map(({ trial }) => trial));
  const byTrial = (side: readonly JudgedRun[]) => {
    // Fractions, as a metric by its name would be percents.
    const means = trialMeans(side, (run) => run[metric]);
    return [...order].map((trial) => means.get(trial)!);
  };
  const accuracies: ComparedAccuracies = {
    full: byTrial(full),
    ticket: byTrial(ticket),
    control: control.length > 0 ? byTrial(control) : null,
    isAtStop: metric === "earlyStopAccuracy",
    percent: remaining,
  };
  const evidence = count < MIN_TRIALS
    ? ` (${count === 1 ? "one trial" : `${count} trials`}: an example, not a proof)`
    : "";
  if (control.length === 0) {
    return {
      won: null,
      trials: count,
      sentence: `${start}; without a control it cannot be called a win${evidence}.`,
      compared: accuracies,
    };
  }
  const lead = difference(reached(ticket), reached(control));
  const { call } = callOf(accuracies)!;
  return {
    won: CALLS[call].won,
    trials: count,
    sentence: `${start} and ${pointsText(lead)} its reinitialized control: ` +
      `${CALLS[call].text}${evidence}.`,
    compared: accuracies,
  };
}

/** Whether an accuracy is clearly better than guessing among the classes. */
export function hasLearned(accuracy: number, classes: number): boolean {
  const chance = 1 / classes;
  return accuracy > chance + LEARNED_SHARE * (1 - chance);
}
