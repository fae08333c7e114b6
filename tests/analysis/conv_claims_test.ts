import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { checkClaims, paperClaims } from "../../src/analysis/claims.ts";
import type { StudyRun } from "../../src/analysis/study.ts";
import { parseHidden } from "../../src/models/hidden_layers.ts";
import { networkLayers } from "../../src/models/layers.ts";
import { NETWORKS } from "../../src/models/networks.ts";
import { studyRun } from "./study_runs.ts";

const TRIALS = [1, 2, 3, 4, 5];
const NAMES = ["conv-2", "conv-4", "conv-6"] as const;
const layersOf = (name: keyof typeof NETWORKS) =>
  networkLayers(NETWORKS[name].hidden, [32, 32, 3], 10);

/** Runs as in the paper's figure 5: 18 levels 20% apart, to 1.8%. */
function paperRuns(): StudyRun[] {
  return TRIALS.flatMap((trial) =>
    Array.from({ length: 19 }, (_, level) => {
      const noise = 0.001 * Math.sin(7 * trial + level), isSparse = level > 17;
      const run = (kind: "ticket" | "reinit", stop: number, accuracy: number, train = 1) =>
        studyRun(kind, trial, level, {
          earlyStopIteration: Math.round(stop * (1 + 10 * noise)),
          earlyStopAccuracy: accuracy + noise,
          finalAccuracy: accuracy + noise,
          finalTrainAccuracy: train,
        });
      return [
        run(
          "ticket",
          level === 0 ? 7000 : 2000,
          level === 0 ? 0.65 : isSparse ? 0.6 : 0.68,
          isSparse ? 0.9 : 0.9999,
        ),
        run("reinit", 4000 + 400 * level, level < 5 ? 0.66 : 0.6),
      ];
    }).flat()
  );
}

Deno.test("section 3: which claims are a network's own", () => {
  for (const name of NAMES) {
    const { of, isOwn, claims } = paperClaims(layersOf(name));
    assertEquals([of, isOwn], [`${name} on CIFAR-10 (section 3)`, true]);
    assertEquals(claims.some(({ id }) => id === "4d"), name !== "conv-6");
  }
  const { of, isOwn, claims } = paperClaims(layersOf("lenet-300-100"));
  assertEquals([of, isOwn], ["LeNet-300-100 on MNIST (section 2)", true]);
  assertEquals(claims[0].id, "1a");
  // Not in the paper: held against section 2's.
  for (const hidden of ["conv3x3:64,pool,256,256", "300", "conv3x3:64,conv3x3:64,pool,256"]) {
    const other = paperClaims(networkLayers(parseHidden(hidden), [28, 28], 10));
    assertEquals([other.of, other.isOwn], ["LeNet-300-100 on MNIST (section 2)", false]);
  }
});

for (const name of NAMES) {
  Deno.test(`section 3: all claims hold of ${name} runs as in the paper`, () => {
    const found = checkClaims(paperRuns(), layersOf(name));
    assertEquals(found.filter(({ verdict }) => verdict !== "holds"), []);
    assertAlmostEquals(found.find(({ id }) => id === "1")!.value!, 3.5, 0.1);
    assertAlmostEquals(found.find(({ id }) => id === "2a")!.value!, 3, 0.3);
    assert(found.every(({ next }) => next === null));
  });
}

Deno.test("section 3: tickets that fall behind at one level refute that all stay above", () => {
  const runs = paperRuns().map((run) =>
    run.kind === "ticket" && run.level === 9 ? { ...run, earlyStopAccuracy: 0.6 } : run
  );
  const claim = checkClaims(runs, layersOf("conv-2")).find(({ id }) => id === "2b")!;
  assertEquals(claim.verdict, "does not hold");
  assertStringIncludes(claim.quantity, "ticket at 13.4%");
});

Deno.test("claims: what is open says what would decide it", () => {
  const find = (runs: StudyRun[], id: string) =>
    checkClaims(runs, layersOf("conv-2")).find((claim) => claim.id === id)!;
  const short = paperRuns().filter(({ level }) => level <= 4);
  // 0.8^11 = 8.6%.
  assertEquals(find(short, "1").next, "11 prunings (--iterations)");
  const tickets = paperRuns().filter(({ kind }) => kind === "ticket");
  assertEquals(find(tickets, "4b").next, "deno task reinitialize");
  const few = paperRuns().filter(({ trial }) => Number(trial) < 4);
  assertEquals(find(few, "1").next, "2 more trials");
  const last = paperRuns().map((run) => ({ ...run, isStopLast: true }));
  assertEquals(find(last, "1").next, "longer training (--training-len)");
});
