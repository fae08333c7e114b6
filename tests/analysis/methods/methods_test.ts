import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { checkMethodClaims } from "../../../src/analysis/methods/method_claims.ts";
import {
  comparedMetric,
  invertedOf,
  maskOverlap,
  meanRanks,
  methodLayers,
  methodOverlaps,
  type MethodRun,
  rankRows,
  ranksOf,
  shuffledOf,
} from "../../../src/analysis/methods/methods.ts";
import { pairedTest, studentTails } from "../../../src/analysis/statistics.ts";
import { studyRun } from "../study_runs.ts";

/** The run of a method; accuracy in percent. Levels halve the weights. */
function run(method: string, trial: number, level: number, accuracy: number, more = {}): MethodRun {
  const percent = 100 * 0.5 ** level, earlyStopAccuracy = accuracy / 100;
  const finalAccuracy = earlyStopAccuracy;
  return {
    ...studyRun("ticket", trial, level, { percent, earlyStopAccuracy, finalAccuracy, ...more }),
    kind: method,
  };
}

const LAYER = { name: "layer0", size: 10 };

Deno.test("Student's tails: closed forms, and a table's two-sided 5%", () => {
  for (const t of [0, 0.3, 1, -2.5, 40]) {
    assertAlmostEquals(studentTails(t, 1), 1 - 2 / Math.PI * Math.atan(Math.abs(t)), 1e-14);
    assertAlmostEquals(studentTails(t, 2), 1 - Math.abs(t) / Math.sqrt(2 + t * t), 1e-14);
  }
  const table = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    9: 2.262,
    10: 2.228,
    19: 2.093,
  };
  for (const [freedom, t] of Object.entries(table)) {
    assertAlmostEquals(studentTails(t, Number(freedom)), 0.05, 3e-5, `${freedom} degrees`);
  }
});

Deno.test("paired test: the figures of a hand's computation", () => {
  // Mean 3, variance 2.5, standard error 0.70711; t is 4.24264 of 4 degrees of freedom.
  const { mean, interval, p } = pairedTest([1, 2, 3, 4, 5])!;
  assertEquals(mean, 3);
  assertAlmostEquals(interval[0], 3 - 2.7764 * 0.70711, 1e-4);
  assertAlmostEquals(interval[1], 3 + 2.7764 * 0.70711, 1e-4);
  assertAlmostEquals(p, 0.01324, 1e-5);
  assertEquals(pairedTest([1]), null);
  assertEquals(pairedTest([0, 0, 0])!.p, 1);
  assert(pairedTest([2, 2, 2])!.p < 1e-12);
});

Deno.test("ranks: the best is 1, equals share the mean of their places", () => {
  assertEquals(ranksOf([90, 95, 80]), [2, 1, 3]);
  assertEquals(ranksOf([90, 95, 90, 80]), [2.5, 1, 2.5, 4]);
  assertEquals(ranksOf([1, 1, 1]), [2, 2, 2]);
});

Deno.test("rank rows: within trials that all methods have, tested against the first", () => {
  const trials = [1, 2, 3, 4, 5];
  const runs = [
    // b is 1 to 5 points better, c differs by chance, each a little: -1, 1, -1, 1, 0.
    ...trials.map((trial) => run("a", trial, 1, 80)),
    ...trials.map((trial) => run("b", trial, 1, 80 + trial)),
    ...trials.map((trial) => run("c", trial, 1, 80 + [-1, 1, -1, 1, 0][trial - 1])),
    // A sixth trial that one method has alone changes nothing.
    run("a", 6, 1, 10),
  ];
  const rows = rankRows(runs, ["a", "b", "c"], "earlyStopAccuracy");
  assertEquals(rows.map(({ method, trials }) => [method, trials]), [["a", 5], ["b", 5], ["c", 5]]);
  assertEquals(rows.map(({ verdict }) => verdict), [null, "better", "no difference shown"]);
  assertEquals(rows.map(({ difference }) => difference && Math.round(difference * 1e9) / 1e9), [
    null,
    3,
    0,
  ]);
  assertAlmostEquals(rows[1].p!, 0.01324, 1e-5);
  // Trials 1 and 2 are ties: b with nobody; c with b in none; a with c in trial 5.
  // a: 2, 3, 2, 3, 2.5; b: 1, 1, 1, 1, 1; c: 3, 2, 3, 2, 2.5.
  assertEquals(rows.map(({ rank }) => rank), [2.5, 1, 2.5]);
  assertEquals(rows[0].accuracy, 80);
  assertEquals(meanRanks(rows), new Map([["a", 2.5], ["b", 1], ["c", 2.5]]));
  const worse = rankRows(runs, ["b", "a"], "earlyStopAccuracy");
  assertEquals(worse[1].verdict, "worse");
  const few = rankRows(
    runs.filter(({ trial }) => Number(trial) < 5),
    ["a", "b"],
    "earlyStopAccuracy",
  );
  assertEquals(few[1].verdict, "too few trials");
});

Deno.test("where a run has no accuracy at its early stop, all are compared at the end", () => {
  const runs = [run("a", 1, 0, 90), run("b", 1, 0, 90)];
  assertEquals(comparedMetric(runs), "earlyStopAccuracy");
  assertEquals(
    comparedMetric([...runs, run("b", 1, 1, 90, { earlyStopAccuracy: null })]),
    "finalAccuracy",
  );
});

Deno.test("layers: live weights in percent of each layer, mean over trials", () => {
  const runs = [4, 6].map((live, i) => run("a", i + 1, 1, 90, { liveByLayer: { layer0: live } }));
  const [row] = methodLayers(runs, ["a"], { layer0: 10 });
  assertEquals([row.method, row.level, row.layer, row.density], ["a", 1, "layer0", 50]);
});

const mask = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });

Deno.test("overlap of networks: all layers together, chance by the densities of each", () => {
  const one = { x: mask(1, 1, 0, 0), y: mask(1, 0) },
    other = { x: mask(1, 0, 1, 0), y: mask(1, 1) };
  // Both: 1 of x and 1 of y; either: 3 of x and 2 of y.
  // By chance: x 2·2/4 of 4 − 1, y 1·2/2 of 3 − 1.
  const { jaccard, byChance } = maskOverlap(one, other)!;
  assertAlmostEquals(jaccard, 2 / 5, 1e-15);
  assertAlmostEquals(byChance, (1 + 1) / (3 + 2), 1e-15);
  assertEquals(maskOverlap(one, one)!.jaccard, 1);
  const none = { x: mask(0, 0, 0, 0), y: mask(0, 0) };
  assertEquals(maskOverlap(none, none), null);
  const all = [
    { method: "a", trial: 1, masks: one },
    { method: "b", trial: 1, masks: other },
    { method: "a", trial: 2, masks: one },
    { method: "b", trial: 2, masks: one },
    { method: "a", trial: 3, masks: one },
  ];
  const [pair, ...more] = methodOverlaps({ level: 1, percent: 50 }, all, ["a", "b", "c"]);
  assertEquals(more, []);
  assertEquals([pair.one, pair.other, pair.trials], ["a", "b", 2]);
  assertAlmostEquals(pair.jaccard, (2 / 5 + 1) / 2, 1e-15);
});

const LEVELS = [0, 1, 2, 3, 4, 5], TRIALS = [1, 2, 3, 4, 5];

/** Runs of a method that loses points as it is pruned, with a spread over trials. */
function method(name: string, lostPerLevel: number, live = 5): MethodRun[] {
  return LEVELS.flatMap((level) =>
    TRIALS.map((trial) =>
      run(name, trial, level, 98 - lostPerLevel * level + 0.01 * (trial * (level + 1) % 3), {
        liveByLayer: { layer0: live },
      })
    )
  );
}

Deno.test("claims about methods: judged where both methods have runs, by their values", () => {
  const runs = [...method("magnitude", 0.1), ...method("random", 1), ...method("global", 0.1, 8)];
  const claims = new Map(checkMethodClaims(runs, LAYER).map((claim) => [claim.id, claim]));
  assertEquals([...claims.keys()], ["M1 random", "M2", "M3", "M4", "M5", "M6"]);
  // Nearest 10% is level 3 of 12.5%: random has lost 2.7 points more there.
  const m1 = claims.get("M1 random")!;
  assertEquals([m1.verdict, m1.trials], ["holds", 5]);
  assertAlmostEquals(m1.value!, 2.7, 1e-9);
  // The least of all levels is the first.
  assertAlmostEquals(claims.get("M3")!.value!, 0.9, 1e-9);
  assertEquals(claims.get("M3")!.verdict, "holds");
  assertAlmostEquals(claims.get("M2")!.value!, 30, 1e-9);
  assertEquals(claims.get("M2")!.verdict, "holds");
  for (const id of ["M4", "M5", "M6"]) {
    assertEquals(claims.get(id)!.verdict, "cannot tell");
    assert(claims.get(id)!.why.startsWith("no runs of "), claims.get(id)!.why);
  }
});

Deno.test("claims about methods that are not there yet: rigl, snip and its shuffled controls", () => {
  const runs = [
    ...method("magnitude", 0.5),
    ...method("random", 1),
    ...method("rigl", 1.5),
    ...method("snip", 0.1),
    ...method(shuffledOf("snip"), 0.15),
    ...method(shuffledOf("synflow"), 0.1),
    // As the checks are trained: at some levels alone.
    ...method(invertedOf("snip"), 2).filter(({ level }) => level === 2 || level === 5),
    ...method(invertedOf("grasp"), 2),
  ];
  const verdicts = checkMethodClaims(runs, LAYER).map(({ id, verdict }) => `${id}: ${verdict}`);
  assertEquals(verdicts, [
    "M1 snip: does not hold",
    "M1 random: holds",
    "M2: cannot tell",
    "M3: holds",
    "M4 rigl: does not hold",
    "M5 snip: holds",
    "M5 synflow: cannot tell",
    "M6 snip: holds",
    "M6 grasp: cannot tell",
  ]);
  const m6 = checkMethodClaims(runs, LAYER).find(({ id }) => id === "M6 snip")!;
  assertAlmostEquals(m6.value!, 2 * 1.9, 1e-9);
  assertEquals(m6.source, "Frankle et al. 2021 (pruning at initialization), abstract");
});
