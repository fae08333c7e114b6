import { assertEquals, assertRejects } from "@std/assert";
import { TUNED, type Tuned } from "../../../src/engine/kernels/tiles.ts";
import { GpuError } from "../../../src/errors.ts";
import { Search } from "../../../src/foundations/tuning/search.ts";
import { applied, COARSE, FINE, isChoice } from "../../../src/foundations/tuning/settings.ts";
import { FakeMachine } from "./fake_networks.ts";

const GUESS = { ...TUNED.hardware, rows: 4 };
const [rows] = FINE.dense;
const shapes = COARSE.dense.find(({ growth }) => growth)!;

/** Fastest with so many rows: each row more or less costs a millisecond. */
const bestRows = (best: number) => (tuned: Tuned) => 10 + Math.abs(tuned.rows - best);

Deno.test("search: climbs to the best value and no further; the others give their memory back", async () => {
  const machine = new FakeMachine(bestRows(10));
  const search = await Search.begin(GUESS, machine.make, machine.pace());
  const trial = await search.choose(rows);
  assertEquals([trial.chosen, trial.isDecided, search.tuned.rows], [10, true, 10]);
  assertEquals(machine.made.map(({ rows }) => rows), [4, 6, 8, 10, 12]);
  assertEquals(trial.milliseconds, { 4: 16, 6: 14, 8: 12, 10: 10, 12: 12 });
  assertEquals(machine.open.size, 1);
  search.end();
  assertEquals(machine.open.size, 0);
});

Deno.test("search: looks below where more is worse; keeps what others beat by little", async () => {
  const below = new FakeMachine(bestRows(6));
  const search = await Search.begin({ ...GUESS, rows: 10 }, below.make, below.pace());
  assertEquals((await search.choose(rows)).chosen, 6);
  assertEquals(below.made.map(({ rows }) => rows), [10, 12, 8, 6, 4]);
  const flat = new FakeMachine(({ rows }) => 100 - rows);
  const same = await Search.begin(GUESS, flat.make, flat.pace());
  // 4% less with 8 rows; 15 and 20 are 11 and 16% faster, and reached.
  assertEquals((await same.choose(rows)).chosen, 20);
  const nearly = new FakeMachine(({ rows }) => 1000 - rows);
  const kept = await Search.begin(GUESS, nearly.make, nearly.pace());
  assertEquals([(await kept.choose(rows)).chosen, kept.tuned.rows], [4, 4]);
  assertEquals(nearly.open.size, 1);
});

Deno.test("search: tries every value where it is thorough", async () => {
  // Two valleys, of which the nearer one is less deep.
  const costs = { 1: 13, 2: 11, 4: 10, 6: 12, 8: 9, 10: 14, 12: 14, 15: 14, 20: 2 };
  const cost = ({ rows }: Tuned) => costs[rows as keyof typeof costs];
  const machine = new FakeMachine(cost), hurried = new FakeMachine(cost);
  const search = await Search.begin(GUESS, machine.make, machine.pace(Infinity, true));
  assertEquals((await search.choose(rows)).chosen, 20);
  assertEquals(machine.made.length, rows.values.length);
  const greedy = await Search.begin(GUESS, hurried.make, hurried.pace());
  assertEquals((await greedy.choose(rows)).chosen, 4);
});

Deno.test("search: ends in time with the best so far, and says that it is not decided", async () => {
  for (const most of [450, 650, 850, 1050, 3000]) {
    const machine = new FakeMachine(bestRows(12), 20);
    const search = await Search.begin(GUESS, machine.make, machine.pace(most));
    const { chosen, isDecided, milliseconds } = await search.choose(rows);
    assertEquals(machine.time <= most, true, `${machine.time} of ${most} ms`);
    assertEquals(isDecided, most === 3000);
    const [fastest] = Object.entries(milliseconds).sort(([, a], [, b]) => a - b);
    assertEquals(`${chosen}`, fastest[0]);
    assertEquals(search.tuned.rows, chosen);
  }
});

Deno.test("search: a shape that takes too long to compile is left for a run with more time", async () => {
  const cost = ({ rows }: Tuned) => ({ 4: 10, 10: 6, 12: 5 })[rows]!;
  const compiling = ({ rows }: Tuned) => ({ 4: 100, 10: 120, 12: 390 })[rows]!;
  const chosen = async (most: number) => {
    const machine = new FakeMachine(cost, compiling);
    const search = await Search.begin(GUESS, machine.make, machine.pace(most));
    const trial = await search.choose(shapes);
    assertEquals(machine.time <= most, true);
    return [trial.chosen, trial.isDecided];
  };
  assertEquals(await chosen(200), ["small", false]);
  assertEquals(await chosen(650), ["medium", false]);
  assertEquals(await chosen(1200), ["large", true]);
});

Deno.test("search: what makes no difference to the best choices is not timed", async () => {
  const lanes = FINE.lists.find(({ name }) => name === "sparse.iterationLanes")!;
  for (const iterations of [0, 16]) {
    const machine = new FakeMachine(({ sparse }) => 1000 - sparse.iterationLanes);
    const begin = { ...GUESS, sparse: { ...GUESS.sparse, iterations, iterationLanes: 8 } };
    const search = await Search.begin(begin, machine.make, machine.pace(Infinity, true));
    const { chosen, isDecided } = await search.choose(lanes);
    assertEquals([chosen, isDecided], [iterations === 0 ? 8 : 256, true]);
    assertEquals(machine.made.length, iterations === 0 ? 1 : 4);
  }
});

Deno.test("search: candidates that the device refuses do not count, a fault ends it", async () => {
  const machine = new FakeMachine(bestRows(12));
  const refusing = (error: Error) => (tuned: Tuned) =>
    tuned.rows > 8 ? Promise.reject(error) : machine.make(tuned);
  const search = await Search.begin(GUESS, refusing(new GpuError("no")), machine.pace());
  assertEquals((await search.choose(rows)).chosen, 8);
  const bad = await Search.begin(GUESS, refusing(new TypeError("bug")), machine.pace());
  await assertRejects(() => bad.choose(rows), TypeError, "bug");
});

Deno.test("settings: measured values take the place of a guess; windows keep to whole tiles", () => {
  const chosen = { storage: "textures", "dense tiles": "large", rows: 15, "sparse.below": 0.2 };
  const tuned = applied(GUESS, { ...chosen, replicas: 4 }, []);
  assertEquals([tuned.storage, tuned.rows, tuned.window % 15], ["textures", 15, 0]);
  assertEquals(tuned.forwardVectors, TUNED.llvmpipe.forwardVectors);
  assertEquals([tuned.replicas, tuned.sparse.below], [4, 0.2]);
  // As many as there were is no limit.
  assertEquals(applied(GUESS, { replicas: 4 }, ["replicas"]).replicas, null);
  assertEquals(tuned.images, GUESS.images);
  const shared = applied(GUESS, { "dense tiles": "shared", forwardParts: 4 }, []);
  assertEquals([shared.groupRows, shared.forwardParts, tuned.forwardParts], [8, 4, 1]);
});

Deno.test("settings: only values that a search may choose are taken from a file", () => {
  for (
    const [name, value] of [
      ["rows", 12],
      ["rows", 1],
      ["weightRowVectors", 0.25],
      ["groupRows", 8],
      ["forwardParts", 4],
      ["dense tiles", "shared"],
      ["sparse.below", 0],
      ["skipsZeros", false],
      ["sparse.iterations", 16],
      // One of the fine values.
      ["sparse.iterations", 4],
    ] as const
  ) assertEquals(isChoice(name, value), true, `${name} ${value}`);
  for (
    const [name, value] of [
      ["rows", 1e9],
      ["rows", "4"],
      ["forwardParts", 3],
      ["forwardParts", 1e6],
      ["storage", "tapes"],
      ["sparse.below", 2],
      ["sparse.below", null],
      ["replicas", 0],
      ["sparse.iterations", 5],
      ["constructor", 1],
      ["window", 7],
    ] as const
  ) assertEquals(isChoice(name, value), false, `${name} ${value}`);
});
