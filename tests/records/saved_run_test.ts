import { assertEquals, assertRejects } from "@std/assert";
import type { DenseSpec } from "../../src/engine/mod.ts";
import { FormatError, InputError, StorageError } from "../../src/errors.ts";
import { restoreRun, saveRun } from "../../src/records/saved_run.ts";
import { earlyStop, type TrainedRun } from "../../src/records/trained_run.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { parametersOf } from "../../src/models/parameters.ts";
import { readRecord } from "../../src/records/condition.ts";

const LAYERS: DenseSpec[] = [
  { name: "layer0", inputs: 2, units: 3, activation: "relu", useBias: true },
  { name: "layer1", inputs: 3, units: 2, activation: null, useBias: false },
];

/** A run whose final weights are all `value`. */
function trainedRun(value: number): TrainedRun {
  const network = (value: number) => ({
    layer0: { shape: [2, 3], data: new Float32Array(6).fill(value) },
    layer1: { shape: [3, 2], data: new Float32Array(6).fill(value) },
  });
  const biases = (value: number) => ({
    layer0: { shape: [3], data: new Float32Array(3).fill(value) },
  });
  const point = { iteration: 0, loss: 0.5, accuracy: 0.25 };
  return {
    layers: LAYERS,
    initial: network(0.5),
    initialBiases: biases(0),
    final: network(value),
    finalBiases: biases(value),
    masks: network(1),
    iterations: 2,
    kernels: "dense",
    forwardParts: 1,
    adapters: [],
    curves: {
      train: [point, { iteration: 1, loss: 0.25, accuracy: 0.5 }],
      validate: [point, { iteration: 2, loss: 0.125, accuracy: 1 }],
      test: [point],
    },
  };
}

/** Keeps a list of what is done to it, and fails at the given action, counted from 0. */
class WatchedStorage extends MemoryStorage {
  readonly actions: string[] = [];
  failAt = Infinity;

  override write(path: string, bytes: Uint8Array): Promise<void> {
    return this.#note(`write ${path}`) ?? super.write(path, bytes);
  }

  override remove(path: string): Promise<void> {
    return this.#note(`remove ${path}`) ?? super.remove(path);
  }

  #note(action: string): Promise<never> | undefined {
    this.actions.push(action);
    if (this.actions.length <= this.failAt) return;
    return Promise.reject(new StorageError(`cannot ${action}: the disk is full`));
  }
}

Deno.test("saveRun: the old record goes first and the new one comes last", async () => {
  const storage = new WatchedStorage();
  await saveRun(storage, "r", trainedRun(2), { config: 1 });
  const { actions } = storage;
  assertEquals(actions.slice(0, 2), ["write r/.unfinished", "remove r/run.json"]);
  assertEquals(actions.slice(-3), [
    "write r/run.json",
    "remove r/checkpoint.bin",
    "remove r/.unfinished",
  ]);
  assertEquals(actions.filter((action) => /run\.json/.test(action)).length, 2);
  assertEquals((await readRecord(storage, "r"))!.config, 1);
});

Deno.test("saveRun: a failure at any point leaves no record, of this attempt or of the one before", async () => {
  const whole = new WatchedStorage();
  await saveRun(whole, "r", trainedRun(2), {});
  const record = whole.actions.indexOf("write r/run.json");
  for (let failAt = 2; failAt <= record; failAt++) {
    const storage = new WatchedStorage();
    await saveRun(storage, "r", trainedRun(1), { attempt: 1 });
    storage.actions.length = 0;
    storage.failAt = failAt;
    await assertRejects(() => saveRun(storage, "r", trainedRun(2), {}), StorageError, "full");
    assertEquals(await readRecord(storage, "r"), null);
  }
});

Deno.test("saveRun: nothing is left of an interrupted attempt with other layers", async () => {
  const storage = new MemoryStorage(), run = trainedRun(1), layer2 = run.masks.layer1;
  for (const part of ["initial", "final", "masks"] as const) run[part].layer2 = layer2;
  await saveRun(storage, "r", run, {});
  await assertRejects(
    () => restoreRun(storage, "r", parametersOf(LAYERS)),
    FormatError,
    "layer2.npy belongs to no layer",
  );
  await saveRun(storage, "r", trainedRun(2), {});
  assertEquals(Object.keys((await restoreRun(storage, "r", parametersOf(LAYERS))).masks), [
    "layer0",
    "layer1",
  ]);
});

Deno.test("saveRun: weights that are not finite are not saved", async () => {
  const storage = new MemoryStorage();
  await assertRejects(
    () => saveRun(storage, "r", trainedRun(NaN), {}),
    InputError,
    "NaN at [0, 0]",
  );
  assertEquals(await readRecord(storage, "r"), null);
});

Deno.test("restoreRun gives back what saveRun was given", async () => {
  const storage = new MemoryStorage(), run = trainedRun(2);
  await saveRun(storage, "r", run, {});
  const { initial, initialBiases, final, finalBiases, masks, curves } = run;
  assertEquals(await restoreRun(storage, "r", parametersOf(LAYERS)), {
    initial,
    initialBiases,
    final,
    finalBiases,
    masks,
    curves,
  });
  const metrics = JSON.parse(new TextDecoder().decode(await storage.read("r/metrics.json")));
  assertEquals(metrics, { earlyStopIteration: 2, ...curves });
});

Deno.test("restoreRun refuses a run with an array gone, or one of another shape", async () => {
  for (const part of ["initial", "final", "masks"]) {
    const storage = new MemoryStorage();
    await saveRun(storage, "r", trainedRun(2), {});
    await storage.remove(`r/${part}/layer1.npy`);
    await assertRejects(
      () => restoreRun(storage, "r", parametersOf(LAYERS)),
      FormatError,
      `r/${part} lacks layer1.npy`,
    );
    await storage.write(`r/${part}/layer1.npy`, await storage.read(`r/initial_biases/layer0.npy`));
    await assertRejects(
      () => restoreRun(storage, "r", parametersOf(LAYERS)),
      InputError,
      `r/${part}/layer1.npy has the shape (3,)`,
    );
  }
});

Deno.test("restoreRun refuses a curve with a number that is too large", async () => {
  const storage = new MemoryStorage();
  await saveRun(storage, "r", trainedRun(2), {});
  const text = new TextDecoder().decode(await storage.read("r/metrics.json"));
  // JSON.parse makes Infinity of it.
  const changed = text.replace('"loss":0.5', '"loss":1e999');
  await storage.write("r/metrics.json", new TextEncoder().encode(changed));
  await assertRejects(
    () => restoreRun(storage, "r", parametersOf(LAYERS)),
    FormatError,
    "r/metrics.json: point 0 is not valid; move the folder away",
  );
});

Deno.test("the early stop is at the smallest loss that is a number", () => {
  const point = (iteration: number, loss: number) => ({ iteration, loss, accuracy: 0 });
  const stopOf = (...losses: number[]) =>
    earlyStop({ train: [], validate: losses.map((loss, i) => point(i, loss)), test: [] });
  assertEquals(stopOf(NaN, 3, 1, 2)?.iteration, 2);
  assertEquals(stopOf(2, 1, 1, NaN)?.iteration, 1);
  assertEquals([stopOf(NaN), stopOf()], [null, null]);
});
