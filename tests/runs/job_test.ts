import { parsedFlat } from "./flat_config.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { adamSpec } from "../../src/engine/mod.ts";
import { CapacityError, LockedError, LotteryError } from "../../src/errors.ts";
import { fcLayers } from "../../src/models/layers.ts";
import type { RunRecord } from "../../src/records/record.ts";
import { RunQueue } from "../../src/foundations/queue/run_queue.ts";
import { firstError, type Job, runJobs } from "../../src/runs/job.ts";
import type { LoadedDataset } from "../../src/datasets/load_dataset.ts";
import { openReplays } from "../../src/runs/replay.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { DATA, openSmallLottery, withLocks } from "../lottery/small_lottery.ts";
import type { WorkRequest } from "../../src/foundations/queue/train_request.ts";

Deno.test("several errors are one of a lock only if all are: then it is worth waiting", () => {
  const locked = [new LockedError("a"), new LockedError("b")];
  assertEquals(firstError(locked), locked[0]);
  const mixed = firstError([...locked, new LotteryError("c")]);
  assert(mixed instanceof LotteryError && !(mixed instanceof LockedError));
  assertEquals(mixed.message, "3 runs failed; the first: a");
});

Deno.test("jobs that fit alone but not together fail before a run of them begins; others are done", async () => {
  const gpu = await openTestGpu();
  const queue = new RunQueue(gpu, { replicas: 100_000 });
  const storage = new MemoryStorage();
  let sample: WorkRequest | null = null;
  await withLocks(storage, async (locks) => {
    sample = (await openSmallLottery(storage, queue, locks)).sample;
  });
  const alone = await assertRejects(() => queue.checkFits(sample!, 100_000), CapacityError);
  const fits = Number(/use --replicas (\d+) or auto$/.exec(alone.message)![1]);
  const begun: string[] = [];
  const jobOf = (name: string, atOnce: number, change: Partial<WorkRequest> = {}): Job => ({
    runs: [],
    ...{
      folders: [],
      runCount: atOnce,
      finishedCount: 0,
      atOnce,
      work: 0,
      sample: { ...sample!, ...change },
    },
    tasks: () => [() => Promise.resolve(void begun.push(name))],
  });
  const half = Math.ceil((fits + 1) / 2);
  const errors = await runJobs(queue, [
    jobOf("a", half),
    jobOf("another shape", half, { batchSize: 4 }),
    jobOf("b", half),
  ]);
  assertEquals(begun, ["another shape"]);
  assertEquals(errors.map(({ length }) => length), [1, 0, 1]);
  for (const [error] of [errors[0], errors[2]]) {
    assert(error instanceof CapacityError);
    assertMatch(error.message, new RegExp(`use --replicas ${fits} or auto$`));
  }
  await queue.destroy();
  gpu.destroy();
});

Deno.test("a one-shot experiment trains its levels at once: more than fit are refused", async () => {
  const gpu = await openTestGpu();
  const queue = new RunQueue(gpu, { replicas: 100_000 });
  await withLocks(new MemoryStorage(), async (locks) => {
    const open = (trials: number[], levels: number) =>
      openSmallLottery(new MemoryStorage(), queue, locks, { trials, levels, oneShot: true });
    await open([1, 2], 3);
    await assertRejects(() => open([1, 2], 50_000), CapacityError, "replicas: 100000 networks");
  });
  await queue.destroy();
  gpu.destroy();
});

Deno.test("replays of different networks: of each, no more are trained at once than there are", async () => {
  const gpu = await openTestGpu();
  const queue = new RunQueue(gpu, { replicas: 30 });
  const { classes, train: { features } } = DATA.sets;
  const { shape: _, ...record } = DATA.record;
  const settings = {
    ...{ seed: 0, optimizer: adamSpec(0.01), batchSize: 8, iterations: 1, validationSize: 10 },
    ...{ validateInterval: 1, testInterval: 1, normalization: "unit" as const },
    ...{ permuteLabels: false, trainOrderSeed: null, presets: null, masks: null },
  };
  const source = (trial: number, hidden: [number, "relu"][]) => ({
    folder: `trial${trial}`,
    record: {} as RunRecord,
    forwardParts: 1,
    config: parsedFlat({
      ...{ kind: "train" as const, trial, level: 0, run: 0, dataset: { ...record, features } },
      ...settings,
      layers: fcLayers([...hidden, [classes, null]], features),
    }),
  });
  const small = Array.from({ length: 29 }, (_, i) => source(i + 2, [[5, "relu"]]));
  const wide = (trial: number) => source(trial, [[4500, "relu"], [4500, "relu"]]);
  const open = (sources: ReturnType<typeof source>[]) =>
    openReplays({ storage: new MemoryStorage(), queue, data: DATA as LoadedDataset, sources });
  assertEquals((await open([wide(1), ...small])).atOnce, 1);
  await assertRejects(() => open([wide(1), ...small, wide(40)]), CapacityError, "replicas: 2 ");
  await queue.destroy();
  gpu.destroy();
});
