/**
 * The quantities that claims are about. Each function returns a measure: from the runs of a study
 * to one value per trial, or to what is missing.
 */

import { percentText } from "./percent.ts";
import { studentInterval } from "./statistics.ts";
import {
  type Level,
  levelsOf,
  type Metric,
  nearestLevel,
  type StudyRun,
  trialMeans,
} from "./study.ts";
import { count } from "../words.ts";

/** A quantity with one value for each trial. */
export interface Measured {
  quantity: string;
  /** One value for each trial; of "times", its logarithm. */
  values: number[];
  /** Why it cannot be measured. */
  lacks?: Lack;
  /** Why it would not count if it were on the claim's side: what a longer training could undo. */
  weakensFor?: string;
  /** The same on the other side. */
  weakensAgainst?: string;
}

/** The runs that a measure still needs. */
export interface Lack {
  why: string;
  /** What would make it possible. */
  next: string;
}

type AnyLevel = Level<StudyRun<string>>;

/** One side of a claim: a kind of runs, or a method, near a density; 100 for the full network. */
export interface Side {
  kind: string;
  percent: number;
  /** The very level, instead of that nearest to the density. */
  level?: AnyLevel;
}

/** The runs of a study, sorted once: claims look at them again and again. */
export class StudyLevels {
  readonly #levels = new Map<string, AnyLevel[]>();

  constructor(private readonly runs: readonly StudyRun<string>[]) {}

  /** As `levelsOf`. */
  of(kind: string): readonly AnyLevel[] {
    const found = this.#levels.get(kind) ?? levelsOf(this.runs, kind);
    this.#levels.set(kind, found);
    return found;
  }
}

/** Measures a quantity in the runs of a study. */
export type Measure = (study: StudyLevels) => Measured;

/** How many times as many iterations the slow side takes to its early stop; logarithms. */
export function sooner(fast: Side, slow: Side): Measure {
  return (study) => {
    const quantity = `early stop of ${nameOf(slow)} / of ${nameOf(fast)}`;
    const pairs = paired(study, fast, slow, "earlyStopIteration");
    if (!Array.isArray(pairs)) return { quantity, values: [], lacks: pairs };
    const untrained = pairs.flat().filter((stop) => stop === 0).length;
    if (untrained > 0) {
      const why = `${count(untrained, "early stop")} at iteration 0: those runs did not learn`;
      const next = "longer training, or another learning rate";
      return { quantity, values: [], lacks: { why, next } };
    }
    const values = pairs.map(([fast, slow]) => Math.log(slow / fast));
    // A slow side that had not stopped yet makes the ratio smaller than it is, a fast one larger.
    return { quantity, values, ...censoring(study, fast, slow) };
  };
}

/** How early stops at the last evaluation bias a comparison that grows as `other` stops later. */
function censoring(study: StudyLevels, one: Side, other: Side): Partial<Measured> {
  const why = (side: Side) => {
    const last = runsOf(study, side).filter(({ isStopLast }) => isStopLast).length;
    return last === 0
      ? undefined
      : `${count(last, "run")} of ${nameOf(side)} had not passed the early stop at the last ` +
        "evaluation: train longer";
  };
  return { weakensFor: why(one), weakensAgainst: why(other) };
}

/** Percentage points by which one side is more accurate. */
export function gain(better: Side, worse: Side, metric: Metric): Measure {
  return (study) => {
    const isEarly = metric === "earlyStopAccuracy";
    const quantity = `${nameOf(better)} − ${nameOf(worse)}, ${
      isEarly ? "at early stop" : "at the end"
    }`;
    const pairs = paired(study, better, worse, metric);
    if (!Array.isArray(pairs)) return { quantity, values: [], lacks: pairs };
    const values = pairs.map(([better, worse]) => better - worse);
    // With more iterations the worse side might have caught up.
    return { quantity, values, ...(isEarly && censoring(study, worse, better)) };
  };
}

/** An accuracy in percent. */
export function accuracyOf(side: Side, metric: Metric): Measure {
  return (study) => {
    const quantity = `training accuracy of ${nameOf(side)} at the end`;
    const found = sideValues(study, side, metric);
    return found instanceof Map
      ? { quantity, values: [...found.values()] }
      : { quantity, values: [], lacks: found };
  };
}

/**
 * A claim about every level in a range of densities: the level that is least in its favour, which
 * decides for all of them.
 */
export function atEveryLevel(
  most: number,
  least: number,
  kind: string,
  measure: (side: Side) => Measure,
): Measure {
  return (study) => {
    const range = `of every level from ${most}% to ${least}%`;
    // As in `nearestLevel`, levels at the ends may be a little off.
    const levels = study.of(kind).filter(({ percent }) =>
      percent < 1.05 * most && percent > least / 1.05
    );
    if (levels.length === 0) {
      return { quantity: range, values: [], lacks: noRuns(study, { kind, percent: most }) };
    }
    const all = levels.map((level) => measure({ kind, percent: level.percent, level })(study));
    const bound = ({ values }: Measured, end: 0 | 1) => studentInterval(values)?.[end] ?? 0;
    const lowest = (end: 0 | 1) => all.reduce((a, b) => bound(b, end) < bound(a, end) ? b : a);
    // One level that is wholly on the other side refutes the claim; else that which is nearest to
    // it.
    const worst = bound(lowest(1), 1) <= 0 ? lowest(1) : lowest(0);
    const lacking = all.find(({ lacks }) => lacks !== undefined);
    const isWhole = levels[0].percent > most / STEP && levels.at(-1)!.percent < least * STEP;
    return {
      ...worst,
      quantity: `${worst.quantity}: the least ${range}`,
      lacks: lacking?.lacks ?? (isWhole ? undefined : {
        why: "there are not levels over the whole range",
        next: levelsTo(levels, least) ?? `levels from ${most}% to ${least}%`,
      }),
      weakensFor: all.find(({ weakensFor }) => weakensFor !== undefined)?.weakensFor,
    };
  };
}

/** Levels are 20% apart, and a little more between trials. */
const STEP = 1.3;

/** The values of both sides in the trials that have both, or what is lacking. */
function paired(
  study: StudyLevels,
  one: Side,
  other: Side,
  metric: Metric,
): [number, number][] | Lack {
  const first = sideValues(study, one, metric), second = sideValues(study, other, metric);
  if (!(first instanceof Map)) return first;
  if (!(second instanceof Map)) return second;
  const both = [...first].flatMap(([trial, value]): [number, number][] =>
    second.has(trial) ? [[value, second.get(trial)!]] : []
  );
  return both.length > 0 ? both : {
    why: `no trial has both ${nameOf(one)} and ${nameOf(other)}`,
    next: "both of them in the same trials",
  };
}

function sideValues(
  study: StudyLevels,
  side: Side,
  metric: Metric,
): Map<number | string, number> | Lack {
  const found = runsOf(study, side);
  if (found.length === 0) return noRuns(study, side);
  const values = trialMeans(found, metric);
  if (values.size > 0) return values;
  if (metric === "finalTrainAccuracy") {
    return { why: "the training accuracy is not known", next: "runs with a training log" };
  }
  return metric === "earlyStopIteration" || found.every((run) => run.earlyStopIteration === null)
    ? { why: "no early stop: there is no validation split", next: "--validation-size above 0" }
    : {
      why: "the test set was not evaluated at the early stop",
      next: "both sets evaluated at the same iterations (--test-interval)",
    };
}

function runsOf(study: StudyLevels, { kind, percent, level }: Side): StudyRun<string>[] {
  const found = (level ?? levelAt(study.of(kind), percent))?.runs ?? [];
  // A one-shot experiment begins with the full network too.
  if (found.length > 0 || kind !== "ticket" || percent < 100) return found;
  return levelAt(study.of("one_shot"), percent)?.runs ?? [];
}

function levelAt(levels: readonly AnyLevel[], percent: number): AnyLevel | null {
  if (percent < 100) return nearestLevel(levels, percent);
  return levels.find(({ percent }) => percent === 100) ?? null;
}

function noRuns(study: StudyLevels, side: Side): Lack {
  const levels = study.of(side.kind);
  if (levels.length === 0) {
    const command = COMMANDS[side.kind] ?? "run-lottery";
    return { why: `no runs of this kind: ${command} trains them`, next: command };
  }
  return {
    why: `no level near ${side.percent}% (the sparsest is ${
      percentText(levels.at(-1)!.percent, 1)
    })`,
    next: levelsTo(study.of("ticket"), side.percent) ??
      `${COMMANDS[side.kind] ?? "run-lottery"} with a level near ${side.percent}%`,
  };
}

/** How many prunings at the rate so far lead to a density; null where there is no such rate. */
function levelsTo(levels: readonly AnyLevel[], percent: number): string | null {
  const last = levels.at(-1);
  if (!last || last.level === 0 || last.percent >= 100 || last.percent <= percent) return null;
  const rate = Math.log(last.percent / 100) / last.level;
  return `${Math.round(Math.log(percent / 100) / rate)} prunings (--iterations)`;
}

/** The command that trains the runs of a kind. */
const COMMANDS: Partial<Record<string, string>> = {
  reinit: "deno task reinitialize",
  random_sparsity: "deno task random-sparsity",
  one_shot: "deno task run-lottery --one-shot",
};

function nameOf({ kind, percent }: Side): string {
  if (kind === "ticket" && percent === 100) return "full network";
  const name = kind.replace("_", kind === "one_shot" ? "-" : " ");
  return `${name === "one-shot" ? "one-shot ticket" : name} at ${Number(percent.toPrecision(3))}%`;
}
