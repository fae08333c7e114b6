import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { evaluateNetworks } from "../../src/models/network_evaluator.ts";
import { disagreement, lossBarrier } from "../../src/analysis/anatomy.ts";
import { destroyExamples, uploadExamples } from "../../src/engine/examples/dataset.ts";
import { FormatError, InputError } from "../../src/errors.ts";
import { density } from "../../src/models/masks.ts";
import { restoreRun } from "../../src/records/saved_run.ts";
import { RunQueue } from "../../src/foundations/queue/run_queue.ts";
import {
  type ComparedTicket,
  connectivityReport,
  ticketPairs,
} from "../../src/reports/connectivity_report.ts";
import { findTickets } from "../../src/lottery/control_experiment.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { copyOf, DATA, EXPERIMENT, runSmallLottery } from "../lottery/small_lottery.ts";
import { ticketId } from "../../src/records/run_id.ts";
import { parametersOf } from "../../src/models/parameters.ts";

const gpu = await openTestGpu();

/** Four trials of two levels. */
const storage = new MemoryStorage();
const queue = new RunQueue(gpu);
await runSmallLottery(storage, queue, { trials: [1, 2, 3, 4] });
await queue.destroy();
const place = { storage, experimentPath: EXPERIMENT, experimentName: "same_init" };
const tickets = await findTickets(place, {});
const [{ config: { network: { layers } } }] = tickets;
const options = { storage, gpu, data: DATA, tickets };

const folder = (trial: number, level: number) => `${EXPERIMENT}/trial${trial}/${level}/same_init`;

Deno.test("connectivity: tickets of three pairs of trials at each level, and of successive levels", async () => {
  const steps: string[] = [];
  const rows = await connectivityReport({
    ...options,
    onProgress: ({ done, all }) => steps.push(`${done}/${all}`),
  });
  const between = (level: number) =>
    [[1, 2], [2, 3], [3, 4]].map((
      [a, b],
    ) => [level, "between trials", folder(a, level), folder(b, level)]);
  assertEquals(rows.map(({ level, kind, a, b }) => [level, kind, a, b]), [
    ...between(0),
    ...between(1),
    ...[1, 2, 3].map((trial) => [1, "between levels", folder(trial, 0), folder(trial, 1)]),
  ]);
  assertEquals(steps, rows.map((_, i) => `${i}/${rows.length}`));
  assert(
    rows.some(({ barrier }) => barrier > 0) && rows.some(({ disagreement }) => disagreement > 0),
  );
  const test = await uploadExamples(gpu, DATA.sets.test, "unit");
  for (const { percent, a, b, testLosses, testAccuracies, ...row } of rows) {
    const runs = [
      await restoreRun(storage, a, parametersOf(layers)),
      await restoreRun(storage, b, parametersOf(layers)),
    ];
    assertEquals(percent, density(runs[1].masks).percent);
    assertEquals([testLosses.length, testAccuracies.length], [11, 11]);
    // The evaluation repeats what training has logged: weights, biases and masks are those of its
    // end.
    for (const [run, end] of [[runs[0], 0], [runs[1], 10]] as const) {
      const { loss, accuracy } = run.curves.test.at(-1)!;
      assertEquals([testLosses[end], testAccuracies[end]], [loss, accuracy]);
    }
    const networks = runs.map(({ final: weights, finalBiases: biases, masks }) => ({
      weights,
      biases,
      masks,
    }));
    const [one, other] = await evaluateNetworks(gpu, { test }, layers, networks);
    assertEquals(row.disagreement, disagreement(one.test.classes, other.test.classes));
    assertEquals(row.barrier, lossBarrier(testLosses));
  }
  destroyExamples(test);
});

Deno.test("connectivity: as many points as are asked for; nothing to compare gives no rows", async () => {
  const some = tickets.filter(({ config }) => config.id.trial === 2);
  const rows = await connectivityReport({ ...options, tickets: some, points: 3 });
  assertEquals(rows.map(({ kind, testLosses }) => [kind, testLosses.length]), [[
    "between levels",
    3,
  ]]);
  assertEquals(await connectivityReport({ ...options, tickets: some.slice(0, 1) }), []);
  const chosen = await connectivityReport({ ...options, levels: [1], points: 2 });
  assertEquals(new Set(chosen.map(({ level }) => level)), new Set([1]));
  assertEquals(chosen.length, 6);
  assertEquals(await connectivityReport({ ...options, tickets: [] }), []);
});

Deno.test("connectivity: which pairs there are", () => {
  const ticketOf = (trial: number, level: number): ComparedTicket => ({
    folder: `${trial}.${level}`,
    config: { ...tickets[0].config, id: ticketId(trial, level) },
  });
  const pairsOf = (...at: [trial: number, level: number][]) =>
    ticketPairs(at.map(([trial, level]) => ticketOf(trial, level))).map(({ level, a, b }) =>
      `level ${level}: ${a.folder} ${b.folder}`
    );
  assertEquals(pairsOf([3, 5], [1, 5], [2, 5]), [
    "level 5: 1.5 2.5",
    "level 5: 2.5 3.5",
    "level 5: 1.5 3.5",
  ]);
  assertEquals(pairsOf([4, 0], [9, 0]), ["level 0: 4.0 9.0"]);
  // A level that is missing is no neighbour.
  assertEquals(pairsOf([1, 10], [1, 9], [1, 2], [1, 0]), ["level 10: 1.9 1.10"]);
});

Deno.test("connectivity: other examples, other experiments and damaged runs are refused", async () => {
  const record = { ...DATA.record, sha256: "of another" };
  await assertRejects(
    () => connectivityReport({ ...options, data: { ...DATA, record } }),
    InputError,
    "was trained on other examples than these",
  );
  const [first, ...others] = tickets;
  const changes = [{ normalization: "l2" as const }, { permuteLabels: true }];
  for (const change of changes) {
    const dataset = { ...first.config.dataset, ...change };
    const foreign = { ...first, config: { ...first.config, dataset } };
    await assertRejects(
      () => connectivityReport({ ...options, tickets: [...others, foreign] }),
      InputError,
      `${first.folder} cannot be compared with ${others[0].folder} (${Object.keys(change)[0]}`,
    );
  }
  const damaged = await copyOf(storage, EXPERIMENT);
  await damaged.remove(`${first.folder}/final_biases/layer0.npy`);
  await assertRejects(
    () => connectivityReport({ ...options, storage: damaged }),
    FormatError,
    `${first.folder}/final_biases lacks layer0.npy`,
  );
});

Deno.test("connectivity: a damaged ticket is named, and the paths between the others are measured", async () => {
  const damaged = await copyOf(storage, EXPERIMENT);
  await damaged.remove(`${folder(1, 0)}/final_biases/layer0.npy`);
  const faults: string[] = [], onFault = (line: string) => faults.push(line);
  const whole = await connectivityReport(options);
  const rows = await connectivityReport({ ...options, storage: damaged, onFault });
  assertEquals(rows, whole.filter(({ a, b }) => a !== folder(1, 0) && b !== folder(1, 0)));
  const lost = [[folder(1, 0), folder(2, 0)], [folder(1, 0), folder(1, 1)]];
  assertEquals(faults.length, lost.length);
  for (const [i, [a, b]] of lost.entries()) {
    assertMatch(faults[i], /^\S+trial1\/0\/same_init\/final_biases lacks layer0\.npy/);
    assertEquals(faults[i].endsWith(` (no path between ${a} and ${b} is measured)`), true);
  }
});
