/** Which runs a report shows together, and what it says of those that it leaves out. */

import { type FlatConfig, fromFlat } from "../runs/flat_config.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { networkDigest } from "../../src/models/digest.ts";
import { encodeNpy } from "../../src/formats/npy.ts";
import { encodeRecord, encodeText } from "../../src/records/record.ts";
import { readExperiments } from "../../src/reports/read_experiments.ts";
import { writeReport } from "../../src/reports/report.ts";
import { studyDifferences } from "../../src/reports/studies.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { RUN_FORMAT, type RunConfig } from "../../src/runs/schema.ts";

const LAYER = { name: "layer0", inputs: 2, units: 3, activation: null, useBias: false } as const;

function configOf(changes: Partial<FlatConfig>): RunConfig {
  return fromFlat({
    ...{ kind: "ticket", trial: 1, level: 0, run: 0, seed: 0 },
    layers: [LAYER],
    optimizer: { kind: "sgd", learningRate: 0.1 },
    ...{ batchSize: 1, iterations: 1, validationSize: 0, validateInterval: 1, testInterval: 1 },
    normalization: "none",
    dataset: { name: "custom", trainCount: 1, testCount: 1, features: 2, classes: 3, sha256: "" },
    ...{ permuteLabels: false, trainOrderSeed: null, presets: null, masks: null },
    ...(changes.kind === undefined && { prunePercents: { layer0: 0.5 } }),
    ...changes,
  });
}

const row = (phase: string, iteration: number) =>
  `iteration,${iteration},${phase}_loss,0.5,${phase}_accuracy,0.5\n`;

/** Writes a finished run: its record, and its masks with so many live weights. */
async function writeRun(
  storage: MemoryStorage,
  folder: string,
  changes: Partial<FlatConfig>,
  { live = 6, accuracy = 0.5, arrays = {}, texts = {}, results: changedResults = {} }: {
    live?: number;
    accuracy?: number;
    /** Instead of its own, by path in the run's folder. */
    arrays?: Record<string, { shape: number[]; data: Float32Array }>;
    /** More files, by path in the run's folder. */
    texts?: Record<string, string>;
    results?: Record<string, unknown>;
  } = {},
): Promise<void> {
  const weights = { shape: [2, 3], data: new Float32Array(6).fill(accuracy) };
  const own = { masks: mask(live).layer0, initial: weights, final: weights };
  const named = Object.entries(own).map(([part, array]) => [`${part}/layer0.npy`, array] as const);
  const files = new Map<string, Uint8Array>(
    Object.entries({ ...Object.fromEntries(named), ...arrays })
      .map(([file, array]) => [file, encodeNpy(array)]),
  );
  for (const [file, text] of Object.entries(texts)) files.set(file, encodeText(text));
  const results = {
    live: { layer0: live },
    ...{ earlyStopIteration: null, isStopLast: false, earlyStopAccuracy: null },
    ...{ finalAccuracy: accuracy, finalTrainAccuracy: accuracy },
    ...changedResults,
  };
  const record = { format: RUN_FORMAT, ...configOf(changes), results };
  for (const [file, bytes] of files) await storage.write(`${folder}/${file}`, bytes);
  await storage.write(`${folder}/run.json`, await encodeRecord(record, files));
}

function mask(live: number) {
  return {
    layer0: { shape: [2, 3], data: Float32Array.from({ length: 6 }, (_, i) => +(i < live)) },
  };
}

/** The folders of each study, and what is said of the rest. */
async function sorted(storage: MemoryStorage, ...roots: string[]) {
  const { studies, damage, notes } = await readExperiments(storage, roots);
  const faults = [...damage, ...notes];
  const folders = studies.map(({ runs }) => runs.map(({ folder }) => folder).sort());
  const [first, ...others] = studies;
  return { folders, faults, apart: others.map((other) => studyDifferences(first, other)), studies };
}

Deno.test("runs of one place with other masks, presets, values or signs are all shown, and why apart", async () => {
  for (const field of ["masks", "presets", "values", "signs"] as const) {
    const storage = new MemoryStorage();
    for (const [level, digest] of ["one", "two"].entries()) {
      const changes = { kind: "reuse_sign", run: 1, [field]: digest } as const;
      await writeRun(storage, `t/trial1/${level}/reuse_sign1`, changes);
    }
    const { folders, faults, apart } = await sorted(storage, "t");
    assertEquals(folders, [["t/trial1/0/reuse_sign1"], ["t/trial1/1/reuse_sign1"]], field);
    assertEquals(faults, []);
    assertEquals(apart, [[
      "t/trial1/1/reuse_sign1 is reuse_sign 1, trial 1, level 0 as t/trial1/0/reuse_sign1 is, " +
      `with other ${field}`,
    ]]);
  }
});

Deno.test("lotteries of other pruning rates, presets or masks are studies of their own", async () => {
  for (
    const [changes, said] of [
      [{ prunePercents: { layer0: 0.2 } }, ["pruning.percents.layer0: 0.5, now 0.2"]],
      [{ presets: "of another" }, ['presets: null, now "given"']],
      [{ masks: "of another" }, ['masks: null, now "given"']],
    ] as const
  ) {
    const storage = new MemoryStorage();
    // Of another seed nothing else would tell them apart.
    for (const level of [0, 1]) {
      await writeRun(storage, `a/trial1/${level}/same_init`, { level });
      await writeRun(storage, `a/trial2/${level}/same_init`, { level, trial: 2 });
      await writeRun(storage, `b/trial1/${level}/same_init`, { level, seed: 1, ...changes });
    }
    const { folders, faults, apart } = await sorted(storage, "a", "b");
    assertEquals(folders.map((group) => group.length), [4, 2]);
    assertEquals(folders[1].every((folder) => folder.startsWith("b/")), true);
    assertEquals(apart, [[...said]]);
    assertEquals(faults, []);
  }
});

Deno.test("controls go with the tickets whose masks they have, wherever they lie", async () => {
  const storage = new MemoryStorage();
  const control = async (live: number) =>
    ({ kind: "reinit", level: 1, run: 1, masks: await networkDigest(mask(live)) }) as const;
  await writeRun(storage, "a/trial1/1/same_init", { level: 1 }, { live: 3 });
  await writeRun(storage, "c/trial1/1/reinit1", await control(3), { live: 3 });
  // With one lottery there is no choice, but one of another size is no control of it.
  await writeRun(storage, "d/trial1/1/reinit1", await control(2), { live: 2 });
  const one = await sorted(storage, "a", "c", "d");
  assertEquals(one.folders, [["a/trial1/1/same_init", "c/trial1/1/reinit1"], [
    "d/trial1/1/reinit1",
  ]]);
  assertEquals(one.apart, [["without tickets of their own"]]);
  const prunePercents = { layer0: 0.2 };
  await writeRun(storage, "b/trial1/1/same_init", { level: 1, prunePercents }, { live: 4 });
  await writeRun(storage, "d/trial1/1/reinit2", { ...await control(4), run: 2 }, { live: 4 });
  const two = await sorted(storage, "b", "a", "c", "d");
  assertEquals(two.folders, [
    ["b/trial1/1/same_init", "d/trial1/1/reinit2"],
    ["a/trial1/1/same_init", "c/trial1/1/reinit1"],
    ["d/trial1/1/reinit1"],
  ]);
});

Deno.test("a copy is named as one; another training of a run is not called a copy", async () => {
  const storage = new MemoryStorage();
  await writeRun(storage, "a/trial1/0/same_init", {});
  await writeRun(storage, "b/trial1/0/same_init", {});
  await writeRun(storage, "c/trial1/0/same_init", {}, { accuracy: 0.6 });
  const { folders, faults } = await sorted(storage, "a", "b", "c", "a");
  assertEquals(folders, [["a/trial1/0/same_init"]]);
  assertEquals(faults.length, 2);
  assertEquals(faults[0], "b/trial1/0/same_init is a copy of a/trial1/0/same_init: left out");
  assertMatch(
    faults[1],
    /^c\/.* is another training of the run in a\/.*, with other bits .*left out$/,
  );
});

Deno.test("missing runs: the first are named, of the others there is the number", async () => {
  const storage = new MemoryStorage();
  const count = 60;
  for (let n = 1; n <= count; n++) {
    const changes = { kind: "reinit", trial: n, level: 1000 + n, run: 7 * n } as const;
    await writeRun(storage, `t/trial${n}/${n}/reinit`, changes);
  }
  const { studies: [{ missing }] } = await sorted(storage, "t");
  assert(missing.length < 30);
  assertEquals(missing[0], "reinit 7, trial 2, level 1001");
  // Trials × levels × numbers, but those that are there and those that are named.
  assertEquals(missing.at(-1), `and ${count ** 3 - count - (missing.length - 1)} more`);
});

Deno.test("a run that contradicts itself or its arrays is named and left out, the report is of the others", async () => {
  const cases: [Parameters<typeof writeRun>[2], Parameters<typeof writeRun>[3], string][] = [
    [
      { layers: [{ ...LAYER, units: 4 }] },
      {},
      "masks/layer0.npy has the shape (2, 3) where t/trial2/0/same_init/run.json has (2, 4)",
    ],
    [
      { layers: [{ ...LAYER, inputs: 3 }] },
      {},
      "run.json: network.layers[0].inputs is 3, not 2",
    ],
    [
      { layers: [LAYER, { ...LAYER, name: "layer1" }] },
      {},
      "run.json: network.layers[1].inputs is 2, not 3 as network.layers[0].units",
    ],
    [
      { layers: [{ ...LAYER, units: 2 }] },
      {},
      "network.layers[0].units is 2, less than the 3",
    ],
    [{}, { results: { live: { layer0: 7 } } }, "results.live.layer0 is 7, of 6 weights"],
    [
      {},
      { results: { live: { other: 6 } } },
      "results.live counts other where the layers are layer0",
    ],
    [{}, { results: { live: {} } }, "results.live counts none where the layers are layer0"],
    [{}, { results: { earlyStopIteration: 2 } }, "earlyStopIteration is 2, of 1 iterations"],
    [{ layers: [{ ...LAYER, units: 2 ** 50 }] }, {}, "run.json has (2, 1125899906842624)"],
    [
      { iterations: 1e300 },
      {},
      "run.json: training.iterations is not what a run's record holds",
    ],
    [
      { batchSize: "5" as unknown as number },
      {},
      "run.json: training.batchSize is not what",
    ],
    [
      {},
      { arrays: { "masks/layer1.npy": mask(6).layer0 } },
      "masks/layer1.npy belongs to no layer of",
    ],
  ];
  for (const [changes, content, said] of cases) {
    const storage = new MemoryStorage();
    await writeRun(storage, "t/trial1/0/same_init", {});
    await writeRun(storage, "t/trial2/0/same_init", { trial: 2, ...changes }, content);
    await writeRun(storage, "t/trial3/0/same_init", { trial: 3 });
    const { folders, faults } = await sorted(storage, "t");
    assertEquals(folders, [["t/trial1/0/same_init", "t/trial3/0/same_init"]], said);
    assertEquals(faults.length, 1, said);
    assertStringIncludes(faults[0], said);
    assertMatch(
      faults[0],
      /^t\/trial2\/0\/same_init\/.*; move the run's folder away .* \(.*left out\)$/,
    );
  }
});

Deno.test("a report is written although a ticket's sealed arrays cannot be; it names them", async () => {
  const storage = new MemoryStorage();
  const file = (part: string) => `${part}/layer0.npy`;
  const bad = [
    [file("final"), { shape: [3, 2], data: new Float32Array(6) }],
    [file("masks"), { shape: [2, 3], data: new Float32Array(6).fill(0.5) }],
    [file("initial"), { shape: [6], data: new Float32Array(6) }],
    [file("final"), { shape: [2, 3], data: new Float32Array(6).fill(NaN) }],
  ] as const;
  await writeRun(storage, "t/trial1/0/same_init", {});
  for (const [i, [path, array]] of bad.entries()) {
    const trial = i + 2;
    const arrays = { [path]: { ...array, shape: [...array.shape] } };
    await writeRun(storage, `t/trial${trial}/0/same_init`, { trial }, { arrays });
  }
  const lost = "t/trial7/0/same_init/initial/layer0.npy";
  await writeRun(storage, "t/trial7/0/same_init", { trial: 7 });
  await storage.remove(lost);
  const logs = [
    ["iteration,1,0.5,0.5\n", 'test.log: line 1 is "iteration,1,0.5,0.5" instead of'],
    [row("validate", 1), "test.log is a log of validate; move"],
    [row("test", 2), "test.log has iteration 2, of 1; move"],
    [row("test", 0) + row("test", 1), null],
  ] as const;
  const run = (i: number) => `t/trial${10 + i}/0/same_init`;
  for (const [i, [text]] of logs.entries()) {
    await writeRun(storage, run(i), { trial: 10 + i }, { texts: { "test.log": text } });
  }
  const output = { output: "out", percents: [100], reloadSeconds: null };
  const { json, page, damage } = await writeReport({ storage, roots: ["t"], ...output });
  const [{ notes }] = json.studies as { notes: string[] }[];
  for (const [i, [path]] of bad.entries()) {
    assert(
      notes.some((note) => note.includes(`t/trial${i + 2}/0/same_init/${path}`)),
      `${path} is not named: ${notes}`,
    );
  }
  assert(damage.some((line) => line.startsWith(`${lost} is missing: `)), `${damage}`);
  for (const [i, [, said]] of logs.entries()) {
    const found = damage.filter((line) => line.startsWith(`${run(i)}/test.log`));
    assertEquals(
      found.map((line) => line.includes(`${run(i)}/${said}`)),
      said ? [true] : [],
      `${found}`,
    );
  }
  assertEquals(damage.filter((line) => !notes.includes(line)), []);
  assert(await storage.exists(page));
  const rows = JSON.parse(new TextDecoder().decode(await storage.read("out/layers.json")));
  assertEquals(rows.map(({ trial }: { trial: string }) => trial), ["1", "10", "11", "12", "13"]);
});
