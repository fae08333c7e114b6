import { assertAlmostEquals, assertEquals } from "@std/assert";
import { advanced, stepAt, storyOf, stretchesOf } from "../../../../src/web/page/network/story.ts";
import { CONTROL, FULL, TICKET } from "./runs.ts";

Deno.test("the steps: start and train; cut, rewind and train of each level; the control last", () => {
  const told = storyOf([FULL, TICKET, CONTROL]).map(({ kind, level }) => `${kind} ${level}`);
  assertEquals(told, [
    ...["start 0", "train 0", "cut 1", "rewind 1", "train 1", "control 1", "compare 1"],
  ]);
  assertEquals(storyOf([]), []);
  assertEquals(storyOf([FULL]).map(({ kind }) => kind), ["start", "train"]);
  // A control of another level has no rival here.
  const early = {
    ...CONTROL,
    weights: { ...CONTROL.weights, run: { ...CONTROL.weights.run, level: 0 } },
  };
  assertEquals(storyOf([FULL, TICKET, early]).length, 5);
});

Deno.test("playing: seconds of steps add up, and the end is the end", () => {
  const steps = storyOf([FULL, TICKET, CONTROL]);
  const whole = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  assertEquals(advanced(steps, 0, steps[0].seconds), 1);
  assertAlmostEquals(advanced(steps, 0, steps[0].seconds + steps[1].seconds / 4), 1.25, 1e-9);
  assertEquals(advanced(steps, 0.5, 0), 0.5);
  assertEquals(advanced(steps, 0, whole + 5), steps.length);
  let position = 0;
  for (let i = 0; i < 1000; i++) position = advanced(steps, position, whole / 1000);
  assertAlmostEquals(position, steps.length, 1e-6);
});

Deno.test("a position's step and part; the levels on the line of time", () => {
  const steps = storyOf([FULL, TICKET, CONTROL]);
  assertEquals(stepAt(steps, 2.25), { index: 2, part: 0.25 });
  assertEquals(stepAt(steps, 7), { index: 6, part: 1 });
  assertEquals(stepAt(steps, -1), { index: 0, part: 0 });
  assertEquals(
    stretchesOf(steps).map((
      { percent, from, steps, isControl },
    ) => [percent, from, steps, isControl]),
    [[100, 0, 2, false], [75, 2, 3, false], [75, 5, 2, true]],
  );
});
