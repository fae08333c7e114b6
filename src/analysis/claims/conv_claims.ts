/**
 * The paper's section 3, of conv-2, conv-4 and conv-6 on CIFAR-10, as claims to hold runs against.
 */

import { accuracyOf, atEveryLevel, gain, sooner } from "../measures.ts";
import { type Claim, FULL, reinit, SAME_POINTS, ticket } from "./claim.ts";

/** The networks of section 3. */
export type ConvName = "conv-2" | "conv-4" | "conv-6";

/** Section 3 on a network: the densities, in percent, at which its tickets are best. */
interface ConvFigures {
  /** Where the early stop comes soonest, and by how many times. */
  soonest: { percent: number; times: number };
  /** Where the accuracy at the early stop is greatest, and by how many points. */
  best: { percent: number; points: number };
  /** Whether reinitialized networks are at first as accurate as the full one. */
  isReinitSteady: boolean;
}

const FIGURES: Readonly<Record<ConvName, ConvFigures>> = {
  "conv-2": {
    soonest: { percent: 8.8, times: 3.5 },
    best: { percent: 4.6, points: 3.4 },
    isReinitSteady: true,
  },
  "conv-4": {
    soonest: { percent: 9.2, times: 3.5 },
    best: { percent: 11.1, points: 3.5 },
    isReinitSteady: true,
  },
  "conv-6": {
    soonest: { percent: 15.1, times: 2.5 },
    best: { percent: 26.4, points: 3.3 },
    isReinitSteady: false,
  },
};

/** The networks that section 3 is about. */
export const CONV_NAMES = Object.keys(FIGURES) as ConvName[];

/** Pruned moderately: where section 3 says "initially" and "at moderate levels of pruning". */
const MODERATE = 51.3;

/** The claims of section 3 on a network, in the order of the paper. */
export function convClaims(network: ConvName): Claim[] {
  const { soonest, best, isReinitSteady } = FIGURES[network];
  const claims: (Claim | null)[] = [
    {
      id: "1",
      claim: "A ticket reaches its early stop sooner than the full network",
      source: "section 3, figure 5 top",
      paper: `at best ${soonest.times}× sooner, at ${soonest.percent}%`,
      unit: "times",
      measure: sooner(ticket(soonest.percent), FULL),
      above: 0,
    },
    {
      id: "2a",
      claim: "At its early stop a ticket is more accurate than the full network",
      source: "section 3, figure 5 middle",
      paper: `at best ${best.points} points, at ${best.percent}%`,
      unit: "points",
      measure: gain(ticket(best.percent), FULL, "earlyStopAccuracy"),
      above: 0,
    },
    {
      id: "2b",
      claim: "Tickets stay above the full network's accuracy while more than 2% of weights remain",
      source: "section 3, figure 5 middle",
      paper: "> 0 points at every Pm > 2%",
      unit: "points",
      measure: atEveryLevel(
        90,
        2.1,
        "ticket",
        (side) => gain(side, FULL, "earlyStopAccuracy"),
      ),
      above: 0,
    },
    {
      id: "3a",
      claim: "At the end of training a ticket is still more accurate than the full network",
      source: "section 3, figure 5 bottom right",
      paper: `> 0 points; here at ${best.percent}%`,
      unit: "points",
      measure: gain(ticket(best.percent), FULL, "finalAccuracy"),
      above: 0,
    },
    {
      id: "3b",
      claim: "although the training accuracy reaches 100% while at least 2% of weights remain",
      source: "section 3, figure 13",
      paper: "100% at Pm ≥ 2%; here above 99.5% at 2.2%",
      unit: "percent",
      measure: accuracyOf(ticket(2.2), "finalTrainAccuracy"),
      above: 99.5,
    },
    {
      id: "4a",
      claim: "Randomly reinitialized, networks take ever longer to learn as they are pruned",
      source: "section 3, figure 5 top",
      paper: `slower at ${soonest.percent}% than at ${MODERATE}%`,
      unit: "times",
      measure: sooner(reinit(MODERATE), reinit(soonest.percent)),
      above: 0,
    },
    {
      id: "4b",
      claim: "A ticket stops sooner than its reinitialization",
      source: "section 3, figure 5 top",
      paper: `> 1×; here at ${soonest.percent}%`,
      unit: "times",
      measure: sooner(ticket(soonest.percent), reinit(soonest.percent)),
      above: 0,
    },
    {
      id: "4c",
      claim: "and is more accurate",
      source: "section 3, figure 5 middle",
      paper: `> 0 points; here at ${best.percent}%`,
      unit: "points",
      measure: gain(ticket(best.percent), reinit(best.percent), "earlyStopAccuracy"),
      above: 0,
    },
    isReinitSteady
      ? {
        id: "4d",
        claim: "Pruned moderately, reinitialized networks are as accurate as the full one",
        source: "section 3, figure 5 middle",
        paper: `steady or better; here not ${SAME_POINTS} points below at ${MODERATE}%`,
        unit: "points",
        measure: gain(reinit(MODERATE), FULL, "earlyStopAccuracy"),
        above: -SAME_POINTS,
      }
      : null,
  ];
  return claims.filter((claim) => claim !== null);
}
