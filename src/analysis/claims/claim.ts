/** A claim: a statement of a paper, and the measure that it is judged by. */

import type { Measure, Side } from "../measures.ts";

/** Percentage points of accuracy, percent, or how many times as many iterations. */
export type Unit = "points" | "percent" | "times";

/** A statement of a paper, and how it is judged. */
export interface Statement {
  /** Such as "2a". */
  id: string;
  /** The paper's statement. */
  claim: string;
  /** Where it says so. */
  source: string;
  /** The paper's figure, with its unit. */
  paper: string;
  /** Of the value. */
  unit: Unit;
  /** The claim says that the value is more than this. */
  above?: number;
  /** The claim says that the value lies in between. */
  within?: readonly [number, number];
}

/** A statement that is tested on runs. */
export interface Claim extends Statement {
  measure: Measure;
}

/** The tickets near a density, in percent. */
export const ticket = (percent: number): Side => ({ kind: "ticket", percent });
/** Their reinitialized controls. */
export const reinit = (percent: number): Side => ({ kind: "reinit", percent });
export const FULL = ticket(100);

/** An effect that the paper counts as one: two accuracies within it are the same. */
export const SAME_POINTS = 0.3;
