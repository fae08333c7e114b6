/**
 * What a study found, for a reader who knows nothing of the hypothesis: whether a ticket won, three
 * numbers, how sure that is, and what the ticket could do before it was trained.
 */

import { numberText, percentText, pointsText } from "../../analysis/percent.ts";
import { MIN_TRIALS, studentInterval } from "../../analysis/statistics.ts";
import { meanOverTrials, type Metric, trialMeans } from "../../analysis/study.ts";
import { ticketText } from "../../runs/config.ts";
import type { ReportStudy } from "../studies.ts";
import { callOf } from "./call.ts";
import {
  type Compared,
  compared,
  hasLearned,
  judge,
  type JudgedRun,
  type TicketVerdict,
} from "./verdict.ts";

/** A network of the finding, with its accuracy in percent, as text. */
export interface FoundNumber {
  of: "ticket" | "full" | "control";
  label: string;
  accuracy: string;
}

/** Whether a ticket won: "close" where the trials differ too much to say, "open" without a control. */
export type FindingState = "won" | "lost" | "close" | "open";

/** What was found. */
export interface Finding {
  state: FindingState;
  /** "The ticket won." */
  headline: string;
  sentence: string;
  /** Empty where there is nothing to judge. */
  numbers: FoundNumber[];
  /** How far apart the networks are, and how sure that is. */
  evidence: string[];
  /** What the ticket reaches before any training, where that is a surprise. */
  untrained: string | null;
  /** The level that is judged; null where there is none. */
  level: number | null;
  metric: Compared<JudgedRun>["metric"];
}

/** What a ticket is, and when it wins. */
export const TICKET_WORDS =
  "A ticket is what remains of a network when most of its connections have been cut: the survivors " +
  "return to the values that they started from and are trained again. It wins if it is then at " +
  "least as accurate as the full network, and the same connections with new starting values " +
  "are not.";

/** The runs as they are judged: those of a study of one-shot tickets alone are its tickets. */
export function judgedRuns({ runs, settings }: ReportStudy): JudgedRun[] {
  const classes = outputsOf(settings.network.layers.at(-1)!);
  const isOneShot = !runs.some(({ kind }) => kind === "ticket");
  return runs.map((run) => ({
    ...run,
    kind: isOneShot && run.kind === "one_shot" ? "ticket" : run.kind,
    classes,
  }));
}

function outputsOf(layer: object): number {
  return "units" in layer ? layer.units as number : 2;
}

const HEADLINES: Readonly<Record<FindingState, string>> = {
  won: "The ticket won.",
  lost: "The ticket did not win.",
  close: "Too close to call.",
  open: "No control, no verdict.",
};

/** What was found: of the smallest ticket that won; where none did, of the smallest ticket. */
export function findingOf(study: ReportStudy): Finding {
  const runs = judgedRuns(study);
  const levels = [...new Set(runs.filter(({ kind }) => kind === "ticket").map((r) => r.level))]
    .sort((a, b) => b - a);
  const winner = levels.find((level) => stateOf(judge(runs, level)) === "won");
  const found = compared(runs, winner);
  if (typeof found === "string") {
    return {
      ...{ state: "open", headline: "There is no verdict.", sentence: found, numbers: [] },
      ...{ evidence: [], untrained: null, level: null, metric: "finalAccuracy" },
    };
  }
  const verdict = judge(runs, winner), { ticket, full, control, metric } = found;
  const isLast = winner === undefined || winner === levels[0];
  const remaining = percentText(meanOverTrials(ticket, ({ percent }) => percent), 1);
  const accuracies = [ticket, full, control].filter((side) => side.length > 0)
    .map((side) => meanOverTrials(side, metric)!);
  const [own, whole, anew] = distinct(accuracies);
  const numbers: FoundNumber[] = [
    { of: "ticket", label: `Ticket: ${remaining} of the weights`, accuracy: own },
    { of: "full", label: "Full network: all weights", accuracy: whole },
  ];
  if (anew !== undefined) {
    numbers.push({ of: "control", label: "Control: new starting values", accuracy: anew });
  }
  const others = anew === undefined
    ? `the full network ${whole}`
    : `the full network ${whole}, the same connections with new starting values ${anew}`;
  const state = stateOf(verdict);
  return {
    state,
    headline: HEADLINES[state],
    sentence: `With ${remaining} of its weights, the ticket reaches ${own}, ${others}.`,
    numbers,
    evidence: [
      ...otherwise(study),
      ...differenceLines(found),
      ...(state === "close" ? ["An interval includes 0: more trials would decide."] : []),
      ...(state === "open"
        ? [
          "Only a control shows whether these starting values matter: train one with " +
          "deno task reinitialize.",
        ]
        : []),
      ...(isLast
        ? []
        : [`It is the smallest that won. Of the smallest of all: ${judge(runs).sentence}`]),
      ...(found.trials < MIN_TRIALS ? [fewTrials(found.trials)] : []),
    ],
    untrained: startsUntrained(study) ? untrainedOf(found) : null,
    level: ticket[0].level,
    metric,
  };
}

/** The configuration of a ticket. */
function ticketConfig({ runs }: ReportStudy) {
  return runs.find(({ kind }) => kind === "ticket" || kind === "one_shot")?.config;
}

/** Whether tickets begin with values that no training has changed, whichever these are. */
export function startsUntrained(study: ReportStudy): boolean {
  return (ticketConfig(study)?.rewind?.to ?? "0") === "0";
}

/** How tickets are made, where that is not as `TICKET_WORDS` say. */
function otherwise(study: ReportStudy): string[] {
  const config = ticketConfig(study), text = config ? ticketText(config) : null;
  return text === null ? [] : [`${text.replace("Tickets:", "Here tickets are made otherwise:")}.`];
}

/** The call of a verdict, if there is one. */
function stateOf({ compared }: TicketVerdict): FindingState {
  const call = callOf(compared)?.call ?? "open";
  return call === "too close to call" ? "close" : call;
}

/** By how many points the one side is above the other, in each trial. */
function differences(
  one: readonly JudgedRun[],
  other: readonly JudgedRun[],
  metric: Metric,
): number[] {
  const theirs = trialMeans(other, metric);
  return [...trialMeans(one, metric)].map(([trial, value]) => value - theirs.get(trial)!);
}

function fewTrials(trials: number): string {
  return `${
    trials === 1 ? "One trial is" : `${trials} trials are`
  } an example, not a proof: that ` +
    `takes ${MIN_TRIALS}.`;
}

/** Percentages with as many digits as tell apart those that differ, up to three. */
function distinct(values: readonly number[]): string[] {
  // 96.55 is a little less in binary, and would be written as 96.5.
  const texts = (digits: number) => values.map((value) => percentText(value + 1e-9, digits));
  const different = new Set(values.map((value) => numberText(value, 6))).size;
  const digits = [1, 2, 3].find((digits) => new Set(texts(digits)).size === different) ?? 3;
  return texts(digits);
}

function differenceLines({ ticket, full, control, trials, metric }: Compared<JudgedRun>): string[] {
  const where = metric === "earlyStopAccuracy"
    ? "where the validation loss was least"
    : "at the end of training";
  const difference = (other: readonly JudgedRun[], name: string) => {
    const values = differences(ticket, other, metric);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const bounds = studentInterval(values);
    const range = bounds ? ` [${numberText(bounds[0], 2)}, ${numberText(bounds[1], 2)}]` : "";
    return `${pointsText(mean / 100)} ${name}${range}`;
  };
  return [
    `Test accuracy ${where}, ${trials === 1 ? "one trial" : `mean of ${trials} trials`}.`,
    `The ticket is ${difference(full, "the full network")}` +
    (control.length > 0 ? ` and ${difference(control, "its control")}` : "") +
    (trials > 1 ? " (each end of an interval is a 95% bound)." : "."),
  ];
}

/**
 * The sentence about a ticket that is far above chance before any training (Zhou et al. 2019), and
 * above the full network; null where it is not.
 */
function untrainedOf({ ticket, full, control }: Compared<JudgedRun>): string | null {
  const before: Metric = "initialAccuracy";
  const own = meanOverTrials(ticket, before), whole = meanOverTrials(full, before);
  if (own === null || whole === null) return null;
  const { classes } = ticket[0];
  if (!hasLearned(own / 100, classes) || own - whole < 100 * LEAD) return null;
  const anew = control.length > 0 ? meanOverTrials(control, before) : null;
  return `Before any training the ticket already classifies ${percentText(own, 1)} of the test ` +
    `examples correctly; the full network ${percentText(whole, 1)}` +
    (anew === null ? "" : `, the control ${percentText(anew, 1)}`) +
    `; guessing reaches ${percentText(100 / classes, 0)}. None of its weights has been trained: ` +
    "what was learned is which of them remain (Zhou et al. 2019).";
}

/** An untrained ticket surprises if it is that far above the untrained full network. */
const LEAD = 0.1;
