/**
 * Faults at every storage operation of a small experiment, one at a time: whatever happens there,
 * no finished run is damaged, and the same command afterwards ends with the files of an undisturbed
 * one.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { LotteryError } from "../../src/errors.ts";
import { verify } from "../../src/runs/verify.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { Crash, FAULTS, FaultyStorage, slowStorage } from "../storage/faulty.ts";
import {
  EXPERIMENT,
  readFiles,
  RememberingQueue,
  runSmallControls,
  runSmallLottery,
  type SmallOptions,
} from "./small_lottery.ts";

const gpu = await openTestGpu();
const queue = new RememberingQueue(gpu, { checkpointInterval: { iterations: 10 } });
globalThis.addEventListener("unload", () => queue.destroy());

/** The experiment, then controls of its tickets. */
async function runAll(storage: Storage, options: SmallOptions = {}): Promise<void> {
  await runSmallLottery(storage, queue, options);
  await runSmallControls(storage, queue, options);
}

async function undisturbed(): Promise<Map<string, string>> {
  const storage = new MemoryStorage();
  await runAll(storage);
  return await readFiles(storage, EXPERIMENT);
}

/** No run that has a record is damaged. */
async function assertNothingDamaged(storage: MemoryStorage, what: string): Promise<void> {
  if (!await storage.exists(`${EXPERIMENT}/trial1/0/same_init`)) return;
  const { runs } = await verify(storage, EXPERIMENT).catch(() => ({ runs: [] }));
  const damaged = runs.filter(({ state }) => state === "damaged");
  assertEquals(damaged, [], what);
}

for (const fault of FAULTS) {
  Deno.test(`${fault} at every storage operation`, async () => {
    const expected = await undisturbed();
    let faults = 0;
    for (let at = 0;; at++) {
      const storage = new MemoryStorage(), faulty = new FaultyStorage(storage, fault, at);
      const error = await runAll(faulty).then(() => null, (error) => error);
      if (!faulty.hasFired) break;
      const what = `${fault} at operation ${at}, ${faulty.log[at]}`;
      faults++;
      if (fault.startsWith("crash")) assert(error instanceof Crash, what);
      else if (error !== null) {
        assert(error instanceof LotteryError, `${what}: ${error}`);
        const oneLine = /^(\d+ runs failed; the first: )?cannot [\w ]+ [^\n]+; [^\n]+$/;
        assertMatch(error.message, oneLine, what);
      }
      await assertNothingDamaged(storage, what);
      const notices: string[] = [];
      await runAll(storage, { onNotice: (line) => notices.push(line) });
      assertEquals(notices, [], what);
      assertEquals(await readFiles(storage, EXPERIMENT), expected, what);
      const { temporary } = faulty;
      assert(
        temporary === null || !await storage.exists(temporary),
        `${what}: ${temporary} is left`,
      );
    }
    console.log(`${fault}: ${faults} operations`);
    assert(faults > 100, `${faults} operations`);
  });
}

Deno.test("a slow disk changes nothing", async () => {
  const storage = new MemoryStorage();
  await runAll(slowStorage(storage, 3));
  assertEquals(await readFiles(storage, EXPERIMENT), await undisturbed());
});
