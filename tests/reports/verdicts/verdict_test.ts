import { assertEquals, assertMatch } from "@std/assert";
import { judge } from "../../../src/reports/verdicts/verdict.ts";
import type { FinishedRun } from "../../../src/records/finished_run.ts";

interface Side {
  /** Test accuracy at the early stop by trial; null where it is not known. */
  stop: (number | null)[];
  /** At the end; as at the early stop if absent. */
  end?: number[];
  percent?: number;
}

/** The finished runs of an experiment of two levels, by trial. */
function experiment(sides: { full?: Side; ticket?: Side; control?: Side }): FinishedRun[] {
  const runs = (kind: "ticket" | "reinit", level: number, side: Side | undefined) =>
    (side?.stop ?? []).map((earlyStopAccuracy, i): FinishedRun => ({
      ...{ kind, level, trial: i + 1, run: kind === "reinit" ? 1 : 0 },
      ...{ folder: "folder", found: false, live: 1, liveByLayer: {}, total: 1, classes: 10 },
      percent: side!.percent ?? (level === 0 ? 100 : 10.83),
      ...{
        earlyStopIteration: 100,
        isStopLast: false,
        finalTrainAccuracy: 1,
        initialAccuracy: 0.1,
      },
      earlyStopAccuracy,
      finalAccuracy: side!.end?.[i] ?? earlyStopAccuracy ?? NaN,
    }));
  return [
    ...runs("ticket", 0, sides.full),
    ...runs("ticket", 2, sides.ticket),
    ...runs("reinit", 2, sides.control),
  ];
}

const of = (...stop: (number | null)[]): Side => ({ stop });
const all = (accuracy: number, trials: number) => of(...Array(trials).fill(accuracy));

/** Experiments, whether their ticket won, of how many trials, and a part of the sentence. */
const CASES: [name: string, FinishedRun[], won: boolean | null, trials: number, RegExp][] = [
  [
    "better than both, one trial",
    experiment({ full: of(0.9655), ticket: of(0.9712), control: of(0.9339) }),
    true,
    1,
    /^With 10\.8% of its weights the ticket reaches 97\.12% test accuracy, 0\.57 points above the full network and 3\.73 points above its reinitialized control: the ticket won \(one trial: an example, not a proof\)\.$/,
  ],
  [
    "three trials",
    experiment({ full: all(0.95, 3), ticket: all(0.97, 3), control: all(0.9, 3) }),
    true,
    3,
    /: the ticket won \(3 trials: an example, not a proof\)\.$/,
  ],
  [
    "five trials",
    experiment({ full: all(0.95, 5), ticket: all(0.97, 5), control: all(0.9, 5) }),
    true,
    5,
    /: the ticket won\.$/,
  ],
  [
    "worse than the full network",
    experiment({ full: all(0.97, 5), ticket: all(0.96, 5), control: all(0.9, 5) }),
    false,
    5,
    /1\.00 points below the full network .*: the ticket did not win\.$/,
  ],
  [
    "better than the full network, not than the control",
    experiment({ full: all(0.95, 5), ticket: all(0.96, 5), control: all(0.97, 5) }),
    false,
    5,
    /1\.00 points above the full network and 1\.00 points below .*: the ticket did not win\.$/,
  ],
  [
    "level with the full network in the mean, by no means in each trial",
    experiment({ full: of(0.1, 0.2, 0.6), ticket: of(0.6, 0.1, 0.2), control: all(0.2, 3) }),
    null,
    3,
    /, level with the full network and .*: too close to call, the trials differ too much \(3/,
  ],
  [
    "level with the full network: as good",
    experiment({ full: all(0.9, 3), ticket: all(0.9, 3), control: all(0.2, 3) }),
    true,
    3,
    /, level with the full network and .*: the ticket won/,
  ],
  [
    "level with the control: not better",
    experiment({ full: all(0.95, 5), ticket: all(0.97, 5), control: all(0.97, 5) }),
    false,
    5,
    /and level with its reinitialized control: the ticket did not win\.$/,
  ],
  [
    "a lead that is smaller than two digits show",
    experiment({ full: all(0.95, 5), ticket: all(0.97003, 5), control: all(0.97, 5) }),
    true,
    5,
    /and 0\.003 points above .*: the ticket won\.$/,
  ],
  [
    "no control",
    experiment({ full: of(0.95), ticket: of(0.97) }),
    null,
    1,
    /2\.00 points above the full network; without a control it cannot be called a win \(one trial/,
  ],
  [
    "the full network alone",
    experiment({ full: of(0.95) }),
    null,
    0,
    /^Nothing was pruned, so there is no ticket to judge\.$/,
  ],
  [
    "levels that prune nothing",
    experiment({
      full: of(0.9),
      ticket: { stop: [0.97], percent: 100 },
      control: { stop: [0.9], percent: 100 },
    }),
    null,
    0,
    /^Nothing was pruned: the last level has all weights/,
  ],
  [
    "no network has learned",
    experiment({ full: of(0.098), ticket: of(0.0974), control: of(0.1135) }),
    null,
    0,
    /^The full network has not learned: 9\.80% test accuracy, where guessing among 10 classes reaches 10%\. .*train longer/,
  ],
  [
    "the full network has not learned, which is no win of the ticket",
    experiment({ full: of(0.1), ticket: of(0.9), control: of(0.5) }),
    null,
    0,
    /^The full network has not learned/,
  ],
  [
    "the ticket has lost what the full network learned",
    experiment({ full: of(0.97), ticket: of(0.098), control: of(0.098) }),
    false,
    1,
    /the ticket reaches 9\.80% test accuracy, .*: the ticket did not win/,
  ],
  [
    "a ticket of few weights",
    experiment({
      full: of(0.97),
      ticket: { stop: [0.5], percent: 0.03 },
      control: { stop: [0.3], percent: 0.03 },
    }),
    false,
    1,
    /^With 0\.03% of its weights/,
  ],
  [
    "an early stop that is not known: judged at the end",
    experiment({
      full: { stop: [0.97], end: [0.98] },
      ticket: { stop: [null], end: [0.975] },
      control: { stop: [0.95], end: [0.95] },
    }),
    false,
    1,
    /reaches 97\.50% test accuracy, 0\.50 points below the full network/,
  ],
  [
    "networks that were not tested",
    experiment({ full: of(null), ticket: of(null), control: of(null) }),
    null,
    0,
    /^The networks were not tested/,
  ],
  [
    "trials that are unfinished are not compared",
    experiment({ full: of(0.9, 0.99), ticket: of(0.95, 0.1), control: of(0.8) }),
    true,
    1,
    /reaches 95\.00% test accuracy, 5\.00 points above .*\(one trial/,
  ],
  ["no runs at all", [], null, 0, /^No ticket was trained/],
];

for (const [name, runs, won, trials, sentence] of CASES) {
  Deno.test(`verdict: ${name}`, () => {
    const verdict = judge(runs);
    assertMatch(verdict.sentence, sentence);
    assertEquals([verdict.won, verdict.trials], [won, trials]);
    assertEquals(/\bNaN\b|Infinity|undefined/.test(verdict.sentence), false);
  });
}

Deno.test("what was compared is given in fractions, as the sentence has it in percent", () => {
  const sides = { full: of(0.95, 0.93), ticket: of(0.97, 0.96), control: of(0.9, 0.88) };
  const { compared } = judge(experiment(sides));
  assertEquals([compared!.full, compared!.ticket, compared!.control], [
    ...[[0.95, 0.93], [0.97, 0.96], [0.9, 0.88]],
  ]);
});
