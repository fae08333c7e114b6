import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { checkClaims, type ClaimResult } from "../../src/analysis/claims.ts";
import type { StudyRun } from "../../src/analysis/study.ts";
import { studyRun } from "./study_runs.ts";

const TRIALS = [1, 2, 3, 4, 5];
/**
 * The differences between trials: their mean is 0, and comparisons within a trial do not see it.
 */
const luck = (trial: number) => (trial - 3) * 0.002;

/** Runs as in the paper's figure 4: tickets win from level 1 on, and lose again at level 18. */
function paperRuns(trials = TRIALS): StudyRun[] {
  return trials.flatMap((trial) => {
    // A little noise that is not the same on both sides of a comparison.
    const noise = (level: number) => 0.0002 * Math.sin(7 * trial + level);
    const run = (
      kind: Parameters<typeof studyRun>[0],
      level: number,
      stop: number,
      accuracy: number,
    ) =>
      studyRun(kind, trial, level, {
        earlyStopIteration: Math.round(stop * (1 + 10 * noise(level))),
        earlyStopAccuracy: accuracy + luck(trial) + noise(level),
        finalAccuracy: accuracy + luck(trial) + noise(level + 100),
        finalTrainAccuracy: 0.9995,
      });
    return [
      run("ticket", 0, 5000, 0.98),
      run("ticket", 3, 4000, 0.982),
      run("ticket", 7, 3000, 0.984),
      run("ticket", 9, 3000, 0.985),
      run("ticket", 15, 4500, 0.98),
      run("ticket", 18, 6000, 0.97),
      run("reinit", 7, 7000, 0.978),
      run("random_sparsity", 7, 8000, 0.97),
      run("one_shot", 1, 4000, 0.983),
      run("one_shot", 2, 4000, 0.983),
      run("one_shot", 7, 4000, 0.983),
      run("one_shot", 13, 4000, 0.983),
      run("one_shot", 15, 6000, 0.975),
    ];
  });
}

const byId = (claims: readonly ClaimResult[]) => new Map(claims.map((claim) => [claim.id, claim]));

Deno.test("claims: all hold of runs that are as the paper says", () => {
  const claims = checkClaims(paperRuns());
  assertEquals(claims.filter(({ verdict }) => verdict !== "holds"), []);
  const found = byId(claims);
  assertAlmostEquals(found.get("1a")!.value!, 5 / 3, 0.02);
  assertAlmostEquals(found.get("2a")!.value!, 0.5, 0.03);
  assertAlmostEquals(found.get("4c")!.value!, 7 / 3, 0.03);
  for (const { value, interval, trials } of claims) {
    assertEquals(trials, 5);
    assert(interval![0] <= value! && value! <= interval![1]);
  }
});

Deno.test("claims: none holds of runs that are the other way round", () => {
  // Tickets and controls change places, and so do full networks and tickets.
  const runs = paperRuns().map((run) => ({
    ...run,
    earlyStopIteration: Math.round(1e7 / run.earlyStopIteration!),
    earlyStopAccuracy: 1.96 - run.earlyStopAccuracy!,
    finalAccuracy: 1.96 - run.finalAccuracy,
    finalTrainAccuracy: 0.98,
  }));
  const verdicts = checkClaims(runs).filter(({ id }) => id !== "2b");
  assertEquals(verdicts.filter(({ verdict }) => verdict !== "does not hold"), []);
});

Deno.test("claims: a value worked by hand, paired within trials", () => {
  // Gains of 0.1, 0.2, 0.3, 0.4, 0.5 points: mean 0.3, standard deviation 0.1581, t = 2.132.
  const runs = TRIALS.flatMap((trial) => [
    studyRun("ticket", trial, 0, { earlyStopAccuracy: 0.9 + luck(trial) }),
    studyRun("ticket", trial, 9, { earlyStopAccuracy: 0.9 + luck(trial) + 0.001 * trial }),
  ]);
  const claim = byId(checkClaims(runs)).get("2a")!;
  assertAlmostEquals(claim.value!, 0.3, 1e-9);
  assertAlmostEquals(claim.interval![0], 0.3 - 2.132 * 0.158114 / Math.sqrt(5), 1e-4);
  assertEquals(claim.verdict, "cannot tell");
});

Deno.test("claims: several reinits of a trial count as one, their mean", () => {
  const runs = TRIALS.flatMap((trial) => [
    studyRun("ticket", trial, 7, { earlyStopAccuracy: 0.98 + 1e-5 * trial }),
    studyRun("reinit", trial, 7, { run: 1, earlyStopAccuracy: 0.95 }),
    studyRun("reinit", trial, 7, { run: 2, earlyStopAccuracy: 0.97 }),
  ]);
  const claim = byId(checkClaims(runs)).get("4d")!;
  assertEquals([claim.trials, claim.verdict], [5, "holds"]);
  assertAlmostEquals(claim.value!, 2.003, 1e-9);
});

Deno.test("claims: the interval of an accuracy ends at 100%", () => {
  const runs = paperRuns().map((run) => ({
    ...run,
    finalTrainAccuracy: run.trial === "5" ? 0.999 : 1,
  }));
  const { interval, verdict } = byId(checkClaims(runs)).get("3b")!;
  // Mean 99.98, deviation 0.0447, Student's quantile 2.132 for 4 degrees of freedom.
  assertAlmostEquals(interval![0], 99.98 - 2.132 * 0.0447 / Math.sqrt(5), 1e-3);
  assertEquals([interval![1], verdict], [100, "holds"]);
});

Deno.test("claims: four trials prove nothing, however alike they are", () => {
  for (const claim of checkClaims(paperRuns([1, 2, 3, 4]))) {
    assertEquals(claim.verdict, "cannot tell", claim.id);
    assertStringIncludes(claim.why, "4 trials of at least 5");
  }
  for (const { verdict, interval } of checkClaims(paperRuns([1]))) {
    assertEquals([verdict, interval], ["cannot tell", null]);
  }
});

Deno.test("claims: what a longer training could undo decides nothing; what it could only add to is safe", () => {
  const cut = (kind: string, level: number) =>
    byId(
      checkClaims(
        paperRuns().map((run) =>
          run.kind === kind && run.level === level && run.trial === "2"
            ? { ...run, isStopLast: true }
            : run
        ),
      ),
    );
  const ticket = cut("ticket", 7);
  assertEquals(ticket.get("1a")!.verdict, "cannot tell");
  assertStringIncludes(ticket.get("1a")!.why, "1 run of ticket at 21.1% had not passed");
  // A ticket that would be better still.
  assertEquals(ticket.get("4d")!.verdict, "holds");
  const full = cut("ticket", 0);
  assertEquals([full.get("1a")!.verdict, full.get("4a")!.verdict], ["holds", "cannot tell"]);
  // A reinit that would be better still might catch up.
  const reinit = cut("reinit", 7);
  assertEquals([reinit.get("4c")!.verdict, reinit.get("4d")!.verdict], ["holds", "cannot tell"]);
  assertEquals(cut("ticket", 15).get("2b")!.verdict, "cannot tell");
});

Deno.test("claims about a range: the least favourable level decides, and both ends must be there", () => {
  const worse = (level: number) => (run: StudyRun) =>
    run.kind === "one_shot" && run.level === level ? { ...run, earlyStopAccuracy: 0.96 } : run;
  const refuted = byId(checkClaims(paperRuns().map(worse(13)))).get("5b")!;
  assertEquals(refuted.verdict, "does not hold");
  assertStringIncludes(refuted.quantity, "one-shot ticket at 5.5%");
  const cut = paperRuns().filter(({ kind, level }) => kind !== "one_shot" || level < 10);
  assertStringIncludes(byId(checkClaims(cut)).get("5b")!.why, "not levels over the whole range");
  assertEquals(byId(checkClaims(cut)).get("5a")!.verdict, "holds");
});

Deno.test("claims: a one-shot experiment alone has its full network; runs that did not learn have no ratio", () => {
  const alone = paperRuns().filter(({ kind }) => kind === "one_shot").concat(
    TRIALS.map((trial) => studyRun("one_shot", trial, 0, { earlyStopIteration: 5000 })),
  );
  assertEquals(byId(checkClaims(alone)).get("5a")!.verdict, "holds");
  const blind = paperRuns().map((run) => run.level === 7 ? { ...run, earlyStopIteration: 0 } : run);
  const claim = byId(checkClaims(blind)).get("1a")!;
  assertEquals([claim.value, claim.verdict], [null, "cannot tell"]);
  assertStringIncludes(claim.why, "5 early stops at iteration 0");
});

Deno.test("claims: what is not there is named, with what trains it", () => {
  const whyOf = (runs: StudyRun[], id: string) => {
    const { why, value, verdict } = byId(checkClaims(runs)).get(id)!;
    assertEquals([value, verdict], [null, "cannot tell"]);
    return why;
  };
  const tickets = paperRuns().filter(({ kind, level }) => kind === "ticket" && level <= 9);
  assertStringIncludes(whyOf(tickets, "4c"), "deno task reinitialize");
  assertStringIncludes(whyOf(tickets, "5b"), "run-lottery --one-shot");
  assertStringIncludes(whyOf(tickets, "6"), "reinitialize");
  assertStringIncludes(whyOf(tickets, "2b"), "no level near 3.6% (the sparsest is 13.4%)");
  const blind = paperRuns().map((run) => ({
    ...run,
    earlyStopIteration: null,
    earlyStopAccuracy: null,
  }));
  assertStringIncludes(whyOf(blind, "1a"), "no validation split");
  assertStringIncludes(whyOf(blind, "2a"), "no validation split");
  assertEquals(byId(checkClaims(blind)).get("3a")!.verdict, "holds");
  const apart = paperRuns().filter((run) => run.kind !== "ticket" || run.level !== 0)
    .concat(studyRun("ticket", 9, 0));
  assertStringIncludes(whyOf(apart, "1a"), "no trial has both");
});

Deno.test("claims: runs are looked at in proportion to their number, however many levels they have", () => {
  const looks = (levels: number): number => {
    let count = 0;
    const runs = Array.from({ length: levels }, (_, level) => {
      const run = {
        ...studyRun("one_shot", 1, level),
        percent: level === 0 ? 100 : 6 + level / levels,
      };
      return Object.defineProperty(run, "kind", { get: () => (count++, "one_shot") });
    });
    checkClaims(runs);
    return count;
  };
  assert(looks(400) < 3 * looks(200), `${looks(200)} and ${looks(400)}`);
});
