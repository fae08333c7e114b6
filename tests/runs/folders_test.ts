import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFlat } from "./flat_config.ts";
import { InputError, StorageError } from "../../src/errors.ts";
import { checkExperimentName, readTrial, runFolder } from "../../src/runs/folders.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { TRAINED } from "./tiny_run.ts";
import { ownControlId, type RunId, ticketId } from "../../src/records/run_id.ts";
import { checkWritable, inspectConfigured, saveConfigured } from "../../src/runs/folder_state.ts";
import type { RunConfig } from "../../src/runs/schema.ts";

const notices: string[] = [];

function configWith(id: RunId, seed: number, masks: string | null = null): RunConfig {
  return fromFlat({
    ...id,
    seed,
    layers: TRAINED.layers,
    optimizer: { kind: "sgd", learningRate: 0.1 },
    batchSize: 1,
    iterations: 0,
    validationSize: 0,
    validateInterval: 1,
    testInterval: 1,
    normalization: "none",
    prunePercents: {},
    dataset: { name: "custom", trainCount: 1, testCount: 1, features: 1, classes: 1, sha256: "" },
    permuteLabels: false,
    trainOrderSeed: null,
    presets: null,
    masks,
  });
}

const PLACE = { trialFolder: (trial: number) => `e/trial${trial}`, experimentName: "same_init" };
const POLICY = { overwrite: false, resume: true };

const read = (
  storage: MemoryStorage,
  seed: number,
  trial: number,
  policy = POLICY,
  configOf = (id: RunId, masks: string | null) => configWith(id, seed, masks),
) => readTrial({ ...PLACE, storage }, trial, configOf, policy);

const finishedIds = async (...given: Parameters<typeof read>) =>
  (await read(...given)).finished.map(({ id }) => id);

async function save(storage: MemoryStorage, id: RunId, seed: number, policy = POLICY) {
  const onNotice = (line: string) => notices.push(line);
  const folder = runFolder(PLACE, id);
  await saveConfigured(storage, folder, configWith(id, seed), TRAINED, policy, onNotice);
}

/** An experiment of seed 1: three levels of trial 1 with a control, one of trial 2. */
async function finished(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const ids = [ticketId(1, 0), ticketId(1, 1), ticketId(1, 2), ownControlId(1, 2), ticketId(2, 0)];
  for (const id of ids) await save(storage, id, 1);
  return storage;
}

Deno.test("readTrial: finds the finished runs of each trial", async () => {
  const storage = await finished();
  assertEquals(await finishedIds(storage, 1, 1), [
    ticketId(1, 0),
    ticketId(1, 1),
    ticketId(1, 2),
    ownControlId(1, 2),
  ]);
  assertEquals(await finishedIds(storage, 1, 2), [ticketId(2, 0)]);
  assertEquals(await finishedIds(storage, 1, 3), []);
});

Deno.test("readTrial refuses another experiment, naming at most four fields", async () => {
  const storage = await finished();
  await assertRejects(
    () => read(storage, 2, 1),
    InputError,
    "e/trial1/0/same_init holds a run of a different experiment (training.seed: 1, now 2); choose",
  );
  const configOf = (id: RunId): RunConfig => {
    const { training, dataset, ...config } = configWith(id, 2);
    return {
      ...config,
      training: { ...training, batchSize: 2, iterations: 3 },
      dataset: { ...dataset, validationSize: 4, normalization: "unit" },
    };
  };
  await assertRejects(() => read(storage, 2, 1, POLICY, configOf), InputError, "; and 1 more)");
});

Deno.test("readTrial: what may be replaced is named, and is of other experiments alone", async () => {
  const storage = await finished(), policy = { overwrite: true, resume: true };
  await save(storage, ticketId(1, 0), 2, policy);
  const { finished: own, obsolete } = await read(storage, 2, 1, policy);
  assertEquals(own.map(({ id }) => id), [ticketId(1, 0)]);
  // With a ticket go the scores of its weights, if any were kept.
  assertEquals(obsolete, [
    ...["e/trial1/1/same_init", "e/trial1/1/scores"],
    ...["e/trial1/2/same_init", "e/trial1/2/scores", "e/trial1/2/reinit1"],
  ]);
});

Deno.test("saving: a run that others put there meanwhile is moved aside, not replaced", async () => {
  for (const [seed, overwrite] of [[1, true], [1, false], [3, false]] as const) {
    const storage = new MemoryStorage(), folder = "e/trial1/0/same_init";
    await save(storage, ticketId(1, 0), seed);
    const theirs = await storage.read(`${folder}/run.json`);
    notices.length = 0;
    await save(storage, ticketId(1, 0), 1, { overwrite, resume: true });
    assertEquals(notices, [
      `${folder} was finished by another process meanwhile: its files are kept in ${folder}.aside1`,
    ]);
    assertEquals(await storage.read(`${folder}.aside1/run.json`), theirs);
    assertEquals(await finishedIds(storage, 1, 1), [ticketId(1, 0)]);
  }
});

Deno.test("checkWritable: fails where nothing can be written, leaves no file elsewhere", async () => {
  const storage = new MemoryStorage();
  await checkWritable(storage, "e/trial1");
  assertEquals(await storage.list("e/trial1"), []);
  await storage.write("e/trial2", new Uint8Array());
  await assertRejects(() => checkWritable(storage, "e/trial2"), StorageError, "name another path");
});

Deno.test("an experiment cannot have the name of a control", () => {
  for (const name of ["reinit1", "reinit12", "other_reinit1"]) {
    assertThrows(() => checkExperimentName(name), InputError, `"${name}" is that of a control's`);
  }
  checkExperimentName("reinit");
});

Deno.test("experiments of different names share a folder without touching each other", async () => {
  const storage = await finished(), place = { ...PLACE, experimentName: "other" };
  const configOf = (id: RunId) => configWith(id, 2);
  const other = await readTrial({ ...place, storage }, 1, configOf, POLICY);
  assertEquals(other, { finished: [], obsolete: [] });
  assertEquals(runFolder(place, ownControlId(1, 2)), "e/trial1/2/other_reinit1");
});

Deno.test("a control is found before its masks are known, and refused if they are others", async () => {
  const storage = await finished(), id = ownControlId(3, 2), folder = runFolder(PLACE, id);
  const config = configWith(id, 1, "aaaa"), other = configWith(id, 1, "bbbb");
  await saveConfigured(storage, folder, config, TRAINED, POLICY, () => {});
  assertEquals(await finishedIds(storage, 1, 3), [id]);
  const stateOf = async (config: RunConfig, policy = POLICY) =>
    (await inspectConfigured(storage, folder, config, policy)).state;
  assertEquals(await stateOf(config), "finished");
  await assertRejects(
    () => stateOf(other),
    InputError,
    'different experiment (start.masks: "aaaa", now "bbbb")',
  );
  assertEquals(await stateOf(other, { overwrite: true, resume: true }), "unfinished");
});
