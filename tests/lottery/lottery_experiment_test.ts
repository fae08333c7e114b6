/** A lottery experiment in the place of another one. */

import { assertEquals } from "@std/assert";
import type { Storage } from "../../src/storage/storage.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { EXPERIMENT, RememberingQueue, runSmallLottery } from "./small_lottery.ts";

const RUNS = ["0/same_init", "1/same_init", "2/same_init", "2/reinit1", "1/reinit1"];

async function recordsOf(storage: Storage, trial: number): Promise<string[]> {
  const found: string[] = [];
  for (const run of RUNS) {
    if (await storage.exists(`${EXPERIMENT}/trial${trial}/${run}/run.json`)) found.push(run);
  }
  return found;
}

Deno.test("overwrite: nothing goes before a run of the trial is saved, then all that is other does", async () => {
  const gpu = await openTestGpu(), queue = new RememberingQueue(gpu);
  const storage = new MemoryStorage();
  try {
    await runSmallLottery(storage, queue, { levels: 2, trials: [1, 2] });
    const whole = ["0/same_init", "1/same_init", "2/same_init", "2/reinit1"];
    const atStart: Promise<string[]>[] = [], atEnd: Promise<string[]>[] = [];
    await runSmallLottery(storage, queue, {
      ...{ seed: 1, levels: 1, policy: { overwrite: true, resume: true } },
      onStart: () => void atStart.push(recordsOf(storage, 1)),
      onRun: () => void atEnd.push(recordsOf(storage, 1)),
    });
    assertEquals((await Promise.all(atStart))[0], whole);
    assertEquals(await Promise.all(atEnd), [
      ["0/same_init"],
      ["0/same_init", "1/same_init"],
      ["0/same_init", "1/same_init", "1/reinit1"],
    ]);
    // The other trial was none of its business.
    assertEquals(await recordsOf(storage, 2), whole);
    // Runs of another experiment are removed too where nothing is to be trained.
    await runSmallLottery(storage, queue, { levels: 1, trials: [3] });
    const other = `${EXPERIMENT}/trial3/2/same_init`;
    for (const part of ["run.json", "metrics.json"]) {
      const from = `${EXPERIMENT}/trial1/1/same_init/${part}`;
      await storage.write(`${other}/${part}`, await storage.read(from));
    }
    const policy = { overwrite: true, resume: true };
    await runSmallLottery(storage, queue, { levels: 1, trials: [3], policy });
    assertEquals(await recordsOf(storage, 3), ["0/same_init", "1/same_init", "1/reinit1"]);
  } finally {
    await queue.destroy();
    gpu.destroy();
  }
});
