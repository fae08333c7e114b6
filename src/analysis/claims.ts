/**
 * Holds the paper's claims for LeNet-300-100 on MNIST against the runs of a study: for each claim,
 * the measured value, its interval over trials, and whether it holds.
 *
 * Each comparison is made within a trial (its ticket and its full network, its ticket and its
 * reinits), so that what trials differ in cancels out. A claim that says "more", "sooner" or "up
 * to" is one-sided: it holds if the whole interval is on its side, and does not if the whole
 * interval is on the other; as each end of the interval is a 95% bound, either is wrong in one of
 * 20 cases. Fewer than five trials, the paper's number, prove nothing either way.
 */

import {
  accuracyOf,
  atEveryLevel,
  gain,
  type Measure,
  type Measured,
  type Side,
  sooner,
  StudyLevels,
} from "./measures.ts";
import { MIN_TRIALS, studentInterval } from "./statistics.ts";
import type { StudyRun } from "./study.ts";
import { count } from "../words.ts";

/** The verdict of the trials. */
export type ClaimVerdict = "holds" | "does not hold" | "cannot tell";

/** A claim as it was found. */
export interface ClaimResult {
  /** Such as "2a". */
  id: string;
  /** The paper's statement. */
  claim: string;
  /** Where it says so. */
  source: string;
  /** The paper's figure, with its unit. */
  paper: string;
  /** The measured quantity in words: "ticket at 21.1% − full network". */
  quantity: string;
  /** Of the value. */
  unit: Unit;
  /** Mean over trials; null where nothing could be measured. */
  value: number | null;
  /** Of the mean; each end is a 95% bound (`studentInterval`). */
  interval: readonly [number, number] | null;
  /** How many have a value. */
  trials: number;
  /** Their verdict. */
  verdict: ClaimVerdict;
  /** The reason for the verdict, or the missing data. */
  why: string;
}

/** Percentage points of accuracy, percent, or how many times as many iterations. */
export type Unit = "points" | "percent" | "times";

/** A statement of a paper, and how it is judged. */
export interface Statement extends Pick<ClaimResult, "id" | "claim" | "source" | "paper" | "unit"> {
  /** The claim says that the value is more than this. */
  above?: number;
  /** The claim says that the value lies in between. */
  within?: readonly [number, number];
}

interface Claim extends Statement {
  measure: Measure;
}

const ticket = (percent: number): Side => ({ kind: "ticket", percent });
const reinit = (percent: number): Side => ({ kind: "reinit", percent });
const FULL = ticket(100);

/** An effect that the paper counts as one: two accuracies within it are the same. */
const SAME_POINTS = 0.3;

const CLAIMS: readonly Claim[] = [
  {
    id: "1a",
    claim: "A ticket reaches its early stop sooner than the full network",
    source: "section 2, figure 4a",
    paper: "1.61× sooner (38% earlier) at 21.1%",
    unit: "times",
    measure: sooner(ticket(21.1), FULL),
    above: 0,
  },
  {
    id: "1b",
    claim: "Tickets stop sooner as they shrink",
    source: "section 2, figure 4a",
    paper: "sooner at 21.1% than at 51.3%",
    unit: "times",
    measure: sooner(ticket(21.1), ticket(51.3)),
    above: 0,
  },
  {
    id: "2a",
    claim:
      "At its early stop a ticket is more accurate than the full network, by more than 0.3 points",
    source: "section 2, figure 4a",
    paper: "> 0.3 points at 13.5%",
    unit: "points",
    measure: gain(ticket(13.5), FULL, "earlyStopAccuracy"),
    above: 0.3,
  },
  {
    id: "2b",
    claim: "At 3.6% of the weights a ticket is as accurate as the full network",
    source: "section 2, figure 4a",
    paper: "0 points at 3.6%",
    unit: "points",
    measure: gain(ticket(3.6), FULL, "earlyStopAccuracy"),
    within: [-SAME_POINTS, SAME_POINTS],
  },
  {
    id: "3a",
    claim: "At the end of training a ticket is more accurate than the full network",
    source: "section 2, figure 4b",
    paper: "up to 0.35 points; here at 13.5%",
    unit: "points",
    measure: gain(ticket(13.5), FULL, "finalAccuracy"),
    above: 0,
  },
  {
    id: "3b",
    claim: "although the training accuracy is nearly 100%",
    source: "section 2, figure 4b",
    paper: "≈ 100% at 13.5%; here above 99.5%",
    unit: "percent",
    measure: accuracyOf(ticket(13.5), "finalTrainAccuracy"),
    above: 99.5,
  },
  {
    id: "4a",
    claim: "Randomly reinitialized, the same network learns more slowly than the full one",
    source: "section 2, figure 4a",
    paper: "slower at 21.1%",
    unit: "times",
    measure: sooner(FULL, reinit(21.1)),
    above: 0,
  },
  {
    id: "4b",
    claim: "and is less accurate than the full one, at 21.1% already",
    source: "section 2, figure 4a",
    paper: "> 0 points lost at 21.1%",
    unit: "points",
    measure: gain(FULL, reinit(21.1), "earlyStopAccuracy"),
    above: 0,
  },
  {
    id: "4c",
    claim: "A ticket stops sooner than its reinitialization",
    source: "section 2",
    paper: "2.51× sooner at 21.1%",
    unit: "times",
    measure: sooner(ticket(21.1), reinit(21.1)),
    above: 0,
  },
  {
    id: "4d",
    claim: "and is more accurate",
    source: "section 2",
    paper: "0.5 points at 21.1%",
    unit: "points",
    measure: gain(ticket(21.1), reinit(21.1), "earlyStopAccuracy"),
    above: 0,
  },
  {
    id: "4e",
    claim: "With fewer than 2.9% of the weights a ticket is less accurate than the full network",
    source: "section 2",
    paper: "> 0 points lost at 1.85%",
    unit: "points",
    measure: gain(FULL, ticket(1.85), "earlyStopAccuracy"),
    above: 0,
  },
  {
    id: "5a",
    claim: "One-shot tickets of many sizes stop sooner than the full network",
    source: "section 2, figure 4c",
    paper: "at every 67.5% ≥ Pm ≥ 17.6%",
    unit: "times",
    measure: atEveryLevel(67.5, 17.6, "one_shot", (side) => sooner(side, FULL)),
    above: 0,
  },
  {
    id: "5b",
    claim: "and are more accurate",
    source: "section 2, figure 4c",
    paper: "at every 95% ≥ Pm ≥ 5.17%",
    unit: "points",
    measure: atEveryLevel(95, 5.17, "one_shot", (side) => gain(side, FULL, "earlyStopAccuracy")),
    above: 0,
  },
  {
    id: "5c",
    claim: "Iterative pruning finds smaller tickets than one-shot pruning",
    source: "section 2, figure 4c",
    paper: "iterative more accurate at 3.6%",
    unit: "points",
    measure: gain(ticket(3.6), { kind: "one_shot", percent: 3.6 }, "earlyStopAccuracy"),
    above: 0,
  },
  {
    id: "6",
    claim: "Random sparsity is less accurate than reinitialized controls",
    source: "appendix",
    paper: "worse; here at 21.1%",
    unit: "points",
    measure: gain(reinit(21.1), { kind: "random_sparsity", percent: 21.1 }, "earlyStopAccuracy"),
    above: 0,
  },
];

/** Holds the paper's claims against the runs of a study, in their order. */
export function checkClaims(runs: readonly StudyRun[]): ClaimResult[] {
  const study = new StudyLevels(runs);
  return CLAIMS.map(({ measure, ...statement }) => judgeStatement(statement, measure(study)));
}

/** Holds a statement against what was measured. */
export function judgeStatement(
  { above, within, ...claim }: Statement,
  measured: Measured,
): ClaimResult {
  const { quantity, values, lacks, weakensFor, weakensAgainst } = measured;
  const scale = claim.unit === "times" ? Math.exp : (value: number) => value;
  const bounds = studentInterval(values);
  const result = {
    ...claim,
    quantity,
    value: values.length === 0 ? null : scale(values.reduce((a, b) => a + b) / values.length),
    interval: bounds && [scale(bounds[0]), scale(bounds[1])] as const,
    trials: values.length,
  };
  const undecided = (why: string) => ({ ...result, verdict: "cannot tell" as const, why });
  if (lacks !== undefined) return undecided(lacks);
  if (values.length < MIN_TRIALS || bounds === null) {
    return undecided(`${count(values.length, "trial")} of at least ${MIN_TRIALS}`);
  }
  const [low, high] = within ?? [above!, Infinity];
  if (bounds[0] > low && bounds[1] < high) {
    const weakness = weakensFor ?? (within && weakensAgainst);
    return weakness !== undefined
      ? undecided(weakness)
      : { ...result, verdict: "holds", why: "the whole interval is on its side" };
  }
  if (bounds[1] <= low || bounds[0] >= high) {
    const weakness = weakensAgainst ?? (within && weakensFor);
    return weakness !== undefined
      ? undecided(weakness)
      : { ...result, verdict: "does not hold", why: "the whole interval is on the other side" };
  }
  return undecided("the interval lies on both sides");
}
