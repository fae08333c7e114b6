import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Gpu, Program } from "../../src/engine/mod.ts";
import { Laboratory } from "../../src/commands/laboratory.ts";
import type { Activity, ProgressState } from "../../src/commands/progress.ts";
import { TUNED_FILE } from "../../src/foundations/tuning/kept_tuning.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { DATA, EXPERIMENT, openSmallLottery, readFiles } from "../lottery/small_lottery.ts";

/** The iterations and evaluations that `work` submits to the GPU. */
async function submitted(work: () => Promise<void>) {
  const { run } = Program.prototype;
  let iterations = 0, evaluations = 0;
  Program.prototype.run = function (steps) {
    for (const step of steps) {
      if ("evaluate" in step) evaluations++;
      else iterations += step.iterate;
    }
    return run.call(this, steps);
  };
  try {
    await work();
  } finally {
    Program.prototype.run = run;
  }
  return { iterations, evaluations };
}

Deno.test("a laboratory tells what it does, and trains no more than was asked for", async () => {
  const activities: Activity[] = [], states: ProgressState[] = [];
  const storage = new MemoryStorage();
  const laboratory = await Laboratory.open({
    storage,
    openGpu: openTestGpu,
    holder: { pid: 1, host: "here", since: "2026-01-01T00:00:00.000Z", command: "test" },
    ...{ replicas: "auto", kernels: "auto", checkpointInterval: { seconds: 60 } },
    signal: new AbortController().signal,
    environmentLocation: null,
    loadData: () => Promise.resolve(DATA),
    events: {
      ...{ onNotice() {}, onRun() {}, onStage() {} },
      onProgress: (state) => states.push(state),
      onActivity: (activity) => activities.push(activity),
    },
  });
  const { context } = laboratory;
  try {
    await context.loadData("auto", null);
    const job = await openSmallLottery(storage, context.queue, context.locks, { trials: [1, 2] });
    const work = await submitted(async () => assertEquals(await laboratory.run([job]), [[]]));
    // Two levels and the control, evaluated at 0, 10 and 20; of two trials, as replicas.
    assertEquals(work, { iterations: 3 * 20, evaluations: 3 * 3 * 2 });
  } finally {
    await laboratory.close();
  }
  assertEquals(activities.slice(0, 6), [
    ...["opening the GPU", "reading the examples", "looking at finished runs"] as const,
    ...["uploading the examples", "uploading the examples", "compiling"] as const,
  ]);
  assert(activities.includes("evaluating") && activities.includes("training"));
  const [first] = states, last = states.at(-1)!;
  // An iteration passes 8 examples three times; the splits to evaluate have 10 and 20.
  const total = 6 * (20 + 3 * (10 + 20) / 8 / 3);
  assertEquals([first.done, first.worked, first.loss, last.trained], [0, 0, null, 6 * 20]);
  for (const value of [last.total, last.done, last.worked]) assertAlmostEquals(value, total, 1e-9);
});

Deno.test("a laboratory measures an unknown adapter; the same files again, and as without", async () => {
  const experiment = async (storage: MemoryStorage, tuning: "measure" | "off", work: number) => {
    const told: string[] = [], { device, adapter } = await openTestGpu();
    const laboratory = await Laboratory.open({
      storage,
      openGpu: () =>
        Promise.resolve(new Gpu(device, { ...adapter, name: "GPU", isSoftware: false })),
      holder: { pid: 1, host: "here", since: "2026-01-01T00:00:00.000Z", command: "test" },
      ...{ replicas: "auto", kernels: "dense", tuning, checkpointInterval: { seconds: 60 } },
      signal: new AbortController().signal,
      environmentLocation: null,
      loadData: () => Promise.resolve(DATA),
      events: {
        ...{ onRun() {}, onStage() {}, onProgress() {} },
        onNotice: (line) => told.push(line),
        onActivity: (activity) => told.push(activity),
      },
    });
    try {
      const { queue, locks } = laboratory.context;
      const job = await openSmallLottery(storage, queue, locks, { trials: [1, 2] });
      assertEquals(await laboratory.run([{ ...job, work }]), [[]]);
    } finally {
      await laboratory.close();
    }
    return told;
  };
  const measures = (told: string[]) => told.includes("measuring what is fast here");
  const first = new MemoryStorage(), again = new MemoryStorage(), guessed = new MemoryStorage();
  const told = await experiment(first, "measure", 1e9);
  assert(measures(told) && told.some((line) => /^measured what is fast on "GPU"/.test(line)));
  assert(told.indexOf("measuring what is fast here") < told.indexOf("training"));
  await again.write(TUNED_FILE, await first.read(TUNED_FILE));
  await experiment(again, "measure", 1e9);
  const files = await readFiles(first, EXPERIMENT);
  assertEquals(await readFiles(again, EXPERIMENT), files);
  assert(!measures(await experiment(guessed, "off", 1e9)));
  assertEquals(await readFiles(guessed, EXPERIMENT), files);
  assert(!measures(await experiment(new MemoryStorage(), "measure", 100)));
});
