/**
 * Says how clear a verdict is: each of its two conditions by the trials' interval, as the report
 * judges the paper's claims (analysis/claims.ts), so that a lead that another seed may turn round
 * is no win.
 */

import { MIN_TRIALS, studentInterval } from "../../analysis/statistics.ts";

/** What was compared: test accuracies by trial, as fractions. */
export interface ComparedAccuracies {
  full: number[];
  ticket: number[];
  /** Null without a control. */
  control: number[] | null;
  /** Whether they are those at the early stop; else at the end. */
  isAtStop: boolean;
  /** Weights of the ticket that remain, in percent. */
  percent: number;
}

/** One condition of winning. */
export interface Condition {
  /** The other side. */
  against: "full" | "control";
  /** By how much the ticket is better: mean over trials, a fraction. */
  lead: number;
  /** Of the mean, each end a 95% bound; null with one trial. */
  interval: readonly [number, number] | null;
  /** Null: the interval lies on both sides. */
  holds: boolean | null;
}

/** A verdict in a word. */
export interface Call {
  call: "won" | "lost" | "too close to call";
  conditions: Condition[];
  /** The condition that is to thank for it, or to blame; null where both hold. */
  decidedBy: Condition | null;
  /** Fewer trials than the paper's decide nothing: they are an example. */
  isExample: boolean;
}

/** The verdict in a word; null where nothing was compared, or without a control. */
export function callOf(compared: ComparedAccuracies | null): Call | null {
  if (!compared?.control) return null;
  const { ticket, full, control } = compared;
  const conditions = [
    // As good is good enough against the full network, not against the control.
    condition("full", ticket, full, (value) => value >= 0),
    condition("control", ticket, control, (value) => value > 0),
  ];
  const failed = conditions.find(({ holds }) => holds === false);
  const open = conditions.find(({ holds }) => holds === null);
  return {
    call: failed ? "lost" : open ? "too close to call" : "won",
    conditions,
    decidedBy: failed ?? open ?? null,
    isExample: ticket.length < MIN_TRIALS,
  };
}

function condition(
  against: Condition["against"],
  ticket: readonly number[],
  other: readonly number[],
  isMet: (lead: number) => boolean,
): Condition {
  const leads = ticket.map((accuracy, i) => difference(accuracy, other[i]));
  const sum = leads.reduce((a, b) => a + b, 0);
  const lead = difference(sum / leads.length, 0), interval = studentInterval(leads);
  const [low, high] = interval ?? [lead, lead];
  const holds = isMet(low) ? true : isMet(high) ? null : false;
  return { against, lead, interval, holds };
}

/** Means differ in their last bits by the order of their terms; that is no difference. */
export function difference(a: number, b: number): number {
  return Math.abs(a - b) < 1e-12 ? 0 : a - b;
}
