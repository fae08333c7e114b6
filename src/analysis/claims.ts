/**
 * Tests the paper's claims for a network on the runs of a study: for each claim, the measured
 * value, its interval over trials, whether it holds, and where that is open, what would decide it.
 *
 * Each comparison is made within a trial (its ticket and its full network, its ticket and its
 * reinits), so that what trials differ in cancels out. A claim that says "more", "sooner" or "up
 * to" is one-sided: it holds if the whole interval is on its side, and does not if the whole
 * interval is on the other; as each end of the interval is a 95% bound, either is wrong in one of
 * 20 cases. Fewer than five trials, the paper's number, prove nothing either way.
 */

import type { LayerSpec } from "../engine/layer_spec.ts";
import { nameOfNetwork } from "../models/networks.ts";
import { count } from "../words.ts";
import type { Claim, Statement, Unit } from "./claims/claim.ts";
import { CONV_NAMES, convClaims } from "./claims/conv_claims.ts";
import { LENET_CLAIMS } from "./claims/lenet_claims.ts";
import { type Measured, StudyLevels } from "./measures.ts";
import { decidingTrials, MIN_TRIALS, studentInterval } from "./statistics.ts";
import type { StudyRun } from "./study.ts";

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
  /** Where nothing is decided: what would decide it. */
  next: string | null;
}

/** The paper's claims for a network. */
export interface PaperClaims {
  /** The network and data of the claims: "LeNet-300-100 on MNIST (section 2)". */
  of: string;
  /** Whether the runs are of that network. */
  isOwn: boolean;
  /** In the order of the paper. */
  claims: readonly Claim[];
}

/** The claims for a network; for one that is not in the paper, those for LeNet-300-100. */
export function paperClaims(layers: readonly LayerSpec[]): PaperClaims {
  const name = nameOfNetwork(layers), conv = CONV_NAMES.find((conv) => conv === name);
  if (conv) return { of: `${conv} on CIFAR-10 (section 3)`, isOwn: true, claims: convClaims(conv) };
  const of = "LeNet-300-100 on MNIST (section 2)";
  return { of, isOwn: name === "lenet-300-100", claims: LENET_CLAIMS };
}

/**
 * Tests the paper's claims on the runs of a study, in their order.
 *
 * @param layers of the network that was trained: conv-2, conv-4 and conv-6 have claims of their own
 */
export function checkClaims(
  runs: readonly StudyRun[],
  layers: readonly LayerSpec[] = [],
): ClaimResult[] {
  const study = new StudyLevels(runs), { claims } = paperClaims(layers);
  return claims.map(({ measure, ...statement }) => judgeStatement(statement, measure(study)));
}

/** Tests a statement on what was measured. */
export function judgeStatement(
  { above, within, ...claim }: Statement,
  measured: Measured,
): ClaimResult {
  const { quantity, values, lacks, weakensFor, weakensAgainst } = measured;
  const scale = claim.unit === "times" ? Math.exp : (value: number) => value;
  const student = studentInterval(values);
  // Student's distribution does not know that no accuracy is above 100%.
  const bounds = student && claim.unit === "percent"
    ? [Math.max(0, student[0]), Math.min(100, student[1])] as const
    : student;
  const result = {
    ...claim,
    quantity,
    value: values.length === 0 ? null : scale(values.reduce((a, b) => a + b) / values.length),
    interval: bounds && [scale(bounds[0]), scale(bounds[1])] as const,
    trials: values.length,
  };
  const [low, high] = within ?? [above!, Infinity];
  const undecided = (why: string, next: string) =>
    ({ ...result, verdict: "cannot tell", why, next }) as const;
  if (lacks !== undefined) return undecided(lacks.why, lacks.next);
  if (values.length < MIN_TRIALS || bounds === null) {
    const more = count(MIN_TRIALS - values.length, "more trial");
    return undecided(`${count(values.length, "trial")} of at least ${MIN_TRIALS}`, more);
  }
  const decided = (verdict: ClaimVerdict, side: string, weakness: string | undefined) =>
    weakness !== undefined
      ? undecided(weakness, "longer training (--training-len)")
      : { ...result, verdict, why: `the whole interval is on ${side}`, next: null };
  if (bounds[0] > low && bounds[1] < high) {
    return decided("holds", "its side", weakensFor ?? (within && weakensAgainst));
  }
  if (bounds[1] <= low || bounds[0] >= high) {
    return decided("does not hold", "the other side", weakensAgainst ?? (within && weakensFor));
  }
  const needed = Math.max(
    ...[low, high].filter(Number.isFinite).map((bound) => decidingTrials(values, bound)),
  );
  return undecided(
    "the interval lies on both sides",
    needed <= MOST_TRIALS
      ? `about ${needed} trials, if they go on like these ${values.length}`
      : `more than ${MOST_TRIALS} trials: the mean is too near to the bound`,
  );
}

/** More trials than that are not worth a number. */
const MOST_TRIALS = 200;
