/**
 * Runs of a study for tests: takes what a run came to, gives it as finished experiments have it.
 */

import type { SeriesKind } from "../../src/analysis/series.ts";
import type { StudyRun } from "../../src/analysis/study.ts";

/** Weights remaining of a level, as in the paper. */
export const percentOf = (level: number): number => 100 * 0.8 ** level;

/** A run; accuracies in percent. */
export function studyRun(
  kind: SeriesKind,
  trial: number,
  level: number,
  more: Partial<StudyRun> = {},
): StudyRun {
  return {
    kind,
    trial: `${trial}`,
    level,
    run: kind === "ticket" || kind === "one_shot" ? 0 : 1,
    percent: percentOf(level),
    folder: `e/trial${trial}/${level}/${kind}`,
    liveByLayer: { layer0: 1 },
    earlyStopIteration: 1000,
    isStopLast: false,
    earlyStopAccuracy: 0.98,
    finalAccuracy: 0.98,
    finalTrainAccuracy: 1,
    ...more,
  };
}
