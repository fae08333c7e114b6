import { assertEquals, assertMatch } from "@std/assert";
import {
  judge,
  type LevelSummary,
  summarizeLevels,
  summarizeRun,
} from "../../src/mnist_fc/summary.ts";

const MASKS = { layer0: { shape: [2, 2], data: Float32Array.of(1, 0, 1, 1) } };

/** A curve with loss `10 - iteration` and accuracy `iteration / 100` at the given iterations. */
const curve = (...iterations: number[]) =>
  iterations.map((iteration) => ({ iteration, loss: 10 - iteration, accuracy: iteration / 100 }));

const summary = (validate: number[], test: number[], trial = 1) =>
  summarizeRun(
    { kind: "ticket", trial, level: 0, run: 0 },
    "folder",
    { masks: MASKS, curves: { train: [], validate: curve(...validate), test: curve(...test) } },
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
});

const level = (
  kind: "ticket" | "reinit",
  level: number,
  earlyStopAccuracy: number | null,
  finalAccuracy: number,
): LevelSummary => ({
  kind,
  level,
  trials: 5,
  runs: 5,
  percent: 100 - 10 * level,
  earlyStopIteration: 100,
  earlyStopAccuracy,
  finalAccuracy,
});

Deno.test("the verdict: as good as the full network and better than the control", () => {
  const full = level("ticket", 0, 0.97, 0.98), control = level("reinit", 2, 0.95, 0.95);
  const verdict = (ticket: LevelSummary, against = control) => judge([full, ticket, against]);
  assertEquals(verdict(level("ticket", 2, 0.97, 0.9)).won, true);
  assertEquals(verdict(level("ticket", 2, 0.96, 0.99)).won, false);
  assertEquals(verdict(level("ticket", 2, 0.97, 0.9), level("reinit", 2, 0.97, 0.9)).won, false);
  // Where one early stop is not known, all are judged at the end.
  assertEquals(verdict(level("ticket", 2, null, 0.98)).won, true);
  assertEquals(verdict(level("ticket", 2, null, 0.97)).won, false);
  assertEquals(judge([full, level("ticket", 2, 0.97, 0.98)]).won, null);
  assertEquals(judge([full]).won, null);
  assertMatch(
    verdict(level("ticket", 2, 0.974, 0.9)).sentence,
    /^With 80\.0% .* 97\.40% test accuracy, 0\.40 points above the full network and 2\.40 points above .*: the ticket won\.$/,
  );
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
