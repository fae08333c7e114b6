/**
 * The steps of an experiment as the drawing tells them, in order: each shows a run of the
 * recording, and is a stretch of one line of time, on which a position is a step and the part of it
 * that has passed.
 */

import type { Accuracies, RecordedRun } from "./recording.ts";

export type StepKind = "start" | "train" | "cut" | "rewind" | "control" | "compare";

/** A step. */
export interface Step {
  kind: StepKind;
  /** Prunings before its run. */
  level: number;
  /** The run that it shows. */
  run: RecordedRun;
  /** The run before, of which a cut shows the end; that of the full network at other steps. */
  before: RecordedRun | null;
  /** How accurate the full network was. */
  fullAccuracies: Accuracies;
  /** The control, at the steps that show it. */
  control: RecordedRun | null;
  /** How long it plays, in seconds. */
  seconds: number;
}

/** How long steps play; those of later levels, which repeat, are shorter. */
const SECONDS: Record<StepKind, number> = {
  ...{ start: 1.6, train: 4, cut: 3, rewind: 3, control: 3, compare: 4 },
};
const UNHURRIED_LEVELS = 2, HURRIED = 0.45;

/** The steps of some runs, in their order. */
export function storyOf(runs: readonly RecordedRun[]): Step[] {
  const tickets = runs.filter(({ weights }) => weights.run.kind === "ticket");
  if (tickets.length === 0) return [];
  const steps: Step[] = [], [full] = tickets;
  const step = (kind: StepKind, run: RecordedRun, before = full, control?: RecordedRun) => {
    const { level } = run.weights.run;
    const isHurried = level >= UNHURRIED_LEVELS && !control;
    steps.push({
      ...{ kind, level, run, before, control: control ?? null },
      fullAccuracies: full.accuracies,
      seconds: SECONDS[kind] * (isHurried ? HURRIED : 1),
    });
  };
  tickets.forEach((run, i) => {
    if (i === 0) step("start", run);
    else {
      step("cut", run, tickets[i - 1]);
      step("rewind", run, tickets[i - 1]);
    }
    step("train", run);
  });
  const last = tickets.at(-1)!, { level } = last.weights.run;
  const control = runs.find(({ weights: { run } }) => run.kind !== "ticket" && run.level === level);
  if (control) {
    step("control", last, full, control);
    step("compare", last, full, control);
  }
  return steps;
}

/** The position after some seconds of playing. */
export function advanced(steps: readonly Step[], position: number, seconds: number): number {
  let at = position, left = seconds;
  while (left > 0 && at < steps.length) {
    const index = Math.floor(at), rest = (index + 1 - at) * steps[index].seconds;
    if (left < rest) return at + left / steps[index].seconds;
    left -= rest;
    at = index + 1;
  }
  return Math.min(at, steps.length);
}

/**
 * The last moment of a step, as a part of it: from the next whole number on it is the next step.
 */
export const LAST_MOMENT = 0.9999;

/** The step at a position, and the part of it that has passed, from 0 to 1. */
export function stepAt(steps: readonly Step[], position: number): { index: number; part: number } {
  const index = Math.min(steps.length - 1, Math.max(0, Math.floor(position)));
  const part = Math.max(0, position - index);
  // Positions of late steps have fewer digits left for the part.
  return { index, part: part > LAST_MOMENT - 1e-6 ? 1 : part };
}

/** A level's steps on the line of time. */
export interface Stretch {
  level: number;
  isControl: boolean;
  /** Live weights of the network, in percent. */
  percent: number;
  from: number;
  steps: number;
}

/** The levels, and last the control, in order. */
export function stretchesOf(steps: readonly Step[]): Stretch[] {
  const stretches: Stretch[] = [];
  steps.forEach(({ level, run, control }, i) => {
    const isControl = control !== null, last = stretches.at(-1);
    if (last?.level === level && last.isControl === isControl) last.steps++;
    else {
      stretches.push({ level, isControl, percent: run.weights.percent, from: i, steps: 1 });
    }
  });
  return stretches;
}
