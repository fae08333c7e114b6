/** Notes in the header on settings that have less effect than expected. */

import type { RunSettings } from "../runs/schema.ts";
import { parametersOf, prunableOf } from "../models/parameters.ts";

type Line = [name: string, text: string];

/** Intervals that are longer than a run. */
export function trainingNotes({ training, dataset }: RunSettings): Line[] {
  const { iterations, testInterval, validateInterval } = training;
  const long = [
    ...(testInterval > iterations ? [`--test-interval ${testInterval}`] : []),
    ...(dataset.validationSize > 0 && validateInterval > iterations
      ? [`--validate-interval ${validateInterval}`]
      : []),
  ];
  if (long.length === 0 || iterations === 0) return [];
  return [[
    "note",
    `evaluated only at the start and the end: ${long.join(" and ")} ${
      long.length > 1 ? "are" : "is"
    } longer than a run`,
  ]];
}

/** Layers of which pruning takes nothing. */
export function pruningNotes(
  { network: { layers } }: RunSettings,
  { levels, prunePercents }: { levels: number; prunePercents: Readonly<Record<string, number>> },
): Line[] {
  if (levels === 0) return [];
  const weights = prunableOf(parametersOf(layers));
  const kept = weights.filter(({ name, rows, columns }) =>
    Math.round(prunePercents[name] * rows * columns) === 0
  );
  if (kept.length === weights.length) {
    return [["note", "nothing is pruned: --prune-percents take no weight of any layer"]];
  }
  const emptied = weights.filter(({ name }) => prunePercents[name] === 1).map(({ name }): Line => [
    "note",
    `${name} loses all its weights at level 1: --prune-percents take 1 of them`,
  ]);
  const kinds = kept.map(({ name, rows, columns }): Line => [
    "note",
    `${name} loses no weights: --prune-percents take ${prunePercents[name]} of its ` +
    `${rows * columns}`,
  ]);
  return [...emptied, ...kinds];
}
