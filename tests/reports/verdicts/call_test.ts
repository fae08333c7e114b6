import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { callOf, type ComparedAccuracies } from "../../../src/reports/verdicts/call.ts";

function verdict(
  full: number[],
  ticket: number[],
  control: number[] | null,
): ComparedAccuracies {
  return { full, ticket, control, isAtStop: true, percent: 10 };
}

const CASES: [name: string, ComparedAccuracies, call: string | undefined, decided?: string][] = [
  ["one trial: by its accuracies alone", verdict([0.9], [0.95], [0.8]), "won"],
  ["one trial, level with the full network", verdict([0.9], [0.9], [0.8]), "won"],
  ["one trial, below it", verdict([0.9], [0.89], [0.8]), "lost", "full"],
  ["one trial, level with the control", verdict([0.9], [0.95], [0.95]), "lost", "control"],
  ["all alike, level with the full network", verdict([0.9, 0.8], [0.9, 0.8], [0.7, 0.6]), "won"],
  [
    "trials that scatter: a better mean is not enough",
    verdict([0.9, 0.9, 0.9], [0.95, 0.89, 0.92], [0.7, 0.7, 0.7]),
    "too close to call",
    "full",
  ],
  [
    "five clear ones",
    verdict([0.9, 0.9, 0.9, 0.9, 0.9], [0.92, 0.93, 0.92, 0.93, 0.92], [0.8, 0.8, 0.8, 0.8, 0.8]),
    "won",
  ],
  [
    "clearly worse than the full network, near the control",
    verdict([0.9, 0.91], [0.8, 0.81], [0.79, 0.83]),
    "lost",
    "full",
  ],
  ["without a control", verdict([0.9], [0.95], null), undefined],
];

for (const [name, given, call, decided] of CASES) {
  Deno.test(`call: ${name}`, () => {
    const found = callOf(given);
    assertEquals([found?.call, found?.decidedBy?.against], [call, decided]);
    if (!found) return;
    assertEquals(found.isExample, given.full.length < 5);
  });
}

Deno.test("call: the interval is Student's, of the trials' differences", () => {
  const { conditions: [full, control] } = callOf(
    verdict([0.5, 0.5, 0.5], [0.51, 0.53, 0.52], [0.4, 0.4, 0.4]),
  )!;
  // Mean 0.02, standard deviation 0.01, t(0.95, 2) = 2.919986.
  const half = 2.919986 * 0.01 / Math.sqrt(3);
  assertAlmostEquals(full.lead, 0.02, 1e-12);
  assertAlmostEquals(full.interval![0], 0.02 - half, 1e-6);
  assertAlmostEquals(full.interval![1], 0.02 + half, 1e-6);
  assert(control.holds);
});
