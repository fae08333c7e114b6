import { assert, assertEquals, assertMatch } from "@std/assert";
import { findingOf } from "../../../src/reports/verdicts/finding.ts";
import type { ReportStudy } from "../../../src/reports/studies.ts";
import type { StudyRun } from "../../../src/analysis/study.ts";
import { studyRun } from "../../analysis/study_runs.ts";

/** A study of these runs, of a network of ten classes. */
function studyOf(runs: StudyRun[]): ReportStudy {
  const settings = { network: { layers: [{ units: 10 }] } };
  return { runs, settings } as unknown as ReportStudy;
}

/** An accuracy of each trial; a control may be missing. */
interface Side {
  ticket: number[];
  control?: number[];
  before?: [ticket: number, control: number];
}

function study(levels: Record<number, Side>): ReportStudy {
  return studyOf(
    Object.entries(levels).flatMap(([level, { ticket, control, before }]) => [
      ...ticket.map((accuracy, i) =>
        studyRun("ticket", i + 1, Number(level), {
          earlyStopAccuracy: accuracy,
          initialAccuracy: before?.[0] ?? 0.1,
        })
      ),
      ...(control ?? []).map((accuracy, i) =>
        studyRun("reinit", i + 1, Number(level), {
          earlyStopAccuracy: accuracy,
          initialAccuracy: before?.[1] ?? 0.1,
        })
      ),
    ]),
  );
}

const few = (level: number, found: Side, full = [0.9655]) =>
  findingOf(study({ 0: { ticket: full }, [level]: found }));

Deno.test("finding: one sentence with the three numbers, for a reader who knows nothing", () => {
  const found = few(10, { ticket: [0.9712], control: [0.9339] });
  assertEquals(
    found.sentence,
    "With 10.7% of its weights, the ticket reaches 97.1%, the full network 96.6%, the same " +
      "connections with new starting values 93.4%.",
  );
  assertEquals([found.state, found.headline], ["won", "The ticket won."]);
  assertEquals(found.numbers.map(({ of, accuracy }) => [of, accuracy]), [
    ["ticket", "97.1%"],
    ["full", "96.6%"],
    ["control", "93.4%"],
  ]);
  assertMatch(found.evidence.join(" "), /0\.57 points above .* 3\.73 points above its control\./);
  assertMatch(found.evidence.join(" "), /One trial is an example, not a proof/);
});

Deno.test("finding: as many digits as tell different accuracies apart, no more where they are equal", () => {
  const numbers = (ticket: number, full: number) =>
    few(3, { ticket: [ticket], control: [0.9] }, [full]).numbers.map(({ accuracy }) => accuracy);
  assertEquals(numbers(0.9712, 0.9708), ["97.12%", "97.08%", "90.00%"]);
  assertEquals(numbers(0.971, 0.971), ["97.1%", "97.1%", "90.0%"]);
});

Deno.test("finding: several trials must agree, or it is too close to call", () => {
  const of = (ticket: number[], control: number[]) =>
    few(3, { ticket, control }, [0.96, 0.96, 0.96]);
  const won = of([0.97, 0.971, 0.972], [0.93, 0.93, 0.93]);
  assertEquals([won.state, won.evidence.some((line) => /more trials would decide/.test(line))], [
    "won",
    false,
  ]);
  // Mean gains of 0.33 points, from -1 to 2.
  const close = of([0.95, 0.96, 0.98], [0.93, 0.93, 0.93]);
  assertEquals([close.state, close.headline], ["close", "Too close to call."]);
  assertMatch(
    close.evidence.join(" "),
    /An interval includes 0: more trials would decide/,
  );
  assertMatch(close.evidence.join(" "), /\[-2\.24, 2\.91\]/);
  // Below the full network by more than trials differ: the control does not matter.
  assertEquals(of([0.95, 0.951, 0.952], [0.93, 0.94, 0.97]).state, "lost");
  assertEquals(of([0.97, 0.971, 0.972], [0.98, 0.981, 0.983]).state, "lost");
  assertEquals(of([0.97, 0.971, 0.972], [0.96, 0.99, 0.97]).state, "close");
});

Deno.test("finding: of the smallest ticket that won, and what became of the smallest of all", () => {
  const found = findingOf(study({
    0: { ticket: [0.96] },
    3: { ticket: [0.97], control: [0.95] },
    7: { ticket: [0.965], control: [0.93] },
    20: { ticket: [0.9], control: [0.8] },
  }));
  assertEquals([found.state, found.level], ["won", 7]);
  assertMatch(found.evidence.join(" "), /the smallest that won\. .*With 1\.2% .* did not win/);
  const none = findingOf(study({
    0: { ticket: [0.96] },
    3: { ticket: [0.95], control: [0.95] },
    7: { ticket: [0.9], control: [0.8] },
  }));
  assertEquals([none.state, none.level], ["lost", 7]);
});

Deno.test("finding: a ticket that can much before it is trained is said, with who cannot", () => {
  const untrained = (before: [number, number], full = 0.1) =>
    findingOf(study({
      0: { ticket: [0.96], before: [full, full] },
      5: { ticket: [0.97], control: [0.9], before },
    })).untrained;
  assertMatch(
    untrained([0.892, 0.09])!,
    /already classifies 89\.2% .* full network 10\.0%, the control 9\.0%; guessing reaches 10%/,
  );
  assertEquals(untrained([0.15, 0.09]), null, "hardly above chance");
  assertEquals(untrained([0.9, 0.09], 0.89), null, "so is the full network");
  // Tickets that go on from weights that were trained know much, and that is no surprise.
  const rewound = study({
    0: { ticket: [0.96] },
    5: { ticket: [0.97], control: [0.9], before: [0.9, 0.1] },
  });
  for (const run of rewound.runs) {
    const how = { survivors: "rewind", to: "100" },
      pruning = { criterion: "magnitude", scope: "layer" };
    Object.assign(run, { config: { rewind: how, pruning } });
  }
  const late = findingOf(rewound);
  assertEquals(late.untrained, null);
  assertMatch(late.evidence[0], /^Here tickets are made otherwise: rewound to 100\.$/);
  const unknown = studyOf(
    [0, 5].map((level) => studyRun("ticket", 1, level, { earlyStopAccuracy: 0.97 })),
  );
  assertEquals(findingOf(unknown).untrained, null);
});

Deno.test("finding: no control, no verdict; nothing pruned, nothing found; one-shot tickets alone are tickets", () => {
  const open = few(5, { ticket: [0.97] });
  assertEquals([open.state, open.numbers.length], ["open", 2]);
  assertMatch(open.evidence.join(" "), /deno task reinitialize/);
  const nothing = findingOf(study({ 0: { ticket: [0.97] } }));
  assertEquals([nothing.level, nothing.numbers, nothing.headline], [
    null,
    [],
    "There is no verdict.",
  ]);
  assertMatch(nothing.sentence, /Nothing was pruned/);
  const oneShot = findingOf(studyOf(
    [0, 5].map((level) => studyRun("one_shot", 1, level, { earlyStopAccuracy: 0.97 })),
  ));
  assertEquals(oneShot.level, 5);
  for (const found of [open, nothing, oneShot]) {
    assert(!/NaN|undefined/.test(JSON.stringify(found)));
  }
});
