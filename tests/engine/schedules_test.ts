/**
 * Schedules against the values that PyTorch's schedulers of these names have, and worked by hand.
 */

import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { checkSchedule, CONSTANT, rateOf, type Schedule } from "../../src/engine/schedules.ts";
import { InputError } from "../../src/errors.ts";

const rates = (schedule: Partial<Schedule>, iterations: number) =>
  Array.from(
    { length: iterations },
    (_, i) => rateOf({ ...CONSTANT, ...schedule }, 0.1, iterations)(i),
  );

Deno.test("constant: the same rate, bit for bit", () => {
  assertEquals(new Set(rates({}, 50)), new Set([0.1]));
});

Deno.test("steps: MultiStepLR(milestones=[3, 5], gamma=0.1)", () => {
  const expected = [0.1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001];
  rates({ kind: "steps", milestones: [3, 5] }, 7).forEach((rate, i) =>
    assertAlmostEquals(rate, expected[i], 1e-15)
  );
});

Deno.test("cosine: CosineAnnealingLR(T_max=4)", () => {
  // 0.05 (1 + cos(π i / 4)).
  const expected = [0.1, 0.08535533905932738, 0.05, 0.014644660940672627];
  rates({ kind: "cosine" }, 4).forEach((rate, i) => assertAlmostEquals(rate, expected[i], 1e-15));
});

Deno.test("a warm-up rises in equal steps; the cosine begins when it ends", () => {
  const found = rates({ kind: "cosine", warmup: 4 }, 8);
  const expected = [0.025, 0.05, 0.075, 0.1, 0.1, 0.08535533905932738, 0.05, 0.014644660940672627];
  found.forEach((rate, i) => assertAlmostEquals(rate, expected[i], 1e-15));
});

Deno.test("schedules that cannot be are refused, with the next action", () => {
  const refuses = (schedule: Partial<Schedule>, message: string) =>
    assertThrows(() => checkSchedule({ ...CONSTANT, ...schedule }, 100), InputError, message);
  refuses({ kind: "steps", milestones: [50, 40] }, "milestones 50,40 do not ascend; give them in");
  refuses({ kind: "steps", milestones: [100] }, "milestone 100 lies past the end of a run of 100");
  refuses({ kind: "steps" }, "steps without milestones change nothing");
  refuses({ warmup: 100 }, "a warm-up of 100 iterations does not end within the 100");
  refuses({ gamma: 0 }, "gamma 0 is not a factor");
  refuses({ kind: "linear" as "cosine" }, "linear is unknown; use constant, steps, cosine");
  for (const warmup of [-1, 0.5, NaN]) refuses({ warmup }, "a warm-up of");
  checkSchedule({ kind: "steps", milestones: [1, 99], gamma: 1, warmup: 99 }, 100);
  checkSchedule(CONSTANT, 0);
});
