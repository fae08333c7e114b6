import { assertEquals } from "@std/assert";
import { summarizeLevels } from "../../../src/reports/verdicts/summary.ts";
import { finishedRun } from "../../../src/records/finished_run.ts";
import { resultsOf } from "../../../src/records/trained_run.ts";
import { parametersOf } from "../../../src/models/parameters.ts";

const MASKS = { layer0: { shape: [2, 2], data: Float32Array.of(1, 0, 1, 1) } };

const LAYERS = [
  { name: "layer0", inputs: 2, units: 2, activation: null, useBias: true },
];

/** A curve with loss `10 - iteration` and accuracy `iteration / 100` at the given iterations. */
const curve = (...iterations: number[]) =>
  iterations.map((iteration) => ({ iteration, loss: 10 - iteration, accuracy: iteration / 100 }));

const summary = (validate: number[], test: number[], trial = 1) =>
  finishedRun(
    { kind: "ticket", trial, level: 0, run: 0 },
    parametersOf(LAYERS),
    "folder",
    resultsOf({
      masks: MASKS,
      curves: { train: [], validate: curve(...validate), test: curve(...test) },
    }),
    false,
  );

Deno.test("a run's early stop has the test accuracy of that very iteration, or none", () => {
  const aligned = summary([0, 2, 4], [0, 4]);
  assertEquals([aligned.earlyStopIteration, aligned.earlyStopAccuracy], [4, 0.04]);
  const apart = summary([0, 2], [0, 3]);
  assertEquals([apart.earlyStopIteration, apart.earlyStopAccuracy, apart.finalAccuracy], [
    2,
    null,
    0.03,
  ]);
  const without = summary([], [0, 3]);
  assertEquals([without.earlyStopIteration, without.earlyStopAccuracy], [null, null]);
  assertEquals([aligned.live, aligned.total, aligned.percent], [3, 4, 75]);
  assertEquals(aligned.classes, 2);
});

Deno.test("levels are means over trials; a mean of unknowns is unknown", () => {
  const runs = [summary([0, 4], [0, 4]), summary([0, 2], [0, 2], 2)];
  const [mean] = summarizeLevels(runs);
  assertEquals([mean.trials, mean.earlyStopIteration, mean.earlyStopAccuracy], [2, 3, 0.03]);
  const [twice] = summarizeLevels([...runs, ...runs]);
  assertEquals([twice.trials, twice.runs], [2, 4]);
  const [unknown] = summarizeLevels([...runs, summary([0, 2], [0, 3])]);
  assertEquals(unknown.earlyStopAccuracy, null);
});
