import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  levelMetrics,
  levelsOf,
  nearestLevel,
  nearestLevels,
  trialMeans,
} from "../../src/analysis/study.ts";
import { studyRun } from "./study_runs.ts";

const runs = [0, 1, 2, 3].flatMap((level) =>
  [1, 2].map((trial) => studyRun("ticket", trial, level))
);

Deno.test("study: the nearest level, if it is near", () => {
  const levels = levelsOf(runs, "ticket");
  assertEquals(levels.map(({ level }) => level), [0, 1, 2, 3]);
  assertEquals(nearestLevel(levels, 51.3)?.level, 3);
  assertEquals(nearestLevel(levels, 21.1), null);
  assertEquals(nearestLevels(levels, [51, 100, 99, 2]).map(({ level }) => level), [0, 3]);
});

Deno.test("study: means of a trial's runs; a trial with a run that has no value is left out", () => {
  const group = [
    studyRun("reinit", 1, 1, { earlyStopAccuracy: 0.9 }),
    studyRun("reinit", 1, 1, { run: 2, earlyStopAccuracy: 0.92 }),
    studyRun("reinit", 2, 1, { earlyStopAccuracy: null }),
    studyRun("reinit", 2, 1, { run: 2, earlyStopAccuracy: 0.9 }),
  ];
  assertEquals([...trialMeans(group, "earlyStopAccuracy")].map(([t, v]) => [t, v.toFixed(6)]), [[
    "1",
    "91.000000",
  ]]);
  const [metric] = levelMetrics(group, ["ticket", "reinit"], "earlyStopAccuracy");
  assertEquals([metric.trials, metric.runs, metric.interval], [1, 4, null]);
  assertAlmostEquals(metric.mean, 91, 1e-9);
});
