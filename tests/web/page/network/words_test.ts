import { assert, assertEquals, assertMatch } from "@std/assert";
import type { RecordedRun } from "../../../../src/web/page/network/recording.ts";
import { storyOf } from "../../../../src/web/page/network/story.ts";
import { type Phase, wordsOf } from "../../../../src/web/page/network/words.ts";
import { CONTROL, FULL, runOf, TICKET } from "./runs.ts";

const withScores = (run: RecordedRun, initial: number | null, latest: number | null) => ({
  ...run,
  accuracies: { initial, latest },
});
const said = (runs: RecordedRun[], kind: string, level: number, phase: Phase = "end") => {
  const step = storyOf(runs).find((step) => step.kind === kind && step.level === level)!;
  return wordsOf(step, FULL.weights, 4, phase);
};
const full = withScores(FULL, 0.138, 0.96), control = withScores(CONTROL, 0.1, 0.93);

Deno.test("rewinding says what is forgotten, and that choosing has taught where it has", () => {
  const ticket = withScores(TICKET, 0.909, 0.97);
  const { text, surprise, scores } = said([full, ticket], "rewind", 1);
  assertMatch(text, /trained values are forgotten; the cut stays/);
  assertMatch(surprise, /started at 13\.80%.*in the choice of those that stay.*Zhou et al\. 2019/);
  assertEquals(scores.map(({ value }) => value), ["90.90%"]);
  assertEquals(said([full, ticket], "rewind", 1, "before").surprise, "");
  assertEquals(said([full, withScores(TICKET, 0.15, 0.97)], "rewind", 1).surprise, "");
  assertEquals(said([full, withScores(TICKET, null, null)], "rewind", 1).scores, []);
});

Deno.test("survivors that start elsewhere are not said to be rewound", () => {
  const other = runOf({ level: 1 }, [1, 0, 1, 1], [[0, 9, 0, 9, 9]], 0.125);
  assertMatch(said([FULL, other], "rewind", 1).text, /from which this experiment trains again/);
  assert(!/same starting values/.test(said([FULL, other], "train", 1).text));
  assertMatch(said([FULL, TICKET], "train", 1).text, /same starting values.*75\.0% of the weights/);
});

Deno.test("a cut is by size only where it is; its share is the layer's", () => {
  assertMatch(said([FULL, TICKET], "cut", 1).text, /smallest 25% of the weights from the input/);
  const other = { ...TICKET, weights: { ...TICKET.weights, threshold: null } };
  assertMatch(said([FULL, other], "cut", 1).title, /lowest scores/);
});

Deno.test("accuracies stand where they are measured: before, so far, and at the end", () => {
  const labels = (phase: Phase) =>
    said([full], "train", 0, phase).scores.map(({ value, label }) => `${value} ${label}`);
  assertEquals(labels("before"), ["13.80% of the test images right before this training"]);
  assertEquals(labels("going"), ["96.00% of the test images right so far"]);
  assertEquals(labels("end"), ["96.00% of the test images right at the end of training"]);
  const both = said([full, withScores(TICKET, 0.9, 0.97), control], "compare", 1).scores;
  assertEquals(both.map(({ value, isControl }) => [value, isControl]), [
    ...[["97.00%", false], ["93.00%", true]],
  ]);
});
