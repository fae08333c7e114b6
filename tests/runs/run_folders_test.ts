import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError, StorageError } from "../../src/errors.ts";
import { type RunConfig, type RunId, ticketId } from "../../src/runs/run_config.ts";
import { ownControlId, RunFolders } from "../../src/runs/run_folders.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { TRAINED } from "./tiny_run.ts";

/** What its network begins with. */
const START = { masks: TRAINED.masks, weights: TRAINED.initial };

const notices: string[] = [];

function configWith(id: RunId, seed: number, masks: string | null = null): RunConfig {
  return {
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
    dataset: { name: "d", trainCount: 1, testCount: 1, features: 1, classes: 1, sha256: "" },
    permuteLabels: false,
    trainOrderSeed: null,
    presets: null,
    masks,
  };
}

function open(storage: MemoryStorage, seed: number, changes: Record<string, unknown> = {}) {
  return new RunFolders({
    storage,
    trialFolder: (trial) => `e/trial${trial}`,
    experimentName: "same_init",
    policy: { overwrite: false, resume: true },
    onNotice: (line) => notices.push(line),
    configOf: (id, masks) => configWith(id, seed, masks),
    ...changes,
  });
}

/** An experiment of seed 1: three levels of trial 1 with a control, one of trial 2. */
async function finished(): Promise<MemoryStorage> {
  const storage = new MemoryStorage(), folders = open(storage, 1);
  const ids = [ticketId(1, 0), ticketId(1, 1), ticketId(1, 2), ownControlId(1, 2), ticketId(2, 0)];
  for (const id of ids) await folders.save(configWith(id, 1), TRAINED);
  return storage;
}

const recordsOf = async (storage: MemoryStorage) => {
  const found: string[] = [];
  for (const run of ["0/same_init", "1/same_init", "2/same_init", "2/reinit1"]) {
    if (await storage.exists(`e/trial1/${run}/run.json`)) found.push(run);
  }
  return found;
};

Deno.test("look: finds the finished runs of each trial", async () => {
  const folders = open(await finished(), 1);
  assertEquals(await folders.look(1), [
    ticketId(1, 0),
    ticketId(1, 1),
    ticketId(1, 2),
    ownControlId(1, 2),
  ]);
  assertEquals(await folders.look(2), [ticketId(2, 0)]);
  assertEquals(await folders.look(3), []);
  assertEquals((await folders.restore(configWith(ticketId(1, 2), 1), START))?.final, TRAINED.final);
  assertEquals(await folders.restore(configWith(ticketId(1, 3), 1), START), null);
});

Deno.test("look refuses another experiment, naming at most four fields", async () => {
  const storage = await finished();
  await assertRejects(
    () => open(storage, 2).look(1),
    InputError,
    "e/trial1/0/same_init holds a run of a different experiment (seed: 1, now 2); choose",
  );
  const configOf = (id: RunId) => ({
    ...configWith(id, 2),
    batchSize: 2,
    iterations: 3,
    validationSize: 4,
    normalization: "unit",
  });
  await assertRejects(() => open(storage, 2, { configOf }).look(1), InputError, "; and 1 more)");
});

Deno.test("overwrite: nothing goes before a run of the trial is saved, then all that is other does", async () => {
  const storage = await finished();
  const folders = open(storage, 2, { policy: { overwrite: true, resume: true } });
  assertEquals(await folders.look(1), []);
  assertEquals(await folders.restore(configWith(ticketId(1, 0), 2), START), null);
  assertEquals(await recordsOf(storage), [
    "0/same_init",
    "1/same_init",
    "2/same_init",
    "2/reinit1",
  ]);
  await folders.save(configWith(ticketId(1, 0), 2), TRAINED);
  assertEquals(await recordsOf(storage), ["0/same_init"]);
  assertEquals(await open(storage, 2).look(1), [ticketId(1, 0)]);
  assertEquals(await open(storage, 1).look(2), [ticketId(2, 0)]);
});

Deno.test("save: a run that others put there meanwhile is moved aside, not replaced", async () => {
  for (const [seed, policy] of [[1, true], [1, false], [3, false]] as const) {
    const storage = new MemoryStorage(), folder = "e/trial1/0/same_init";
    const mine = open(storage, 1, { policy: { overwrite: policy, resume: true } });
    await mine.look(1);
    await open(storage, seed).save(configWith(ticketId(1, 0), seed), TRAINED);
    const theirs = await storage.read(`${folder}/run.json`);
    notices.length = 0;
    await mine.save(configWith(ticketId(1, 0), 1), TRAINED);
    assertEquals(notices, [
      `${folder} was finished by others meanwhile: what they put there is kept in ${folder}.aside1`,
    ]);
    assertEquals(await storage.read(`${folder}.aside1/run.json`), theirs);
    assertEquals(await open(storage, 1).look(1), [ticketId(1, 0)]);
  }
});

Deno.test("removeObsolete leaves the experiment's own runs", async () => {
  const storage = await finished();
  await open(storage, 2).save(configWith(ticketId(1, 0), 2), TRAINED);
  const folders = open(storage, 2, { policy: { overwrite: true, resume: true } });
  assertEquals(await folders.look(1), [ticketId(1, 0)]);
  await folders.removeObsolete(1);
  assertEquals(await recordsOf(storage), ["0/same_init"]);
});

Deno.test("checkWritable: fails where nothing can be written, leaves no file elsewhere", async () => {
  const storage = new MemoryStorage();
  await open(storage, 1).checkWritable(1);
  assertEquals(await storage.list("e/trial1"), []);
  await storage.write("e/trial2", new Uint8Array());
  await assertRejects(() => open(storage, 1).checkWritable(2), StorageError, "name another path");
});

Deno.test("an experiment cannot have the name of a control", () => {
  for (const experimentName of ["reinit1", "reinit12", "other_reinit1"]) {
    assertThrows(
      () => open(new MemoryStorage(), 1, { experimentName }),
      InputError,
      `"${experimentName}" is that of a control's folder`,
    );
  }
  open(new MemoryStorage(), 1, { experimentName: "reinit" });
});

Deno.test("experiments of different names share a folder without touching each other", async () => {
  const storage = await finished();
  const other = open(storage, 2, { experimentName: "other" });
  assertEquals(await other.look(1), []);
  await other.save(configWith(ownControlId(1, 2), 2), TRAINED);
  assertEquals(other.folderOf(ownControlId(1, 2)), "e/trial1/2/other_reinit1");
  assertEquals((await open(storage, 1).look(1)).length, 4);
});

Deno.test("a control is found before its masks are known, and refused if they are others", async () => {
  const storage = await finished(), folders = open(storage, 1), id = ownControlId(3, 2);
  await folders.save(configWith(id, 1, "aaaa"), TRAINED);
  assertEquals(await folders.look(3), [id]);
  assertEquals((await folders.restore(configWith(id, 1, "aaaa"), START))?.final, TRAINED.final);
  await assertRejects(
    () => folders.restore(configWith(id, 1, "bbbb"), START),
    InputError,
    'different experiment (masks: "aaaa", now "bbbb")',
  );
  const overwriting = open(storage, 1, { policy: { overwrite: true, resume: true } });
  assertEquals(await overwriting.restore(configWith(id, 1, "bbbb"), START), null);
});
