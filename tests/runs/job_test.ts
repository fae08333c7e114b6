import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CapacityError } from "../../src/errors.ts";
import { RunQueue, type WorkRequest } from "../../src/foundations/run_queue.ts";
import { type Job, runJobs } from "../../src/runs/job.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { openSmallLottery, withLocks } from "../lottery/small_lottery.ts";

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
    ...{
      folders: [],
      runCount: atOnce,
      finishedCount: 0,
      atOnce,
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
