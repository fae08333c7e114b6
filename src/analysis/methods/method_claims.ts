/**
 * Tests what papers say of pruning methods on the runs of a comparison, judged as the lottery
 * paper's claims are (claims.ts), for the methods that there are.
 */

import { type ClaimResult, judgeStatement } from "../claims.ts";
import type { Statement } from "../claims/claim.ts";
import { atEveryLevel, gain, type Measured, StudyLevels } from "../measures.ts";
import { invertedOf, type MethodRun, shuffledOf } from "./methods.ts";
import { type Level, levelsOf, type Metric, nearestLevel } from "../study.ts";

/** The runs of a comparison, and what is read off them. */
interface Comparison {
  runs: readonly MethodRun[];
  study: StudyLevels;
  metric: Metric;
  /** Weights of the output layer; it is the last. */
  output: { name: string; size: number };
}

/** Measures one method against another. */
type MethodMeasure = (comparison: Comparison, method: string, other: string) => Measured;

/** A claim about each of some methods and another one. */
interface MethodClaim extends Omit<Statement, "id"> {
  id: string;
  methods: readonly string[];
  /** Which must be there too. */
  other: string;
  /** The command that trains them. */
  task: string;
  measure: MethodMeasure;
}

/**
 * Methods are judged on equal budgets, so at the end of training: at the early stop, a slow method
 * would have to be trained longer than the others before anything could be said of it.
 */
const METRIC: Metric = "finalAccuracy";
/** The density, in percent, at which methods are told apart. */
const SPARSE = 10;
/** Accuracies within as many points are the same, as in claims.ts. */
const SAME_POINTS = 0.3;

const NO_LEVEL = { why: "no pruned level", next: "at least one pruning (--iterations)" };
const EQUAL_LEVELS = "both methods pruned to the same densities";

const MISSING_THE_MARK = "Frankle et al. 2021 (pruning at initialization), abstract";

const CLAIMS: readonly MethodClaim[] = [
  {
    id: "M1",
    claim: "Magnitude pruning after training, with rewinding, beats pruning at initialization",
    source: MISSING_THE_MARK,
    paper: "> 0 points; here after equal training, at the density nearest 10%",
    unit: "points",
    methods: ["snip", "grasp", "synflow", "random"],
    other: "magnitude",
    task: "deno task compare",
    measure: (comparison, method, other) => gainAt(SPARSE, comparison, other, method),
    above: 0,
  },
  {
    id: "M2",
    claim: "Pruned globally, the small output layer keeps a larger share of its weights",
    source: "Frankle & Carbin 2019, section 4",
    paper: "small layers pruned at the others' rate are bottlenecks; here at the smallest density",
    unit: "points",
    methods: ["global"],
    other: "magnitude",
    task: "deno task compare",
    measure: outputShare,
    above: 0,
  },
  {
    id: "M3",
    claim: "As sparse, random networks are less accurate than winning tickets, at every density",
    source: "Frankle & Carbin 2019, figure 1",
    paper: "> 0 points; here after equal training",
    unit: "points",
    methods: ["random"],
    other: "magnitude",
    task: "deno task compare",
    measure: gainEverywhere,
    above: 0,
  },
  {
    id: "M4",
    claim: "A mask that changes in training beats a random one that does not",
    source: "Evci et al. 2020 (RigL), section 4",
    paper: "> 0 points; here after equal training, at the density nearest 10%",
    unit: "points",
    methods: ["rigl", "set"],
    other: "random",
    task: "deno task compare",
    measure: (comparison, method, other) => gainAt(SPARSE, comparison, method, other),
    above: 0,
  },
  {
    id: "M5",
    claim: "Shuffled within each layer, masks chosen at initialization are no worse",
    source: MISSING_THE_MARK,
    paper: "the same accuracy or more; here no more than 0.3 points less, nearest 10%",
    unit: "points",
    methods: ["snip", "synflow"].map(shuffledOf),
    other: "",
    task: "deno task random-sparsity --initialization ticket",
    measure: (comparison, shuffled) => gainAt(SPARSE, comparison, shuffled, methodOf(shuffled)),
    above: -SAME_POINTS,
  },
  {
    id: "M6",
    claim: "With inverted scores, networks are worse: the scores know which weights matter",
    source: MISSING_THE_MARK,
    paper: "> 0 points; here after equal training, at the density nearest 10%",
    unit: "points",
    methods: ["snip", "grasp", "synflow"].map(invertedOf),
    other: "",
    task: "deno task random-sparsity --places inverted",
    measure: (comparison, inverted) =>
      gainAt(SPARSE, comparison, methodOf(inverted), inverted, inverted),
    above: 0,
  },
];

/**
 * One result for each claim and method that has runs; one that says what is missing where none has.
 *
 * @param output name and weights of the output layer
 */
export function checkMethodClaims(
  runs: readonly MethodRun[],
  output: { name: string; size: number },
): ClaimResult[] {
  const comparison = { runs, study: new StudyLevels(runs), metric: METRIC, output };
  const isThere = (method: string) => method === "" || runs.some(({ kind }) => kind === method);
  return CLAIMS.flatMap(({ methods, other, task, measure, ...statement }) => {
    const there = isThere(other) ? methods.filter(isThere) : [];
    if (there.length > 0) {
      return there.map((method) =>
        judgeStatement(
          { ...statement, id: idOf(statement.id, method, methods) },
          measure(comparison, method, other),
        )
      );
    }
    const needed = [methods.join(" or "), other].filter((name) => name !== "" && !isThere(name));
    const why = `no runs of ${needed.join(" and of ")}: ${task} trains them`;
    const quantity = "", lacks = { why, next: task };
    return [judgeStatement(statement, { quantity, values: [], lacks })];
  });
}

/** "M1 snip", where a claim is about several methods. */
function idOf(id: string, method: string, methods: readonly string[]): string {
  return methods.length === 1 ? id : `${id} ${methodOf(method)}`;
}

/** The method that controls are of; itself, if it is one. */
function methodOf(kind: string): string {
  return kind.replace(shuffledOf(""), "").replace(invertedOf(""), "");
}

/**
 * Points by which one method is more accurate than another at a level nearest to a density.
 *
 * @param whose the method of that level
 */
function gainAt(
  percent: number,
  { study, metric }: Comparison,
  better: string,
  worse: string,
  whose = better,
): Measured {
  const level = closest(study.of(whose), percent);
  if (level === null) return { quantity: "", values: [], lacks: NO_LEVEL };
  const side = (kind: string) => ({
    ...{ kind, percent: level.percent },
    ...(kind === whose && { level }),
  });
  return gain(side(better), side(worse), metric)(study);
}

/** The pruned level nearest to a density, however far off. */
function closest<L extends Level<MethodRun>>(levels: readonly L[], percent: number): L | null {
  const distance = (level: L) => Math.abs(Math.log(level.percent / percent));
  const pruned = levels.filter((level) => level.percent < 100 && level.percent > 0);
  return pruned.toSorted((a, b) => distance(a) - distance(b))[0] ?? null;
}

/** Points by which a method is less accurate than another, at the density that is least so. */
function gainEverywhere({ runs, metric }: Comparison, worse: string, better: string): Measured {
  const study = new StudyLevels(runs.filter(({ level }) => level > 0)), levels = study.of(better);
  if (levels.length === 0) return { quantity: "", values: [], lacks: NO_LEVEL };
  const [most, least] = [levels[0], levels.at(-1)!].map(({ percent }) =>
    Number(percent.toPrecision(3))
  );
  return atEveryLevel(
    most,
    least,
    better,
    (side) => gain(side, { kind: worse, percent: side.percent }, metric),
  )(study);
}

/** Points of its weights that the output layer keeps more, at the smallest density of both. */
function outputShare({ runs, output: { name, size } }: Comparison, more: string, less: string) {
  const quantity = `live weights of ${name}, ${more} − ${less}`;
  const smallest = levelsOf(runs, more).at(-1)!, twin = levelsOf(runs, less);
  const level = nearestLevel(twin, smallest.percent);
  if (level === null) {
    return {
      quantity,
      values: [],
      lacks: { why: `${less} has no level of as many weights`, next: EQUAL_LEVELS },
    };
  }
  const shares = ({ runs }: Level<MethodRun>) =>
    new Map(runs.map((run) => [run.trial, 100 * run.liveByLayer[name] / size]));
  const one = shares(smallest), other = shares(level);
  const trials = [...one.keys()].filter((trial) => other.has(trial));
  const values = trials.map((trial) => one.get(trial)! - other.get(trial)!);
  const at = `${quantity}, at ${Number(smallest.percent.toPrecision(3))}%`;
  return values.length > 0 ? { quantity: at, values } : {
    quantity: at,
    values,
    lacks: { why: "no trial has both", next: "both in the same trials" },
  };
}
